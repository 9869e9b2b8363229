"""Linear layers that train fast on a CPU, in full float32.

PyTorch's float32 products on a CPU are MKL's, which leaves half of some processors idle (AMD's with
AVX-512 run them at half the rate that oneDNN reaches; `python -m benchmarks products` measures it).
oneDNN comes with PyTorch, and `linear` below asks it directly where that pays.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 2**21  # terms of a product below which the way to oneDNN costs more than it saves
ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


class _OneDNN(torch.autograd.Function):
    """x Wᵀ + b by oneDNN; its gradients are products of the same kind, so they differentiate too."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            linear(slope, weight.t()) if of_x else None,
            linear(slope.t(), x.t()) if of_weight else None,
            slope.sum(0) if of_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b for x (n, in), W (out, in), b (out,): the value, and the gradients to any order, of
    `torch.nn.functional.linear`, to float32's rounding.
    """
    large = x.dim() == 2 and x.shape[0] * weight.numel() >= SMALLEST
    plain = x.dtype == weight.dtype == torch.float32 and x.device.type == "cpu"
    if ONEDNN and large and plain and not torch.is_autocast_enabled("cpu"):
        return _OneDNN.apply(x, weight, bias)
    return functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear`, computed by `linear`: same parameters, same initialisation."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)

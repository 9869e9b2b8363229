"""Linear layers that train fast on a CPU, in full float32.

PyTorch's float32 products on a CPU are MKL's, which leave half of some processors idle. oneDNN comes
with PyTorch, and `linear` below asks it directly where that pays: see `onednn_pays`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 2**21  # terms of a product below which the way to oneDNN costs more than it saves
AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def switch(name: str) -> bool | None:
    """The environment variable `name` as a switch: 1 or 0, or None where it is unset or empty."""
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ValueError(f"{name} must be 0 or 1 (or unset), got {value!r}")
    return value == "1" if value else None


def onednn_pays(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this machine's large products go to oneDNN: on AMD's processors with AVX-512, unless
    `GAN_TUTORIAL_ONEDNN` says 1 or 0.

    Its layers, forward and backward, run at 1.5 to 2 times the rate of torch's there, at 0.75 to 0.9
    of it on AMD's with AVX2 alone and at half of it on Intel's (`GAN_TUTORIAL_ONEDNN=1 python -m
    benchmarks products`). A rule and not a timing, which may fall out differently in the process
    that resumes a run: it must go on with the same bits.
    """
    forced = switch("GAN_TUTORIAL_ONEDNN")
    if forced is not None:
        return forced
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX512") or not cpuinfo.is_file():
        return False
    return "AuthenticAMD" in cpuinfo.read_text(errors="replace")


ONEDNN = AVAILABLE and onednn_pays()


class _OfInput(torch.autograd.Function):
    """The product x Wᵀ + b, as a function of x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, untracked: tuple[Tensor, Tensor | None]) -> Tensor:
        weight, bias = untracked
        ctx.save_for_backward(weight)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        return linear(slope, weight.t()), None


class _OfParameters(torch.autograd.Function):
    """Zeros that stand for what the product changes by when W and b do."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, untracked: tuple[Tensor]) -> Tensor:
        (x,) = untracked
        ctx.save_for_backward(x)
        return x.new_zeros(()).expand(len(x), len(weight))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (x,) = ctx.saved_tensors
        of_weight, of_bias, _ = ctx.needs_input_grad
        gradient = linear(slope.t(), x.t()) if of_weight else None
        return gradient, slope.sum(0) if of_bias else None, None


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x Wᵀ + b by oneDNN, as two nodes of the graph, of which autograd runs those it needs: G's
    step wants D's gradient in x but not in W, and a single node could not tell. (`untracked` hides a
    tensor from autograd's bookkeeping, not from the gradients of gradients.)
    """
    y = _OfInput.apply(x, (weight, bias))
    parameters = [p for p in (weight, bias) if p is not None]
    if torch.is_grad_enabled() and any(p.requires_grad for p in parameters):
        y = y + _OfParameters.apply(weight, bias, (x,))
    return y


def _autocasting() -> bool:
    try:
        return torch.is_autocast_enabled("cpu")
    except TypeError:  # before PyTorch 2.4
        return torch.is_autocast_cpu_enabled()


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b for x (n, in), W (out, in), b (out,): the value, and the gradients to any order, of
    `torch.nn.functional.linear`, to float32's rounding.
    """
    large = x.dim() == 2 and x.shape[0] * weight.numel() >= SMALLEST
    plain = x.dtype == weight.dtype == torch.float32 and x.device.type == "cpu"
    if ONEDNN and large and plain and not _autocasting():
        return _onednn(x, weight, bias)
    return functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear`, computed by `linear`: same parameters, same initialisation."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)

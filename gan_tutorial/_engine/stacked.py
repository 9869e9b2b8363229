r"""Many copies of one network, evaluated together.

A layer of run r maps :math:`h_r` (n, in) to :math:`h_r W_r^\top + b_r`. Here the weights of all
runs are one tensor (runs, out, in), so that one batched product serves them all, and all parameters
of a run are one row of a matrix, so that one elementwise update serves them all as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

DROPOUT = (nn.modules.dropout._DropoutNd, nn.RReLU)  # random in training


class Stack:
    """Copies of `network` with the parameters in `weights` (runs, p), a row for each run."""

    def __init__(self, network: nn.Module, weights: Tensor) -> None:
        self.network, self.weights = network, weights
        self.layers = list(_chain(network))
        self.shapes = [p.shape if p.ndim == 2 else (1, *p.shape) for p in network.parameters()]

    @classmethod
    def of(cls, networks: Sequence[nn.Module], device: torch.device | str = "cpu") -> Stack:
        """Stack networks of the same form, with the parameters they have now."""
        rows = [parameters_to_vector(network.parameters()).detach() for network in networks]
        return cls(networks[0], torch.stack(rows).to(device))

    @classmethod
    def joined(cls, stacks: Sequence[Stack], order: Tensor) -> Stack:
        """The runs of several stacks one after the other, taken in `order`; weights are copied."""
        weights = torch.cat([stack.weights for stack in stacks])
        return cls(stacks[0].network, weights[order.to(weights.device)])

    def parameters(self, *, differentiable: bool = False) -> list[Tensor]:
        """Views (runs, out, in), (runs, 1, out) of `weights`, layer by layer."""
        columns = self.weights.split([prod(shape) for shape in self.shapes], dim=1)
        views = [c.unflatten(1, s) for c, s in zip(columns, self.shapes, strict=True)]
        return [view.requires_grad_(differentiable) for view in views]

    def __call__(self, x: Tensor, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """Map x (runs, n, d) through each run's own network, to (runs, n, out)."""
        left = iter(self.parameters() if parameters is None else parameters)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                weight = next(left)
                bias = next(left) if layer.bias is not None else x.new_zeros(())
                x = _linear(x, weight, bias)
            else:
                x = _Tanh.apply(x) if isinstance(layer, nn.Tanh) else layer(x)
        return x


def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x Wᵀ + b for each run; a batched product is slow where one of its sides has length 1."""
    if weight.shape[2] == 1:
        return torch.addcmul(bias, x, weight.mT)
    if weight.shape[1] == 1:
        return (x * weight).sum(-1, keepdim=True) + bias
    return torch.baddbmm(bias, x, weight.mT)


class _Tanh(torch.autograd.Function):
    """tanh x = 2 σ(2x) - 1: on a CPU, PyTorch's σ is several times as fast as its tanh."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.tanh(x) if x.is_cuda else (2 * x).sigmoid_().mul_(2).sub_(1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return torch.ops.aten.tanh_backward(slope, y)


def _chain(network: nn.Module) -> Iterator[nn.Module]:
    """The layers in order, or an error where they are not a chain of linear and pointwise maps."""
    if isinstance(network, nn.Sequential):
        for child in network:
            yield from _chain(child)
        return
    pointwise = not any(True for _ in (*network.parameters(), *network.children()))
    if not isinstance(network, nn.Linear) and (not pointwise or isinstance(network, DROPOUT)):
        raise ValueError(
            f"cannot stack {type(network).__name__}: networks must be nn.Sequential of nn.Linear "
            "and activations, with no dropout, no normalisation and no conditioning"
        )
    yield network

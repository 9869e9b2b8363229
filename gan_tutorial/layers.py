"""What the networks are built from: plain stacks, maxout, conditioning on a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_tutorial.products import Linear


class Affine(nn.Module):
    """x ↦ scale·x + shift with fixed numbers: moves pixels between [0, 1] and [-1, 1]."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Maxout(nn.Module):
    """The largest of `pieces` affine maps for each of `width` units (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, width: int, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = Linear(inputs, width * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(-1, (-1, self.pieces)).amax(-1)


class Conditional(nn.Module):
    """Gives `network`, which takes rows of x and a code of the label side by side, the form
    network(x, y).

    The code is one-hot (`embedding=0`) or a learned vector of `embedding` numbers. Wrap G and D
    alike.
    """

    def __init__(self, network: nn.Module, classes: int, embedding: int = 0) -> None:
        super().__init__()
        table = nn.Embedding(classes, embedding or classes)
        if not embedding:
            table.weight = nn.Parameter(torch.eye(classes), requires_grad=False)
        self.network, self.table = network, table

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.network(torch.cat([x, self.table(y)], dim=-1))


class TwoBranch(nn.Module):
    """x and the one-hot y each pass a layer of their own and are joined (Mirza & Osindero 2014)."""

    def __init__(self, of_x: nn.Module, of_y: nn.Module, joined: nn.Module, classes: int) -> None:
        super().__init__()
        self.of_x, self.of_y, self.joined, self.classes = of_x, of_y, joined, classes

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        code = nn.functional.one_hot(y, self.classes).to(x.dtype)
        return self.joined(torch.cat([self.of_x(x), self.of_y(code)], dim=-1))


def mlp(
    widths: Sequence[int],
    *,
    hidden: Callable[[], nn.Module] = lambda: nn.LeakyReLU(0.2),
    norm: bool = False,
    output: Callable[[], nn.Module] | None = None,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Linear layers of the given widths, input and output included: `mlp([100, 256, 784])`.

    `norm` puts batch normalisation after every hidden layer but the first, with PyTorch's own eps =
    1e-5 and momentum = 0.1 (written out by name: `BatchNorm1d(n, 0.8)` would set eps).
    """
    if len(widths) < 2 or any(width < 1 for width in widths):
        raise ValueError(f"mlp: widths must be two or more positive integers, got {list(widths)}")
    layers: list[nn.Module] = []
    for i, (inputs, width) in enumerate(pairwise(widths[:-1])):
        layers.append(Linear(inputs, width))
        if norm and i > 0:
            layers.append(nn.BatchNorm1d(width, eps=1e-5, momentum=0.1))
        layers.append(hidden())
        if dropout:
            layers.append(nn.Dropout(dropout))
    layers.append(Linear(widths[-2], widths[-1]))
    return nn.Sequential(*layers, *([output()] if output else []))


@torch.no_grad()
def uniform_weights_(network: nn.Module, limit: float) -> nn.Module:
    """Weights of every linear layer uniform on [-limit, limit], biases 0, in place."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.uniform_(-limit, limit)
            layer.bias.zero_()
    return network

"""The networks of the book: generators, discriminators, and the noise that drives them.

Samples are flat rows `(n, d)` with pixels in [0, 1]; a discriminator returns logits `(n, 1)`, never
probabilities. A network that is conditioned on a label is called as `network(x, y)` with y of shape
`(n,)` and dtype int64; bind it once, `partial(network, y=y)`, and it is like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_tutorial._engine.onednn import Linear

__all__ = [
    "LEAKY_RELU",
    "Affine",
    "Classes",
    "Code",
    "Conditional",
    "Gaussian",
    "Linear",
    "Maxout",
    "Pair",
    "Prior",
    "TwoBranch",
    "Uniform",
    "bind",
    "circulating_pair",
    "line_pair",
    "logit_of_marginals",
    "mirza_pair",
    "mlp",
    "mlp_pair",
    "paper_pair",
    "seeded",
]

LEAKY_RELU = partial(nn.LeakyReLU, 0.2)
"""Makes the activation of hidden layers where no other is asked for."""

Classes = int | Sequence[int]
"""How many labels there are, y `(n,)`; or, of several attributes, how many values each of them has,
y `(n, attributes)`.
"""
Prior = Callable[[int, torch.Generator], Tensor]
"""Where noise comes from: `(n, rng) -> z`, `(n, k)`, on the device of `rng`."""


@dataclass(frozen=True)
class Gaussian:
    """The prior :math:`p_z = N(0, I)`: `prior(n, rng)` has shape `(n, dim)`, on rng's device.

    Attributes:
        dim: how many numbers z has.
    """

    dim: int

    def __call__(self, n: int, rng: torch.Generator) -> Tensor:
        return torch.randn(n, self.dim, generator=rng, device=rng.device)


@dataclass(frozen=True)
class Uniform:
    r"""The prior uniform on :math:`[-\text{limit}, \text{limit}]^{\text{dim}}`, called like `Gaussian`.

    Attributes:
        dim: how many numbers z has.
        limit: the bound; the paper's, √3, gives unit variance.
    """

    dim: int
    limit: float = math.sqrt(3)

    def __call__(self, n: int, rng: torch.Generator) -> Tensor:
        return (
            torch.rand(n, self.dim, generator=rng, device=rng.device).sub_(0.5).mul_(2 * self.limit)
        )


class Pair(NamedTuple):
    """The two players, and the prior that the generator's noise is drawn from.

    Attributes:
        generator: from noise `(n, k)` to samples `(n, d)`.
        discriminator: from samples `(n, d)` to logits `(n, 1)`.
        prior: `(n, rng) -> z`, `(n, k)`.
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Prior


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, PyTorch's global CPU randomness starts from `seed`; afterwards it is as it was before.

    New networks get the same weights every time::

        with seeded(0):
            network = mlp([1, 32, 1])

    Args:
        seed: a whole number.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def bind(network: nn.Module, y: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The network with its labels fixed; without labels, the network.

    Args:
        network: called as `network(x, y)` where it is conditioned, else as `network(x)`.
        y: labels, `(n,)` or `(n, attributes)`, int64, or None.

    Returns:
        A function of x `(n, ...)` alone.
    """
    return network if y is None else partial(network, y=y)


class Affine(nn.Module):
    """x ↦ scale·x + shift with fixed numbers: moves pixels between [0, 1] and [-1, 1].

    Args:
        scale: the factor.
        shift: what is added.
    """

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Maxout(nn.Module):
    """The largest of `pieces` affine maps for each of `width` units: `(n, inputs)` to `(n, width)`.

    Goodfellow et al. 2013 (arXiv:1302.4389).

    Args:
        inputs: numbers of an input.
        width: units.
        pieces: affine maps for each unit.
    """

    def __init__(self, inputs: int, width: int, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = Linear(inputs, width * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(-1, (-1, self.pieces)).amax(-1)


class Code(nn.Embedding):
    """A vector for each label; of several attributes, the sum of the vectors of their values.

    Args:
        classes: how many labels there are, or how many values each attribute has.
        width: of a vector; 0: the one-hot code, which is not learned (of several attributes, their
            one-hot codes side by side).
    """

    starts: Tensor

    def __init__(self, classes: Classes, width: int = 0) -> None:
        sizes = [classes] if isinstance(classes, int) else list(classes)
        super().__init__(sum(sizes), width or sum(sizes))
        if not width:
            self.weight = nn.Parameter(torch.eye(sum(sizes)), requires_grad=False)
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)

    def forward(self, y: Tensor) -> Tensor:
        return super().forward(y) if y.dim() == 1 else super().forward(y + self.starts).sum(1)


class Conditional(nn.Module):
    """A network of x and labels: called as `network(x, y)`, it joins a code of y to each row of x.

    Wrap G and D alike.

    Args:
        network: takes rows of x and of the code side by side.
        classes: how many labels there are, or how many values each attribute has.
        embedding: 0 for a one-hot code; else the length of a learned vector for each label.
    """

    def __init__(self, network: nn.Module, classes: Classes, embedding: int = 0) -> None:
        super().__init__()
        self.network, self.table = network, Code(classes, embedding)
        self.classes = classes if isinstance(classes, int) else tuple(classes)

    @property
    def inputs(self) -> int:
        """How many numbers x has, beside those of the code: for a generator, the dimension of z."""
        first = next(m for m in self.network.modules() if isinstance(m, nn.Linear))
        return first.in_features - self.table.embedding_dim

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.network(torch.cat([x, self.table(y)], dim=-1))


class TwoBranch(nn.Module):
    """x and the one-hot y each pass a layer of their own and are joined; called as `network(x, y)`.

    Mirza & Osindero 2014 (arXiv:1411.1784), section 4.1.

    Args:
        of_x: the branch of x.
        of_y: the branch of the one-hot label, `(n, classes)`.
        joined: takes the outputs of both side by side.
        classes: how many labels there are.
    """

    def __init__(self, of_x: nn.Module, of_y: nn.Module, joined: nn.Module, classes: int) -> None:
        super().__init__()
        self.of_x, self.of_y, self.joined, self.classes = of_x, of_y, joined, classes

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        code = nn.functional.one_hot(y, self.classes).to(x.dtype)
        return self.joined(torch.cat([self.of_x(x), self.of_y(code)], dim=-1))


def mlp(
    widths: Sequence[int],
    *,
    hidden: Callable[[], nn.Module] = LEAKY_RELU,
    norm: bool = False,
    output: Callable[[], nn.Module] | None = None,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Linear layers with an activation between them: `mlp([100, 256, 784])`.

    Args:
        widths: of input, hidden layers and output.
        hidden: makes the activation after each hidden layer; `LEAKY_RELU` is one of slope 0.2.
        norm: batch normalisation after every hidden layer but the first, with PyTorch's own eps = 1e-5
            and momentum = 0.1 (written out by name: `BatchNorm1d(n, 0.8)` would set eps).
        output: makes the activation at the end, if any.
        dropout: the share of each hidden layer that is dropped in training.

    Returns:
        A network from `(n, widths[0])` to `(n, widths[-1])`.

    Raises:
        ValueError: fewer than two widths, or one below 1.
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


def mlp_pair(
    data_dim: int = 784,
    noise_dim: int = 100,
    generator: Sequence[int] = (256, 256),
    discriminator: Sequence[int] = (256, 256),
    *,
    prior: Callable[[int], Prior] = Gaussian,
    hidden: Callable[[], nn.Module] = LEAKY_RELU,
    output: Callable[[], nn.Module] | None = nn.Sigmoid,
    norm: bool = False,
    dropout: float = 0.0,
    classes: Classes = 0,
    embedding: int = 0,
    seed: int = 0,
) -> Pair:
    """A fully connected pair of any size.

    Args:
        data_dim: numbers of a sample, d.
        noise_dim: numbers of z.
        generator: the generator's hidden widths.
        discriminator: the discriminator's hidden widths.
        prior: makes the prior from `noise_dim`.
        hidden: makes the activation of hidden layers; `LEAKY_RELU` is one of slope 0.2.
        output: makes the generator's last activation, if any.
        norm: batch normalisation, in the generator alone: a critic with a gradient penalty must not
            mix samples.
        dropout: in the discriminator alone.
        classes: how many labels both networks are conditioned on, or how many values each of several
            attributes has; 0: none.
        embedding: the code of a label, see `Conditional`.
        seed: of the first weights.

    Raises:
        ValueError: `classes` or `embedding` is negative, or a width is below 1.
    """
    if (isinstance(classes, int) and classes < 0) or embedding < 0:
        raise ValueError(f"classes, embedding must be at least 0, got {classes}, {embedding}")
    code = (embedding or Code(classes).embedding_dim) if classes else 0
    widths_g = [noise_dim + code, *generator, data_dim]
    widths_d = [data_dim + code, *discriminator, 1]
    with seeded(seed):
        g = mlp(widths_g, hidden=hidden, norm=norm, output=output)
        d = nn.Sequential(Affine(2.0, -1.0), *mlp(widths_d, hidden=hidden, dropout=dropout))
        if classes:
            g, d = Conditional(g, classes, embedding), Conditional(d, classes, embedding)
    return Pair(g, d, prior(noise_dim))


def line_pair(width: int = 32, noise_dim: int = 1, *, depth: int = 2, seed: int = 0) -> Pair:
    """A pair on the real line (d = 1): smooth (tanh) hidden layers, no squashing at the end.

    Args:
        width: units of each hidden layer.
        noise_dim: numbers of z.
        depth: hidden layers.
        seed: of the first weights.
    """
    with seeded(seed):
        g = mlp([noise_dim, *[width] * depth, 1], hidden=nn.Tanh)
        d = mlp([1, *[width] * depth, 1], hidden=nn.Tanh)
    return Pair(g, d, Gaussian(noise_dim))


def circulating_pair(classes: Classes = 0, seed: int = 0, data_dim: int = 784) -> Pair:
    """The pair most public scripts share: 100-128-256-512-1024-784 and 784-512-256-1, LeakyReLU(0.2).

    Its tanh is mapped to [0, 1], and its batch norm has the eps and momentum it was meant to have.

    Args:
        classes: how many labels both networks are conditioned on; 0: none.
        seed: of the first weights.
        data_dim: numbers of a sample, in the place of 784.
    """
    return mlp_pair(
        data_dim,
        100,
        (128, 256, 512, 1024),
        (512, 256),
        output=lambda: nn.Sequential(nn.Tanh(), Affine(0.5, 0.5)),
        norm=True,
        classes=classes,
        seed=seed,
    )


def logit_of_marginals(images: Tensor) -> Tensor:
    """The output bias with which a sigmoid generator starts at the data's mean picture.

    Args:
        images: `(n, ...)`, uint8, or floats in [0, 1].

    Returns:
        `(d,)`, float32, the logits of the pixels' means, which are kept in [0.001, 0.999].
    """
    mean = images.flatten(1).double().mean(0)
    return torch.logit(mean / (255 if images.dtype == torch.uint8 else 1), eps=1e-3).float()


def paper_pair(marginals: Tensor | None = None, seed: int = 0, data_dim: int = 784) -> Pair:
    """The MNIST networks of Goodfellow et al. 2014, after the authors' public configuration.

    G: uniform z (100) – 1200 ReLU – 1200 ReLU – 784 sigmoid, weights uniform ±0.05. D: maxout 240×5 –
    maxout 240×5 – logit, weights uniform ±0.005, dropout that keeps 0.8 of the input and 0.5 of the
    hidden units.

    Args:
        marginals: G's output bias, `(data_dim,)`, from `logit_of_marginals`; None: 0.
        seed: of the first weights.
        data_dim: numbers of a sample, in the place of 784.

    Raises:
        ValueError: `marginals` has another shape.
    """
    with seeded(seed):
        g = uniform_weights_(
            mlp([100, 1200, 1200, data_dim], hidden=nn.ReLU, output=nn.Sigmoid), 0.05
        )
        d = nn.Sequential(
            nn.Dropout(0.2),
            Maxout(data_dim, 240, 5),
            nn.Dropout(0.5),
            Maxout(240, 240, 5),
            nn.Dropout(0.5),
            Linear(240, 1),
        )
        uniform_weights_(d, 0.005)
    if marginals is not None:
        if marginals.shape != (data_dim,):
            raise ValueError(
                f"marginals must have shape ({data_dim},), got {tuple(marginals.shape)}"
            )
        *_, last = (m for m in g.modules() if isinstance(m, nn.Linear))
        last.bias.data.copy_(marginals)
    return Pair(g, d, Uniform(100))


def mirza_pair(classes: int = 10, seed: int = 0, data_dim: int = 784) -> Pair:
    """The conditional MNIST networks of Mirza & Osindero 2014 (arXiv:1411.1784), section 4.1.

    G: z – 200 ReLU beside y – 1000 ReLU, joined 1200 ReLU – 784 sigmoid. D: maxout x 240×5 beside y
    50×5, joined maxout 240×4 – logit. Dropout 0.5 in both. The initialisations are those of
    `paper_pair`.

    Args:
        classes: how many labels there are.
        seed: of the first weights.
        data_dim: numbers of a sample, in the place of 784.
    """
    with seeded(seed):
        g = TwoBranch(
            nn.Sequential(Linear(100, 200), nn.ReLU(), nn.Dropout(0.5)),
            nn.Sequential(Linear(classes, 1000), nn.ReLU(), nn.Dropout(0.5)),
            nn.Sequential(
                mlp([1200, 1200, data_dim], hidden=nn.ReLU, output=nn.Sigmoid, dropout=0.5)
            ),
            classes,
        )
        d = TwoBranch(
            nn.Sequential(Maxout(data_dim, 240, 5), nn.Dropout(0.5)),
            nn.Sequential(Maxout(classes, 50, 5), nn.Dropout(0.5)),
            nn.Sequential(Maxout(290, 240, 4), nn.Dropout(0.5), Linear(240, 1)),
            classes,
        )
        uniform_weights_(g, 0.05)
        uniform_weights_(d, 0.005)
    return Pair(g, d, Uniform(100))

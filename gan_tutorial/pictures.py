r"""Networks that know that a row is a picture: convolutions, and what is done to pictures on the way.

Samples stay flat rows `(n, c h w)` with pixels in [0, 1], as everywhere in the package; `Picture`
and `Rows` stand at the door::

    pair = residual_pair((3, 32, 32), width=32)
    for snapshot in train(pair, images, objective=R3GAN, steps=10_000):
        show(snapshot.sample(64))

`conv_pair` follows the rules of DCGAN (Radford et al. 2016, arXiv:1511.06434): strided convolutions,
batch norm, no hidden linear layer. `residual_pair` has residual blocks and no normalisation, as the
baseline of Huang et al. 2024 (arXiv:2501.05441).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gan_tutorial.networks import (
    LEAKY_RELU,
    Affine,
    Classes,
    Code,
    Conditional,
    Gaussian,
    Pair,
    mlp,
    seeded,
)

__all__ = [
    "Augment",
    "Joined",
    "Picture",
    "Prediction",
    "Projection",
    "Residual",
    "Rows",
    "Styled",
    "conv_pair",
    "residual_pair",
    "spectral_norm",
]

Shape = tuple[int, int, int]
"""Of a picture: channels, height, width."""


class Picture(nn.Module):
    """From rows `(n, c h w)` to pictures `(n, c, h, w)`, in the order of memory that convolutions
    are fastest in (channels last).

    Args:
        shape: `(c, h, w)`.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.shape).contiguous(memory_format=torch.channels_last)


class Rows(nn.Module):
    """From pictures `(n, c, h, w)` to rows `(n, c h w)`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class Twice(nn.Module):
    """Every pixel becomes four: `(n, c, h, w)` to `(n, c, 2h, 2w)`."""

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, scale_factor=2, mode="nearest")


class Residual(nn.Module):
    """x + C₂ a(C₁ a(x)) with two 3 × 3 convolutions and a leaky ReLU a, of slope 0.2.

    C₂ starts at 0, so that a stack of any depth starts as the identity and needs no normalisation
    (Zhang et al. 2019, arXiv:1901.09321).

    Args:
        channels: of x, and of the result.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(LEAKY_RELU(), _conv(channels, channels), LEAKY_RELU())
        self.last = _conv(channels, channels)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(self.body(x))


def _conv(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    """A convolution that keeps height and width, and, where a leaky ReLU came before, the variance
    (He et al. 2015, arXiv:1502.01852); biases 0.
    """
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, a=0.2)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Projection(nn.Module):
    r"""A discriminator of x and labels y: :math:`s(x, y) = v\cdot\phi(x) + b + \sum_j e_j(y_j)\cdot\phi(x)`.

    Miyato & Koyama 2018 (arXiv:1802.05637), equation 7; with several attributes, a vector for the
    value of each.

    Args:
        features: :math:`\phi`, from rows `(n, d)` to `(n, size)`.
        size: of :math:`\phi(x)`.
        classes: how many labels there are, or, of several attributes, how many values each has.
    """

    def __init__(self, features: nn.Module, size: int, classes: Classes) -> None:
        super().__init__()
        self.features = features
        self.classes = classes if isinstance(classes, int) else tuple(classes)
        self.score, self.table = nn.Linear(size, 1), Code(classes, size)
        nn.init.zeros_(self.table.weight)  # labels are told apart as they are learnt

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        phi = self.features(x)
        return self.score(phi) + (self.table(y) * phi).sum(1, keepdim=True)


class Joined(nn.Module):
    """A discriminator of x and labels that sees a code of y as channels beside those of the picture.

    Args:
        before: from rows `(n, d)` to pictures `(n, c, h, w)`.
        after: from pictures of c channels and of those of the code to logits `(n, 1)`.
        classes: how many labels there are, or how many values each attribute has.
    """

    def __init__(self, before: nn.Module, after: nn.Module, classes: Classes) -> None:
        super().__init__()
        self.before, self.after, self.table = before, after, Code(classes)
        self.classes = classes if isinstance(classes, int) else tuple(classes)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        pictures = self.before(x)
        code = self.table(y)[..., None, None].to(pictures.dtype)
        code = code.expand(-1, -1, *pictures.shape[2:])
        return self.after(torch.cat([pictures, code], dim=1))


class Prediction(nn.Module):
    """A discriminator that also reads the label: x and y to the score s(x) and log C(y|x), `(n, 2)`.

    Odena et al. 2017 (arXiv:1610.09585), "AC-GAN". The score itself knows no label: what ties the
    generator to it is that C must read it, see `gan_tutorial.objectives.predicting`.

    Args:
        features: from rows `(n, d)` to `(n, size)`.
        size: of the features.
        classes: how many labels there are, or, of several attributes, how many values each has.
    """

    def __init__(self, features: nn.Module, size: int, classes: Classes) -> None:
        super().__init__()
        self.features = features
        self.classes = classes if isinstance(classes, int) else tuple(classes)
        self.sizes = [classes] if isinstance(classes, int) else list(classes)
        self.score, self.reader = nn.Linear(size, 1), nn.Linear(size, sum(self.sizes))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        phi = self.features(x)
        parts = self.reader(phi).split(self.sizes, dim=1)
        columns = y[:, None] if y.dim() == 1 else y
        read = [
            part.log_softmax(1).gather(1, columns[:, i : i + 1]) for i, part in enumerate(parts)
        ]
        return torch.cat([self.score(phi), torch.stack(read).sum(0)], dim=1)


class Styled(nn.Module):
    """A generator that first maps z to a style w, and scales the channels of every block by it.

    A small form of Karras et al. 2019 (arXiv:1812.04948), section 2: a learned constant in the place
    of z, a mapping network, one affine map of w for each block. In training, a share of the pictures
    takes one style up to a random block and another after it ("style mixing", section 3.1), so that
    neighbouring blocks cannot count on agreeing.

    Args:
        mapping: from z `(n, k)` to w `(n, k)`.
        start: the constant's shape, `(c, h, w)`.
        blocks: each takes pictures and gives pictures back.
        channels: what each block takes.
        last: from the pictures of the last block to rows.
        noise_dim: k.
        mixing: the share of pictures of two styles.
    """

    def __init__(
        self,
        mapping: nn.Module,
        start: Sequence[int],
        blocks: Sequence[nn.Module],
        channels: Sequence[int],
        last: nn.Module,
        noise_dim: int,
        mixing: float = 0.9,
    ) -> None:
        super().__init__()
        self.mapping, self.last, self.mixing = mapping, last, mixing
        self.start = nn.Parameter(torch.randn(1, *start))
        self.blocks = nn.ModuleList(blocks)
        self.scales = nn.ModuleList(nn.Linear(noise_dim, c) for c in channels)
        for scale in self.scales.children():
            assert isinstance(scale, nn.Linear)
            nn.init.normal_(scale.weight, std=noise_dim**-0.5)
            nn.init.ones_(scale.bias)  # at first, styles are around no change

    def forward(self, z: Tensor) -> Tensor:
        w = self.mapping(z)
        styles = w[:, None].expand(-1, len(self.blocks), -1)
        if self.training and self.mixing:
            n, blocks = len(z), len(self.blocks)
            change = torch.randint(1, blocks + 1, (n, 1), device=z.device)
            change = torch.where(torch.rand(n, 1, device=z.device) < self.mixing, change, blocks)
            other = torch.arange(blocks, device=z.device) >= change
            styles = torch.where(other[..., None], styles.roll(1, 0), styles)
        return self.drawn(styles)

    def drawn(self, styles: Tensor) -> Tensor:
        """Rows of pictures, `(n, d)`, from a style for each block, `(n, blocks, k)`."""
        x = self.start.expand(len(styles), -1, -1, -1)
        for i, (block, scale) in enumerate(zip(self.blocks, self.scales, strict=True)):
            x = block(x * scale(styles[:, i])[..., None, None])
        return self.last(x)


class Augment(nn.Module):
    """Random changes of pictures that both players see, as the first layer of a discriminator.

    In training only, and differentiable, so that the generator learns through it: what it draws
    looks like the data where both are seen through the same changes, and D, which sees a picture
    differently each time, learns few pictures by heart less easily. Zhao et al. 2020
    (arXiv:2006.10738), "DiffAugment". Its random numbers are those that dropout uses.

    Args:
        shape: of a picture, `(c, h, w)`.
        mirror: whether half of the pictures are turned left to right.
        shift: the largest shift in each direction, as a share of the side; what comes in from
            outside has the colour of the nearest edge.
        cutout: the side of a square that is blotted out, as a share of the side; 0: none.
        color: the largest change of brightness; saturation is multiplied by a factor between 0 and
            2, and contrast by one between ½ and 1½, where it is not 0.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        mirror: bool = True,
        shift: float = 0.125,
        cutout: float = 0.0,
        color: float = 0.0,
    ) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.mirror, self.shift, self.cutout, self.color = mirror, shift, cutout, color

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        pictures = x.unflatten(1, self.shape)
        for change in (self._colored, self._moved, self._cut):
            pictures = change(pictures)
        return pictures.flatten(1)

    def _colored(self, x: Tensor) -> Tensor:
        if not self.color:
            return x
        u = torch.rand(3, len(x), 1, 1, 1, device=x.device, dtype=x.dtype)
        grey = x.mean(1, keepdim=True)
        x = torch.lerp(grey, x, 2 * u[0])
        middle = x.mean((1, 2, 3), keepdim=True)
        return torch.lerp(middle, x, 0.5 + u[1]) + self.color * (2 * u[2] - 1)

    def _moved(self, x: Tensor) -> Tensor:
        """Mirrored and shifted, by picking each pixel from where it was."""
        n, _, height, width = x.shape
        down, right = (self._drawn(n, round(self.shift * side), x) for side in (height, width))
        rows = (torch.arange(height, device=x.device) + down).clamp(0, height - 1)
        columns = (torch.arange(width, device=x.device) + right).clamp(0, width - 1)
        if self.mirror:
            turned = torch.rand(n, 1, device=x.device) < 0.5
            columns = torch.where(turned, width - 1 - columns, columns)
        places = (rows[:, :, None] * width + columns[:, None]).flatten(1)
        flat = x.flatten(2)
        return flat.gather(2, places[:, None].expand_as(flat)).view_as(x)

    def _cut(self, x: Tensor) -> Tensor:
        if not self.cutout:
            return x
        n, _, height, width = x.shape
        kept = []
        for side in (height, width):
            half = self.cutout * side / 2
            centre = torch.rand(n, 1, device=x.device) * side
            kept.append((torch.arange(side, device=x.device) + 0.5 - centre).abs() >= half)
        seen = kept[0][:, :, None] | kept[1][:, None]
        return torch.where(seen[:, None], x, 0.5)

    @staticmethod
    def _drawn(n: int, limit: int, x: Tensor) -> Tensor:
        return torch.randint(-limit, limit + 1, (n, 1), device=x.device)


def spectral_norm(network: nn.Module) -> nn.Module:
    """Every linear and convolutional layer with its weight divided by its largest singular value.

    Miyato et al. 2018 (arXiv:1802.05957): such a layer stretches no input, seen as a matrix of its
    outputs by all else. The singular value is followed by one step of the power method at each
    forward pass in training. A layer that starts at 0, such as the last of a `Residual`, has nothing
    to divide by: it starts as the others do (He et al. 2015, arXiv:1502.01852).

    Args:
        network: is changed in place.

    Returns:
        The network.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            if not layer.weight.any():
                nn.init.kaiming_normal_(layer.weight, a=0.2)
            nn.utils.parametrizations.spectral_norm(layer)
    return network


def _halvings(shape: Sequence[int]) -> int:
    """How often height and width can be halved until the shorter is below 8."""
    if len(shape) != 3 or any(size < 1 for size in shape):
        raise ValueError(f"shape must be (channels, height, width), got {tuple(shape)}")
    _, height, width = shape
    count = 0
    while min(height, width) >= 8 and height % 2 == width % 2 == 0:
        height, width, count = height // 2, width // 2, count + 1
    if max(height, width) > 15:
        raise ValueError(
            f"shape: {tuple(shape)[1:]} cannot be halved down to 15 pixels or fewer; crop or pad "
            "the pictures to a multiple of a power of two, such as 28, 32 or 64"
        )
    return count


def residual_pair(
    shape: Sequence[int] = (3, 32, 32),
    width: int = 32,
    noise_dim: int = 64,
    *,
    blocks: int = 1,
    classes: Classes = 0,
    labels_in_d: str = "projected",
    mapping: int = 0,
    augment: Augment | None = None,
    seed: int = 0,
) -> Pair:
    """Residual blocks without normalisation in both players, after R3GAN (arXiv:2501.05441).

    From noise to a small picture, residual blocks, twice the side, and so on; the discriminator is
    the same the other way. Channels double where the side is halved, up to four times `width`.

    Args:
        shape: of a picture, `(c, h, w)`.
        width: channels at full size.
        noise_dim: numbers of z.
        blocks: residual blocks at each size.
        classes: labels that both are conditioned on, joined to z in G, or how many values each of
            several attributes has; 0: none.
        labels_in_d: "projected", see `Projection`; "predicted", see `Prediction`; or "joined", as
            one channel for each number of the code.
        mapping: layers of a mapping network in G, see `Styled`; 0: z enters at the smallest size.
        augment: what D sees pictures through, in training.
        seed: of the first weights.

    Raises:
        ValueError: `width` is below 1, or the shape cannot be halved to 15 pixels or fewer.
    """
    if width < 1 or blocks < 1:
        raise ValueError(f"width, blocks must be at least 1, got {width}, {blocks}")
    depth = _halvings(shape)
    channels, height, across = shape
    widths = [width * min(2**i, 4) for i in range(depth + 1)]  # from full size to the smallest
    low = (widths[-1], height >> depth, across >> depth)
    size = low[0] * low[1] * low[2]
    if labels_in_d not in ("projected", "predicted", "joined"):
        raise ValueError(
            f"labels_in_d must be 'projected', 'predicted' or 'joined', got {labels_in_d!r}"
        )
    code = Code(classes).embedding_dim if classes else 0
    with seeded(seed):
        groups: list[list[nn.Module]] = []
        for wide, narrow in pairwise(widths[::-1]):
            residual = [Residual(wide) for _ in range(blocks)]
            groups.append([*residual, _conv(wide, narrow, 1), Twice()])
        k = noise_dim + code
        first = [*mlp([k] * (mapping + 1)), LEAKY_RELU()] if mapping else [nn.Linear(k, size)]
        groups.append([Residual(width) for _ in range(blocks)])
        last = [LEAKY_RELU(), _conv(width, channels), Rows(), nn.Tanh(), Affine(0.5, 0.5)]
        if mapping:
            inner, end = [nn.Sequential(*group) for group in groups], nn.Sequential(*last)
            g: nn.Module = Styled(nn.Sequential(*first), low, inner, widths[::-1], end, k)
        else:
            g = nn.Sequential(*first, Picture(low), *chain(*groups), *last)
        seen = channels + (code if labels_in_d == "joined" else 0)
        outer: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            residual = [Residual(narrow) for _ in range(blocks)]
            outer += [*residual, nn.AvgPool2d(2), _conv(narrow, wide, 1)]
        trunk = [
            _conv(seen, width),
            *outer,
            *(Residual(widths[-1]) for _ in range(blocks)),
            LEAKY_RELU(),
            Rows(),
        ]
        into = [*([augment] if augment else []), Affine(2.0, -1.0), Picture(shape)]
        if not classes:
            d: nn.Module = nn.Sequential(*into, *trunk, nn.Linear(size, 1))
        elif labels_in_d == "joined":
            d = Joined(nn.Sequential(*into), nn.Sequential(*trunk, nn.Linear(size, 1)), classes)
        else:
            kind = Projection if labels_in_d == "projected" else Prediction
            pooled = nn.Sequential(*into, *trunk, nn.Linear(size, 8 * width), LEAKY_RELU())
            d = kind(pooled, 8 * width, classes)
        if classes:
            g = Conditional(g, classes)
    return Pair(g, d, Gaussian(noise_dim))


@torch.no_grad()
def _dcgan_start(network: nn.Module) -> None:
    """Weights N(0, 0.02²), and those of batch norm N(1, 0.02²), in place; biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm2d):
            layer.weight.normal_(1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, 0.02)
            if layer.bias is not None:
                layer.bias.zero_()


def conv_pair(
    shape: Sequence[int] = (1, 28, 28),
    width: int = 32,
    noise_dim: int = 100,
    *,
    norm: bool = True,
    classes: Classes = 0,
    augment: Augment | None = None,
    seed: int = 0,
) -> Pair:
    """The pair of DCGAN (Radford et al. 2016, arXiv:1511.06434), sections 3 and 4.

    Convolutions that halve or double the side in the place of pooling, no hidden linear layer (z is
    projected to the smallest pictures, and D's last ones are flattened to its score), ReLU
    in G and LeakyReLU(0.2) in D, batch norm everywhere but in G's last and D's first layer, weights
    N(0, 0.02²).

    Args:
        shape: of a picture, `(c, h, w)`.
        width: channels next to full size; they double where the side is halved. The paper's is 128,
            for 64 pixels.
        noise_dim: numbers of z.
        norm: whether there is batch norm. A gradient penalty allows none in D: see `residual_pair`.
        classes: labels that both are conditioned on, joined to z in G and projected in D, or how
            many values each of several attributes has; 0: none.
        augment: what D sees pictures through, in training.
        seed: of the first weights.

    Raises:
        ValueError: `width` is below 1, or the shape cannot be halved to 15 pixels or fewer.
    """
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    depth = _halvings(shape)
    if depth == 0:
        raise ValueError(
            f"shape: {tuple(shape)[1:]} cannot be halved once; take an even height and width of at "
            "least 8 pixels"
        )
    channels, height, across = shape
    low = height >> depth, across >> depth
    widths = [width * 2**i for i in range(depth)]  # next to full size, to the smallest

    def between(
        layer: nn.Module, size: int, activation: nn.Module, normed: bool
    ) -> list[nn.Module]:
        return [layer, *([nn.BatchNorm2d(size)] if normed else []), activation]

    with seeded(seed):
        code = Code(classes).embedding_dim if classes else 0
        size = widths[-1] * low[0] * low[1]
        # A convolution of one pixel with as many outputs as pixels: a product, and faster as one.
        first = nn.Linear(noise_dim + code, size, bias=not norm)
        g_layers = between(Picture((widths[-1], *low)), widths[-1], nn.ReLU(), norm)
        for wide, narrow in pairwise(widths[::-1]):
            layer = nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=not norm)
            g_layers += between(layer, narrow, nn.ReLU(), norm)
        last = nn.ConvTranspose2d(width, channels, 4, 2, 1)
        g: nn.Module = nn.Sequential(first, *g_layers, last, Rows(), nn.Tanh(), Affine(0.5, 0.5))
        d_layers = between(nn.Conv2d(channels, width, 4, 2, 1), width, LEAKY_RELU(), False)
        for narrow, wide in pairwise(widths):
            layer = nn.Conv2d(narrow, wide, 4, 2, 1, bias=not norm)
            d_layers += between(layer, wide, LEAKY_RELU(), norm)
        seen = [*([augment] if augment else []), Affine(2.0, -1.0), Picture(shape)]
        if classes:
            d: nn.Module = Projection(nn.Sequential(*seen, *d_layers, Rows()), size, classes)
            g = Conditional(g, classes)
        else:
            d = nn.Sequential(*seen, *d_layers, Rows(), nn.Linear(size, 1))
        _dcgan_start(g)
        _dcgan_start(d)
    return Pair(g, d, Gaussian(noise_dim))

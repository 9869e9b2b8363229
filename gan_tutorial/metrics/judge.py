"""A judge: a small convolutional network that turns pictures into features and reads their labels.

Distances between pixels say little about pictures, so samples and data are compared as a network
sees them that was trained to tell the data's classes apart. For the digits of the book it comes with
the package: `gan_tutorial.recorded.judge("mnist-10k")`. `fit_judge` trains one on other pictures, of
any size, grey or colour, with one label or several attributes; `untrained_judge` needs no labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_tutorial._engine.checks import whole_number
from gan_tutorial.networks import seeded

if TYPE_CHECKING:
    from gan_tutorial.metrics.inception import InceptionNetwork

BATCH = 500  # pictures at a time when a judge looks: some 40 MB at 32 x 32


class JudgeNetwork(nn.Module):
    """Four convolutions with batch norm and ReLU, the mean over the places, and a linear head.

    Called with pictures `(n, c, h, w)` in [0, 1] it returns features `(n, 4 width)`, at least 0, and
    logits `(n, sum of classes)`, the attributes' side by side. Sides halve twice on the way.

    Args:
        shape: of a picture, (c, h, w).
        classes: how many classes each attribute has; one number for plain labels.
        width: channels of the first layer.
    """

    def __init__(self, shape: Sequence[int], classes: Sequence[int], width: int = 16) -> None:
        super().__init__()
        self.shape, self.classes, self.width = tuple(shape), tuple(classes), width
        self.body = nn.Sequential(
            *_layer(shape[0], width, 5, stride=2),
            *_layer(width, 2 * width, 3),
            nn.MaxPool2d(2, ceil_mode=True),
            *_layer(2 * width, 4 * width, 3),
            *_layer(4 * width, 4 * width, 3),
        )
        self.head = nn.Linear(4 * width, sum(classes)) if classes else None

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(2 * pictures - 1).mean((2, 3))
        return features, features[:, :0] if self.head is None else self.head(features)


def _layer(inputs: int, outputs: int, size: int, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()


@dataclass(frozen=True, eq=False)
class Judge:
    """A network that looks at rows of pixels, in evaluation mode and without gradients.

    It goes where the rows are. On a GPU convolutions may use TF32, which keeps some three digits.

    Attributes:
        network: as it was trained.
        name: what tables call it.
        note: where it comes from and how well it reads held-out pictures, if it was recorded.
    """

    network: JudgeNetwork | InceptionNetwork
    name: str = "judge"
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it was trained to read labels."""
        return sum(self.network.classes) > 0

    def features(self, rows: Tensor) -> Tensor:
        """What the last hidden layer makes of rows.

        Args:
            rows: `(n, d)` in [0, 1], d = c·h·w.

        Returns:
            `(n, k)`, float32, on the device of the rows.

        Raises:
            ValueError: the rows have another width than the judge's pictures.
        """
        return self.look(rows)[0]

    def classify(self, rows: Tensor) -> Tensor:
        """The labels that the network reads.

        Args:
            rows: `(n, d)` in [0, 1].

        Returns:
            `(n,)`, or `(n, attributes)` where the network was trained on several.

        Raises:
            ValueError: the rows have another width, or the judge was never taught to read.
        """
        labels = self.look(rows)[1]
        if labels is None:
            raise ValueError(f"the judge {self.name!r} was not trained, so it reads no labels")
        return labels

    def look(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features and labels at once; None in the place of labels where it reads none.

        Args:
            rows: `(n, d)` in [0, 1].

        Returns:
            What `features` and what `classify` return.

        Raises:
            ValueError: the rows have another width than the judge's pictures.
        """
        features, logits = self._run(rows)
        if not self.reads:
            return features, None
        parts = logits.split(self.network.classes, dim=1)
        labels = torch.stack([part.argmax(1) for part in parts], 1)
        return features, labels[:, 0] if len(parts) == 1 else labels

    @torch.no_grad()
    def _run(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        c, h, w = self.network.shape
        if rows.ndim != 2 or rows.shape[1] != c * h * w:
            raise ValueError(
                f"rows must be (n, {c * h * w}), pictures of {c} x {h} x {w}; "
                f"got {tuple(rows.shape)}"
            )
        if next(self.network.parameters()).device != rows.device:
            self.network.to(rows.device)
        self.network.eval()
        looks = [self.network(part.float().unflatten(1, (c, h, w))) for part in rows.split(BATCH)]
        features, logits = zip(*looks, strict=True)
        return torch.cat(features), torch.cat(logits)


def untrained_judge(shape: Sequence[int], *, width: int = 16, seed: int = 0) -> Judge:
    """A judge with random weights: features for pictures without labels, or of another kind.

    Naeem et al. 2020 (arXiv:2002.09797) find random features a fair choice where pictures
    are unlike those that a trained network knows. It reads no labels.

    Args:
        shape: of a picture, (c, h, w).
        width: channels of the first layer.
        seed: of the weights.
    """
    with seeded(seed):
        network = JudgeNetwork(shape, (), width)
    return Judge(network.requires_grad_(False).eval(), f"random network (seed {seed})")


def fit_judge(
    images: Tensor,
    labels: Tensor,
    *,
    width: int = 16,
    epochs: int = 15,
    shift: int = 2,
    turn: float = 0.2,
    mirror: bool = False,
    seed: int = 0,
) -> Judge:
    """Train a judge to read labels: cross-entropy, AdamW, one cycle of the rate, pictures moved about.

    The digits of the book take two minutes on one core.

    Args:
        images: training pictures, `(n, c, h, w)`, uint8.
        labels: `(n,)`, or `(n, attributes)`, whole numbers from 0.
        width: channels of the first layer; the features are four times as many.
        epochs: passes over the pictures.
        shift: pixels by which a picture is moved at most.
        turn: radians by which it is turned at most; it is sheared by as much and scaled by half of it.
        mirror: whether half of the pictures are mirrored.
        seed: of weights, batches and movements.

    Returns:
        The judge, on the device of the images.

    Raises:
        ValueError: images or labels have another form, or differ in number.
    """
    for name, value in (("width", width), ("epochs", epochs)):
        whole_number(name, value)
    labels = labels[:, None] if labels.ndim == 1 else labels
    _check(images, labels)
    classes = (labels.amax(0) + 1).tolist()
    with seeded(seed):
        network = JudgeNetwork(images.shape[1:], classes, width).to(images.device)
    rng = torch.Generator(images.device).manual_seed(seed)
    batch = min(64, len(images))
    steps = max(2, epochs * len(images) // batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (batch,), generator=rng, device=images.device)
        pictures = _moved(images[rows].float() / 255, shift, turn, mirror, rng)
        parts = network(pictures)[1].split(classes, dim=1)
        losses = [
            functional.cross_entropy(part, labels[rows, i].long()) for i, part in enumerate(parts)
        ]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
        schedule.step()
    return Judge(network.requires_grad_(False).eval())


def _check(images: Tensor, labels: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) < 2:
        raise ValueError(
            f"images must be two or more (n, c, h, w) of uint8, got {images.dtype} "
            f"{tuple(images.shape)}"
        )
    if labels.ndim != 2 or len(labels) != len(images) or labels.is_floating_point():
        raise ValueError(
            f"labels must be whole numbers (n,) or (n, attributes), n = {len(images)}, got "
            f"{labels.dtype} {tuple(labels.shape)}"
        )
    if int(labels.min()) < 0:
        raise ValueError(f"labels must be from 0 on, got {int(labels.min())}")


def _moved(
    pictures: Tensor, shift: float, turn: float, mirror: bool, rng: torch.Generator
) -> Tensor:
    """Each picture turned, sheared, scaled and shifted at random; its border goes on outside of it."""
    n, _, h, w = pictures.shape

    def random(bound: float) -> Tensor:
        return bound * (2 * torch.rand(n, generator=rng, device=pictures.device) - 1)

    angle, scale, shear = random(turn), 1 + random(turn / 2), random(turn)
    flip = torch.rand(n, generator=rng, device=pictures.device) < (0.5 if mirror else 0.0)
    across = torch.where(flip, -scale, scale)
    # In affine_grid's units a picture is 2 wide and 2 high.
    upright = (shear - angle.sin() * scale) * (h / w)
    first = torch.stack([angle.cos() * across, upright, random(2 * shift / w)], 1)
    lying = angle.sin() * across * (w / h)
    second = torch.stack([lying, angle.cos() * scale, random(2 * shift / h)], 1)
    grid = functional.affine_grid(
        torch.stack([first, second], 1), list(pictures.shape), align_corners=False
    )
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)

"""A reader that may say "no digit": is what was drawn a digit at all, and which?

A classifier gives every picture a label, noise too, so that it cannot say how many samples are
digits; nor can two classifiers that agree, since they agree on noise. `fit_reader` trains one with an
eleventh answer, on real digits against pictures that are none: two digits laid over one another,
halves that do not belong together, noise, blurred means, and what generators draw at their start.

`recorded.reader()` is the one that the book uses; the page "Digits from nothing" runs it beside the
training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_tutorial._engine.quantised import quantised
from gan_tutorial.metrics.judge import BATCH, _moved
from gan_tutorial.networks import LEAKY_RELU, seeded

SIDE = 28
NO_DIGIT = 10
GREYS = 15  # a page's pictures have sixteen levels
Generator = torch.Generator

# ---------------------------------------------------------------- pictures that are no digits


def _overlaid(a: Tensor, b: Tensor, rng: Generator) -> Tensor:
    share = 0.35 + 0.3 * torch.rand(len(a), 1, 1, generator=rng)
    return share * a + (1 - share) * b


def _halves(a: Tensor, b: Tensor, rng: Generator) -> Tensor:
    return torch.cat([a[:, : SIDE // 2], b[:, SIDE // 2 :]], 1)


def _sides(a: Tensor, b: Tensor, rng: Generator) -> Tensor:
    return torch.cat([a[:, :, : SIDE // 2], b[:, :, SIDE // 2 :]], 2)


def _shifted(a: Tensor, b: Tensor, rng: Generator) -> Tensor:
    by = int(torch.randint(5, 10, (1,), generator=rng))
    return torch.cat([a[:, : SIDE // 2], a[:, SIDE // 2 :].roll(by, 2)], 1)


BLENDS: dict[str, Callable[[Tensor, Tensor, Generator], Tensor]] = {
    "overlaid": _overlaid,
    "both": lambda a, b, rng: torch.maximum(a, b),
    "halves": _halves,
    "sides": _sides,
    "shifted": _shifted,
}
"""Ways to make of two digits (n, 28, 28) of different classes one picture that is no digit."""


def blends(rows: Tensor, labels: Tensor, kind: str, rng: Generator) -> Tensor:
    """Pictures made of two digits of different classes each.

    Args:
        rows: digits, `(n, 784)`, in [0, 1].
        labels: `(n,)`.
        kind: a name of `BLENDS`.
        rng: decides the pairs.

    Returns:
        `(m, 784)`; m is n less the pairs of one class.
    """
    other = torch.randperm(len(rows), generator=rng)
    differ = labels != labels[other]
    a, b = (part[differ].unflatten(1, (SIDE, SIDE)) for part in (rows, rows[other]))
    return BLENDS[kind](a, b, rng).flatten(1)


def _uniform(n: int, rng: Generator) -> Tensor:
    return torch.rand(n, SIDE * SIDE, generator=rng)


def _specks(n: int, rng: Generator) -> Tensor:
    inked = torch.rand(n, SIDE * SIDE, generator=rng) < 0.05 + 0.3 * torch.rand(n, 1, generator=rng)
    return inked * torch.rand(n, SIDE * SIDE, generator=rng)


def _clouds(n: int, rng: Generator) -> Tensor:
    size = 3 + 2 * int(torch.randint(3, (1,), generator=rng))
    cloud = functional.avg_pool2d(
        torch.randn(n, 1, SIDE, SIDE, generator=rng), size, 1, size // 2
    ).flatten(1)
    return (cloud / cloud.std(1, keepdim=True) - 0.7 + 0.6 * torch.rand(n, 1, generator=rng)).clamp(
        0, 1
    )


NOISES = {"uniform": _uniform, "specks": _specks, "clouds": _clouds}
"""Kinds of noise, `(n, rng)` to pictures `(n, 784)`."""


def means(rows: Tensor, labels: Tensor) -> Tensor:
    """The mean picture of each class, `(10, 784)`.

    Args:
        rows: digits, `(n, 784)`.
        labels: `(n,)`.
    """
    return torch.stack([rows[labels == label].mean(0) for label in range(NO_DIGIT)])


# ---------------------------------------------------------------- the reader


def reader_network(seed: int = 0) -> nn.Sequential:
    """Three convolutions, each with half the side of the one before, and two layers: 35,035 weights.

    From pixels in [-1, 1], `(n, 784)`, to the scores of the ten digits and of "no digit", `(n, 11)`.

    Args:
        seed: of the first weights.
    """
    with seeded(seed):
        return nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            *(nn.Conv2d(1, 12, 5, 2, 2), LEAKY_RELU()),
            *(nn.Conv2d(12, 24, 3, 2, 1), LEAKY_RELU()),
            *(nn.Conv2d(24, 32, 3, 2, 1), LEAKY_RELU()),
            *(nn.Flatten(), nn.Linear(32 * 16, 48), LEAKY_RELU()),
            nn.Linear(48, NO_DIGIT + 1),
        )


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads digits, and says where there is none.

    Attributes:
        network: from pixels in [-1, 1] to eleven scores.
        note: where it comes from and what it accepts, if it was recorded.
    """

    network: nn.Sequential
    note: dict[str, Any] = field(default_factory=dict)

    @torch.no_grad()
    def scores(self, rows: Tensor) -> Tensor:
        """The scores of the ten digits and of "no digit".

        Args:
            rows: `(n, 784)` in [0, 1].

        Returns:
            `(n, 11)`.
        """
        return torch.cat([self.network(2 * part.float() - 1) for part in rows.split(BATCH)])

    def read(self, rows: Tensor) -> Tensor:
        """The digit in each row, or `NO_DIGIT`, 10.

        Args:
            rows: `(n, 784)` in [0, 1].

        Returns:
            `(n,)`, int64.
        """
        return self.scores(rows).argmax(1)

    def legible(self, rows: Tensor) -> float:
        """The share of rows in which it reads a digit.

        Args:
            rows: `(n, 784)` in [0, 1].
        """
        return (self.read(rows) < NO_DIGIT).double().mean().item()

    def balance(self, rows: Tensor) -> float:
        """The entropy of the classes read, in that of ten equal ones; 1 is as even as can be, and 0
        where no digit is read.

        Args:
            rows: `(n, 784)` in [0, 1].
        """
        found = self.read(rows)
        shares = torch.bincount(found[found < NO_DIGIT], minlength=NO_DIGIT).double()
        return torch.special.entr(shares / shares.sum().clamp(min=1)).sum().item() / math.log(
            NO_DIGIT
        )

    def to_bytes(self) -> bytes:
        """The file that pages read (figures/live_digits/reader.js): of each layer the scales and the
        biases of its outputs, float32, then its weights as whole numbers from -127 to 127, int8.
        """
        parts = []
        for layer in self.network:
            if not isinstance(layer, nn.Conv2d | nn.Linear):
                continue
            weight = layer.weight.detach().flatten(1).numpy()
            whole, scale = quantised(weight)
            assert layer.bias is not None
            parts += [scale.astype("<f4"), layer.bias.detach().numpy().astype("<f4"), whole]
        return b"".join(part.tobytes() for part in parts)


def fit_reader(
    rows: Tensor,
    labels: Tensor,
    early: Tensor,
    *,
    steps: int = 3000,
    lift: float = 0.0,
    seed: int = 0,
) -> Reader:
    """Train a reader: cross-entropy with eleven answers, AdamW, one cycle of the rate.

    Half of the pictures, of either kind, are turned, sheared, scaled and moved a little: what that does
    to them must not tell one kind from the other.

    Args:
        rows: digits, `(n, 784)`, in [0, 1].
        labels: `(n,)`.
        early: what generators draw at their start, `(m, 784)`, in [0, 1].
        steps: of 96 digits and some 80 pictures that are none.
        lift: is added to the score of "no digit" once it is trained: less than 0, and it accepts more.
        seed: of weights, batches and movements.
    """
    network, rng = reader_network(seed), torch.Generator().manual_seed(seed)
    mixed = means(rows, labels)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(rows), (96,), generator=rng)
        x, y = rows[chosen], labels[chosen]
        none = [blends(x, y, kind, rng)[:12] for kind in BLENDS]
        none += [noise(3, rng) for noise in NOISES.values()]
        weights = torch.rand(5, NO_DIGIT, generator=rng) ** 3
        none += [weights / weights.sum(1, keepdim=True) @ mixed]
        none += [early[torch.randint(len(early), (12,), generator=rng)]]
        pictures = torch.cat([x, *none])
        moved = _moved(pictures.unflatten(1, (1, SIDE, SIDE)), 1.0, 0.15, False, rng).flatten(1)
        still = torch.rand(len(pictures), 1, generator=rng) < 0.5
        pictures = (torch.where(still, pictures, moved) * GREYS).round() / GREYS
        asked = torch.full((len(pictures),), NO_DIGIT)
        asked[: len(y)] = y
        loss = functional.cross_entropy(network(2 * pictures - 1), asked)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    head = network[-1]
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.bias[NO_DIGIT] += lift
    return Reader(network.requires_grad_(False).eval())

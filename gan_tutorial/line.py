r"""A run on the real line at each moment, exact enough to draw and small enough to ship.

The generator's density is no histogram of samples. Noise from N(0, 1) is cut into short pieces whose
mass is known, and G carries each piece to where its ends go: :math:`p_g` without chance, and
without an inverse of G::

    cells = Cells()
    snapshots = sweep(line_pair, data, settings, seeds, steps=2000)
    moments = [look(snapshot, cells) for snapshot in snapshots]
    js = jensen_shannon(cells.masses(p_data), moments[-1].p_g)  # in nats
    TrainingPlayer(runs=[player_run("one run", moments, (0, 3), p_data)])

The line is cut into cells, so that every quantity is a finite sum: with :math:`P_i, Q_i` the masses
of a cell, :math:`D^*_i = P_i/(P_i+Q_i)`, and :math:`V(D, G) \le V(D^*, G) = -\log 4 + 2\,JSD` holds
for the sums exactly as for the integrals. The JSD of the cells is at most that of the densities, and
tends to it as cells shrink.

`wasserstein1` needs no cells: G carries quantiles of the noise, and on the line a best plan keeps
the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Normal
from torch.nn.functional import softplus

from gan_tutorial._engine.modes import evaluating
from gan_tutorial._engine.stacked import Stack
from gan_tutorial.distributions import quantiles
from gan_tutorial.sweep import SweepSnapshot
from gan_tutorial.training import Snapshot

__all__ = [
    "Cells",
    "Moment",
    "Noise",
    "accuracy",
    "generated",
    "jensen_shannon",
    "look",
    "outputs",
    "player_run",
    "push_forward",
    "value",
    "wasserstein1",
]

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TOP = len(DIGITS) ** 2 - 1  # two digits hold 0 … TOP
LOG_MASS = (-16.0, 0.0)  # what a packed log-mass can be, in nats
SCORE = (-16.0, 16.0)  # what a packed score can be


@dataclass(frozen=True)
class Cells:
    """`count` equal cells from `low` to `high`, and the half-line on either side: count + 2 in all.

    Attributes:
        low: where the first cell begins, in units of x.
        high: where the last one ends.
        count: how many cells lie between.

    Raises:
        ValueError: `low` is not below `high`, or `count` is below 1.
    """

    low: float = -6.0
    high: float = 6.0
    count: int = 96

    def __post_init__(self) -> None:
        if not self.low < self.high or self.count < 1:
            raise ValueError(f"{self}: low must lie below high, and count be at least 1")

    @property
    def edges(self) -> Tensor:
        """The edges of the equal cells, `(count + 1,)`, float64, in units of x."""
        return torch.linspace(self.low, self.high, self.count + 1, dtype=torch.float64)

    @property
    def centres(self) -> Tensor:
        """Where D is looked at, `(count + 2,)`: the middle of each cell, and the ends of the line."""
        edges = self.edges
        return torch.cat([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])

    def masses(self, p: Distribution) -> Tensor:
        """The probability of each cell.

        Args:
            p: anything with a `cdf`.

        Returns:
            `(count + 2,)`, of sum 1.
        """
        below = p.cdf(self.edges)
        return torch.cat([below[:1], below.diff(), 1 - below[-1:]])


@dataclass(frozen=True)
class Noise:
    """N(0, 1) as `pieces` short intervals between -`reach` and `reach`, and the mass of each.

    Attributes:
        pieces: how many intervals.
        reach: in units of z.
    """

    pieces: int = 400
    reach: float = 4.5

    @property
    def ends(self) -> Tensor:
        """The ends of the intervals, `(pieces + 1,)`, float64."""
        return torch.linspace(-self.reach, self.reach, self.pieces + 1, dtype=torch.float64)

    @property
    def mass(self) -> Tensor:
        """The mass of each interval, `(pieces,)`, of sum 1."""
        mass = torch.special.ndtr(self.ends).diff()
        return mass / mass.sum()


def push_forward(x: Tensor, mass: Tensor, edges: Tensor) -> Tensor:
    """Masses of cells when pieces of noise are carried by G.

    Within a piece G is taken to be straight, so that its mass spreads evenly from end to end. G may
    fold: pieces that land on the same x simply add up.

    Args:
        x: G at the ends of the pieces, `(..., n + 1)`.
        mass: of the pieces, `(n,)`.
        edges: of the cells, `(m,)`, increasing.

    Returns:
        `(..., m + 1)`: the half-line below, the cells, the half-line above.
    """
    low, high = torch.minimum(x[..., 1:], x[..., :-1]), torch.maximum(x[..., 1:], x[..., :-1])
    width = (high - low).clamp(min=1e-12)
    below = [(((edge - low) / width).clamp_(0, 1) @ mass) for edge in edges.unbind()]
    below = torch.stack([torch.zeros_like(below[0]), *below, torch.ones_like(below[0])], -1)
    return below.diff(dim=-1).clamp_(min=0)


@dataclass(frozen=True)
class Moment:
    """One run or many at one step; the leading dimensions, if any, are those of the runs.

    Attributes:
        step: generator steps taken so far.
        p_g: masses of the cells, `(..., cells)`.
        score: D's logit at their centres, `(..., cells)`.
        x: G(z) at 15 values of z from -2.1 to 2.1, `(..., 15)`.
    """

    step: int
    p_g: Tensor
    score: Tensor
    x: Tensor


ARROWS = torch.linspace(-2.1, 2.1, 15, dtype=torch.float64)
"""The noise whose images are kept."""


@torch.no_grad()
def look(
    snapshot: Snapshot | SweepSnapshot, cells: Cells | None = None, noise: Noise | None = None
) -> Moment:
    """A `Moment` of a 1-D run with noise from N(0, 1).

    Args:
        snapshot: of `train`, or of `sweep`.
        cells: None: those of `Cells()`.
        noise: None: that of `Noise()`.

    Returns:
        The moment, with leading dimensions (settings, seeds) after a sweep.
    """
    cells, noise = cells or Cells(), noise or Noise()
    z = torch.cat([noise.ends, ARROWS])
    x = outputs(snapshot, snapshot.generator, z)
    score = outputs(snapshot, snapshot.discriminator, cells.centres)
    p_g = push_forward(x[..., : len(noise.ends)], noise.mass, cells.edges)
    return Moment(snapshot.step, p_g, score, x[..., len(noise.ends) :])


@torch.no_grad()
def outputs(snapshot: Snapshot | SweepSnapshot, network: nn.Module | Stack, x: Tensor) -> Tensor:
    """A network of one variable at given points, in evaluation mode.

    Args:
        snapshot: of `train`, or of `sweep`.
        network: its generator or discriminator; of a sweep, all stacked ones.
        x: points, `(n,)`; with stacked networks also `(settings, seeds, n)`, other ones for each run.

    Returns:
        `(n,)`, or `(settings, seeds, n)`, float64, on the CPU.
    """
    if isinstance(network, Stack):
        assert isinstance(snapshot, SweepSnapshot)
        runs = len(snapshot.settings), len(snapshot.seeds)
        rows = x.to(network.weights).expand(*runs, x.shape[-1]).flatten(0, 1)
        return network(rows[..., None])[..., 0].unflatten(0, runs).double().cpu()
    parameter = next(iter(network.parameters()))
    with evaluating(network):
        return network(x.to(parameter)[:, None])[:, 0].double().cpu()


def generated(snapshot: Snapshot | SweepSnapshot, n: int = 1000) -> Tensor:
    """Where G carries the n quantiles of N(0, 1).

    Args:
        snapshot: of `train`, or of `sweep`.
        n: how many quantiles.

    Returns:
        `(n,)`, or `(settings, seeds, n)`, in units of x; not sorted.
    """
    return outputs(snapshot, snapshot.generator, quantiles(Normal(0.0, 1.0), n))


def wasserstein1(snapshot: Snapshot | SweepSnapshot, p_data: Distribution, n: int = 1000) -> Tensor:
    """:math:`W_1(p_{data}, p_g)` of a run with noise from N(0, 1).

    The mean distance of sorted points: n equal pieces of the noise, carried by G, against n quantiles of
    the data. No chance is in it, and the error falls as 1/n.

    Args:
        snapshot: of `train`, or of `sweep`.
        p_data: made by `gan_tutorial.distributions`.
        n: how many pieces.

    Returns:
        `()`, or `(settings, seeds)`, in units of x; NaN where a run has diverged.
    """
    return (generated(snapshot, n).sort(-1).values - quantiles(p_data, n)).abs().mean(-1)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """The Jensen-Shannon divergence of two sets of masses.

    Args:
        p: masses, `(..., cells)`.
        q: likewise.

    Returns:
        `(...)`, in nats; NaN where a run has diverged.
    """
    return (value(p, q, torch.log(p) - torch.log(q)) + math.log(4)) / 2


def value(p: Tensor, q: Tensor, score: Tensor) -> Tensor:
    r""":math:`V(D, G) = \sum_i P_i \log\sigma(s_i) + Q_i \log(1 - \sigma(s_i))` over cells.

    Args:
        p: masses of the data, `(..., cells)`.
        q: masses of the generator, likewise.
        score: D's logit in each cell, likewise.

    Returns:
        `(...)`, in nats.
    """
    real = torch.where(p == 0, 0.0, p * -softplus(-score))
    fake = torch.where(q == 0, 0.0, q * -softplus(score))
    return (real + fake).sum(-1)


def accuracy(p: Tensor, q: Tensor, score: Tensor) -> Tensor:
    """The share of answers that are right when D must say real (s > 0) or generated.

    Args:
        p: masses of the data, `(..., cells)`.
        q: masses of the generator, likewise.
        score: D's logit in each cell, likewise.

    Returns:
        `(...)`, in [0, 1], where data and generator are asked for equally often.
    """
    sure = (score > 0) + 0.5 * (score == 0)
    return (p * sure + q * (1 - sure)).sum(-1) / 2


def pack(numbers: Tensor, low: float, high: float) -> str:
    """Numbers (n,) as two base-64 digits each, to within (high - low) / 8190; beyond, the nearest end."""
    if not torch.isfinite(numbers).all():
        raise ValueError("only finite numbers can be packed: has the run diverged?")
    levels = ((numbers - low) / (high - low) * TOP).round().clamp(0, TOP).long().tolist()
    return "".join(DIGITS[level // 64] + DIGITS[level % 64] for level in levels)


def unpack(text: str, low: float, high: float) -> Tensor:
    """The numbers (n,) of `pack`, float64."""
    digits = torch.tensor([DIGITS.index(digit) for digit in text], dtype=torch.float64)
    return low + (64 * digits[0::2] + digits[1::2]) / TOP * (high - low)


def player_run(
    name: str,
    moments: Sequence[Moment],
    run: tuple[int, ...],
    p_data: Distribution,
    cells: Cells | None = None,
    *,
    note: str = "",
) -> dict[str, Any]:
    """One run as JSON-ready values for `TrainingPlayer`: about 450 bytes a moment.

    Args:
        name: what the player calls the run.
        moments: of the run, or of many.
        run: which of the moments' runs: (setting, seed) indices in a sweep, () for `train`.
        p_data: the data's density.
        cells: those of the moments; None: those of `Cells()`.
        note: a sentence shown with it.

    Returns:
        Masses, scores and samples, packed, with what is needed to unpack them.

    Raises:
        ValueError: the run has diverged.
    """
    cells = cells or Cells()
    return {
        "name": name,
        "note": note,
        "low": cells.low,
        "high": cells.high,
        "p_data": [round(mass, 9) for mass in cells.masses(p_data).tolist()],
        "z": [round(z, 4) for z in ARROWS.tolist()],
        "steps": [moment.step for moment in moments],
        "p_g": [pack(moment.p_g[run].clamp(min=1e-9).log(), *LOG_MASS) for moment in moments],
        "score": [pack(moment.score[run], *SCORE) for moment in moments],
        "x": [pack(moment.x[run], cells.low, cells.high) for moment in moments],
    }

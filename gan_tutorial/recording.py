r"""What a run on the real line looks like at each moment, exact enough to draw and small enough to ship.

    cells = Cells()
    moments = [look(snapshot, cells) for snapshot in sweep(line_pair, data, settings, seeds, …)]
    js = jensen_shannon(cells.masses(p_data), moments[-1].p_g)      # (settings, seeds), in nats
    TrainingPlayer(runs=[record("one run", moments, (0, 3), p_data, cells)])

The generator's density is no histogram of samples. Noise from N(0, 1) is cut into short pieces whose
mass is known, and :math:`G` carries each piece to where its ends go: :math:`p_g` without chance, and
without an inverse of :math:`G`. The line is cut into cells, so that every quantity is a finite sum:
with :math:`P_i, Q_i` the masses of a cell, :math:`D^*_i = P_i/(P_i+Q_i)`, and
:math:`V(D, G) \le V(D^*, G) = -\log 4 + 2\,JSD` holds for the sums exactly as for the integrals. The JSD of
the cells is at most that of the densities, and tends to it as cells shrink.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_tutorial.stacked import Stack

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TOP = len(DIGITS) ** 2 - 1  # two digits hold 0 … TOP
LOG_MASS = (-16.0, 0.0)  # what a packed log-mass can be, in nats
SCORE = (-16.0, 16.0)  # what a packed score can be


@dataclass(frozen=True)
class Cells:
    """`count` equal cells from `low` to `high`, and the half-line on either side: count + 2."""

    low: float = -6.0
    high: float = 6.0
    count: int = 96

    def __post_init__(self):
        if not self.low < self.high or self.count < 1:
            raise ValueError(f"{self}: low must lie below high, and count be at least 1")

    @property
    def edges(self) -> Tensor:
        """(count + 1,), float64."""
        return torch.linspace(self.low, self.high, self.count + 1, dtype=torch.float64)

    @property
    def centres(self) -> Tensor:
        """Where D is looked at: the middle of each cell, and the ends of the line; (count + 2,)."""
        edges = self.edges
        return torch.cat([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])

    def masses(self, p) -> Tensor:
        """The probability of each cell under a distribution with a `cdf`: (count + 2,)."""
        below = p.cdf(self.edges)
        return torch.cat([below[:1], below.diff(), 1 - below[-1:]])


@dataclass(frozen=True)
class Noise:
    """N(0, 1) as `pieces` short intervals between -`reach` and `reach`, and the mass of each."""

    pieces: int = 400
    reach: float = 4.5

    @property
    def ends(self) -> Tensor:
        return torch.linspace(-self.reach, self.reach, self.pieces + 1, dtype=torch.float64)

    @property
    def mass(self) -> Tensor:
        mass = torch.special.ndtr(self.ends).diff()
        return mass / mass.sum()


def push_forward(x: Tensor, mass: Tensor, edges: Tensor) -> Tensor:
    """Masses (..., m + 1) of the cells between `edges` (m,) when pieces of noise are carried by G.

    `x` (..., n + 1) is G at the ends of the pieces, `mass` (n,) theirs; within a piece G is taken to
    be straight, so that its mass spreads evenly from end to end. G may fold: pieces that land on the
    same x simply add up.
    """
    low, high = torch.minimum(x[..., 1:], x[..., :-1]), torch.maximum(x[..., 1:], x[..., :-1])
    width = (high - low).clamp(min=1e-12)
    below = [(((edge - low) / width).clamp_(0, 1) @ mass) for edge in edges.unbind()]
    below = torch.stack([torch.zeros_like(below[0]), *below, torch.ones_like(below[0])], -1)
    return below.diff(dim=-1).clamp_(min=0)


@dataclass(frozen=True)
class Moment:
    """One run or many at one step; the leading dimensions, if any, are those of the runs."""

    step: int
    p_g: Tensor  # (..., cells) masses
    score: Tensor  # (..., cells) D's logit at the centres
    x: Tensor  # (..., arrows) G(z) at ARROWS


ARROWS = torch.linspace(-2.1, 2.1, 15, dtype=torch.float64)
"""The noise whose images are kept."""


@torch.no_grad()
def look(snapshot, cells: Cells | None = None, noise: Noise | None = None) -> Moment:
    """A `Moment` of a 1-D run with noise from N(0, 1): a snapshot of `train`, or of `sweep`."""
    cells, noise = cells or Cells(), noise or Noise()
    z = torch.cat([noise.ends, ARROWS])
    x = _outputs(snapshot, snapshot.generator, z)
    score = _outputs(snapshot, snapshot.discriminator, cells.centres)
    p_g = push_forward(x[..., : len(noise.ends)], noise.mass, cells.edges)
    return Moment(snapshot.step, p_g, score, x[..., len(noise.ends) :])


def _outputs(snapshot, network, points: Tensor) -> Tensor:
    """A network, or all networks of a sweep, at points (n,): (n,) or (settings, seeds, n)."""
    if isinstance(network, Stack):
        x = points.to(network.weights).expand(len(network.weights), -1)[..., None]
        y = network(x).unflatten(0, (len(snapshot.settings), len(snapshot.seeds)))
    else:
        parameter = next(network.parameters())
        y = network(points.to(parameter)[:, None])
    return y[..., 0].double().cpu()


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """JSD of two sets of masses (..., cells), in nats; NaN where a run has diverged."""
    return (value(p, q, torch.log(p) - torch.log(q)) + math.log(4)) / 2


def value(p: Tensor, q: Tensor, score: Tensor) -> Tensor:
    """V(D, G) = Σ P log σ(s) + Q log(1 - σ(s)) over cells (..., cells), in nats."""
    real = torch.where(p == 0, 0.0, p * -softplus(-score))
    fake = torch.where(q == 0, 0.0, q * -softplus(score))
    return (real + fake).sum(-1)


def accuracy(p: Tensor, q: Tensor, score: Tensor) -> Tensor:
    """The share of answers that are right when D must say real (s > 0) or generated: (...)."""
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


def record(name: str, moments, run, p_data, cells: Cells | None = None, *, note: str = "") -> dict:
    """One run as JSON-ready values for `TrainingPlayer`: about 450 bytes a moment.

    `run` says which of the moments' runs: (setting, seed) indices in a sweep, () for `train`.
    `note` is a sentence shown with it.
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


def demonstration(seed: int = 0) -> list[dict]:
    """Two short runs to show where no others are given: one that works, one with a slow D."""
    from functools import partial

    from gan_tutorial.distributions import mixture, sample
    from gan_tutorial.networks import line_pair
    from gan_tutorial.objectives import MINIMAX
    from gan_tutorial.optimizers import adam
    from gan_tutorial.sweep import Setting, sweep

    p_data = mixture([-2.0, 2.0], [0.5, 0.7], [0.4, 0.6])
    data = sample(p_data, 4000, torch.Generator().manual_seed(seed)).float()
    rates = {"fast discriminator": (2e-2, 2e-3), "slow discriminator": (2e-3, 2e-2)}
    notes = "D learns ten times faster than G, and stays near its best.", "D is always late."
    settings = [
        Setting(MINIMAX, optimizers=tuple(adam(rate, betas=(0.0, 0.999)) for rate in pair))
        for pair in rates.values()
    ]
    snapshots = sweep(partial(line_pair, 16), data, settings, [seed], steps=1000, every=20)
    moments = [look(snapshot) for snapshot in snapshots]
    return [record(name, moments, (i, 0), p_data, note=notes[i]) for i, name in enumerate(rates)]


def main(path: str) -> None:
    """Write the recording that ships with the package, and where it comes from."""
    import json
    import platform
    from datetime import date
    from pathlib import Path

    torch.set_num_threads(1)
    recording = {
        "machine": f"{platform.system()} {platform.machine()}, CPU, 1 thread",
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "seed": 0,
        "command": "python -m gan_tutorial.recording gan_tutorial/recorded/training-1d.json",
        "runs": demonstration(seed=0),
    }
    Path(path).write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])

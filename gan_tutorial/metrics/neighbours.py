r"""Nearest neighbours among features: are samples near real ones, are all real ones near samples, and are
samples nearer to the training rows than they should be?

The ball of a row reaches to its k-th nearest other row of its own set. **Precision** is the share of
samples that lie in the ball of some real row, **recall** the share of real rows that lie in the ball of
some sample (Kynkäänniemi et al. 2019, arXiv:1904.06991). One far-out row has a huge ball, so Naeem et
al. 2020 (arXiv:2002.09797) count the real balls that a sample lies in, **density**, and the real rows
whose ball holds a sample, **coverage**. Balls are closed, as the former take them; the latter's code
takes them open, which matters where distances are equal.

All are statements about one k and one n: more samples have smaller balls. Compare only at equal n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_tutorial._engine.checks import whole_number
from gan_tutorial._engine.rows import (
    pair_of_rows,
    place,
    squared_distances,
    tile_sides,
    tiles,
)
from gan_tutorial.metrics.frechet import ROWS
from gan_tutorial.metrics.labels import Share


@dataclass(frozen=True)
class Density:
    """A mean count, over k: 1 is expected where the distributions are equal, more where samples crowd.

    Attributes:
        mean: of the samples.
        standard_error: the samples' standard deviation over √n; the real balls count as fixed.
        n: how many samples.
    """

    mean: float
    standard_error: float
    n: int


@dataclass(frozen=True)
class Neighbourhoods:
    """Precision, recall, density and coverage. A standard error takes the balls as given: it tells how
    the number would move with other samples (precision, density) or other real rows (recall, coverage).

    Attributes:
        precision: the share of samples in the ball of a real row.
        recall: the share of real rows in the ball of a sample.
        density: how many real balls a sample lies in, over k, on average.
        coverage: the share of real rows whose ball holds a sample.
        k: which neighbour a ball reaches to.
    """

    precision: Share
    recall: Share
    density: Density
    coverage: Share
    k: int


@dataclass(frozen=True)
class Memorising:
    r"""Two nearest-neighbour tests of copying. Each has its null value, the error under the null, and z.

    **Nearer.** How near is a sample to its nearest training row, beside how near new real rows are? The
    share of (sample, held-out row) pairs in which the sample is nearer, ties half: Mann and Whitney's
    statistic, as Meehan et al. 2020 (arXiv:2004.05675) use it. Under the null (samples are distributed
    as new real rows are) it is 1/2, with error :math:`\sqrt{(m + n + 1)/12mn}`. Far below: samples are
    no good likeness. Above: copies, *or* samples that are blander than real rows and near to everything.

    **Own.** Is the real row that is nearest to a sample a training row? Training and held-out rows come
    from one source, so under the null (the samples know nothing of *which* rows were trained on, however
    bland they are) the share is that of training rows among all, and its error follows from relabelling
    them at random.

    Attributes:
        nearer: the share of pairs in which the sample is nearer to the training rows.
        nearer_error: its own standard error (DeLong et al. 1988), the training rows as given.
        nearer_null_error: its standard error under the null, whose value is 1/2.
        own: the share of samples whose nearest real row is a training row.
        own_null: what it is under the null.
        own_null_error: its standard error under the null.
        n_generated: samples.
        n_training: training rows.
        n_held_out: held-out rows.
    """

    nearer: float
    nearer_error: float
    nearer_null_error: float
    own: float
    own_null: float
    own_null_error: float
    n_generated: int
    n_training: int
    n_held_out: int

    @property
    def nearer_z(self) -> float:
        """How many null errors `nearer` lies above 1/2."""
        return (self.nearer - 0.5) / self.nearer_null_error

    @property
    def own_z(self) -> float:
        """How many null errors `own` lies above its null; 0 where the null leaves nothing to chance."""
        gap = self.own - self.own_null
        return gap / self.own_null_error if self.own_null_error else 0.0


def neighbourhoods(
    real: ROWS,
    generated: ROWS,
    *,
    k: int = 5,
    memory: int | None = None,
    device: torch.device | str | None = None,
) -> Neighbourhoods:
    """Precision, recall, density and coverage of samples, from the balls of k-th nearest neighbours.

    Distances are taken in float64 from differences, so that equal rows lie at distance 0 and a row on
    the edge of a ball lies in it. The cost is that of all pairs within each set and between them.

    Args:
        real: `(n, d)`, more than k rows.
        generated: `(m, d)`, more than k rows; as many as the real ones, if recall is to be compared.
        k: which neighbour a ball reaches to; 3 in arXiv:1904.06991, 5 in arXiv:2002.09797.
        memory: bytes of working storage; None: 1 GiB, on a GPU half of what is free, at most 8 GiB.
        device: where to compute; None: where the real features are.

    Raises:
        ValueError: too few rows, entries that are not finite, or numbers of features that differ.
    """
    whole_number("k", k)
    x, y = pair_of_rows(real, generated, ("real", "generated"))
    for data, name in ((x, "real"), (y, "generated")):
        if len(data) <= k:
            raise ValueError(f"{name} must have more than k = {k} rows, got {len(data)}")
    where = place(device, x)
    of_real, of_generated = (_radii(data, k, memory, where) for data in (x, y))
    balls = torch.zeros(len(y), dtype=torch.int64, device=where)  # real ones that hold the sample
    recalled = torch.zeros(len(x), dtype=torch.bool, device=where)
    covered = recalled.clone()
    side = tile_sides(x.shape[1], 2, memory, where)
    for rows, left in tiles(x, side, where):
        for columns, right in tiles(y, side, where):
            squares = squared_distances(left, right)
            inside = squares <= of_real[rows, None]
            balls[columns] += inside.sum(0)
            covered[rows] |= inside.any(1)
            recalled[rows] |= (squares <= of_generated[columns]).any(1)
    counts = balls.double() / k
    density = Density(float(counts.mean()), float(counts.std() / math.sqrt(len(y))), len(y))
    shares = (_share(balls > 0), _share(recalled), density, _share(covered))
    return Neighbourhoods(*shares, k)


def expected_coverage(n_real: int, n_generated: int, k: int) -> float:
    r"""The coverage to expect where samples and real rows have one distribution.

    A real row is left out if its k nearest among all other rows are real:
    :math:`1 - \prod_{i=1}^k (n - i)/(n + m - i)` (arXiv:2002.09797, lemma 2), whatever the distribution.

    Args:
        n_real: real rows, n.
        n_generated: samples, m.
        k: which neighbour a ball reaches to.

    Raises:
        ValueError: a number is below 1, or there are no more than k real rows.
    """
    for name, value in (("n_real", n_real), ("n_generated", n_generated), ("k", k)):
        whole_number(name, value)
    if n_real <= k:
        raise ValueError(f"n_real must be more than k = {k}, got {n_real}")
    return 1 - math.prod((n_real - i) / (n_real + n_generated - i) for i in range(1, k + 1))


def memorising(
    training: ROWS,
    held_out: ROWS,
    generated: ROWS,
    *,
    memory: int | None = None,
    device: torch.device | str | None = None,
) -> Memorising:
    """How near samples are to the training rows, beside how near new real rows are.

    Args:
        training: `(t, d)`, features of what the generator was trained on.
        held_out: `(h, d)`, features of real rows that it was not, two or more.
        generated: `(n, d)`, features of samples, two or more.
        memory: bytes of working storage; None: 1 GiB, on a GPU half of what is free, at most 8 GiB.
        device: where to compute; None: where the training rows are.

    Raises:
        ValueError: too few rows, entries that are not finite, or numbers of features that differ.
    """
    t, h = pair_of_rows(training, held_out, ("training", "held_out"))
    _, y = pair_of_rows(training, generated, ("training", "generated"))
    for data, name in ((h, "held_out"), (y, "generated")):
        if len(data) < 2:
            raise ValueError(f"{name} must have at least 2 rows, got {len(data)}")
    where = place(device, t)
    near, row = nearest(y, t, memory=memory, device=where)
    near_held_out, held_out_row = nearest(y, h, memory=memory, device=where)
    of_new, _ = nearest(h, t, memory=memory, device=where)
    share, error = _mann_whitney(near, of_new)
    total, m, n = len(t) + len(h), len(y), len(h)
    # To how many samples a row is the nearest, ties half: whole numbers and halves, exact.
    weights = torch.zeros(total, dtype=torch.float64, device=where)
    first = torch.where(near == near_held_out, 0.5, (near < near_held_out).double())
    weights.index_add_(0, row, first).index_add_(0, len(t) + held_out_row, 1 - first)
    return Memorising(
        share,
        error,
        math.sqrt((m + n + 1) / (12 * m * n)),
        float(weights[: len(t)].sum()) / m,
        len(t) / total,
        math.sqrt(len(t) * len(h) / total * float(weights.var())) / m,
        m,
        len(t),
        n,
    )


def nearest(
    rows: Tensor, others: Tensor, *, memory: int | None = None, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Of each row the squared distance to the nearest of the others, and which that is.

    The product finds it, centred so that little cancels; its distance is then taken again from the
    differences, so that a copy lies at 0.
    """
    side = tile_sides(rows.shape[1], 2, memory, device)
    sums = [right.sum(0) for _, right in tiles(others, side, device)]
    middle = torch.stack(sums).sum(0) / len(others)
    squares = torch.full((len(rows),), math.inf, dtype=torch.float64, device=device)
    which = torch.zeros(len(rows), dtype=torch.int64, device=device)
    for part, left in tiles(rows, side, device):
        least = squares[part]
        for columns, right in tiles(others, side, device):
            right = right - middle
            scores = torch.addmm(right.square().sum(1), left - middle, right.T, alpha=-2)
            value, place = scores.min(1)
            closer = value < least
            least = torch.where(closer, value, least)
            which[part] = torch.where(closer, place + columns.start, which[part])
        found = others[which[part].to(others.device)].to(device, torch.float64)
        squares[part] = (left - found).square().sum(1)
    return squares, which


def _radii(data: Tensor, k: int, memory: int | None, device: torch.device) -> Tensor:
    """Of each row the squared distance to its k-th nearest other row, `(n,)`."""
    side = tile_sides(data.shape[1], 3, memory, device)
    radii = torch.empty(len(data), dtype=torch.float64, device=device)
    for rows, left in tiles(data, side, device):
        least = torch.full((len(left), k), math.inf, dtype=torch.float64, device=device)
        for columns, right in tiles(data, side, device):
            squares = squared_distances(left, right)
            if rows == columns:
                squares.fill_diagonal_(math.inf)
            near = squares.topk(min(k, len(right)), dim=1, largest=False).values
            least = torch.cat([least, near], 1).topk(k, dim=1, largest=False).values
        radii[rows] = least[:, -1]
    return radii


def _share(cases: Tensor) -> Share:
    return Share(cases.double().mean().item(), len(cases))


def _mann_whitney(x: Tensor, y: Tensor) -> tuple[float, float]:
    """The share of pairs with x < y, ties half, and its standard error from the placements."""

    def placements(points: Tensor, among: Tensor) -> Tensor:
        ordered = among.sort().values
        below = torch.searchsorted(ordered, points) + torch.searchsorted(
            ordered, points, right=True
        )
        return below.double() / (2 * len(among))  # the share of `among` below each, ties half

    of_x, of_y = 1 - placements(x, y), placements(y, x)
    variance = float(of_x.var()) / len(x) + float(of_y.var()) / len(y)
    return float(of_x.mean()), math.sqrt(variance)

r"""Sums of Gaussian kernels over all pairs of two large sets: fast, exact, in bounded memory.

.. math:: L_s(x_i) = \log \sum_{j=1}^n \exp\bigl(-r_s \lVert x_i - y_j \rVert^2\bigr)

One matrix product per tile gives the distances, by :math:`\lVert x-y \rVert^2 =
\lVert x \rVert^2 + \lVert y \rVert^2 - 2 x \cdot y`, and all rates :math:`r_s` read the same tile.
That identity is a trap: for near pairs it subtracts large numbers, and the rate then multiplies
what rounding left, by :math:`r = 1/2\sigma^2 = 200` at :math:`\sigma = 0.05`. Three measures keep
the result honest:

1. both sets are centred first (in float64, at the median, which outliers do not move), and measured in
   a unit in which no square overflows;
2. a rate that would magnify the product's rounding beyond :data:`TOLERANCE` is *sharp*: it uses
   the tile only to find near pairs, and takes their distances again from float64 differences;
3. where near pairs are many (identical points, say), the tile is computed again in float64.

What a sharp rate leaves out is bounded. Let :math:`\hat d_i` be the smallest squared distance met
so far in row :math:`i`. The pairs beyond :math:`\hat d_i + g`, with :math:`g = \log(n/\epsilon)/r`,
add at most :math:`n e^{-r(\hat d_i + g)} = \epsilon e^{-r \hat d_i}` to a sum that holds
:math:`e^{-r \hat d_i}`: dropping them all changes :math:`L` by less than :math:`\epsilon` nats
(:data:`NEGLIGIBLE`). The product's own error moves a distance by at most
:math:`e = d u (\lVert x \rVert^2 + \lVert y \rVert^2)`, :math:`u` the unit roundoff (Higham 2002,
section 3.1), so the cut-off is widened by :math:`4e`: once for the pair, once for
:math:`\hat d_i`, and twice that for the roundings of norms and sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from tqdm.auto import tqdm

from gan_tutorial._engine.onednn import linear

TOLERANCE = 6e-4  # nats: the rounding of the matrix product that a rate may show
NEGLIGIBLE = 1e-5  # nats: the most that leaving far pairs out may change
# Largest error of the product in units of u (|x|² + |y|²): 9.1 was measured at 784 dimensions
# (digits, Gaussian and uniform noise; oneDNN and MKL), far below the worst case, d.
TYPICAL_ERROR = 9.0
CACHED = 2**17  # entries that a core's cache holds twice
GROUP = 16  # samples whose largest entry is looked at before each of them is


def log_kernel_sums(
    points: Tensor,
    samples: Tensor,
    rates: Tensor,
    *,
    memory: int,
    device: torch.device,
    progress: bool = False,
) -> Tensor:
    r"""Return :math:`\log\sum_j \exp(-r_s\lVert x_i-y_j\rVert^2)`, shape ``(s, m)``, float64.

    Args:
        points: ``(m, d)``, float32 or float64.
        samples: ``(n, d)``, of the same dtype.
        rates: ``(s,)``, positive: :math:`1/(2\sigma^2)`.
        memory: bytes of working storage, beside the inputs and the result.
        device: where to compute; blocks of the inputs are moved there as needed.
        progress: show a bar that counts pairs.

    Raises:
        ValueError: the budget is too small for the smallest tile.
    """
    plan = _plan(len(points), len(samples), points.shape[1], memory, device)
    shift, unit = _centre_and_unit(points, samples, device)
    rates = rates.to(device, torch.float64) * unit**2
    total = torch.full((len(rates), len(points)), -math.inf, dtype=torch.float64, device=device)
    nearest = torch.full((len(points),), math.inf, dtype=torch.float64, device=device)
    bar = tqdm(total=len(points) * len(samples), unit="pair", unit_scale=True, disable=not progress)
    with bar, torch.no_grad(), _full_precision(device):
        for first in range(0, len(samples), plan.block):
            block = samples[first : first + plan.block]
            tiles = [_SampleTile(part, shift, unit, device) for part in block.split(plan.columns)]
            for top in range(0, len(points), plan.rows):
                rows = slice(top, top + plan.rows)
                side = _Tile(points[rows], shift, unit, device)
                for tile in tiles:
                    sums = _tile(side, tile, rates, nearest[rows], len(samples))
                    total[:, rows] = torch.logaddexp(total[:, rows], sums)
                    bar.update(side.size * tile.size)
    return total


def _centre_and_unit(points: Tensor, samples: Tensor, device: torch.device) -> tuple[Tensor, float]:
    """A shift (d,), float64, that makes ordinary norms small, and a unit in which no square leaves
    float32's range.

    Any shift leaves the distances as they are. The median of some samples lies among them however
    far a few others are; a mean would be drawn towards those. The unit is a power of 2, which rounds
    nothing, and 1 for ordinary data.
    """
    some = samples[:: max(1, len(samples) // 512)].to(device, torch.float64)
    shift = some.median(0).values
    largest = max(
        float((end.to(shift) - shift).abs().max())
        for rows in (points, samples)  # where they lie: they need not fit on the device
        for end in torch.aminmax(rows, dim=0)
    )
    if largest == 0 or 2.0**-20 <= largest <= 2.0**20:
        return shift, 1.0
    return shift, 2.0 ** math.floor(math.log2(largest))


@dataclass(frozen=True)
class _Plan:
    rows: int  # points in a tile
    columns: int  # samples in a tile
    block: int  # samples kept centred on the device at a time


def _plan(m: int, n: int, d: int, memory: int, device: torch.device) -> _Plan:
    """Choose the largest tiles, up to what runs fastest, that fit in ``memory``."""
    rows, columns = (1024, 4096) if device.type == "cpu" else (8192, 8192)
    while True:
        # Per entry: product, copy, masks, and both again in float64; per row: the centred copies.
        tile = 40 * rows * columns + 40 * d * (rows + columns)
        if tile <= memory // 2:
            break
        if rows <= GROUP:
            raise ValueError(
                f"memory={memory} bytes is too little for {d} dimensions; give at least {2 * tile}"
            )
        rows, columns = max(GROUP, rows // 2), max(GROUP, columns // 2)
    return _Plan(rows, columns, max(1, memory // 2 // (16 * d * columns)) * columns)


class _full_precision:  # noqa: N801 (used as a context, like torch.no_grad)
    """Keep TF32, bfloat16 and autocast out of the distances, whatever the caller has on."""

    def __init__(self, device: torch.device) -> None:
        self.autocast = torch.autocast(device.type, enabled=False)

    def __enter__(self) -> None:
        self.before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        self.autocast.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.autocast.__exit__(*error)
        torch.set_float32_matmul_precision(self.before)


class _Tile:
    """Some rows of one set: as given, and centred, with their squared norms (float64)."""

    def __init__(self, given: Tensor, shift: Tensor, unit: float, device: torch.device) -> None:
        self.given, self.shift, self.unit, self.size = given.to(device), shift, unit, len(given)
        exact = self.exact()
        self.centred = exact.to(given.dtype)
        self.norms = exact.square().sum(1)

    def exact(self) -> Tensor:
        return self.given.to(torch.float64, copy=True).sub_(self.shift).div_(self.unit)


class _SampleTile(_Tile):
    """Samples, ready for the product: filled up to whole groups with rows whose kernels are 0."""

    def __init__(self, given: Tensor, shift: Tensor, unit: float, device: torch.device) -> None:
        super().__init__(given, shift, unit, device)
        fill = -len(given) % GROUP
        self.twice = functional.pad(self.centred.mul_(2), (0, 0, 0, fill))
        self.minus_norms = functional.pad(-self.norms, (0, fill), value=-math.inf).to(given.dtype)


def _tile(x: _Tile, y: _SampleTile, rates: Tensor, nearest: Tensor, n: int) -> Tensor:
    """Return the log-sums ``(s, rows)`` of one tile, and lower ``nearest`` in place."""
    scores = linear(x.centred, y.twice, y.minus_norms)  # 2 x·y - |y|² = |x|² - distance²
    group_best = scores.view(x.size, GROUP, -1).amax(1)
    best = group_best.amax(1)
    nearest.copy_(torch.minimum(nearest, (x.norms - best).clamp_(min=0)))

    roundoff = torch.finfo(scores.dtype).eps / 2
    scale = x.norms.max() + y.norms.max()
    sharp = rates * (TYPICAL_ERROR * roundoff * scale) > TOLERANCE
    sums = torch.empty(len(rates), x.size, dtype=torch.float64, device=rates.device)
    if sharp.any():
        gap = math.log(n / NEGLIGIBLE) / rates[sharp].min()
        slack = 4 * x.centred.shape[1] * roundoff * scale
        floor = (x.norms - nearest - gap - slack).to(scores.dtype)
        pairs = _near_pairs(scores, group_best, floor)
        if pairs is None:
            sums[sharp] = _in_float64(x, y, rates[sharp])
        else:
            sums[sharp] = _from_pairs(x, y, *pairs, rates[sharp])
    if not sharp.all():
        sums[~sharp] = _dense(scores, best, x.norms, rates[~sharp])
    return sums


def _dense(scores: Tensor, best: Tensor, norms: Tensor, rates: Tensor) -> Tensor:
    """Log-sum-exp along the rows of ``scores`` (overwritten), for each rate."""
    ascending, order = rates.sort()
    steps = torch.cat([ascending[:1] / math.log(2), ascending[1:] / ascending[:-1]]).tolist()
    sums = scores.new_empty(len(rates), len(scores))
    # On a CPU, few rows at a time, so that they stay in its cache from step to step.
    rows = max(1, CACHED // scores.shape[1]) if scores.device.type == "cpu" else len(scores)
    parts = zip(scores.split(rows), best.split(rows), sums.split(rows, 1), strict=True)
    for part, largest, out in parts:
        part.sub_(largest[:, None])
        scratch = torch.empty_like(part)
        for step, row in zip(steps, out, strict=True):
            # In powers of 2, held above 2^-100: beside the best one's 1 nothing is lost, and
            # results too small for normal numbers would take several times as long.
            torch.exp2(part.mul_(step).clamp_(min=-100), out=scratch)
            torch.sum(scratch, 1, out=row)
    sums = sums.double().log_() + ascending[:, None] * (best - norms)
    return sums[order.argsort()]


def _near_pairs(scores: Tensor, group_best: Tensor, floor: Tensor) -> tuple[Tensor, Tensor] | None:
    """Rows and columns of all entries ≥ their row's floor; None where they are too many to list."""
    groups = group_best.shape[1]
    near = group_best >= floor[:, None]
    most = scores.numel() // 64  # beyond that, a float64 tile is cheaper than the list
    if near.sum() > max(most, len(scores) * 4):
        return None
    row, group = near.nonzero(as_tuple=True)
    column = group[:, None] + groups * torch.arange(GROUP, device=scores.device)
    keep = scores[row[:, None], column] >= floor[row, None]
    pairs = row[:, None].expand_as(column)[keep], column[keep]
    return None if len(pairs[0]) > max(most, len(scores) * 4) else pairs


def _from_pairs(x: _Tile, y: _Tile, row: Tensor, col: Tensor, rates: Tensor) -> Tensor:
    """Log-sums over the listed pairs, with distances from differences in float64."""
    chunks = zip(row.split(256), col.split(256), strict=True)  # small enough for the cache
    squares = torch.cat([_squares(x, y, i, j) for i, j in chunks])
    least = squares.new_full((x.size,), math.inf).scatter_reduce_(0, row, squares, "amin")
    excess = squares - least[row]
    sums = squares.new_zeros(len(rates), x.size)
    sums.index_add_(1, row, torch.exp(-rates[:, None] * excess))
    return sums.log_() - rates[:, None] * torch.where(least.isinf(), 0, least)


def _squares(x: _Tile, y: _Tile, row: Tensor, col: Tensor) -> Tensor:
    """Squared distances of the listed pairs, from float64 differences of the inputs as given."""
    difference = x.given.index_select(0, row).double().sub_(y.given.index_select(0, col))
    return difference.div_(x.unit).square_().sum(1)


def _in_float64(x: _Tile, y: _Tile, rates: Tensor) -> Tensor:
    """The whole tile in float64, straight from the inputs as given."""
    a, b = x.exact(), y.exact()
    norms, scores = a.square().sum(1), torch.addmm(-b.square().sum(1), a, b.T, alpha=2)
    return _dense(scores, scores.amax(1), norms, rates)

r"""The kernel distance (KID): an unbiased measure of two sets of features, with its standard error.

Bińkowski et al. 2018 (arXiv:1801.01401): the squared maximum mean discrepancy under the cubic kernel
:math:`k(x, y) = (x \cdot y/d + 1)^3`, d the number of features, without bias (Gretton et al. 2012):

.. math:: \frac{1}{m(m-1)}\sum_{i \ne j} k(x_i, x_j) + \frac{1}{n(n-1)}\sum_{i \ne j} k(y_i, y_j)
          - \frac{2}{mn}\sum_{i,j} k(x_i, y_j)

It compares the first three moments. Being unbiased, its expectation does not depend on how many
samples there are, and where the distributions are equal it falls below 0 as well as above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_tutorial._engine.rows import pair_of_rows, place, tile_sides, tiles
from gan_tutorial.metrics.frechet import ROWS


@dataclass(frozen=True)
class KernelDistance:
    r"""An unbiased estimate of the squared maximum mean discrepancy.

    Attributes:
        value: may be negative.
        standard_error: by deleting one row at a time, on both sides; see `kernel_distance`.
        generated_error: the part of the generated samples, for two generators beside the same real rows.
        n_real: real samples.
        n_generated: generated samples.
        features: how many features were compared.
    """

    value: float
    standard_error: float
    generated_error: float
    n_real: int
    n_generated: int
    features: int


def kernel_distance(
    real: ROWS,
    generated: ROWS,
    *,
    memory: int | None = None,
    device: torch.device | str | None = None,
) -> KernelDistance:
    r"""The KID of two sets of features, from all pairs, and its standard error.

    The usual error, from random subsets of 1,000, is that of a subset, and the subsets overlap. Here it
    is the jackknife's: without row i the estimate is known from the sum of i's kernels, so every row is
    left out once at no cost,

    .. math:: s^2 = \frac{m-1}m \sum_i (\theta_{(-i)} - \bar\theta)^2 + \text{the same over } y.

    It needs no seed and no size of subsets. Its expectation is never below the variance (Efron & Stein
    1981): where the distributions differ it is right at first order, and where they are equal the
    error comes out :math:`\sqrt2` times too large, so that a difference is not claimed too easily.

    Args:
        real: `(m, d)`, three rows or more.
        generated: `(n, d)`, likewise.
        memory: bytes of working storage; None: 1 GiB, on a GPU half of what is free, at most 8 GiB.
        device: where to compute, in float64; None: where the real features are.

    Raises:
        ValueError: too few rows, entries that are not finite, or numbers of features that differ.
    """
    x, y = pair_of_rows(real, generated, ("real", "generated"))
    for data, name in ((x, "real"), (y, "generated")):
        if len(data) < 3:
            raise ValueError(f"{name} must have at least 3 rows, got {len(data)}")
    where = place(device, x)
    m, n = len(x), len(y)
    within_x, _ = _kernel_sums(x, x, memory, where, without_self=True)
    within_y, _ = _kernel_sums(y, y, memory, where, without_self=True)
    of_x, of_y = _kernel_sums(x, y, memory, where)
    xx, yy, xy = (float(sums.sum()) for sums in (within_x, within_y, of_x))
    real_part, own_part = xx / (m * (m - 1)), yy / (n * (n - 1))
    value = real_part + own_part - 2 * xy / (m * n)
    without_x = (xx - 2 * within_x) / ((m - 1) * (m - 2)) - 2 * (xy - of_x) / ((m - 1) * n)
    without_y = (yy - 2 * within_y) / ((n - 1) * (n - 2)) - 2 * (xy - of_y) / (m * (n - 1))
    errors = [
        math.sqrt(float((left - left.mean()).square().mean()) * (len(left) - 1))
        for left in (without_x, without_y)
    ]
    return KernelDistance(value, math.hypot(*errors), errors[1], m, n, x.shape[1])


def _kernel_sums(
    x: Tensor, y: Tensor, memory: int | None, device: torch.device, *, without_self: bool = False
) -> tuple[Tensor, Tensor]:
    """Sums of the kernel over all pairs, of each row of x and of each row of y, in float64."""
    width = x.shape[1]
    side = tile_sides(width, 2, memory, device)
    of_x = x.new_zeros(len(x), dtype=torch.float64, device=device)
    of_y = of_x.new_zeros(len(y))
    for rows, left in tiles(x, side, device):
        for columns, right in tiles(y, side, device):
            base = (left @ right.T).div_(width).add_(1)
            kernel = base.square().mul_(base)
            if without_self and rows == columns:
                kernel.fill_diagonal_(0)
            of_x[rows] += kernel.sum(1)
            of_y[columns] += kernel.sum(0)
    return of_x, of_y

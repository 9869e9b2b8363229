"""Adaptive Gauss-Legendre quadrature on many panels at once, for integrands with kinks.

Points are kept as *anchor + offset*: near a component of width 1e-3 at 50 000 a plain float64
``x`` has too few digits left to say where in the component it lies; its offset from the
component's centre has them all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

Integrand = Callable[[Tensor, Tensor], Tensor]

NODES = 16
RELATIVE_TOLERANCE = 1e-12
MAX_LEVELS = 60
MAX_PANELS = 1000  # more than this, and than at the start, in one level are noise, not structure
MEMORY = 2**25  # bytes that an integrand's arrays may take at a time
ARRAYS = 12  # of them, float64, one number for each component of each point
NOISE = 1e-6  # an error below this share of the whole that no longer shrinks is rounding
PATIENCE = 3  # levels in a row: a kink may by luck look flatter on one level than on the next


def rows_at_once(numbers: int) -> int:
    """How many rows of so many numbers each an integrand's arrays may have, within `MEMORY`."""
    return max(1, MEMORY // (ARRAYS * 8 * numbers))


class Panels(NamedTuple):
    """Intervals ``[anchor + low, anchor + high]``; three tensors of shape ``(n,)``.

    An integrand may hold so many arrays of ``components`` numbers for each point: they are
    computed some panels at a time, within `MEMORY`.
    """

    anchor: Tensor
    low: Tensor
    high: Tensor
    components: int = 1

    def select(self, which: Tensor) -> Panels:
        return Panels(self.anchor[which], self.low[which], self.high[which], self.components)

    def halves(self) -> Panels:
        """All left and right halves, neighbours side by side: ``(2n,)``."""
        middle = (self.low + self.high) / 2
        low = torch.stack([self.low, middle], 1).flatten()
        high = torch.stack([middle, self.high], 1).flatten()
        return Panels(self.anchor.repeat_interleave(2), low, high, self.components)

    def points(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Anchors ``(n, 1)`` and offsets ``(n, m)`` of the points at fractions ``t`` in [0, 1]."""
        offset = self.low[:, None] + (self.high - self.low)[:, None] * t
        return self.anchor[:, None], offset

    def values(self, f: Integrand, t: Tensor) -> Tensor:
        """``f`` at the points at fractions ``t``: ``(n, m)``."""
        rows = rows_at_once(self.components * len(t))
        anchor, offset = self.points(t)
        parts = zip(anchor.split(rows), offset.split(rows), strict=True)
        return torch.cat([f(*part) for part in parts])


@lru_cache
def gauss_legendre(n: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of the ``n``-point rule on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)


def integrate(f: Integrand, panels: Panels, tolerance: float = RELATIVE_TOLERANCE) -> float:
    """The integral of ``f(anchor, offset)`` over all panels.

    A panel is accepted once its integral agrees with the sum over its two halves to
    ``tolerance`` times the whole; else its halves take its place.
    """
    done, least_error, levels_without_gain = 0.0, float("inf"), 0
    whole, most = _rule(f, panels), max(MAX_PANELS, len(panels.low))
    for _ in range(MAX_LEVELS):
        halves = panels.halves()
        parts = _rule(f, halves)
        better = parts.view(-1, 2).sum(1)
        total = done + better.sum().item()
        errors = (whole - better).abs()
        rough = errors > tolerance * abs(total)
        count, error = int(rough.sum()), errors.sum().item()
        levels_without_gain = levels_without_gain + 1 if error > 0.7 * least_error else 0
        stuck = error < NOISE * abs(total) and levels_without_gain >= PATIENCE
        if count == 0 or count > most or stuck:
            return total
        least_error = min(error, least_error)
        done += better[~rough].sum().item()
        again = rough.repeat_interleave(2)
        panels, whole = halves.select(again), parts[again]
    return done + whole.sum().item()


def _rule(f: Integrand, panels: Panels) -> Tensor:
    nodes, weights = gauss_legendre(NODES)
    return (panels.values(f, nodes) @ weights) * (panels.high - panels.low)


def split_at_sign_changes(f: Integrand, panels: Panels) -> Panels:
    """The same panels, cut wherever ``f(anchor, offset)`` changes its sign.

    Each panel is sampled on a grid; cells with a sign change, and cells where ``f`` comes so
    close to zero that it may cross twice in between, are sampled again, twice. A straight line
    through the last bracket then gives the root to about 1e-8 of a grid step, which an
    integral over ``|f|`` feels only to second order.
    """
    owner = torch.arange(len(panels.low))
    cells, steps = panels, 12
    for _ in range(3):
        t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        _, offset = cells.points(t)
        values = cells.values(f, t)
        crossing = values[:, :-1] * values[:, 1:] < 0
        touching = _may_touch(values)
        if int(touching.sum()) < max(MAX_PANELS, len(panels.low)):
            crossing = crossing | touching
        row, column = torch.nonzero(crossing, as_tuple=True)
        low, high = offset[row, column], offset[row, column + 1]
        cells = Panels(cells.anchor[row], low, high, panels.components)
        left, right = values[row, column], values[row, column + 1]
        owner, steps = owner[row], 32
    crossing = left * right < 0
    share = (left / (left - right))[crossing].nan_to_num(0.5).clamp(0, 1)
    roots = cells.low[crossing] + share * (cells.high - cells.low)[crossing]
    return _cut(panels, owner[crossing], roots)


def _may_touch(values: Tensor) -> Tensor:
    """Cells ``(n, m)`` of the grid ``(n, m + 1)`` beside a minimum of ``|f|`` close to zero."""
    size = values.abs()
    edge = torch.full_like(size[:, :1], torch.inf)
    before = torch.cat([edge, size[:, :-1]], 1)
    after = torch.cat([size[:, 1:], edge], 1)
    low = (size <= before) & (size <= after) & (size > 0)
    reach = torch.maximum(
        torch.where(before.isinf(), 0, before), torch.where(after.isinf(), 0, after)
    )
    low &= size <= reach - size
    return low[:, :-1] | low[:, 1:]


def _cut(panels: Panels, owner: Tensor, offset: Tensor) -> Panels:
    """Cut panel ``owner[i]`` at ``offset[i]`` for every ``i``."""
    index = torch.arange(len(panels.low))
    index = torch.cat([index, index, owner])
    edge = torch.cat([panels.low, panels.high, offset])
    order = torch.argsort(edge, stable=True)
    order = order[torch.argsort(index[order], stable=True)]
    index, edge = index[order], edge[order]
    same = index[:-1] == index[1:]
    anchor = panels.anchor[index[:-1][same]]
    return Panels(anchor, edge[:-1][same], edge[1:][same], panels.components)

"""What the quadrature needs of one density, and of two: parameters, panels, logarithms, tails, and
differences without cancellation.

Two densities that are nearly equal differ by less than the rounding error of either. What is
computed here is therefore always the *difference*, from the differences of the parameters. Points
come as anchor and offset, as in `quadrature`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, MixtureSameFamily, Normal, Uniform

from gan_tutorial._engine.quadrature import Panels, gauss_legendre, rows_at_once
from gan_tutorial.distributions import device_of

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
EDGES_IN_STDS = torch.tensor([-40.0, -8.0, -3.0, 0.0, 3.0, 8.0, 40.0], dtype=torch.float64)
MANY = 64  # bells; of so many, edges crowd where one would do
FAR = 1e290  # a |z| beyond this is treated as this: its products still have a sign


class Bells(NamedTuple):
    """A sum of Gaussians: ``(k,)`` tensors, sorted by mean, no two components alike."""

    mean: Tensor
    std: Tensor
    weight: Tensor


class Block(NamedTuple):
    """A uniform density: two 0-d tensors."""

    low: Tensor
    high: Tensor


Density = Bells | Block


def components(distribution: Distribution) -> Density:
    """The parameters in float64, in one order whatever the order they were given in."""
    device = device_of(distribution)
    if isinstance(distribution, Uniform):
        return Block(distribution.low.detach().double(), distribution.high.detach().double())
    if isinstance(distribution, Normal):
        rows = [(distribution.loc.item(), distribution.scale.item(), 1.0)]
    else:
        assert isinstance(distribution, MixtureSameFamily)
        bells = distribution.component_distribution
        assert isinstance(bells, Normal)
        weights = distribution.mixture_distribution.probs
        rows = list(zip(bells.loc.tolist(), bells.scale.tolist(), weights.tolist(), strict=True))
    merged: dict[tuple[float, float], float] = {}
    for mean, std, weight in rows:
        if weight > 0:
            merged[mean, std] = merged.get((mean, std), 0.0) + weight
    table = [(mean, std, weight) for (mean, std), weight in sorted(merged.items())]
    mean, std, weight = torch.tensor(table, dtype=torch.float64, device=device).unbind(1)
    return Bells(mean, std, weight / weight.sum())


def component_pair(
    p: Distribution, q: Distribution, names: tuple[str, str] = ("p", "q")
) -> tuple[Density, Density]:
    """Both densities' components; a ``ValueError`` unless they are on one device."""
    device_p, device_q = device_of(p), device_of(q)
    if device_p != device_q:
        raise ValueError(
            f"{names[0]} and {names[1]} must be on one device; got {device_p} and {device_q}"
        )
    return _partnered(components(p), components(q))


def component_pair_on_cpu(
    p: Distribution, q: Distribution, names: tuple[str, str] = ("p", "q")
) -> tuple[Density, Density]:
    """The same, moved to the CPU, where the quadrature runs: its arrays are small."""
    first, second = component_pair(p, q, names)
    return (
        type(first)(*(t.cpu() for t in first)),
        type(second)(*(t.cpu() for t in second)),
    )


def _partnered(p: Density, q: Density) -> tuple[Density, Density]:
    """Put q's bells into the order of p's, where each has a nearest one of its own."""
    if isinstance(p, Bells) and isinstance(q, Bells) and len(p.mean) == len(q.mean):
        apart = (q.mean - p.mean[:, None]).abs() / p.std[:, None]
        nearest = (apart + (q.std / p.std[:, None]).log().abs()).argmin(1)
        if len(nearest.unique()) == len(nearest):
            q = Bells(*(t[nearest] for t in q))
    return p, q


def panels_for(*densities: Density) -> Panels:
    """Panels that cover all mass and have an edge wherever a density begins, peaks or ends; of
    hundreds of bells, as many edges as tell them apart.

    Edges are kept as base + offset, like all points here, and each panel is anchored at the
    mean or the block's end that is nearest, so that its offsets are as small as can be.
    """
    bases, offsets, centers = [], [], []
    for density in densities:
        if isinstance(density, Block):
            centers += [torch.stack(density)]
            bases += [centers[-1]]
            offsets += [torch.zeros_like(centers[-1])]
        else:
            centers += [density.mean]
            bases += [density.mean.repeat_interleave(len(EDGES_IN_STDS))]
            offsets += [(density.std[:, None] * EDGES_IN_STDS).flatten()]
    base, offset, center = torch.cat(bases), torch.cat(offsets), torch.cat(centers)
    order = offset.argsort(stable=True)
    order = order[(base + offset)[order].argsort(stable=True)]
    base, offset = base[order], offset[order]
    bells = [density for density in densities if isinstance(density, Bells)]
    if sum(len(each.mean) for each in bells) == len(center) > MANY:
        base, offset = _thinned(base, offset, Bells(*map(torch.cat, zip(*bells, strict=True))))
    parts = []
    step = rows_at_once(len(center))  # edges at a time, each against all centers
    for start in range(0, len(base) - 1, step):
        edges = slice(start, start + step + 1)
        position = (base[edges, None] - center) + offset[edges, None]
        nearest = ((position[:-1] + position[1:]) / 2).abs().argmin(1, keepdim=True)
        low, high = (side.gather(1, nearest)[:, 0] for side in (position[:-1], position[1:]))
        parts.append(torch.stack([center[nearest[:, 0]], low, high]))
    anchor, low, high = torch.cat(parts, 1)
    return Panels(anchor, low, high, len(center)).select(high > low)


def _thinned(base: Tensor, offset: Tensor, bells: Bells) -> tuple[Tensor, Tensor]:
    """Of edges in order those that lie half the width apart of the narrowest bell that has mass there.

    There are 7 for each bell, so that of n bells the panels would grow with n, and the work with n².
    """
    rows = rows_at_once(len(bells.mean))
    narrowest = []
    for anchors, offsets in zip(base.split(rows), offset.split(rows), strict=True):
        here = standardised(bells, anchors, offsets).abs() <= -1.01 * EDGES_IN_STDS[0]
        narrowest.append(torch.where(here, bells.std, torch.inf).amin(1))
    scale = torch.cat(narrowest)
    gap = base.diff() + offset.diff()
    cell = (2 * (gap / torch.minimum(scale[:-1], scale[1:])).cumsum(0)).floor()
    kept = torch.ones_like(base, dtype=torch.bool)  # the first of each cell, and both ends
    kept[1:-1] = cell[:-1] > torch.cat([torch.zeros(1, dtype=cell.dtype), cell[:-2]])
    return base[kept], offset[kept]


def log_density(density: Density, anchor: Tensor, offset: Tensor) -> Tensor:
    """``log p`` at ``anchor + offset``, in nats; ``-inf`` outside a block."""
    if isinstance(density, Block):
        inside = ((anchor - density.low) + offset >= 0) & ((density.high - anchor) - offset > 0)
        level = -(density.high - density.low).log()
        return torch.where(inside, level, -torch.inf)
    z = standardised(density, anchor, offset)
    exponents = density.weight.log() - density.std.log() - HALF_LOG_TWO_PI - z * z / 2
    # Never -inf: a Gaussian's tail is small, not empty.
    return exponents.logsumexp(-1).clamp(min=torch.finfo(torch.float64).min)


def tails(density: Density, anchor: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """``F`` and ``1 - F``, each with full relative accuracy."""
    if isinstance(density, Block):
        width = density.high - density.low
        below = ((anchor - density.low) + offset) / width
        above = ((density.high - anchor) - offset) / width
        return below.clamp(0, 1), above.clamp(0, 1)
    z = standardised(density, anchor, offset) / math.sqrt(2)
    return (torch.erfc(-z) / 2) @ density.weight, (torch.erfc(z) / 2) @ density.weight


def standardised(bells: Bells, anchor: Tensor, offset: Tensor) -> Tensor:
    """Standardised positions, one last axis longer than ``anchor + offset``: ``(..., k)``."""
    distance = (anchor[..., None] - bells.mean) + offset[..., None]
    return (distance / bells.std).clamp(-FAR, FAR)


def log_densities_and_ratio(
    p: Density, q: Density, anchor: Tensor, offset: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """``log p``, ``log q`` and ``log p - log q`` at ``anchor + offset``, in nats.

    The ratio has full relative accuracy even where the two densities agree to all digits, or
    underflow. It is ``+inf`` or ``-inf`` where only one is 0, NaN outside both supports.
    """
    if isinstance(p, Bells) and isinstance(q, Bells):
        return _bells_ratio(p, q, anchor, offset)
    log_p, log_q = log_density(p, anchor, offset), log_density(q, anchor, offset)
    ratio = log_p - log_q
    if isinstance(p, Block) and isinstance(q, Block):
        wider = (q.high - p.high) - (q.low - p.low)
        level = _log_quotient(q.high - q.low, p.high - p.low, wider)
        ratio = torch.where(ratio.isfinite(), level, ratio)
    return log_p, log_q, ratio


def _bells_ratio(
    p: Bells, q: Bells, anchor: Tensor, offset: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Every component is measured against the nearest one, ``ref``, point by point.

    log N_k - log N_ref = log(s_ref / s_k) + (z_ref - z_k)(z_ref + z_k) / 2, and the first factor
    comes from the differences of the parameters: (m_k - m_ref) / s_ref + z_k (s_k - s_ref) / s_ref.
    """
    both = Bells(*(torch.cat(pair) for pair in zip(p, q, strict=True)))
    z = standardised(both, anchor, offset)
    ref = z.abs().argmin(-1)
    z_ref, log_ref_std = z.gather(-1, ref[..., None]), both.std.log()[ref]
    nearest, ref = ref.unique(return_inverse=True)  # a few of all: points come panel by panel
    mean_ref, std_ref = both.mean[nearest, None], both.std[nearest, None]
    shift = (both.mean - mean_ref) / std_ref  # [ref, k]
    growth = (both.std - std_ref) / std_ref
    log_scale = _log_quotient(both.std, std_ref)
    # z_ref - z_k: from the parameters where the widths are alike, or it would cancel; directly where
    # they are not, or the parameters' quotients would.
    alike = growth.abs()[ref] < 0.5
    gap = torch.where(alike, shift[ref] + z * growth[ref], z_ref - z)
    terms = both.weight.log() - log_scale[ref] + gap * (z_ref + z) / 2
    over_p, over_q = terms.split([len(p.mean), len(q.mean)], -1)
    sum_p, sum_q = over_p.logsumexp(-1), over_q.logsumexp(-1)
    ratio = sum_p - sum_q
    if len(p.mean) == len(q.mean) > 1:
        ratio = _paired_ratio(p, q, z, over_q - sum_q[..., None], ratio)
    log_ref = -(z_ref[..., 0] ** 2) / 2 - log_ref_std - HALF_LOG_TWO_PI
    return log_ref + sum_p, log_ref + sum_q, ratio


def _paired_ratio(p: Bells, q: Bells, z: Tensor, log_posterior: Tensor, ratio: Tensor) -> Tensor:
    """Where all components are close pairwise, p/q - 1 = sum_k (q_k / q) (p_k / q_k - 1)."""
    z_p, z_q = z.split(len(p.mean), -1)
    gap = (p.mean - q.mean) / q.std + z_p * ((p.std - q.std) / q.std)  # z_q - z_p
    log_pair = _log_quotient(p.weight, q.weight) - _log_quotient(p.std, q.std)
    log_pair = log_pair + gap * (z_q + z_p) / 2
    close = (log_pair.abs() < 1).all(-1)
    excess = (log_posterior.exp() * log_pair.clamp(-1, 1).expm1()).sum(-1)
    return torch.where(close, excess.clamp(min=-0.9).log1p(), ratio)


def cdf_difference(p: Density, q: Density, anchor: Tensor, offset: Tensor) -> Tensor:
    """``F_p - F_q`` at ``anchor + offset``, from whichever tails are the smaller ones."""
    (below_p, above_p), (below_q, above_q) = tails(p, anchor, offset), tails(q, anchor, offset)
    difference = torch.where(below_p + below_q < 1, below_p - below_q, above_q - above_p)
    if not (isinstance(p, Bells) and isinstance(q, Bells) and len(p.mean) == len(q.mean)):
        return difference
    z_p, z_q = standardised(p, anchor, offset), standardised(q, anchor, offset)
    growth = (q.std - p.std) / q.std
    gap = (q.mean - p.mean) / q.std + z_p * growth  # z_p - z_q
    close = ((gap.abs() < 0.5) & (growth.abs() < 0.5)).all(-1)
    if not close.any():
        return difference
    t, rule = gauss_legendre(8)
    bell = (-((z_q[..., None] + gap.clamp(-0.5, 0.5)[..., None] * t) ** 2) / 2).exp() @ rule
    moved = (p.weight * gap * bell).sum(-1) / math.sqrt(2 * math.pi)
    # The weights' differences sum to 0, so either tail may stand for the distribution function.
    lower = (z_q.mean(-1, keepdim=True) < 0).double()
    tail = torch.erfc((1 - 2 * lower) * z_q / math.sqrt(2)) / 2 * (2 * lower - 1)
    return torch.where(close, moved + ((p.weight - q.weight) * tail).sum(-1), difference)


def _log_quotient(a: Tensor, b: Tensor, difference: Tensor | None = None) -> Tensor:
    """``log(a / b)``, accurate when they nearly agree: from their ``difference`` ``a - b``."""
    change = (a - b if difference is None else difference) / b
    return torch.where(change.abs() < 0.5, change.clamp(-0.5, 0.5).log1p(), a.log() - b.log())

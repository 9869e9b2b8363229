"""What the quadrature needs of one density: its parameters, its panels, its logarithm, its tails.

Points come as anchor and offset, as in :mod:`gan_tutorial._quadrature`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch.distributions import Normal, Uniform

from gan_tutorial._quadrature import Panels
from gan_tutorial.distributions import device_of

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
EDGES_IN_STDS = torch.tensor([-40.0, -8.0, -3.0, 0.0, 3.0, 8.0, 40.0], dtype=torch.float64)
FAR = 1e290  # a |z| beyond this is treated as this: its products still have a sign


class Bells(NamedTuple):
    """A sum of Gaussians: ``(k,)`` tensors, sorted by mean, no two components alike."""

    mean: torch.Tensor
    std: torch.Tensor
    weight: torch.Tensor


class Block(NamedTuple):
    """A uniform density: two 0-d tensors."""

    low: torch.Tensor
    high: torch.Tensor


def components(distribution) -> Bells | Block:
    """The parameters in float64, in one order whatever the order they were given in."""
    device = device_of(distribution)
    if isinstance(distribution, Uniform):
        return Block(distribution.low.detach().double(), distribution.high.detach().double())
    if isinstance(distribution, Normal):
        rows = [(distribution.loc.item(), distribution.scale.item(), 1.0)]
    else:
        bells = distribution.component_distribution
        weights = distribution.mixture_distribution.probs
        rows = zip(bells.loc.tolist(), bells.scale.tolist(), weights.tolist(), strict=True)
    merged: dict[tuple[float, float], float] = {}
    for mean, std, weight in rows:
        if weight > 0:
            merged[mean, std] = merged.get((mean, std), 0.0) + weight
    table = [(mean, std, weight) for (mean, std), weight in sorted(merged.items())]
    mean, std, weight = torch.tensor(table, dtype=torch.float64, device=device).unbind(1)
    return Bells(mean, std, weight / weight.sum())


def component_pair(p, q, names: tuple[str, str] = ("p", "q")) -> tuple[Bells | Block, ...]:
    """Both densities' components; a ``ValueError`` unless they are on one device."""
    device_p, device_q = device_of(p), device_of(q)
    if device_p != device_q:
        raise ValueError(
            f"{names[0]} and {names[1]} must be on one device; got {device_p} and {device_q}"
        )
    return _partnered(components(p), components(q))


def component_pair_on_cpu(p, q, names: tuple[str, str] = ("p", "q")) -> tuple[Bells | Block, ...]:
    """The same, moved to the CPU, where the quadrature runs: its arrays are small."""
    pair = component_pair(p, q, names)
    return tuple(type(density)(*(t.cpu() for t in density)) for density in pair)


def _partnered(p: Bells | Block, q: Bells | Block) -> tuple[Bells | Block, Bells | Block]:
    """Put q's bells into the order of p's, where each has a nearest one of its own."""
    if isinstance(p, Bells) and isinstance(q, Bells) and len(p.mean) == len(q.mean):
        apart = (q.mean - p.mean[:, None]).abs() / p.std[:, None]
        nearest = (apart + (q.std / p.std[:, None]).log().abs()).argmin(1)
        if len(nearest.unique()) == len(nearest):
            q = Bells(*(t[nearest] for t in q))
    return p, q


def panels_for(*densities: Bells | Block) -> Panels:
    """Panels that cover all mass and have an edge wherever a density begins, peaks or ends.

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
    position = (base[order, None] - center) + offset[order, None]  # of each edge, from each center
    middle = (position[:-1] + position[1:]) / 2
    nearest = middle.abs().argmin(1, keepdim=True)
    low, high = position[:-1].gather(1, nearest)[:, 0], position[1:].gather(1, nearest)[:, 0]
    return Panels(center[nearest[:, 0]], low, high).select(high > low)


def log_density(density: Bells | Block, anchor, offset) -> torch.Tensor:
    """``log p`` at ``anchor + offset``, in nats; ``-inf`` outside a block."""
    if isinstance(density, Block):
        inside = ((anchor - density.low) + offset >= 0) & ((density.high - anchor) - offset > 0)
        level = -(density.high - density.low).log()
        return torch.where(inside, level, -torch.inf)
    z = standardised(density, anchor, offset)
    exponents = density.weight.log() - density.std.log() - HALF_LOG_TWO_PI - z * z / 2
    # Never -inf: a Gaussian's tail is small, not empty.
    return exponents.logsumexp(-1).clamp(min=torch.finfo(torch.float64).min)


def tails(density: Bells | Block, anchor, offset) -> tuple[torch.Tensor, torch.Tensor]:
    """``F`` and ``1 - F``, each with full relative accuracy."""
    if isinstance(density, Block):
        width = density.high - density.low
        below = ((anchor - density.low) + offset) / width
        above = ((density.high - anchor) - offset) / width
        return below.clamp(0, 1), above.clamp(0, 1)
    z = standardised(density, anchor, offset) / math.sqrt(2)
    return (torch.erfc(-z) / 2) @ density.weight, (torch.erfc(z) / 2) @ density.weight


def standardised(bells: Bells, anchor, offset) -> torch.Tensor:
    """Standardised positions, one last axis longer than ``anchor + offset``: ``(..., k)``."""
    distance = (anchor[..., None] - bells.mean) + offset[..., None]
    return (distance / bells.std).clamp(-FAR, FAR)

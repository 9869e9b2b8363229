"""Log-ratios and differences of distribution functions of two densities, without cancellation.

Two densities that are nearly equal differ by less than the rounding error of either. What is
computed here is therefore always the *difference*, from the differences of the parameters.
"""

from __future__ import annotations

import math

import torch

from gan_tutorial._components import (
    HALF_LOG_TWO_PI,
    Bells,
    Block,
    log_density,
    standardised,
    tails,
)
from gan_tutorial._quadrature import gauss_legendre


def log_densities_and_ratio(p, q, anchor, offset):
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


def _bells_ratio(p: Bells, q: Bells, anchor, offset):
    """Every component is measured against the nearest one, ``ref``, point by point.

    log N_k - log N_ref = log(s_ref / s_k) + (z_ref - z_k)(z_ref + z_k) / 2, and the first factor
    comes from the differences of the parameters: (m_k - m_ref) / s_ref + z_k (s_k - s_ref) / s_ref.
    """
    both = Bells(*(torch.cat(pair) for pair in zip(p, q, strict=True)))
    z = standardised(both, anchor, offset)
    shift = (both.mean - both.mean[:, None]) / both.std[:, None]  # [ref, k]
    growth = (both.std - both.std[:, None]) / both.std[:, None]
    log_scale = _log_quotient(both.std, both.std[:, None])
    ref = z.abs().argmin(-1)
    z_ref = z.gather(-1, ref[..., None])
    gap = shift[ref] + z * growth[ref]
    terms = both.weight.log() - log_scale[ref] + gap * (z_ref + z) / 2
    over_p, over_q = terms.split([len(p.mean), len(q.mean)], -1)
    sum_p, sum_q = over_p.logsumexp(-1), over_q.logsumexp(-1)
    ratio = sum_p - sum_q
    if len(p.mean) == len(q.mean) > 1:
        ratio = _paired_ratio(p, q, z, over_q - sum_q[..., None], ratio)
    log_ref = -(z_ref[..., 0] ** 2) / 2 - both.std.log()[ref] - HALF_LOG_TWO_PI
    return log_ref + sum_p, log_ref + sum_q, ratio


def _paired_ratio(p: Bells, q: Bells, z, log_posterior, ratio):
    """Where all components are close pairwise, p/q - 1 = sum_k (q_k / q) (p_k / q_k - 1)."""
    z_p, z_q = z.split(len(p.mean), -1)
    gap = (p.mean - q.mean) / q.std + z_p * ((p.std - q.std) / q.std)  # z_q - z_p
    log_pair = _log_quotient(p.weight, q.weight) - _log_quotient(p.std, q.std)
    log_pair = log_pair + gap * (z_q + z_p) / 2
    close = (log_pair.abs() < 1).all(-1)
    excess = (log_posterior.exp() * log_pair.clamp(-1, 1).expm1()).sum(-1)
    return torch.where(close, excess.clamp(min=-0.9).log1p(), ratio)


def cdf_difference(p, q, anchor, offset) -> torch.Tensor:
    """``F_p - F_q`` at ``anchor + offset``, from whichever tails are the smaller ones."""
    (below_p, above_p), (below_q, above_q) = tails(p, anchor, offset), tails(q, anchor, offset)
    difference = torch.where(below_p + below_q < 1, below_p - below_q, above_q - above_p)
    if not (isinstance(p, Bells) and isinstance(q, Bells) and len(p.mean) == len(q.mean)):
        return difference
    z_p, z_q = standardised(p, anchor, offset), standardised(q, anchor, offset)
    gap = (q.mean - p.mean) / q.std + z_p * ((q.std - p.std) / q.std)  # z_p - z_q
    close = (gap.abs() < 0.5).all(-1)
    if not close.any():
        return difference
    t, rule = gauss_legendre(8)
    bell = (-((z_q[..., None] + gap.clamp(-0.5, 0.5)[..., None] * t) ** 2) / 2).exp() @ rule
    moved = (p.weight * gap * bell).sum(-1) / math.sqrt(2 * math.pi)
    # The weights' differences sum to 0, so either tail may stand for the distribution function.
    lower = (z_q.mean(-1, keepdim=True) < 0).double()
    tail = torch.erfc((1 - 2 * lower) * z_q / math.sqrt(2)) / 2 * (2 * lower - 1)
    return torch.where(close, moved + ((p.weight - q.weight) * tail).sum(-1), difference)


def _log_quotient(a: torch.Tensor, b: torch.Tensor, difference=None) -> torch.Tensor:
    """``log(a / b)``, accurate when they nearly agree: from their ``difference`` ``a - b``."""
    change = (a - b if difference is None else difference) / b
    return torch.where(change.abs() < 0.5, change.clamp(-0.5, 0.5).log1p(), a.log() - b.log())

"""The same divergences from samples: what can honestly be said, and how wrong it may be.

====================================  =====================================  =====================
estimator                             needs                                  bias
====================================  =====================================  =====================
``kl_from_samples``                   x from p, both densities               none
``js_from_samples``                   x from p, y from q, both densities     none
``total_variation_from_samples``      x from p, both densities               none
``js_lower_bound``                    logits of any D on fresh samples       downwards
``wasserstein1_from_samples``         x from p, y from q                     upwards
====================================  =====================================  =====================

Samples alone, without densities, give no unbiased estimate of KL, JSD or total variation; that is
why a GAN trains a discriminator, and what it gets from it is the lower bound. Samples have shape
``(n, 1)`` or ``(n,)``, as :func:`gan_tutorial.distributions.sample` returns them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch.nn.functional import softplus

from gan_tutorial.game import optimal_logit

__all__ = [
    "Estimate",
    "js_from_samples",
    "js_lower_bound",
    "kl_from_samples",
    "total_variation_from_samples",
    "wasserstein1_from_samples",
]

LOG2 = math.log(2)


class Estimate(NamedTuple):
    """A mean over independent samples and its standard error, in the same units.

    An infinite mean has no standard error: it is NaN then.
    """

    value: float
    standard_error: float


@torch.no_grad()
def kl_from_samples(p, q, x: torch.Tensor) -> Estimate:
    r"""Unbiased Monte Carlo for :math:`KL(p\|q)`: the mean of ``log p - log q`` over x from p.

    In nats. Single estimates can be negative though KL cannot, and where ``p/q`` has heavy tails
    the standard error is itself too small: it only knows the samples it saw.
    """
    return _mean(optimal_logit(p, q, _points("x", x)))


@torch.no_grad()
def js_from_samples(p, q, x: torch.Tensor, y: torch.Tensor) -> Estimate:
    r"""Unbiased Monte Carlo for JSD, in nats, from x of p and y of q: ``js_lower_bound`` at D*.

    .. math::  \tfrac12 E_p[\log(2D^*)] + \tfrac12 E_q[\log(2(1-D^*))]
    """
    x, y = _points("x", x), _points("y", y)
    return js_lower_bound(optimal_logit(p, q, x), optimal_logit(p, q, y))


@torch.no_grad()
def js_lower_bound(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> Estimate:
    r"""What a discriminator knows about JSD: :math:`(V(D, G) + \log 4)/2`, in nats.

    Takes its logits on real and on generated samples, any shapes. Since
    :math:`V(D, G) \le -\log 4 + 2\,JSD` for every D (Theorem 1 of Goodfellow et al. 2014,
    arXiv:1406.2661), the expectation lies *below* JSD, by as much as D falls short of D*. That
    holds for samples D was not trained on; on its training samples D can exceed JSD by overfitting.
    """
    real, fake = _logits("real_logits", real_logits), _logits("fake_logits", fake_logits)
    on_real, on_fake = _mean(LOG2 - softplus(-real)), _mean(LOG2 - softplus(fake))
    error = math.hypot(on_real.standard_error, on_fake.standard_error) / 2
    return Estimate((on_real.value + on_fake.value) / 2, error)


@torch.no_grad()
def total_variation_from_samples(p, q, x: torch.Tensor) -> Estimate:
    r"""Unbiased Monte Carlo for total variation: :math:`E_p[\max(0, 1 - q/p)]`, x from p."""
    log_ratio = optimal_logit(p, q, _points("x", x))
    return _mean(-torch.expm1(-log_ratio.clamp(min=0)))


@torch.no_grad()
def wasserstein1_from_samples(x: torch.Tensor, y: torch.Tensor) -> float:
    r"""W1 between the two *empirical* distributions, exactly: :math:`\int |F_x - F_y|`.

    In units of x; ``x`` and ``y`` may differ in size. As an estimate of the W1 behind the samples
    it is biased upwards (W1 is convex, so noise can only add on average): about
    :math:`n^{-1/2}` when the densities are equal, much less when they are far apart.
    """
    x, y = (_points(name, t).flatten().sort().values for name, t in (("x", x), ("y", y)))
    if x.device != y.device:
        raise ValueError(f"x and y must be on one device; got {x.device} and {y.device}")
    steps = torch.cat([x, y]).sort().values
    share_x = torch.searchsorted(x, steps[:-1], right=True).double() / len(x)
    share_y = torch.searchsorted(y, steps[:-1], right=True).double() / len(y)
    return ((share_x - share_y).abs() * steps.diff()).sum().item()


def _mean(values: torch.Tensor) -> Estimate:
    values = values.flatten().double()
    mean = values.mean().item()
    error = values.std().item() / math.sqrt(len(values)) if math.isfinite(mean) else math.nan
    return Estimate(mean, error)


def _points(name: str, x) -> torch.Tensor:
    shape_ok = isinstance(x, torch.Tensor) and (x.ndim == 1 or (x.ndim == 2 and x.shape[1] == 1))
    if not shape_ok or len(x) < 2:
        got = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"{name} must be a tensor of at least 2 points, (n, 1) or (n,); got {got}")
    if x.is_complex():
        raise ValueError(f"{name} must hold real numbers; got {x.dtype}")
    strange = x[~torch.isfinite(x)]
    if len(strange) > 0:
        raise ValueError(
            f"{name} must hold finite numbers; got {strange[0].item()} among {len(x)} points"
        )
    return x.double()


def _logits(name: str, s) -> torch.Tensor:
    if not isinstance(s, torch.Tensor) or s.numel() < 2:
        got = tuple(s.shape) if isinstance(s, torch.Tensor) else type(s).__name__
        raise ValueError(f"{name} must be a tensor of at least 2 logits; got {got}")
    if s.isnan().any():
        raise ValueError(f"{name} must not contain NaN; got {int(s.isnan().sum())} of them")
    return s.double()

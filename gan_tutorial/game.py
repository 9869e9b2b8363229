r"""The game of Goodfellow et al. 2014 (arXiv:1406.2661), solved exactly in one dimension.

.. math::  V(D, G) = E_{p_{data}}[\log D(x)] + E_{p_g}[\log(1 - D(x))]        \qquad (1)

The discriminator appears here as its *logit* :math:`s(x)`, with :math:`D = \sigma(s)`: logarithms
of D and of 1 - D then never lose their digits. Densities come from `gan_tutorial.distributions`;
values are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.nn.functional import softplus

from gan_tutorial._engine.densities import (
    component_pair,
    component_pair_on_cpu,
    log_densities_and_ratio,
    panels_for,
)
from gan_tutorial._engine.quadrature import RELATIVE_TOLERANCE, integrate
from gan_tutorial.distributions import device_of
from gan_tutorial.divergences import js

__all__ = ["optimal_discriminator", "optimal_logit", "value", "virtual_criterion"]

NAMES = ("p_data", "p_g")
LOG4 = math.log(4)


@torch.no_grad()
def value(
    p_data: Distribution, p_g: Distribution, discriminator: Callable[[Tensor], Tensor]
) -> float:
    r"""The value :math:`V(D, G)` of equation (1): integrated, not sampled, so free of noise.

    It is accurate to about 1e-12 for smooth logits in float64, 1e-6 in float32. With the best D::

        value(p_data, p_g, partial(optimal_logit, p_data, p_g))

    Args:
        p_data: made by `gan_tutorial.distributions`.
        p_g: likewise, on the same device.
        discriminator: from points `(n, 1)` to *logits* `(n, 1)` or `(n,)`. Any function, or a
            `torch.nn.Module`, which gets its points in its own precision and on its own device, and is
            taken in the mode it is in (call its `eval()` first if it has dropout or batch norm).

    Returns:
        Nats, at most :math:`-\log 4 + 2\,JSD` (Theorem 1); `-inf` if D is certain and wrong somewhere.

    Raises:
        ValueError: a density is something else, devices differ, or D gives no number somewhere.
    """
    data, generated = component_pair_on_cpu(p_data, p_g, NAMES)
    like, tolerance = _precision(discriminator, p_data)

    def integrand(anchor: Tensor, offset: Tensor) -> Tensor:
        x = (anchor + offset).reshape(-1, 1)
        s = _checked_logits(discriminator(x.to(like)), x).reshape(offset.shape)
        log_data, log_generated, _ = log_densities_and_ratio(data, generated, anchor, offset)
        _refuse_nan(s, torch.maximum(log_data, log_generated), anchor + offset)
        return _weighted(log_data, -softplus(-s)) + _weighted(log_generated, -softplus(s))

    return integrate(integrand, panels_for(data, generated), tolerance)


def optimal_logit(p_data: Distribution, p_g: Distribution, x: Tensor) -> Tensor:
    r"""The optimal logit :math:`s^*(x) = \log p_{data}(x) - \log p_g(x)`.

    Computed as a difference from the start, so it stays right where both densities underflow.

    Args:
        p_data: made by `gan_tutorial.distributions`.
        p_g: likewise, on the same device.
        x: points of any shape, on that device, in units of x.

    Returns:
        Logits of the shape of `x`, float64, differentiable in `x`. `+inf` where only the data can be,
        `-inf` where only the generator can, NaN outside both supports.

    Raises:
        ValueError: a density is something else, devices differ, or `x` is no tensor of real numbers.
    """
    data, generated = component_pair(p_data, p_g, NAMES)
    if not isinstance(x, Tensor):
        raise ValueError(f"x must be a torch.Tensor of points; got {type(x).__name__}")
    if x.is_complex() or x.device != data[0].device:
        raise ValueError(
            f"x must hold real numbers on the densities' device, {data[0].device}; "
            f"got {x.dtype} on {x.device}"
        )
    x = x.double()
    return log_densities_and_ratio(data, generated, x, torch.zeros_like(x))[2]


def optimal_discriminator(p_data: Distribution, p_g: Distribution, x: Tensor) -> Tensor:
    r"""The best reply to a fixed generator, Proposition 1 of Goodfellow et al. 2014:

    .. math::  D^*_G(x) = \frac{p_{data}(x)}{p_{data}(x) + p_g(x)} = \sigma(s^*(x))

    Args:
        p_data: made by `gan_tutorial.distributions`.
        p_g: likewise, on the same device.
        x: points of any shape, on that device, in units of x.

    Returns:
        Probabilities of the shape of `x`, float64. Exactly 1 or 0 where only one density lives, NaN
        outside both supports, where nothing defines it.

    Raises:
        ValueError: as `optimal_logit`.
    """
    return torch.sigmoid(optimal_logit(p_data, p_g, x))


def virtual_criterion(p_data: Distribution, p_g: Distribution) -> float:
    r"""The criterion :math:`C(G) = \max_D V(D, G) = -\log 4 + 2\,JSD(p_{data}\|p_g)`.

    Theorem 1 of Goodfellow et al. 2014.

    Args:
        p_data: made by `gan_tutorial.distributions`.
        p_g: likewise, on the same device.

    Returns:
        Nats, in [-log 4, 0]; `-log 4` only for :math:`p_g = p_{data}`.

    Raises:
        ValueError: an argument is something else, or the devices differ.
    """
    component_pair(p_data, p_g, NAMES)
    return 2 * js(p_data, p_g) - LOG4


def _weighted(log_weight: Tensor, term: Tensor) -> Tensor:
    """`exp(log_weight) * term`, and 0 wherever the weight is: D is free outside a support."""
    weight = log_weight.exp()
    return torch.where(weight > 0, weight * term, 0.0)


def _checked_logits(s: object, x: Tensor) -> Tensor:
    if not isinstance(s, Tensor) or s.numel() != x.numel():
        got = tuple(s.shape) if isinstance(s, Tensor) else type(s).__name__
        raise ValueError(
            f"discriminator must map points (n, 1) to n logits, shape (n, 1) or (n,); "
            f"for {tuple(x.shape)} it gave {got}"
        )
    return s.double().cpu()


def _refuse_nan(s: Tensor, log_weight: Tensor, x: Tensor) -> None:
    """NaN is right outside both supports, where nothing defines D, and wrong inside."""
    wrong = s.isnan() & (log_weight > -math.inf)
    if wrong.any():
        at = x[wrong][0].item()
        raise ValueError(
            f"discriminator must give a number wherever a density lives; got NaN at x = {at:g}"
        )


def _precision(
    discriminator: Callable[[Tensor], Tensor], p_data: Distribution
) -> tuple[Tensor, float]:
    """A tensor whose precision and device the points should have, and a tolerance to match."""
    if isinstance(discriminator, torch.nn.Module):
        like = next(discriminator.parameters(), None)
        if like is not None:
            return like, 1e-10 if like.dtype == torch.float64 else 1e-6
    return torch.empty(0, dtype=torch.float64, device=device_of(p_data)), RELATIVE_TOLERANCE

"""One-dimensional densities to think with: a bell, a few bells, a block.

All three are ordinary `torch.distributions` objects in float64, so `log_prob`, `cdf` and `sample`
are torch's own. What this module adds is arguments that are checked, sampling from an explicit
generator, quantiles, and a handful of named examples.

    >>> p = mixture(means=[-1.5, 1.5], stds=[0.5, 0.8], weights=[0.4, 0.6])
    >>> sample(p, 3, torch.Generator().manual_seed(0)).shape
    torch.Size([3, 1])
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal, Uniform

__all__ = ["PRESETS", "mixture", "normal", "quantiles", "sample", "uniform"]

Number = float | Tensor
Numbers = Sequence[float] | Tensor
Device = torch.device | str | None

WEIGHT_TOLERANCE = 1e-6  # how far from 1 the weights may sum before we call it a mistake


def normal(mean: Number, std: Number, *, device: Device = None) -> Normal:
    r"""The bell :math:`N(x; \mu, \sigma^2)`.

    Args:
        mean: :math:`\mu`, a finite number or a 0-d tensor, in units of x.
        std: :math:`\sigma`, likewise, positive.
        device: where the density lives; None: where its arguments are.

    Returns:
        The density, in float64.

    Raises:
        ValueError: an argument is not such a number, or the two are on different devices.
    """
    device = _common_device(device, mean=mean, std=std)
    mean = _numbers("mean", mean, 0)
    std = _numbers("std", std, 0, positive=True)
    return Normal(mean.to(device), std.to(device), validate_args=False)


def mixture(
    means: Numbers, stds: Numbers, weights: Numbers, *, device: Device = None
) -> MixtureSameFamily:
    r"""A weighted sum of bells, :math:`p(x) = \sum_k w_k\, N(x; \mu_k, \sigma_k^2)`.

    Args:
        means: :math:`\mu_k`, a sequence or tensor `(k,)` of finite numbers, k at least 1.
        stds: :math:`\sigma_k`, `(k,)`, positive.
        weights: :math:`w_k`, `(k,)`, not negative, of sum 1. A weight of exactly 0 switches a component
            off; a sum that misses 1 by rounding alone is put right.
        device: where the density lives; None: where its arguments are.

    Returns:
        The density, in float64.

    Raises:
        ValueError: an argument is not such a sequence, lengths differ, or the arguments are on
            different devices.
    """
    device = _common_device(device, means=means, stds=stds, weights=weights)
    means = _numbers("means", means, 1)
    stds = _numbers("stds", stds, 1, positive=True)
    weights = _numbers("weights", weights, 1)
    if not len(means) == len(stds) == len(weights) or len(means) == 0:
        raise ValueError(
            f"means, stds and weights must have one common length of at least 1; "
            f"got lengths {len(means)}, {len(stds)} and {len(weights)}"
        )
    if (weights < 0).any():
        raise ValueError(f"weights must not be negative; got {weights.tolist()}")
    total = weights.sum().item()
    if abs(total - 1) > WEIGHT_TOLERANCE:
        raise ValueError(
            f"weights must sum to 1; got {weights.tolist()}, which sum to {total:.6g} "
            f"(divide them by their sum)"
        )
    # Given probabilities, Categorical lifts a weight of 0 to 2e-16; logits keep it at 0.
    chooser = Categorical(logits=(weights / total).log().to(device), validate_args=False)
    bells = Normal(means.to(device), stds.to(device), validate_args=False)
    return MixtureSameFamily(chooser, bells, validate_args=False)


def uniform(low: Number, high: Number, *, device: Device = None) -> Uniform:
    r"""The block :math:`p(x) = 1/(\text{high} - \text{low})` on :math:`[\text{low}, \text{high})`.

    Outside the block `log_prob` is `-inf`: a value, not an error.

    Args:
        low: the left end, a finite number or a 0-d tensor, in units of x.
        high: the right end, likewise, above `low`.
        device: where the density lives; None: where its arguments are.

    Returns:
        The density, in float64.

    Raises:
        ValueError: an argument is not such a number, `low` is not below `high`, or the two are on
            different devices.
    """
    device = _common_device(device, low=low, high=high)
    low = _numbers("low", low, 0)
    high = _numbers("high", high, 0)
    if not low < high:
        raise ValueError(
            f"low must lie below high; got low={low.item():g} and high={high.item():g}"
        )
    if not torch.isfinite(high - low):
        raise ValueError(
            f"high - low must be finite in float64; got low={low.item():g} and high={high.item():g}"
        )
    return Uniform(low.to(device), high.to(device), validate_args=False)


def sample(distribution: Distribution, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Independent points of a density, one row each: the shape that every network here takes.

    Args:
        distribution: made by `normal`, `mixture` or `uniform`.
        n: how many points, at least 0.
        generator: on the distribution's device; the same state gives the same points. None: torch's
            global one.

    Returns:
        The points, `(n, 1)`, float64, on the distribution's device, in units of x.

    Raises:
        ValueError: `distribution` or `n` is something else, or the devices differ.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"n must be a whole number of points, at least 0; got {n!r}")
    where = device_of(distribution)
    if generator is not None and generator.device.type != where.type:
        raise ValueError(
            f"generator must live on the distribution's device, {where}; got one on "
            f"{generator.device} (try torch.Generator(device={where.type!r}))"
        )
    uniformly = partial(torch.rand, n, 1, generator=generator, dtype=torch.float64, device=where)
    if isinstance(distribution, Uniform):
        low, high = distribution.low.double(), distribution.high.double()
        return low + (high - low) * uniformly()
    if isinstance(distribution, Normal):
        mean, std = distribution.loc, distribution.scale
    else:
        assert isinstance(distribution, MixtureSameFamily)
        bells = distribution.component_distribution
        assert isinstance(bells, Normal)
        # A uniform number falls into one of the steps of the cumulated weights.
        steps = distribution.mixture_distribution.probs.double().cumsum(0)[:-1].contiguous()
        which = torch.bucketize(uniformly(), steps, right=True)
        mean, std = bells.loc[which], bells.scale[which]
    noise = torch.randn(n, 1, generator=generator, dtype=torch.float64, device=where)
    return mean + std * noise


def quantiles(distribution: Distribution, n: int) -> Tensor:
    r"""The points :math:`F^{-1}((i - \frac12)/n)` for i = 1, …, n.

    They cut the probability into n equal shares, and each stands in the middle of its share. They are
    found by bisection between -1000 and 1000.

    Args:
        distribution: anything with a `cdf`.
        n: how many points.

    Returns:
        The points, `(n,)`, float64, increasing, in units of x.
    """
    share = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    low, high = torch.full_like(share, -1e3), torch.full_like(share, 1e3)
    for _ in range(70):
        middle = (low + high) / 2
        below = distribution.cdf(middle) < share
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def device_of(distribution: object) -> torch.device:
    """The device of a density that was made here.

    Args:
        distribution: made by `normal`, `mixture` or `uniform`.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(distribution, Normal) and distribution.batch_shape == ():
        return distribution.loc.device
    if isinstance(distribution, Uniform) and distribution.batch_shape == ():
        return distribution.low.device
    if isinstance(distribution, MixtureSameFamily) and distribution.batch_shape == ():
        bells = distribution.component_distribution
        if isinstance(bells, Normal):
            return bells.loc.device
    raise ValueError(
        f"expected one density in one dimension, made by normal, mixture or uniform; "
        f"got {distribution!r}"
    )


def _common_device(device: Device, **arguments: object) -> torch.device:
    """The device asked for, else the one that all tensor arguments share, else the CPU."""
    found = {name: a.device for name, a in arguments.items() if isinstance(a, Tensor)}
    if device is not None:
        return torch.device(device)
    if len(set(found.values())) > 1:
        listing = ", ".join(f"{name} on {where}" for name, where in found.items())
        raise ValueError(f"all arguments must be on one device; got {listing}")
    return next(iter(found.values()), torch.device("cpu"))


def _numbers(name: str, value: object, ndim: int, positive: bool = False) -> Tensor:
    """`value` as a finite float64 tensor with `ndim` dimensions, or a ValueError."""
    allowed = f"{'positive' if positive else 'finite'} {'number' if ndim == 0 else 'numbers'}"
    try:
        tensor = torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} must be {_shape_word(ndim, allowed)}; got {value!r}") from None
    if tensor.ndim != ndim:
        raise ValueError(
            f"{name} must be {_shape_word(ndim, allowed)}; got shape {tuple(tensor.shape)}"
        )
    if not torch.isfinite(tensor).all() or (positive and (tensor <= 0).any()):
        raise ValueError(f"{name} must be {_shape_word(ndim, allowed)}; got {tensor.tolist()}")
    return tensor


def _shape_word(ndim: int, allowed: str) -> str:
    return f"one {allowed}" if ndim == 0 else f"a sequence of {allowed}, shape (k,)"


PRESETS = MappingProxyType(
    {
        "bell": normal(0.0, 1.0),
        "narrow-bell": normal(0.0, 0.2),
        "two-bells": mixture([-1.5, 1.5], [0.5, 0.8], [0.4, 0.6]),
        "three-bells": mixture([-3.0, 0.0, 2.5], [0.6, 0.4, 0.9], [0.3, 0.3, 0.4]),
        "far-apart": mixture([-4.0, 4.0], [0.5, 0.5], [0.5, 0.5]),
        "block": uniform(-1.0, 1.0),
    }
)
"""The named examples of the chapters and figures, from name to density, on the CPU: `"bell"`,
`"narrow-bell"`, `"two-bells"`, `"three-bells"`, `"far-apart"` and `"block"`.
"""

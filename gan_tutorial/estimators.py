"""What a discriminator can say of a divergence from samples, and how wrong it may be.

Samples alone, without densities, give no unbiased estimate of KL, JSD or total variation; that is
why a GAN trains a discriminator. What it gets from it is a lower bound of the JSD.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = ["Estimate", "js_lower_bound"]

LOG2 = math.log(2)


class Estimate(NamedTuple):
    """A mean over independent samples and its standard error, in the same units.

    Attributes:
        value: the mean.
        standard_error: of the mean; NaN where the mean is infinite.
    """

    value: float
    standard_error: float


@torch.no_grad()
def js_lower_bound(real_logits: Tensor, fake_logits: Tensor) -> Estimate:
    r"""What a discriminator knows about the JSD: :math:`(V(D, G) + \log 4)/2`.

    Since :math:`V(D, G) \le -\log 4 + 2\,JSD` for every D (Theorem 1 of Goodfellow et al. 2014,
    arXiv:1406.2661), the expectation lies *below* the JSD, by as much as D falls short of
    :math:`D^*`. That holds for samples that D was not trained on; on its training samples D can exceed
    the JSD by overfitting.

    Args:
        real_logits: the discriminator's logits on real samples, any shape, at least two.
        fake_logits: those on generated samples, likewise.

    Returns:
        The estimate, in nats.

    Raises:
        ValueError: logits are no tensor, fewer than two, or NaN.
    """
    real, fake = _logits("real_logits", real_logits), _logits("fake_logits", fake_logits)
    on_real, on_fake = _mean(LOG2 - softplus(-real)), _mean(LOG2 - softplus(fake))
    error = math.hypot(on_real.standard_error, on_fake.standard_error) / 2
    return Estimate((on_real.value + on_fake.value) / 2, error)


def _mean(values: Tensor) -> Estimate:
    values = values.flatten().double()
    mean = values.mean().item()
    error = values.std().item() / math.sqrt(len(values)) if math.isfinite(mean) else math.nan
    return Estimate(mean, error)


def _logits(name: str, s: object) -> Tensor:
    if not isinstance(s, Tensor) or s.numel() < 2:
        got = tuple(s.shape) if isinstance(s, Tensor) else type(s).__name__
        raise ValueError(f"{name} must be a tensor of at least 2 logits; got {got}")
    if s.isnan().any():
        raise ValueError(f"{name} must not contain NaN; got {int(s.isnan().sum())} of them")
    return s.double()

r"""Parzen windows: the log-likelihood by which the GAN paper measured its samples.

A generator gives samples but no density. A small Gaussian on each of n samples makes one:

.. math:: \hat p_\sigma(x) = \frac1n \sum_{j=1}^n N(x;\, y_j,\, \sigma^2 I)

Goodfellow et al. 2014 (arXiv:1406.2661), section 5, report :math:`\log\hat p_\sigma` of test digits,
in nats, with :math:`\sigma` chosen on validation digits: `choose_sigma`, then `log_likelihood`;
`held_out` does both. What the number is worth, the book says (Theis et al. 2016, arXiv:1511.01844).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.pairwise import log_kernel_sums
from gan_tutorial._engine.rows import rows, working_storage

__all__ = [
    "PAPER_SIGMAS",
    "ParzenResult",
    "SigmaChoice",
    "choose_sigma",
    "held_out",
    "log_likelihood",
]

PAPER_SIGMAS = tuple(np.logspace(-1, 0, 10).tolist())
"""The grid of the authors' evaluation code: ten values, log-spaced from 0.1 to 1."""


@dataclass(frozen=True, eq=False)
class ParzenResult:
    """Log-likelihoods of points, in nats. With one sigma the leading axis s is absent.

    Attributes:
        sigma: `(s,)`, the windows' standard deviations.
        per_point: `(s, m)`, the log-density of every point, float64.
        n_samples: how many samples carry a window.
    """

    sigma: Tensor
    per_point: Tensor
    n_samples: int

    @property
    def mean(self) -> Tensor:
        """The mean log-likelihood of the points, `(s,)`."""
        return self.per_point.mean(-1)

    @property
    def standard_error(self) -> Tensor:
        r"""The points' standard deviation over :math:`\sqrt m`, `(s,)`; NaN for one point.

        It tells how the mean would move with other *points*; other samples move it too.
        """
        m = self.per_point.shape[-1]
        if m < 2:
            return torch.full_like(self.mean, math.nan)
        return self.per_point.std(-1) / math.sqrt(m)

    def __str__(self) -> str:
        columns = (v.reshape(-1).tolist() for v in (self.mean, self.standard_error, self.sigma))
        rows = zip(*columns, strict=True)
        return "\n".join(f"{mean:.1f} ± {error:.1f} nats (σ = {s:.3g})" for mean, error, s in rows)


@dataclass(frozen=True, eq=False)
class SigmaChoice:
    """The best sigma on validation points, and the curve it was read from.

    Attributes:
        sigma: the best of all that were tried.
        tried: `(k,)`, every sigma tried, ascending.
        mean: `(k,)`, the validation points' mean log-likelihood at each, in nats.
    """

    sigma: float
    tried: Tensor
    mean: Tensor


def log_likelihood(
    samples: Tensor | np.ndarray,
    points: Tensor | np.ndarray,
    sigma: float | Sequence[float],
    *,
    value_range: tuple[float, float] | None = None,
    memory: int | None = None,
    device: torch.device | str | None = None,
    progress: bool = False,
) -> ParzenResult:
    r"""Log-likelihood of `points` under Gaussian windows on `samples`.

    .. math:: \log\hat p_\sigma(x) = \log\sum_j e^{-\lVert x-y_j\rVert^2/2\sigma^2}
              - \log n - \tfrac d2\log(2\pi\sigma^2)

    All sigmas share one pass over the distances, so ten cost little more than one. Float32 input is
    treated as exact: the result is within 1e-3 nats of a float64 computation (see
    `_engine/pairwise.py`); float64 input is computed in float64.

    Args:
        samples: `(n, d)`, or `(n, ...)`, flattened; `(n,)` is n numbers. At least two.
        points: `(m, d)`, likewise; held-out data, never the samples themselves.
        sigma: one standard deviation (units of x), or a sequence of them.
        value_range: `(low, high)` that both must lie in, `(0, 1)` for pixels; None: any.
        memory: bytes of working storage beside input and result; None: 1 GiB, on a GPU half of
            what is free there, at most 8 GiB.
        device: where to compute; None: where `samples` are.
        progress: show a progress bar.

    Returns:
        Nats for each point, with mean and standard error.

    Raises:
        ValueError: anything not finite, out of range, of different dimension, or sigma ≤ 0.
    """
    y = rows(samples, "samples", value_range)
    x = rows(points, "points", value_range)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"samples have {y.shape[1]} dimensions but points have {x.shape[1]}; give both the same"
        )
    if len(y) < 2:
        raise ValueError(f"samples must be two or more; got {len(y)}")
    sigmas = _sigmas(sigma)
    device = torch.device(device) if device is not None else y.device
    if device.type == "mps":
        device = torch.device("cpu")  # distances need float64, which Apple's GPUs lack
    dtype = torch.promote_types(x.dtype, y.dtype)
    budget = memory if memory is not None else working_storage(device)
    rates = 0.5 / sigmas.square()
    sums = log_kernel_sums(
        x.to(dtype), y.to(dtype), rates, memory=budget, device=device, progress=progress
    )
    normaliser = math.log(len(y)) + 0.5 * y.shape[1] * torch.log(2 * math.pi * sigmas.square())
    per_point = sums - normaliser.to(device)[:, None]
    if np.ndim(sigma) == 0:
        return ParzenResult(sigmas[0], per_point[0], len(y))
    return ParzenResult(sigmas, per_point, len(y))


def choose_sigma(
    samples: Tensor | np.ndarray,
    validation: Tensor | np.ndarray,
    grid: Sequence[float] = PAPER_SIGMAS,
    *,
    refine: int = 4,
    **options: Any,
) -> SigmaChoice:
    """The sigma under which `validation` points are likeliest, given `samples`.

    The grid is the paper's, ten values log-spaced from 0.1 to 1; then more are tried between the best
    one and its neighbours (`refine=0`: the paper's protocol, without refinement).

    Args:
        samples: as in `log_likelihood`.
        validation: points that are neither samples nor the points to be reported.
        grid: the sigmas to try first, ascending.
        refine: how many more to try on each side of the best, log-spaced.
        **options: `value_range`, `memory`, `device`, `progress` of `log_likelihood`.

    Returns:
        The best sigma, and all that were tried.

    Raises:
        ValueError: as `log_likelihood`, or a grid that does not ascend.

    Warns:
        UserWarning: the best sigma is at an edge of the grid, so the true best may lie outside.
    """
    tried = _sigmas(grid)
    if (tried.diff() <= 0).any():
        raise ValueError(f"grid must ascend; got {tried.tolist()}")
    mean = log_likelihood(samples, validation, tried.tolist(), **options).mean.cpu()
    best = int(mean.argmax())
    if best in (0, len(tried) - 1):
        warnings.warn(
            f"the best sigma, {tried[best]:.3g}, is at the edge of the grid "
            f"[{tried[0]:.3g}, {tried[-1]:.3g}]; a wider grid may find a better one",
            stacklevel=2,
        )
    sides = [tried[i] for i in (best - 1, best + 1) if 0 <= i < len(tried)]
    if refine and sides:
        ends = torch.stack(sides)[:, None].log()
        steps = torch.arange(1, refine + 1, dtype=torch.float64) / (refine + 1)
        finer = torch.lerp(tried[best].log(), ends, steps).exp().flatten()
        more = log_likelihood(samples, validation, finer.tolist(), **options).mean.cpu()
        tried, order = torch.cat([tried, finer]).sort()
        mean = torch.cat([mean, more])[order]
    return SigmaChoice(float(tried[mean.argmax()]), tried, mean)


def held_out(
    samples: Tensor | np.ndarray,
    validation: Tensor | np.ndarray,
    points: Tensor | np.ndarray,
    **options: Any,
) -> ParzenResult:
    """Log-likelihood of `points`, with sigma chosen on `validation`: the paper's protocol.

    Samples of a conditional generator are asked for with the labels' own frequencies,
    `gan_tutorial.data.draw_labels`: its :math:`p_g` is a mixture over :math:`p(y)`.

    Args:
        samples: of the model, as in `log_likelihood`.
        validation: points on which sigma is chosen.
        points: the points to be reported; neither samples nor validation points.
        **options: `value_range`, `memory`, `device`, `progress` of `log_likelihood`.

    Returns:
        Nats for each point, with mean and standard error.

    Raises:
        ValueError: as `log_likelihood`.

    Warns:
        UserWarning: as `choose_sigma`.
    """
    return log_likelihood(
        samples, points, choose_sigma(samples, validation, **options).sigma, **options
    )


def _sigmas(sigma: float | Sequence[float]) -> Tensor:
    sigmas = torch.as_tensor(sigma, dtype=torch.float64).reshape(-1)
    if len(sigmas) == 0 or not (torch.isfinite(sigmas).all() and (sigmas > 0).all()):
        raise ValueError(f"sigma must be positive and finite; got {sigma}")
    return sigmas.cpu()

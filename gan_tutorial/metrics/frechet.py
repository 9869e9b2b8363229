r"""The Fréchet distance of two sets of features, and what it would be with infinitely many samples.

A set is summed up by its mean and covariance, and two Gaussians with those are compared (Dowson &
Landau 1982; for generators, Heusel et al. 2017, arXiv:1706.08500):

.. math:: d^2 = \lVert \mu_1 - \mu_2 \rVert^2
          + \operatorname{tr}\bigl(\Sigma_1 + \Sigma_2 - 2(\Sigma_1\Sigma_2)^{1/2}\bigr)

It is the squared 2-Wasserstein distance of the two Gaussians. Estimated from n samples it is too
large, on average by about c/n, with a c that depends on the generator (Chong & Forsyth 2020,
arXiv:1911.07023): `frechet_at_infinity` removes that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.rows import place, rows, tile_sides, tiles

ROWS = Tensor | np.ndarray
LEVELS = 8  # sizes of subsets in the extrapolation, at most
ROWS_PER_FEATURE = 5  # in the smallest of them: below, 1/n² shows (tests/test_frechet.py)


@dataclass(frozen=True, eq=False)
class Moments:
    """What the Fréchet distance knows of a distribution.

    Attributes:
        mean: `(k,)`, float64.
        covariance: `(k, k)`, float64.
        n: how many samples they were estimated from; infinite where they are known.
    """

    mean: Tensor
    covariance: Tensor
    n: float = math.inf


@dataclass(frozen=True)
class Frechet:
    r"""A Fréchet distance (the square, as the field reports it), in squared units of the features.

    Attributes:
        value: of the samples at hand; biased upwards where either n is small.
        standard_error: how the value moves with other samples, of both kinds, by the delta method; a
            side that was given as `Moments` counts as known. Where the distributions are equal the
            value varies at second order only, and this is about a third too large.
        generated_error: the part of the generated samples, for two generators beside the same real rows.
        n_real: real samples, infinite where known.
        n_generated: generated samples, infinite where known.
        features: how many features were compared.
    """

    value: float
    standard_error: float
    generated_error: float
    n_real: float
    n_generated: float
    features: int


@dataclass(frozen=True, eq=False)
class FrechetAtInfinity:
    r"""A Fréchet distance extrapolated to infinitely many generated samples; see `Frechet`.

    The bias that the finite number of *real* samples brings is still in it.

    Attributes:
        value: where the line meets 1/n = 0. It may be slightly negative.
        standard_error: of sampling (both sides) and of the fit together.
        generated_error: without the part of the real rows; see `Frechet`.
        n_real: real samples, infinite where known.
        n_generated: generated samples, all of them used at every size.
        features: how many features were compared.
        sizes: `(levels,)`, the sizes of the subsets.
        distances: `(levels,)`, the mean distance of subsets of each size.
        slope: of the line: the distance grows by slope/n.
    """

    value: float
    standard_error: float
    generated_error: float
    n_real: float
    n_generated: float
    features: int
    sizes: Tensor
    distances: Tensor
    slope: float


def moments(
    features: ROWS,
    *,
    memory: int | None = None,
    device: torch.device | str | None = None,
    name: str = "features",
) -> Moments:
    """Mean and covariance (with n - 1 in the denominator), in float64.

    One pass over tiles, merged as Chan, Golub & LeVeque 1983 do: nothing cancels, wherever the
    features lie.

    Args:
        features: `(n, k)`, n at least k + 1: fewer leave the covariance singular.
        memory: bytes of working storage; None: 1 GiB, on a GPU half of what is free, at most 8 GiB.
        device: where to compute; None: where the features are.
        name: what an error calls the features.

    Raises:
        ValueError: too few rows (the message says how many are needed), or entries that are not finite.
    """
    x = rows(features, name)
    _enough(x, name)
    where = place(device, x)
    n, mean, scatter = 0, x.new_zeros(x.shape[1], dtype=torch.float64, device=where), None
    for _, tile in tiles(x, tile_sides(x.shape[1], 1, memory, where), where):
        own = tile.mean(0)
        centred = tile - own
        inside, shift, both = centred.T @ centred, own - mean, n + len(tile)
        between = torch.outer(shift, shift) * (n * len(tile) / both)
        scatter = inside if scatter is None else scatter + inside + between
        n, mean = both, mean + shift * (len(tile) / both)
    assert scatter is not None
    return Moments(mean, scatter / (n - 1), n)


def frechet_of_gaussians(
    mean_1: ROWS, covariance_1: ROWS, mean_2: ROWS, covariance_2: ROWS
) -> float:
    r"""The Fréchet distance of two Gaussians, in closed form.

    The trace of :math:`(\Sigma_1\Sigma_2)^{1/2}` is the sum of the singular values of
    :math:`\Sigma_2^{1/2}\Sigma_1^{1/2}`: real, accurate to rounding also where a covariance is singular,
    and without the imaginary parts that a general matrix root leaves.

    Args:
        mean_1: `(k,)`.
        covariance_1: `(k, k)`, symmetric and positive semidefinite.
        mean_2: `(k,)`.
        covariance_2: `(k, k)`, likewise.

    Returns:
        :math:`d^2`, at least 0.

    Raises:
        ValueError: shapes do not fit, or a matrix is no covariance.
    """
    first, second = _known(mean_1, covariance_1, 1), _known(mean_2, covariance_2, 2)
    if len(first.mean) != len(second.mean):
        raise ValueError(
            f"mean_1 and mean_2 must be as long, got {len(first.mean)} and {len(second.mean)}"
        )
    return _distance(first, second)


def frechet_distance(
    real: ROWS | Moments,
    generated: ROWS | Moments,
    *,
    memory: int | None = None,
    device: torch.device | str | None = None,
) -> Frechet:
    """The Fréchet distance of two sets of features; symmetric, and 0 of a set and itself.

    Args:
        real: `(n, k)`, or their `Moments` where they are known or were computed before.
        generated: `(m, k)`, or `Moments`. Either side needs at least k + 1 rows.
        memory: bytes of working storage; see `moments`.
        device: where to compute; None: where the real features are.

    Returns:
        The distance, its standard error, and the numbers of samples, without which it says little.

    Raises:
        ValueError: too few rows (the message says how many are needed), or numbers of features that
            differ.
    """
    (a, x), (b, y) = _sides(real, generated, memory, device)
    roots = _root(a.covariance), _root(b.covariance)
    errors = [
        0.0 if given is None else _sampling_error(given, own, other, mine, theirs, memory)
        for given, own, other, mine, theirs in ((x, a, b, *roots), (y, b, a, *roots[::-1]))
    ]
    value = _distance(a, b, roots)
    return Frechet(value, math.hypot(*errors), errors[1], a.n, b.n, len(a.mean))


def frechet_at_infinity(
    real: ROWS | Moments,
    generated: ROWS,
    *,
    seed: int = 0,
    memory: int | None = None,
    device: torch.device | str | None = None,
) -> FrechetAtInfinity:
    r"""The Fréchet distance extrapolated to infinitely many generated samples.

    Chong & Forsyth 2020 (arXiv:1911.07023): the expected distance of n samples is nearly linear in 1/n,
    so a line is fitted and read at 1/n = 0. They draw one subset of each of fifteen sizes. Here all
    samples serve at every size: they are shuffled and cut into 1, 2, ..., up to 8 parts, whose
    distances are averaged. So the sizes differ by their bias and hardly by luck.

    Args:
        real: `(n, k)`, or `Moments`.
        generated: `(m, k)`, at least 15 rows for each feature (three sizes, and five rows for each
            feature in the smallest: below that, terms in 1/n² bend the line).
        seed: of the shuffle.
        memory: bytes of working storage; see `moments`.
        device: where to compute; None: where the real features are.

    Returns:
        The intercept with its standard error, and the line.

    Raises:
        ValueError: too few generated rows; the message says how many are needed.
    """
    y = rows(generated, "generated")
    least = 3 * ROWS_PER_FEATURE * y.shape[1]
    if len(y) < least:
        raise ValueError(
            f"generated must have at least {least} rows to extrapolate from, "
            f"{3 * ROWS_PER_FEATURE} for each of {y.shape[1]} features; got {len(y)}"
        )
    whole = frechet_distance(real, y, memory=memory, device=device)
    (a, _), (b, _) = _sides(real, y, memory, device)
    y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed)).to(y.device)]
    where, root, sizes, means = a.mean.device, _root(a.covariance), [], []
    for parts in range(1, min(LEVELS, len(y) // (ROWS_PER_FEATURE * y.shape[1])) + 1):
        size = len(y) // parts
        pieces = [moments(y[i * size :][:size], memory=memory, device=where) for i in range(parts)]
        distances = [_distance(a, piece, (root, _root(piece.covariance))) for piece in pieces]
        sizes.append(size)
        means.append(sum(distances) / parts)
    intercept, slope, error = _line(1 / np.array(sizes), np.array(means))
    return FrechetAtInfinity(
        intercept,
        math.hypot(whole.standard_error, error),
        math.hypot(whole.generated_error, error),
        a.n,
        b.n,
        len(a.mean),
        torch.tensor(sizes),
        torch.tensor(means, dtype=torch.float64),
        slope,
    )


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Intercept and slope of least squares, and the intercept's standard error from the residuals."""
    design = np.stack([np.ones_like(x), x], 1)
    inverse = np.linalg.inv(design.T @ design)
    intercept, slope = inverse @ design.T @ y
    residuals = y - design @ (intercept, slope)
    noise = residuals @ residuals / (len(x) - 2)
    return float(intercept), float(slope), math.sqrt(noise * inverse[0, 0])


def _sides(
    real: ROWS | Moments,
    generated: ROWS | Moments,
    memory: int | None,
    device: torch.device | str | None,
) -> list[tuple[Moments, Tensor | None]]:
    """Of either side its moments, on one device, and its rows where it has them."""
    sides: list[tuple[Moments, Tensor | None]] = []
    for given, name in ((real, "real"), (generated, "generated")):
        if sides and device is None:
            device = sides[0][0].mean.device
        if isinstance(given, Moments):
            where = place(device, given.mean)
            mean, covariance = (
                part.to(where, torch.float64) for part in (given.mean, given.covariance)
            )
            sides.append((Moments(mean, covariance, given.n), None))
        else:
            x = rows(given, name)
            sides.append((moments(x, memory=memory, device=device, name=name), x))
    widths = [len(side[0].mean) for side in sides]
    if widths[0] != widths[1]:
        raise ValueError(
            f"real and generated must have as many features, got {widths[0]} and {widths[1]}"
        )
    return sides


def _enough(x: Tensor, name: str) -> None:
    least = x.shape[1] + 1
    if len(x) < least:
        raise ValueError(
            f"{name} must have at least {least} rows, one more than its {x.shape[1]} features, for "
            f"a covariance; got {len(x)}"
        )


def _known(mean: ROWS, covariance: ROWS, side: int) -> Moments:
    mean, covariance = (torch.as_tensor(part, dtype=torch.float64) for part in (mean, covariance))
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise ValueError(
            f"mean_{side} must be (k,) and covariance_{side} (k, k), got {tuple(mean.shape)} and "
            f"{tuple(covariance.shape)}"
        )
    if not (torch.isfinite(mean).all() and torch.isfinite(covariance).all()):
        raise ValueError(f"mean_{side} and covariance_{side} must be finite")
    size = float(covariance.abs().max())
    if float((covariance - covariance.T).abs().max()) > 1e-8 * size:
        raise ValueError(f"covariance_{side} must be symmetric")
    least = float(torch.linalg.eigvalsh(covariance)[0])
    if least < -1e-8 * size:
        raise ValueError(
            f"covariance_{side} must be positive semidefinite; an eigenvalue is {least:.3g}"
        )
    return Moments(mean, covariance)


def _root(covariance: Tensor) -> Tensor:
    """The symmetric root of a positive semidefinite matrix; rounding below 0 counts as 0."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def _distance(a: Moments, b: Moments, roots: tuple[Tensor, Tensor] | None = None) -> float:
    root_a, root_b = roots or (_root(a.covariance), _root(b.covariance))
    overlap = torch.linalg.svdvals(root_b @ root_a).sum()
    traces = a.covariance.trace() + b.covariance.trace()
    return max(0.0, float((a.mean - b.mean).square().sum() + traces - 2 * overlap))


def _sampling_error(
    x: Tensor, own: Moments, other: Moments, root: Tensor, theirs: Tensor, memory: int | None
) -> float:
    r"""The standard error that the samples x bring to the distance, at first order in 1/n.

    The distance's slope in a covariance is :math:`I - T`, with :math:`T = \Sigma_1^{-1/2}
    (\Sigma_1^{1/2}\Sigma_2\Sigma_1^{1/2})^{1/2}\Sigma_1^{-1/2}` the optimal map to the other Gaussian, and
    in the mean :math:`2(\mu_1 - \mu_2)`: so a row moves it by the influence below, over n.
    """
    _, sizes, directions = torch.linalg.svd(theirs @ root)
    inverse = torch.linalg.pinv(root, hermitian=True)
    half = inverse @ directions.T
    slope = torch.eye(len(root), dtype=root.dtype, device=root.device) - (half * sizes) @ half.T
    gap, total, squares = 2 * (own.mean - other.mean), 0.0, 0.0
    expected = float((slope * own.covariance).sum())  # taken off, so that squares do not cancel
    for _, tile in tiles(x, tile_sides(x.shape[1], 1, memory, root.device), root.device):
        centred = tile - own.mean
        influence = centred @ gap + ((centred @ slope) * centred).sum(1) - expected
        total += float(influence.sum())
        squares += float(influence.square().sum())
    return math.sqrt(max(0.0, squares / len(x) - (total / len(x)) ** 2) / len(x))

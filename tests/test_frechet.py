"""The Fréchet distance against SciPy's root and closed forms; its error and limit against draws of known Gaussians."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from gan_tutorial.metrics import (
    Moments,
    frechet_at_infinity,
    frechet_distance,
    frechet_of_gaussians,
    moments,
)
from gan_tutorial.metrics.frechet import _line

EPS = torch.finfo(torch.float64).eps


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(n, k, seed=0):
    return torch.randn(n, k, generator=rng(seed), dtype=torch.float64)


def spread(k, seed=0):
    """A covariance with correlations, its smallest eigenvalue 0.1 or more."""
    factor = normal(k, k, seed)
    return factor @ factor.T / k + 0.1 * torch.eye(k, dtype=torch.float64)


def by_scipy(a, b):
    """The definition with scipy.linalg.sqrtm, as the field's scripts have it."""
    (mean_a, cov_a), (mean_b, cov_b) = (
        (x.numpy().mean(0), np.atleast_2d(np.cov(x.numpy().T))) for x in (a, b)
    )
    root = linalg.sqrtm(cov_a @ cov_b).real
    return np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a + cov_b - 2 * root)


@pytest.mark.parametrize(("n", "m", "k"), [(300, 200, 5), (41, 100, 20), (500, 500, 1), (9, 9, 8)])
def test_samples_agree_with_scipys_root_of_numpys_covariances(n, m, k):
    x, y = normal(n, k) @ spread(k), 0.8 * normal(m, k, 1) + 0.3
    found = frechet_distance(x, y)
    assert found.value == pytest.approx(by_scipy(x, y), rel=1e-6)  # sqrtm's own error
    assert (found.n_real, found.n_generated, found.features) == (n, m, k)


def test_gaussians_that_share_their_axes_have_a_formula():
    """Diagonal covariances: d² = |μ₁ - μ₂|² + Σ (σ₁ - σ₂)², turned by any rotation."""
    turn = torch.linalg.qr(normal(4, 4)).Q
    s, t = torch.tensor([3.0, 1.0, 0.5, 0.0]).double(), torch.tensor([1.0, 1.0, 2.0, 0.25]).double()
    gap = torch.tensor([1.0, -2.0, 0.0, 0.5]).double()
    value = frechet_of_gaussians(
        torch.zeros(4), turn @ torch.diag(s**2) @ turn.T, gap, turn @ torch.diag(t**2) @ turn.T
    )
    expected = float(gap.square().sum() + (s - t).square().sum())
    # The root of a singular matrix's rounding: √ε of the size at the zero.
    assert value == pytest.approx(expected, abs=20 * math.sqrt(EPS))


def test_gaussians_that_do_not_share_axes_agree_with_scipy():
    a, b = spread(6), spread(6, 1)
    root = linalg.sqrtm((a @ b).numpy()).real
    expected = float(a.trace() + b.trace()) - 2 * np.trace(root)
    assert frechet_of_gaussians(torch.zeros(6), a, torch.zeros(6), b) == pytest.approx(expected)
    assert expected > 0.1


def test_moving_scaling_and_turning():
    x, y = normal(200, 3), normal(150, 3, 1) * 1.5
    base = frechet_distance(x, y).value
    turn = torch.linalg.qr(normal(3, 3, 2)).Q
    assert frechet_distance(x @ turn + 5, y @ turn + 5).value == pytest.approx(base)
    assert frechet_distance(3 * x, 3 * y).value == pytest.approx(9 * base)
    shifted = frechet_distance(x, x + torch.tensor([3.0, 0.0, 4.0]))
    assert shifted.value == pytest.approx(25)


@given(st.integers(1, 5), st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**31))
def test_symmetric_and_zero_on_itself(k, more, yet_more, seed):
    x, y = normal(k + 1 + more, k, seed), normal(k + 1 + yet_more, k, seed + 1) + 1
    there, back = frechet_distance(x, y), frechet_distance(y, x)
    assert there.value == pytest.approx(back.value, rel=1e-9, abs=1e-12)
    assert there.standard_error == pytest.approx(back.standard_error, rel=1e-6)
    assert 0 <= frechet_distance(x, x.flip(0)).value < 1e-12 * (1 + float(x.square().sum()))
    assert there.value > 0


def test_far_from_the_origin_nothing_cancels():
    x, y = normal(400, 4), normal(400, 4, 1) + 0.5
    far = frechet_distance(x + 1e6, y + 1e6).value
    assert far == pytest.approx(frechet_distance(x, y).value, rel=1e-8)


@pytest.mark.parametrize("memory", [6_000, 20_000, None])
def test_moments_are_numpys_in_any_memory(memory):
    x = normal(1000, 3) * torch.tensor([1.0, 10.0, 0.1]) + 100
    found = moments(x.float(), memory=memory)
    kept = x.float().double().numpy()
    assert found.covariance.dtype == torch.float64
    assert found.n == 1000
    np.testing.assert_allclose(found.mean, kept.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(kept.T), rtol=1e-10, atol=1e-12)


def test_more_noise_and_dropped_modes_move_it_away():
    centres = 6 * torch.eye(4).double()
    real = normal(2000, 4) + centres[torch.arange(2000) % 4]
    clean = normal(2000, 4, 1) + centres[torch.arange(2000) % 4]
    noisy = [clean + level * normal(2000, 4, 2) for level in (0.0, 1.0, 2.0, 3.0)]
    dropped = [normal(2000, 4, 1) + centres[torch.arange(2000) % left] for left in (4, 3, 2, 1)]
    for row in (noisy, dropped):
        values = [frechet_distance(real, samples).value for samples in row]
        assert values == sorted(values)
        assert values[1] > 2 * values[0]


# A generator of known Gaussians, so that the distance of infinitely many samples is known too.
K = 8
WIDE = spread(K)
NEAR = 1.1 * WIDE
TRUE = frechet_of_gaussians(torch.zeros(K), WIDE, torch.full((K,), 0.2), NEAR)


def draws(n, repeats, seed=0):
    factor, generator = torch.linalg.cholesky(NEAR), rng(seed)
    for _ in range(repeats):
        z = torch.randn(n, K, generator=generator, dtype=torch.float64)
        yield z @ factor.T + 0.2


KNOWN = Moments(torch.zeros(K, dtype=torch.float64), WIDE)


def test_few_samples_make_it_too_large_and_the_line_takes_that_away():
    """Over 100 draws of 400: the plain value is beyond the truth by 6 errors of the mean, the
    extrapolated one is within 4; the 95 % interval holds the truth in 88 draws or more (of p = 0.95,
    fewer has a chance of 0.3 %).
    """
    plain, limit = [], []
    for y in draws(400, 100):
        plain.append(frechet_distance(KNOWN, y).value)
        limit.append(frechet_at_infinity(KNOWN, y))
    values = np.array([found.value for found in limit])
    errors = np.array([found.standard_error for found in limit])
    bias, of_mean = np.mean(plain) - TRUE, np.std(plain) / 10
    assert bias > 6 * of_mean
    assert abs(values.mean() - TRUE) < 4 * values.std() / 10
    assert (abs(values - TRUE) < 1.96 * errors).sum() >= 88
    assert errors.mean() < 1.5 * values.std()  # not by being too wide
    slopes = np.array([found.slope for found in limit])
    assert slopes.mean() / 400 == pytest.approx(bias, rel=0.2)


def test_standard_error_is_the_spread_over_other_samples():
    found = [frechet_distance(KNOWN, y) for y in draws(2000, 100)]
    values = np.array([one.value for one in found])
    errors = np.array([one.standard_error for one in found])
    assert errors.mean() == pytest.approx(values.std(), rel=0.25)  # of 100 draws: 7 %
    assert found[0].n_real == math.inf


def test_both_sides_move_it():
    """With 200 real rows and 2,000 samples the error is mostly the real side's, and counts it."""
    real = [normal(200, K, 100 + i) @ torch.linalg.cholesky(WIDE).T for i in range(60)]
    found = [frechet_distance(x, y) for x, y in zip(real, draws(2000, 60), strict=True)]
    values = np.array([one.value for one in found])
    errors = np.array([one.standard_error for one in found])
    assert 0.8 < errors.mean() / values.std() < 1.6
    one_sided = frechet_distance(KNOWN, next(iter(draws(2000, 1)))).standard_error
    assert errors.mean() > 2 * one_sided


def test_the_error_has_a_part_of_each_side():
    x, y = normal(500, 3), 1.3 * normal(80, 3, 1)
    found, back = frechet_distance(x, y), frechet_distance(y, x)
    known = frechet_distance(moments(x), y)
    assert found.generated_error == pytest.approx(known.standard_error)
    assert known.generated_error == known.standard_error
    both = math.hypot(found.generated_error, back.generated_error)
    assert found.standard_error == pytest.approx(both)
    assert found.generated_error > 1.5 * back.generated_error
    limit = frechet_at_infinity(x, y)
    assert limit.standard_error > limit.generated_error >= found.generated_error


def test_the_line_uses_all_samples_at_every_size():
    y = next(iter(draws(400, 1)))
    found = frechet_at_infinity(KNOWN, y, seed=1)
    assert found.sizes.tolist() == [400, 200, 133, 100, 80, 66, 57, 50]
    assert found.distances[0].item() == pytest.approx(frechet_distance(KNOWN, y).value)
    x, d = 1 / found.sizes.double(), found.distances
    slope, intercept = np.polyfit(x, d, 1)
    assert (found.slope, found.value) == (pytest.approx(slope), pytest.approx(intercept))
    assert (d.diff() > 0).all()
    shuffled = frechet_at_infinity(KNOWN, y, seed=1)
    assert shuffled.value == found.value
    assert frechet_at_infinity(KNOWN, y, seed=2).value != found.value
    # A sorted file of samples is no obstacle: parts are drawn, not cut.
    ordered = frechet_at_infinity(KNOWN, y[y[:, 0].argsort()], seed=1)
    assert abs(ordered.value - found.value) < 3 * found.standard_error


def test_the_line_is_scipys_with_its_intercepts_error():
    x, y = normal(6, 1)[:, 0].numpy(), normal(6, 1, 1)[:, 0].numpy()
    line = stats.linregress(x, y)
    expected = (line.intercept, line.slope, line.intercept_stderr)
    assert _line(x, y) == pytest.approx(expected)


def test_a_collapsed_generator_is_measured_too():
    """One picture for all samples: covariance 0, d² = |μ - x|² + tr Σ."""
    x, y = normal(100, 4), torch.ones(50, 4)
    found = frechet_distance(x, y)
    expected = (x.mean(0) - 1).square().sum() + torch.cov(x.T).trace()
    assert found.value == pytest.approx(float(expected))
    assert math.isfinite(found.standard_error)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(normal(4, 4), normal(9, 4)), "real must have at least 5 rows"),
        (lambda: frechet_distance(normal(9, 4), normal(4, 4)), "generated .* 5 rows.* got 4"),
        (lambda: frechet_distance(normal(9, 4), normal(9, 3)), "as many features, got 4 and 3"),
        (lambda: frechet_distance(normal(9, 2), normal(9, 2) / 0), "generated must be finite"),
        (lambda: moments(torch.zeros(9, 2, dtype=torch.int64)), "features must be floats"),
        (lambda: moments(normal(9, 2), memory=10), "memory=10 bytes is too little; give at least"),
        (
            lambda: frechet_at_infinity(KNOWN, normal(119, K)),
            "at least 120 rows to extrapolate from, 15 for each of 8 features; got 119",
        ),
        (
            lambda: frechet_of_gaussians(
                torch.zeros(2), torch.eye(3), torch.zeros(2), torch.eye(2)
            ),
            r"covariance_1 \(k, k\), got \(2,\) and \(3, 3\)",
        ),
        (
            lambda: frechet_of_gaussians(
                torch.zeros(2), torch.eye(2), torch.zeros(3), torch.eye(3)
            ),
            "as long, got 2 and 3",
        ),
        (
            lambda: frechet_of_gaussians(
                torch.zeros(2), torch.eye(2), torch.zeros(2), torch.tensor([[1.0, 2.0], [0, 1]])
            ),
            "covariance_2 must be symmetric",
        ),
        (
            lambda: frechet_of_gaussians(
                torch.zeros(1), -torch.eye(1), torch.zeros(1), torch.eye(1)
            ),
            "covariance_1 must be positive semidefinite; an eigenvalue is -1",
        ),
    ],
)
def test_bad_input_is_told_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_as_many_rows_as_it_says_are_enough():
    assert math.isfinite(frechet_distance(normal(5, 4), normal(5, 4, 1)).value)
    assert math.isfinite(frechet_at_infinity(KNOWN, normal(120, K)).value)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_agrees_with_the_cpu():
    y = next(iter(draws(400, 1)))
    x = normal(300, K)
    here, there = frechet_distance(x, y), frechet_distance(x.cuda(), y.cuda())
    assert there.value == pytest.approx(here.value, rel=1e-9)
    assert there.standard_error == pytest.approx(here.standard_error, rel=1e-6)
    assert frechet_at_infinity(x, y.cuda()).value == pytest.approx(frechet_at_infinity(x, y).value)
    limit = frechet_at_infinity(x, y, device="cuda").value
    assert limit == pytest.approx(frechet_at_infinity(x, y).value, rel=1e-6)

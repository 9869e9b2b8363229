"""Parzen windows against the formula in float64, mpmath, SciPy, scikit-learn and closed forms."""

import math
import subprocess
import sys
import warnings

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial._engine import pairwise
from gan_tutorial.parzen import PAPER_SIGMAS, ParzenResult, choose_sigma, log_likelihood

SIGMAS = [0.02, 0.05, *PAPER_SIGMAS, 3.0]
CLOSE = 1e-3  # nats: `pairwise.TOLERANCE` for the product, and what float32 sums of 500 terms add


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def reference(samples, points, sigmas):
    """The definition, in float64, with distances from differences."""
    samples, points = samples.double().flatten(1), points.double().flatten(1)
    d2 = torch.cdist(points, samples, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    n, d = samples.shape
    return torch.stack(
        [
            torch.logsumexp(-d2 / (2 * s * s), 1)
            - math.log(n)
            - d / 2 * math.log(2 * math.pi * s * s)
            for s in sigmas
        ]
    )


def digits(n, seed=0):
    """Sparse blobs in [0, 1]: like digits, mostly black, norms about 10."""
    return torch.rand(n, 784, generator=rng(seed)).sub_(0.8).clamp_(min=0).mul_(5)


CASES = {
    "digits": (digits(500), digits(70, 1)),
    "the samples themselves": (digits(500), digits(500)[:70]),
    "all samples identical": (digits(1).expand(500, -1), digits(70, 1)),
    "everything identical": (digits(1).expand(500, -1), digits(1).expand(70, -1)),
    "near copies": (digits(50).repeat(10, 1) + 1e-3 * digits(500, 2), digits(50)),
    "Gaussian noise": (torch.randn(500, 784, generator=rng()), torch.randn(70, 784)),
    "far from the origin": (digits(500) + 1000, digits(70, 1) + 1000),
    "faint": (0.05 * digits(500), 0.05 * digits(70, 1)),
    "bright": (50 * digits(500), 50 * digits(70, 1)),
    "two far clusters": (torch.cat([digits(250), digits(250) + 9]), digits(70, 1) + 9),
}


@pytest.mark.parametrize("case", CASES)
def test_float32_agrees_with_the_formula_in_float64(case):
    samples, points = CASES[case]
    error = log_likelihood(samples, points, SIGMAS).per_point - reference(samples, points, SIGMAS)
    assert error.abs().max() < CLOSE


@pytest.mark.parametrize("case", CASES)
def test_many_small_tiles_agree_too(case, monkeypatch):
    """Rows and columns that do not fill tiles, rows without near pairs in a tile, many blocks."""
    monkeypatch.setattr(
        pairwise, "_plan", lambda *_: pairwise._Plan(rows=33, columns=50, block=150)
    )
    samples, points = CASES[case]
    error = log_likelihood(samples, points, SIGMAS).per_point - reference(samples, points, SIGMAS)
    assert error.abs().max() < 1e-3


def test_pairs_as_near_as_the_products_rounding_are_not_left_out():
    """Around each point two samples whose squared distances differ by less than the product's error
    (here up to 0.5), and by 200 nats: which is the nearer one must not be read from the product.
    """
    points = 100 * torch.randn(100, 64, generator=rng())
    around = 0.07 * torch.randn(2, 100, 64, generator=rng(1))
    samples = (points + around).flatten(0, 1)
    error = log_likelihood(samples, points, 0.02).per_point - reference(samples, points, [0.02])
    assert error.abs().max() < CLOSE


def test_the_trap_is_real():
    """Plain float32 products miss by far what the module keeps: the test above can fail."""
    samples, points = CASES["far from the origin"]
    squares = samples.square().sum(1) + points.square().sum(1)[:, None] - 2 * points @ samples.T
    naive = torch.logsumexp(-squares.double() / (2 * 0.05**2), 1)
    exact = torch.logsumexp(-(torch.cdist(points.double(), samples.double()) ** 2) / 0.005, 1)
    assert (naive - exact).abs().max() > 1000


def test_float64_input_is_computed_in_float64():
    samples, points = (x.double() for x in CASES["digits"])
    sigmas = [0.001, 0.05, 1.0]
    expected = reference(samples, points, sigmas)
    ours = log_likelihood(samples, points, sigmas).per_point
    rtol = 784 * torch.finfo(torch.float64).eps  # distances are sums of 784 terms
    torch.testing.assert_close(ours, expected, rtol=rtol, atol=1e-9)


def test_agrees_with_mpmath_in_784_dimensions():
    samples, points = digits(40), digits(3, 1)
    ours = log_likelihood(samples, points, 0.05).per_point
    with mpmath.workdps(50):
        variance = mpmath.mpf(0.05) ** 2
        for x, value in zip(points.tolist(), ours.tolist(), strict=True):
            kernels = [
                mpmath.exp(
                    -mpmath.fsum((a - b) ** 2 for a, b in zip(x, y, strict=True)) / (2 * variance)
                )
                for y in ([mpmath.mpf(v) for v in row] for row in samples.tolist())
            ]
            density = mpmath.fsum(kernels) / 40 / (2 * mpmath.pi * variance) ** 392
            assert abs(mpmath.log(density) - value) < 1e-3


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("sigma", [0.1, 0.7])
def test_agrees_with_scikit_learn_in_one_and_two_dimensions(d, sigma):
    neighbors = pytest.importorskip("sklearn.neighbors")
    samples, points = np.random.default_rng(0).normal(size=(2, 200, d))
    theirs = neighbors.KernelDensity(bandwidth=sigma, rtol=1e-12).fit(samples).score_samples(points)
    np.testing.assert_allclose(log_likelihood(samples, points, sigma).per_point, theirs, atol=1e-9)


def test_agrees_with_scipy_in_one_dimension():
    stats = pytest.importorskip("scipy.stats")
    samples, points = np.random.default_rng(0).normal(size=(2, 200))
    kde = stats.gaussian_kde(samples)
    sigma = math.sqrt(kde.covariance.item())
    ours = log_likelihood(samples, points, sigma).per_point
    np.testing.assert_allclose(ours, kde.logpdf(points), atol=1e-9)


def test_agrees_with_scipy_in_two_dimensions():
    """SciPy's kernel has the data's covariance: whiten the data, and it is ours."""
    stats = pytest.importorskip("scipy.stats")
    samples = np.random.default_rng(0).normal(size=(300, 2))
    samples = (samples - samples.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(samples.T)).T)
    points = np.random.default_rng(1).normal(size=(50, 2))
    kde = stats.gaussian_kde(samples.T, bw_method=0.3)
    ours = log_likelihood(samples, points, 0.3).per_point
    np.testing.assert_allclose(ours, kde.logpdf(points.T), atol=1e-9)


@given(seed=st.integers(0, 999), n=st.integers(2, 40), sigma=st.floats(0.05, 3))
@settings(deadline=None, max_examples=25)
def test_the_density_integrates_to_one(seed, n, sigma):
    samples = torch.randn(n, generator=rng(seed), dtype=torch.float64)
    x = torch.linspace(-6 - 9 * sigma, 6 + 9 * sigma, 4001, dtype=torch.float64)
    density = log_likelihood(samples, x, sigma).per_point.exp()
    assert torch.trapezoid(density, x).item() == pytest.approx(1, abs=1e-9)


def test_the_density_integrates_to_one_in_two_dimensions():
    axis = torch.linspace(-8, 8, 161, dtype=torch.float64)
    x = torch.cartesian_prod(axis, axis)
    samples = torch.randn(30, 2, generator=rng(), dtype=torch.float64)
    density = log_likelihood(samples, x, 0.4).per_point.exp().reshape(161, 161)
    assert torch.trapezoid(torch.trapezoid(density, axis), axis).item() == pytest.approx(
        1, abs=1e-9
    )


def test_gaussian_data_give_the_gaussian_widened_by_sigma():
    r"""The mean of the estimate over samples of N(0, 1) is N(0, 1 + σ²), exactly."""
    quantiles = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    samples = math.sqrt(2) * torch.erfinv(2 * quantiles - 1)  # a sample without chance
    points = torch.linspace(-3, 3, 13, dtype=torch.float64)
    for sigma in (0.2, 1.0):
        closed = torch.distributions.Normal(0, math.sqrt(1 + sigma**2)).log_prob(points)
        ours = log_likelihood(samples, points, sigma).per_point
        torch.testing.assert_close(ours, closed, rtol=0, atol=2e-4)


def test_two_coincident_samples_are_one_normal():
    samples = torch.full((2, 784), 0.3)
    points = digits(20)
    normal = torch.distributions.Normal(samples[0].double(), 0.25)
    ours = log_likelihood(samples, points, 0.25).per_point
    torch.testing.assert_close(ours, normal.log_prob(points.double()).sum(1), rtol=0, atol=1e-3)


@given(seed=st.integers(0, 999), d=st.sampled_from([1, 3, 100]), shift=st.floats(-100, 100))
@settings(deadline=None, max_examples=25)
def test_order_and_origin_do_not_matter(seed, d, shift):
    samples = torch.randn(60, d, generator=rng(seed), dtype=torch.float64)
    points = torch.randn(17, d, generator=rng(seed + 1), dtype=torch.float64)
    plain = log_likelihood(samples, points, [0.1, 1.0]).per_point
    order = torch.randperm(60, generator=rng(seed))
    permuted = log_likelihood(samples[order], points, [0.1, 1.0]).per_point
    torch.testing.assert_close(permuted, plain, rtol=0, atol=1e-9)
    moved = log_likelihood(samples + shift, points + shift, [0.1, 1.0]).per_point
    torch.testing.assert_close(moved, plain, rtol=0, atol=1e-7)


@given(scale=st.floats(0.01, 100))
@settings(deadline=None, max_examples=25)
def test_a_change_of_units_shifts_by_d_log_scale(scale):
    samples, points = digits(50).double(), digits(9, 1).double()
    plain = log_likelihood(samples, points, 0.2).per_point
    scaled = log_likelihood(scale * samples, scale * points, scale * 0.2).per_point
    torch.testing.assert_close(scaled + 784 * math.log(scale), plain, rtol=0, atol=1e-7)


# A grid raises float32 numbers to their powers in 13 steps where one sigma takes one, sums 500 of them
# in another order, and its sharp sigmas leave out other pairs.
GRID = pairwise.NEGLIGIBLE + 500 * torch.finfo(torch.float32).eps


def test_a_grid_is_its_sigmas_one_by_one():
    samples, points = CASES["digits"]
    grid = log_likelihood(samples, points, SIGMAS)
    assert grid.per_point.shape == (len(SIGMAS), 70)
    for row, mean, error, sigma in zip(
        grid.per_point, grid.mean, grid.standard_error, SIGMAS, strict=True
    ):
        one = log_likelihood(samples, points, sigma)
        torch.testing.assert_close(one.per_point, row, rtol=0, atol=GRID)
        torch.testing.assert_close(one.mean, mean, rtol=0, atol=GRID)
        torch.testing.assert_close(one.standard_error, error, rtol=0, atol=GRID)


def test_the_standard_error_is_that_of_a_mean_over_points():
    samples, points = CASES["digits"]
    result = log_likelihood(samples, points, 0.3)
    values = result.per_point.numpy()
    assert result.mean.item() == pytest.approx(values.mean())
    assert result.standard_error.item() == pytest.approx(values.std(ddof=1) / math.sqrt(70))
    assert str(result) == f"{values.mean():.1f} ± {values.std(ddof=1) / 70**0.5:.1f} nats (σ = 0.3)"
    assert log_likelihood(samples, points[:1], 0.3).standard_error.isnan()
    with pytest.raises(AttributeError):
        result.n_samples = 3


def test_numpy_images_and_read_only_arrays_are_welcome():
    samples, points = CASES["digits"]
    expected = log_likelihood(samples, points, 0.3).per_point
    images = samples.numpy().reshape(-1, 1, 28, 28)
    images.flags.writeable = False
    ours = log_likelihood(images, points.numpy(), 0.3).per_point
    torch.testing.assert_close(ours, expected, rtol=0, atol=2 * CLOSE)
    trainable = samples.clone().requires_grad_()
    result = log_likelihood(trainable, points, 0.3)
    assert not result.per_point.requires_grad
    assert not result.per_point.is_inference()


def test_low_precision_settings_of_the_caller_do_not_reach_the_distances():
    samples, points = CASES["digits"]
    expected = log_likelihood(samples, points, SIGMAS).per_point
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ours = log_likelihood(samples, points, SIGMAS).per_point
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    torch.testing.assert_close(ours, expected, rtol=0, atol=2 * CLOSE)  # bfloat16 misses by nats


def test_progress_counts_every_pair(capsys):
    log_likelihood(*CASES["digits"], 0.3, progress=True)
    assert "35.0k/35.0k" in capsys.readouterr().err
    log_likelihood(*CASES["digits"], 0.3)
    assert capsys.readouterr().err == ""


MEMORY_SCRIPT = """
import resource, torch
from gan_tutorial.parzen import log_likelihood
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
samples, points = torch.rand(20_000, 30), torch.rand(20_000, 30)
log_likelihood(samples[:300], points[:300], [0.01, 1.0])
before = peak()
log_likelihood(samples, points, [0.01, 1.0], memory=32 * 2**20)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in bytes or absent elsewhere")
def test_memory_stays_within_the_budget():
    """All pairs at once would take 1.6 GB; the budget is 32 MiB, result and inputs apart."""
    run = subprocess.run([sys.executable, "-c", MEMORY_SCRIPT], capture_output=True, check=True)
    assert int(run.stdout) < 32 * 2**20 + 2 * 2 * 20_000 * 8


def test_a_budget_too_small_for_anything_says_what_would_do():
    with pytest.raises(ValueError, match="give at least") as error:
        log_likelihood(*CASES["digits"], 0.3, memory=1000)
    enough = int(str(error.value).split()[-1])
    log_likelihood(*CASES["digits"], 0.3, memory=enough)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": torch.full((5, 784), math.nan)}, "samples must be finite"),
        ({"points": torch.full((5, 784), math.inf)}, "points must be finite"),
        ({"samples": 255 * digits(5), "value_range": (0, 1)}, "divide pixels by 255"),
        ({"points": 255 * digits(5), "value_range": (0, 1)}, "points must lie in"),
        ({"samples": -digits(5), "value_range": (0, 1)}, "samples must lie in"),
        ({"samples": torch.zeros(5, 784, dtype=torch.uint8)}, "must be floats"),
        ({"points": digits(5)[:, :783]}, "784 dimensions but points have 783"),
        ({"sigma": 0.0}, "sigma must be positive"),
        ({"sigma": [0.1, -1.0]}, "sigma must be positive"),
        ({"sigma": math.nan}, "sigma must be positive"),
        ({"sigma": []}, "sigma must be positive"),
        ({"samples": digits(1)}, "two or more; got 1"),
        ({"points": digits(5)[:0]}, "points must be an array"),
        ({"points": torch.tensor(1.0)}, "points must be an array"),
    ],
)
def test_bad_input_gets_a_clear_error(change, message):
    arguments = {"samples": digits(5), "points": digits(5), "sigma": 0.2} | change
    with pytest.raises(ValueError, match=message):
        log_likelihood(**arguments)


def test_sigma_is_the_best_on_validation_points():
    samples = torch.randn(300, 2, generator=rng(), dtype=torch.float64)
    validation = torch.randn(300, 2, generator=rng(1), dtype=torch.float64)
    choice = choose_sigma(samples, validation)
    fine = np.geomspace(0.1, 1, 500)
    curve = reference(samples, validation, fine).mean(1)
    assert choice.sigma == pytest.approx(fine[curve.argmax()], rel=0.05)
    assert len(choice.tried) == 18
    assert (choice.tried.diff() > 0).all()
    expected = reference(samples, validation, choice.tried.tolist()).mean(1)
    torch.testing.assert_close(choice.mean, expected, rtol=0, atol=1e-9)

    coarse = choose_sigma(samples, validation, refine=0)
    np.testing.assert_allclose(coarse.tried, np.logspace(-1, 0, 10))
    assert coarse.sigma in PAPER_SIGMAS
    assert coarse.mean.max() <= choice.mean.max()


@pytest.mark.parametrize("spread", [0.001, 30.0])
def test_a_best_sigma_at_the_edge_of_the_grid_warns(spread):
    samples, validation = spread * torch.randn(2, 100, 2, generator=rng())
    with pytest.warns(UserWarning, match="at the edge of the grid"):
        choose_sigma(samples, validation)


def test_a_best_sigma_inside_the_grid_does_not_warn():
    samples, validation = torch.randn(2, 300, 2, generator=rng())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choose_sigma(samples, validation)


@pytest.mark.parametrize("grid", [[1.0, 0.1], [0.2, 0.2], []])
def test_a_grid_that_does_not_ascend_is_refused(grid):
    with pytest.raises(ValueError, match=r"grid must ascend|sigma must be positive"):
        choose_sigma(digits(5), digits(5), grid)


def test_a_result_prints_one_line_per_sigma():
    result = ParzenResult(torch.tensor([0.1, 0.2]), torch.tensor([[1.0, 3.0], [2.0, 2.0]]), 10)
    assert str(result) == "2.0 ± 1.0 nats (σ = 0.1)\n2.0 ± 0.0 nats (σ = 0.2)"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("case", CASES)
def test_cuda_agrees_with_the_formula(case):
    samples, points = CASES[case]
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")  # TF32 must not reach the distances
        ours = log_likelihood(samples, points, SIGMAS, device="cuda").per_point.cpu()
        moved = log_likelihood(samples.cuda(), points.cuda(), SIGMAS).per_point
    finally:
        torch.set_float32_matmul_precision(before)
    assert moved.is_cuda
    torch.testing.assert_close(moved.cpu(), ours, rtol=0, atol=1e-9)  # sums in any order
    assert (ours - reference(samples, points, SIGMAS)).abs().max() < 1e-3


def by_hand(samples, points, sigmas):
    """The definition, in float64, pair by pair."""
    d = samples.shape[1]
    squares = (points.double()[:, None] - samples.double()).square().sum(-1)
    rows = [
        torch.logsumexp(-squares / (2 * s**2), 1)
        - math.log(len(samples))
        - d / 2 * math.log(2 * math.pi * s**2)
        for s in sigmas
    ]
    return torch.stack(rows)


@pytest.mark.parametrize("far", [1e4, 1e9, 1e15])
def test_a_sample_far_from_all_others_disturbs_nobody(far):
    rng = torch.Generator().manual_seed(0)
    samples, points = torch.rand(600, 30, generator=rng), torch.rand(50, 30, generator=rng)
    samples[7] = far
    sigmas = [0.05, 0.3, 1.0]
    found = log_likelihood(samples, points, sigmas).per_point
    torch.testing.assert_close(found, by_hand(samples, points, sigmas), rtol=0, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12, 1e20, 1e30])
def test_the_unit_of_the_data_does_not_matter(scale):
    """log p of c·x is log p of x less d log c: to the 1e-3 nats promised, and float32's rounding of c·x."""
    rng = torch.Generator().manual_seed(1)
    samples, points = torch.rand(600, 30, generator=rng), torch.rand(50, 30, generator=rng)
    plain = by_hand(samples, points, [0.1, 0.3])
    found = log_likelihood(samples * scale, points * scale, [0.1 * scale, 0.3 * scale]).per_point
    torch.testing.assert_close(found, plain - 30 * math.log(scale), rtol=0, atol=1e-3)

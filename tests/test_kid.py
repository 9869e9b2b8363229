"""The kernel distance against the definition pair by pair, and its error against the spread over draws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_tutorial.metrics import kernel_distance


def normal(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(x, y):
    """The definition, kernel by kernel."""
    d = x.shape[1]

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / d + 1) ** 3

    x, y = x.tolist(), y.tolist()
    m, n = len(x), len(y)
    within = [
        sum(k(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) for s in (x, y)
    ]
    across = sum(k(a, b) for a in x for b in y)
    return within[0] / (m * (m - 1)) + within[1] / (n * (n - 1)) - 2 * across / (m * n)


def jackknife(x, y):
    """Delete one row, compute anew, for every row of both: the error's part of each side."""
    parts = []
    for rows, value in (
        (x, lambda left: by_hand(left, y)),
        (y, lambda left: by_hand(x, left)),
    ):
        left = np.array([value(torch.cat([rows[:i], rows[i + 1 :]])) for i in range(len(rows))])
        parts.append((len(rows) - 1) / len(rows) * np.sum((left - left.mean()) ** 2))
    return [math.sqrt(part) for part in parts]


@pytest.mark.parametrize(("m", "n", "d"), [(7, 9, 2), (3, 3, 1), (5, 12, 4)])
def test_value_and_error_are_the_definitions(m, n, d):
    x, y = normal(m, d), 1.5 * normal(n, d, 1) + 0.5
    found = kernel_distance(x, y)
    assert found.value == pytest.approx(by_hand(x, y))
    of_real, of_generated = jackknife(x, y)
    assert found.standard_error == pytest.approx(math.hypot(of_real, of_generated))
    assert found.generated_error == pytest.approx(of_generated)
    assert (found.n_real, found.n_generated, found.features) == (m, n, d)


def test_any_memory_gives_the_same_sums():
    x, y = normal(130, 3), normal(70, 3, 1)
    small, large = kernel_distance(x, y, memory=10_000), kernel_distance(x, y)
    assert small.value == pytest.approx(large.value, rel=1e-9)
    assert small.standard_error == pytest.approx(large.standard_error, rel=1e-9)


@given(st.integers(3, 12), st.integers(3, 12), st.integers(1, 4), st.integers(0, 2**31))
def test_symmetric_and_blind_to_order(m, n, d, seed):
    x, y = normal(m, d, seed), normal(n, d, seed + 1)
    there, back = kernel_distance(x, y), kernel_distance(y.flip(0), x)
    assert there.value == pytest.approx(back.value, abs=1e-9)
    assert there.standard_error == pytest.approx(back.standard_error, abs=1e-9)


def test_a_set_and_itself():
    """The formula's own arithmetic: the diagonal, left out within and counted across, makes it negative."""
    x = normal(40, 3)
    kernels = (x @ x.T / 3 + 1) ** 3
    off = (kernels.sum() - kernels.trace()) / (40 * 39)
    assert kernel_distance(x, x).value == pytest.approx(float(2 * off - 2 * kernels.mean()))


def several(shift, scale, m, n, d=6, repeats=300):
    """Values and errors over draws of two Gaussians."""
    found = [
        kernel_distance(normal(m, d, 2 * i), scale * normal(n, d, 2 * i + 1) + shift)
        for i in range(repeats)
    ]
    return np.array([f.value for f in found]), np.array([f.standard_error for f in found])


def test_unbiased_at_any_size_and_its_error_covers_where_sets_differ():
    """By exact moments: E k(x, y) of normal numbers, for x ~ N(0, I), y ~ N(0.4·1, 1.2²I), d = 6."""
    d, shift, scale = 6, 0.4, 1.2

    def mean_kernel(mu, s, nu, t):
        """E (x·y/d + 1)³ for independent x ~ N(mu 1, s²I), y ~ N(nu 1, t²I)."""
        one = d * mu * nu  # E x·y
        v = d * (s**2 * t**2 + s**2 * nu**2 + t**2 * mu**2)  # its variance
        third = 6 * d * s**2 * t**2 * mu * nu  # its third central moment
        a = one / d + 1
        return a**3 + 3 * a * v / d**2 + third / d**3

    pairs = ((0, 1, 0, 1), (shift, scale, shift, scale), (0, 1, shift, scale))
    truth = mean_kernel(*pairs[0]) + mean_kernel(*pairs[1]) - 2 * mean_kernel(*pairs[2])
    for m, n in ((20, 30), (150, 80)):
        values, errors = several(shift, scale, m, n)
        assert abs(values.mean() - truth) < 4 * values.std() / math.sqrt(len(values))
    inside = (abs(values - truth) < 1.96 * errors).mean()
    assert 0.90 <= inside <= 0.99  # skewed at these sizes; of 300 draws an error of 1.3 %
    assert (errors**2).mean() == pytest.approx(values.var(), rel=0.3)


def test_where_sets_are_equal_the_error_is_root_two_too_large():
    values, errors = several(0.0, 1.0, 60, 90)
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(len(values))
    assert (errors**2).mean() == pytest.approx(2 * values.var(), rel=0.3)
    assert (values < 0).mean() > 0.3


def test_more_noise_and_dropped_modes_move_it_away():
    centres = 3 * torch.eye(4).double()
    real = normal(800, 4) + centres[torch.arange(800) % 4]
    clean = normal(800, 4, 1) + centres[torch.arange(800) % 4]
    noisy = [clean + level * normal(800, 4, 2) for level in (0.0, 0.5, 1.0, 2.0)]
    dropped = [normal(800, 4, 1) + centres[torch.arange(800) % left] for left in (4, 3, 2, 1)]
    for row in (noisy, dropped):
        found = [kernel_distance(real, samples) for samples in row]
        values = [one.value for one in found]
        assert values == sorted(values)
        assert abs(values[0]) < 3 * found[0].standard_error
        assert values[-1] > 5 * found[-1].standard_error


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (normal(2, 2), normal(3, 2), "real must have at least 3 rows, got 2"),
        (normal(3, 2), normal(2, 2), "generated must have at least 3 rows, got 2"),
        (normal(3, 2), normal(3, 4), "real and generated must have as many features, got 2 and 4"),
        (normal(3, 2), normal(3, 2) * math.inf, "generated must be finite"),
    ],
)
def test_bad_input_is_told_in_words(x, y, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(x, y)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_agrees_with_the_cpu():
    x, y = normal(300, 5), normal(200, 5, 1) + 0.2
    here, there = kernel_distance(x, y), kernel_distance(x.cuda(), y.cuda())
    assert there.value == pytest.approx(here.value, rel=1e-9)
    assert there.standard_error == pytest.approx(here.standard_error, rel=1e-9)

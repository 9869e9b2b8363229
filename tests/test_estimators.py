"""Estimates from samples: unbiased where they say so, biased to the side they say."""

import math

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial.distributions import PRESETS, normal, sample, uniform
from gan_tutorial.divergences import js, kl, total_variation, wasserstein1
from gan_tutorial.estimators import (
    js_from_samples,
    js_lower_bound,
    kl_from_samples,
    total_variation_from_samples,
    wasserstein1_from_samples,
)
from gan_tutorial.game import optimal_logit

P, Q = PRESETS["two-bells"], normal(0.3, 1.5)


def draw(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return sample(P, n, generator), sample(Q, n, generator)


def test_estimates_with_densities_are_right_within_their_errors():
    x, y = draw(50_000)
    for estimate, exact in [
        (kl_from_samples(P, Q, x), kl(P, Q)),
        (js_from_samples(P, Q, x, y), js(P, Q)),
        (total_variation_from_samples(P, Q, x), total_variation(P, Q)),
    ]:
        assert 0 < estimate.standard_error < 0.02
        assert abs(estimate.value - exact) < 4 * estimate.standard_error


def test_the_standard_error_is_the_spread_over_repetitions():
    runs = [js_from_samples(P, Q, *draw(200, seed)) for seed in range(300)]
    values = torch.tensor([r.value for r in runs], dtype=torch.float64)
    claimed = sum(r.standard_error for r in runs) / len(runs)
    assert values.std().item() == pytest.approx(claimed, rel=0.15)
    # No bias: the mean of all runs misses by no more than its own standard error allows.
    assert abs(values.mean().item() - js(P, Q)) < 4 * claimed / math.sqrt(len(runs))


def test_any_discriminator_gives_a_lower_bound_and_the_optimal_one_is_tight():
    x, y = draw(50_000)
    best = js_lower_bound(optimal_logit(P, Q, x), optimal_logit(P, Q, y))
    rounding = len(x) * torch.finfo(x.dtype).eps  # of a mean of as many terms, all below 1
    assert best == pytest.approx(js_from_samples(P, Q, x, y), abs=rounding)
    for other in (torch.zeros_like, torch.sin, lambda t: 0.5 * optimal_logit(P, Q, t)):
        bound = js_lower_bound(other(x), other(y))
        assert bound.value < js(P, Q) + 4 * bound.standard_error
        assert bound.value < best.value
    assert js_lower_bound(torch.zeros(2), torch.zeros(2)) == pytest.approx((0, 0), abs=1e-15)


def test_a_ratio_that_is_infinite_makes_kl_infinite_and_jsd_log_2():
    p, q = uniform(0, 1), uniform(2, 3)
    x, y = sample(p, 10), sample(q, 10)
    assert kl_from_samples(p, q, x).value == math.inf
    assert js_from_samples(p, q, x, y) == pytest.approx((math.log(2), 0))
    assert total_variation_from_samples(p, q, x) == (1, 0)


values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)


@given(values, values)
@settings(deadline=None, max_examples=80)
def test_empirical_w1_is_scipys(x, y):
    found = wasserstein1_from_samples(torch.tensor(x).double(), torch.tensor(y).double())
    expected = scipy.stats.wasserstein_distance(
        torch.tensor(x).double().numpy(), torch.tensor(y).double().numpy()
    )
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(values, st.floats(-100, 100))
@settings(deadline=None, max_examples=40)
def test_empirical_w1_of_a_shift_is_the_shift_and_of_a_shuffle_nothing(x, shift):
    x = torch.tensor(x, dtype=torch.float64)[:, None]
    assert wasserstein1_from_samples(x, x + shift) == pytest.approx(abs(shift), abs=1e-9)
    assert wasserstein1_from_samples(x, x.flip(0)) == 0


def test_empirical_w1_is_biased_upwards_and_less_with_more_samples():
    def mean_over_runs(n):
        runs = [wasserstein1_from_samples(*draw(n, seed)) for seed in range(60)]
        return sum(runs) / len(runs)

    few, many = mean_over_runs(10), mean_over_runs(1000)
    assert few > many > 0
    assert abs(many - wasserstein1(P, Q)) < abs(few - wasserstein1(P, Q))
    assert few > wasserstein1(P, Q)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kl_from_samples(P, Q, [0.0, 1.0]), ["x must", "list"]),
        (lambda: kl_from_samples(P, Q, torch.zeros(3, 2)), ["x must", "(3, 2)", "(n, 1)"]),
        (lambda: kl_from_samples(P, Q, torch.zeros(1)), ["x must", "at least 2", "(1,)"]),
        (lambda: js_from_samples(P, Q, torch.zeros(3), torch.zeros(())), ["y must", "()"]),
        (lambda: total_variation_from_samples(P, Q, torch.tensor([0, math.nan])), ["x", "nan"]),
        (
            lambda: wasserstein1_from_samples(torch.zeros(2), torch.tensor([0, math.inf])),
            ["y", "inf"],
        ),
        (lambda: wasserstein1_from_samples(torch.zeros(2), torch.zeros(2) + 1j), ["y", "complex"]),
        (lambda: js_lower_bound(torch.zeros(1), torch.zeros(2)), ["real_logits", "(1,)"]),
        (
            lambda: js_lower_bound(torch.zeros(2), torch.tensor([0, math.nan])),
            ["fake_logits", "NaN"],
        ),
        (lambda: kl_from_samples("bell", Q, torch.zeros(2)), ["'bell'", "normal"]),
    ],
)
def test_bad_samples_are_named(call, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words below are the match
        call()
    for word in words:
        assert word in str(caught.value)

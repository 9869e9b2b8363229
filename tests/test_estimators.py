"""What a discriminator says of the JSD: right on average at D*, too small for any other, with an honest error."""

import math

import pytest
import torch

from gan_tutorial.distributions import PRESETS, normal, sample, uniform
from gan_tutorial.divergences import js
from gan_tutorial.estimators import js_lower_bound
from gan_tutorial.game import optimal_logit

P, Q = PRESETS["two-bells"], normal(0.3, 1.5)


def draw(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return sample(P, n, generator), sample(Q, n, generator)


def at_best(n, seed=0):
    """The bound of D* on n samples of each."""
    x, y = draw(n, seed)
    return js_lower_bound(optimal_logit(P, Q, x), optimal_logit(P, Q, y))


def test_the_optimal_discriminators_bound_is_the_divergence_within_its_error():
    estimate = at_best(50_000)
    assert 0 < estimate.standard_error < 0.02
    assert abs(estimate.value - js(P, Q)) < 4 * estimate.standard_error


def test_the_standard_error_is_the_spread_over_repetitions():
    runs = [at_best(200, seed) for seed in range(300)]
    values = torch.tensor([r.value for r in runs], dtype=torch.float64)
    claimed = sum(r.standard_error for r in runs) / len(runs)
    assert values.std().item() == pytest.approx(claimed, rel=0.15)
    # No bias: the mean of all runs misses by no more than its own standard error allows.
    assert abs(values.mean().item() - js(P, Q)) < 4 * claimed / math.sqrt(len(runs))


def test_any_other_discriminators_bound_is_lower():
    x, y = draw(50_000)
    best = at_best(50_000)
    for other in (torch.zeros_like, torch.sin, lambda t: 0.5 * optimal_logit(P, Q, t)):
        bound = js_lower_bound(other(x), other(y))
        assert bound.value < js(P, Q) + 4 * bound.standard_error
        assert bound.value < best.value
    assert js_lower_bound(torch.zeros(2), torch.zeros(2)) == pytest.approx((0, 0), abs=1e-15)


def test_densities_that_do_not_meet_are_told_apart_for_certain():
    p, q = uniform(0, 1), uniform(2, 3)
    x, y = sample(p, 10), sample(q, 10)
    certain = js_lower_bound(optimal_logit(p, q, x), optimal_logit(p, q, y))
    assert certain == pytest.approx((math.log(2), 0))


def test_a_discriminator_that_is_certain_and_wrong_has_no_bound():
    wrong = torch.tensor([-math.inf, 0.0])
    bound = js_lower_bound(wrong, -wrong)
    assert bound.value == -math.inf
    assert math.isnan(bound.standard_error)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: js_lower_bound([0.0, 1.0], torch.zeros(2)), ["real_logits", "list"]),
        (lambda: js_lower_bound(torch.zeros(1), torch.zeros(2)), ["real_logits", "(1,)"]),
        (
            lambda: js_lower_bound(torch.zeros(2), torch.tensor([0, math.nan])),
            ["fake_logits", "NaN"],
        ),
    ],
)
def test_bad_logits_are_named(call, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words below are the match
        call()
    for word in words:
        assert word in str(caught.value)

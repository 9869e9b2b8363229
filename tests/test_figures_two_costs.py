"""The mathematics of the figure ``two-costs`` against autograd, the package's divergences and SciPy's minima."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from gan_tutorial.distributions import mixture, normal
from gan_tutorial.divergences import js, kl
from gan_tutorial.figures import TwoCosts
from gan_tutorial.objectives import MINIMAX, NON_SATURATING

MODULES = ("two_costs/descent.js",)
COSTS = {"minimax": MINIMAX, "non-saturating": NON_SATURATING}
PLACES = [(0.6, 0.7), (-0.19, 1.13), (2.0, 0.35), (-1.2, 1.9)]


def data_with(gap):
    return mixture([-gap / 2, gap / 2], [0.6, 0.6], [0.6, 0.4])


def divergence(cost, gap, mean, std):
    """2 JSD, or 2 KL(m, p_data) with m half data and half generator."""
    if cost == "minimax":
        return 2 * js(data_with(gap), normal(mean, std))
    both = mixture([-gap / 2, gap / 2, mean], [0.6, 0.6, std], [0.3, 0.2, 0.5])
    return 2 * kl(both, data_with(gap))


def end(javascript, cost, gap, start=(0.6, 0.7)):
    return javascript.call("descend", cost, gap, list(start))[-1]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gap", [0.0, 2.0, 3.5])
def test_the_gradient_is_that_of_autograd_through_the_samples(javascript, cost, place, gap):
    found = javascript.call("costGradient", cost, gap, list(place))
    z = torch.linspace(-6, 6, 121, dtype=torch.float64)
    moving = torch.tensor(place, dtype=torch.float64, requires_grad=True)
    x = moving[0] + moving[1] * z
    score = data_with(gap).log_prob(x) - normal(*place).log_prob(x)
    losses = torch.stack([COSTS[cost].generator_loss(None, s.reshape(1, 1)) for s in score])
    weights = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / 10
    (truth,) = torch.autograd.grad((weights * losses).sum(), moving)
    np.testing.assert_allclose(found, truth.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_made_least_is_the_package_s_divergence(javascript, cost, place):
    found = javascript.call("leastOf", cost, 2.0, list(place))
    assert found == pytest.approx(divergence(cost, 2.0, *place), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("cost", COSTS)
def test_each_cost_ends_at_the_least_of_its_own_divergence(javascript, cost):
    truth = minimize(
        lambda a: divergence(cost, 2.0, a[0], math.exp(a[1])),
        [0.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-11},
    )
    mean, std = end(javascript, cost, 2.0)
    assert (mean, std) == pytest.approx((truth.x[0], math.exp(truth.x[1])), abs=1e-4)
    expected = {"minimax": (-0.193, 1.131), "non-saturating": (-0.165, 1.058)}[cost]
    assert (mean, std) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("start", PLACES)
def test_both_end_at_data_that_the_generator_can_make(javascript, start):
    for cost in COSTS:
        assert end(javascript, cost, 0.0, start) == pytest.approx((0, 0.6), abs=1e-5)
        assert javascript.call("leastOf", cost, 0.0, [0, 0.6]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("gap", [0.05, 1.0, 2.0, 3.0, 4.0])
def test_a_path_ends_where_the_gradient_vanishes_wherever_it_starts(javascript, gap):
    bounds = TwoCosts.bounds()
    for mean in (bounds["mean"]["min"], 0, bounds["mean"]["max"]):
        for std in (bounds["std"]["min"], bounds["std"]["max"]):
            for cost in COSTS:
                path = javascript.call("descend", cost, gap, [mean, std])
                last = path[-1]
                slope = javascript.call("costGradient", cost, gap, last)
                assert last[1] > 0.1
                assert np.abs(slope).max() < 1e-4, (gap, mean, std, cost, len(path))
                low = divergence(cost, gap, *last)
                for nudge in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
                    assert (
                        divergence(cost, gap, last[0] + nudge[0], last[1] + nudge[1]) > low - 1e-6
                    )


def test_far_bells_are_covered_by_one_cost_and_left_by_the_other(javascript):
    """What the chapter says of bells at a distance of 3 and a start on the left one, and on the right one."""
    for side in (-1, 1):
        covering = end(javascript, "minimax", 3.0, (2.0 * side, 0.7))
        staying = end(javascript, "non-saturating", 3.0, (2.0 * side, 0.7))
        assert covering == pytest.approx((-0.29, 1.56), abs=0.01)
        assert staying[0] == pytest.approx(1.47 * side, abs=0.03)
        assert 0.6 < staying[1] < 0.67

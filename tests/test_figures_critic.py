"""Figure ``critic-or-discriminator``: its formulas against Python, and what makes f* a best critic."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gan_tutorial.distributions import normal
from gan_tutorial.divergences import js, wasserstein1
from gan_tutorial.figures import CriticOrDiscriminator
from gan_tutorial.game import optimal_logit
from gan_tutorial.objectives import MINIMAX, NON_SATURATING

MODULES = ("mathematics/densities.js", "critic_or_discriminator/bells.js")
P_DATA = normal(0.0, 1.0)
PAIRS = [(0.0, 1.0), (0.0, 0.3), (0.5, 1.0), (3.0, 0.5), (3.0, 2.5), (6.0, 1.05), (12.0, 0.3)]

distances = st.floats(0.0, 12.0)
widths = st.floats(0.3, 2.5)
places = st.floats(-4.0, 16.0)


def close(ours, truth):
    return ours == pytest.approx(float(truth), rel=1e-9, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(distance=distances, width=widths, x=places)
def test_pulls_are_minus_the_gradients_of_the_objectives(javascript, distance, width, x):
    ours = javascript.call("pullsAt", distance, width, x)
    place = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    logit = optimal_logit(P_DATA, normal(distance, width), place)
    assert close(ours["discriminator"], torch.sigmoid(logit).item())
    (slope,) = torch.autograd.grad(torch.sigmoid(logit), place, retain_graph=True)
    assert close(ours["discriminatorSlope"], slope)
    for objective, name in ((MINIMAX, "minimaxPull"), (NON_SATURATING, "nonSaturatingPull")):
        cost = objective.generator_loss(None, logit.reshape(1, 1))
        (slope,) = torch.autograd.grad(cost, place, retain_graph=True)
        assert close(ours[name], -slope), name


@settings(max_examples=80, deadline=None)
@given(distance=distances, width=widths, x=places)
def test_the_critic_falls_where_more_of_the_data_lies_to_the_left(javascript, distance, width, x):
    place = torch.tensor(x, dtype=torch.float64)
    gap = float(normal(distance, width).cdf(place) - P_DATA.cdf(place))
    assume(abs(gap) > 1e-9)
    assert javascript.call("criticSlope", distance, width, x) == math.copysign(1, gap)


@pytest.mark.parametrize(("distance", "width"), PAIRS)
def test_w1_the_witness_and_jsd_agree_with_python(javascript, distance, width):
    p_g = normal(distance, width)
    assert close(javascript.call("bellsW1", distance, width), wasserstein1(P_DATA, p_g))
    assert close(javascript.call("witnessGap", distance, width), wasserstein1(P_DATA, p_g))
    bells = f"gaussianMixture([0], [1], [1]), gaussianMixture([{distance}], [{width}], [1])"
    assert close(javascript.evaluate(f"smoothDivergences({bells}).js"), js(P_DATA, p_g))


@pytest.mark.parametrize(("distance", "width"), PAIRS)
def test_the_drawn_critic_is_1_lipschitz_and_proves_w1(javascript, distance, width):
    """E_p f* - E_q f* by quadrature of the curve itself: duality, with no formula of it."""
    x = torch.linspace(-40, 60, 20_001, dtype=torch.float64)
    f = javascript.evaluate(f"{x.tolist()}.map((x) => criticValue({distance}, {width}, x))")
    f = torch.tensor(f, dtype=torch.float64)
    assert f.diff().abs().max() <= x.diff().max() + 1e-9
    difference = P_DATA.log_prob(x).exp() - normal(distance, width).log_prob(x).exp()
    proved = torch.trapezoid(f * difference, x).item()
    assert proved == pytest.approx(wasserstein1(P_DATA, normal(distance, width)), abs=1e-4)


def test_the_slope_is_the_derivative_of_the_critic(javascript):
    for distance, width in PAIRS:
        for x in (-3.3, 0.4, 5.9, 15.2):
            ends = [javascript.call("criticValue", distance, width, x + h) for h in (-0.01, 0.01)]
            slope = javascript.call("criticSlope", distance, width, x)
            assert (ends[1] - ends[0]) / 0.02 == pytest.approx(slope, abs=1e-9)


def test_equal_bells_leave_nothing_to_say(javascript):
    found = javascript.call("pullsAt", 0.0, 1.0, 0.7)
    assert found["discriminator"] == 0.5
    pulls = ("minimaxPull", "nonSaturatingPull", "criticPull", "critic")
    assert all(abs(found[name]) == 0 for name in pulls)


def test_far_apart_the_minimax_cost_is_deaf_and_the_critic_is_not(javascript):
    far = CriticOrDiscriminator()
    found = javascript.call("pullsAt", far.distance, far.width, far.distance)
    assert abs(found["minimaxPull"]) < 1e-6
    assert found["criticPull"] == -1
    assert found["nonSaturatingPull"] == pytest.approx(-far.distance, rel=1e-6)

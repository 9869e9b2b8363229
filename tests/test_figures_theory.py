"""The figures of the theory chapters: their mathematics against Python, and their first states."""

import math

import mpmath as mp
import pytest
import torch
from conftest import open_javascript
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial.distributions import mixture, normal, uniform
from gan_tutorial.figures import PointwiseMaximum, Saturation
from gan_tutorial.game import optimal_discriminator
from gan_tutorial.objectives import MINIMAX, NON_SATURATING

MODULES = ("mathematics/game.js", "saturation/costs.js", "pointwise_maximum/gain.js")
TOLERANCE = 1e-9


def close(ours, truth):
    return math.isclose(ours, float(truth), rel_tol=TOLERANCE, abs_tol=1e-300)


LOGITS = [-700.0, -40.0, -8.0, -4.6, -1.3, 0.0, 0.05, 2.0, 8.0, 35.0, 700.0]


@pytest.mark.parametrize("s", LOGITS)
def test_generator_costs_are_those_of_the_objectives(javascript, s):
    ours = javascript.call("generatorCosts", s)
    logit = torch.tensor(s, dtype=torch.float64, requires_grad=True)
    for objective, name in ((MINIMAX, "minimax"), (NON_SATURATING, "nonSaturating")):
        cost = objective.generator_loss(None, logit.reshape(1, 1))
        (slope,) = torch.autograd.grad(cost, logit)
        assert close(ours[name], cost.item())
        assert close(ours[f"{name}Slope"], slope.item())
    assert close(ours["probability"], torch.sigmoid(logit).item())


@pytest.mark.parametrize("s", [s for s in LOGITS if s < 600])
def test_the_chain_rule_ties_the_two_slopes_of_the_minimax_cost(javascript, s):
    ours = javascript.call("generatorCosts", s)
    with mp.workdps(40):
        D = 1 / (1 + mp.exp(-mp.mpf(s)))
        assert close(ours["minimaxSlopeInD"], -1 / (1 - D))
        assert close(ours["minimaxSlope"], -1 / (1 - D) * D * (1 - D))


def test_where_d_is_sure_one_slope_vanishes_in_the_logit_and_not_in_d(javascript):
    sure = javascript.call("generatorCosts", -12.0)
    assert -1e-5 < sure["minimaxSlope"] < 0
    assert sure["minimaxSlopeInD"] == pytest.approx(-1, rel=1e-5)
    assert sure["nonSaturatingSlope"] == pytest.approx(-1, rel=1e-5)


def reference_gain(a, b, y):
    a, b, y = mp.mpf(a), mp.mpf(b), mp.mpf(y)
    return (a * mp.log(y) if a else 0) + (b * mp.log(1 - y) if b else 0)


def reference_loss(a, b, y):
    best = mp.mpf(a) / (mp.mpf(a) + mp.mpf(b))
    return reference_gain(a, b, best) - reference_gain(a, b, y)


@pytest.mark.parametrize("y", [0.005, 0.3, 0.5, 0.995])
@pytest.mark.parametrize(
    ("a", "b"), [(0.3, 0.1), (0.0, 0.2), (0.4, 0.0), (1e-30, 2e-30), (1e-310, 1e-310), (1e-9, 0.4)]
)
def test_gain_best_answer_and_loss_against_mpmath(javascript, a, b, y):
    with mp.workdps(60):
        assert close(javascript.call("pointwiseGain", a, b, y), reference_gain(a, b, y))
        assert close(javascript.call("bestReply", a, b), mp.mpf(a) / (mp.mpf(a) + mp.mpf(b)))
        assert close(javascript.call("pointwiseLoss", a, b, y), reference_loss(a, b, y))


def test_the_loss_keeps_its_digits_next_to_the_maximum(javascript):
    a, b, y = 0.3, 0.1, 0.7501
    with mp.workdps(60):
        assert close(javascript.call("pointwiseLoss", a, b, y), reference_loss(a, b, y))


density = st.floats(1e-6, 1e3)
answer = st.floats(0.001, 0.999)


def test_no_answer_beats_the_best_one():
    with open_javascript(*MODULES) as engine:

        @settings(deadline=None, max_examples=150)
        @given(density, density, answer)
        def check(a, b, y):
            best = engine.call("bestReply", a, b)
            assert 0 < best < 1
            assert engine.call("pointwiseLoss", a, b, y) >= 0
            assert engine.call("pointwiseLoss", a, b, best) == pytest.approx(0, abs=1e-12 * (a + b))
            # (a + b) KL(y*, y), Pinsker's inequality: at least 2 (a + b) (y - y*)^2
            loss = engine.call("pointwiseLoss", a, b, y)
            assert loss >= 2 * (a + b) * (y - best) ** 2 * (1 - 1e-6) - 1e-15 * (a + b)

        check()


def test_where_neither_density_lives_every_answer_is_as_good(javascript):
    assert javascript.evaluate("Number.isNaN(bestReply(0, 0))")
    assert [javascript.call("pointwiseGain", 0, 0, y) for y in (0.1, 0.9)] == [0, 0]
    assert abs(javascript.call("pointwiseLoss", 0, 0, 0.3)) == 0


@pytest.mark.parametrize("kind", PointwiseMaximum.class_traits()["densities"].values)
def test_the_best_answers_make_up_the_optimal_discriminator(javascript, kind):
    if kind == "bells":
        p_data, p_g = mixture([-1.5, 1.5], [0.7, 0.7], [0.5, 0.5]), normal(1.0, 1.0)
    else:
        p_data, p_g = uniform(-2.5, 1.0), uniform(-1.0, 3.0)
    xs = [-3.93, -2.2, -1.5, -0.31, 0.0, 0.5, 1.4, 2.9, 3.77]
    exact = optimal_discriminator(p_data, p_g, torch.tensor(xs, dtype=torch.float64))
    ours = javascript.evaluate(
        f"(([p, q]) => {xs}.map((x) => bestReply(p.pdf(x), q.pdf(x))))(densitiesOf('{kind}'))"
    )
    for mine, truth in zip(ours, exact.tolist(), strict=True):
        assert mine is None if math.isnan(truth) else close(mine, truth)


def test_the_gain_axis_always_holds_the_maximum(javascript):
    for total in (1e-12, 3e-4, 0.02, 0.31, 0.69, 1.0, 1.2):
        depth = javascript.call("axisAbove", 1.5 * total)
        assert 1.5 * total <= depth <= 2.4 * total  # the maximum is never below -total log 2


def test_saturation_opens_on_a_discriminator_that_is_sure():
    assert 1 / (1 + math.exp(-Saturation().logit)) == pytest.approx(0.01, abs=1e-4)

"""The sliding densities of the figure `divergences` against the package, closed forms and finite differences."""

import json
import math

import pytest
import torch

from gan_tutorial import divergences
from gan_tutorial.distributions import mixture, normal, uniform
from gan_tutorial.figures import Divergences
from gan_tutorial.figures.divergences import FAMILIES

MODULES = ("divergences/sliding.js",)
PAIRS = {
    "equal-bells": (normal(0, 1), lambda t: normal(t, 1)),
    "unequal-bells": (normal(0, 1), lambda t: normal(t, 0.5)),
    "blocks": (uniform(-1, 1), lambda t: uniform(t - 1, t + 1)),
    "two-bells": (mixture([-2, 2], [0.6, 0.6], [0.5, 0.5]), lambda t: normal(t, 0.8)),
}
DISTANCES = (0.0, 0.05, 0.7, 1.95, 2.0, 3.3, 8.0)
SIXTH_ORDER = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))


def in_python(family, t):
    p, q = PAIRS[family][0], PAIRS[family][1](t)
    return {
        "kl": divergences.kl(p, q),
        "reverseKl": divergences.kl(q, p),
        "js": divergences.js(p, q),
        "tv": divergences.total_variation(p, q),
        "w1": divergences.wasserstein1(p, q),
    }


def slide(javascript, family, t):
    """`slidingDivergences`, with infinities and undefined numbers kept (JSON has neither)."""
    keep = "(_, v) => typeof v === 'number' && !Number.isFinite(v) ? String(v) : v"
    text = javascript.context.eval(f"JSON.stringify(slidingDivergences('{family}', {t}), {keep})")
    return {k: {n: float(x) for n, x in v.items()} for k, v in json.loads(text).items()}


def test_the_families_are_the_same_in_both_languages(javascript):
    assert javascript.evaluate("Object.keys(SLIDING_FAMILIES)") == list(FAMILIES) == list(PAIRS)


@pytest.mark.parametrize("t", DISTANCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_values_equal_the_package(javascript, family, t):
    found = slide(javascript, family, t)["value"]
    for name, truth in in_python(family, t).items():
        assert found[name] == pytest.approx(truth, rel=1e-9, abs=1e-11), name


@pytest.mark.parametrize("t", [0.05, 0.7, 1.95, 3.3, 7.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_slopes_equal_differences_of_the_package(javascript, family, t):
    h = 2e-3
    around = {k: in_python(family, t + k * h) for k in (-3, -2, -1, 1, 2, 3)}
    for name, slope in slide(javascript, family, t)["slope"].items():
        if math.isinf(around[1][name]):
            assert math.isnan(slope)
            continue
        change = sum(w * (around[k][name] - around[-k][name]) for k, w in SIXTH_ORDER) / h
        assert slope == pytest.approx(change, rel=1e-7, abs=1e-9), name


@pytest.mark.parametrize("t", DISTANCES)
def test_equal_bells_have_closed_forms(javascript, t):
    found = slide(javascript, "equal-bells", t)
    bell = math.exp(-t * t / 8) / math.sqrt(2 * math.pi)
    assert found["value"]["kl"] == pytest.approx(t * t / 2, abs=1e-10)
    assert found["value"]["tv"] == pytest.approx(math.erf(t / math.sqrt(8)), abs=1e-12)
    assert found["value"]["w1"] == pytest.approx(t, abs=1e-12)
    assert found["slope"]["kl"] == pytest.approx(t, abs=1e-10)
    assert found["slope"]["reverseKl"] == pytest.approx(t, abs=1e-10)
    assert found["slope"]["tv"] == pytest.approx(bell, abs=1e-9)  # at 0: the slope to the right
    assert found["slope"]["w1"] == pytest.approx(1, abs=1e-9)


def test_blocks_that_parted_are_infinitely_far_log_two_far_and_t_far(javascript):
    for t in (2.0, 3.0, 8.0):
        found = slide(javascript, "blocks", t)
        expected = {"kl": math.inf, "reverseKl": math.inf, "js": math.log(2), "tv": 1, "w1": t}
        assert found["value"] == pytest.approx(expected, rel=1e-15)
        assert (found["slope"]["js"], found["slope"]["tv"], found["slope"]["w1"]) == (0, 0, 1)
    overlapping = slide(javascript, "blocks", 0.5)
    assert overlapping["value"]["kl"] == math.inf
    assert overlapping["value"]["js"] == pytest.approx(math.log(2) / 4, rel=1e-12)
    assert slide(javascript, "blocks", 0.0)["value"] == dict.fromkeys(found["value"], 0)


def test_the_jsd_slope_is_half_of_what_the_generator_feels(javascript):
    """d JSD / dt = ½ E_q[d/dx log(1 - D*)], by the trapezium rule in Python."""
    t = 1.3
    x = torch.linspace(-12, 14, 20_001, dtype=torch.float64, requires_grad=True)
    q = normal(t, 1)
    score = normal(0, 1).log_prob(x) - q.log_prob(x)
    (felt,) = torch.autograd.grad(torch.nn.functional.logsigmoid(-score).sum(), x)
    truth = torch.trapezoid(q.log_prob(x.detach()).exp() * felt, x.detach()) / 2
    assert slide(javascript, "equal-bells", t)["slope"]["js"] == pytest.approx(
        float(truth), rel=1e-9
    )


def test_python_holds_the_state():
    figure = Divergences(family="blocks", distance=3)
    assert figure.state()["distance"] == 3
    with pytest.raises(Exception, match="family"):
        figure.family = "triangles"
    with pytest.raises(ValueError, match="separation"):
        Divergences(separation=1)

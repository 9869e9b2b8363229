"""The mathematics of the figures of chapter 6 against autograd, eigenvalues and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import softplus

from gan_tutorial.figures import DiracGan
from gan_tutorial.figures.convex_chord import SHAPES
from gan_tutorial.figures.dirac_gan import LOSSES, UPDATES

MODULES = ("dirac_gan/dynamics.js", "convex_supremum/affine.js", "convex_chord/sets.js")
SETTINGS = {
    "loss": "minimax",
    "updates": "alternating",
    "theta": 1.2,
    "psi": -0.7,
    "rate": 0.3,
    "k": 3,
}
SETTINGS["penalty"] = 0.2

# The costs of the two players as functions of s(0), s(θ), from the papers' equations; s(x) = ψ x.
GENERATOR = {
    "minimax": lambda real, fake: -softplus(fake),
    "non-saturating": lambda real, fake: softplus(-fake),
    "wgan": lambda real, fake: -fake,
}
DISCRIMINATOR = {
    "minimax": lambda real, fake: softplus(-real) + softplus(fake),
    "non-saturating": lambda real, fake: softplus(-real) + softplus(fake),
    "wgan": lambda real, fake: fake - real,
}


def torch_field(loss, penalty, theta, psi):
    """(θ', ψ') by autograd: minus the gradient of each player's cost in its own number."""
    theta = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    psi = torch.tensor(psi, dtype=torch.float64, requires_grad=True)
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    real, fake = psi * x, psi * theta
    (slope,) = torch.autograd.grad(real, x, create_graph=True)
    (d_theta,) = torch.autograd.grad(GENERATOR[loss](real, fake), theta, retain_graph=True)
    cost = DISCRIMINATOR[loss](real, fake) + penalty / 2 * slope**2
    (d_psi,) = torch.autograd.grad(cost, psi)
    return -d_theta.item(), -d_psi.item()


def torch_orbit(settings, count):
    theta, psi = settings["theta"], settings["psi"]
    path = [(theta, psi)]
    for _ in range(count):
        before = psi
        for _ in range(settings["k"]):
            psi += (
                settings["rate"] * torch_field(settings["loss"], settings["penalty"], theta, psi)[1]
            )
        seen = before if settings["updates"] == "simultaneous" else psi
        theta += (
            settings["rate"] * torch_field(settings["loss"], settings["penalty"], theta, seen)[0]
        )
        path.append((theta, psi))
    return np.array(path)


def orbit(javascript, count, **changes):
    found = javascript.call("diracOrbit", SETTINGS | changes, count)
    return np.stack([found["theta"], found["psi"]], axis=1)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
@pytest.mark.parametrize(("k", "penalty"), [(1, 0.0), (3, 0.2)])
def test_steps_are_those_of_autograd(javascript, loss, updates, k, penalty):
    changes = {"loss": loss, "updates": updates, "k": k, "penalty": penalty}
    truth = torch_orbit(SETTINGS | changes, 40)
    np.testing.assert_allclose(orbit(javascript, 40, **changes), truth, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["minimax", "wgan"])
def test_the_flow_keeps_its_distance(javascript, loss):
    path = orbit(javascript, 100, loss=loss, updates="flow", penalty=0)
    np.testing.assert_allclose(np.hypot(*path.T), math.hypot(1.2, 0.7), rtol=1e-6)


def test_the_bilinear_flow_is_a_rotation(javascript):
    path = orbit(javascript, 50, loss="wgan", updates="flow", penalty=0, rate=0.1)
    angle = 0.1 * np.arange(51)
    theta = 1.2 * np.cos(angle) - 0.7 * np.sin(angle)
    np.testing.assert_allclose(path[:, 0], theta, atol=1e-6)


def test_the_non_saturating_flow_comes_slowly_nearer(javascript):
    radius = np.hypot(*orbit(javascript, 300, loss="non-saturating", updates="flow", penalty=0).T)
    assert (np.diff(radius) <= 1e-9).all()
    assert radius[-1] < radius[0]


@pytest.mark.parametrize("loss", ["minimax", "wgan"])
def test_simultaneous_steps_always_move_away(javascript, loss):
    radius = np.hypot(*orbit(javascript, 100, loss=loss, updates="simultaneous", penalty=0, k=1).T)
    assert (np.diff(radius) > 0).all()
    if loss == "wgan":
        np.testing.assert_allclose(radius[1:] / radius[:-1], math.sqrt(1 + 0.3**2), rtol=1e-12)


@pytest.mark.parametrize("k", [1, 4])
def test_alternating_bilinear_steps_stay_on_an_ellipse(javascript, k):
    h = 0.3
    theta, psi = orbit(javascript, 300, loss="wgan", updates="alternating", penalty=0, k=k).T
    conserved = theta**2 + psi**2 / k - h * theta * psi
    np.testing.assert_allclose(conserved, conserved[0], rtol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("updates", UPDATES)
@pytest.mark.parametrize(
    ("k", "penalty", "rate"), [(1, 0, 0.2), (2, 0.5, 0.5), (10, 1, 1), (1, 0.9, 0.1)]
)
def test_the_factor_is_the_spectral_radius_of_a_step(javascript, loss, updates, k, penalty, rate):
    """The Jacobian of one step at the solution, by steps from two points close to it."""
    tiny = 1e-6
    changes = {"loss": loss, "updates": updates, "k": k, "penalty": penalty, "rate": rate}
    columns = [
        orbit(javascript, 1, **changes, theta=a * tiny, psi=b * tiny)[1] / tiny
        for a, b in ((1, 0), (0, 1))
    ]
    truth = np.abs(np.linalg.eigvals(np.array(columns).T)).max()
    found = javascript.call("diracModulus", SETTINGS | changes)
    # The flow's Jacobian comes from Runge-Kutta steps of at most 0.05; a step's is exact but for curvature.
    assert found == pytest.approx(truth, rel=1e-6)


# Settings, and what their 300 steps on the screen do. Of minimax in turns each of the three ways is there.
JOURNEYS = [
    ({"updates": "simultaneous", "penalty": 0, "k": 1, "rate": 0.2}, "out"),
    ({"updates": "simultaneous", "penalty": 0, "k": 1, "rate": 0.02}, "out"),
    ({"updates": "simultaneous", "penalty": 0, "k": 5, "rate": 0.2, "theta": 0.1}, "out"),
    ({"updates": "flow", "penalty": 0}, "round"),
    ({"updates": "flow", "penalty": 0, "loss": "non-saturating"}, "in"),
    ({"penalty": 0, "k": 1, "rate": 0.2}, "round"),
    ({"penalty": 0, "k": 5, "rate": 0.5}, "in"),
    ({"penalty": 0, "k": 5, "rate": 0.8}, "out"),
    ({"penalty": 0, "k": 5, "rate": 0.8, "loss": "wgan"}, "round"),
    ({"penalty": 0, "k": 5, "rate": 0.92, "loss": "wgan"}, "away"),
    ({"penalty": 0.3, "k": 1, "rate": 0.2}, "in"),
    ({"penalty": 1.0, "k": 10, "rate": 0.3}, "in"),
    ({"penalty": 0, "k": 1, "rate": 0.02}, "short"),
]


def journey(javascript, count=300, **changes):
    start = SETTINGS | {"theta": 1.0, "psi": 0.5}
    found = javascript.call("diracOrbit", start | changes, count, 12)
    return found, javascript.call("diracJourney", found, 12)


@pytest.mark.parametrize(("changes", "way"), JOURNEYS)
def test_what_a_path_did_is_told_from_the_path(javascript, changes, way):
    found, told = journey(javascript, **changes)
    radius = np.hypot(found["theta"], found["psi"])
    third = len(radius) // 3
    largest = radius[:third].max(), radius[-third:].max()
    assert told["way"] == way
    assert (told["early"], told["late"]) == pytest.approx(largest, rel=1e-9)
    assert (told["lowest"], told["highest"]) == pytest.approx((radius.min(), radius.max()))
    turned = np.unwrap(np.arctan2(found["psi"], found["theta"]))
    assert told["halfTurns"] == pytest.approx(abs(turned[-1] - turned[0]) / math.pi, rel=1e-9)
    if way in ("in", "out"):
        assert told["steady"] == (len(set(np.sign(np.diff(radius))) - {0.0}) == 1)
        assert (largest[1] > largest[0]) == (way == "out")


def test_five_steps_of_a_large_size_lead_outwards_and_not_in_circles(javascript):
    """k = 5, h = 0.8: the very path of which the figure once said that it circles for ever."""
    truth = torch_orbit(
        SETTINGS | {"theta": 1.0, "psi": 0.5, "k": 5, "rate": 0.8, "penalty": 0}, 300
    )
    radius = np.hypot(*truth.T)
    _, told = journey(javascript, k=5, rate=0.8, penalty=0)
    # The orbit is chaotic: starts that differ by 1e-3 or less end anywhere, but all above 4.
    assert radius[0] < 1.2
    assert radius.max() > 3.5
    assert told["highest"] > 3.5
    assert told["way"] == "out"


@settings(deadline=None, max_examples=60)
@given(
    theta=st.floats(-2.5, 2.5),
    psi=st.floats(-2.5, 2.5),
    rate=st.integers(1, 50).map(lambda n: n / 50),
    k=st.integers(1, 10),
    loss=st.sampled_from(LOSSES),
    updates=st.sampled_from(UPDATES),
)
def test_what_is_proved_of_a_path_is_kept_over_a_thousand_steps(
    javascript, theta, psi, rate, k, loss, updates
):
    changes = {"loss": loss, "updates": updates, "rate": rate, "k": k, "penalty": 0}
    proved = javascript.call("diracInvariant", SETTINGS | changes)
    _, told = journey(javascript, theta=theta, psi=psi, **changes)
    if proved:
        theta, psi = orbit(javascript, 1000, theta=theta, psi=psi, **changes).T
        ellipse = theta**2 + psi**2 / k - rate * theta * psi
        kept = theta**2 + psi**2 if proved == "distance" else ellipse
        # A Runge-Kutta step of at most 0.05 loses (0.05)^6 / 72 of the squared distance, some 2e-10.
        np.testing.assert_allclose(kept, kept[0], rtol=1e-5, atol=1e-12)
        assert told["way"] in ("round", "short")
    if updates == "simultaneous" and loss != "non-saturating" and k == 1:
        assert told["way"] in ("away", "out", "short") or told["highest"] == 0
    assert javascript.call("diracInvariant", SETTINGS | changes | {"penalty": 0.1}) == ""


def test_nothing_is_proved_of_minimax_in_turns(javascript):
    """From (1, 0.5) one step of D drifts out and five lead in, however long one looks."""
    for k, factor in ((1, (3, 5)), (5, (0.25, 0.5))):
        changes = {"theta": 1.0, "psi": 0.5, "k": k, "rate": 0.5, "penalty": 0}
        assert javascript.call("diracInvariant", SETTINGS | changes) == ""
        radius = np.hypot(*orbit(javascript, 60_000, **changes).T)
        low, high = factor
        assert low < radius[-5000:].max() / radius[:300].max() < high


HEIGHTS = st.lists(
    st.tuples(*[st.integers(-30, 40).map(lambda n: n / 20)] * 2),
    min_size=3,
    max_size=3,
    unique=True,
)


@settings(deadline=None, max_examples=60)
@given(lines=HEIGHTS, x=st.integers(-100, 100).map(lambda n: n / 100), mix=st.floats(0, 1))
def test_a_subgradient_gives_a_line_that_lies_nowhere_above(javascript, lines, x, mix):
    found = javascript.call("supportAt", lines, x, mix, 0.0051)
    grid = np.linspace(-1, 1, 201)
    left, right = np.array(lines).T[:, :, None]
    supremum = ((left * (1 - grid) + right * (1 + grid)) / 2).max(0)
    below = found["value"] + found["slope"] * (grid - found["x"])
    assert (below <= supremum + 1e-9).all()
    assert found["low"] - 1e-12 <= found["slope"] <= found["high"] + 1e-12
    assert abs(found["x"] - x) <= 0.0051


@settings(deadline=None, max_examples=60)
@given(lines=HEIGHTS)
def test_kinks_are_where_the_slope_of_the_supremum_jumps(javascript, lines):
    kinks = javascript.call("kinksOf", lines)
    assert kinks == sorted(kinks)
    assert len(kinks) <= 2  # three slopes, and a convex function only ever gets steeper
    for kink in kinks:
        found = javascript.call("supportAt", lines, kink, 0.5, 0.0051)
        assert len(found["active"]) >= 2
        assert found["low"] < found["high"]


def test_no_slope_outside_the_interval_supports(javascript):
    lines = [[1.5, -0.9], [0.75, 0.45], [-1.2, 1.6]]
    (kink, _) = javascript.call("kinksOf", lines)
    found = javascript.call("supportAt", lines, kink, 0, 0.0051)
    assert (found["low"], found["high"]) == pytest.approx((-1.2, -0.15))
    for slope, side in ((found["low"] - 0.1, -0.01), (found["high"] + 0.1, 0.01)):
        line = found["value"] + slope * side
        assert line > javascript.call("supremumAt", lines, kink + side)


@pytest.mark.parametrize("shape", SHAPES)
def test_chords_leave_just_the_sets_that_are_not_convex(javascript, shape):
    assert javascript.evaluate("Object.keys(CONVEX_SHAPES)") == list(SHAPES)
    generator = np.random.default_rng(0)
    left = 0.0
    for points in generator.uniform(-1.4, 1.4, (200, 2, 2)):
        a, b = (javascript.call(f"CONVEX_SHAPES.{shape}.hold", *point) for point in points.tolist())
        assert javascript.call(f"CONVEX_SHAPES.{shape}.inside", *a)
        left = max(left, javascript.call("chordIn", shape, a, b, 50)["outside"])
    assert (left > 0) == (shape in ("crescent", "plateau"))


@pytest.mark.browser
class TestDrawingTheDistance:
    @pytest.fixture
    def figure(self, browser, figure_page):
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        page.goto(figure_page(DiracGan(updates="flow", predict=True)))
        page.wait_for_selector("[data-figure][data-ready]")
        yield page
        page.close()

    def number(self, page, name):
        return page.locator(f"output[name={name}]").first.get_attribute("data-value")

    def test_the_path_is_kept_back_until_the_reader_has_drawn(self, figure):
        caption = figure.locator(".gan-caption")
        assert figure.get_by_role("button", name="Play").is_disabled()
        assert "for ever" not in caption.inner_text()
        assert self.number(figure, "step") == "0"
        assert self.number(figure, "modulus") == "NaN"
        plane = figure.locator(".gan-plots").screenshot()
        hand = figure.locator(".gan-sketch-hand").bounding_box()
        y = hand["y"] + 0.5 * hand["height"]  # the middle of 0 to 3
        figure.mouse.move(hand["x"] + 3, y)
        figure.mouse.down()
        figure.mouse.move(hand["x"] + hand["width"] - 5, y, steps=5)
        figure.mouse.up()
        figure.get_by_role("button", name="Compare my line").click()
        said = figure.locator(".gan-sketch-said").inner_text()
        assert "On average your line is 0.38 away from the distance" in said
        assert "is the same there" in said
        assert figure.get_by_role("button", name="Play").is_enabled()
        assert "for ever" in caption.inner_text()
        assert self.number(figure, "step") == "300"
        assert figure.locator(".gan-plots").screenshot() != plane

    def test_another_game_is_kept_back_as_well(self, figure):
        figure.locator("select[name=updates]").select_option("simultaneous")
        assert self.number(figure, "step") == "0"
        figure.get_by_role("button", name="Show me").click()
        assert figure.locator(".gan-caption").inner_text().startswith("Outwards")
        figure.get_by_role("button", name="Draw again").click()
        assert self.number(figure, "step") == "0"
        assert figure.get_by_role("button", name="Play").is_disabled()

    def test_sliders_reach_the_top_of_the_axes(self, figure):
        figure.locator(".gan-sketch-sliders summary").click()
        first = figure.locator("input[name=drawn]").first
        assert first.get_attribute("max") == "3"
        first.press("End")
        assert float(self.number(figure, "drawn")) == 3

"""The figure ``precision-recall``: its mathematics in V8 and its numbers in a page, against the package."""

import json

import pytest
import torch
import traitlets
from hypothesis import example, given, settings
from hypothesis import strategies as st
from page_clock import rest

from gan_tutorial.figures import PrecisionRecall
from gan_tutorial.figures.precision_recall import POINTS
from gan_tutorial.metrics import (
    expected_coverage,
    frechet_distance,
    kernel_distance,
    moments,
    neighbourhoods,
)

MODULES = tuple(f"precision_recall/{name}.js" for name in ("neighbours", "moments", "cloud"))
FIRST = PrecisionRecall()
NAMES = ("precision", "recall", "density", "coverage", "frechet", "kid")


def table(points):
    return torch.tensor(points, dtype=torch.float64)


def by_the_package(real, samples, k):
    """What the package says of two clouds, by the names of the figure's read-outs."""
    x, y = table(real), table(samples)
    found = neighbourhoods(x, y, k=k)
    return {
        "precision": found.precision.mean,
        "recall": found.recall.mean,
        "density": found.density.mean,
        "coverage": found.coverage.mean,
        "frechet": frechet_distance(x, y).value,
        "kid": kernel_distance(x, y).value,
    }


def by_javascript(javascript, real, samples, k):
    found = javascript.call("neighbourhoods", real, samples, k)
    return {
        **{name: found[name] for name in NAMES[:4]},
        "frechet": javascript.call("frechetDistance", real, samples),
        "kid": javascript.call("kernelDistance", real, samples),
    }


def placed(state):
    """The samples of a state, by its definition."""
    points = state["real"] if state["source"] == "copies" else state[state["source"]]
    pulls = {int(number): (right, up) for number, right, up in state["pulled"]}
    samples = []
    for i, (x, y) in enumerate(points[: int(state["count"])], start=1):
        right, up = pulls.get(i, (0, 0))
        samples.append(
            [
                x * state["spread_x"] + state["move_x"] + right,
                y * state["spread_y"] + state["move_y"] + up,
            ]
        )
    return samples


places = st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(list)
# Apart by more than rounding, or equal: a distance that rounding decides need not be decided alike.
grid = st.tuples(st.integers(-30, 30), st.integers(-30, 30)).map(lambda p: [p[0] / 8, p[1] / 8])


@settings(max_examples=60)
@given(
    real=st.lists(grid, min_size=8, max_size=20),
    samples=st.lists(grid, min_size=8, max_size=20),
    k=st.integers(1, 5),
)
@example(real=[[0, i] for i in range(8)], samples=[[0, i] for i in range(8)], k=1)  # copies
@example(real=[[i, i] for i in range(8)], samples=[[1, 1]] * 8, k=3)  # one point: balls of size 0
def test_the_neighbours_measures_are_the_packages(javascript, real, samples, k):
    expected = by_the_package(real, samples, k)
    found = by_javascript(javascript, real, samples, k)
    for name in NAMES[:4]:
        assert found[name] == pytest.approx(expected[name], abs=1e-12), name


@settings(max_examples=60)
@given(
    real=st.lists(places, min_size=8, max_size=20),
    samples=st.lists(places, min_size=8, max_size=20),
)
@example(real=[[i, i * i / 9] for i in range(9)], samples=[[i / 2, 1 - i] for i in range(9)])
def test_the_distances_are_the_packages(javascript, real, samples):
    expected = by_the_package(real, samples, 3)
    found = by_javascript(javascript, real, samples, 3)
    # A covariance that is singular up to rounding ε has a root that is wrong by √ε of its size, in either language.
    least = min(
        float(torch.linalg.eigvalsh(moments(table(c)).covariance)[0]) for c in (real, samples)
    )
    bound = 1e-9 if least > 1e-6 else 1e-6
    assert found["frechet"] == pytest.approx(expected["frechet"], rel=1e-9, abs=bound)
    # Cubes of up to 10 over 400 pairs: 1e-9 is far above their rounding.
    assert found["kid"] == pytest.approx(expected["kid"], rel=1e-9, abs=1e-9)


def test_samples_lie_where_the_definition_puts_them(javascript):
    state = {
        **FIRST.state(),
        "source": "bell",
        "count": 12,
        "spread_x": 0.5,
        "move_y": -1,
        "pulled": [[2, 1.5, -0.5], [30, 1, 1]],
    }
    spread, move = [0.5, 1], [0, -1]
    found = javascript.call("placeSamples", state["bell"], 12, spread, move, state["pulled"])
    assert found == placed(state)
    assert found[1] == pytest.approx(
        [0.5 * state["bell"][1][0] + 1.5, state["bell"][1][1] - 1 - 0.5]
    )


def test_a_pull_takes_the_place_of_the_one_before_and_none_is_no_pull(javascript):
    pulls = javascript.call("withPull", [[2, 1, 1], [5, 0, 1]], [2, 3, 0])
    assert sorted(pulls) == [[2, 3, 0], [5, 0, 1]]
    assert javascript.call("withPull", pulls, [2, 0, 0]) == [[5, 0, 1]]
    assert javascript.call("pullOf", pulls, 2) == [3, 0]
    assert javascript.call("pullOf", pulls, 9) == [0, 0]


def test_the_nearest_sample_is_found(javascript):
    assert javascript.call("nearestSample", [[0, 0], [1, 1], [3, 3]], [1.4, 1.9]) == 2


def test_the_clouds_are_what_the_page_says_of_them():
    """New draws score what is expected of them; the bell has the real points' moments and not their place."""
    real, fresh, bell = table(FIRST.real), table(FIRST.fresh), table(FIRST.bell)
    assert len(real) == len(fresh) == len(bell) == POINTS
    assert int((real[:, 0] < 0).sum()) == POINTS // 2
    draws = by_the_package(FIRST.real, FIRST.fresh, 3)
    assert draws["coverage"] == pytest.approx(expected_coverage(POINTS, POINTS, 3), abs=0.1)
    assert draws["density"] == pytest.approx(1, abs=0.15)
    assert min(draws["precision"], draws["recall"]) > 0.85
    # Coordinates are rounded to 5e-5, and moments hardly more.
    torch.testing.assert_close(moments(bell).mean, moments(real).mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(
        moments(bell).covariance, moments(real).covariance, rtol=0, atol=2e-4
    )
    of_bell = by_the_package(FIRST.real, FIRST.bell, 3)
    assert of_bell["frechet"] < 1e-6 < draws["frechet"]
    assert of_bell["precision"] < draws["precision"] - 0.2


@pytest.mark.parametrize("pull", [[0, 1, 1], [41, 1, 1], [1.5, 0, 0], [3, 4.5, 0]])
def test_pulls_of_no_sample_or_too_far_are_refused(pull):
    with pytest.raises(traitlets.TraitError, match="a pull is"):
        PrecisionRecall(pulled=[pull])


# In a page of its own.


class Page:
    """The figure in a page, and the state that its controls show."""

    def __init__(self, page, address):
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector("[data-figure=precision-recall][data-ready]")

    def move(self, name, value):
        self.page.evaluate(
            """([name, value]) => {
              const input = document.querySelector(`:is(input, select)[name=${name}]`);
              input.value = value;
              for (const event of ["input", "change"]) input.dispatchEvent(new Event(event, { bubbles: true }));
            }""",
            [name, value],
        )

    def value(self, name):
        return float(self.page.input_value(f"input[name={name}]"))

    def numbers(self):
        outputs = [self.page.get_attribute(f"output[name={name}]", "data-value") for name in NAMES]
        return dict(zip(NAMES, map(float, outputs), strict=True))

    def state(self, pulled=()):
        sliders = ("move_x", "move_y", "spread_x", "spread_y", "count", "k", "chosen")
        return {
            **FIRST.state(),
            **{name: self.value(name) for name in sliders},
            "source": self.page.input_value("select[name=source]"),
            "pulled": pulled,
        }

    def agrees(self, pulled=()):
        state = self.state(pulled)
        expected = by_the_package(state["real"], placed(state), int(state["k"]))
        assert self.numbers() == pytest.approx(expected, rel=1e-9, abs=1e-9)

    def drag(self, plot, start, by):
        """Pull what lies at a place of a plot, in data coordinates, by so many pixels."""
        box = self.page.locator(".gan-plot").nth(plot).bounding_box()
        x, y = box["x"] + start[0], box["y"] + start[1]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by[0] / 2, y + by[1] / 2)
        self.page.mouse.move(x + by[0], y + by[1])
        self.page.mouse.up()


@pytest.fixture
def page(browser, figure_page):
    page = browser.new_page(viewport={"width": 900, "height": 900})
    yield Page(page, figure_page(FIRST))
    page.close()


@pytest.mark.browser
def test_the_numbers_in_the_page_are_the_packages(page):
    page.agrees()
    for changes in (
        {"move_x": 1.5, "k": 5},
        {"spread_x": 0.25, "spread_y": 1.7},
        {"source": "bell", "move_x": -0.35, "move_y": 2.5},
        {"count": 11, "k": 1},
        {"source": "copies", "move_x": 0, "move_y": 0, "spread_x": 1, "spread_y": 1, "count": 40},
        {"spread_x": 0, "spread_y": 0, "move_x": 0.9},
    ):
        for name, value in changes.items():
            page.move(name, value)
        page.agrees()
    assert page.errors == []


@pytest.mark.browser
def test_each_sample_keeps_its_own_pull_and_a_button_puts_all_back(page):
    first = page.numbers()
    page.move("chosen", 3)
    page.move("pull_x", 2)
    page.move("pull_y", -1.5)
    page.agrees([[3, 2, -1.5]])
    page.move("chosen", 9)
    assert (page.value("pull_x"), page.value("pull_y")) == (0, 0)
    page.move("pull_y", 1)
    page.agrees([[3, 2, -1.5], [9, 0, 1]])
    page.move("chosen", 3)
    assert (page.value("pull_x"), page.value("pull_y")) == (2, -1.5)
    page.move("count", 8)
    page.agrees([[3, 2, -1.5]])
    page.move("chosen", 30)
    assert page.value("chosen") == 8  # there are no more
    page.page.click("button[name=reset]")
    assert page.numbers() == first
    assert (page.value("pull_x"), page.value("pull_y")) == (0, 0)
    assert page.errors == []


@pytest.mark.browser
@pytest.mark.parametrize("plot", [0, 1])
def test_a_sample_can_be_dragged_in_either_plot(page, plot):
    rest(page.page, 200)  # handles move once the figure has come to rest
    handle = page.page.locator(".gan-plot").nth(plot).locator("circle.gan-handle").nth(4)
    box, frame = handle.bounding_box(), page.page.locator(".gan-plot").nth(plot).bounding_box()
    start = (
        box["x"] + box["width"] / 2 - frame["x"],
        box["y"] + box["height"] / 2 - frame["y"],
    )
    page.drag(plot, start, (30, -60))
    number = page.value("chosen")
    pull = [number, page.value("pull_x"), page.value("pull_y")]
    assert number == 5
    assert pull[1] > 0 < pull[2]
    assert pull[2] == pytest.approx(2 * pull[1], abs=0.05)  # equal units in both directions
    page.agrees([pull])


@pytest.mark.browser
def test_a_state_with_pulls_is_shown_as_it_is(browser, figure_page):
    tab = browser.new_page()
    page = Page(tab, figure_page(PrecisionRecall(chosen=4, pull_x=1.5, pulled=[[7, 0, -2]])))
    page.agrees([[4, 1.5, 0], [7, 0, -2]])
    page.move("chosen", 7)
    assert page.value("pull_y") == -2
    page.move("chosen", 4)
    assert page.value("pull_x") == 1.5
    tab.close()


def test_the_first_picture_says_the_first_numbers():
    """Printed without a browser, the read-outs are those of the package."""
    from gan_book.engine import Engine
    from gan_book.figures import Pictures

    engine = Engine()
    picture = Pictures(engine).html(FIRST.name, json.loads(json.dumps(FIRST.state())))
    engine.close()
    expected = by_the_package(FIRST.real, FIRST.fresh, 3)
    for name in NAMES:
        shown = picture.split(f'<output name="{name}"')[1].split('data-value="')[1].split('"')[0]
        assert float(shown) == pytest.approx(expected[name], abs=1e-9), name

"""The figures about transport: their mathematics against Python's, moves against plans, a curve that is drawn."""

import math

import numpy as np
import pytest
import traitlets
from gan_book.figures import scripts
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial import js, total_variation, uniform, wasserstein1
from gan_tutorial.figures import EarthMover, ParallelLines
from gan_tutorial.figures.earth_mover import HIGHEST, PILES
from gan_tutorial.transport import distances, from_cdfs, monotone_plan

MODULES = ("earth_mover/transport.js", "parallel_lines/measures.js")

masses = st.lists(st.floats(0, 6), min_size=PILES, max_size=PILES).filter(any)
heights = st.lists(st.integers(0, HIGHEST), min_size=PILES, max_size=PILES)


@settings(max_examples=60, deadline=None)
@given(masses, masses)
def test_plan_cost_and_area_agree_with_python(javascript, p, q):
    q = (np.array(q) * (sum(p) / sum(q))).tolist()
    plan = javascript.call("monotonePlan", p, q)
    np.testing.assert_allclose(plan, monotone_plan(p, q), rtol=1e-9, atol=1e-9)
    expected = from_cdfs(p, q)
    assert javascript.call("planCost", plan) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert javascript.call("areaBetween", p, q) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    shares = javascript.call("sharesOf", p)
    np.testing.assert_allclose(shares, np.array(p) / sum(p), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(heights, heights)
def test_the_moves_of_a_plan_carry_it_out_at_its_cost(javascript, p, q):
    q = javascript.call("matchTotal", q, sum(p), HIGHEST)
    moves = javascript.call("orderedMoves", javascript.call("monotonePlan", p, q))
    state = javascript.call("playMoves", p, moves)
    assert state["heights"] == q
    assert state["cost"] == from_cdfs(p, q) if any(p) else state["cost"] == 0
    if any(p):
        np.testing.assert_array_equal(state["plan"], monotone_plan(p, q))


@settings(max_examples=60, deadline=None)
@given(
    heights.filter(any),
    st.lists(
        st.tuples(st.integers(1, PILES), st.integers(1, PILES), st.integers(1, 9)), max_size=12
    ),
)
def test_no_moves_by_hand_beat_the_least_cost(javascript, p, moves):
    state = javascript.call("playMoves", p, moves)
    plan = np.array(state["plan"])
    np.testing.assert_array_equal(plan.sum(1), p)
    np.testing.assert_array_equal(plan.sum(0), state["heights"])
    walked_straight = (plan * distances(range(PILES))).sum()
    assert from_cdfs(p, state["heights"]) <= walked_straight <= state["cost"]


@settings(max_examples=40, deadline=None)
@given(heights, heights)
def test_totals_are_matched_with_the_fewest_changes(javascript, q, p):
    matched = javascript.call("matchTotal", q, sum(p), HIGHEST)
    assert sum(matched) == sum(p)
    assert min(matched) >= 0
    assert max(matched) <= HIGHEST
    assert np.abs(np.subtract(matched, q)).sum() == abs(sum(p) - sum(q))


def test_a_move_takes_from_the_top_and_no_more_than_is_there(javascript):
    state = javascript.call("playMoves", [2, 1, 0, 0], [[2, 3, 5], [1, 3, 1], [3, 4, 1]])
    assert state["piles"] == [[0], [], [1], [0]]
    assert state["cost"] == 1 + 2 + 1
    assert state["plan"][0] == [1, 0, 0, 1]


def test_the_example_costs_five(javascript):
    figure = EarthMover()
    p, q = ([getattr(figure, f"{letter}_{i}") for i in range(1, 5)] for letter in "pq")
    assert (p, q) == ([3, 2, 1, 4], [1, 2, 4, 3])
    moves = javascript.call("orderedMoves", javascript.call("monotonePlan", p, q))
    assert sorted(moves) == [[1, 2, 2], [2, 3, 2], [4, 3, 1]]
    assert javascript.call("playMoves", p, moves)["cost"] == 5


@pytest.mark.parametrize("move", [[0, 1, 1], [1, 5, 1], [1, 2, 0]])
def test_moves_between_piles_that_are_not_there_are_refused(move):
    with pytest.raises(traitlets.TraitError, match="a move is"):
        EarthMover(moves=[move])
    assert EarthMover(moves=[[4, 3, 1]]).moves == [[4, 3, 1]]


@pytest.fixture
def page(browser):
    """The figure alone on a page, as the book would start it."""
    page = browser.new_page(viewport={"width": 800, "height": 1100})
    page.set_content(f"<style>{EarthMover._css}</style>{EarthMover().to_html()}")
    for script in (*scripts([EarthMover]).values(), "ganFigures.start()"):
        page.add_script_tag(content=script)
    page.wait_for_selector("[data-ready]")
    yield page
    page.close()


def numbers(page):
    return page.locator("output").evaluate_all(
        "(all) => Object.fromEntries(all.map((o) => [o.name, Number(o.dataset.value)]))"
    )


def pull(page, block, column):
    """Pull the given block (counted from the bottom of pile 1) over the given pile."""
    grip = page.locator("g[style*=grab]").nth(block).bounding_box()
    frame = page.locator("svg.gan-plot").first.bounding_box()
    middle = grip["x"] + grip["width"] / 2
    page.mouse.move(middle, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(middle + (column - 1) * (frame["width"] - 62) / PILES, grip["y"], steps=4)
    page.mouse.up()


@pytest.mark.browser
def test_blocks_are_pulled_counted_and_put_back(page):
    assert numbers(page).items() >= {"cost": 0, "remaining": 5, "optimal": 5, "w1": 0.5}.items()
    pull(page, block=1, column=3)  # two blocks: the one above comes along
    after = numbers(page)
    assert after.items() >= {"cost": 4, "remaining": 1, "plan_1_3": 2, "stands_3": 3}.items()
    page.click("button[name=undo]")
    assert numbers(page).items() >= {"cost": 0, "plan_1_3": 0, "stands_1": 3}.items()
    assert page.locator("button[name=undo]").is_disabled()


@pytest.mark.browser
def test_buttons_carry_out_moves_hints_and_a_best_plan(page):
    page.click("button[name=move]")
    assert numbers(page).items() >= {"cost": 2, "plan_1_2": 2}.items()
    while page.locator("button[name=hint]").is_enabled():
        page.click("button[name=hint]")
    assert numbers(page).items() >= {"cost": 5, "remaining": 0}.items()
    page.click("button[name=reset]")
    page.click("button[name=best]")
    found = numbers(page)
    plan = [[found[f"plan_{x}_{y}"] for y in range(1, 5)] for x in range(1, 5)]
    np.testing.assert_array_equal(plan, monotone_plan((3, 2, 1, 4), (1, 2, 4, 3)))


@pytest.mark.browser
def test_unequal_totals_are_said_compared_by_shares_and_mended(page):
    page.click("button[name=best]")
    page.locator("input[name=p_1]").press("ArrowRight")
    found = numbers(page)
    assert found["cost"] == 0  # other blocks: the work is void
    assert math.isnan(found["optimal"])
    p, q = np.array([4, 2, 1, 4]) / 11, np.array([1, 2, 4, 3]) / 10
    assert found["w1"] == pytest.approx(from_cdfs(p, q), rel=1e-9)
    assert found["area"] == pytest.approx(found["w1"], rel=1e-9)
    assert "11 blocks" in page.locator(".gan-caption").text_content()
    page.click("button[name=match]")
    assert numbers(page)["wanted_total"] == numbers(page)["stands_total"] == 11


@settings(max_examples=60, deadline=None)
@given(st.floats(-1, 1), st.floats(0.01, 0.5))
def test_distances_of_two_stripes_agree_with_python(javascript, theta, width):
    found = javascript.call("stripeMeasures", theta, width)
    p, q = uniform(-width / 2, width / 2), uniform(theta - width / 2, theta + width / 2)
    for name, measure in (("W1", wasserstein1), ("JSD", js), ("TV", total_variation)):
        assert found[name] == pytest.approx(measure(p, q), rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("theta", [-1, -0.01, 1e-9, 0.5])
def test_lines_that_do_not_meet_are_as_far_apart_as_jsd_and_tv_can_say(javascript, theta):
    found = javascript.call("stripeMeasures", theta, 0)
    assert found == {"W1": abs(theta), "JSD": math.log(2), "TV": 1}
    assert javascript.call("stripeMeasures", 0, 0) == {"W1": 0, "JSD": 0, "TV": 0}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("measure", "depth", "said"), [("W1", 0.9, "carried over"), ("JSD", 0.4, "one distribution")]
)
def test_the_curve_comes_after_the_readers_line(browser, figure_page, measure, depth, said):
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.goto(figure_page(ParallelLines(predict=True, measure=measure)))
    page.wait_for_selector("[data-figure][data-ready]")
    output = page.locator(f"output[name={measure.lower()}]")
    assert output.inner_text() == "?"
    assert page.locator("select").count() == 0
    hand = page.locator(".gan-sketch-hand").bounding_box()
    shot = page.locator(".gan-plots").screenshot
    level = shot()
    height = hand["y"] + depth * hand["height"]
    page.mouse.move(hand["x"] + 5, height)
    page.mouse.down()
    page.mouse.move(hand["x"] + hand["width"] - 5, height, steps=5)
    page.mouse.up()
    mine = shot()
    assert mine != level
    page.get_by_role("button", name="Compare my line").click()
    assert shot() != mine
    words = page.locator(".gan-sketch-said").inner_text()
    assert "furthest away at θ = " in words
    assert said in words
    expected = 0.6 if measure == "W1" else math.log(2)
    assert float(output.get_attribute("data-value")) == pytest.approx(expected)
    page.close()

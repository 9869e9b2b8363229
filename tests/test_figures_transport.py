"""The earth mover's figure: its mathematics against Python's, its moves against its plans."""

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial.figures import EarthMover
from gan_tutorial.figures.earth_mover import HIGHEST, PILES
from gan_tutorial.transport import distances, from_cdfs, monotone_plan

SCRIPTS = ("transport.js",)

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

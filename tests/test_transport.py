"""Optimal transport of finitely many masses: three roads, two libraries, one number."""

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wasserstein_distance

from gan_tutorial.distributions import normal
from gan_tutorial.divergences import wasserstein1
from gan_tutorial.transport import (
    distances,
    dual,
    from_cdfs,
    linear_programme,
    monotone_plan,
    potential,
)

P, Q = (3, 2, 1, 4), (1, 2, 4, 3)


@st.composite
def histograms(draw):
    """Two histograms of one total (any) on a common uneven grid, with empty places among them."""
    n = draw(st.integers(1, 9))
    masses = arrays(float, n, elements=st.one_of(st.just(0.0), st.floats(1e-3, 10)))
    p, q = (draw(masses.filter(np.any)) for _ in range(2))
    x = np.cumsum(draw(arrays(float, n, elements=st.floats(0.01, 5)))) - 10
    return p, q * (p.sum() / q.sum()), x


def test_the_blocks_cost_five_and_half_once_normalised():
    cost = distances(range(4))
    assert linear_programme(P, Q, cost).cost == pytest.approx(5, abs=1e-12)
    assert from_cdfs(P, Q) == 5
    assert dual(P, Q).value == pytest.approx(5, abs=1e-12)
    shares = [np.array(masses) / 10 for masses in (P, Q)]
    assert linear_programme(*shares, cost).cost == pytest.approx(0.5, abs=1e-12)
    assert from_cdfs(*shares) == pytest.approx(0.5, abs=1e-12)


def test_the_monotone_plan_of_the_blocks():
    expected = [[1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 1, 0], [0, 0, 1, 3]]
    np.testing.assert_array_equal(monotone_plan(P, Q), expected)
    np.testing.assert_array_equal(potential(P, Q), [0, -1, -2, -1])


@settings(max_examples=60, deadline=None)
@given(histograms())
def test_three_roads_and_two_libraries_agree(pair):
    p, q, x = pair
    cost = distances(x)
    found = linear_programme(p, q, cost)
    scale = p.sum() * max(cost.max(), 1)
    close = {"rel": 1e-9, "abs": 1e-9 * scale}
    area = from_cdfs(p, q, x)
    assert found.cost == pytest.approx(area, **close)
    assert dual(p, q, x).value == pytest.approx(area, **close)
    assert (monotone_plan(p, q) * cost).sum() == pytest.approx(area, **close)
    assert potential(p, q, x) @ (p - q) == pytest.approx(area, **close)
    assert ot.emd2(p / p.sum(), q / q.sum(), cost) * p.sum() == pytest.approx(area, **close)
    assert wasserstein_distance(x, x, p, q) * p.sum() == pytest.approx(area, **close)


@settings(max_examples=40, deadline=None)
@given(histograms())
def test_plans_have_the_asked_marginals_and_witnesses_are_lipschitz(pair):
    p, q, x = pair
    for plan in (monotone_plan(p, q), linear_programme(p, q, distances(x)).plan):
        assert (plan >= 0).all()
        np.testing.assert_allclose(plan.sum(1), p, atol=1e-9 * p.sum())
        np.testing.assert_allclose(plan.sum(0), q, atol=1e-9 * p.sum())
    for f in (dual(p, q, x).f, potential(p, q, x)):
        assert f[0] == 0
        assert (np.abs(f[:, None] - f[None]) <= distances(x) * (1 + 1e-9) + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(histograms(), st.data())
def test_no_lipschitz_function_beats_a_plan(pair, data):
    p, q, x = pair
    slopes = data.draw(arrays(float, len(x) - 1, elements=st.floats(-1, 1)))
    f = np.concatenate([[0], np.cumsum(slopes * np.diff(x))])
    assert f @ (p - q) <= from_cdfs(p, q, x) + 1e-9 * p.sum() * max(x[-1] - x[0], 1)


def test_a_plane_and_unequal_numbers_of_points_against_pot():
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(7, 2)), generator.normal(size=(11, 2))
    p, q = generator.dirichlet(np.ones(7)), generator.dirichlet(np.ones(11))
    cost = distances(x, y)
    np.testing.assert_allclose(cost, ot.dist(x, y, metric="euclidean"), rtol=1e-12)
    found = linear_programme(p, q, cost)
    assert found.cost == pytest.approx(ot.emd2(p, q, cost), abs=1e-9)
    # A generic cost has one best plan.
    np.testing.assert_allclose(found.plan, ot.emd(p, q, cost), atol=1e-9)


def test_the_squared_cost_leaves_the_monotone_plan_alone():
    generator = np.random.default_rng(4)
    p, q = generator.dirichlet(np.ones(6), size=2)
    x = np.sort(generator.normal(size=6))
    found = linear_programme(p, q, distances(x) ** 2)
    np.testing.assert_allclose(found.plan, monotone_plan(p, q), atol=1e-9)


def test_a_fine_histogram_of_two_bells_comes_to_the_densities_distance():
    p, q = normal(0.0, 1.0), normal(0.7, 1.6)
    edges = torch.linspace(-12, 12, 2401, dtype=torch.float64)
    shares = [d.cdf(edges).diff() for d in (p, q)]
    shares = [s / s.sum() for s in shares]
    assert from_cdfs(*shares, (edges[1:] + edges[:-1]) / 2) == pytest.approx(
        wasserstein1(p, q), abs=1e-5
    )


def test_tensors_integers_and_rounding_in_the_totals_are_welcome():
    assert from_cdfs(torch.tensor(P), torch.tensor(Q)) == 5
    tenths = [0.1] * 10
    assert linear_programme(tenths, [1.0], distances(range(10), [0])).cost == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((3, 2), (1, 2)), "P weighs 5 and Q 3.*divide each by its own"),
        (((3, -2), (1, 0)), "P must be finite, nowhere negative"),
        (((1, 0), (0, 0)), "Q must be .* not all 0"),
        (((1, float("nan")), (1, 0)), "P must be finite"),
        (((), (1,)), r"P has shape \(0,\)"),
        (((1, 2, 3), (3, 3)), "one length; got 3, 2"),
        (((1, 2), (2, 1), (0, 1, 2)), "one length"),
        (((1, 2), (2, 1), (1, 1)), "x must be finite and increasing"),
    ],
)
def test_errors_teach(arguments, words):
    for function in (from_cdfs, dual, potential):
        with pytest.raises(ValueError, match=words):
            function(*arguments)


def test_a_cost_of_the_wrong_shape_is_told_the_right_one():
    with pytest.raises(ValueError, match=r"cost has shape \(2, 2\).*must be \(2, 3\)"):
        linear_programme((1, 2), (1, 1, 1), np.ones((2, 2)))
    with pytest.raises(ValueError, match="cost must be finite"):
        linear_programme((1,), (1,), [[np.inf]])


def test_points_of_different_spaces_have_no_distance():
    with pytest.raises(ValueError, match="2 coordinates and y of 1"):
        distances(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(ValueError, match=r"x has shape \(\)"):
        distances(1.0)


def rotated(n, seed):
    """Spiky masses, some of them near the solver's tolerance, and points in the plane."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(n, 0.05), 2), distances(rng.normal(size=(n, 2)))


@pytest.mark.parametrize("seed", range(30))
def test_masses_near_the_solvers_tolerance_are_carried_too(seed):
    (P, Q), cost = rotated(60, seed)
    found = linear_programme(P, Q, cost)
    # The solver may leave 1e-10 of each mass where it is.
    close = 60 * 1e-10 * cost.max()
    assert found.cost == pytest.approx(ot.emd2(P, Q, cost), abs=close)
    np.testing.assert_allclose(found.plan.sum(1), P, rtol=0, atol=60 * 1e-10)
    np.testing.assert_allclose(found.plan.sum(0), Q, rtol=0, atol=60 * 1e-10)


def test_a_mass_of_1e_10_is_one():
    P = np.array([0.3, 0.7 - 1e-10, 1e-10])
    cost = distances(np.arange(3.0))
    assert linear_programme(P, np.roll(P, 1), cost).cost == pytest.approx(1 - 3e-10, abs=3e-10)

"""Precision, recall, density, coverage and the tests of memorising: by counting, by exact expectations, by properties,
and beside the code of the paper that proposed density and coverage (`prdc`).
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prdc import compute_prdc
from scipy import stats

from gan_tutorial.metrics import expected_coverage, memorising, neighbourhoods
from gan_tutorial.metrics.neighbours import nearest


def normal(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(real, generated, k):
    """The four definitions, distance by distance, with closed balls."""

    def distance(a, b):
        return math.dist(a, b)

    def radii(rows):
        return [
            sorted(distance(a, b) for j, b in enumerate(rows) if j != i)[k - 1]
            for i, a in enumerate(rows)
        ]

    real, generated = real.tolist(), generated.tolist()
    of_real, of_generated = radii(real), radii(generated)
    held = [[distance(x, y) <= r for x, r in zip(real, of_real, strict=True)] for y in generated]
    recalled = [
        any(distance(x, y) <= r for y, r in zip(generated, of_generated, strict=True)) for x in real
    ]
    return {
        "precision": np.mean([any(row) for row in held]),
        "recall": np.mean(recalled),
        "density": np.mean([sum(row) / k for row in held]),
        "coverage": np.mean(np.array(held).any(0)),
    }


def means(found):
    return {
        name: getattr(found, name).mean for name in ("precision", "recall", "density", "coverage")
    }


@pytest.mark.parametrize(
    ("n", "m", "d", "k"), [(40, 25, 3, 5), (25, 40, 1, 3), (12, 12, 2, 1), (6, 9, 4, 5)]
)
def test_counted_by_hand(n, m, d, k):
    x, y = normal(n, d), 0.8 * normal(m, d, 1) + 0.4
    found = neighbourhoods(x, y, k=k)
    assert means(found) == pytest.approx(by_hand(x, y, k))
    assert (found.precision.n, found.recall.n, found.density.n, found.coverage.n) == (m, n, m, n)
    assert found.k == k


@pytest.mark.parametrize(
    ("n", "m", "d", "k"), [(400, 300, 8, 5), (150, 500, 2, 3), (200, 200, 64, 10)]
)
def test_as_the_authors_of_density_and_coverage_count(n, m, d, k):
    """Their balls are open and ours closed, which differs where distances tie: random numbers do not."""
    x, y = normal(n, d), 0.8 * normal(m, d, 1) + 0.4
    theirs = compute_prdc(x.numpy(), y.numpy(), nearest_k=k)
    assert means(neighbourhoods(x, y, k=k)) == pytest.approx(theirs, abs=1e-12)
    assert min(theirs.values()) > 0
    assert len({round(value, 3) for value in theirs.values()}) == 4  # none stands for another


def test_on_a_line_one_can_see_it():
    """Real 0, 1, 2, 10 with k = 1: radii 1, 1, 1, 8. Samples 0.5, 17.5 and 30."""
    real, generated = (
        torch.tensor([[0.0], [1.0], [2.0], [10.0]]),
        torch.tensor([[0.5], [17.5], [30.0]]),
    )
    found = neighbourhoods(real, generated, k=1)
    assert found.precision.mean == pytest.approx(2 / 3)  # 30 is in no ball: 10's ends at 18
    assert found.density.mean == pytest.approx((2 + 1 + 0) / 3)  # 0.5 is in those of 0 and 1
    assert found.coverage.mean == pytest.approx(3 / 4)  # that of 2 holds nothing
    # The samples' own radii are 17, 12.5 and 12.5: the balls of 0.5 and 17.5 hold every real row but
    # only 10 is in the second.
    assert found.recall.mean == 1
    assert neighbourhoods(real, generated + 40, k=1).recall.mean == 0


def test_k_takes_the_kth_neighbour_and_not_the_row_itself():
    """Radii of 0, 1, 3 are 1, 1, 2 for k = 1 and 3, 2, 3 for k = 2."""
    real = torch.tensor([[0.0], [1.0], [3.0]])
    for k, inside, outside in ((1, 5.0, 5.1), (2, 6.0, 6.1)):
        samples = torch.tensor([[inside], [outside], [outside]])
        found = neighbourhoods(real, samples, k=k)
        assert found.precision.mean == pytest.approx(1 / 3)
        assert found.density.mean == pytest.approx(1 / 3 / k)


@given(st.integers(2, 20), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**31))
def test_a_set_and_itself(n, k, d, seed):
    """Every row holds itself and its k neighbours: all shares are 1, density (k + 1)/k."""
    k = min(k, n - 1)
    x = normal(n, d, seed)
    found = neighbourhoods(x, x.flip(0), k=k)
    assert means(found) == pytest.approx(
        {"precision": 1, "recall": 1, "density": (k + 1) / k, "coverage": 1}
    )


@given(st.integers(3, 15), st.integers(3, 15), st.integers(1, 2), st.integers(0, 2**31))
def test_precision_and_recall_change_places_with_the_sets(n, m, k, seed):
    x, y = normal(n, 2, seed), normal(m, 2, seed + 1)
    there, back = neighbourhoods(x, y, k=k), neighbourhoods(y, x, k=k)
    assert there.precision == back.recall
    assert there.recall == back.precision
    moved = neighbourhoods(3 * x + 7, 3 * y + 7, k=k)
    assert means(moved) == pytest.approx(means(there))


def test_any_memory_gives_the_same_counts():
    x, y = normal(300, 3), normal(250, 3, 1)
    assert neighbourhoods(x, y, memory=20_000) == neighbourhoods(x, y)
    a, b = (memorising(x, normal(90, 3, 2), y, memory=memory) for memory in (20_000, None))
    assert a == b


def test_equal_distributions_have_the_expected_density_and_coverage():
    """Over 60 draws: whatever the distribution, density has the mean 1 and coverage that of lemma 2."""
    n, m, k = 60, 40, 3
    found = [
        neighbourhoods(normal(n, 4, 2 * i) ** 3, normal(m, 4, 2 * i + 1) ** 3, k=k)
        for i in range(60)
    ]
    for name, expected in (("density", 1.0), ("coverage", expected_coverage(n, m, k))):
        values = np.array([getattr(one, name).mean for one in found])
        assert abs(values.mean() - expected) < 4 * values.std() / math.sqrt(len(values))


def test_expected_coverage_is_a_hypergeometric_chance():
    """No sample among the k nearest of n - 1 + m others: all k drawn are real."""
    for n, m, k in ((60, 40, 3), (10, 10, 1), (1000, 1000, 5), (6, 2, 5)):
        chance = stats.hypergeom(n - 1 + m, n - 1, k).pmf(k)
        assert expected_coverage(n, m, k) == pytest.approx(1 - chance)


def test_errors_are_the_spread_over_other_samples_with_the_balls_as_they_are():
    real = normal(80, 2)
    found = [neighbourhoods(real, 1.5 * normal(120, 2, i + 1), k=3) for i in range(150)]
    for name in ("precision", "density"):
        values = np.array([getattr(one, name).mean for one in found])
        errors = np.array([getattr(one, name).standard_error for one in found])
        assert errors.mean() == pytest.approx(values.std(), rel=0.2)  # of 150 draws: 6 %


def test_noise_costs_precision_and_dropped_modes_cost_recall():
    centres = 8 * torch.eye(4).double()
    of = torch.arange(400) % 4
    real, clean = normal(400, 4) + centres[of], normal(400, 4, 1) + centres[of]
    noisy = [neighbourhoods(real, clean + level * normal(400, 4, 2)) for level in (0, 1, 2, 4)]
    left = [
        neighbourhoods(real, normal(400, 4, 1) + centres[torch.arange(400) % modes])
        for modes in (4, 3, 2, 1)
    ]
    for name in ("precision", "density", "coverage"):
        values = [getattr(one, name).mean for one in noisy]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 0.5 * values[0]
    for name in ("recall", "coverage"):
        for modes, one in zip((4, 3, 2, 1), left, strict=True):
            assert getattr(one, name).mean == pytest.approx(modes / 4, abs=0.1)
    assert all(one.precision.mean > 0.9 for one in left)


def test_one_far_real_row_fools_precision_but_not_density():
    """The case that arXiv:2002.09797 makes against precision: an outlier's ball is huge."""
    real = torch.cat([normal(100, 2), torch.tensor([[30.0, 0.0]]).double()])
    samples = normal(100, 2, 1) + torch.tensor([15.0, 0.0])
    found = neighbourhoods(real, samples, k=3)
    assert found.precision.mean > 0.9
    assert found.density.mean == pytest.approx(found.precision.mean / 3)  # one ball of k


@pytest.mark.parametrize("others", [1, 7, 500])
def test_nearest_is_nearest(others):
    x, y = normal(300, 5) + 100, normal(others, 5, 1) + 100
    squares, which = nearest(x, y, memory=30_000, device=x.device)
    all_squares = (x[:, None] - y).square().sum(-1)
    torch.testing.assert_close(squares, all_squares.amin(1), rtol=1e-9, atol=0)
    assert (which == all_squares.argmin(1)).all()
    copies, own = nearest(y, y, device=y.device)
    assert (copies == 0).all()
    assert (own == torch.arange(others)).all()


def test_memorising_counts_pairs_as_scipy_does():
    t, h, y = normal(50, 2), normal(40, 2, 1), 0.9 * normal(30, 2, 2)
    found = memorising(t, h, y)

    def least(a, b):
        return (a[:, None] - b).square().sum(-1).amin(1).numpy()

    of_samples, of_new = least(y, t), least(h, t)
    u = stats.mannwhitneyu(of_samples, of_new, method="asymptotic", use_continuity=False)
    assert found.nearer == pytest.approx(1 - u.statistic / (30 * 40))
    z = stats.norm.isf(u.pvalue / 2) * math.copysign(1, found.nearer - 0.5)
    assert found.nearer_z == pytest.approx(z)
    assert found.own == np.mean(of_samples < least(y, h))
    assert found.own_null == pytest.approx(50 / 90)
    assert (found.n_generated, found.n_training, found.n_held_out) == (30, 50, 40)


def test_the_null_of_both_tests_is_what_relabelling_gives():
    """Real rows dealt out anew, 300 times: the samples (here too narrow, and so bland) stay.

    `own` keeps its null and its error whatever the samples; `nearer` has 1/2 only for samples that are
    distributed as the real rows are.
    """
    pool, bland, fair = normal(90, 3), 0.3 * normal(60, 3, 1), normal(2000, 3, 2)
    owns, zs, nearers = [], [], []
    for i in range(300):
        order = torch.randperm(90, generator=torch.Generator().manual_seed(i))
        t, h = pool[order[:60]], pool[order[60:]]
        found = memorising(t, h, bland)
        owns.append(found.own)
        zs.append(found.own_z)
        new = normal(90, 3, 1000 + i)  # training and held-out rows, and samples, all anew
        nearers.append(memorising(new[:60], new[60:], fair[6 * i : 6 * i + 60]).nearer_z)
    error = memorising(pool[:60], pool[60:], bland).own_null_error
    assert np.mean(owns) == pytest.approx(60 / 90, abs=4 * error / math.sqrt(300))
    assert np.std(owns) == pytest.approx(error, rel=0.15)
    assert np.std(zs) == pytest.approx(1, rel=0.15)
    assert abs(np.mean(nearers)) < 4 / math.sqrt(300) * 1.5
    assert 0.8 < np.std(nearers) < 1.3
    assert memorising(pool[:60], pool[60:], bland).nearer_z > 3  # bland, not copied


def test_copies_are_found_and_bland_or_foreign_samples_are_told_apart():
    t, h = normal(400, 6), normal(200, 6, 1)
    fresh, bland, foreign = normal(300, 6, 2), 0.2 * normal(300, 6, 3), normal(300, 6, 4) + 9
    copies = t[:300] + 0.01 * normal(300, 6, 5)
    half = torch.cat([copies[:150], fresh[:150]])
    found = {
        name: memorising(t, h, rows)
        for name, rows in zip(
            ("fresh", "bland", "foreign", "copies", "half"),
            (fresh, bland, foreign, copies, half),
            strict=True,
        )
    }
    assert found["copies"].nearer == found["copies"].own == 1
    assert found["copies"].own_z > 5
    assert found["half"].own_z > 3
    assert found["half"].nearer == pytest.approx(0.75, abs=0.05)
    assert found["bland"].nearer_z > 5
    assert found["foreign"].nearer_z < -5
    for name in ("fresh", "bland", "foreign"):
        assert abs(found[name].own_z) < 3
    assert abs(found["fresh"].nearer_z) < 3


def test_nearers_own_error_is_its_spread():
    t = normal(200, 3)
    found = [
        memorising(t, normal(80, 3, 2 * i + 1), 0.8 * normal(120, 3, 2 * i)) for i in range(150)
    ]
    values = np.array([one.nearer for one in found])
    errors = np.array([one.nearer_error for one in found])
    assert errors.mean() == pytest.approx(values.std(), rel=0.2)


def test_ties_count_half():
    """All rows alike: nothing is nearer to anything."""
    same = torch.zeros(5, 2)
    found = memorising(same, same, same)
    assert (found.nearer, found.own) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: neighbourhoods(normal(5, 2), normal(9, 2)),
            "real must have more than k = 5 rows, got 5",
        ),
        (lambda: neighbourhoods(normal(9, 2), normal(5, 2)), "generated must have more than k = 5"),
        (lambda: neighbourhoods(normal(9, 2), normal(9, 3)), "as many features, got 2 and 3"),
        (
            lambda: neighbourhoods(normal(9, 2), normal(9, 2), k=0),
            "k must be an integer of at least 1",
        ),
        (
            lambda: neighbourhoods(normal(9, 2), normal(9, 2), memory=5),
            "memory=5 bytes is too little",
        ),
        (lambda: memorising(normal(9, 2), normal(1, 2), normal(9, 2)), "held_out .* 2 rows, got 1"),
        (
            lambda: memorising(normal(9, 2), normal(9, 2), normal(1, 2)),
            "generated .* 2 rows, got 1",
        ),
        (lambda: memorising(normal(9, 2), normal(9, 3), normal(9, 2)), "training and held_out"),
        (lambda: memorising(normal(9, 2), normal(9, 2), normal(9, 1)), "training and generated"),
        (
            lambda: memorising(normal(9, 2) / 0, normal(9, 2), normal(9, 2)),
            "training must be finite",
        ),
        (lambda: expected_coverage(5, 5, 5), "n_real must be more than k = 5, got 5"),
        (lambda: expected_coverage(5, 0, 1), "n_generated must be an integer of at least 1"),
    ],
)
def test_bad_input_is_told_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_agrees_with_the_cpu():
    x, y, h = normal(300, 5), 0.9 * normal(200, 5, 1), normal(100, 5, 2)
    assert means(neighbourhoods(x.cuda(), y.cuda())) == pytest.approx(means(neighbourhoods(x, y)))
    here, there = memorising(x, h, y), memorising(x.cuda(), h.cuda(), y.cuda())
    assert (there.nearer, there.own) == (pytest.approx(here.nearer), pytest.approx(here.own))
    assert there.own_null_error == pytest.approx(here.own_null_error)

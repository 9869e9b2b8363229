"""Divergences against closed forms, 40-digit references, SciPy, and the laws they must obey."""

import json
import math
import os
import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import reference
import scipy.integrate
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial import divergences
from gan_tutorial._engine import quadrature
from gan_tutorial.distributions import PRESETS, mixture, normal, uniform
from gan_tutorial.divergences import js, kl, total_variation, wasserstein1

LOG2 = math.log(2)
ALL = (kl, js, total_variation, wasserstein1)
TOLERANCE = 1e-11  # the module promises about 1e-12 of the size: panels are accepted at that

tens = [float(i) for i in range(10)]
TEN = mixture(tens, [0.1 + 0.05 * i for i in range(10)], [0.1] * 10)
OTHER_TEN = mixture([m + 0.3 for m in tens], [0.5 - 0.03 * i for i in range(10)], [0.05, 0.15] * 5)

PAIRS = {
    "two bells": (normal(0, 1), normal(1, 2)),
    "nearly the same bell": (normal(0, 1), normal(1e-12, 1 + 1e-10)),
    "fifty stds apart": (normal(0, 1), normal(50, 1)),
    "fifty wide stds from a narrow bell": (normal(5e4, 1e-3), normal(0, 1e3)),
    "a million times wider": (normal(0, 1e3), normal(0.3, 1e-3)),
    "presets": (PRESETS["two-bells"], PRESETS["three-bells"]),
    "weights nearly the same": (
        mixture([0, 3], [1, 1], [0.5, 0.5]),
        mixture([0, 3], [1, 1], [0.5 + 1e-9, 0.5 - 1e-9]),
    ),
    "components in another order": (
        mixture([1, 0], [1, 2], [0.25, 0.75]),
        mixture([0, 1], [2, 1 + 1e-8], [0.75, 0.25]),
    ),
    "four crossings": (normal(0, 1), mixture([0, 0], [0.5, 1.5], [0.3, 0.7])),
    "block and bell": (uniform(-1, 2), normal(0, 1)),
    "wide block and narrow bell": (uniform(-1e3, 1e3), normal(0, 1e-3)),
    "nearly the same block": (uniform(0, 1), uniform(0, 1 + 1e-10)),
    "overlapping blocks": (uniform(0, 1), uniform(0.25, 3)),
}
SLOW_PAIRS = {
    "ten against ten": (TEN, OTHER_TEN),
    "nearly the same ten": (
        TEN,
        mixture([m + 1e-9 for m in tens], [0.1 + 0.05 * i for i in range(10)], [0.1] * 10),
    ),
    "ten and a block": (uniform(0, 5), TEN),
    "all widths at once": (
        mixture([0, 1], [1e-3, 1e3], [0.5, 0.5]),
        mixture([2, 5], [1e3, 1e-3], [0.125, 0.875]),
    ),
    "two far pairs": (
        mixture([0, 1], [1, 0.1], [0.5, 0.5]),
        mixture([50, 51], [1, 0.1], [0.5, 0.5]),
    ),
}


def relative_error(found: float, truth) -> float:
    if found == truth:
        return 0.0
    return float(abs((mp.mpf(found) - truth) / truth))


def check_against_reference(p, q):
    for measure in ALL:
        truth = reference.divergence(measure.__name__, p, q)
        assert relative_error(measure(p, q), truth) < TOLERANCE, measure.__name__
        if measure is kl:
            back = reference.divergence("kl", q, p)
            assert relative_error(kl(q, p), back) < TOLERANCE, "kl, the other way"


@pytest.mark.parametrize("name", PAIRS)
def test_against_forty_digits(name):
    check_against_reference(*PAIRS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_PAIRS)
def test_against_forty_digits_at_length(name):
    check_against_reference(*SLOW_PAIRS[name])


def test_a_kink_that_looks_flat_on_one_level_is_still_resolved():
    # log q bends sharply near 1.4, where its bells meet under the bulk of p; by luck the first two levels agree there.
    p, q = normal(-5.75, 2.5), mixture([5.0, -2.0], [0.21875, 0.203125], [0.5, 0.5])
    rows_p, rows_q = reference.parameters(p), reference.parameters(q)

    def integrand(x):
        return reference.density(rows_p, x) * mp.log(
            reference.density(rows_p, x) / reference.density(rows_q, x)
        )

    edges = [mp.mpf(x) for x in (-35, -20, -10, -5, -2, 0, 1, 2, 4, 6, 10, 25)]
    edges[7:7] = [1 + mp.mpf(i) / 40 for i in range(1, 40)]
    assert relative_error(kl(p, q), mp.quad(integrand, edges)) < TOLERANCE


def test_ten_components_against_scipy():
    def integral(f):
        pieces = pairwise(k / 2 for k in range(-6, 35))
        options = {"epsabs": 1e-14, "epsrel": 1e-11, "limit": 200}
        return math.fsum(scipy.integrate.quad(f, a, b, **options)[0] for a, b in pieces)

    def rows(d):
        return [tuple(float(v) for v in row) for row in reference.parameters(d)]

    def density(d, x):
        terms = (w * math.exp(-(((x - m) / s) ** 2) / 2) / s for m, s, w in d)
        return sum(terms) / math.sqrt(2 * math.pi)

    def below(d, x):
        return sum(w * math.erfc((m - x) / s / math.sqrt(2)) / 2 for m, s, w in d)

    def information(x):
        a, b = density(p, x), density(q, x)
        return (a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))) / 2

    p, q = rows(TEN), rows(OTHER_TEN)
    assert js(TEN, OTHER_TEN) == pytest.approx(integral(information), rel=1e-9)
    truth = integral(lambda x: abs(density(p, x) - density(q, x))) / 2
    assert total_variation(TEN, OTHER_TEN) == pytest.approx(truth, rel=1e-9)
    truth = integral(lambda x: abs(below(p, x) - below(q, x)))
    assert wasserstein1(TEN, OTHER_TEN) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("far", [30, 100])
def test_kl_sees_where_one_component_takes_over_from_another(far):
    """q's two bells cross far out in the narrow one's tail, where p still has mass."""
    p, q = normal(0, 1), mixture([0, far], [1e-3, 1], [0.5, 0.5])
    rows_p, rows_q = reference.parameters(p), reference.parameters(q)
    mp.mp.dps = 25

    def log_ratio_of_bells(x):
        (m, s, _), (n, t, _) = rows_q
        return mp.log(t / s) - ((x - m) / s) ** 2 / 2 + ((x - n) / t) ** 2 / 2

    try:
        cuts = [mp.mpf(k) for k in (-12, -6, -2, 0, 2, 6, 12)]
        cuts += [mp.mpf(k) / 1000 for k in (-10, -3, 3, 10)]
        for side in (-1, 1):
            root = mp.findroot(log_ratio_of_bells, side * mp.mpf(far) / 1000)
            cuts += [root + k * mp.mpf(10) ** -e for k in (-1, 0, 1) for e in (3, 5)]

        def integrand(x):
            a, b = (reference.density(d, x) for d in (rows_p, rows_q))
            return a * mp.log(a / b)

        truth = mp.quad(integrand, sorted(cuts))
    finally:
        mp.mp.dps = reference.DIGITS
    assert relative_error(kl(p, q), truth) < 1e-10


@pytest.mark.parametrize("shift", [1e-200, 1e-9, 0.5, 50.0, -7e5])
@pytest.mark.parametrize("name", PRESETS)
def test_w1_of_a_shift_is_the_shift(name, shift):
    p = PRESETS[name]
    if name == "block":
        # In floating point the shifted ends decide: 1 + 1e-200 is 1.
        low, high = p.low.item() + shift, p.high.item() + shift
        q, expected = uniform(low, high), abs((low - p.low.item()) + (high - p.high.item())) / 2
    else:
        rows = [(float(m), float(s), float(w)) for m, s, w in reference.parameters(p)]
        q = mixture(*zip(*[(m + shift, s, w) for m, s, w in rows], strict=True))
        expected = sum(w * abs((m + shift) - m) for m, _, w in rows)
    assert wasserstein1(p, q) == pytest.approx(expected, rel=1e-12, abs=0)


def test_closed_forms_of_two_bells():
    p, q = normal(0.3, 0.7), normal(-1.1, 2.5)
    from_torch = torch.distributions.kl_divergence(p, q).item()
    assert kl(p, q) == pytest.approx(from_torch, rel=TOLERANCE)
    same_width = normal(1.6, 0.7)
    expected = math.erf(1.3 / (2 * math.sqrt(2) * 0.7))
    assert total_variation(p, same_width) == pytest.approx(expected, rel=TOLERANCE)
    expected = 2 * math.sqrt(2 / math.pi)
    assert wasserstein1(p, normal(0.3, 2.7)) == pytest.approx(expected, rel=TOLERANCE)


def test_nested_and_disjoint_blocks():
    inner, outer, apart = uniform(0, 1), uniform(-1, 3), uniform(3, 5)
    assert kl(inner, outer) == pytest.approx(math.log(4), rel=TOLERANCE)
    assert total_variation(inner, outer) == pytest.approx(3 / 4, rel=TOLERANCE)
    for p, q in [(outer, inner), (outer, apart), (inner, apart), (normal(0, 1e-3), outer)]:
        assert kl(p, q) == math.inf
    for p, q in [(outer, apart), (apart, inner)]:
        assert js(p, q) == pytest.approx(LOG2, rel=TOLERANCE)
        assert total_variation(p, q) == pytest.approx(1, rel=TOLERANCE)
    assert wasserstein1(inner, apart) == 3.5


def test_parallel_narrow_blocks_keep_w1_and_saturate_the_rest():
    for distance in (1e-2, 1.0, 1e3):
        p, q = uniform(0, 1e-3), uniform(distance, distance + 1e-3)
        assert wasserstein1(p, q) == pytest.approx(distance, rel=1e-12)
        assert (js(p, q), total_variation(p, q), kl(p, q)) == (LOG2, 1, math.inf)


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("p", [*PRESETS.values(), TEN, normal(1e9, 1e-3), uniform(1e9, 1e9 + 1e-3)])
def test_equal_densities_are_exactly_zero_apart(measure, p):
    assert measure(p, p) == 0
    rows = reference.parameters(p)
    if isinstance(rows, list) and len(rows) > 1:
        shuffled = mixture(*zip(*[[float(v) for v in row] for row in rows[::-1]], strict=True))
        # log p is a sum of as many terms as there are bells, of size 10 or so where the mass lies;
        # KL and JSD feel its rounding squared, W1 over the width of the bells.
        rounding = 10 * len(rows) * np.finfo(float).eps
        assert measure(p, shuffled) <= (rounding**2 if measure in (kl, js) else 10 * rounding)


@pytest.mark.parametrize("measure", ALL)
def test_the_same_density_written_in_another_way_is_exactly_zero_apart(measure):
    bell = normal(0, 1)
    assert measure(bell, mixture([0, 0], [1, 1], [0.5, 0.5])) == 0
    assert measure(mixture([0, 7], [1, 2], [1, 0]), bell) == 0
    assert measure(bell, torch.distributions.Normal(0.0, 1.0)) == 0  # float32


@pytest.mark.parametrize("measure", ALL)
def test_units_do_not_matter_to_divergences_and_scale_w1(measure):
    p, q = mixture([0, 1], [1, 0.2], [0.3, 0.7]), normal(0.5, 2)
    for unit in (1e-30, 1e-3, 1e30):
        scaled = measure(
            mixture([0, unit], [unit, 0.2 * unit], [0.3, 0.7]), normal(0.5 * unit, 2 * unit)
        )
        expected = measure(p, q) * (unit if measure is wasserstein1 else 1)
        assert scaled == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("measure", ALL)
def test_narrow_bells_far_from_the_origin_keep_their_digits(measure):
    """At 1e14 neighbouring floats are 0.016 apart, sixteen times these bells' widths."""
    found = measure(normal(1e14, 1e-3), normal(1e14, 2e-3))
    assert found == pytest.approx(measure(normal(0, 1e-3), normal(0, 2e-3)), rel=1e-12)


means = st.floats(-30, 30)
stds = st.floats(-3, 3).map(lambda e: 10**e)
bells = st.builds(normal, means, stds)


@st.composite
def mixtures(draw):
    rows = draw(st.lists(st.tuples(means, stds, st.floats(0.01, 1)), min_size=1, max_size=4))
    m, s, w = zip(*rows, strict=True)
    return mixture(m, s, [v / sum(w) for v in w])


@st.composite
def blocks(draw):
    low = draw(means)
    return uniform(low, low + draw(stds))


densities = st.one_of(bells, mixtures(), blocks())
laws = settings(deadline=None, max_examples=40)


@laws
@given(densities, densities)
def test_bounds_and_symmetry(p, q):
    there, back = kl(p, q), kl(q, p)
    jsd, tv, w1 = js(p, q), total_variation(p, q), wasserstein1(p, q)
    assert there >= 0
    assert back >= 0
    assert 0 <= jsd <= LOG2
    assert 0 <= tv <= 1
    assert w1 >= 0
    for measure, found in ((js, jsd), (total_variation, tv), (wasserstein1, w1)):
        assert measure(q, p) == pytest.approx(found, rel=1e-9, abs=1e-300)
    # Pinsker, and Lin's two-sided bound of JSD by total variation.
    assert 2 * tv**2 <= there * (1 + 1e-9)
    assert tv**2 / 2 <= jsd * (1 + 1e-9)
    assert jsd <= LOG2 * tv * (1 + 1e-9)
    assert jsd <= (there + back) / 4 * (1 + 1e-9)


@laws
@given(densities, densities, densities)
def test_triangle_inequalities(p, q, r):
    """W1 and total variation are metrics, and so is the square root of JSD."""
    for metric in (wasserstein1, total_variation, lambda a, b: math.sqrt(js(a, b))):
        assert metric(p, r) <= (metric(p, q) + metric(q, r)) * (1 + 1e-9)


@laws
@given(densities, densities)
def test_w1_is_at_least_the_distance_of_the_means(p, q):
    """The critic f(x) = x is 1-Lipschitz; it is the best one whenever the CDFs do not cross."""
    gap = abs((p.mean - q.mean).item())
    assert wasserstein1(p, q) >= gap * (1 - 1e-9) - 1e-13


@laws
@given(means, stds, means, stds)
def test_kl_of_bells_is_the_closed_form(m1, s1, m2, s2):
    """The closed form cancels for nearly equal bells: 700 digits leave enough of it."""
    with mp.workdps(700):
        exact = mp.log(mp.mpf(s2) / s1) - mp.mpf(1) / 2
        exact += (mp.mpf(s1) ** 2 + (mp.mpf(m1) - m2) ** 2) / (2 * mp.mpf(s2) ** 2)
    if exact > 1e-290:
        assert relative_error(kl(normal(m1, s1), normal(m2, s2)), exact) < 1e-11


@laws
@given(st.one_of(bells, mixtures()), st.one_of(bells, mixtures()))
def test_js_is_the_mean_kl_to_the_middle(p, q):
    """The definition, for bells and their mixtures: the middle is a mixture too."""
    rows = [reference.parameters(d) for d in (p, q)]
    both = [(float(m), float(s), float(w) / 2) for r in rows for m, s, w in r]
    middle = mixture(*zip(*both, strict=True))
    expected = (kl(p, middle) + kl(q, middle)) / 2
    assert js(p, q) == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("measure", ALL)
def test_what_is_no_density_is_refused_by_value(measure):
    with pytest.raises(ValueError, match=r"normal, mixture or uniform; got 'bell'"):
        measure("bell", normal(0, 1))
    with pytest.raises(ValueError, match="Beta"):
        measure(normal(0, 1), torch.distributions.Beta(1.0, 2.0))
    with pytest.raises(ValueError, match="one density"):
        measure(normal(0, 1), torch.distributions.Normal(torch.zeros(2), 1.0))
    with pytest.raises(ValueError, match="p and q must be on one device; got cpu and meta"):
        measure(normal(0, 1), normal(0, 1, device="meta"))


def test_rounding_is_not_taken_for_structure():
    """Noise of 1e-7, which no halving lowers: seen after a few levels, and left alone."""
    zero, evaluations = torch.zeros(1, dtype=torch.float64), 0
    panels = quadrature.Panels(zero, zero, zero + 1)

    def noisy(anchor, offset):
        nonlocal evaluations
        evaluations += offset.numel()
        return 1 + 1e-7 * torch.frac(1e12 * offset.square())  # digits after the twelfth: anything

    assert quadrature.integrate(noisy, panels) == pytest.approx(1, abs=1e-7)
    assert evaluations < 1000 * quadrature.NODES  # some 255 panels; without the floor, thousands


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("measure", ALL)
def test_densities_on_the_gpu_give_the_same_numbers(measure):
    p, q = mixture([0, 1], [1, 2], [0.5, 0.5], device="cuda"), normal(1, 1, device="cuda")
    expected = measure(mixture([0, 1], [1, 2], [0.5, 0.5]), normal(1, 1))
    assert measure(p, q) == pytest.approx(expected, rel=TOLERANCE)


def test_the_public_names_are_the_four_divergences():
    assert set(divergences.__all__) == {f.__name__ for f in ALL}


@pytest.mark.parametrize("width", [1e-3, 1e-8, 1e-12, 1e-15, 1e-17, 1e-30, 1e-100, 1e-300])
def test_a_bell_narrower_than_the_distances_round_is_measured_all_the_same(width):
    """Beside so narrow a q, a mixture p is flat: KL(q, p) = -log p(m) - entropy of q, to O(width)."""
    p, at = mixture([-1.5, 1.5], [0.5, 0.8], [0.4, 0.6]), 0.3
    entropy = math.log(width) + 0.5 * math.log(2 * math.pi * math.e)
    exact = -p.log_prob(torch.tensor(at, dtype=torch.float64)).item() - entropy
    assert kl(normal(at, width), p) == pytest.approx(exact, rel=1e-12, abs=9 * width)
    # All but a share of the order of width is told apart for certain.
    assert js(p, normal(at, width)) == pytest.approx(math.log(2), abs=60 * width + 1e-14)
    assert total_variation(p, normal(at, width)) == pytest.approx(1, abs=60 * width + 1e-14)


def many_bells(k):
    """Two mixtures of k bells each, different everywhere."""
    rng = torch.Generator().manual_seed(0)
    means = 3 * torch.randn(k, generator=rng, dtype=torch.float64)
    stds = 0.2 + 0.5 * torch.rand(k, generator=rng, dtype=torch.float64)
    weights = torch.full((k,), 1 / k, dtype=torch.float64)
    return mixture(means, stds, weights), mixture(means + 0.1, stds, weights)


def test_hundreds_of_bells_are_integrated_to_the_same_accuracy_in_little_memory():
    """Against the trapezoidal rule, which converges faster than any power for what dies out at both
    ends.
    """
    p, q = many_bells(120)
    x = torch.linspace(-25, 25, 20_001, dtype=torch.float64)
    a, b = p.log_prob(x), q.log_prob(x)
    mean = torch.logaddexp(a, b) - math.log(2)
    inside = (a.exp() * (a - mean) + b.exp() * (b - mean)) / 2
    assert js(p, q) == pytest.approx(torch.trapezoid(inside, x).item(), rel=1e-9)


APART = """
    import json, resource, sys, torch
    from gan_tutorial import divergences
    from gan_tutorial.distributions import mixture

    def bells(k, seed):
        rng = torch.Generator().manual_seed(seed)
        draw = lambda: torch.rand(k, generator=rng, dtype=torch.float64)
        means, stds, weights = 20 * draw() - 10, 0.1 + 0.6 * draw(), 0.1 + draw()
        return mixture(means, stds, weights / weights.sum())

    def memory():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    k = int(sys.argv[1])
    divergences.js(bells(2, 0), bells(2, 1))  # what is loaded once is not counted
    p, q, before = bells(k, 0), bells(k, 1), memory()
    found = {name: getattr(divergences, name)(p, q) for name in divergences.__all__}
    grown = memory() - before
    x = torch.linspace(-20, 20, 20_001, dtype=torch.float64)
    log_p, log_q = (torch.cat([d.log_prob(part) for part in x.split(1000)]) for d in (p, q))
    print(json.dumps([found, grown, torch.stack([x, log_p, log_q]).tolist()]))
"""


def apart(components):
    """In a process of its own: the divergences of two mixtures, by how many KiB it grew meanwhile
    (bytes on a Mac), and the points and log-densities for the trapezoidal rule.
    """
    command = [sys.executable, "-c", textwrap.dedent(APART), str(components)]
    package = str(Path(quadrature.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": package, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found, grown, table = json.loads(done.stdout)
    return (
        found,
        grown * (1 if sys.platform == "darwin" else 1024),
        torch.tensor(table, dtype=torch.float64),
    )


@pytest.mark.parametrize("components", [300, pytest.param(1000, marks=pytest.mark.slow)], ids=str)
def test_hundreds_against_hundreds_hold_the_budget_and_the_accuracy(components):
    found, grown, (x, log_p, log_q) = apart(components)
    assert grown < 2**28
    p, q, mean = log_p.exp(), log_q.exp(), torch.logaddexp(log_p, log_q) - math.log(2)
    cumulative = torch.cumulative_trapezoid(p - q, x)
    expected = {
        "kl": p * (log_p - log_q),
        "js": (p * (log_p - mean) + q * (log_q - mean)) / 2,
    }
    for name, integrand in expected.items():  # it converges faster than any power: all is smooth
        assert found[name] == pytest.approx(torch.trapezoid(integrand, x).item(), rel=1e-9), name
    # Kinks where the sign changes cost it the square of its step, 2e-3.
    total = torch.trapezoid((p - q).abs(), x).item() / 2
    assert found["total_variation"] == pytest.approx(total, rel=1e-4)
    moved = torch.trapezoid(cumulative.abs(), x[1:]).item()
    assert found["wasserstein1"] == pytest.approx(moved, rel=1e-4)


def test_a_bell_that_others_crowd_around_is_not_stepped_over():
    """Of edges that crowd, those of a bell a million times narrower all stay: it has mass to be found."""
    wide = torch.linspace(-3, 3, 100, dtype=torch.float64)
    weights = torch.full((101,), 0.5 / 100, dtype=torch.float64)
    weights[-1] = 0.5
    for place in (0.0, 1.2345678):
        means = torch.cat([wide, torch.tensor([place]).double()])
        stds = torch.cat([torch.ones(100), torch.tensor([1e-6])]).double()
        pair = mixture(means, stds, weights), mixture(wide, stds[:-1], weights[:-1] * 2)
        # Where the narrow bell is not, p is half of q; where it is, q is next to nothing.
        assert total_variation(*pair) == pytest.approx(0.5, abs=1e-5)
        log_ratio = -math.log(1e-6 * math.sqrt(2 * math.pi)) - 0.5 - math.log(2)
        density = pair[1].log_prob(torch.tensor(place, dtype=torch.float64)).item()
        expected = 0.5 * (log_ratio - density) - 0.5 * math.log(2)
        assert kl(*pair) == pytest.approx(expected, abs=1e-4)


def test_an_integrand_is_asked_for_no_more_points_than_fit():
    """However many panels and components there are, the arrays of one call stay within the budget."""
    sizes, panels = [], 50_000
    edges = torch.linspace(0, 1, panels + 1, dtype=torch.float64)
    zero = torch.zeros(panels, dtype=torch.float64)

    def square(anchor, offset):
        sizes.append(offset.numel())
        return (anchor + offset) ** 2

    whole = quadrature.Panels(zero, edges[:-1], edges[1:], components=2000)
    assert quadrature.integrate(square, whole) == pytest.approx(1 / 3, rel=1e-12)
    assert max(sizes) * 2000 * 8 * quadrature.ARRAYS <= quadrature.MEMORY

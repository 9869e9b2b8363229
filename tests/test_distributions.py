"""The toy densities: torch's own objects, checked arguments, sampling one can repeat."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Distribution

from gan_tutorial.distributions import PRESETS, mixture, normal, quantiles, sample, uniform

GRID = torch.linspace(-6, 6, 241, dtype=torch.float64)
finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-3, 1e3)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (normal(0.3, 1.7), scipy.stats.norm(0.3, 1.7)),
        (uniform(-1.0, 2.51), scipy.stats.uniform(-1.0, 3.51)),
    ],
)
def test_log_prob_and_cdf_agree_with_scipy(ours, theirs):
    with np.errstate(divide="ignore"):
        expected = theirs.logpdf(GRID.numpy())
    np.testing.assert_allclose(ours.log_prob(GRID), expected, rtol=0, atol=1e-12)
    assert ours.cdf(GRID).numpy() == pytest.approx(theirs.cdf(GRID.numpy()), abs=1e-12)


def test_a_mixture_is_the_weighted_sum_of_its_bells():
    weights, means, stds = [0.2, 0.5, 0.3], [-1.0, 0.0, 2.0], [0.5, 1.0, 0.3]
    mixed = mixture(means, stds, weights)
    bells = [normal(m, s) for m, s in zip(means, stds, strict=True)]
    density = sum(w * b.log_prob(GRID).exp() for w, b in zip(weights, bells, strict=True))
    below = sum(w * b.cdf(GRID) for w, b in zip(weights, bells, strict=True))
    torch.testing.assert_close(mixed.log_prob(GRID).exp(), density, rtol=1e-12, atol=0)
    torch.testing.assert_close(mixed.cdf(GRID), below, rtol=1e-12, atol=1e-15)


def test_a_weight_of_zero_removes_the_component_altogether():
    switched_off = mixture([0.0, 3.0], [1.0, 0.1], [1.0, 0.0])
    expected = normal(0.0, 1.0).log_prob(GRID)
    torch.testing.assert_close(switched_off.log_prob(GRID), expected, rtol=1e-14, atol=1e-14)
    assert sample(switched_off, 1000, torch.Generator().manual_seed(0)).max() < 6


def test_outside_a_block_log_prob_is_minus_infinity_and_does_not_raise():
    block = uniform(-1.0, 2.0)
    x = torch.tensor([-1e9, -1.1, 2.0, 50.0], dtype=torch.float64)
    assert block.log_prob(x).tolist() == [-math.inf] * 4
    assert block.log_prob(torch.tensor(0.0)).exp().item() == pytest.approx(1 / 3, rel=1e-15)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_float64_densities_that_integrate_to_one(name):
    preset = PRESETS[name]
    assert isinstance(preset, Distribution)
    x = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    y = preset.log_prob(x).exp()
    assert y.dtype == torch.float64
    # Half a step at either edge of a block is the most that the trapezoids miss.
    assert torch.trapezoid(y, x).item() == pytest.approx(1, abs=1e-3)
    assert preset.cdf(x[-1]).item() == pytest.approx(1, abs=1e-4)


def test_presets_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        PRESETS["bell"] = normal(1.0, 1.0)


@pytest.mark.parametrize(
    "distribution", [*PRESETS.values(), mixture([0, 5], [1, 1e-2], [0.9, 0.1])]
)
def test_samples_follow_the_distribution_and_the_generator(distribution):
    draw = sample(distribution, 4000, torch.Generator().manual_seed(7))
    again = sample(distribution, 4000, torch.Generator().manual_seed(7))
    other = sample(distribution, 4000, torch.Generator().manual_seed(8))
    assert draw.shape == (4000, 1)
    assert draw.dtype == torch.float64
    assert torch.equal(draw, again)
    assert not torch.equal(draw, other)
    # Through its own distribution function a right sample is uniform (Kolmogorov-Smirnov).
    through = distribution.cdf(draw[:, 0]).numpy()
    assert scipy.stats.kstest(through, "uniform").pvalue > 1e-3


def test_sampling_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    sample(PRESETS["two-bells"], 10, torch.Generator().manual_seed(0))
    assert torch.equal(before, torch.get_rng_state())
    sample(PRESETS["two-bells"], 10)
    assert not torch.equal(before, torch.get_rng_state())


def test_an_empty_sample_keeps_its_shape():
    for distribution in PRESETS.values():
        assert sample(distribution, 0).shape == (0, 1)


@pytest.mark.parametrize("name", PRESETS)
def test_quantiles_invert_the_distribution_function(name):
    preset, n = PRESETS[name], 500
    x = quantiles(preset, n)
    share = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    torch.testing.assert_close(preset.cdf(x), share, rtol=0, atol=1e-12)
    assert (x.diff() > 0).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: normal(math.nan, 1), ["mean", "nan", "finite"]),
        (lambda: normal(0, math.inf), ["std", "inf", "positive"]),
        (lambda: normal(0, -2.5), ["std", "-2.5", "positive"]),
        (lambda: normal(0, 0), ["std", "0.0", "positive"]),
        (lambda: normal([0, 1], 1), ["mean", "(2,)", "one finite number"]),
        (lambda: normal("wide", 1), ["mean", "'wide'", "finite"]),
        (lambda: normal(None, 1), ["mean", "None"]),
        (lambda: normal(1 + 2j, 1), ["mean", "2j"]),
        (lambda: uniform(1, 1), ["low=1", "high=1"]),
        (lambda: uniform(2, -1), ["low=2", "high=-1", "below"]),
        (lambda: uniform(-math.inf, 1), ["low", "-inf", "finite"]),
        (lambda: uniform(-1e308, 1e308), ["high - low", "1e+308"]),
        (lambda: mixture([0, 1], [1, 1], [0.5, 0.6]), ["weights", "[0.5, 0.6]", "1.1", "sum to 1"]),
        (lambda: mixture([0, 1], [1, 1], [-0.5, 1.5]), ["weights", "-0.5", "negative"]),
        (lambda: mixture([0, 1], [1, -1], [0.5, 0.5]), ["stds", "-1.0", "positive"]),
        (lambda: mixture([0, math.nan], [1, 1], [0.5, 0.5]), ["means", "nan", "finite"]),
        (lambda: mixture([0, 1], [1, 1], [math.nan, 1]), ["weights", "nan", "finite"]),
        (lambda: mixture([0, 1], [1], [0.5, 0.5]), ["lengths 2, 1 and 2"]),
        (lambda: mixture([], [], []), ["length of at least 1"]),
        (lambda: mixture(0.0, 1.0, 1.0), ["means", "()", "(k,)"]),
        (lambda: mixture([[0, 1]], [1, 1], [0.5, 0.5]), ["means", "(1, 2)", "(k,)"]),
        (lambda: mixture([[0, 1], [2]], [1, 1], [0.5, 0.5]), ["means", "(k,)"]),
        (lambda: sample("bell", 1), ["'bell'", "normal, mixture or uniform"]),
        (lambda: sample(PRESETS["bell"], -1), ["n must", "-1"]),
        (lambda: sample(PRESETS["bell"], 2.5), ["n must", "2.5"]),
        (lambda: sample(PRESETS["bell"], True), ["n must", "True"]),
        (lambda: sample(torch.distributions.Gamma(1.0, 1.0), 3), ["Gamma", "normal"]),
        (lambda: sample(torch.distributions.Normal(torch.zeros(3), 1.0), 3), ["one density"]),
    ],
)
def test_a_bad_argument_is_named_with_its_value_and_what_is_allowed(make, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words below are the match
        make()
    for word in words:
        assert word in str(caught.value)


def test_tensors_on_two_devices_are_refused_by_name():
    there = torch.zeros(2, device="meta")
    with pytest.raises(ValueError, match="means on meta, stds on cpu"):
        mixture(there, torch.ones(2), [0.5, 0.5])
    with pytest.raises(ValueError, match="mean on meta, std on cpu"):
        normal(there[0], torch.tensor(1.0))


def test_a_device_can_be_asked_for():
    assert normal(0, 1, device="meta").loc.device.type == "meta"
    assert uniform(0, 1, device="meta").low.device.type == "meta"
    assert mixture([0], [1], [1], device="meta").mixture_distribution.logits.device.type == "meta"


def test_a_generator_of_another_device_is_refused():
    with pytest.raises(ValueError, match="generator must live on the distribution's device, meta"):
        sample(normal(0, 1, device="meta"), 3, torch.Generator())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_samples_are_born_on_the_gpu():
    for make in (
        lambda: normal(0, 1, device="cuda"),
        lambda: mixture([0], [1], [1], device="cuda"),
    ):
        draw = sample(make(), 5, torch.Generator("cuda").manual_seed(0))
        assert draw.device.type == "cuda"


@given(st.lists(st.tuples(finite, positive, st.floats(0.01, 1)), min_size=1, max_size=10))
@settings(deadline=None, max_examples=50)
def test_weights_that_miss_one_by_rounding_are_put_right(rows):
    means, stds, raw = zip(*rows, strict=True)
    weights = [w / sum(raw) for w in raw]
    mixed = mixture(means, stds, weights)
    assert mixed.mixture_distribution.probs.sum().item() == pytest.approx(1, abs=1e-14)
    assert mixed.mixture_distribution.probs.tolist() == pytest.approx(weights, rel=1e-12)

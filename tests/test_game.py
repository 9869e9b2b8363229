"""Proposition 1 and Theorem 1, checked from both sides."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial.distributions import PRESETS, mixture, normal, sample, uniform
from gan_tutorial.divergences import js
from gan_tutorial.game import optimal_discriminator, optimal_logit, value, virtual_criterion

LOG4 = math.log(4)
PAIRS = [
    (normal(0, 1), normal(0, 1)),
    (normal(0, 1), normal(1, 2)),
    (normal(0, 1), normal(50, 1)),
    (normal(0, 1e3), normal(1, 1e-3)),
    (PRESETS["two-bells"], PRESETS["bell"]),
    (PRESETS["three-bells"], PRESETS["block"]),
    (PRESETS["block"], PRESETS["far-apart"]),
    (uniform(0, 1), uniform(0.5, 2)),
    (uniform(0, 1), uniform(2, 3)),
]
numbers = st.floats(-20, 20)
widths = st.floats(0.05, 20)
bells = st.builds(normal, numbers, widths)
laws = settings(deadline=None, max_examples=40)


def points(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(("p_data", "p_g"), PAIRS)
def test_theorem_1_both_sides(p_data, p_g):
    best = value(p_data, p_g, partial(optimal_logit, p_data, p_g))
    assert best == pytest.approx(2 * js(p_data, p_g) - LOG4, rel=1e-11, abs=1e-12)
    assert virtual_criterion(p_data, p_g) == pytest.approx(best, rel=1e-11, abs=1e-12)


def test_the_criterion_is_minus_log_4_exactly_where_the_generator_is_right():
    for preset in PRESETS.values():
        assert virtual_criterion(preset, preset) == -LOG4
    assert virtual_criterion(uniform(0, 1), uniform(5, 6)) == pytest.approx(0, abs=1e-15)


@laws
@given(bells, bells, numbers, numbers, st.floats(0, 3))
def test_no_other_discriminator_does_better(p_data, p_g, slope, offset, bend):
    def other(x):
        return slope * torch.sin(bend * x) + offset

    assert value(p_data, p_g, other) <= virtual_criterion(p_data, p_g) + 1e-9


@laws
@given(bells, bells)
def test_the_criterion_keeps_its_bounds(p_data, p_g):
    assert -LOG4 <= virtual_criterion(p_data, p_g) <= 0


def test_a_constant_discriminator_has_a_value_one_can_write_down():
    def certain(x):
        return torch.full_like(x, 3.0)

    d = 1 / (1 + math.exp(-3))
    expected = math.log(d) + math.log(1 - d)
    assert value(normal(0, 1), uniform(3, 4), certain) == pytest.approx(expected, rel=1e-12)
    assert value(normal(0, 1), normal(9, 2), torch.zeros_like) == pytest.approx(-LOG4, rel=1e-12)


def test_certain_and_wrong_costs_infinitely_much_and_is_forgiven_outside_the_support():
    def step(x):
        return torch.where(x < 1.5, math.inf, -math.inf)

    assert value(uniform(0, 1), uniform(2, 3), step) == 0
    assert value(uniform(2, 3), uniform(0, 1), step) == -math.inf


def test_a_value_agrees_with_its_average_over_samples():
    p_data, p_g = PRESETS["two-bells"], normal(0.3, 1.2)
    generator = torch.Generator().manual_seed(3)
    real, fake = (sample(p, 200_000, generator) for p in (p_data, p_g))
    on_real = torch.nn.functional.logsigmoid(torch.sin(real))
    on_fake = torch.nn.functional.logsigmoid(-torch.sin(fake))
    spread = math.hypot(on_real.std().item(), on_fake.std().item()) / math.sqrt(200_000)
    average = (on_real.mean() + on_fake.mean()).item()
    assert abs(value(p_data, p_g, torch.sin) - average) < 5 * spread


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_of_either_precision_is_a_discriminator(dtype):
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(1, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)
    ).to(dtype)
    exact = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    exact.load_state_dict(network.state_dict())
    p_data, p_g = PRESETS["two-bells"], normal(0, 1)
    found = value(p_data, p_g, network)
    # A fine trapezoid rule is this test's independent road.
    x = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    with torch.no_grad():
        s = exact.double()(x[:, None])[:, 0]
    on_real = p_data.log_prob(x).exp() * torch.nn.functional.logsigmoid(s)
    on_fake = p_g.log_prob(x).exp() * torch.nn.functional.logsigmoid(-s)
    expected = torch.trapezoid(on_real + on_fake, x).item()
    assert found == pytest.approx(expected, abs=1e-6 if dtype == torch.float32 else 1e-8)


@laws
@given(bells, bells, numbers)
def test_proposition_1_where_densities_do_not_underflow(p_data, p_g, x):
    x = points(x)
    a, b = p_data.log_prob(x).exp(), p_g.log_prob(x).exp()
    if min(a.item(), b.item()) > 1e-280:
        found = optimal_discriminator(p_data, p_g, x)
        torch.testing.assert_close(found, a / (a + b), rtol=1e-9, atol=0)


@laws
@given(bells, bells, st.floats(allow_nan=False, allow_infinity=False))
def test_bells_have_an_optimal_discriminator_at_every_number(p_data, p_g, x):
    found = optimal_discriminator(p_data, p_g, points(x)).item()
    assert 0 <= found <= 1
    back = optimal_discriminator(p_g, p_data, points(x)).item()
    assert found + back == pytest.approx(1, abs=1e-12)


def test_far_out_the_log_ratio_decides_although_both_densities_underflow():
    x = points(-1e17, -1e3, -50.0, 50.0, 1e3, 1e17)
    # For equal widths the logit is the straight line 1/2 - x, here in full precision.
    found = optimal_logit(normal(0, 1), normal(1, 1), x)
    torch.testing.assert_close(found, 0.5 - x, rtol=1e-15, atol=0)
    assert (normal(0, 1).log_prob(x[[0, 1, 4, 5]]).exp() == 0).all()
    # The wider of two bells owns both ends.
    ends = optimal_discriminator(normal(0, 1), mixture([3, 0], [1, 1.1], [0.5, 0.5]), x)
    assert ends.tolist()[:2] == [0, 0]
    assert ends.tolist()[4:] == [0, 0]


def test_blocks_decide_with_certainty_and_nothing_is_defined_outside():
    x = points(-1, 0.25, 0.75, 1.5, 9)
    found = optimal_discriminator(uniform(0, 1), uniform(0.5, 2), x)
    assert found[0].isnan()
    assert found[4].isnan()
    assert found[1:4].tolist() == pytest.approx([1, 0.6, 0], rel=1e-15)
    assert optimal_discriminator(uniform(0, 1), normal(0, 1), points(-9, 1e200)).tolist() == [0, 0]
    assert optimal_discriminator(normal(0, 1), uniform(0, 1), points(-9, 1e200)).tolist() == [1, 1]


@pytest.mark.parametrize(("p_data", "p_g"), PAIRS[:7])
def test_the_logit_is_the_difference_of_torchs_log_probs(p_data, p_g):
    x = torch.linspace(-0.99, 0.99, 100, dtype=torch.float64)
    expected = p_data.log_prob(x) - p_g.log_prob(x)
    found = optimal_logit(p_data, p_g, x)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(
        optimal_discriminator(p_data, p_g, x), torch.sigmoid(found), rtol=1e-15, atol=0
    )


def test_the_logit_keeps_the_shape_and_gives_its_slope():
    for shape in [(), (3,), (4, 1), (2, 3)]:
        x = torch.zeros(shape)
        assert optimal_logit(PRESETS["two-bells"], normal(0, 1), x).shape == shape
    x = points(-1.3, 0.2, 2.0).requires_grad_()
    optimal_logit(normal(0, 1), normal(1, 2), x).sum().backward()
    expected = -x + (x - 1) / 4  # d/dx of log N(x; 0, 1) - log N(x; 1, 4)
    torch.testing.assert_close(x.grad, expected.detach(), rtol=1e-13, atol=0)


def test_slopes_of_mixtures_are_those_of_torchs_densities():
    x = torch.linspace(-4, 4, 33, dtype=torch.float64, requires_grad=True)
    p, q = PRESETS["two-bells"], mixture([-1, 2], [1, 0.7], [0.5, 0.5])
    (found,) = torch.autograd.grad(optimal_logit(p, q, x).sum(), x)
    (expected,) = torch.autograd.grad((p.log_prob(x) - q.log_prob(x)).sum(), x)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_bad_arguments_are_named():
    p, x = normal(0, 1), points(0.0)
    with pytest.raises(ValueError, match=r"x must be a torch.Tensor of points; got float"):
        optimal_logit(p, p, 0.5)
    with pytest.raises(ValueError, match=r"x must hold real numbers .* cpu; got torch.complex128"):
        optimal_logit(p, p, x + 1j)
    with pytest.raises(ValueError, match=r"x must hold real numbers .* got torch.float32 on meta"):
        optimal_discriminator(p, p, torch.zeros(1, device="meta"))
    with pytest.raises(ValueError, match="p_data and p_g must be on one device; got cpu and meta"):
        virtual_criterion(p, normal(0, 1, device="meta"))
    with pytest.raises(ValueError, match="normal, mixture or uniform"):
        value("bell", p, torch.zeros_like)
    with pytest.raises(ValueError, match=r"discriminator must map .* it gave \(\)"):
        value(p, p, lambda x: x.sum())
    with pytest.raises(ValueError, match=r"discriminator must map .* it gave float"):
        value(p, p, lambda x: 0.0)
    with pytest.raises(ValueError, match=r"discriminator .* NaN"):
        value(p, p, lambda x: x * math.nan)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_the_optimal_discriminator_is_born_where_its_points_are():
    p, q = mixture([0, 1], [1, 2], [0.5, 0.5], device="cuda"), normal(1, 1, device="cuda")
    x = torch.linspace(-3, 3, 7, device="cuda")
    found = optimal_discriminator(p, q, x)
    assert found.device.type == "cuda"
    expected = optimal_discriminator(mixture([0, 1], [1, 2], [0.5, 0.5]), normal(1, 1), x.cpu())
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-12, atol=0)
    best = value(p, q, partial(optimal_logit, p, q))
    assert best == pytest.approx(virtual_criterion(p, q), rel=1e-11)

"""Every loss against the formula it stands for, written with probabilities in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_tutorial.objectives import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    OBJECTIVES,
    RELATIVISTIC,
    WGAN,
    WGAN_GP,
    clip,
    gradient_penalty,
    zero_centred_penalty,
)

DISCRIMINATOR = {  # of D = σ(s) for the probabilistic ones, of the score for the others
    "minimax": lambda r, f: -(r.sigmoid().log().mean() + (1 - f.sigmoid()).log().mean()),
    "non-saturating": lambda r, f: -(r.sigmoid().log().mean() + (1 - f.sigmoid()).log().mean()),
    "wgan": lambda r, f: -(r.mean() - f.mean()),
    "wgan-gp": lambda r, f: -(r.mean() - f.mean()),
    "least-squares": lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
    "hinge": lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean(),
    "relativistic": lambda r, f: -(r - f).sigmoid().log().mean(),
    "r3gan": lambda r, f: -(r - f).sigmoid().log().mean(),
}
GENERATOR = {
    "minimax": lambda r, f: (1 - f.sigmoid()).log().mean(),
    "non-saturating": lambda r, f: -f.sigmoid().log().mean(),
    "wgan": lambda r, f: -f.mean(),
    "wgan-gp": lambda r, f: -f.mean(),
    "least-squares": lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    "hinge": lambda r, f: -f.mean(),
    "relativistic": lambda r, f: -(f - r).sigmoid().log().mean(),
    "r3gan": lambda r, f: -(f - r).sigmoid().log().mean(),
}


def logits(seed, n=50):
    rng = torch.Generator().manual_seed(seed)
    return (4 * torch.randn(n, 1, generator=rng, dtype=torch.float64)).requires_grad_()


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda o: o.name)
def test_values_and_gradients_are_those_of_the_formula(objective):
    real, fake = logits(1), logits(2)
    ours = objective.discriminator_loss(real, fake)
    agree(ours, DISCRIMINATOR[objective.name](real, fake), (real, fake))
    seen = real.detach() if objective.generator_sees_real else None
    truth = GENERATOR[objective.name](real.detach(), fake)
    agree(objective.generator_loss(seen, fake), truth, (fake,))


def agree(mine, theirs, inputs):
    """Value and gradients."""
    torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)
    gradients = (torch.autograd.grad(loss, inputs) for loss in (mine, theirs))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-13)


def test_an_undecided_discriminator_pays_log_4_and_the_game_is_zero_sum_only_for_minimax():
    zero = torch.zeros(7, 1, dtype=torch.float64)
    assert MINIMAX.discriminator_loss(zero, zero).item() == pytest.approx(math.log(4), abs=1e-15)
    fake = logits(3)
    (d,) = torch.autograd.grad(MINIMAX.discriminator_loss(zero, fake), fake)
    (g,) = torch.autograd.grad(MINIMAX.generator_loss(None, fake), fake)
    torch.testing.assert_close(d, -g)
    (n,) = torch.autograd.grad(NON_SATURATING.generator_loss(None, fake), fake)
    assert (n - g).abs().max() > 1e-3


@given(s=st.floats(-700, 700))
@settings(deadline=None)
def test_slopes_in_the_logit(s):
    """∂ log(1 - σ(s)) = -σ(s) dies where D is sure of a fake; ∂(-log σ(s)) = σ(s) - 1 does not."""
    fake = torch.tensor([[s]], dtype=torch.float64, requires_grad=True)
    (saturating,) = torch.autograd.grad(MINIMAX.generator_loss(None, fake), fake)
    (steep,) = torch.autograd.grad(NON_SATURATING.generator_loss(None, fake), fake)
    assert saturating.item() == pytest.approx(-torch.sigmoid(fake).item(), abs=1e-15)
    assert steep.item() == pytest.approx(torch.sigmoid(fake).item() - 1, abs=1e-15)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda o: o.name)
def test_no_logit_is_too_large(objective):
    extreme = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    loss = objective.discriminator_loss(extreme, extreme) + objective.generator_loss(
        extreme if objective.generator_sees_real else None, extreme
    )
    (slope,) = torch.autograd.grad(loss, extreme)
    assert loss.isfinite()
    assert slope.isfinite().all()


def linear_critic(slope):
    critic = nn.Linear(len(slope), 1, bias=True).double()
    critic.weight.data.copy_(torch.tensor([slope], dtype=torch.float64))
    return critic


@given(angle=st.floats(0, 2 * math.pi), scale=st.floats(0.01, 5), weight=st.floats(0.1, 20))
@settings(deadline=None, max_examples=30)
def test_penalty_of_a_plane_depends_on_its_slope_alone(angle, scale, weight):
    critic = linear_critic([scale * math.cos(angle), scale * math.sin(angle)])
    rng = torch.Generator().manual_seed(0)
    real, fake, t = (torch.rand(9, d, generator=rng, dtype=torch.float64) for d in (2, 2, 1))
    penalty = gradient_penalty(weight)(critic, real, fake, t).item()
    assert penalty == pytest.approx(weight * (scale - 1) ** 2, rel=1e-9, abs=1e-9)


def test_a_unit_slope_critic_has_no_penalty_and_a_flat_one_has_all_of_it():
    real, fake, t = torch.zeros(3, 2).double(), torch.ones(3, 2).double(), torch.rand(3, 1)
    assert WGAN_GP.penalty(linear_critic([0.6, 0.8]), real, fake, t).item() < 1e-28
    critic = linear_critic([0.0, 0.0])
    flat = WGAN_GP.penalty(critic, real, fake, t)
    assert flat.item() == pytest.approx(10.0)
    (slope,) = torch.autograd.grad(flat, critic.weight)
    assert slope.isfinite().all()  # the norm has no slope at 0: it must not turn into NaN


def test_each_sample_is_interpolated_with_its_own_t():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.square().sum(1, keepdim=True)

    real, fake = torch.zeros(4, 3), torch.arange(1.0, 5.0)[:, None].expand(4, 3)
    t = torch.tensor([[0.0], [0.25], [0.5], [1.0]])
    penalty = gradient_penalty(1.0)(critic, real, fake, t)
    expected = torch.tensor([1.0, 0.75 * 2, 0.5 * 3, 0.0])[:, None].expand(4, 3)  # (1 - t)·fake
    torch.testing.assert_close(seen[0], expected)
    slope = 2 * expected.norm(dim=1)  # of ‖x‖², for each sample
    torch.testing.assert_close(penalty, (slope - 1).square().mean())


def test_penalty_reaches_the_critic_and_no_one_else():
    critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    real, fake = torch.randn(5, 2), torch.randn(5, 2, requires_grad=True)
    loss = WGAN_GP.penalty(critic, real, fake, torch.rand(5, 1))
    slope_of_weights, slope_of_fake = torch.autograd.grad(
        loss, (critic[0].weight, fake), allow_unused=True
    )
    assert slope_of_weights.abs().sum() > 0
    assert slope_of_fake is None


def test_penalty_of_pictures_takes_the_norm_over_all_pixels():
    real, fake, t = torch.rand(2, 1, 3, 3), torch.rand(2, 1, 3, 3), torch.rand(2, 1)
    penalty = gradient_penalty(1.0)(lambda x: x.flatten(1).sum(1), real, fake, t)
    assert penalty.item() == pytest.approx(
        (3 - 1) ** 2, rel=1e-6
    )  # slope (1, ..., 1) in R⁹: norm 3


@given(limit=st.floats(1e-4, 10))
@settings(deadline=None, max_examples=20)
def test_clip_keeps_every_weight_within_the_limit_and_leaves_small_ones(limit):
    weights = torch.linspace(-20, 20, 41, dtype=torch.float64)
    before = weights.clone()
    clip(limit)([weights])
    assert weights.abs().max() <= limit
    small = before.abs() <= limit
    assert torch.equal(weights[small], before[small])


def test_others_neither_penalise_nor_constrain():
    for objective in (MINIMAX, NON_SATURATING, LEAST_SQUARES, HINGE, WGAN, RELATIVISTIC):
        assert objective.penalty(None, torch.ones(2, 1), torch.ones(2, 1), None).item() == 0
    weights = torch.full((3,), 5.0)
    for objective in (MINIMAX, NON_SATURATING, LEAST_SQUARES, HINGE, WGAN_GP):
        objective.constrain([weights])
    assert (weights == 5).all()
    WGAN.constrain([weights])
    torch.testing.assert_close(weights, torch.full((3,), 0.01))


def test_a_zero_centred_penalty_is_half_its_weight_times_the_squared_slopes():
    """On s = (a·x)²/2 the slope at x is |a·x|‖a‖, which differs between real and fake samples."""
    a = torch.tensor([0.6, -0.8], dtype=torch.float64)
    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(9, 2, generator=rng, dtype=torch.float64) + i for i in range(2))

    def critic(x):
        return (x @ a).square()[:, None] / 2

    of_real, of_fake = ((x @ a).square().mean().item() for x in (real, fake))
    for sides, expected in (
        ({}, of_real + of_fake),
        ({"on_fake": False}, of_real),
        ({"on_real": False}, of_fake),
    ):
        penalty = zero_centred_penalty(3.0, **sides)(critic, real, fake, None)
        assert penalty.item() == pytest.approx(1.5 * expected, rel=1e-12)
    assert abs(of_real - of_fake) > 0.01


def test_a_flat_critic_has_no_zero_centred_penalty_and_its_slope_is_finite():
    critic = linear_critic([0.0, 0.0])
    samples = torch.rand(3, 2).double(), torch.rand(3, 2).double()
    flat = zero_centred_penalty()(critic, *samples, None)
    assert flat.item() == 0
    (slope,) = torch.autograd.grad(flat, critic.weight)
    assert slope.isfinite().all()


def test_pairs_need_real_scores_and_a_penalty_a_place():
    with pytest.raises(ValueError, match="needs generator_sees_real"):
        RELATIVISTIC.generator_loss(None, logits(1))
    with pytest.raises(ValueError, match="one of on_real, on_fake must be True"):
        zero_centred_penalty(on_real=False, on_fake=False)


def test_clip_names_what_is_wrong():
    with pytest.raises(ValueError, match="limit must be positive, got 0"):
        clip(0)


@pytest.mark.parametrize("weight", [-1.0, math.inf, math.nan])
@pytest.mark.parametrize("penalty", [gradient_penalty, zero_centred_penalty])
def test_the_penalty_names_a_weight_that_is_none(weight, penalty):
    with pytest.raises(ValueError, match=f"{penalty.__name__}: weight must be at least 0"):
        penalty(weight)

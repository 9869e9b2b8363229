"""Every loss against the formula it stands for, written with probabilities in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_tutorial.objectives import (
    F_DIVERGENCES,
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    OBJECTIVES,
    RELATIVISTIC,
    WGAN,
    WGAN_GP,
    clip,
    f_gan,
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
    "f-kl": lambda r, f: -(r.mean() - (f - 1).exp().mean()),
    "f-reverse-kl": lambda r, f: -(-(-r).exp().mean() - (-1 - (-f).exp().log()).mean()),
    "f-pearson": lambda r, f: -(r.mean() - (f**2 / 4 + f).mean()),
    "f-hellinger": lambda r, f: -((1 - (-r).exp()).mean() - ((1 - (-f).exp()) / (-f).exp()).mean()),
    "f-js": lambda r, f: -((2 * r.sigmoid()).log().mean() + (2 - 2 * f.sigmoid()).log().mean()),
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
    "f-kl": lambda r, f: -(f - 1).exp().mean(),
    "f-reverse-kl": lambda r, f: -(-1 - (-f).exp().log()).mean(),
    "f-pearson": lambda r, f: -(f**2 / 4 + f).mean(),
    "f-hellinger": lambda r, f: -((1 - (-f).exp()) / (-f).exp()).mean(),
    "f-js": lambda r, f: (2 - 2 * f.sigmoid()).log().mean(),
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
    """But where the loss itself grows like exp(s): float32 ends at exp(88)."""
    exponential = objective.name in ("f-kl", "f-reverse-kl", "f-hellinger")
    size = 85.0 if exponential else 1e4
    extreme = torch.tensor([[size], [-size]], requires_grad=True)
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


# --- the f-divergences -----------------------------------------------------------------------------

P, Q = torch.distributions.Normal(0.3, 1.1), torch.distributions.Normal(-0.2, 1.0)
X = torch.linspace(-14, 14, 40001, dtype=torch.float64)
EXACT = {  # their definitions, on a grid whose error is far below 1e-9
    "kl": lambda p, q: p * (p / q).log(),
    "reverse-kl": lambda p, q: q * (q / p).log(),
    "pearson": lambda p, q: (p - q) ** 2 / q,
    "hellinger": lambda p, q: (p.sqrt() - q.sqrt()) ** 2,
    "js": lambda p, q: p * (2 * p / (p + q)).log() + q * (2 * q / (p + q)).log(),
}


def on_the_line(divergence, s):
    """E_p[g(s)] - E_q[f*(g(s))], by the trapezoid rule."""
    p, q = P.log_prob(X).exp(), Q.log_prob(X).exp()
    return torch.trapezoid(p * divergence.output(s) - q * divergence.conjugate(s), X).item()


def best_output(divergence):
    """s with g(s) = f'(p/q), where the supremum is attained: f' by autograd, g undone by hand."""
    u = (P.log_prob(X) - Q.log_prob(X)).exp().requires_grad_()
    (t,) = torch.autograd.grad(divergence.f(u).sum(), u)
    undone = {
        "kl": lambda t: t,
        "pearson": lambda t: t,
        "reverse-kl": lambda t: -(-t).log(),
        "hellinger": lambda t: -(1 - t).log(),
        "js": lambda t: -(2 * (-t).exp() - 1).log(),
    }
    return undone[divergence.name](t)


@pytest.mark.parametrize("divergence", F_DIVERGENCES.values(), ids=lambda d: d.name)
def test_the_optimal_output_reads_the_divergence_off_and_any_other_reads_less(divergence):
    p, q = P.log_prob(X).exp(), Q.log_prob(X).exp()
    exact = torch.trapezoid(EXACT[divergence.name](p, q), X).item()
    by_f = torch.trapezoid(q * divergence.f(p / q), X).item()
    best = best_output(divergence)
    assert by_f == pytest.approx(exact, rel=1e-9)
    assert on_the_line(divergence, best) == pytest.approx(exact, rel=1e-9)
    for bend in (lambda s: s + 0.1, lambda s: 0.9 * s, lambda s: s + 0.1 * X.sin()):
        assert on_the_line(divergence, bend(best)) < exact - 1e-5


@pytest.mark.parametrize("divergence", F_DIVERGENCES.values(), ids=lambda d: d.name)
def test_the_conjugate_is_the_largest_gap_between_a_line_and_f(divergence):
    s = torch.linspace(-2, 1.5, 15, dtype=torch.float64)
    u = torch.logspace(-6, 3, 200001, dtype=torch.float64)
    t = divergence.output(s)
    gaps = (u * t[:, None] - divergence.f(u)).amax(1)
    low = t < -2 if divergence.name == "pearson" else torch.zeros(15, dtype=torch.bool)
    torch.testing.assert_close(divergence.conjugate(s)[~low], gaps[~low], rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("divergence", F_DIVERGENCES.values(), ids=lambda d: d.name)
def test_f_is_convex_and_zero_at_one(divergence):
    u = torch.linspace(0.05, 9, 500, dtype=torch.float64)
    f = divergence.f(u)
    assert divergence.f(torch.ones(1)).item() == pytest.approx(0, abs=1e-7)
    assert (f[2:] - 2 * f[1:-1] + f[:-2] > 0).all()


def test_the_js_game_is_the_minimax_game_up_to_its_constant():
    real, fake = logits(4), logits(5)
    js = f_gan(F_DIVERGENCES["js"])
    agree(
        js.discriminator_loss(real, fake) + 2 * math.log(2),
        MINIMAX.discriminator_loss(real, fake),
        (real, fake),
    )
    agree(
        f_gan(F_DIVERGENCES["js"], saturating=False).generator_loss(None, fake) + math.log(2),
        NON_SATURATING.generator_loss(None, fake),
        (fake,),
    )


@pytest.mark.parametrize("name", ["js", "reverse-kl"])
def test_where_the_result_is_finite_so_is_the_way_to_it(name):
    s = torch.tensor([-500.0, 500.0])
    assert F_DIVERGENCES[name].conjugate(s).isfinite().all()

"""The one loop: who moves, who does not, what is drawn, what is averaged, and what is reproducible."""

import copy
import math
import re
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_tutorial._engine import checkpoints, checks, devices
from gan_tutorial._engine import run as runs
from gan_tutorial._engine.run import Player
from gan_tutorial.networks import (
    Gaussian,
    Pair,
    circulating_pair,
    line_pair,
    mirza_pair,
    mlp,
    mlp_pair,
)
from gan_tutorial.objectives import MINIMAX, NON_SATURATING, OBJECTIVES, R3GAN, WGAN, WGAN_GP
from gan_tutorial.optimizers import (
    adam,
    cosine,
    exponential,
    linear,
    rmsprop,
    sgd,
)
from gan_tutorial.training import DivergenceError, sample, train

DATA = torch.rand(64, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(64) % 3


def tiny(seed=0, **options):
    return mlp_pair(4, 2, (8,), (8,), seed=seed, **options)


def last(pair=None, data=DATA, **options):
    arguments = {"steps": 4, "batch_size": 8} | options
    return list(train(pair or tiny(), data, **arguments))[-1]


def vector(network):
    return nn.utils.parameters_to_vector(network.parameters()).detach().clone()


class Recorder(nn.Module):
    """A network that remembers what it was called with."""

    def __init__(self, network):
        super().__init__()
        self.network, self.calls = network, []

    def forward(self, *arguments, **options):
        self.calls.append((arguments, options))
        return self.network(*arguments, **options)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda o: o.name)
def test_every_step_is_that_of_the_textbook(objective):
    """The loop against a plain loop with .backward() and PyTorch's own Adam, in float64."""
    pair = Pair(*(n.double() for n in tiny(seed=3)[:2]), Gaussian(2))
    g, d = copy.deepcopy(pair.generator), copy.deepcopy(pair.discriminator)
    data = DATA.double()
    shot = last(pair, data, objective=objective, steps=3, critic_steps=2, seed=5)

    g_adam = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_adam = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    rng = torch.Generator().manual_seed(5)
    for _ in range(3):
        for _ in range(2):
            real = data[torch.randint(64, (8,), generator=rng)]
            z = torch.randn(8, 2, generator=rng).double()
            t = torch.rand(8, 1, generator=rng)
            d_adam.zero_grad()
            fake = g(z).detach()
            loss = objective.discriminator_loss(d(real), d(fake))
            (loss + objective.penalty(d, real, fake, t)).backward()
            d_adam.step()
            objective.constrain(d.parameters())
        g_adam.zero_grad()
        seen = d(real).detach() if objective.generator_sees_real else None
        objective.generator_loss(seen, d(g(z))).backward()
        g_adam.step()
    torch.testing.assert_close(vector(shot.discriminator), vector(d), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(vector(shot.generator), vector(g), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_frozen_player_stands_still_and_the_other_learns(frozen):
    pair = tiny()
    getattr(pair, frozen).requires_grad_(False)
    other = {"generator": "discriminator", "discriminator": "generator"}[frozen]
    before = {name: vector(getattr(pair, name)) for name in (frozen, other)}
    last(pair)
    assert torch.equal(vector(getattr(pair, frozen)), before[frozen])
    assert not torch.equal(vector(getattr(pair, other)), before[other])


def test_no_gradient_reaches_the_player_whose_step_it_is_not():
    pair = tiny()
    pair.generator.requires_grad_(False)
    last(pair)
    assert all(p.grad is None for p in pair.generator.parameters())
    player = Player(pair.discriminator, adam(), {})
    stranger = tiny(seed=1).discriminator
    x = torch.rand(3, 4)
    player.descend((pair.discriminator(x) * stranger(x)).mean())
    assert all(p.grad is None for p in stranger.parameters())


def test_the_discriminator_is_shown_detached_fakes():
    pair = tiny()
    seen = Recorder(pair.discriminator)
    last(Pair(pair.generator, seen, pair.prior), steps=1)
    probe, both, fake = (call[0][0] for call in seen.calls)
    assert probe.shape == (2, 4)  # the check at the door
    assert not both.requires_grad
    assert fake.requires_grad
    torch.testing.assert_close(both[8:], fake)  # G's own step uses the samples of D's last step


def test_real_scores_in_the_generators_step_are_those_of_the_discriminator_that_has_moved():
    """Asked for where an objective declares it, and by no other: D is called once more for them."""
    seen = []

    def spy(real, fake):
        seen.append((real, fake.requires_grad))
        return -fake.mean()

    for sees in (True, False):
        pair = tiny()
        calls = Recorder(pair.discriminator)
        objective = replace(WGAN, generator_loss=spy, generator_sees_real=sees)
        shot = last(Pair(pair.generator, calls, pair.prior), steps=1, objective=objective)
        assert [len(call[0][0]) for call in calls.calls[1:]] == [16, 8] + [8] * sees
    (real, fake_learns), (none, _) = seen
    assert fake_learns
    assert not real.requires_grad
    assert none is None
    moved = copy.deepcopy(tiny().discriminator)  # its first step came before G's
    last(Pair(tiny().generator, moved, pair.prior), steps=1, objective=WGAN)
    batch = calls.calls[1][0][0][:8]
    torch.testing.assert_close(real, moved(batch).detach())
    assert shot.step == 1


def test_clipping_holds_after_every_critic_step():
    pair = tiny()
    largest = []
    pair.discriminator.register_forward_pre_hook(
        lambda module, _: largest.append(vector(module).abs().max().item())
    )
    last(pair, objective=WGAN, optimizers=(rmsprop(0.1), adam()), critic_steps=5, steps=3)
    assert all(value <= 0.01 + 1e-9 for value in largest[3:])  # after the first step and on
    assert max(largest) > 0.1  # it started outside


def test_critic_steps_counts_fresh_batches_for_each_step():
    pair = tiny()
    d, g = Recorder(pair.discriminator), Recorder(pair.generator)
    last(Pair(g, d, pair.prior), steps=2, critic_steps=3)
    batches = [call[0][0] for call in d.calls[1:]]
    assert [len(x) for x in batches] == [16, 16, 16, 8] * 2
    noises = [call[0][0] for call in g.calls[1:]]
    assert len(noises) == 6
    assert len({tuple(z.flatten().tolist()) for z in noises}) == 6


def test_labels_reach_both_networks_and_are_those_of_the_data():
    """Row i of the data is the number i, and its label i mod 3: they must meet again in D."""
    pair = mlp_pair(1, 2, (8,), (8,), classes=3)
    d, g = Recorder(pair.discriminator), Recorder(pair.generator)
    rows = torch.arange(64.0)[:, None]
    last(Pair(g, d, pair.prior), rows, labels=LABELS, steps=3)
    for (x,), options in (call for call in d.calls if len(call[0][0]) == 16):
        torch.testing.assert_close(x[:8, 0] % 3, options["y"][:8].float())
        assert torch.equal(options["y"][:8], options["y"][8:])
    assert all("y" in options for _, options in g.calls)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda o: o.name)
def test_every_objective_trains_a_conditional_pair_unchanged(objective):
    shot = last(tiny(classes=3), labels=LABELS, objective=objective)
    assert shot.sample(5, labels=torch.tensor([0, 1, 2, 0, 1])).shape == (5, 4)


def test_a_label_asked_for_can_be_obeyed():
    """Class k is the point k/2: after a short training, the asked label decides the sample."""
    pair = mlp_pair(1, 2, (32,), (32,), classes=3)
    data = LABELS[:, None] / 2 + 0.02 * torch.randn(
        64, 1, generator=torch.Generator().manual_seed(0)
    )
    shot = last(
        pair, data, labels=LABELS, steps=600, batch_size=32, optimizers=(adam(5e-3), adam(5e-3))
    )
    asked = torch.arange(3).repeat_interleave(100)
    means = shot.sample(300, labels=asked).reshape(3, 100).mean(1)
    assert means.diff().min() > 0.2


def test_bytes_are_divided_by_255_and_pictures_flattened():
    seen = Recorder(tiny().discriminator)
    pair = tiny()
    images = torch.full((10, 2, 2), 51, dtype=torch.uint8)
    last(Pair(pair.generator, seen, pair.prior), images, steps=1)
    torch.testing.assert_close(seen.calls[1][0][0][:8], torch.full((8, 4), 0.2))


def test_same_seed_same_bits_whatever_the_caller_draws():
    results = []
    for calls in (0, 3):
        pair = tiny(dropout=0.5)
        for _ in train(pair, DATA, steps=20, every=5, batch_size=8, seed=7):
            torch.randn(calls)  # the caller's own randomness
        results.append((vector(pair.generator), vector(pair.discriminator)))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    other = last(tiny(dropout=0.5), steps=20, seed=8)
    assert not torch.equal(vector(other.generator), results[0][0])


def test_the_callers_randomness_is_untouched():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    for shot in train(tiny(dropout=0.5), DATA, steps=4, every=2, batch_size=8):
        assert torch.equal(torch.get_rng_state(), state)
        shot.sample(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_snapshots_come_where_they_are_asked_for():
    def steps(**options):
        return [s.step for s in train(tiny(), DATA, batch_size=8, **options)]

    assert steps(steps=5, every=2) == [0, 2, 4, 5]
    assert steps(steps=5, every=[1, 3]) == [0, 1, 3, 5]
    assert steps(steps=0) == [0]


def test_history_has_one_entry_for_each_step_and_the_true_values():
    pair = Pair(*(n.double() for n in tiny()[:2]), Gaussian(2))
    g, d = copy.deepcopy(pair.generator), copy.deepcopy(pair.discriminator)
    shot = last(pair, DATA.double(), objective=WGAN_GP, steps=1201, every=1000, seed=1)
    assert {name: len(v) for name, v in shot.history.items()} == dict.fromkeys(runs.LOSSES, 1201)
    rng = torch.Generator().manual_seed(1)
    real = DATA.double()[torch.randint(64, (8,), generator=rng)]
    fake = g(torch.randn(8, 2, generator=rng).double())
    t = torch.rand(8, 1, generator=rng)
    first = WGAN_GP.discriminator_loss(d(real), d(fake)).item()
    assert shot.history["discriminator"][0].item() == pytest.approx(first, rel=1e-5)
    penalty = WGAN_GP.penalty(d, real, fake, t).item()
    assert shot.history["penalty"][0].item() == pytest.approx(penalty, rel=1e-5)


def test_the_average_generator_follows_the_live_one():
    """Weighted by the step at first, then exponentially: both against the sums they stand for."""
    live = []
    for shot in train(tiny(), DATA, steps=30, every=1, batch_size=8, ema=0.8):
        live.append(vector(shot.generator))
        if shot.step == 9:  # (t - 1) / (t + 1) reaches 0.8 at t = 9
            weights = torch.arange(1.0, 10.0)
            expected = (weights[:, None] * torch.stack(live[1:])).sum(0) / weights.sum()
        if shot.step > 9:
            expected = 0.8 * expected + 0.2 * live[-1]
        if shot.step >= 9:
            torch.testing.assert_close(vector(shot.average), expected, rtol=1e-5, atol=1e-6)
    assert not torch.equal(vector(shot.average), live[-1])
    without = last()
    assert without.average is without.generator


def test_schedules_multiply_each_players_own_options():
    seen = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            seen.append((self.param_groups[0]["lr"], self.param_groups[0]["momentum"]))
            return super().step(closure)

    slow, fast = (partial(Spy, lr=lr, momentum=0.5) for lr in (0.1, 0.2))
    schedules = {"lr": exponential(2.0, floor=0.3), "momentum": linear(1, 1.4, 2)}
    last(optimizers=(slow, fast), steps=4, schedules=schedules)
    factors = [1, 0.5, 0.3, 0.3]
    momenta = [0.5, 0.6, 0.7, 0.7]
    assert [lr for lr, _ in seen[::2]] == pytest.approx([0.1 * f for f in factors])
    assert [lr for lr, _ in seen[1::2]] == pytest.approx([0.2 * f for f in factors])
    assert [m for _, m in seen[::2]] == pytest.approx(momenta)


@given(steps=st.integers(1, 10_000), share=st.floats(0, 1.5))
@settings(deadline=None)
def test_schedules_start_at_1_fall_and_end(steps, share):
    step = int(share * steps)
    for schedule, end in (
        (linear(1, 0.2, steps), 0.2),
        (cosine(steps, 0.1), 0.1),
    ):
        assert schedule(0) == pytest.approx(1)
        assert end - 1e-12 <= schedule(step + 1) <= schedule(step) <= 1
        assert schedule(2 * steps) == pytest.approx(end)
    assert exponential(1.000004, 1e-5)(steps) == pytest.approx(
        math.exp(-steps * math.log(1.000004))
    )


def test_a_loss_that_is_no_longer_finite_names_step_and_network(tmp_path):
    path = tmp_path / "a.pt"
    wild = {"lr": lambda step: 1.0 if step < 12 else 1e30}
    run = {"every": 5, "optimizers": (sgd(0.1), sgd(0.1)), "schedules": wild, "checkpoint": path}
    last(steps=10, **run)
    good = checkpoints.load(path)
    with pytest.raises(DivergenceError, match="a learning rate below") as caught:
        last(steps=40, resume=True, **run)
    assert 12 <= caught.value.step <= 14  # the first mad step is the 13th
    assert caught.value.network in ("discriminator", "generator")
    kept = checkpoints.load(path)  # saved at step 10, the last good one
    assert kept["step"] == good["step"] == 10
    for name, weights in kept["generator"]["network"].items():
        assert torch.equal(weights, good["generator"]["network"][name])


def test_weights_that_overflow_in_the_very_last_step_are_noticed():
    class Leap(torch.optim.SGD):
        """A step that no float32 can hold; PyTorch's own optimisers refuse such a rate, each version its own way."""

        def step(self, closure=None):
            for weights in self.param_groups[0]["params"]:
                weights.data.fill_(math.inf)

    with pytest.raises(DivergenceError, match="weights are no longer finite"):
        last(steps=1, optimizers=(sgd(0.1), partial(Leap, lr=0.1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": -1}, r"steps must be an integer of at least 0, got -1"),
        ({"batch_size": 0}, r"batch_size must be an integer of at least 1, got 0"),
        ({"critic_steps": 1.5}, r"critic_steps must be an integer of at least 1, got 1\.5"),
        ({"seed": -1}, r"seed must be an integer of at least 0, got -1"),
        ({"objective": "wgan"}, r"objective must be an Objective.*'wgan-gp'.*got 'wgan'"),
        ({"optimizers": adam()}, r"optimizers must be two.*got <function"),
        (
            {"optimiser": adam()},
            r"train has no argument 'optimiser'; the settings are objective, op",
        ),
        ({"schedules": linear(1, 0, 5)}, r"schedules must be a dict"),
        ({"autocast": "bfloat16"}, r"autocast must be torch\.bfloat16.* or None, got 'bfloat16'"),
        ({"ema": 1.0}, r"ema must be at least 0 and below 1, or None, got 1\.0"),
        ({"every": [3, 1]}, r"every must be a step count or an increasing sequence"),
        ({"data": torch.rand(5)}, r"data must be a tensor \(n, \.\.\.\)"),
        ({"data": [[1.0]]}, r"data must be a tensor .* got list"),
        ({"data": torch.zeros(5, 4, dtype=torch.int64)}, r"data must be uint8 .* got torch\.int64"),
        ({"data": torch.full((5, 4), torch.nan)}, r"data must be finite"),
        ({"data": torch.rand(5, 3)}, r"the generator's samples have shape \(2, 4\)"),
        ({"labels": LABELS[:3]}, r"labels must be a tensor of 64 integers"),
        ({"labels": [0, 1]}, r"labels must be a tensor of 64 integers.* got list"),
        ({"every": "end"}, r"every must be a step count or a sequence of steps, got 'end'"),
        ({"labels": LABELS}, r"the generator cannot be called"),
        ({"schedules": {"betas2": linear(1, 0, 5)}}, r"Adam has no number 'betas2'"),
    ],
)
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        last(**change)


def test_networks_that_do_not_fit_are_named_at_the_call():
    pair = tiny()
    with pytest.raises(
        ValueError, match=r"discriminator must return \(n, 1\) logits, got \(2, 4\)"
    ):
        train(Pair(pair.generator, nn.Identity(), pair.prior), DATA, steps=1)
    with pytest.raises(ValueError, match="the discriminator cannot be called"):
        train(Pair(pair.generator, mlp([5, 1]), pair.prior), DATA, steps=1)


@pytest.mark.parametrize(
    ("pair", "change", "message"),
    [
        ("tiny", {"data": 2 * DATA - 1}, r"data span \[-.*only give \[0, 1\]"),
        ("tiny", {"data": 255 * DATA}, r"data span .*only give \[0, 1\]; scale the data"),
        ("tanh", {"data": 3 * DATA}, r"data span .*only give \[-1, 1\]"),
        ("sigmoid", {}, "the discriminator ends in a sigmoid"),
        ("norm", {"objective": WGAN_GP}, "batch norm, which mixes .* wgan-gp penalises its slope"),
        ("norm", {"objective": R3GAN}, "r3gan penalises its slope"),
        ("frozen", {}, "no parameter of either player requires a gradient"),
        ("labelled", {"labels": LABELS + 1}, "labels go from 1 to 3; the generator has 3 classes"),
        ("labelled", {"labels": LABELS - 1}, "labels go from -1 to 1; .* takes 0 to 2"),
        ("tiny", {"batch_size": 2_000_000_000}, r"batch_size=2000000000 cannot fit: .* GiB in all"),
        (
            "tiny",
            {"seed": 2**64},
            "seed must be below 9223372036854775808, got 18446744073709551616",
        ),
    ],
)
def test_what_cannot_work_is_said_before_it_starts(pair, change, message):
    pairs = {
        "tiny": tiny(),
        "tanh": tiny(output=nn.Tanh),
        "sigmoid": Pair(tiny().generator, mlp([4, 8, 1], output=nn.Sigmoid), Gaussian(2)),
        "norm": Pair(tiny().generator, mlp([4, 8, 8, 1], norm=True), Gaussian(2)),
        "frozen": tiny(),
        "labelled": tiny(classes=3),
    }
    for network in pairs["frozen"][:2]:
        network.requires_grad_(False)
    with pytest.raises(ValueError, match=message):
        train(pairs[pair], **{"data": DATA, "steps": 1, "batch_size": 8, **change})


def test_what_can_work_is_let_through():
    """The same doubts where there is no reason for them: each of these trains."""
    for pair, change in (
        (tiny(), {"data": DATA.clamp(0, 1)}),
        (tiny(output=None), {"data": 9 * DATA}),
        (tiny(output=nn.Tanh), {"data": 2 * DATA - 1}),
        (Pair(tiny().generator, mlp([4, 8, 8, 1], norm=True), Gaussian(2)), {}),
        (tiny(classes=4), {"labels": LABELS}),
    ):
        last(pair, steps=1, **change)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(2**31, 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([(), [1, 2], {"lr": 1}, object(), torch.zeros(3), torch.int8, len, b"\0", 1j]),
)
ARGUMENTS = [
    *(
        "pair",
        "data",
        "labels",
        "settings",
        "steps",
        "every",
        "seed",
        "checkpoint",
        "resume",
        "note",
    ),
    *("objective", "optimizers", "batch_size", "critic_steps", "schedules", "ema", "autocast"),
]


@given(name=st.sampled_from(ARGUMENTS), value=anything)
@settings(deadline=None, max_examples=300)
def test_whatever_is_passed_is_taken_or_refused_in_words(tmp_path_factory, name, value):
    """An argument of the wrong kind or size gives a ValueError that says which; nothing else."""
    if name == "checkpoint" and isinstance(value, str):
        value = str(tmp_path_factory.mktemp("any") / value)
    arguments = {"pair": tiny(), "data": DATA, "steps": 1, "batch_size": 8} | {name: value}
    said = name
    try:
        train(**arguments).close()
    except ValueError as error:
        said = str(error)
    words = {"pair": "pair|generator", "labels": "labels|generator"}.get(name, name)
    assert re.search(words, said), f"{name}={value!r}: {said}"


def test_a_run_that_nobody_iterates_says_so():
    run = [train(tiny(), DATA, steps=1, batch_size=8)]
    with pytest.warns(UserWarning, match="nobody asked for a snapshot, so nothing was trained"):
        run.clear()


def test_advice_is_about_the_run_that_diverged():
    def said(**options):
        with pytest.raises(DivergenceError) as caught:
            last(steps=60, **options)
        return str(caught.value)

    wild = sgd(1e30, momentum=0.0)
    plain = said(optimizers=(wild, wild))
    assert "a learning rate below 1e+30" in plain
    assert "β₁" not in plain
    assert "momentum" not in plain
    assert "WGAN_GP" in plain
    fast = adam(1e30)
    penalised = said(optimizers=(fast, fast), objective=WGAN_GP)
    assert "a β₁ below 0.5" in penalised
    assert "WGAN_GP" not in penalised
    assert "momentum below 0.9" in said(optimizers=(sgd(1e30, 0.9), sgd(1e30, 0.9)))


def test_batch_norm_needs_two_samples():
    with pytest.raises(ValueError, match=r"batch_size must give batch norm 2 samples .* got 1"):
        train(circulating_pair(data_dim=4), DATA, steps=1, batch_size=1)


def test_a_number_of_samples_that_is_none_is_named():
    pair = tiny()
    with pytest.raises(ValueError, match="n must be a number of samples, at least 0, got -1"):
        sample(pair.generator, pair.prior, -1)


def test_sampling_is_reproducible_leaves_the_mode_and_uses_evaluation_mode():
    pair = circulating_pair()
    before = copy.deepcopy(pair.generator.state_dict())
    a = sample(pair.generator.train(), pair.prior, 6, seed=2)
    b = sample(pair.generator, pair.prior, 6, seed=2)
    assert torch.equal(a, b)
    assert pair.generator.training
    assert all(torch.equal(v, before[k]) for k, v in pair.generator.state_dict().items())
    assert not torch.equal(a, sample(pair.generator, pair.prior, 6, seed=3))


def test_bfloat16_products_keep_float32_weights_and_losses():
    pair = tiny()
    shot = last(pair, autocast=torch.bfloat16, objective=WGAN_GP)
    assert {p.dtype for p in pair.generator.parameters()} == {torch.float32}
    exact = last(objective=WGAN_GP)
    torch.testing.assert_close(
        shot.history["discriminator"], exact.history["discriminator"], atol=0.05, rtol=0.05
    )


class Normal(nn.Module):
    """The generator x = μ + z, whose p_g = N(μ, 1) is known."""

    def __init__(self, mean):
        super().__init__()
        self.mean = nn.Parameter(torch.tensor([mean]))

    def forward(self, z):
        return self.mean + z


class Exact(nn.Module):
    """The logit of D*: log p_data - log p_g for p_data = N(0, 1) and p_g = N(μ, 1) of this moment."""

    def __init__(self, generator):
        super().__init__()
        self.generator = [generator]  # not a parameter of D

    def forward(self, x):
        mean = self.generator[0].mean.detach()
        return ((x - mean).square() - x.square()).sum(1, keepdim=True) / 2


@pytest.mark.parametrize("objective", [MINIMAX, NON_SATURATING], ids=lambda o: o.name)
def test_with_the_optimal_discriminator_the_divergence_falls(objective):
    """JSD(N(0, 1), N(μ, 1)) grows with |μ|, so |μ| has to fall; D has no parameters and stands
    still.
    """
    generator = Normal(2.0)
    pair = Pair(generator, Exact(generator), Gaussian(1))
    data = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0))
    means = [
        abs(shot.generator.mean.item())
        for shot in train(
            pair,
            data,
            steps=400,
            every=100,
            batch_size=256,
            objective=objective,
            optimizers=(adam(), sgd(0.05, momentum=0.0)),
        )
    ]
    assert all(b < a or b < 0.2 for a, b in pairwise(means))
    assert means[-1] < 0.2


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda o: o.name)
def test_on_cuda_a_replayed_graph_takes_the_steps_of_the_eager_loop(objective, monkeypatch):
    results = []
    for graphs in (True, False):
        if not graphs:
            monkeypatch.setattr(devices, "captured", lambda step, run: lambda: step(run))
        pair = tiny()
        pair.generator.cuda()
        pair.discriminator.cuda()
        schedules = {"lr": linear(1, 0, 60)}
        shot = last(pair, objective=objective, steps=40, schedules=schedules, ema=0.9)
        results.append((vector(shot.generator), vector(shot.discriminator), vector(shot.average)))
    for graph, eager in zip(*results, strict=True):
        torch.testing.assert_close(graph, eager, rtol=1e-3, atol=1e-5)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_on_cuda_nothing_waits_for_the_device_inside_the_loop(monkeypatch):
    pair = line_pair()
    pair.generator.cuda()
    pair.discriminator.cuda()
    run = train(pair, torch.randn(100, 1), steps=60, every=60)
    next(run)
    read_losses = runs.Run.read_losses

    def may_wait(self):  # at the snapshot, the losses are read
        torch.cuda.set_sync_debug_mode("default")
        read_losses(self)

    monkeypatch.setattr(runs.Run, "read_losses", may_wait)
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert next(run).step == 60
    finally:
        torch.cuda.set_sync_debug_mode("default")


class Beside(nn.Module):
    """A discriminator that looks at other samples, too; it remembers its batches."""

    def __init__(self, other=lambda x: x.roll(-1, 0), seen=None):
        super().__init__()
        self.network, self.other, self.seen = nn.Linear(8, 1), other, seen

    def forward(self, x):
        if self.seen is not None:
            self.seen(x.detach().clone())
        return self.network(torch.cat([x, self.other(x)], dim=1))


def test_a_discriminator_that_compares_samples_gets_batches_of_one_kind():
    """Packs and minibatch discrimination mean nothing where real and generated samples are mixed."""
    pair, seen = tiny(), []
    judge = Beside(seen=seen.append)
    real = torch.full_like(DATA, -1)
    last(Pair(nn.Sequential(*pair.generator, nn.Softplus()), judge, pair.prior), real, steps=3)
    trained = seen[2:]  # the check at the door, and the one for mixing
    assert [len(batch) for batch in trained] == [8] * 9
    kinds = [set((batch > -0.5).flatten().tolist()) for batch in trained]
    assert kinds == [{False}, {True}, {True}] * 3


class Attention(nn.Module):
    """Over the batch, with a gate that is closed at the start."""

    def __init__(self):
        super().__init__()
        self.gate, self.verdict = nn.Parameter(torch.zeros(())), nn.Linear(4, 1)

    def forward(self, x):
        return self.verdict(x + self.gate * (x @ x.T).softmax(1) @ x)


class NormByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.verdict = nn.Linear(4, 1)
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("var", torch.ones(4))

    def forward(self, x):
        x = nn.functional.batch_norm(x, self.mean, self.var, training=self.training)
        return self.verdict(x)


def _spread(x):
    """The standard deviation over groups of four (Karras et al. 2018), none for a batch of another size."""
    if len(x) % 4:
        return x
    return x.unflatten(0, (4, -1)).var(0).add(1e-8).sqrt().repeat(4, 1)


def _dead():
    network = Beside()
    nn.init.zeros_(network.network.weight)
    return network


def _small():
    network = Beside()
    nn.init.uniform_(network.network.weight, -1e-9, 1e-9)
    return network


class Unique(Beside):
    def __deepcopy__(self, memo):
        raise TypeError("there is one only")


@pytest.mark.parametrize(
    "build",
    [
        Beside,
        lambda: Beside(lambda x: x.roll(2, 0)),
        lambda: Beside(lambda x: x.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)),
        lambda: Beside(lambda x: x[torch.randperm(len(x))]),
        lambda: Beside(_spread),
        _dead,
        _small,
        Attention,
        NormByHand,
        Unique,
        lambda: nn.Sequential(Beside(), nn.Hardtanh(100, 101)),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)),
    ],
    ids=[
        "next",
        "over",
        "pairs",
        "any",
        "spread",
        "dead",
        "small",
        "closed",
        "by-hand",
        "unique",
        "flat",
        "batch-norm",
    ],
)
def test_it_is_found_out_that_a_discriminator_compares(build):
    assert checks.mixes_samples(build(), DATA[:8], None)


class Turning(nn.Module):
    """Turns each sample's signs by draws of numpy's."""

    def __init__(self):
        super().__init__()
        self.network, self.rng = nn.Linear(4, 1), np.random.default_rng(0)

    def forward(self, x):
        signs = torch.tensor(self.rng.choice([-1.0, 1.0], (len(x), 1)), dtype=x.dtype)
        return self.network(x * signs)


def _broken():
    network = nn.Linear(4, 1)
    nn.init.constant_(network.weight, math.nan)
    return network


def _limited():
    return nn.utils.parametrizations.spectral_norm(nn.Linear(4, 1))


@pytest.mark.parametrize(
    "build",
    [
        lambda: tiny().discriminator,
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.LayerNorm(6), nn.Linear(6, 1)),
        lambda: nn.Sequential(
            nn.Unflatten(1, (2, 2)), nn.InstanceNorm1d(2), nn.Flatten(), nn.Linear(4, 1)
        ),
        Turning,
        _broken,
        _limited,
    ],
    ids=["plain", "norms", "instance", "drawn", "nan", "limited"],
)
def test_a_discriminator_of_single_samples_gets_both_kinds_at_once(build):
    """Also one that draws at random; and it is left as it was."""
    network, state = build(), torch.get_rng_state()
    before = copy.deepcopy(network.state_dict())
    assert not checks.mixes_samples(network.eval(), DATA[:8], None)
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0, equal_nan=True)
    assert all(weight.grad is None for weight in network.parameters())


def test_labels_reach_a_discriminator_that_is_tried():
    assert not checks.mixes_samples(tiny(classes=3).discriminator, DATA[:8], LABELS[:8])


class Scaled(nn.Module):
    """A generator whose last registered layer is not its last one, with a number for a parameter."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.act = nn.Linear(2, 5), nn.Linear(5, 1), nn.Sigmoid()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, z):
        return self.scale * self.second(self.act(self.first(z)))


def test_the_order_in_which_layers_are_registered_is_not_taken_for_that_of_the_rows():
    score = Scaled()
    score.first = nn.Linear(1, 5)
    pair = Pair(Scaled(), score, Gaussian(2))
    assert last(pair, 3 + torch.randn(64, 1), steps=1).sample(3).shape == (3, 1)
    bounded = nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.Identity(), nn.Tanh()))
    with pytest.raises(ValueError, match=r"can only give \[-1, 1\]"):
        last(pair._replace(generator=bounded), 3 + torch.randn(64, 1), steps=1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "the generator has classes"),
        ([0, 1], "labels must be 3, one for each"),
        ([0, 1, 5], "from 0 to 5; the generator has 3 classes"),
        ([0.0, 1.0, 2.0], "must be integers"),
        ([[0, 1], [0, 1], [0, 1]], "labels have 2 attributes"),
    ],
)
def test_labels_that_cannot_be_asked_for_are_named(labels, message):
    generator = mlp_pair(4, 2, (8,), (8,), classes=3).generator
    with pytest.raises(ValueError, match=re.escape(message)):
        sample(generator, Gaussian(2), 3, labels=labels)


def test_labels_may_be_a_list_or_of_any_whole_type():
    generator = mlp_pair(4, 2, (8,), (8,), classes=3).generator
    expected = sample(generator, Gaussian(2), 3, labels=torch.tensor([0, 2, 1]))
    for labels in ([0, 2, 1], torch.tensor([0, 2, 1], dtype=torch.uint8)):
        assert torch.equal(sample(generator, Gaussian(2), 3, labels=labels), expected)


def test_sampling_leaves_each_layer_in_its_own_mode():
    generator = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3).eval(), nn.Linear(3, 1))
    sample(generator, Gaussian(2), 4)
    assert [layer.training for layer in generator] == [True, False, True]


def test_a_layer_that_is_not_used_and_a_schedule_of_no_number_are_named():
    pair = tiny()
    pair.discriminator.idle = nn.Linear(1, 1)
    used = nn.Sequential(*pair.discriminator[:-1], pair.discriminator[-1])

    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = used, nn.Linear(1, 1)

        def forward(self, x):
            return self.used(x)

    with pytest.raises(ValueError, match=r"Idle does not use idle\.weight, idle\.bias"):
        last(pair._replace(discriminator=Idle()), steps=1)
    with pytest.raises(ValueError, match=r"Adam has no number 'betas', only .*lr"):
        train(
            tiny(), DATA, steps=1, optimizers=(adam(), adam()), schedules={"betas": lambda s: 0.5}
        )


def test_a_wrapper_with_a_forward_of_its_own_is_not_looked_through_and_the_package_s_own_are():
    class Scaling(nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body = body

        def forward(self, z):
            return 5 * self.body(z)

    bounded = nn.Sequential(nn.Linear(2, 4), nn.Tanh())
    pair = tiny()
    score = pair.discriminator
    last(Pair(Scaling(bounded), score, Gaussian(2)), 3 * torch.rand(64, 4), steps=1)
    with pytest.raises(ValueError, match="the generator's last layers can only give"):
        checks.check_pair(
            mirza_pair(10, data_dim=9), torch.rand(64, 9) * 2 - 1, torch.arange(64) % 10
        )


def test_no_samples_take_no_labels_and_a_class_count_of_0_means_none():
    generator = mlp_pair(4, 2, (8,), (8,), classes=3).generator
    assert sample(generator, Gaussian(2), 0, labels=[]).shape == (0, 4)
    plain = mlp_pair(4, 2, (8,), (8,)).generator
    plain.classes = 0
    assert sample(plain, Gaussian(2), 2).shape == (2, 4)

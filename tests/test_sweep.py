"""A sweep is the one training loop, many times over: nothing else may change."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from gan_tutorial._engine.stacked import Stack
from gan_tutorial.networks import Gaussian, Pair, circulating_pair, line_pair, mlp, paper_pair
from gan_tutorial.objectives import NON_SATURATING, OBJECTIVES, WGAN, clip
from gan_tutorial.optimizers import adam, rmsprop, sgd
from gan_tutorial.sweep import sweep
from gan_tutorial.training import Settings, train

STEPS, BATCH = 25, 8
small_pair = partial(line_pair, 6)


def double_pair(*, seed):
    pair = small_pair(seed=seed)
    return Pair(pair.generator.double(), pair.discriminator.double(), pair.prior)


@pytest.fixture(scope="module")
def data():
    rng = torch.Generator().manual_seed(5)
    return 2 + torch.randn(200, 1, generator=rng, dtype=torch.float64)


def last(iterator):
    *_, snapshot = iterator
    return snapshot


def one_by_one(build, data, setting, seed, **options):
    return last(train(build(seed=seed), data, setting, steps=STEPS, seed=seed, **options))


def close(found, expected):
    """To float64, as far as training keeps it: Adam and RMSProp divide by gradients that may be near 0, and data moved
    by one rounding (1e-16) move a score by up to 1e-10. Rates 0.1 % off move scores of every setting by 2e-8 or more.
    """
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=5e-9)


def test_every_objective_equals_one_by_one_training(data):
    """Every objective, two k, four optimisers, three seeds, against as many calls of train."""
    rates = {1: (adam(1e-2), sgd(1e-2, 0.5)), 3: (rmsprop(3e-3), adam(1e-3, (0.0, 0.9)))}
    settings = [Settings(o, rates[k], BATCH, k) for o in OBJECTIVES.values() for k in (3, 1)]
    seeds = (4, 0, 7)
    found = last(sweep(double_pair, data, settings, seeds, steps=STEPS))
    assert found.step == STEPS
    grid = torch.linspace(-3, 5, 9, dtype=torch.float64)[:, None]
    samples, scores = found.sample(50, seed=3), found.score(grid)
    for i, setting in enumerate(settings):
        for j, seed in enumerate(seeds):
            expected = one_by_one(double_pair, data, setting, seed)
            close(samples[i, j], expected.sample(50, seed=3))
            close(scores[i, j], expected.discriminator(grid).detach()[:, 0])


def test_single_precision_agrees_to_its_tolerance(data):
    """Plain descent: 25 steps of some ten roundings of 6e-8 each, of numbers near 1, come to 2e-5 at most. A rate
    that is 1 % off moves the samples by 3e-2.
    """
    setting = Settings(batch_size=BATCH, optimizers=(sgd(0.1, 0.0), sgd(0.1, 0.0)))
    found = last(sweep(small_pair, data, [setting], [1, 2], steps=STEPS))
    for j, seed in enumerate((1, 2)):
        expected = one_by_one(small_pair, data, setting, seed).sample(50)
        torch.testing.assert_close(found.sample(50)[0, j], expected, rtol=2e-5, atol=2e-5)


def test_learning_rate_and_clip_limit_of_each_setting_are_its_own(data):
    still = Settings(batch_size=BATCH, optimizers=(sgd(0.0, 0.0), sgd(0.0, 0.0)))
    narrow, wide = (Settings(replace(WGAN, constrain=clip(c))) for c in (0.003, 0.03))
    settings = [wide, still, narrow]
    start, end = sweep(small_pair, data, settings, range(2), steps=5, every=5)
    largest = end.discriminator.weights.abs().amax(1).view(3, 2)
    torch.testing.assert_close(largest[0], torch.full((2,), 0.03))
    torch.testing.assert_close(largest[2], torch.full((2,), 0.003))
    for stack in ("generator", "discriminator"):
        before, after = (getattr(s, stack).weights.view(3, 2, -1) for s in (start, end))
        assert torch.equal(before[1], after[1])
        assert (before[0] != after[0]).any(dim=1).all()


def test_a_run_does_not_depend_on_its_company(data):
    a = Settings(batch_size=BATCH, optimizers=(adam(1e-2), adam(1e-2)))
    b = Settings(OBJECTIVES["hinge"], batch_size=BATCH, critic_steps=2)
    bad = Settings(batch_size=BATCH, optimizers=(sgd(float("nan")), sgd(float("nan"))))
    options = {"steps": 10}
    alone = last(sweep(double_pair, data, [a], [3], **options)).sample(20)[0, 0]
    crowd = last(sweep(double_pair, data, [b, bad, a], [9, 3, 1], **options)).sample(20)
    close(crowd[2, 1], alone)
    assert crowd[1].isnan().all()
    assert crowd[[0, 2]].isfinite().all()


def test_same_seeds_same_bits_and_global_randomness_untouched(data):
    settings = [Settings(), Settings(OBJECTIVES["wgan-gp"], critic_steps=2)]
    state = torch.get_rng_state()
    runs = [last(sweep(small_pair, data, settings, range(3), steps=10)) for _ in range(2)]
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(runs[0].generator.weights, runs[1].generator.weights)
    assert torch.equal(runs[0].discriminator.weights, runs[1].discriminator.weights)
    assert len({row.numpy().tobytes() for row in runs[0].generator.weights}) == 6


def test_snapshots_come_on_time_and_keep_their_weights(data):
    kept = list(sweep(small_pair, data, [Settings()], [0, 1], steps=7, every=3))
    assert [s.step for s in kept] == [0, 3, 6, 7]
    initial = small_pair(seed=1).generator
    z = Gaussian(1)(30, torch.Generator().manual_seed(0))
    torch.testing.assert_close(kept[0].sample(30)[0, 1], initial(z).detach())
    assert kept[0].sample(30).shape == (1, 2, 30, 1)
    assert not kept[0].sample(1).requires_grad
    assert all((a.sample(9) != b.sample(9)).any() for a, b in pairwise(kept))


def test_density_is_that_of_a_generator_we_know(data):
    """x = z: the histogram of the standard normal, within five standard errors in every bin."""

    def identity_pair(*, seed):
        pair = Pair(mlp([1, 1]), mlp([1, 4, 1]), Gaussian(1))
        with torch.no_grad():
            pair.generator[0].weight.fill_(1.0)
            pair.generator[0].bias.zero_()
        return pair

    snapshot = next(iter(sweep(identity_pair, data, [Settings()], [0, 1], steps=0)))
    edges, n = torch.linspace(-2, 2, 17), 40_000
    found = snapshot.density(edges, n)
    assert found.shape == (1, 2, 16)
    mass = torch.special.ndtr(edges).diff()
    error = (mass * (1 - mass) / n).sqrt() / edges.diff()
    assert ((found - mass / edges.diff()).abs() < 5 * error).all()
    inside = torch.special.ndtr(edges[-1]) - torch.special.ndtr(edges[0])
    torch.testing.assert_close(
        (found * edges.diff()).sum(-1), inside.expand(1, 2), rtol=0, atol=0.02
    )


def test_planar_data_of_two_dimensions():
    """The stack is not bound to the line: a ring in the plane gives rows of width 2."""

    def plane_pair(*, seed):
        torch.manual_seed(seed)
        return Pair(mlp([3, 5, 2], hidden=nn.ReLU), mlp([2, 5, 1]), Gaussian(3))

    with torch.random.fork_rng():
        snapshot = last(sweep(plane_pair, torch.rand(50, 2), [Settings()], [0, 1, 2], steps=3))
    assert snapshot.sample(10).shape == (1, 3, 10, 2)
    assert snapshot.score(torch.rand(4, 2)).shape == (1, 3, 4)


def test_stack_equals_its_networks():
    networks = [
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 1, bias=False)))
        for _ in range(5)
    ]
    x = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([net(rows) for net, rows in zip(networks, x, strict=True)])
    torch.testing.assert_close(Stack.of(networks)(x), expected.detach())


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        (circulating_pair(), "BatchNorm1d"),
        (paper_pair(), "Dropout"),
        (circulating_pair(10), "Cond"),
    ],
)
def test_networks_that_cannot_be_stacked_are_named(pair, named):
    network = pair.generator if named != "Dropout" else pair.discriminator
    with pytest.raises(ValueError, match=f"cannot stack {named}.*nn.Linear"):
        Stack.of([network])


@pytest.mark.parametrize(("settings", "seeds"), [([], [0]), ([Settings()], [])])
def test_empty_sweeps_are_refused(data, settings, seeds):
    with pytest.raises(ValueError, match="at least"):
        sweep(small_pair, data, settings, seeds, steps=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": -1}, "steps must be an integer of at least 0, got -1"),
        ({"every": 0}, "every must be an integer of at least 1, got 0"),
        ({"settings": [Settings(), Settings(ema=0.9)]}, r"settings\[1\]\.ema is 0\.9"),
        ({"data": torch.rand(5)}, r"data must be a tensor \(n, \.\.\.\)"),
        ({"data": torch.zeros(5, 1, dtype=torch.uint8)}, "data must be floating-point"),
    ],
)
def test_bad_arguments_are_named_at_the_call(data, change, message):
    arguments = {"data": data, "steps": 1} | change
    with pytest.raises(ValueError, match=message):
        sweep(small_pair, seeds=[0], **{"settings": [Settings()], **arguments})


def test_training_moves_every_seed_towards_the_data(data):
    setting = Settings(NON_SATURATING, (adam(5e-3), adam(5e-3)))
    start, end = sweep(line_pair, data.float(), [setting], range(6), steps=300, every=300)
    before, after = ((s.sample(500).mean((2, 3)) - 2).abs() for s in (start, end))
    assert (after < before).all()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_sweep_equals_one_by_one_training(data):
    def build(*, seed):
        pair = double_pair(seed=seed)
        return Pair(pair.generator.cuda(), pair.discriminator.cuda(), pair.prior)

    setting = Settings(OBJECTIVES["wgan-gp"], (adam(1e-2), adam(1e-2)), BATCH, 2)
    options = {"steps": STEPS, "device": "cuda"}
    found = last(sweep(build, data.cuda(), [setting], [0, 1], **options))
    for j in range(2):
        expected = one_by_one(build, data.cuda(), setting, j).sample(50)
        torch.testing.assert_close(found.sample(50)[0, j], expected, rtol=1e-6, atol=1e-7)


def frozen_pair(*, seed):
    pair = line_pair(4, seed=seed)
    pair.generator[0].requires_grad_(False)
    return pair


def hushed_pair(*, seed):
    pair = line_pair(4, seed=seed)
    return pair._replace(generator=nn.Sequential(*pair.generator, nn.AlphaDropout(0.5)))


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (frozen_pair, {}, "the generator's 0.weight, 0.bias would be trained"),
        (hushed_pair, {}, "cannot stack AlphaDropout"),
        (partial(line_pair, 4), {"settings": Settings()}, "must be a sequence of Settings"),
        (partial(line_pair, 4), {"settings": ["a"]}, r"settings\[0\] must be Settings"),
        (partial(line_pair, 4), {"seeds": [0.5]}, "seeds must be an integer"),
        (partial(line_pair, 4), {"data": torch.randn(9, 2)}, "the data need"),
    ],
)
def test_what_a_sweep_would_train_otherwise_is_refused_at_the_call(data, build, options, message):
    given = {"data": data, "settings": [Settings()], "seeds": [0]} | options
    with pytest.raises(ValueError, match=message):
        sweep(build, steps=1, **given)

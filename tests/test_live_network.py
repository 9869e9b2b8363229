"""The page's network code against torch: losses, gradients, a hundred steps, in float64."""

import itertools
import json

import numpy as np
import pytest
import torch
from conftest import open_javascript
from torch.nn.functional import logsigmoid, softplus

BATCH, STEPS = 10, 100  # 10 is no multiple of 4: the padding must not count

# A loss of each player as a function of D's scores, straight from the papers' equations.
LOG_LOSS = lambda real, fake: softplus(-real).mean() + softplus(fake).mean()  # noqa: E731
WASSERSTEIN = lambda real, fake: fake.mean() - real.mean()  # noqa: E731
LOSSES = {
    "minimax": (LOG_LOSS, lambda fake: logsigmoid(-fake).mean()),
    "non-saturating": (LOG_LOSS, lambda fake: -logsigmoid(fake).mean()),
    "wgan": (WASSERSTEIN, lambda fake: -fake.mean()),
    "wgan-gp": (WASSERSTEIN, lambda fake: -fake.mean()),
    "least-squares": (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        lambda fake: ((fake - 1) ** 2).mean() / 2,
    ),
}
OPTIMIZERS = {
    "sgd": (0.05, lambda p, rate: torch.optim.SGD(p, lr=rate)),
    "momentum": (0.01, lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9)),
    "rmsprop": (0.002, lambda p, rate: torch.optim.RMSprop(p, lr=rate)),
    "adam": (0.003, lambda p, rate: torch.optim.Adam(p, lr=rate)),
}
ACTIVATIONS = {
    "tanh": torch.nn.Tanh,
    "softplus": torch.nn.Softplus,
    "relu": torch.nn.ReLU,
    "leaky-relu": lambda: torch.nn.LeakyReLU(0.2),
}

HARNESS = """
let game;
function arrange(settings, weights) {
  const network = (sizes, p) => {
    const made = makeNetwork(sizes, settings.activation);
    made.parameters.set(p);
    return made;
  };
  game = makeGame({ ...settings, clip: 0.01, generator: network(settings.sizesG, weights.G),
    discriminator: network(settings.sizesD, weights.D) });
  return true;
}
// Samples arrive as torch lays them out, (n, d); a pass wants them unit by unit.
function fill(target, stride, rows) {
  rows.forEach((row, i) => row.forEach((value, k) => { target[k * stride + i] = value; }));
}
function play(batches) {
  return batches.map(({ real, z, mix, again }) => {
    fill(game.real, game.onReal.stride, real);
    fill(game.noise, game.pass.stride, z);
    game.mix.set(mix);
    stepDiscriminator(game);
    fill(game.noise, game.pass.stride, again);
    stepGenerator(game);
    return [game.discriminatorLoss, game.generatorLoss];
  });
}
const read = () => [game.generator, game.discriminator].map(({ parameters, gradients }) => (
  { p: Array.from(parameters), g: Array.from(gradients) }));
"""


@pytest.fixture(scope="module")
def page():
    with open_javascript(
        "mathematics/network.js", "mathematics/random.js", "live_training/players.js"
    ) as engine:
        engine.load(HARNESS)
        yield engine


def mlp(sizes, activation):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs, dtype=torch.float64), ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def flat(network, what=lambda p: p):
    return torch.cat([what(p).detach().flatten() for p in network.parameters()])


def batches(dimension, noise, generator):
    draw = lambda d: torch.randn(BATCH, d, dtype=torch.float64, generator=generator)  # noqa: E731
    for _ in range(STEPS):
        mix = torch.rand(BATCH, dtype=torch.float64, generator=generator)
        yield {"real": 1 + draw(dimension) / 2, "z": draw(noise), "mix": mix, "again": draw(noise)}


def penalty(D, real, fake, mix):
    """10 E(|∇s| - 1)² between real and fake: Gulrajani et al. 2017, equation 3."""
    between = (mix[:, None] * real + (1 - mix[:, None]) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return 10 * ((slope.norm(dim=1) - 1) ** 2).mean()


def play_in_torch(G, D, objective, optimizer, stream):
    rate, make = OPTIMIZERS[optimizer]
    cost_d, cost_g = LOSSES[objective]
    step_g, step_d = make(G.parameters(), rate), make(D.parameters(), rate)
    losses = []
    for b in stream:
        fake = G(b["z"]).detach()
        loss_d = cost_d(D(b["real"]), D(fake))
        if objective == "wgan-gp":
            loss_d = loss_d + penalty(D, b["real"], fake, b["mix"])
        step_d.zero_grad()
        loss_d.backward()
        step_d.step()
        if objective == "wgan":
            for p in D.parameters():
                p.data.clamp_(-0.01, 0.01)
        last_d = flat(D, lambda p: p.grad)
        loss_g = cost_g(D(G(b["again"])))
        step_g.zero_grad()
        loss_g.backward()
        step_g.step()
        losses.append([loss_d.item(), loss_g.item()])
    return losses, flat(G), flat(G, lambda p: p.grad), flat(D), last_d


def agree(ours, theirs, tolerance=1e-6):
    """Relative to the largest entry: a gradient of 1e-20 beside one of 1 is a rounding error."""
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * abs(theirs).max())


def compare(page, objective, optimizer, activation, sizes_g, sizes_d, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    G, D = mlp(sizes_g, activation), mlp(sizes_d, activation)
    settings = {
        "sizesG": sizes_g,
        "sizesD": sizes_d,
        "activation": activation,
        "objective": objective,
        "optimizer": optimizer,
        "batch": BATCH,
        "rates": [OPTIMIZERS[optimizer][0]] * 2,
    }
    page.call("arrange", settings, {"G": flat(G).tolist(), "D": flat(D).tolist()})
    stream = list(batches(sizes_d[0], sizes_g[0], generator))
    ours = page.call("play", [{k: v.tolist() for k, v in b.items()} for b in stream])
    losses, p_g, g_g, p_d, g_d = play_in_torch(G, D, objective, optimizer, stream)
    agree(ours, losses)
    got_g, got_d = page.call("read")
    agree(got_g["p"], p_g)
    agree(got_g["g"], g_g)
    agree(got_d["p"], p_d)
    agree(got_d["g"], g_d)


@pytest.mark.parametrize("objective", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_hundred_steps_agree_with_torch(page, objective, optimizer):
    compare(page, objective, optimizer, "tanh", [1, 16, 16, 1], [1, 16, 16, 1], seed=1)


@pytest.mark.parametrize("objective", ["non-saturating", "wgan-gp"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_depth_and_dimension(page, objective, activation):
    compare(page, objective, "adam", activation, [3, 7, 2], [2, 5, 6, 4, 1], seed=2)


def test_tanh_by_table_is_exact_to_rounding(page):
    x = np.concatenate([np.linspace(-25, 25, 2001), [1e-12, -1e-300, 0.0, 1e6, -1e6]])
    page.load(f"const probe = Float64Array.from({json.dumps(x.tolist())}); applyTanh(probe)")
    got = page.evaluate("Array.from(probe)")
    np.testing.assert_allclose(got, np.tanh(x), rtol=1e-13, atol=3e-16)


def test_random_numbers_repeat_with_the_seed_and_have_the_right_moments(page):
    page.load("""
    function draw(seed, count) {
      const random = makeRandom(seed), normal = new Float64Array(count);
      fillNormal(random, normal, count);
      return [Array.from({ length: count }, random), Array.from(normal)];
    }""")
    uniform, normal = map(np.array, page.call("draw", 3, 40_001))
    again, other = page.call("draw", 3, 5), page.call("draw", 4, 5)
    assert again == page.call("draw", 3, 5)
    assert set(again[0]).isdisjoint(other[0])
    assert uniform.min() > 0
    assert uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert uniform.var() == pytest.approx(1 / 12, abs=0.002)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.std() == pytest.approx(1, abs=0.02)
    assert (normal**4).mean() == pytest.approx(3, abs=0.2)

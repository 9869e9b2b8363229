"""The page's training engine against torch in float64: gradients, penalties, optimisers, a hundred steps of each.

The engine works in float32, so each step starts from torch's own state, and gradients are held to ROUNDING for each of
the operations on the way of a sum (its terms: units of both networks and samples), relative to the sizes of what is
summed.
"""

import itertools

import numpy as np
import pytest
import torch
from conftest import open_javascript
from torch.nn.functional import logsigmoid, relu, softplus

from gan_tutorial.objectives import OBJECTIVES, gradient_penalty, zero_centred_penalty

BATCH, STEPS = 10, 100  # 10 is no multiple of 8: the padding must not count
ROUNDING = 2.0**-24  # float32's, of one operation

# A loss of each player as a function of D's scores, straight from the papers' equations.
LOG_LOSS = lambda real, fake: softplus(-real).mean() + softplus(fake).mean()  # noqa: E731
WASSERSTEIN = lambda real, fake: fake.mean() - real.mean()  # noqa: E731
PAIRS = (
    lambda real, fake: softplus(fake - real).mean(),
    lambda real, fake: softplus(real - fake).mean(),
)
LOSSES = {
    "minimax": (LOG_LOSS, lambda real, fake: logsigmoid(-fake).mean()),
    "non-saturating": (LOG_LOSS, lambda real, fake: -logsigmoid(fake).mean()),
    "wgan": (WASSERSTEIN, lambda real, fake: -fake.mean()),
    "wgan-gp": (WASSERSTEIN, lambda real, fake: -fake.mean()),
    "least-squares": (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        lambda real, fake: ((fake - 1) ** 2).mean() / 2,
    ),
    "hinge": (
        lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        lambda real, fake: -fake.mean(),
    ),
    "relativistic": PAIRS,
    "r3gan": PAIRS,
}
PENALTIES = {"wgan-gp": gradient_penalty(10.0), "r3gan": zero_centred_penalty(1.0)}
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
    "sigmoid": torch.nn.Sigmoid,
}

HARNESS = """
let play, random;
function arrange({ sizesG, sizesD, activation, last, blur, keep, classes, objective, optimizer, batch, rate }) {
  const engine = makeEngine();
  const generator = makeNetwork(engine, sizesG, activation, { last, blur });
  const discriminator = makeNetwork(engine, sizesD, activation, { keep, classes });
  random = makeRandom(engine, 5);
  play = makePlay({ generator, discriminator, memoryG: makeMemory(generator), memoryD: makeMemory(discriminator),
    game: GAMES[objective], optimizer, batch, forG: { rate }, forD: { rate }, clip: 0.01 });
  return engine.simd;
}
// Samples arrive as torch lays them out, (n, d); a pass wants them unit by unit.
function put(place, stride, rows) {
  const to = play.engine.floats(place, stride * rows[0].length);
  rows.forEach((row, i) => row.forEach((value, k) => { to[k * stride + i] = value; }));
}
function setState(network, memory, { p, m, v }) {
  for (const [place, values] of [[memory.m, m], [memory.v, v]]) {
    if (values === null) continue;
    writeParameters(network, values);
    play.engine.kernels.copy(place, network.parameters, network.count);
  }
  writeParameters(network, p);
  return true;
}
function stepD(state, { real, z, mix, labels }) {
  setState(play.discriminator, play.memoryD, state);
  put(play.real, play.onReal.stride, real);
  put(play.noise, play.pass.stride, z);
  play.engine.floats(play.mix, mix.length).set(mix);
  if (labels) for (const pass of [play.onReal, play.onFake, play.between]) put(pass.labels, pass.stride, labels);
  stepDiscriminator(play);
  return outcome(play.discriminator, play.discriminatorLoss);
}
function stepG(state, z) {
  setState(play.generator, play.memoryG, state);
  put(play.noise, play.pass.stride, z);
  stepGenerator(play);
  return outcome(play.generator, play.generatorLoss);
}
const read = (network, what) => Array.from(readParameters(network, what));
const outcome = (network, loss) => ({ loss, p: read(network, "parameters"), g: read(network, "gradients") });
// Row l of a pass's masks as torch wants them: for each hidden layer (n, units).
function masksOf({ masks, stride, batch }, sizes) {
  return masks.flatMap((place, l) => (place === 0 ? [] : [Array.from({ length: batch }, (_, i) =>
    Array.from({ length: sizes[l] }, (_, j) => play.engine.floats(place, sizes[l] * stride)[j * stride + i]))]));
}
"""


@pytest.fixture(scope="module")
def page():
    with open_javascript("engine/engine.js", "engine/network.js", "engine/players.js") as engine:
        engine.load(HARNESS)
        yield engine


class Dropped(torch.nn.Module):
    """Dropout with masks that are given, so that torch drops what the engine dropped."""

    mask: torch.Tensor | None = None

    def forward(self, x):
        return x if self.mask is None else x * self.mask


class Blur(torch.nn.Module):
    """Each point of a square picture with its neighbours, 2 : 1 : 1 along both directions."""

    def forward(self, x):
        line = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype)
        pictures = x.view(len(x), 1, round(x.shape[1] ** 0.5), -1)
        filters = torch.outer(line, line)[None, None]
        return torch.nn.functional.conv2d(pictures, filters, padding=1).flatten(1)


class OwnLabel(torch.nn.Module):
    """A score for each label, of which a sample's own counts; y are the labels."""

    y: torch.Tensor

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        each = self.y.repeat_interleave(len(x) // len(self.y))  # a penalty takes both kinds at once
        return self.network(x).gather(1, each[:, None])


def mlp(sizes, activation, last=None, blur=0):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs, dtype=torch.float64)]
        layers += [ACTIVATIONS[activation](), Dropped()]
    blurs = [Blur() for _ in range(blur)]
    return torch.nn.Sequential(*layers[:-2], *blurs, *([ACTIVATIONS[last]()] if last else []))


def flat(network, what=lambda p: p):
    return torch.cat([what(p).detach().flatten() for p in network.parameters()])


def unflattened(network, values):
    shapes = [p.shape for p in network.parameters()]
    parts = torch.tensor(values, dtype=torch.float64).split([s.numel() for s in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def as_float32(x):
    return x.float().double()


class Player:
    """A network in torch with an optimiser whose numbers are float32's, and a step of the engine to compare with."""

    def __init__(self, network, optimizer):
        self.network, self.name = network, optimizer
        self.rate, make = OPTIMIZERS[optimizer]
        self.optimizer = make(network.parameters(), self.rate)

    def memory(self, *names):
        """What the optimiser remembers under one of these names, flat; None before its first step."""
        states = [self.optimizer.state[p] for p in self.network.parameters()]
        found = [s[n] for s in states for n in names if n in s and s[n] is not None]
        return torch.cat([f.flatten() for f in found]).tolist() if found else None

    def state(self):
        """Round everything to float32 and hand it over."""
        with torch.no_grad():
            for p in self.network.parameters():
                p.copy_(as_float32(p))
                for key, value in self.optimizer.state[p].items():
                    if key != "step" and value is not None:
                        value.copy_(as_float32(value))
        names = ("momentum_buffer", "exp_avg"), ("square_avg", "exp_avg_sq")
        m, v = (self.memory(*each) for each in names)
        return {"p": flat(self.network).tolist(), "m": m, "v": v}

    def agree(self, got, loss, size, terms):
        """The engine's loss and gradient are torch's, and its step is what torch's optimiser makes of that gradient."""
        parameters = list(self.network.parameters())
        assert got["loss"] == pytest.approx(
            loss.item(), abs=terms * ROUNDING * (1 + abs(loss.item()))
        )
        ours = torch.tensor(got["g"], dtype=torch.float64)
        assert (ours - flat(self.network, lambda p: p.grad)).abs().max() <= terms * ROUNDING * size
        before = flat(self.network)
        old = self.memory("momentum_buffer", "exp_avg") or [0.0] * len(before)
        for p, g in zip(parameters, unflattened(self.network, got["g"]), strict=True):
            p.grad = g
        self.optimizer.step()
        # A step is a sum (p and what is added), whose second part is itself a product of a sum (the momentum).
        moved = (flat(self.network) - before).abs()
        new = torch.tensor(self.memory("momentum_buffer", "exp_avg") or [1.0] * len(before))
        lost = (torch.tensor(old).abs() + new.abs()) / new.abs().clamp(min=1e-30)
        bound = 2 * ROUNDING * flat(self.network).abs() + 16 * ROUNDING * moved * lost
        return torch.tensor(got["p"], dtype=torch.float64), bound


def batches(dimension, noise, generator, batch=BATCH):
    draw = lambda d: as_float32(torch.randn(batch, d, dtype=torch.float64, generator=generator))  # noqa: E731
    for _ in range(STEPS):
        mix = as_float32(torch.rand(batch, dtype=torch.float64, generator=generator))
        yield {"real": 1 + draw(dimension) / 2, "z": draw(noise), "mix": mix, "again": draw(noise)}


def sizes_of_parts(network, parts):
    """The largest entries of the parts' gradients, added: what cancels in the sum has been rounded before."""
    keep = {"retain_graph": True, "allow_unused": True}
    gradients = [torch.autograd.grad(part, network.parameters(), **keep) for part in parts]
    return sum(max(g.abs().max().item() for g in part if g is not None) for part in gradients)


def compare(
    page,
    objective,
    optimizer,
    activation,
    sizes_g,
    sizes_d,
    seed,
    *,
    batch=BATCH,
    last=None,
    blur=0,
    classes=0,
):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    G = Player(mlp(sizes_g, activation, last, blur), optimizer)
    whole = mlp(sizes_d, activation)
    D = Player(OwnLabel(whole) if classes else whole, optimizer)
    cost_d, cost_g = LOSSES[objective]
    penalty = PENALTIES.get(objective, lambda *_: torch.zeros((), dtype=torch.float64))
    terms = 8 * (batch + sum(sizes_g) + sum(sizes_d))
    settings = {
        "sizesG": sizes_g,
        "sizesD": sizes_d,
        "activation": activation,
        "last": last,
        "blur": blur,
        "keep": 1,
        "classes": classes,
    }
    settings |= {"objective": objective, "optimizer": optimizer, "rate": D.rate, "batch": batch}
    assert page.call("arrange", settings), "this V8 has no SIMD"
    for b in batches(sizes_d[0], sizes_g[0], generator, batch):
        state_g, state_d = G.state(), D.state()
        page.call("((g) => setState(play.generator, play.memoryG, g))", state_g)
        real, z, again = b["real"], b["z"], b["again"]
        given = {"real": real.tolist(), "z": z.tolist(), "mix": b["mix"].tolist()}
        if classes:
            D.network.y = torch.randint(classes, (batch,), generator=generator)
            given["labels"] = torch.nn.functional.one_hot(D.network.y, classes).tolist()
        got = page.call("stepD", state_d, given)
        fake = G.network(z).detach()
        on_real, on_fake = D.network(real), D.network(fake)
        fine = penalty(D.network, real, fake, b["mix"][:, None])
        loss = cost_d(on_real, on_fake) + fine
        size = sizes_of_parts(D.network, [on_real.abs().mean(), on_fake.abs().mean()])
        size *= 1 + loss.abs().item()
        if objective in PENALTIES:
            size += sizes_of_parts(D.network, [fine])
        D.optimizer.zero_grad()
        loss.backward()
        p, bound = D.agree(got, loss, size, terms)
        after = flat(D.network)
        if objective == "wgan":
            after = after.clamp(-as_float32(torch.tensor(0.01)), as_float32(torch.tensor(0.01)))
            torch.nn.utils.vector_to_parameters(after, D.network.parameters())
        assert ((p - after).abs() <= bound).all()

        page.call("((d) => setState(play.discriminator, play.memoryD, d))", D.state())
        got = page.call("stepG", state_g, again.tolist())
        fake = G.network(again)
        fake.retain_grad()
        loss = cost_g(D.network(real), D.network(fake))
        G.optimizer.zero_grad()
        loss.backward()
        reach = 1 + max(p.abs().max().item() for p in G.network.parameters())
        steep = torch.stack([p.abs().sum() for p in D.network.parameters() if p.dim() == 2]).prod()
        size = (fake.grad.abs().sum() + ROUNDING * steep).item() * reach * max(1, again.abs().max().item())  # fmt: skip
        p, bound = G.agree(got, loss, size, terms)
        assert ((p - flat(G.network)).abs() <= bound).all()


@pytest.mark.parametrize("objective", LOSSES)
def test_hundred_steps_of_every_objective(page, objective):
    compare(page, objective, "momentum", "tanh", [1, 16, 16, 1], [1, 16, 16, 1], seed=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_hundred_steps_of_every_optimizer(page, optimizer):
    compare(page, "non-saturating", optimizer, "tanh", [1, 16, 16, 1], [1, 16, 16, 1], seed=2)


@pytest.mark.parametrize("objective", ["non-saturating", "wgan-gp"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_depth_and_dimension(page, objective, activation):
    compare(page, objective, "adam", activation, [3, 7, 2], [2, 5, 6, 4, 1], seed=3)


@pytest.mark.parametrize("last", ["tanh", "sigmoid"])
def test_a_generator_of_pictures_has_a_bounded_output(page, last):
    sizes = [9, 40, 51], [51, 33, 1]
    compare(page, "non-saturating", "adam", "leaky-relu", *sizes, seed=4, batch=32, last=last)


@pytest.mark.parametrize("blur", [1, 2])
def test_a_generator_that_blurs_its_pictures(page, blur):
    """Its gradient, too; 7 x 7 points are no multiple of 4, and a picture has a rim."""
    sizes = [9, 20, 49], [49, 33, 1]
    compare(
        page, "r3gan", "adam", "leaky-relu", *sizes, seed=5, batch=20, last="sigmoid", blur=blur
    )


@pytest.mark.parametrize("objective", ["non-saturating", "wgan-gp", "r3gan"])
def test_a_discriminator_with_a_score_for_each_label(page, objective):
    """Six labels are no multiple of 4."""
    sizes = [9, 20, 15], [15, 33, 12, 6]
    compare(page, objective, "adam", "leaky-relu", *sizes, seed=6, batch=20, classes=6)


def test_the_objectives_are_the_package_s(page):
    plays = [
        name for name in OBJECTIVES if not name.startswith("f-")
    ]  # the f-GANs train in torch only
    assert page.evaluate("Object.keys(GAMES)") == plays


# ---------------------------------------------------------------- what the objectives above do not try


def slope_penalty(D, x, strength, target, one_sided):
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x)
    excess = slope.norm(dim=1) - target
    return strength * (excess.clamp(min=0) if one_sided else excess).square().mean().item()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    "penalty",
    [
        {"strength": 10, "target": 1, "oneSided": False},
        {"strength": 10, "target": 0.05, "oneSided": True},
        {"strength": 0.5, "target": 0, "oneSided": False},
    ],
    ids=["two-sided", "one-sided", "zero-centred"],
)
@pytest.mark.parametrize("keep", [1, 0.7], ids=["whole", "dropout"])
def test_the_penalty_s_gradient_is_its_finite_difference(page, activation, penalty, keep):
    """Second derivatives, by central differences in float64 that use first derivatives only."""
    torch.manual_seed(7)
    sizes = [3, 6, 5, 1]
    D = mlp(sizes, activation)
    x = as_float32(torch.randn(BATCH, 3, dtype=torch.float64))
    theta = as_float32(3 * flat(D))  # steep enough for every penalty to pull
    page.call("arrange", {"sizesG": [1, 3], "sizesD": sizes, "activation": activation, "last": None, "keep": keep,
                          "objective": "wgan-gp", "optimizer": "sgd", "batch": BATCH, "rate": 0})  # fmt: skip
    page.load("""
    function penaltyOf(p, x, penalty) {
      const { discriminator: D, between } = play;
      writeParameters(D, p);
      put(between.input, between.stride, x);
      drawDropout(play, random);
      clearGradients(D);
      const value = addSlopePenalty(D, between, penalty);
      return { value, g: Array.from(readParameters(D, "gradients")), masks: masksOf(between, D.sizes) };
    }""")
    got = page.call("penaltyOf", theta.tolist(), x.tolist(), penalty)
    masks = iter(got["masks"])
    for layer in D:
        if isinstance(layer, Dropped):
            layer.mask = torch.tensor(next(masks), dtype=torch.float64) if keep < 1 else None
    arguments = penalty["strength"], penalty["target"], penalty["oneSided"]

    def at(parameters):
        torch.nn.utils.vector_to_parameters(parameters, D.parameters())
        return slope_penalty(D, x, *arguments)

    h = 1e-5
    steps = torch.eye(len(theta), dtype=torch.float64) * h
    differences = torch.tensor([(at(theta + e) - at(theta - e)) / (2 * h) for e in steps])
    assert got["value"] == pytest.approx(at(theta), rel=1000 * ROUNDING)
    assert differences.abs().max() > 1e-3  # it is a penalty that pulls
    bound = 1000 * ROUNDING * differences.abs().max().item() + 1e-8
    np.testing.assert_allclose(got["g"], differences, atol=bound)


def test_dropout_leaves_its_share_and_the_gradient_is_torch_s(page):
    torch.manual_seed(8)
    sizes, keep, batch = [4, 40, 30, 1], 0.7, 64
    D = mlp(sizes, "leaky-relu")
    page.call("arrange", {"sizesG": [1, 4], "sizesD": sizes, "activation": "leaky-relu", "last": None, "keep": keep,
                          "objective": "minimax", "optimizer": "sgd", "batch": batch, "rate": 0})  # fmt: skip
    page.load("""
    function dropped(state, given) {
      drawDropout(play, random);
      const got = stepD(state, given);
      return { ...got, masks: [play.onReal, play.onFake].map((pass) => masksOf(pass, play.discriminator.sizes)) };
    }""")
    real, z = (as_float32(torch.randn(batch, d, dtype=torch.float64)) for d in (4, 1))
    state = {"p": as_float32(flat(D)).tolist(), "m": None, "v": None}
    torch.nn.utils.vector_to_parameters(as_float32(flat(D)), D.parameters())
    page.evaluate(
        "(play.engine.kernels.fill(play.generator.parameters, 0, play.generator.count), 1)"
    )
    got = page.call(
        "dropped", state, {"real": real.tolist(), "z": z.tolist(), "mix": [0.5] * batch}
    )
    scores = []
    for x, masks in zip((real, torch.zeros_like(real)), got["masks"], strict=True):
        for layer, mask in zip((m for m in D if isinstance(m, Dropped)), masks, strict=True):
            layer.mask = torch.tensor(mask, dtype=torch.float64)
            assert set(mask[0]) == {0, np.float32(1) / np.float32(keep)}
            dropped = 1 - np.count_nonzero(mask) / layer.mask.numel()
            assert dropped == pytest.approx(0.3, abs=5 * (0.21 / layer.mask.numel()) ** 0.5)
        scores.append(D(x))
    loss = LOG_LOSS(*scores)
    loss.backward()
    theirs = flat(D, lambda p: p.grad)
    assert got["loss"] == pytest.approx(loss.item(), rel=1000 * ROUNDING)
    np.testing.assert_allclose(got["g"], theirs, atol=1000 * ROUNDING * theirs.abs().max().item())


def test_an_average_of_the_weights_goes_a_share_of_the_way(page):
    page.call("arrange", {"sizesG": [2, 5, 3], "sizesD": [3, 1], "activation": "tanh", "last": None, "keep": 1,
                          "objective": "minimax", "optimizer": "sgd", "batch": 8, "rate": 0})  # fmt: skip
    page.load("""
    function averaged(steps, share) {
      const { engine, generator } = play, average = makeNetwork(engine, generator.sizes, "tanh"), seen = [];
      initialize(average, random);
      const start = Array.from(readParameters(average));
      for (let i = 0; i < steps; i++) {
        initialize(generator, random, 3);
        seen.push(Array.from(readParameters(generator)));
        followAverage(average, generator, share);
      }
      return { start, seen, end: Array.from(readParameters(average)) };
    }""")
    got = page.call("averaged", 20, 0.1)
    expected = np.array(got["start"])
    for p in np.array(got["seen"]):
        expected = 0.9 * expected + 0.1 * p
    np.testing.assert_allclose(got["end"], expected, atol=60 * ROUNDING)

"""The live figure without a browser: its densities, its trainer, its address, its Python side."""

import math

import numpy as np
import pytest
import torch
import traitlets

from gan_tutorial.distributions import mixture, normal
from gan_tutorial.divergences import js, wasserstein1
from gan_tutorial.figures import LiveTraining
from gan_tutorial.figures import live_training as options
from gan_tutorial.figures.live import OPTIMIZERS

MODULES = (
    "mathematics/densities.js",
    "mathematics/masses.js",
    "engine/engine.js",
    "engine/network.js",
    "kit/state.js",
    "live/address.js",
    "live/history.js",
    "live/run.js",
    *(f"live_training/{name}.js" for name in ("density", "watch", "trainer", "presets")),
)

HARNESS = """
// A generator that is the line a + b z: one layer, no activation.
function affine(a, b) {
  const network = makeNetwork(makeEngine(), [1, 1], "tanh");
  writeParameters(network, [b, a]);
  return network;
}
function pushed(a, b, prior) {
  const network = affine(a, b), push = makePush(network, prior);
  pushForward(push, network);
  const { masses, left, right, beyond, monotone, mean, spread } = push;
  return { masses: Array.from(masses), left, right, beyond, monotone, mean, spread };
}
function distances(means, stds, weights, a, b) {
  DATA.test = gaussianMixture(means, stds, weights);
  const network = affine(a, b), push = makePush(network, "normal"), data = dataMasses("test");
  pushForward(push, network);
  return { jsd: jensenShannon(data, push.masses), w1: w1To(data, push) };
}
const allowed = (state) => addressable({ get: (name) => state[name] }, SETTINGS);
const written = (settings, state) => writeState(settings, allowed(state));
const read = (fragment, state) => ({ ...SETTINGS, ...readState(fragment, allowed(state)) });
function play(settings, steps) {
  const trainer = makeTrainer(settings);
  while (trainer.step < steps && !trainer.diverged) playRound(trainer);
  return trainer;
}
function summary({ jsd, w1, step, diverged, discriminatorSteps, history, game }) {
  return { jsd, w1, step, diverged, discriminatorSteps, rows: history.length,
    weights: Array.from(readParameters(game.generator)) };
}
"""


@pytest.fixture(scope="module", autouse=True)
def harness(javascript):
    javascript.load(HARNESS)


EDGES = np.linspace(-6, 6, 121)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.3, -0.4), (-2.0, 0.2)])
def test_p_g_is_exact_where_g_is_a_line(javascript, a, b):
    got = javascript.call("pushed", a, b, "normal")
    bell = normal(a, abs(b))
    exact = np.diff(bell.cdf(torch.tensor(EDGES)).numpy())
    np.testing.assert_allclose(got["masses"], exact, atol=2e-5)
    assert got["monotone"]
    assert sum(got["masses"]) + got["left"] + got["right"] == pytest.approx(1, abs=1e-12)
    assert got["mean"] == pytest.approx(a, abs=1e-6)  # G's places are float32's
    assert got["spread"] == pytest.approx(abs(b), rel=1e-4)


def test_p_g_of_uniform_noise_is_a_block(javascript):
    got = javascript.call("pushed", 0.5, 1.0, "uniform")
    low, high = 0.5 - math.sqrt(3), 0.5 + math.sqrt(3)
    inside = np.clip(np.minimum(EDGES[1:], high) - np.maximum(EDGES[:-1], low), 0, None)
    # A place is rounded twice in float32, by up to 2^-23 in all; a cell has two ends.
    atol = 2 * 2.0**-22 / (high - low)
    np.testing.assert_allclose(got["masses"], inside / (high - low), atol=atol)


def test_what_leaves_the_picture_is_counted_and_missed(javascript):
    got = javascript.call("pushed", 9.0, 0.5, "normal")
    assert got["right"] == pytest.approx(1, abs=1e-12)
    assert got["beyond"] == pytest.approx(3, abs=1e-9)
    away = javascript.call("distances", [0.0], [0.5], [1.0], -9.0, 0.5)
    assert away["jsd"] == pytest.approx(math.log(2), abs=1e-9)
    assert away["w1"] == pytest.approx(9, abs=1e-3)


def test_a_generator_that_folds_is_not_called_exact(javascript):
    javascript.load("""
    function folded() {
      const network = makeNetwork(makeEngine(), [1, 2, 1], "relu"); // |z|
      writeParameters(network, [1, -1, 0, 0, 1, 1, 0]);
      const push = makePush(network, "normal");
      pushForward(push, network);
      return { monotone: push.monotone, masses: Array.from(push.masses) };
    }""")
    got = javascript.call("folded")
    half = normal(0, 1).cdf(torch.tensor(EDGES)).numpy()
    exact = np.where(EDGES[1:] > 1e-9, 2 * np.diff(half), 0)
    assert not got["monotone"]
    np.testing.assert_allclose(got["masses"], exact, atol=2e-5)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.0, 0.5), (-1.5, 1.4)])
def test_distances_agree_with_the_package(javascript, a, b):
    means, stds, weights = [-1.5, 1.5], [0.5, 0.8], [0.4, 0.6]
    got = javascript.call("distances", means, stds, weights, a, b)
    p_data, p_g = mixture(means, stds, weights), normal(a, abs(b))
    assert got["jsd"] == pytest.approx(float(js(p_data, p_g)), abs=2e-3)  # cells of width 0.1
    assert got["w1"] == pytest.approx(float(wasserstein1(p_data, p_g)), abs=2e-3)


def test_samples_of_the_data_follow_the_cells(javascript):
    javascript.load("""
    function sampled(drawing, count) {
      const draw = makeSampler(dataMasses("drawn", drawing)), engine = makeEngine(), place = engine.take(count);
      fillUniform(makeRandom(engine, 7), place, count);
      return Array.from(engine.floats(place, count), draw);
    }""")
    drawing = "0" * 20 + "0123456789" + "z" * 5 + "0" * 25
    x = np.array(javascript.call("sampled", drawing, 40_000))
    heights = np.repeat([int(digit, 36) for digit in drawing], 2)
    counts, _ = np.histogram(x, EDGES)
    assert counts.sum() == len(x)
    assert (counts[heights == 0] == 0).all()
    expected = len(x) * heights / heights.sum()
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 1)).sum()
    assert statistic < (heights > 0).sum() + 5 * math.sqrt(2 * (heights > 0).sum())


def test_an_empty_drawing_is_a_flat_density(javascript):
    masses = javascript.evaluate("Array.from(dataMasses('drawn', '0'.repeat(60)))")
    assert masses == [1 / 120] * 120


# ---------------------------------------------------------------- the trainer


def test_a_run_depends_on_its_settings_and_nothing_else(javascript):
    first, again = (javascript.evaluate("summary(play({ seed: 5 }, 100))") for _ in range(2))
    other = javascript.evaluate("summary(play({ seed: 6 }, 100))")
    assert first == again
    assert first["weights"] != other["weights"]
    assert first["discriminatorSteps"] == 2 * first["step"] == 200


def test_a_run_goes_on_elsewhere_as_if_it_had_never_moved(javascript):
    """What the page and its worker send each other is the whole run, whichever optimiser remembers what."""
    javascript.load("""
    function moved(settings) {
      const stayed = play(settings, 30), other = makeTrainer(settings);
      playRound(other); // leaves traces that loading must wipe away
      loadRun(other, saveRun(play(settings, 17)));
      while (other.step < 30) playRound(other);
      return [stayed, other].map(summary);
    }""")
    for optimizer in OPTIMIZERS:
        stayed, other = javascript.call("moved", {"optimizer": optimizer, "objective": "wgan-gp"})
        assert stayed["weights"] == other["weights"]
        assert stayed["rows"] == other["rows"]


@pytest.mark.parametrize("name", [name for name in options.DATA if name != "drawn"])
def test_the_data_do_not_hang_on_the_last_bit_of_an_exponential(javascript, name):
    """A density in grains lies off the middle between two, farther than any browser's exponential is from another's."""
    javascript.load("""
    function grainsOf(name) {
      return Array.from({ length: CELLS }, (_, i) => DATA[name].pdf(centreOf(i)) * 2 ** 30);
    }""")
    grains = np.array(javascript.call("grainsOf", name))
    assert (abs(grains % 1 - 0.5) > 1e-14 * grains + 1e-6).all()


@pytest.mark.parametrize("name", ["log_rate_g", "log_rate_d", "log_clip"])
def test_rates_do_not_hang_on_the_last_bit_of_a_power(name):
    bounds = LiveTraining.bounds()[name]
    places = np.arange(round((bounds["max"] - bounds["min"]) / bounds["step"]) + 1)
    rates = 10.0 ** (bounds["min"] + bounds["step"] * places)
    low, high = (np.float32(rates * (1 + side * 1e-13)) for side in (-1, 1))
    assert (low == high).all()


def test_a_run_that_blows_up_says_so_and_leaves_only_finite_numbers(javascript):
    javascript.load("""
    function wreck() {
      const trainer = play({ objective: "least-squares", optimizer: "sgd", log_rate_g: 1.7, log_rate_d: 1.7 }, 500);
      const before = trainer.step;
      playRound(trainer);
      const shown = [trainer.jsd, trainer.w1, ...trainer.push.masses, ...trainer.history.jsd];
      return { failures: failuresOf(trainer), stopped: trainer.step === before,
        finite: shown.every(Number.isFinite) };
    }""")
    assert javascript.call("wreck") == {"failures": ["diverged"], "stopped": True, "finite": True}


def test_a_million_steps_leave_a_history_of_bounded_length(javascript):
    javascript.load("""
    function longHistory(rows) {
      const history = makeHistory(SERIES);
      for (let i = 1; i <= rows; i++) {
        addLosses(history, i, -i);
        addRow(history, { step: 20 * i, jsd: i, w1: 2 * i, mean: 0 });
      }
      return { length: history.length, every: history.every,
        step: Array.from(history.step.slice(0, history.length)),
        value: Array.from(history.value.slice(0, history.length)) };
    }""")
    got = javascript.call("longHistory", 50_000)
    assert 200 <= got["length"] <= 400
    assert len(set(np.diff(got["step"]))) == 1  # still evenly spaced
    assert got["step"][-1] > 990_000
    assert np.corrcoef(got["step"], got["value"])[0, 1] < -0.999  # means of what was left out


WELL = {"pull": 0.5, "jsd": 0.3, "w1": 0.5, "missed": 0.1, "spread": 1.0, "mean": 0.0}


def watched(javascript, measured, times):
    """The failures that are reported when the same is measured so many times, from step 220 on; p_data has spread 1."""
    javascript.load("""
    function watched({ spread, mean, ...measured }, times) {
      const watch = { ...makeWatch(dataMasses("one-bell", "")), spread: 1 };
      for (let i = 0; i < times; i++) watchRun(watch, { ...measured, push: { spread, mean }, step: 220 + 20 * i });
      return failuresOf({ diverged: false, watch });
    }""")
    return javascript.call("watched", WELL | measured, times)


@pytest.mark.parametrize(
    ("failing", "passing", "failure"),
    [
        ({"pull": 0.045}, {"pull": 0.055}, "saturated"),
        ({"pull": 0.01, "jsd": 0.21}, {"pull": 0.01, "jsd": 0.19}, "saturated"),
        ({"spread": 0.24}, {"spread": 0.26}, "collapsed"),
        ({"missed": 0.36, "w1": 0.51}, {"missed": 0.34, "w1": 0.51}, "collapsed"),
        ({"missed": 0.36, "w1": 0.51}, {"missed": 0.36, "w1": 0.49}, "collapsed"),
    ],
)
def test_a_failure_is_reported_past_its_threshold_and_once_it_lasts(
    javascript, failing, passing, failure
):
    assert watched(javascript, failing, 10) == [failure]
    assert watched(javascript, failing, 9) == []
    assert watched(javascript, passing, 50) == []


def test_a_swing_is_a_turn_after_more_than_the_spread_of_the_data(javascript):
    javascript.load("""
    function swung(width, turns) {
      const watch = { ...makeWatch(dataMasses("one-bell", "")), spread: 1 };
      const rest = { pull: 0.5, jsd: 0.3, w1: 0.5, missed: 0.1 };
      for (let i = 0; i <= turns + 1; i++) {
        watchRun(watch, { ...rest, step: 20 * (i + 1), push: { spread: 1, mean: width * (i % 2) } });
      }
      return failuresOf({ diverged: false, watch });
    }""")
    assert javascript.call("swung", 1.1, 6) == ["oscillating"]
    assert javascript.call("swung", 1.1, 5) == []
    assert javascript.call("swung", 0.9, 60) == []


def test_training_leaves_no_garbage_behind(javascript):
    javascript.load("const runner = makeTrainer({ width_g: 4, width_d: 4, batch: 16, k: 1 })")
    javascript.load("const run = (n) => { for (let i = 0; i < n; i++) playRound(runner); }")

    def heap_after(rounds):
        javascript.load(f"run({rounds})")
        javascript.context.low_memory_notification()
        return javascript.context.heap_stats()["used_heap_size"]

    before = heap_after(10_000)
    assert heap_after(20_000) < before + 50_000  # bytes
    assert javascript.evaluate("runner.history.length") <= 400


def test_rates_and_data_may_change_in_the_midst_of_a_run(javascript):
    javascript.load("""
    function tuned() {
      const trainer = play({ seed: 1 }, 60), before = Array.from(readParameters(trainer.game.generator));
      tune(trainer, { log_rate_g: -99, data: "far-bell", k: 4 });
      const d = trainer.discriminatorSteps;
      for (let i = 0; i < 20; i++) playRound(trainer);
      return { frozen: before.every((p, i) => p === readParameters(trainer.game.generator)[i]),
        steps: trainer.discriminatorSteps - d, w1: trainer.w1, spread: trainer.watch.spread };
    }""")
    got = javascript.call("tuned")
    assert got["frozen"]
    assert got["steps"] == 80
    assert got["w1"] > 1
    assert got["spread"] == pytest.approx(0.4, abs=0.01)


# ---------------------------------------------------------------- settings, in Python and in addresses


def test_python_and_javascript_agree_on_settings_and_options(javascript):
    figure = LiveTraining()
    defaults = javascript.evaluate("SETTINGS")
    assert {name: getattr(figure, name) for name in defaults} == defaults
    choices = javascript.evaluate("CHOICES")
    assert choices["data"] == list(options.DATA)
    assert choices["objective"] == list(options.OBJECTIVES)
    assert choices["optimizer"] == list(OPTIMIZERS)
    assert choices["activation"] == list(options.ACTIVATIONS)
    for preset in javascript.evaluate("PRESETS").values():
        LiveTraining(**preset["settings"])  # within Python's bounds
        for name, value in preset["settings"].items():
            bounds = LiveTraining.bounds().get(name)
            steps = (value - bounds["min"]) / bounds["step"] if bounds else 0
            assert steps == pytest.approx(round(steps)), f"{name} is off its slider's steps"


def test_settings_survive_the_address(javascript):
    wanted = javascript.evaluate("SETTINGS") | {
        "data": "drawn",
        "drawing": "0123456789abcdefghijklmnopqrstuvwxyz" + "0" * 24,
        "objective": "wgan-gp",
        "k": 7,
        "log_rate_d": -2.35,
        "momentum": 0,
        "seed": 42,
    }
    fragment = javascript.call("written", wanted, LiveTraining().state())
    assert "width_g" not in fragment  # what is as usual is left out
    assert javascript.call("read", f"#{fragment}", LiveTraining().state()) == wanted


STRANGE = (
    " # what-you-see k=0 k=x k= k=1e9 seed=NaN objective=toString drawing=<b> __proto__=1"
    " hasOwnProperty=2 pen=3 data=%00 a=b=c&&&="
)


@pytest.mark.parametrize("fragment", STRANGE.split(" "))
def test_a_strange_address_leaves_the_usual_settings(javascript, fragment):
    got = javascript.call("read", fragment, LiveTraining().state())
    assert got == javascript.evaluate("SETTINGS")


@pytest.mark.parametrize("drawing", ["", "0" * 59, "A" * 60, "-" * 60])
def test_a_drawing_that_is_none_is_refused(drawing):
    with pytest.raises(traitlets.TraitError, match="60 digits of base 36"):
        LiveTraining(drawing=drawing)


@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_discriminator_beats_the_best_one(javascript, objective, seed):
    """V(D, G) <= C(G) = 2 JSD - log 4, for the D of any moment: both are exact on the cells."""
    javascript.load("""
    function values(settings) {
      const trainer = makeTrainer(settings), rows = [];
      for (let i = 0; i < 10; i++) {
        for (let j = 0; j < 20; j++) playRound(trainer);
        rows.push([trainer.value, 2 * trainer.jsd - Math.log(4), trainer.pull]);
      }
      return rows;
    }""")
    rows = javascript.call("values", {"objective": objective, "seed": seed})
    for value, best, pull in rows:
        assert value <= best + 1e-12
        assert 0 <= pull <= 1 + 1e-12
    assert min(best - value for value, best, _ in rows) < 0.2  # D is not far from the best

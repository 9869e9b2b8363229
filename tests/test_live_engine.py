"""The engine's kernels: how exact its functions are, and the same bits in V8, in another runtime, and without SIMD."""

import gzip
import re
import shutil
import struct
import subprocess
import sys
import zipfile

import mpmath
import numpy as np
import pytest
import wasmtime
from conftest import ROOT

from gan_tutorial.figures import linker
from gan_tutorial.figures.engine import compile

MODULES = (
    "engine/engine.js",
    "engine/network.js",
    "engine/players.js",
    "live/run.js",
    "live_training/trainer.js",
)
ULP = 2.0**-24  # half a unit in the last place of float32, relative

HARNESS = """
const engines = { simd: makeEngine(), plain: makeEngine({ simd: false }) };
function apply(which, name, values, ...rest) {
  const engine = engines[which], place = engine.take(values.length);
  engine.floats(place, values.length).set(values);
  engine.kernels[name](place, values.length, ...rest);
  return Array.from(engine.floats(place, values.length));
}
function draw(which, fill, seed, count) {
  const engine = engines[which], place = engine.take(count);
  fill(makeRandom(engine, seed), place, count);
  return Array.from(engine.floats(place, count));
}
"""


@pytest.fixture(scope="module", autouse=True)
def harness(javascript):
    javascript.load(HARNESS + TRACE)


def test_the_kernels_run_as_webassembly_here(javascript):
    assert javascript.evaluate("[engines.simd.simd, engines.plain.simd]") == [True, False]


def test_the_engine_is_small():
    assert len(gzip.compress(linker.wrapped("engine/compiled.js").encode())) <= 40_000


EDGES = [1e-30, -1e-30, 0, 3e38, -3e38, 88]
POINTS = np.concatenate([np.linspace(-40, 40, 4001), np.linspace(-0.01, 0.01, 401), EDGES])
POINTS = np.float32(np.concatenate([POINTS, np.zeros(-len(POINTS) % 8)]))


@pytest.mark.parametrize(
    ("name", "exact", "relative", "absolute"),
    [
        ("apply_tanh", mpmath.tanh, 6, 0),
        ("apply_sigmoid", lambda x: 1 / (1 + mpmath.exp(-x)), 4, 1e-37),
        ("apply_softplus", lambda x: mpmath.log1p(mpmath.exp(x)), 6, 1e-37),
    ],
)
def test_functions_are_exact_to_a_few_roundings(javascript, name, exact, relative, absolute):
    """Against 30 digits; `relative` counts roundings. Below e^-87 the exponential stands still: an absolute 1e-37."""
    with mpmath.workdps(30):
        expected = np.array([float(exact(mpmath.mpf(float(x)))) for x in POINTS])
    for which in ("simd", "plain"):
        got = np.array(javascript.call("apply", which, name, POINTS.tolist()))
        assert (abs(got - expected) <= relative * ULP * abs(expected) + absolute).all()


def test_functions_stay_within_their_range(javascript):
    tanh = np.array(javascript.call("apply", "simd", "apply_tanh", POINTS.tolist()))
    assert abs(tanh).max() == 1
    assert (tanh[POINTS == 0] == 0).all()
    sigmoid = np.array(javascript.call("apply", "simd", "apply_sigmoid", POINTS.tolist()))
    assert sigmoid.min() >= 0
    assert sigmoid.max() == 1


def test_normal_numbers_are_box_and_muller_s(javascript):
    """Against the formula in float64 of the same uniform numbers, to some roundings of the radius."""
    uniform, normal = (
        np.array(javascript.evaluate(f"draw('simd', {fill}, 3, 40000)"))
        for fill in ("fillUniform", "fillNormal")
    )
    pairs = uniform.reshape(-1, 8)
    radius, angle = np.sqrt(-2 * np.log(pairs[:, :4])), 2 * np.pi * (pairs[:, 4:] - 0.5)
    expected = np.concatenate([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    assert abs(normal.reshape(-1, 8) - expected).max() < 8 * ULP * radius.max() * 2


def test_random_numbers_repeat_with_the_seed_and_have_the_right_moments(javascript):
    uniform, normal = (
        np.array(javascript.evaluate(f"draw('simd', {fill}, 3, 40000)"))
        for fill in ("fillUniform", "fillNormal")
    )
    again, other = (javascript.evaluate(f"draw('simd', fillUniform, {seed}, 8)") for seed in (3, 4))
    assert again == uniform[:8].tolist()
    assert set(again).isdisjoint(other)
    assert len(set(uniform[:16])) == 16  # the lanes differ
    assert uniform.min() > 0
    assert uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert uniform.var() == pytest.approx(1 / 12, abs=0.002)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.std() == pytest.approx(1, abs=0.02)
    assert (normal**4).mean() == pytest.approx(3, abs=0.2)
    assert np.corrcoef(normal[:-4], normal[4:])[0, 1] == pytest.approx(0, abs=0.03)


# ---------------------------------------------------------------- how it comes into the package


@pytest.fixture
def checkout(tmp_path):
    """A copy of what an installation needs of the repository, with nothing compiled."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "compiled.js")
    shutil.copytree(ROOT / "gan_tutorial", tmp_path / "gan_tutorial", ignore=ignored)
    return tmp_path


def build(checkout, kind):
    """What pip asks of a package, without making the environment that it would make for it."""
    command = f"from setuptools import build_meta; print(build_meta.build_{kind}('dist'))"
    subprocess.run([sys.executable, "-c", command], cwd=checkout, check=True, capture_output=True)
    (wheel,) = (checkout / "dist").glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_a_built_package_brings_the_engine_compiled(checkout):
    name = f"gan_tutorial/figures/{linker.COMPILED}"
    with build(checkout, "wheel") as wheel:
        assert wheel.read(name).decode() == compile.script()
    assert not (checkout / name).exists()  # the checkout is left as it was


def test_an_editable_installation_has_it_beside_its_source(checkout):
    with build(checkout, "editable"):
        compiled = checkout / "gan_tutorial" / "figures" / linker.COMPILED
        assert compiled.read_text(encoding="utf-8") == compile.script()


def test_what_was_compiled_is_used_until_the_source_changes(tmp_path, monkeypatch):
    source, compiled = tmp_path / "kernels.simd", tmp_path / "compiled.js"
    source.write_text("def one(p: int):\n    put(p, get(p))\n", encoding="utf-8")
    monkeypatch.setattr(compile, "SOURCE", source)
    monkeypatch.setattr(compile, "COMPILED", compiled)
    text = compile.script.__wrapped__()
    compiled.write_text(text + "// as it was built", encoding="utf-8")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "wasmtime", None)
        assert compile.script.__wrapped__() == text + "// as it was built"
        source.write_text("def two(p: int):\n    put(p, get(p))\n", encoding="utf-8")
        with pytest.raises(ImportError, match="pip install wasmtime"):
            compile.script.__wrapped__()
    assert "two(p)" in compile.script.__wrapped__()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("put(p, load(p))", "a vec where a f32 is needed"),
        ("store(p, nothing(load(p)))", "no function 'nothing'"),
        ("del p", "line 2: del p"),
    ],
)
def test_what_cannot_be_compiled_is_named(line, complaint):
    with pytest.raises((TypeError, NameError, SyntaxError), match=re.escape(complaint)):
        compile.translated(f"def f(p: int):\n    {line}\n", compile.Wat())


# ---------------------------------------------------------------- the same bits everywhere

RUNS = [
    {"objective": "wgan-gp", "optimizer": "adam", "activation": "tanh", "batch": 48, "width_g": 12},
    {"objective": "non-saturating", "optimizer": "rmsprop", "activation": "softplus", "prior": "uniform"},
    {"objective": "least-squares", "optimizer": "momentum", "activation": "leaky-relu", "k": 1},
    {"objective": "wgan", "optimizer": "sgd", "activation": "relu", "data": "far-bell"},
]  # fmt: skip

TRACE = """
// All that happens to the memory while a run is made and played: kernels called, and words that JavaScript writes.
function traced(settings, rounds) {
  const engine = makeEngine(), events = [];
  const words = () => new Uint32Array(engine.floats(0, 4).buffer);
  let shadow = Uint32Array.from(words());
  const noteWrites = () => {
    const now = words(), changed = [];
    for (let i = 0; i < now.length; i++) if (now[i] !== (shadow[i] ?? 0)) changed.push([i, now[i]]);
    if (changed.length > 0) events.push({ write: changed });
  };
  const own = engine.kernels, take = engine.take;
  const wrap = (kernels) => Object.fromEntries(Object.keys(kernels).map((name) => [name, (...numbers) => {
    noteWrites();
    const result = kernels[name](...numbers);
    shadow = Uint32Array.from(words());
    events.push({ call: name, numbers });
    return result;
  }]));
  engine.take = (count) => {
    const place = take(count);
    if (engine.kernels === own) engine.kernels = wrap(own);
    return place;
  };
  const trainer = makeTrainer(settings, engine);
  for (let i = 0; i < rounds; i++) playRound(trainer);
  noteWrites();
  return { events, words: Array.from(words().slice(0, engine.used() / 4)), weights: weightsOf(trainer) };
}
const weightsOf = ({ game }) => [game.generator, game.discriminator].map((n) => Array.from(readParameters(n)));
function played(settings, rounds, options) {
  const trainer = makeTrainer(settings, makeEngine(options));
  for (let i = 0; i < rounds; i++) playRound(trainer);
  return weightsOf(trainer);
}
"""


def replayed(events, words):
    """The first words of the memory after the events, in wasmtime, which shares nothing with V8."""
    store = wasmtime.Store()
    code = compile.webassembly(compile.SOURCE.read_text(encoding="utf-8"))
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(64, None)))
    module = wasmtime.Module(store.engine, code)
    kernels = wasmtime.Instance(store, module, [memory]).exports(store)
    kinds = {e.name: [str(kind) for kind in e.type.params] for e in module.exports}
    for event in events:
        if "call" in event:
            given = zip(event["numbers"], kinds[event["call"]], strict=True)
            kernels[event["call"]](
                store, *((float if kind == "f32" else int)(n) for n, kind in given)
            )
        else:
            for word, value in event["write"]:
                memory.write(store, struct.pack("<I", value), 4 * word)
    return np.frombuffer(memory.read(store, 0, 4 * words), dtype="<u4")


@pytest.mark.parametrize("settings", RUNS, ids=lambda settings: settings["objective"])
def test_a_run_has_the_same_bits_in_v8_and_in_wasmtime(javascript, settings):
    got = javascript.call("traced", settings, 4)
    words = np.array(got["words"], dtype=np.uint32)
    assert sum("call" in event for event in got["events"]) > 300
    assert (replayed(got["events"], len(words)) == words).all()
    assert got["weights"] == javascript.call("played", settings, 4, {})  # the trace changes nothing


@pytest.mark.parametrize("settings", RUNS, ids=lambda settings: settings["objective"])
def test_a_run_has_the_same_bits_without_simd(javascript, settings):
    with_simd, without = (
        javascript.call("played", settings, 5, {"simd": simd}) for simd in (True, False)
    )
    assert with_simd == without
    assert len(with_simd[0]) > 100

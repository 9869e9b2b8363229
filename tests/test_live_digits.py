"""The digits' live figure without a browser: file, reader, trainer, weights, code, own pictures, Python, records."""

import gzip
import json
import math
import re
import zlib

import numpy as np
import pytest
import torch
import traitlets
from conftest import ROOT
from gan_book.figures import file_script

from gan_tutorial import recorded
from gan_tutorial.data import flatten, load
from gan_tutorial.figures import LiveDigits
from gan_tutorial.figures import live_digits as options
from gan_tutorial.metrics.reader import NO_DIGIT
from recordings.reader import accepted

MODULES = (
    "engine/engine.js",
    "engine/network.js",
    "engine/players.js",
    "kit/state.js",
    "live/address.js",
    "live/run.js",
    *(
        f"live_digits/{name}.js"
        for name in ("reader", "digits", "trainer", "weights", "code", "own")
    ),
)


@pytest.fixture(scope="module", autouse=True)
def material(javascript):
    """What the page has, unpacked."""
    bytes_ = zlib.decompress(options.content()).hex()
    javascript.load(
        f"""const HEX = "{bytes_}", BYTES = new Uint8Array(HEX.length / 2);
        for (let i = 0; i < BYTES.length; i++) BYTES[i] = parseInt(HEX.slice(2 * i, 2 * i + 2), 16);
        const material = readMaterial(BYTES);
        const make = (settings, engine) => makeTrainer(settings, engine, material);
        function play(settings, steps, engine) {{
          const trainer = make(settings, engine);
          while (trainer.step < steps && !trainer.diverged) playRound(trainer);
          return trainer;
        }}
        const networksOf = ({{ game, average }}) => [game.generator, game.discriminator, average];
        const weightsOf = (trainer) => networksOf(trainer).map((n) => Array.from(readParameters(n)));"""
    )


@pytest.fixture(scope="module")
def held_out():
    images, labels = load("mnist-10k", "test")
    return flatten(images), labels


# ---------------------------------------------------------------- the file


def test_the_file_is_small_and_holds_the_digits(javascript):
    assert len(gzip.compress(file_script(LiveDigits, options.FILE).encode())) <= 600_000
    got = javascript.evaluate(
        "({ count: material.count, labels: Array.from(material.labels),"
        " first: Array.from(material.levels.subarray(784 * 4000, 784 * 4001)) })"
    )
    assert got["count"] == 5000
    assert got["labels"] == np.repeat(np.arange(10), 500).tolist()
    assert got["first"] == options.digits()[4000].tolist()
    images, labels = load("mnist-10k")
    first_eight = images[(labels == 8).nonzero()[0, 0]].flatten().numpy()
    assert abs(options.digits()[4000] * 17.0 - first_eight).max() <= 8.5


def test_classes_choose_rows(javascript):
    rows = javascript.evaluate("Array.from(rowsOf(material, '07'))")
    assert rows == [*range(500), *range(3500, 4000)]


# ---------------------------------------------------------------- the reader


def test_the_page_reads_as_torch_does(javascript, held_out):
    reader, rows = recorded.reader(), held_out[0][:40]
    got = [
        javascript.evaluate(
            f"Array.from(scoresOfDigit(material.reader, Float32Array.from({row.tolist()})))"
        )
        for row in rows
    ]
    # sums of at most 512 terms, three layers deep, in float32 on both sides
    torch.testing.assert_close(torch.tensor(got), reader.scores(rows), rtol=1e-3, atol=1e-3)


def test_the_reader_knows_digits_it_has_not_seen_and_takes_nothing_else(held_out):
    """As its note says, of pictures that were not in its training."""
    reader = recorded.reader()
    got, noted = accepted(reader, *held_out), reader.note["accepted"]["test"]
    for kind, share in got.items():
        assert share == pytest.approx(noted[kind], abs=0.005), kind  # five that rounding decides
    assert got.pop("digits") >= 0.93
    for kind in ("digits, as any digit", "class means"):
        got.pop(kind)
    assert max(got.values()) <= 0.1, got


def test_the_reader_accepts_what_a_generator_draws_that_has_trained_for_long():
    """So it is the training of a minute, not the reader, that keeps the share of legible samples low."""
    rng = torch.Generator().manual_seed(1)
    z, labels = torch.randn(1000, 32, generator=rng), torch.arange(1000) % 10
    assert recorded.reader().legible(recorded.generator("conditional-long")(z, labels)) >= 0.9


def test_legible_and_balance_count_the_classes_that_are_learned(javascript):
    found = [0, 0, 1, 1, 7, 10, 10, 3]
    got = javascript.evaluate(f"tally(Uint8Array.from({found}), '017')")
    shares = np.array([2, 2, 1]) / 5
    assert got["legible"] == 5 / 8
    assert got["balance"] == pytest.approx(-(shares * np.log(shares)).sum() / math.log(3))
    assert javascript.evaluate("tally(Uint8Array.from([10, 10]), '01')")["balance"] is None  # NaN


def test_the_nearest_digit_is_the_nearest(javascript, held_out):
    data = torch.from_numpy(options.digits()) / 15
    row = held_out[0][3]
    got = javascript.evaluate(
        f"nearest(material, rowsOf(material, '0123456789'), Float32Array.from({row.tolist()}))"
    )
    distances = (data - row).norm(dim=1)
    assert got["row"] == distances.argmin()
    assert got["distance"] == pytest.approx(distances.min().item(), rel=1e-5)


# ---------------------------------------------------------------- the run


def test_a_run_depends_on_its_settings_and_goes_on_elsewhere(javascript):
    same, with_no_simd = javascript.evaluate(
        """(() => {
          const settings = { seed: 3, batch: 16, classes: "38", k: 1 };
          const stayed = play(settings, 3), other = make(settings);
          playRound(other); // leaves traces that loading must wipe away
          loadRun(other, saveRun(play(settings, 2)));
          while (other.step < 3) playRound(other);
          const equal = (a, b) => JSON.stringify(weightsOf(a)) === JSON.stringify(weightsOf(b));
          return [equal(stayed, other), equal(play(settings, 1), play(settings, 1, makeEngine({ simd: false })))];
        })()"""
    )
    assert same
    assert with_no_simd


def test_what_is_dealt_are_digits_of_the_classes_chosen(javascript):
    got = javascript.evaluate(
        """(() => {
          const t = make({ batch: 16, classes: "4" });
          t.deal();
          return Array.from(t.engine.floats(t.game.real, 784 * 16));
        })()"""
    )
    dealt = np.reshape(got, (784, 16)).T
    fours = options.digits()[2000:2500] / 15
    assert all(abs(fours - row).max(1).min() < 1e-6 for row in dealt)
    assert len(np.unique(dealt, axis=0)) > 10


def test_the_average_follows_and_measuring_leaves_the_run_alone(javascript):
    got = javascript.evaluate(
        """(() => {
          const settings = { batch: 16, objective: "non-saturating", k: 1 };
          const a = make(settings), b = make(settings), path = [];
          for (let i = 0; i < 3; i++) {
            for (const t of [a, b]) playRound(t);
            b.measure();
            path.push([a.game.generator, a.average].map((n) => readParameters(n)[0]));
          }
          look(b, false);
          const { history } = b;
          return { path, same: JSON.stringify(weightsOf(a)) === JSON.stringify(weightsOf(b)),
            row: Object.fromEntries(SERIES.map((name) => [name, history[name][0]])) };
        })()"""
    )
    weights, averages = np.transpose(got["path"])
    expected = [weights[0]]
    for i in (1, 2):
        expected.append(expected[-1] + 8 / (8 + i) * (weights[i] - expected[-1]))
    assert averages == pytest.approx(expected, rel=1e-5)
    assert got["same"]
    assert got["row"]["legible"] == 0  # after one step
    assert 0 < got["row"]["fake"] < 1


def test_rates_and_the_penalty_fall_to_a_tenth_and_stay_there(javascript):
    share = javascript.evaluate(
        """(() => {
          const t = make({ batch: 16, k: 1, fall: 4, lazy: 1, gamma: 3, log_rate_g: -3, log_rate_d: -4 }), path = [];
          while (t.step < 6) {
            playRound(t);
            const { forG, forD, game: { penalty } } = t.game;
            path.push([forG.rate / 1e-3, forD.rate / 1e-4, penalty.strength / 1.5]);
          }
          return path;
        })()"""
    )
    # what a round was played with: 1 − step / fall, where step counts the rounds before it
    assert np.array(share) == pytest.approx(
        np.repeat([[1.0], [0.75], [0.5], [0.25], [0.1], [0.1]], 3, axis=1), rel=1e-6
    )
    never = javascript.evaluate(
        "(() => { const t = play({ batch: 16, k: 1, fall: 0, log_rate_g: -3 }, 3); return t.game.forG.rate; })()"
    )
    assert never == pytest.approx(1e-3, rel=1e-6)


def test_the_penalty_comes_every_so_many_steps_of_d_with_as_many_times_the_weight(javascript):
    weights = javascript.evaluate(
        """(() => {
          const t = make({ batch: 16, k: 2, fall: 0, lazy: 3, gamma: 2 }), path = [];
          for (let i = 0; i < 7; i++) {
            trainDiscriminator(t);
            path.push(t.game.game.penalty.strength);
          }
          return path;
        })()"""
    )
    assert weights == [3, 0, 0, 3, 0, 0, 3]


def test_g_can_be_the_first_to_move(javascript):
    """The page has a button for it: beside real pictures, and asked for their labels."""
    moved = javascript.evaluate(
        """["r3gan", "non-saturating"].map((objective) => {
          const t = make({ batch: 16, objective }), before = weightsOf(t)[0];
          trainGenerator(t);
          return weightsOf(t)[0].filter((w, i) => w !== before[i]).length / before.length;
        })"""
    )
    assert min(moved) > 0.5


def test_g_is_asked_for_the_labels_that_d_saw_also_after_a_run_was_brought_over(javascript):
    """And the sheet's points ask for one class after the other, those that are read for all in turns."""
    got = javascript.evaluate(
        """(() => {
          const settings = { batch: 16, classes: "258" };
          const t = make({ ...settings, seed: 4 }), other = make({ ...settings, seed: 5 });
          playRound(t);
          playRound(other);
          loadRun(other, saveRun(t));
          other.dealNoise();
          const rows = ({ engine, labelled }, place) => Array.from(engine.floats(place, labelled * 16));
          const below = labelsIn(other.game.pass), seen = rows(t, t.game.onReal.labels);
          const same = [below, other.game.onFake.labels, other.game.between.labels].map((place) => rows(other, place));
          const asked = [t.shown, t.measured].map((p) => Array.from(t.engine.floats(labelsIn(p), 10 * p.stride)));
          return { seen, same, asked };
        })()"""
    )
    assert np.reshape(got["seen"], (10, 16)).sum(0).tolist() == [1] * 16
    assert set(np.reshape(got["seen"], (10, 16)).argmax(0)) == {2, 5, 8}
    assert all(rows == got["seen"] for rows in got["same"])
    shown, measured = (np.reshape(rows, (10, -1)).argmax(0).tolist() for rows in got["asked"])
    assert shown == sorted(shown)
    assert set(shown) == {2, 5, 8}
    assert measured[:6] == [2, 5, 8, 2, 5, 8]


@pytest.mark.parametrize("name", ["labels", "objective", "optimizer", "activation"])
def test_choices_are_those_of_python(javascript, name):
    assert set(LiveDigits.choices()[name]) == set(javascript.evaluate("CHOICES")[name])


def test_settings_are_those_of_python(javascript):
    figure = LiveDigits()
    for name, value in javascript.evaluate("SETTINGS").items():
        assert getattr(figure, name) == value


# ---------------------------------------------------------------- taken home


@pytest.mark.parametrize("labels", ["given", "none"])
def test_the_generator_that_is_saved_draws_in_python_what_it_draws_in_the_page(javascript, labels):
    got = javascript.evaluate(
        f"""(() => {{
          const labels = "{labels}", t = play({{ batch: 16, labels }}, 2), back = make({{ seed: 2, blur: 0, labels }});
          const file = packGenerator(t.average, t.labelled);
          unpackInto(back.average, file);
          look(back, true);
          const z = back.engine.floats(back.shown.input, NOISE * 64).filter((_, i) => i % 64 === 25);
          const pixels = Array.from(pixelsIn(back, back.shown, 25));
          return {{ file: Array.from(file), z: Array.from(z), pixels, asked: askedOf(back, 25, true) }};
        }})()"""
    )
    generator = recorded.unpack_generator(bytes(got["file"]))
    label = [torch.tensor([got["asked"]])] if labels == "given" else []
    pixels = generator(torch.tensor([got["z"]]), *label)[0]
    # float32 sums of 256 terms of size 1, three layers
    torch.testing.assert_close(pixels, torch.tensor(got["pixels"]), rtol=0, atol=1e-4)
    widths = [m.out_features for m in generator.modules() if hasattr(m, "out_features")]
    assert widths == [128, 128, 784]
    assert got["asked"] == 3  # 25 of 64, ten classes one after the other


def test_a_file_that_does_not_fit_says_why(javascript):
    other = (recorded.FOLDER / "conditional-long-generator.bin").read_bytes()
    three = other[:4] + (3).to_bytes(4, "little") + other[8:]
    for content, words in ((b"PNG", "not a generator"), (other, "layers"), (three, "3 labels")):
        with pytest.raises(Exception, match=words):
            javascript.evaluate(f"unpackInto(make({{}}).average, Uint8Array.from({list(content)}))")


@pytest.mark.parametrize(("labels", "words"), [("none", "has none"), ("given", "wants them")])
def test_a_file_with_labels_is_for_a_generator_with_labels(javascript, labels, words):
    """And the other way round: nothing is written to a network that the file is not for."""
    other = {"given": "none", "none": "given"}[labels]
    with pytest.raises(Exception, match=words):
        javascript.evaluate(
            f"""(() => {{
              const t = make({{ labels: "{other}" }});
              unpackInto(make({{ labels: "{labels}" }}).average, packGenerator(t.average, t.labelled));
            }})()"""
        )


@pytest.mark.parametrize("labels", ["given", "none"])
@pytest.mark.parametrize("objective", options.OBJECTIVES)
def test_the_code_trains_in_torch(javascript, objective, labels):
    settings = {"objective": objective, "batch": 16, "classes": "18", "k": 2, "labels": labels}
    code = javascript.evaluate(f"codeOf({{ ...SETTINGS, ...{json.dumps(settings)} }})")
    assert max(map(len, code.splitlines())) < 130
    names: dict = {}
    exec(code.replace("train(8_000)", "train(2)"), names)  # the page's own code
    assert names["data"].shape == (1000, 784)
    drawn = names["average"](torch.randn(3, 26 if labels == "given" else 16))
    assert drawn.shape == (3, 784)
    assert drawn.isfinite().all()


@pytest.mark.parametrize("labels", ["given", "none"])
def test_the_codes_losses_are_those_of_the_page(javascript, labels):
    """Both losses of each objective, from the code, on the page's own networks and batch."""
    got = javascript.evaluate(
        f"""Object.keys(GAMES).map((objective) => {{
          const labels = "{labels}", t = make({{ objective, labels, dropout: 0, batch: 16 }}), {{ game }} = t;
          t.deal();
          const rows = (place, size) => Array.from(t.engine.floats(place, size * 16));
          const weights = weightsOf(t).slice(0, 2), code = codeOf(t.settings);
          const loss = discriminatorGradients(game), losses = [loss, generatorGradients(game)];
          const y = rows(game.onReal.labels, t.labelled), mix = rows(game.mix, 1);
          const batch = {{ x: rows(game.real, 784), y, mix, noise: rows(game.noise, NOISE + t.labelled) }};
          return {{ objective, code, weights, losses, ...batch }};
        }})"""
    )
    for run in got:
        names: dict = {}
        exec(run["code"].replace("train(8_000)", ""), names)
        for network, weights in zip((names["G"], names["D"]), run["weights"], strict=True):
            torch.nn.utils.vector_to_parameters(torch.tensor(weights), network.parameters())
        x = torch.tensor(run["x"]).reshape(784, 16).T
        z, mix = torch.tensor(run["noise"]).reshape(-1, 16).T, torch.tensor(run["mix"])[:, None]
        x_fake = names["G"](z).detach()
        y, score = None, lambda x, _, D=names["D"]: D(x)
        if labels == "given":
            y, score = torch.tensor(run["y"]).reshape(10, 16).argmax(0), names["score"]
            assert torch.equal(z[:, 16:], torch.eye(10)[y])  # G is asked for what D sees
            pictures = torch.from_numpy(options.digits()) / 15
            assert torch.equal(torch.cdist(x, pictures).argmin(1) // 500, y)
        real, fake = score(x, y), score(x_fake, y)
        names |= {
            "step": 0,
            "share": 1,
            "x": x,
            "y": y,
            "x_fake": x_fake,
            "real": real,
            "fake": fake,
        }
        names["mixed"] = lambda a, b, m=mix: m * a + (1 - m) * b
        found = re.findall(r"^ +\((.*)\)\.backward\(\)$", run["code"], re.MULTILINE)
        fine = re.search(r"fine = (.*)$", run["code"], re.MULTILINE)
        names["fine"] = eval(fine[1], names) if fine else 0
        losses = [eval(each, names).item() for each in found]
        assert losses == pytest.approx(run["losses"], rel=1e-4, abs=1e-5), run["objective"]


# ---------------------------------------------------------------- own pictures


def test_pictures_become_levels_with_dark_ink_whatever_their_ground(javascript):
    white = np.full((28, 28, 4), 255)
    dark_on_light = white.copy()
    dark_on_light[10:18, 13:15, :3] = 0
    light_on_dark = 255 - dark_on_light
    light_on_dark[..., 3] = 255
    clear = np.zeros((28, 28, 4), int)  # nothing but ink
    clear[10:18, 13:15, 3] = 255
    for picture in (dark_on_light, light_on_dark, clear):
        got = np.reshape(
            javascript.evaluate(f"Array.from(levelsOf({picture.flatten().tolist()}))"), (28, 28)
        )
        assert (got[10:18, 13:15] == 15).all()
        assert got.sum() == 15 * 16


# ---------------------------------------------------------------- Python, the record, the page


def test_what_cannot_be_is_refused():
    with pytest.raises(traitlets.TraitError, match="rising order"):
        LiveDigits(classes="31")
    with pytest.raises(traitlets.TraitError, match="rising order"):
        LiveDigits(classes="")
    with pytest.raises(traitlets.TraitError, match="784 digits"):
        LiveDigits(drawing="12")


def test_the_record_is_of_the_figures_settings_and_hopeless_pictures_fail():
    """Each of them by at least one measure, far from what held-out digits reach."""
    _, note = recorded.read("live-digits")
    figure = LiveDigits()
    assert all(getattr(figure, name) == value for name, value in note["settings"].items())
    assert len(note["runs"]) >= 5
    assert all(len(part["runs"]) >= 3 for part in note["variants"].values())
    for part in (note, *note["variants"].values()):
        for name, middle in part["median"].items():
            assert middle == np.median([run[name] for run in part["runs"]])
    assert note["median"]["legible"] >= 0.7
    assert note["median"]["balance"] >= 0.9
    real, rivals = note["rivals"]["held-out digits"], note["rivals"]
    assert real["legible"] >= 0.93
    assert real["balance"] >= 0.98
    for name in ("noise", "two digits overlaid"):
        assert rivals[name]["legible"] <= 0.1
    for name in ("ten class means", "ten digits of the data"):
        assert rivals[name]["spread"] <= 0.1 * real["spread"]
    assert rivals["ten digits of the data"]["nearest"] == 0
    assert note["median"]["spread"] >= 0.6 * real["spread"]
    assert note["median"]["nearest"] >= 0.9 * real["nearest"]  # no copies


def test_the_recorded_sheet_is_read_as_its_numbers_say():
    arrays, note = recorded.read("live-digits")
    rows = torch.from_numpy(arrays["sheet"]).float() / 255
    assert rows.shape == (64, 784)
    legible = (recorded.reader().read(rows) < NO_DIGIT).double().mean().item()
    error = math.sqrt(note["shown"]["legible"] * (1 - note["shown"]["legible"]) / 64)
    assert legible == pytest.approx(note["shown"]["legible"], abs=4 * error)


def test_the_page_says_what_the_records_say():
    text = (ROOT / "book" / "playground-digits.md").read_text(encoding="utf-8")
    _, note = recorded.read("live-digits")
    mine = f"the page's generator, after {note['steps']:,} steps"
    rows = {mine: note["median"], **note["rivals"]}
    for name, got in rows.items():
        numbers = " | ".join(f"{got[key]:.2f}" for key in ("legible", "balance"))
        assert f"| {name} | {numbers} | {got['spread']:.1f} | {got['nearest']:.1f} |" in text, name
    for name in ("spread", "nearest"):
        share = note["median"][name] / note["rivals"]["held-out digits"][name]
        assert f"is {100 * share:.0f} % of that of held-out digits" in text
    parts = {"the usual settings": note} | note["variants"]
    for name, part in parts.items():
        middle, shares = part["median"], sorted(run["legible"] for run in part["runs"])
        asked = f"{middle['asked']:.2f}" if "asked" in middle else "–"
        row = f"{middle['legible']:.2f} ({shares[0]:.2f} to {shares[-1]:.2f}) | {middle['balance']:.2f} | {asked}"
        assert re.search(rf"^\| {name}.* \| {re.escape(row)} \|$", text, re.MULTILINE), (name, row)
    usual = [run["legible"] for run in note["runs"][:3]]
    low, middle, high = sorted(usual)
    assert f"have {middle:.2f} ({low:.2f} to {high:.2f})" in text
    lost = {
        name: sorted(a - run["legible"] for a, run in zip(usual, part["runs"], strict=True))
        for name, part in note["variants"].items()
    }
    said = {"no labels": (26, 34), "rates and penalty stay": (2, 8), "no blur": (0, 4)}
    for name, ends in said.items():
        assert [100 * lost[name][i] for i in (0, -1)] == pytest.approx(ends, abs=0.6), name
    assert lost["the cost of 2014"][-1] < 0
    test = recorded.reader().note["accepted"]["test"]
    others = [
        v for k, v in test.items() if k not in ("digits", "digits, as any digit", "class means")
    ]
    assert f"{100 * test['digits']:.1f} % of the test digits" in text
    assert f"at most {100 * max(others):.1f} %" in text

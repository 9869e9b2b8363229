"""Records of long runs: where they come from, how small they are, and how they are made again."""

import datetime
import json

import numpy as np
import pytest
import torch

from gan_tutorial import recorded
from gan_tutorial._engine import checkpoints, cli
from gan_tutorial.data import flatten, load
from gan_tutorial.parzen import log_likelihood
from gan_tutorial.recipes import RECIPES
from gan_tutorial.training import sample
from recordings import runs
from recordings.__main__ import main

NOTES = sorted(recorded.FOLDER.glob("*.json"))
LARGEST = 300_000  # bytes of one record, pictures and note together

every_record = pytest.mark.parametrize("path", NOTES, ids=[path.stem for path in NOTES])


@every_record
def test_record_says_where_it_comes_from(path):
    note = json.loads(path.read_text())
    assert {"machine", "date", "versions", "seed", "command"} <= note.keys()
    assert note["machine"]
    assert "torch" in note["versions"]
    assert isinstance(note["seed"], int)
    assert note["command"].startswith(("python ", "OMP_NUM_THREADS="))
    day = datetime.datetime.fromisoformat(note["date"])
    assert day.date() <= datetime.datetime.now(datetime.UTC).date()


@every_record
def test_record_names_no_path_of_the_machine_that_made_it(path):
    text = path.read_text()
    assert not any(root in text for root in ("/tmp", "/home", "/root", "/work", "/Users"))


@every_record
def test_record_is_small(path):
    parts = list(path.parent.glob(f"{path.stem}.*"))
    assert sum(part.stat().st_size for part in parts) <= LARGEST


def test_every_file_of_numbers_has_its_note():
    noted = {path.stem for path in NOTES}
    assert {path.stem for path in recorded.FOLDER.glob("*.npz")} <= noted


def test_long_run_of_the_book_is_there_and_good():
    arrays, note = recorded.read("mnist-long")
    assert arrays["digits"].shape == (runs.DIGITS, 28, 28)
    assert arrays["digits"].dtype == np.uint8
    assert arrays["stages"].shape == (len(arrays["steps"]), runs.SHOWN, 28, 28)
    assert arrays["steps"][0] == 0
    assert arrays["steps"][-1] == note["steps"]
    assert (np.diff(arrays["steps"]) > 0).all()
    # The same noise at the same step is the same picture, to the grey level that rounding decides.
    last, shown = (a.astype(int) for a in (arrays["stages"][-1], arrays["digits"][: runs.SHOWN]))
    assert np.abs(last - shown).max() <= 1
    parzen = note["parzen"]
    assert parzen["samples"] == 10_000
    assert parzen["mean"] >= 225
    assert 0 < parzen["standard_error"] < 10


def test_recorded_portraits_are_in_few_levels_of_each_colour():
    arrays, note = recorded.read("faces")
    assert arrays["digits"].shape == (runs.DIGITS, 32, 32, 3)
    for name in ("digits", "stages"):
        assert set(np.unique(arrays[name])) <= set(range(0, 256, 255 // (runs.LEVELS - 1)))
    assert note["steps"] == RECIPES["faces"].steps
    assert runs.levelled(np.array([0, 8, 9, 128, 255])).tolist() == [0, 0, 17, 136, 255]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A run of four steps, made by the command line's own function, and its record."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    changes = {"steps": 4, "every": 1, "batch_size": 8, "autocast": None}
    cli.run_training("mnist-short", folder, seed=3, resume=False, root="data", changes=changes)
    out = folder.parent / "recorded"
    runs.record(folder, out, title="four steps", samples=200)
    return folder, out


def test_record_holds_what_the_run_s_generator_draws(tiny):
    folder, out = tiny
    arrays, note = recorded.read("mnist-short", out)
    recipe = RECIPES["mnist-short"]
    pair = recipe.build(seed=3)
    state = checkpoints.load(folder / "checkpoint.pt")
    pair.generator.load_state_dict(state["average"])
    rows = sample(pair.generator, pair.prior, 200)
    expected = np.rint(rows[:100].reshape(-1, 28, 28).double().numpy() * 255)
    assert np.abs(arrays["digits"] - expected).max() <= 1
    assert note["seed"] == 3
    assert note["steps"] == 4
    assert note["changes"] == json.loads((folder / "run.json").read_text())["changes"]
    validation, test = (
        flatten(load("mnist-10k", split).images) for split in ("validation", "test")
    )
    score = note["parzen"]
    again = log_likelihood(rows, test, score["sigma"])
    assert score["mean"] == pytest.approx(float(again.mean), abs=2e-3)  # nats, in float32
    for sigma in (score["sigma"] / 1.5, score["sigma"] * 1.5):  # chosen on validation rows
        assert log_likelihood(rows, validation, sigma).mean < (
            log_likelihood(rows, validation, score["sigma"]).mean
        )


def test_stages_are_the_pictures_of_the_grids(tiny):
    arrays, _ = recorded.read("mnist-short", tiny[1])
    assert arrays["steps"].tolist() == [0, 1, 2, 3, 4]
    last = arrays["stages"][-1].astype(int)
    assert np.abs(last - arrays["digits"][:10]).max() <= 1
    assert np.abs(last - arrays["stages"][0]).max() > 1


def test_stages_are_spread_evenly_in_the_logarithm():
    steps = np.arange(0, 21_000, 1000)
    kept = steps[runs.spread(steps)]
    assert kept[[0, 1, -1]].tolist() == [0, 1000, 20_000]
    assert len(kept) == runs.STAGES
    ratios = kept[2:] / kept[1:-1]
    assert ratios.max() <= 2 * ratios.min()
    assert runs.spread(np.array([0])) == [0]
    assert runs.spread(np.array([0, 5])) == [0, 1]


def test_losses_are_means_over_windows():
    history = torch.arange(3000, dtype=torch.float64).reshape(1000, 3)
    kept = runs.losses(history)
    window = int(kept["loss_steps"][0])
    assert len(kept["loss_steps"]) <= runs.POINTS
    assert kept["penalty"][0] == pytest.approx(history[:window, 1].mean().item())
    assert kept["generator_loss"][-1] == pytest.approx(history[-window:, 2].mean().item())
    assert runs.losses(torch.zeros(0, 3))["penalty"].shape == (0,)


def test_command_line_tells_what_is_wrong_in_one_line(tmp_path, capsys):
    assert main(["run", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "run.json" in error
    assert error.count("\n") == 1


def test_unknown_record_names_those_there_are(tiny):
    with pytest.raises(ValueError, match=r"'mnist-lnog'.*mnist-short"):
        recorded.read("mnist-lnog", tiny[1])


def test_run_without_grids_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"samples/\*\.png"):
        runs.stages(tmp_path, (1, 28, 28))

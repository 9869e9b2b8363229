"""The command line, as a reader types it."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gan_tutorial
from gan_tutorial import recipes
from gan_tutorial.__main__ import main
from gan_tutorial._engine import checkpoints, cli
from gan_tutorial._engine.cli import save_grid
from gan_tutorial.data import Images, load
from gan_tutorial.networks import logit_of_marginals
from gan_tutorial.recipes import RECIPES

SMALL = ["--steps", "2", "--every", "1", "--batch-size", "4"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    assert main(["train", "--recipe", "mnist-short", "--out", str(folder), *SMALL]) == 0
    return folder


@pytest.fixture(scope="module")
def conditional_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "conditional"
    assert main(["train", "--recipe", "conditional", "--out", str(folder), *SMALL]) == 0
    return folder


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


@pytest.mark.parametrize("verb", ["train", "sample", "evaluate"])
def test_help_has_an_example(verb, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([verb, "--help"])
    assert f"python -m gan_tutorial {verb}" in capsys.readouterr().out


def test_training_writes_a_run(run):
    note = json.loads((run / "run.json").read_text())
    assert note["recipe"] == "mnist-short"
    assert note["seed"] == 0
    assert note["changes"] == {"steps": 2, "batch_size": 4, "every": 1}
    assert {"machine", "versions", "date", "command"} <= note.keys()
    assert checkpoints.load(run / "checkpoint.pt")["step"] == 2
    with (run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2"]
    losses = json.loads((run / "history.json").read_text())
    assert [float(row["generator"]) for row in rows] == losses["generator"]
    grids = sorted(path.name for path in (run / "samples").iterdir())
    assert grids == ["0000000.png", "0000001.png", "0000002.png"]


def test_a_second_run_does_not_overwrite_and_resume_goes_on(run, capsys):
    train = ["train", "--recipe", "mnist-short", "--out", str(run), *SMALL]
    before = (run / "run.json").read_bytes()
    assert main(train) == 1
    assert "--resume goes on from it" in capsys.readouterr().err
    assert (run / "run.json").read_bytes() == before
    assert main([*train, "--resume", "--seed", "3"]) == 1
    assert "was trained with seed = 0, this run has 3" in capsys.readouterr().err
    assert (run / "run.json").read_bytes() == before
    assert main([*train, "--resume"]) == 0
    assert checkpoints.load(run / "checkpoint.pt")["step"] == 2


def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt("stopped; the same call with resume=True goes on from there")

    monkeypatch.setattr(cli, "run_training", stopped)
    assert main(["train", "--out", str(tmp_path)]) == 130
    assert "the same call with --resume goes on from there" in capsys.readouterr().err


def test_sampling_writes_a_grid_and_the_seed_decides_it(run, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = ["--out", str(tmp_path / f"{name}.png"), "--count", "20", "--seed", str(seed)]
        assert main(["sample", str(run), *out]) == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
    width, height = png_size(tmp_path / "a.png")
    assert width > 10 * 28
    assert height > 2 * 28


def test_a_conditional_run_draws_the_label_it_is_asked_for(conditional_run, tmp_path):
    paths = [tmp_path / "3.png", tmp_path / "4.png"]
    for path, label in zip(paths, "34", strict=True):
        words = ["sample", str(conditional_run), "--label", label, "--count", "4"]
        assert main([*words, "--out", str(path)]) == 0
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_evaluation_is_json_with_its_meaning(run, capsys):
    words = ["evaluate", str(run), "--count", "50", "--split", "validation"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert math.isfinite(result["mean"])
    assert result["standard_error"] > 0
    assert (result["samples"], result["split"], result["data"]) == (50, "validation", "mnist-10k")


def test_evaluation_asks_for_labels_as_the_data_has_them(conditional_run, monkeypatch, capsys):
    """On rows of which nine in ten are a 7, so are the labels that a conditional run is asked for."""
    images, _ = load("mnist-10k")
    labels = torch.where(torch.arange(len(images)) % 10 > 0, 7, 2)
    asked = []

    def spy(generator, prior, n, *, seed, labels):
        asked.append(labels)
        return torch.rand(n, 784)

    monkeypatch.setattr(cli, "load", lambda *_, **options: Images(images[:50], labels))
    monkeypatch.setattr(cli, "sample", spy)
    assert main(["evaluate", str(conditional_run), "--count", "4000"]) == 0
    capsys.readouterr()
    (drawn,) = asked
    counts = torch.bincount(drawn, minlength=10) / 4000
    error = math.sqrt(0.9 * 0.1 / 4000)
    assert counts[7].item() == pytest.approx(0.9, abs=5 * error)
    assert counts[2].item() == pytest.approx(0.1, abs=5 * error)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--recipe", "mnist-shot", "--out", "x"], "choose one of mnist-short"),
        (
            ["train", "--out", "x", "--steps", "-1"],
            "steps must be an integer of at least 0, got -1",
        ),
        (["train", "--out", "x", "--seed", "-1"], "seed must be an integer of at least 0, got -1"),
        (["train", "--out", "x", "--batch-size", "1"], "batch_size must give batch norm 2 samples"),
        (["train", "--out", "x", "--data", "minst"], "choose one of mnist-10k"),
        (["sample", "nowhere"], "nowhere holds no run"),
        (["evaluate", "nowhere"], "nowhere holds no run"),
    ],
)
def test_mistakes_are_told_in_one_line(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_labels_and_counts_are_checked(run, conditional_run, tmp_path, capsys):
    out = ["--out", str(tmp_path / "a.png")]
    assert main(["sample", str(run), "--label", "3", *out]) == 1
    assert "mnist-short is not conditional" in capsys.readouterr().err
    assert main(["sample", str(conditional_run), "--label", "10", *out]) == 1
    assert "a digit from 0 to 9, got 10" in capsys.readouterr().err
    assert main(["sample", str(run), "--count", "0", *out]) == 1
    assert "--count must be an integer of at least 1, got 0" in capsys.readouterr().err
    assert main(["evaluate", str(run), "--count", "1"]) == 1
    assert "--count must be an integer of at least 2, got 1" in capsys.readouterr().err


def test_any_recipe_takes_any_objective(tmp_path, capsys):
    words = ["train", "--out", str(tmp_path / "run"), *SMALL]
    assert main([*words, "--objective", "wgan"]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["changes"]["objective"] == "wgan"
    state = checkpoints.load(tmp_path / "run" / "checkpoint.pt")
    assert state["identity"]["settings"]["objective"]["name"] == "wgan"
    assert max(w.abs().max() for w in state["discriminator"]["network"].values()) <= 0.01
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--objective", "wgna"])
    assert "choose from" in capsys.readouterr().err
    with pytest.raises(ValueError, match="objective 'wgna' does not exist; choose minimax"):
        cli.changed(RECIPES["mnist-short"], {"objective": "wgna"})


def test_a_damaged_checkpoint_is_told_in_one_line(run, tmp_path, capsys):
    (tmp_path / "run.json").write_bytes((run / "run.json").read_bytes())
    (tmp_path / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes()[:-10])
    assert main(["sample", str(tmp_path), "--out", str(tmp_path / "a.png")]) == 1
    assert "cut short or changed" in capsys.readouterr().err


def test_pictures_in_colour_make_a_grid_too(tmp_path):
    save_grid(torch.rand(6, 3 * 4 * 4), (3, 4, 4), tmp_path / "new" / "a.png", columns=3)
    width, height = png_size(tmp_path / "new" / "a.png")
    assert width > height


def test_another_data_set_changes_sizes_marginals_and_epochs(tmp_path, monkeypatch):
    """Colour pictures of 5 × 4 pixels under the paper's recipe: everything follows the data."""
    faces = Images(
        torch.randint(0, 256, (400, 3, 5, 4), dtype=torch.uint8), torch.zeros(400).long()
    )
    monkeypatch.setattr(cli, "load", lambda name, **options: faces)
    words = ["train", "--recipe", "paper-mnist", "--data", "tfd", "--out", str(tmp_path / "run")]
    assert main([*words, "--steps", "1"]) == 0
    note = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (note["data"], note["rows"], note["shape"]) == ("tfd", 400, [3, 5, 4])
    run = cli.trained(tmp_path / "run")
    assert run.generator[-2].out_features == 60
    assert run.recipe.steps == 250 * 4  # epochs of four batches
    assert main(["sample", str(tmp_path / "run"), "--out", str(tmp_path / "a.png")]) == 0


def test_the_module_runs_as_a_command():
    package = str(Path(gan_tutorial.__file__).parents[1])
    process = subprocess.run(
        [sys.executable, "-m", "gan_tutorial", "--help"],
        env=os.environ | {"PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=True,
    )
    for verb in ("train", "sample", "evaluate"):
        assert f"python -m gan_tutorial {verb} " in process.stdout


def test_products_run_in_bfloat16_where_it_is_asked_for_or_native(monkeypatch):
    for word, expected in (("1", torch.bfloat16), ("0", None)):
        monkeypatch.setenv("GAN_TUTORIAL_BFLOAT16", word)
        assert recipes._bfloat16() is expected
    monkeypatch.delenv("GAN_TUTORIAL_BFLOAT16")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    for capability, expected in (("AVX512", torch.bfloat16), ("AVX2", None), ("DEFAULT", None)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda c=capability: c)
        assert recipes._bfloat16() is expected


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda r: r.name)
def test_every_recipe_says_what_it_is_and_builds(recipe):
    assert recipe.note
    assert recipe.steps % recipe.every == 0
    again = recipe.on(recipe.data, recipe.rows)
    assert checkpoints.plain(again.settings) == checkpoints.plain(recipe.settings)
    assert (again.steps, again.every) == (recipe.steps, recipe.every)
    pair = recipe.build(seed=1)
    assert pair.prior.dim in (32, 100)


def test_the_papers_generator_starts_from_the_training_rows_alone():
    bias = RECIPES["paper-mnist"].build().generator[-2].bias
    torch.testing.assert_close(bias.detach(), logit_of_marginals(load("mnist-10k").images))

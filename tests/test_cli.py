"""The command line, as a reader types it."""

import contextlib
import csv
import errno
import io
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import gan_tutorial
from gan_tutorial import recipes
from gan_tutorial.__main__ import main
from gan_tutorial._engine import checkpoints, cli, evaluation
from gan_tutorial._engine.cli import save_grid
from gan_tutorial.data import Images, load
from gan_tutorial.networks import logit_of_marginals
from gan_tutorial.recipes import RECIPES

SMALL = ["--steps", "2", "--every", "1", "--batch-size", "4"]


@pytest.fixture(scope="module", autouse=True)
def alone():
    """What stands beside a run takes ten seconds and does not depend on it: tests/test_evaluation.py has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "floor_and_ceilings", lambda *_: {})
        evaluation._last.clear()
        yield
    evaluation._last.clear()


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
    words = ["evaluate", str(run), "--count", "50", "--split", "validation", "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert math.isfinite(result["mean"])
    assert result["standard_error"] > 0
    assert (result["samples"], result["split"], result["data"]) == (50, "validation", "mnist-10k")


@pytest.mark.filterwarnings("ignore:mnist-10k is not as it was")
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
    assert "--label must be from 0 to 9, got 10" in capsys.readouterr().err
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


@pytest.fixture
def copied(run, tmp_path):
    """A run of its own to damage."""
    shutil.copytree(run, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("damage", ["", "{", '{"recipe": "mnist-short"}', "[]", "\x00", None])
def test_a_damaged_note_is_named_and_the_checkpoint_asked(copied, tmp_path, damage, capsys):
    path = copied / "run.json"
    note = json.loads(path.read_text())
    note.pop("resumed", None)
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.warns(UserWarning, match=r"run\.json .*; the checkpoint knows the run"):
        assert main(["sample", str(copied), "--out", str(tmp_path / "a.png")]) == 0
    train = ["train", "--recipe", "mnist-short", "--out", str(copied), *SMALL]
    with pytest.warns(UserWarning, match="the checkpoint knows the run"):
        assert main([*train, "--resume"]) == 0
    rebuilt = json.loads(path.read_text())
    assert {key: rebuilt[key] for key in note} == note
    assert rebuilt["resumed"]


def test_a_note_and_a_checkpoint_that_say_nothing_are_told_in_one_line(copied, tmp_path, capsys):
    (copied / "run.json").write_text("{}")
    (copied / "checkpoint.pt").unlink()
    assert main(["sample", str(copied), "--out", str(tmp_path / "a.png")]) == 1
    error = capsys.readouterr().err
    assert "run.json lacks recipe" in error
    assert error.count("\n") == 1


def test_a_resumed_run_keeps_the_note_of_its_start(copied):
    before = json.loads((copied / "run.json").read_text())
    times = len(before.get("resumed", []))
    train = ["train", "--recipe", "mnist-short", "--out", str(copied), *SMALL, "--resume"]
    assert main([*train, "--steps", "1"]) == 1  # fewer than were taken
    assert json.loads((copied / "run.json").read_text()) == before
    assert main([*train, "--steps", "3"]) == 0
    after = json.loads((copied / "run.json").read_text())
    assert after | {"resumed": None} == before | {"resumed": None}
    assert len(after["resumed"]) == times + 1
    assert checkpoints.load(copied / "checkpoint.pt")["note"] == before


def test_evaluation_finds_the_data_where_training_did(copied, monkeypatch, capsys):
    note = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(note | {"root": "elsewhere"}))
    roots, real = [], cli.load

    def spy(name, split="train", root="data", **options):
        roots.append(root)
        return real(name, split, root, **options)

    monkeypatch.setattr(cli, "load", spy)
    assert main(["evaluate", str(copied), "--count", "50"]) == 0
    assert set(roots) == {"elsewhere"}
    roots.clear()
    assert main(["evaluate", str(copied), "--count", "50", "--root", "here"]) == 0
    assert set(roots) == {"here"}


BROKEN = {
    "no torchvision": ("gan_tutorial._engine.cli.save_grid", ImportError("no torchvision")),
    "full": ("gan_tutorial._engine.cli.write_history", OSError("No space left on device")),
    "tensorboard": ("gan_tutorial._engine.cli.tensorboard", TypeError("Descriptors cannot be")),
    "attribute": ("gan_tutorial._engine.cli.tensorboard", AttributeError("module 'distutils'")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_written_beside_a_run_never_stops_it(name, tmp_path, monkeypatch):
    where, error = BROKEN[name]

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(where, fail)
    words = f"training goes on without .*: {type(error).__name__}: {error}"
    with pytest.warns(UserWarning, match=words) as warned:
        assert main(["train", "--out", str(tmp_path), *SMALL]) == 0
    assert len(warned) == 1  # once, not at every snapshot
    assert checkpoints.load(tmp_path / "checkpoint.pt")["step"] == 2


TRAIN = ["train", "--recipe", "mnist-short", *SMALL, "--out"]
LASTING = ("recipe", "data", "rows", "shape", "classes", "seed", "changes", "root")


def left_by(folder):
    """All that a run leaves, but for dates, commands and seconds; every file of it is whole."""
    state = checkpoints.load(folder / "checkpoint.pt")
    note = json.loads((folder / "run.json").read_text())
    for grid in (folder / "samples").iterdir():
        assert grid.read_bytes().endswith(b"IEND\xae\x42\x60\x82")
    return {
        "bits": {name: plain_bits(state[name]) for name in state.keys() - {"seconds", "note"}},
        "note": {name: note[name] for name in LASTING},
        "kept note": {name: state["note"][name] for name in LASTING},
        "table": (folder / "history.csv").read_bytes(),
        "losses": (folder / "history.json").read_bytes(),
        "grids": sorted(path.name for path in (folder / "samples").glob("[0-9]*.png")),
        "last grid": max((folder / "samples").glob("[0-9]*.png")).read_bytes(),
        "hidden": [path.name for path in folder.rglob(".*")],
    }


def plain_bits(value):
    """Tensors as their bytes, within whatever holds them."""
    if isinstance(value, torch.Tensor):
        return (
            value.dtype,
            tuple(value.shape),
            value.reshape(-1).contiguous().view(torch.uint8).numpy().tobytes(),
        )
    if isinstance(value, dict):
        return {key: plain_bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_bits(item) for item in value]
    return value


class FullDisk:
    """From its `after`-th write on, no file whose name holds `name` can be written, as long as it is full."""

    def __init__(self, monkeypatch, where, after=0, name=""):
        self.full, self.writes, self.refused = True, 0, []

        def attempt(path, content):
            if name in path.name:
                self.writes += 1
                if self.full and self.writes > after:
                    self.refused.append(path.name)
                    with monkeypatch.context() as patch:
                        patch.setattr(where, self.refuse)
                        return real(path, content)
            return real(path, content)

        real = checkpoints.write
        monkeypatch.setattr(checkpoints, "write", attempt)

    @staticmethod
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_that_is_full_from_any_write_on_loses_nothing(where, tmp_path, monkeypatch, capsys):
    """Told in one line that names the file and the remedy, which leads to the run that was meant."""
    assert main([*TRAIN, str(tmp_path / "whole")]) == 0
    whole, codes = left_by(tmp_path / "whole"), []
    for after in range(0, 13, 1 if where == "os.fsync" else 5):
        folder = tmp_path / str(after)
        with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            disk = FullDisk(patch, where, after)
            codes.append(main([*TRAIN, str(folder)]))
            lines = capsys.readouterr().err.splitlines()
            assert disk.refused, after
            told = [str(warning.message) for warning in warned]
            told += [line for line in lines if line.startswith("error: ")]
            assert any(f"{disk.refused[0]} cannot be written (No space left" in t for t in told)
            assert all("Make room" in t and "with --resume" in t for t in told)
            assert not list(folder.rglob(".*"))  # neither a lock nor anything half-written
            disk.full = False
            assert main([*TRAIN, str(folder), "--resume"]) == 0
        assert left_by(folder) == whole, after
        capsys.readouterr()
    assert 1 in codes
    assert codes[-1] == 0  # only the last grid or losses were refused


@pytest.mark.parametrize("name", ["history.csv", "history.json", ".png"])
def test_what_the_disk_refused_beside_the_checkpoint_is_tried_again(name, tmp_path, monkeypatch):
    """It is told once; the last snapshot's is there in the end, if there is room by then."""
    assert main([*TRAIN, str(tmp_path / "whole")]) == 0
    disk = FullDisk(monkeypatch, "os.fsync", name=name)
    real = cli.save_grid

    def room(pictures, shape, path):
        disk.full = path.name != "0000002.png"  # two snapshots find the disk full
        return real(pictures, shape, path)

    monkeypatch.setattr(cli, "save_grid", room)
    with pytest.warns(UserWarning, match="training goes on without .*No space left") as warned:
        assert main([*TRAIN, str(tmp_path / "a")]) == 0
    assert len(warned) == 1
    assert len(disk.refused) == 2
    left, meant = left_by(tmp_path / "a"), left_by(tmp_path / "whole")
    missing = set(meant.pop("grids")) - set(left.pop("grids"))
    assert missing == ({"0000000.png", "0000001.png"} if name == ".png" else set())
    assert left == meant


STARTER = """
    import json, os, sys, time, torch
    torch.set_num_threads(1)
    from gan_tutorial.__main__ import main
    from gan_tutorial._engine import cli
    from gan_tutorial.data import Images

    rows = torch.randint(0, 256, (64, 1, 5, 4), generator=torch.Generator().manual_seed(0))
    faces = Images(rows.to(torch.uint8), torch.zeros(64).long())
    cli.load = lambda name, **options: faces
    words = ["train", "--data", "tfd", "--steps", "6", "--every", "1", "--batch-size", "8", "--out"]
    main([*words, sys.argv[1]])  # what PyTorch imports at its first step is imported once
    print("ready", flush=True)
    for line in sys.stdin:  # every run is a process of its own
        processes = []
        for wait, log, *more in json.loads(line):
            processes.append(os.fork())
            if processes[-1] == 0:
                time.sleep(wait)
                os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
                os._exit(main([*words, *more]))
        print(json.dumps(processes), flush=True)
        print(json.dumps([os.waitpid(process, 0)[1] for process in processes]), flush=True)
"""


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """Starts training by the command line in processes of their own; the folder of a run that nobody disturbed."""
    whole = tmp_path_factory.mktemp("starter") / "whole"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(STARTER), str(whole)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(Path(gan_tutorial.__file__).parents[1])},
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process, whole
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def begin(process, *runs):
    """Start `(wait, log, folder, option...)`s together; their process numbers."""
    process.stdin.write(
        json.dumps([[wait, str(log), *map(str, more)] for wait, log, *more in runs])
    )
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def ended(process):
    """How each of them ended: an exit code, or minus a signal."""
    return [os.waitstatus_to_exitcode(status) for status in json.loads(process.stdout.readline())]


def check_whole(folder):
    """Whatever moment a run was killed at, what bears a file's name is the whole file."""
    if (folder / "run.json").exists():
        assert json.loads((folder / "run.json").read_text())["recipe"] == "mnist-short"
    if (folder / "checkpoint.pt").exists():
        checkpoints.load(folder / "checkpoint.pt")
    if (folder / "history.csv").exists():
        head, *rows = (folder / "history.csv").read_text().splitlines()
        assert all(len(row.split(",")) == len(head.split(",")) for row in rows)
    if (folder / "history.json").exists():
        json.loads((folder / "history.json").read_text())
    for grid in (folder / "samples").glob("[0-9]*.png"):
        assert grid.read_bytes().endswith(b"IEND\xae\x42\x60\x82")


def test_kill_9_at_any_moment_and_resume_leave_the_folder_of_an_undisturbed_run(starter, tmp_path):
    """At least 20 kills, and at least one run that came to its end after some; files, not the checkpoint alone."""
    process, whole = starter
    expected, folder, rng = left_by(whole), tmp_path / "run", random.Random(0)
    began = time.perf_counter()
    begin(process, (0, tmp_path / "log", tmp_path / "timed"))
    assert ended(process) == [0]
    length, kills, since, finished = time.perf_counter() - began, 0, 0, 0
    while kills < 20 or finished == 0:
        (number,) = begin(process, (0, tmp_path / "log", folder, "--resume"))
        time.sleep(rng.random() * length)
        with contextlib.suppress(ProcessLookupError):  # it may have come to its end
            os.kill(number, signal.SIGKILL)
        (code,) = ended(process)
        assert code in (0, -signal.SIGKILL), (tmp_path / "log").read_text()
        assert "Traceback" not in (tmp_path / "log").read_text()
        check_whole(folder)
        kills, since = kills + (code < 0), since + (code < 0)
        if code == 0:
            finished += since > 0
            assert left_by(folder) == expected
            shutil.rmtree(folder)
            since = 0


def test_two_commands_on_one_folder_lose_nothing(starter, tmp_path):
    """20 pairs: one trains to its end; the other is refused in a line, or comes after it and goes on."""
    process, whole = starter
    expected, rng = left_by(whole), random.Random(0)
    began = time.perf_counter()
    begin(process, (0, tmp_path / "log", tmp_path / "timed"))
    assert ended(process) == [0]
    length, refused = time.perf_counter() - began, 0
    for i in range(20):
        folder, more = tmp_path / str(i), ["--resume"] if i % 2 else []
        waits = (0, 0 if i < 4 else rng.uniform(0, 1.5 * length))
        logs = [tmp_path / f"{i}-{j}" for j in range(2)]
        begin(process, *((wait, log, folder, *more) for wait, log in zip(waits, logs, strict=True)))
        codes, said = ended(process), [log.read_text() for log in logs]
        assert 0 in codes, said
        assert set(codes) <= {0, 1}
        assert more or sorted(codes) == [0, 1]
        for code, text in zip(codes, said, strict=True):
            assert "Traceback" not in text
            assert (code == 1) is ("error: checkpoint: " in text)
            assert code == 0 or "is being written by" in text or "exists; --resume" in text
        refused += any("is being written by" in text for text in said)
        assert left_by(folder) == expected
        again = json.loads((folder / "run.json").read_text()).get("resumed", [])
        assert len(again) == (codes == [0, 0])
    assert refused > 0


@contextlib.contextmanager
def files_up_to(size):
    """The system's own limit on a file's size, in bytes: what a full disk is to a write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_limit_on_files_is_told_by_the_file_that_meets_it(run, copied, tmp_path, capsys):
    """The lock's words do not fit into 20 bytes, the note of a run not into 200, its checkpoint not into 5,000."""
    for size, name in ((20, "run.json"), (200, "run.json"), (5_000, "checkpoint.pt")):
        folder = tmp_path / str(size)
        with files_up_to(size):
            assert main([*TRAIN, str(folder)]) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"error: {folder / name} cannot be written (File too large)")
        assert not list(folder.rglob(".*"))
        assert main([*TRAIN, str(folder), "--resume"]) == 0
        assert left_by(folder)["bits"] == left_by(copied)["bits"]
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    picture = tmp_path / "a.png"
    picture.write_bytes(b"before")
    with files_up_to(100):
        assert main([*TRAIN, str(copied), "--resume", "--steps", "3"]) == 1
        assert main(["sample", str(run), "--out", str(picture)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [f"{copied / 'run.json'} cannot" in errors[-2], f"{picture} cannot" in errors[-1]] == [
        True,
        True,
    ]
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before
    assert picture.read_bytes() == b"before"


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Path, "mkdir", FullDisk.refuse)
    assert main([*TRAIN, str(tmp_path / "new" / "run")]) == 1
    error = capsys.readouterr().err
    assert f"error: {tmp_path / 'new' / 'run'} cannot be written (No space left" in error
    assert error.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_evaluation_that_nobody_can_read_is_told_too(run):
    package = str(Path(gan_tutorial.__file__).parents[1])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gan_tutorial", "evaluate", str(run), "--count", "20"],
            env=os.environ | {"PYTHONPATH": package},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the standard output cannot be written (No space left")
    assert done.stderr.count("\n") == 1


def test_every_file_of_a_run_is_written_whole_or_not_at_all():
    """There is one way to write: what else opens files to write them would be caught here."""
    source = Path(cli.__file__).read_text(encoding="utf-8")
    assert not re.search(r"\.open\(|\bopen\(|write_text|write_bytes", source)
    assert source.count("checkpoints.write(") == 4  # note, two of the history, grids


def test_learning_rates_of_the_command_line_are_the_players_own(tmp_path):
    words = ["train", "--out", str(tmp_path), *SMALL, "--lr-d", "3e-3"]
    assert main(words) == 0
    kept = checkpoints.load(tmp_path / "checkpoint.pt")["identity"]["settings"]["optimizers"]
    assert kept[0]["lr"] == 3e-3
    assert (
        kept[1]["lr"] == RECIPES["mnist-short"].settings.optimizers[1].__closure__[-1].cell_contents
    )
    assert main([*words[:-1], "1e-3", "--resume"]) == 1


def test_paths_may_begin_at_home_and_must_be_what_they_are_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["train", "--out", "~/run", *SMALL]) == 0
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert main(["sample", "~/run", "--out", "~/a.png", "--count", "4"]) == 0
    assert (tmp_path / "a.png").is_file()
    (tmp_path / "file").touch()
    assert main(["train", "--out", str(tmp_path / "file"), *SMALL]) == 1
    assert main(["sample", str(tmp_path / "run"), "--out", str(tmp_path)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert ["must be a folder" in errors[-2], "must be a file" in errors[-1]] == [True, True]


NUMBERS = st.one_of(
    st.integers(-3, 3), st.integers(2**31, 2**70), st.floats(), st.text("-x0. ", max_size=3)
)
OPTIONS = {
    "train": [
        "--steps",
        "--batch-size",
        "--every",
        "--seed",
        "--lr-d",
        "--lr-g",
        "--recipe",
        "--data",
    ],
    "sample": ["--count", "--seed", "--label"],
    "evaluate": ["--count", "--seed"],
}


@example(option=("train", "--seed"), value="--")
@example(option=("train", "--seed"), value=2**70)
@given(
    option=st.sampled_from([(verb, option) for verb in OPTIONS for option in OPTIONS[verb]]),
    value=NUMBERS,
)
@settings(deadline=None, max_examples=200)
def test_whatever_is_typed_is_done_or_refused_in_a_line(run, tmp_path_factory, option, value):
    """Exit 0, or 1 with one line that begins with "error:", or 2 with the usage; never a traceback."""
    (verb, name), folder = option, tmp_path_factory.mktemp("typed")
    out = ["--out", str(folder / "out")]
    words = {
        "train": ["train", *out, "--steps", "0", "--batch-size", "4"],
        "sample": ["sample", str(run), *out, "--count", "2"],
        "evaluate": ["evaluate", str(run), "--count", "2"],
    }[verb]
    if name == "--steps" and isinstance(value, int) and value > 0:
        value = -value  # a run of so many steps would be begun
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main([*words, f"{name}={value}"])
        except SystemExit as usage:
            code = usage.code
    lines = [line for line in said.getvalue().splitlines() if line and "step/s" not in line]
    assert code in (0, 1, 2), (words, name, value)
    if code == 1:
        assert lines[-1].startswith("error: ")
        assert "Traceback" not in said.getvalue()
    if code == 2:
        assert lines[0].startswith("usage: ")


def test_more_than_the_memory_is_refused_in_words(run, capsys, tmp_path):
    assert main(["train", "--out", str(tmp_path), *SMALL[:-1], "2000000000"]) == 1
    assert "batch_size=2000000000 cannot fit" in capsys.readouterr().err
    assert (
        main(["sample", str(run), "--count", "2000000000", "--out", str(tmp_path / "a.png")]) == 1
    )
    assert "cannot fit" in capsys.readouterr().err
    assert main(["sample", str(run), "--seed", str(2**64), "--out", str(tmp_path / "a.png")]) == 1
    assert "seed must be below" in capsys.readouterr().err


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


def test_a_set_of_seven_classes_in_colour_is_one_of_seven_classes(tmp_path, monkeypatch, capsys):
    """Nothing is wired to ten digits: labels that were never trained are neither drawn nor scored."""
    faces = Images(torch.randint(0, 256, (70, 3, 6, 5), dtype=torch.uint8), torch.arange(70) % 7)
    monkeypatch.setattr(cli, "load", lambda *_, **options: faces)
    folder = tmp_path / "run"
    words = ["train", "--recipe", "conditional", "--data", "tfd", "--out", str(folder), *SMALL]
    assert main(words) == 0
    run = cli.trained(folder)
    assert run.note["classes"] == run.generator.classes == 7
    assert png_size(folder / "samples" / "0000002.png")[1] > 10 * 6
    asked, real = [], cli.sample

    def spy(generator, prior, n, *, seed, labels):
        asked.append(labels)
        return real(generator, prior, n, seed=seed, labels=labels)

    monkeypatch.setattr(cli, "sample", spy)
    out = ["--out", str(tmp_path / "a.png"), "--count", "20"]
    assert main(["sample", str(folder), *out]) == 0
    assert main(["sample", str(folder), *out, "--label", "6"]) == 0
    assert main(["evaluate", str(folder), "--count", "20"]) == 0
    assert all(labels.max() <= 6 for labels in asked)
    assert len(asked) == 3
    assert main(["sample", str(folder), *out, "--label", "7"]) == 1
    assert "--label must be from 0 to 6, got 7" in capsys.readouterr().err


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
    assert pair.prior.dim in (32, 64, 100)


def test_the_papers_generator_starts_from_the_training_rows_alone():
    bias = RECIPES["paper-mnist"].build().generator[-2].bias
    torch.testing.assert_close(bias.detach(), logit_of_marginals(load("mnist-10k").images))

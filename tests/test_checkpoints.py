"""Whole or not there: bytes changed anywhere are noticed, and a killed run resumes to the same
bits.
"""

import contextlib
import copy
import errno
import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial._engine import checkpoints
from gan_tutorial._engine.run import fingerprint
from gan_tutorial.networks import Uniform, mlp_pair
from gan_tutorial.objectives import (
    HINGE,
    NON_SATURATING,
    R3GAN,
    WGAN,
    WGAN_GP,
    clip,
    gradient_penalty,
    zero_centred_penalty,
)
from gan_tutorial.optimizers import adam, linear, sgd
from gan_tutorial.training import DivergenceError, train

STATE = {"a": torch.arange(5.0), "b": {"c": [1, 2.5, "x", None, True]}}
SERVER = """
    import os, sys, torch
    torch.set_num_threads(1)
    from gan_tutorial.networks import mlp_pair
    from gan_tutorial.optimizers import linear
    from gan_tutorial.training import train

    def run(path, steps, every):
        pair = mlp_pair(4, 2, (8,), (8,), dropout=0.3)
        data = torch.rand(64, 4, generator=torch.Generator().manual_seed(0))
        for snapshot in train(pair, data, steps=steps, every=every, batch_size=8, ema=0.9,
                              schedules={"lr": linear(1, 0, steps)}, checkpoint=path, resume=True):
            pass

    run(sys.argv[1], 2, 2)  # what PyTorch imports at its first step is imported once
    for line in sys.stdin:  # every run is a process of its own
        path, steps, every = line.split()
        process = os.fork()
        if process == 0:
            run(path, int(steps), int(every))
            os._exit(0)
        print(process, flush=True)
        print(os.waitpid(process, 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    warm_up = tmp_path_factory.mktemp("server") / "warm-up.pt"
    environment = dict(os.environ, PYTHONPATH=str(Path(checkpoints.__file__).parents[2]))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(warm_up)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()
    process.stderr.close()


def start(server, path, steps=60, every=2):
    """Ask for a training run that saves itself in `path`; its process number."""
    server.stdin.write(f"{path} {steps} {every}\n")
    server.stdin.flush()
    return int(server.stdout.readline())


def end(server):
    """Wait for the run; 0 when it came to its end, else the signal or error that ended it."""
    return int(server.stdout.readline())


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def without_time(path):
    return {k: v for k, v in checkpoints.load(path).items() if k != "seconds"}


def test_what_is_saved_is_loaded(tmp_path):
    checkpoints.save(tmp_path / "a.pt", STATE)
    assert equal(checkpoints.load(tmp_path / "a.pt"), STATE)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


@given(position=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
@settings(deadline=None, max_examples=40)
def test_a_changed_byte_anywhere_is_noticed_and_the_file_left(tmp_path_factory, position, change):
    path = tmp_path_factory.mktemp("changed") / "a.pt"
    checkpoints.save(path, STATE)
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= change
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"not a checkpoint|cut short or changed"):
        checkpoints.load(path)
    assert path.read_bytes() == data


@given(share=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=20)
def test_a_truncated_file_is_noticed(tmp_path_factory, share):
    path = tmp_path_factory.mktemp("short") / "a.pt"
    checkpoints.save(path, STATE)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"not a checkpoint|cut short or changed"):
        checkpoints.load(path)


def test_a_foreign_file_and_a_missing_one_are_named(tmp_path):
    torch.save(STATE, tmp_path / "foreign.pt")
    with pytest.raises(ValueError, match=r"foreign\.pt is not a checkpoint of gan_tutorial"):
        checkpoints.load(tmp_path / "foreign.pt")
    with pytest.raises(FileNotFoundError):
        checkpoints.load(tmp_path / "missing.pt")


class Bomb:
    def __reduce__(self):
        return (print, ("code in a checkpoint was run",))


def test_no_code_in_a_file_is_run(tmp_path, capsys):
    checkpoints.save(tmp_path / "bomb.pt", {"x": Bomb()})
    with pytest.raises(ValueError, match=r"bomb\.pt holds more than tensors and plain values"):
        checkpoints.load(tmp_path / "bomb.pt")
    assert capsys.readouterr().out == ""


def test_a_failing_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "a.pt"
    checkpoints.save(path, STATE)
    with pytest.raises(
        Exception, match=r"[Pp]ickle|local object"
    ):  # each Python says it its own way
        checkpoints.save(path, {"f": lambda: None})
    assert equal(checkpoints.load(path), STATE)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_a_disk_that_fails_midway_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    checkpoints.save(path, STATE)

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(path, {"b": 1})
    assert equal(checkpoints.load(path), STATE)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_kill_9_at_any_moment_and_resume_gives_the_same_bits(tmp_path, server):
    """Weights, average, optimisers, randomness and losses after 20 kills and more are the same."""
    start(server, tmp_path / "warm-up.pt", steps=2)
    assert end(server) == 0
    began = time.perf_counter()
    start(server, tmp_path / "whole.pt")
    assert end(server) == 0
    duration = time.perf_counter() - began
    expected = without_time(tmp_path / "whole.pt")
    path, rng, kills, finished = tmp_path / "killed.pt", random.Random(0), 0, 0
    while kills < 20 or finished == 0:
        process = start(server, path)
        time.sleep(rng.random() * duration / 2)
        with contextlib.suppress(ProcessLookupError):  # it may have come to its end
            os.kill(process, signal.SIGKILL)
        status = end(server)
        assert status in (0, signal.SIGKILL)
        kills += status == signal.SIGKILL
        if path.exists():
            checkpoints.load(path)  # whatever moment it was, the file is whole
        if status == 0:
            finished += 1
            assert equal(without_time(path), expected)
            assert [p.name for p in tmp_path.glob(".*")] == []  # nothing half-written stays
            path.unlink()


@pytest.fixture
def interruptible():
    """SIGINT as a terminal leaves it: a script's background and many job runners start processes
    that ignore it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(step):
    """A schedule that presses Ctrl-C in the fourth step."""
    if step == 3:
        signal.raise_signal(signal.SIGINT)
    return 1.0


PRESSED = {"every": 50, "schedules": {"lr": press}}


def test_ctrl_c_saves_and_says_how_to_resume(tmp_path, interruptible):
    """In a run between two snapshots: the step is completed, saved, and named."""
    path = tmp_path / "a.pt"
    with pytest.raises(KeyboardInterrupt, match=r"stopped after step 4, saved in .*resume=True"):
        small(path, steps=100, **PRESSED)
    assert checkpoints.load(path)["step"] == 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    whole = small(tmp_path / "b.pt", steps=10, every=50)[-1]
    again = small(path, steps=10, resume=True, **PRESSED)
    assert [s.step for s in again] == [4, 10]
    assert equal(again[-1].generator.state_dict(), whole.generator.state_dict())


def test_a_run_in_the_background_of_a_script_is_not_stopped_by_ctrl_c(tmp_path, interruptible):
    """The shell has it ignore SIGINT, which goes to all that was started from one terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path = tmp_path / "a.pt"
    assert small(path, steps=6, **PRESSED)[-1].step == 6
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


DATA = torch.rand(32, 4, generator=torch.Generator().manual_seed(0))


def small(path, **changes):
    pair = mlp_pair(4, 2, (8,), (8,), seed=0)
    arguments = {"data": DATA, "steps": 4, "every": 2, "batch_size": 8, "checkpoint": path}
    return list(train(pair, **arguments | changes))


def test_resuming_yields_where_it_resumes_and_goes_on(tmp_path):
    small(tmp_path / "a.pt")
    steps = [s.step for s in small(tmp_path / "a.pt", steps=8, resume=True)]
    assert steps == [4, 6, 8]
    whole = small(tmp_path / "b.pt", steps=8)[-1]
    again = small(tmp_path / "a.pt", steps=8, resume=True)[-1]
    assert equal(again.generator.state_dict(), whole.generator.state_dict())
    assert equal(again.history, whole.history)


CHANGES = {  # of a run that is resumed, and the field that must be named
    "batch": ({"batch_size": 4}, "made with batch_size = 8, this run has 4"),
    "average": ({"ema": 0.5}, r"made with ema = None, this run has 0\.5"),
    "objective": (
        {"objective": HINGE},
        r"objective\.name = 'non-saturating', this run has 'hinge'",
    ),
    "its numbers": (
        {"objective": replace(NON_SATURATING, constrain=clip(0.5))},
        r"objective\.constrain = 'unconstrained', this run has .*'limit': 0\.5",
    ),
    "optimiser": ({"optimizers": (sgd(), sgd())}, r"optimizers\[0\].* = .*'adam.*has .*'sgd"),
    "rate": ({"optimizers": (adam(), adam(1e-3))}, r"optimizers\[1\]\.lr = 0\.0002, .* 0\.001"),
    "schedule": ({"schedules": {"lr": linear(1, 0, 5)}}, r"schedules = \{\}, this run has \{'lr'"),
    "seed": ({"seed": 1}, "seed = 0, this run has 1"),
    "other data of the same shape": ({"data": 1 - DATA}, r"data\.sha256 = "),
}


@pytest.mark.parametrize(
    ("kept", "own"),
    [
        (WGAN_GP, replace(WGAN_GP, penalty=gradient_penalty(1.0))),
        (replace(WGAN, constrain=clip(0.1)), replace(WGAN, constrain=clip(0.2))),
        (R3GAN, replace(R3GAN, penalty=zero_centred_penalty(1.0, on_fake=False))),
    ],
    ids=["weight", "limit", "side"],
)
def test_a_checkpoint_knows_its_objectives_numbers(tmp_path, kept, own):
    small(tmp_path / "a.pt", objective=kept)
    with pytest.raises(ValueError, match=r"made with objective\.(penalty|constrain)\.\w+ = "):
        small(tmp_path / "a.pt", objective=own, resume=True)
    small(tmp_path / "a.pt", objective=copy.deepcopy(kept), resume=True)


def test_functions_are_told_apart_by_what_they_hold():
    same = partial(torch.optim.AdamW, lr=0.1), partial(torch.optim.AdamW, lr=0.1)
    assert checkpoints.plain(same[0]) == checkpoints.plain(same[1])
    other = partial(torch.optim.AdamW, lr=0.2), partial(torch.optim.SGD, lr=0.1)
    assert all(checkpoints.plain(f) != checkpoints.plain(same[0]) for f in other)
    halves, thirds = (lambda step: step / 2), (lambda step: step / 3)
    assert checkpoints.plain(halves) != checkpoints.plain(thirds)
    assert checkpoints.plain(linear(1, 0, 5)) == checkpoints.plain(linear(1, 0, 5))
    assert checkpoints.plain(linear(1, 0, 5)) != checkpoints.plain(linear(1, 0, 6))


def test_an_existing_file_is_not_overwritten_and_another_runs_is_refused(tmp_path):
    path = tmp_path / "a.pt"
    small(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="resume=True goes on from it"):
        small(path)
    for change, message in CHANGES.values():
        with pytest.raises(ValueError, match=message):
            small(path, resume=True, **change)
    assert path.read_bytes() == before


def test_a_run_may_move_to_a_machine_whose_products_round_otherwise(tmp_path):
    small(tmp_path / "a.pt", autocast=torch.bfloat16)
    with pytest.warns(UserWarning, match=r"autocast = torch\.bfloat16 and goes on with None"):
        assert small(tmp_path / "a.pt", steps=6, resume=True)[-1].step == 6
    small(tmp_path / "a.pt", steps=8, resume=True)  # as it was saved last: not a word


def test_a_missing_folder_is_named_before_training(tmp_path):
    with pytest.raises(ValueError, match=r"folder .* does not exist"):
        small(tmp_path / "nowhere" / "a.pt")
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        small(None, resume=True)


def a_run(path, **changes):
    """As `small`, but not iterated yet."""
    pair = mlp_pair(4, 2, (8,), (8,), seed=0)
    arguments = {"steps": 4, "every": 2, "batch_size": 8, "checkpoint": path}
    return train(pair, DATA, **arguments | changes)


def test_one_process_owns_a_checkpoint_and_a_second_is_told_who(tmp_path):
    path = tmp_path / "a.pt"
    first = a_run(path)
    next(first)
    (tmp_path / f".a.pt.{os.getpid()}.partial").write_bytes(b"being written just now")
    before = path.read_bytes()
    for resume in (False, True):
        with pytest.raises(ValueError, match=f"being written by process {os.getpid()} on .*since"):
            small(path, resume=resume)
    assert path.read_bytes() == before
    assert (tmp_path / f".a.pt.{os.getpid()}.partial").exists()  # swept by its owner alone
    assert [shot.step for shot in first] == [2, 4]
    assert [shot.step for shot in small(path, steps=6, resume=True)] == [4, 6]


def test_the_owner_lets_go_however_it_ends(tmp_path):
    path = tmp_path / "a.pt"
    run = a_run(path)
    next(run)
    run.close()
    assert list(run) == []  # it trains no further
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]
    with pytest.raises(ValueError, match="resume=True goes on from it"):
        small(path)
    with pytest.raises(ValueError, match="made with batch_size"):
        small(path, batch_size=4, resume=True)
    with pytest.raises(DivergenceError):
        small(tmp_path / "b.pt", optimizers=(sgd(1e30), sgd(1e30)))
    assert [p.name for p in tmp_path.glob(".*")] == []


def test_a_forked_child_does_not_let_go_of_its_parents_file(tmp_path):
    """Workers that a caller forks inherit the run, and drop it when they end."""
    path = tmp_path / "a.pt"
    owner = checkpoints.own(path, resume=False)
    owner.process += 1  # what a child sees
    owner.release()
    with pytest.raises(ValueError, match="is being written by process"):
        small(path)
    owner.process -= 1
    owner.release()
    assert len(small(path)) == 3


def test_a_lock_that_a_killed_process_left_is_named_and_taken_over(tmp_path):
    path = tmp_path / "a.pt"
    small(path)
    (tmp_path / ".a.pt.lock").write_text("process 4000000 on elsewhere, since 2026-01-01")
    (tmp_path / ".a.pt.4000000.partial").write_bytes(b"half")
    with pytest.warns(UserWarning, match=r"a\.pt: process 4000000 on elsewhere.* ended without"):
        shots = small(path, steps=6, resume=True)
    assert [shot.step for shot in shots] == [4, 6]
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_where_nothing_can_be_locked_training_goes_on_with_a_warning(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError("no locks on this file system")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.warns(UserWarning, match="cannot be locked on this system"):
        small(tmp_path / "a.pt")
    assert checkpoints.load(tmp_path / "a.pt")["step"] == 4


PAIRS = """
    import json, os, random, sys, time, torch
    torch.set_num_threads(1)
    from gan_tutorial.networks import mlp_pair
    from gan_tutorial.training import train

    def run(path, resume):
        pair = mlp_pair(4, 2, (8,), (8,), seed=0)
        data = torch.rand(32, 4, generator=torch.Generator().manual_seed(0))
        for _ in train(pair, data, steps=12, every=1, batch_size=8, checkpoint=path, resume=resume):
            pass

    def child(path, resume, wait):
        time.sleep(wait)
        try:
            run(path, resume)
        except ValueError as error:
            said = str(error)
            os._exit(3 if "is being written by" in said else 4 if "exists" in said else 1)
        os._exit(0)

    folder, rng = sys.argv[1], random.Random(0)
    run(f"{folder}/whole.pt", False)
    start = time.perf_counter()
    run(f"{folder}/timed.pt", False)
    length = time.perf_counter() - start
    results = []
    for i in range(24):
        resume, processes = i % 2 == 1, []
        for wait in (0, rng.uniform(0, 1.5 * length) if i > 3 else 0):
            process = os.fork()
            if process == 0:
                child(f"{folder}/{i}.pt", resume, wait)
            processes.append(process)
        codes = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]
        results.append((resume, codes))
    print(json.dumps(results))
"""


def test_two_processes_started_on_one_file_lose_nothing(tmp_path):
    """One trains to its end; the other is refused in words, or comes after it and goes on."""
    environment = dict(os.environ, PYTHONPATH=str(Path(checkpoints.__file__).parents[2]))
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(PAIRS), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == 24
    whole = without_time(tmp_path / "whole.pt")
    for i, (resume, codes) in enumerate(results):
        assert set(codes) <= ({0, 3} if resume else {0, 3, 4}), (i, codes)
        assert 0 in codes
        assert resume or codes.count(0) == 1
        assert equal(without_time(tmp_path / f"{i}.pt"), whole)
    assert any(3 in codes for _, codes in results)
    assert [p.name for p in tmp_path.glob(".*")] == []


def test_fewer_steps_than_were_taken_rewrite_nothing(tmp_path):
    path = tmp_path / "a.pt"
    small(path, steps=6)
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"steps must be at least the 6 that .*a\.pt has taken, got 2"
    ):
        small(path, steps=2, resume=True)
    assert path.read_bytes() == before


def as_if_made_on(path, kind, size):
    """The checkpoint as a run on another kind of device leaves it: its streams have other states."""
    state = checkpoints.load(path)
    states = {name: torch.zeros(size, dtype=torch.uint8) for name in ("rng", "layers")}
    checkpoints.save(path, state | {"randomness": {**states, "device": kind}})


@pytest.mark.parametrize(("kind", "size"), [("cuda", 16), ("mps", 44)])
def test_a_checkpoint_moves_to_another_kind_of_device(tmp_path, kind, size):
    path = tmp_path / "a.pt"
    kept = small(path, ema=0.9)[-1]
    as_if_made_on(path, kind, size)
    words = f"made on {kind} and goes on on cpu: .* start anew from seed 0 and step 4"
    with pytest.warns(UserWarning, match=words) as warned:
        first, *_, last = small(path, steps=8, ema=0.9, resume=True)
    assert len(warned) == 1
    assert first.step == 4
    assert equal(last.history["generator"][:4], kept.history["generator"])
    again = tmp_path / "b.pt"
    small(again, ema=0.9)
    as_if_made_on(again, kind, size)
    with pytest.warns(UserWarning, match=words):
        *_, twin = small(again, steps=8, ema=0.9, resume=True)
    assert equal(twin.generator.state_dict(), last.generator.state_dict())  # anew, but not by luck
    *_, unmoved = small(tmp_path / "c.pt", steps=8, ema=0.9)
    assert not equal(unmoved.generator.state_dict(), last.generator.state_dict())


def test_weights_optimiser_and_average_move_with_it(tmp_path):
    path = tmp_path / "a.pt"
    small(path, ema=0.9)
    before = checkpoints.load(path)
    as_if_made_on(path, "cuda", 16)
    with pytest.warns(UserWarning, match="goes on on cpu"):
        small(path, ema=0.9, resume=True)
    after = checkpoints.load(path)
    for part in ("discriminator", "generator", "average", "history"):
        assert equal(after[part], before[part])


def test_a_full_disk_at_any_write_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    """Writes fail one after the other: opening, writing, flushing to the disk, moving into place."""
    path = tmp_path / "a.pt"
    small(path)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    for where in ("os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patch:
            patch.setattr(where, full)
            with pytest.raises(OSError, match="No space left"):
                small(path, steps=6, resume=True)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
        with pytest.raises(OSError, match="File too large"):
            small(path, steps=6, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before
    assert [shot.step for shot in small(path, steps=6, resume=True)] == [4, 6]


class Weighing:
    def __init__(self, weight):
        self.weight = weight

    def factor(self, step):
        return 1 / (1 + self.weight * step)


def falling(step, by=100):
    return 1 / (1 + step / by)


def falling_faster(step, by=10):
    return 1 / (1 + step / by)


falling_faster.__qualname__ = "falling"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Weighing(100).factor, Weighing(2).factor),
        (lambda step: 1 - step / 100, lambda step: 1 + step / 100),
        (falling, falling_faster),
    ],
    ids=["an object's own numbers", "an operator", "a default"],
)
def test_a_run_that_differs_inside_a_function_is_another_one(one, other):
    assert checkpoints.plain(one) == checkpoints.plain(one)
    assert checkpoints.plain(one) != checkpoints.plain(other)


def test_tensors_are_told_apart_by_their_numbers():
    assert checkpoints.plain(torch.ones(3)) == checkpoints.plain(torch.ones(3))
    assert checkpoints.plain(torch.ones(3)) != checkpoints.plain(torch.zeros(3))
    checkpoints.plain(torch.tensor(1.0, dtype=torch.bfloat16))
    checkpoints.plain(np.array(["2026-01-02"], "datetime64[D]"))


def test_a_column_of_a_table_is_known_by_its_numbers_and_labels_by_being_there():
    table = torch.arange(12).reshape(6, 2)
    for column, whole in ((table[:, :1], table[:, :1].clone()), (table[:, 0], table[:, 0].clone())):
        assert checkpoints.plain(column) == checkpoints.plain(whole)
        assert checkpoints.plain(column.numpy()) == checkpoints.plain(whole.numpy())
    labelled, bare = fingerprint(table.float(), table[:, 0]), fingerprint(table.float(), None)
    assert checkpoints.difference(labelled, bare, "data") == ("data.labels", True, False)
    assert fingerprint(table.float(), table[:, 0].clone()) == labelled
    assert fingerprint(table.float(), table[:, 1]) != labelled


def test_another_prior_or_another_activation_is_another_run(tmp_path):
    def go(path, prior=None, activation=None, **options):
        pair = mlp_pair(4, 2, (8,), (8,))
        if prior is not None:
            pair = pair._replace(prior=prior)
        if activation is not None:
            layers = [
                activation if isinstance(m, torch.nn.LeakyReLU) else m for m in pair.discriminator
            ]
            pair = pair._replace(discriminator=torch.nn.Sequential(*layers))
        return list(train(pair, torch.rand(16, 4), batch_size=4, checkpoint=path, **options))

    data = tmp_path / "run.pt"
    torch.manual_seed(0)
    go(data, steps=1, note={"who": "me"})
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="made with prior"):
        go(data, Uniform(2), steps=2, resume=True)
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"made with layers.discriminator.*LeakyReLU"):
        go(data, activation=torch.nn.ELU(), steps=2, resume=True)
    torch.manual_seed(0)
    go(data, steps=2, resume=True)
    assert checkpoints.load(data)["note"] == {"who": "me"}  # kept, where no other is given


def test_only_what_is_left_of_this_very_file_is_swept(tmp_path):
    for name in (
        ".run.4711.partial",
        ".run.pt.4711.partial",
        ".run[1].4711.partial",
        ".run1.4711.partial",
    ):
        (tmp_path / name).touch()
    checkpoints.Owner(tmp_path / "run").release()
    checkpoints.Owner(tmp_path / "run[1]").release()
    assert {path.name for path in tmp_path.iterdir()} == {
        ".run.pt.4711.partial",
        ".run1.4711.partial",
    }


def test_ctrl_c_while_a_checkpoint_is_written_stops_after_it(tmp_path, interruptible, monkeypatch):
    write = checkpoints.save

    def press_and_write(path, state):
        if state["step"] == 4:
            os.kill(os.getpid(), signal.SIGINT)
        write(path, state)

    monkeypatch.setattr(checkpoints, "save", press_and_write)
    path = tmp_path / "a.pt"
    with pytest.raises(KeyboardInterrupt, match="stopped after step 4, saved in"):
        small(path, steps=20, every=2)
    assert checkpoints.load(path)["step"] == 4


def test_what_lies_in_itself_or_only_somewhere_in_memory_is_named():
    class Busy:
        def __init__(self):
            self.log, self.lock, self.me, self.rate = logging.getLogger("x"), Lock(), self, 0.5

        def factor(self, step, nothing=object()):  # noqa: B008
            return self.rate

    one, other = Busy(), Busy()
    assert checkpoints.plain(one.factor) == checkpoints.plain(other.factor)
    other.rate = 0.25
    assert checkpoints.plain(one.factor) != checkpoints.plain(other.factor)
    assert checkpoints.plain(lambda s: -s) != checkpoints.plain(lambda s: +s)
    long = np.zeros(5000)
    assert checkpoints.plain(long) != checkpoints.plain(long + (np.arange(5000) == 2500))

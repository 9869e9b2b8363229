"""Two real processes on gloo, launched as torchrun launches them, against one with the joint batch."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from gan_tutorial._engine import checkpoints, devices
from gan_tutorial.networks import mlp_pair
from gan_tutorial.objectives import OBJECTIVES
from gan_tutorial.training import train

SCRIPT = """
    import os, signal, sys, torch
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests ignore it
    from gan_tutorial._engine import checkpoints, devices
    from gan_tutorial.networks import mlp_pair
    from gan_tutorial.objectives import OBJECTIVES
    from gan_tutorial.optimizers import sgd
    from gan_tutorial.training import train

    folder = sys.argv[1]
    with devices.launched():
        rank = devices.rank()
        data = torch.rand(64, 4, generator=torch.Generator().manual_seed(0))
        for name, objective in OBJECTIVES.items():
            pair = mlp_pair(4, 2, (8,), (8,), classes=3, seed=rank)  # rank 0's weights shall count
            run = train(pair, data, labels=torch.arange(64) % 3, objective=objective, steps=3,
                        batch_size=8, critic_steps=2, ema=0.9, optimizers=(sgd(0.01), sgd(0.01)),
                        checkpoint=f"{folder}/{name}-of-rank-{rank}.pt")
            shot = list(run)[-1]
            checkpoints.save(f"{folder}/{name}-{rank}.result", {
                "generator": shot.generator.state_dict(), "average": shot.average.state_dict(),
                "discriminator": shot.discriminator.state_dict(), "history": shot.history})
        pair = mlp_pair(4, 2, (8,), (64,), dropout=0.5)
        *_, drop = (m for m in pair.discriminator.modules() if isinstance(m, torch.nn.Dropout))
        dropped = []
        drop.register_forward_hook(lambda module, x, y: dropped.append((y == 0).int()))
        list(train(pair, data, steps=1, batch_size=8))
        checkpoints.save(f"{folder}/dropped-{rank}.result", {"rows": dropped[-1]})
        def dropping():
            return mlp_pair(4, 2, (8,), (16,), dropout=0.5)
        def of(name, pair, steps, **options):
            *_, shot = train(pair, data, steps=steps, batch_size=8, every=1_000,
                             checkpoint=f"{folder}/{name}", **options)
            networks = shot.generator, shot.discriminator
            return torch.cat([p.flatten() for network in networks for p in network.parameters()])
        straight = of("straight", dropping(), 6)
        of("stopped", dropping(), 3)
        resumed = of("stopped", dropping(), 6, resume=True)
        checkpoints.save(f"{folder}/resumed-{rank}.result", {"a": straight, "b": resumed})
        pair, seen = dropping(), []
        def press(*_):
            seen.append(1)
            if len(seen) == 30 and rank == devices.size() - 1:
                os.kill(os.getpid(), signal.SIGINT)
        pair.generator.register_forward_hook(press)
        try:
            of("pressed", pair, 1_000_000)
        except KeyboardInterrupt as stopped:
            print(stopped)
        try:
            train(pair, data, steps=1, batch_size=7)
        except ValueError as error:
            print(error)
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launch(folder, size):
    """Start `size` processes with torchrun's own environment variables; their outputs."""
    common = {
        "PYTHONPATH": str(Path(devices.__file__).parents[2]),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(size),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert all(process.returncode == 0 for process in processes), outputs
    return [out for out, _ in outputs]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    return one, two, launch(one, 1), launch(two, 2)


def test_two_processes_take_the_steps_of_one_with_the_joint_batch(folders):
    """Plain gradient descent for three steps of both players: gradients, losses, averages agree, to
    the rounding of sums over 8 rows in three layers of 11 terms at most, forth and back.
    """
    one, two, *_ = folders
    close = 8 * 2 * 3 * 11 * torch.finfo(torch.float32).eps
    for name in OBJECTIVES:
        alone = checkpoints.load(one / f"{name}-0.result")
        for rank in (0, 1):
            joint = checkpoints.load(two / f"{name}-{rank}.result")
            for part, values in alone.items():
                for key, value in values.items():
                    torch.testing.assert_close(joint[part][key], value, rtol=close, atol=close)


def test_each_process_has_dropout_of_its_own(folders):
    """The same units dropped in both would make the joint batch's dropout half as random."""
    one, two = (checkpoints.load(folders[1] / f"dropped-{rank}.result")["rows"] for rank in (0, 1))
    assert 0.4 < (one != two).float().mean() < 0.6


def test_a_resumed_run_of_two_processes_has_the_bits_of_one_that_was_not_stopped(folders):
    for folder, rank in ((folders[0], 0), (folders[1], 0), (folders[1], 1)):
        both = checkpoints.load(folder / f"resumed-{rank}.result")
        assert torch.equal(both["a"], both["b"])


def test_ctrl_c_in_one_process_stops_all_at_one_step_and_saves_it(folders):
    for folder, outputs in zip(folders[:2], folders[2:], strict=True):
        said = {line for out in outputs for line in out.splitlines() if "stopped after" in line}
        assert len(said) == 1
        taken = checkpoints.load(folder / "pressed")["step"]
        assert 20 < taken < 100
        assert f"stopped after step {taken}, saved in" in said.pop()


def test_only_rank_0_writes(folders):
    _, two, *_ = folders
    written = {path.name for path in two.glob("*.pt")}
    assert written == {f"{name}-of-rank-0.pt" for name in OBJECTIVES}


def test_a_batch_that_cannot_be_shared_is_named(folders):
    for output in folders[3]:
        assert "batch_size must be a multiple of the 2 processes, got 7" in output


def test_alone_nothing_is_exchanged():
    x = torch.arange(4.0)
    assert devices.rank() == 0
    assert devices.size() == 1
    assert devices.own_rows(x) is x
    assert devices.from_rank_0(x) is x
    devices.average_([x])
    assert torch.equal(x, torch.arange(4.0))
    with devices.launched() as device:  # not started by torchrun: nothing is joined
        assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")
        assert devices.size() == 1
    assert len(list(train(mlp_pair(4, 2), torch.rand(8, 4), steps=1))) == 2

"""Weights that come with the package: what is kept of a run, and that it is still the run's."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial import recorded
from gan_tutorial._engine import checkpoints, cli
from gan_tutorial.training import sample
from recordings import runs
from recordings.__main__ import main


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A run of four steps and its weights."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    changes = {"steps": 4, "every": 4, "batch_size": 8, "autocast": None}
    cli.run_training("mnist-short", folder, seed=3, resume=False, root="data", changes=changes)
    out = folder.parent / "weights"
    runs.weights(folder, out)
    return folder, out


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 999), st.sampled_from((1e-6, 1.0, 1e6)))
@settings(deadline=None, max_examples=30)
def test_bytes_are_within_half_a_level_of_the_matrix(rows, columns, seed, size):
    rng = torch.Generator().manual_seed(seed)
    matrix = size * torch.randn(rows, columns, generator=rng)
    kept = recorded._unpacked(runs.packed("w", matrix))["w"]
    level = matrix.abs().amax(1, keepdim=True) / 127
    assert kept.dtype == torch.float32
    assert ((kept - matrix).abs() <= 0.5001 * level).all()


def test_vectors_counts_and_rows_of_zeros_are_kept_as_they_are():
    for tensor in (torch.randn(5), torch.tensor(7), torch.zeros(2, 3)):
        kept = recorded._unpacked(runs.packed("t", tensor))["t"]
        assert kept.dtype == tensor.dtype
        assert torch.equal(kept, tensor)


def test_kept_pair_is_the_run_s_average_and_its_critic(tiny):
    folder, out = tiny
    pair = recorded.pair("mnist-short", out)
    run = cli.trained(folder)
    generator, prior = run.generator, run.prior
    ours, theirs = sample(pair.generator, pair.prior, 64), sample(generator, prior, 64)
    assert (ours - theirs).abs().max() < 0.02
    state = checkpoints.load(folder / "checkpoint.pt")["discriminator"]["network"]
    for name, tensor in pair.discriminator.state_dict().items():
        assert (tensor - state[name]).abs().max() <= state[name].abs().max() / 127
    for network in pair[:2]:
        assert not network.training
        assert not any(p.requires_grad for p in network.parameters())


def test_long_run_of_the_book_draws_the_digits_of_its_record():
    pair = recorded.pair("mnist-long")
    arrays, _ = recorded.read("mnist-long")
    drawn = sample(pair.generator, pair.prior, 10_000)[: runs.DIGITS]
    gap = drawn - torch.from_numpy(arrays["digits"]).flatten(1) / 255
    assert gap.square().mean() < 1e-3  # eight bits for a weight leave the pictures as they were


def test_weights_say_where_they_come_from_and_are_small():
    for path in (recorded.FOLDER / "weights").glob("*.npz"):
        note = json.loads(path.with_suffix(".json").read_text())
        assert {"machine", "date", "versions", "seed", "command", "steps"} <= note.keys()
        assert not any(root in json.dumps(note) for root in ("/tmp", "/home", "/root", "/work"))
        assert path.stat().st_size < 2_000_000
        with np.load(path) as file:
            assert all(np.isfinite(file[name]).all() for name in file.files)


def test_unknown_name_and_empty_folder_are_refused_in_words(tmp_path, capsys):
    with pytest.raises(ValueError, match="mnist-long"):
        recorded.pair("mnist-longer")
    with pytest.raises(ValueError, match=r"run\.json"):
        runs.weights(tmp_path, tmp_path)
    assert main(["weights", str(tmp_path)]) == 1
    assert "error" in capsys.readouterr().err


def test_command_writes_what_load_reads(tiny, tmp_path, capsys):
    folder, _ = tiny
    assert main(["weights", str(folder), "--out", str(tmp_path)]) == 0
    assert "mnist-short.npz" in capsys.readouterr().out
    assert recorded.pair("mnist-short", tmp_path).prior.dim == 100

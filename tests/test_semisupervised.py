"""Features for few labels: the draws, the layers, and a classifier that cannot see the test rows."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from gan_tutorial import metrics, recorded
from gan_tutorial._engine import cli
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import few, few_label_accuracies, hidden_layer
from gan_tutorial.networks import paper_pair
from recordings.__main__ import main


def test_few_takes_as_many_of_each_class_and_none_twice():
    labels = load("mnist-10k").labels
    rows = few(labels, 7, seed=0)
    assert np.bincount(labels[rows]).tolist() == [7] * 10
    assert len(set(rows.tolist())) == 70
    assert (few(labels, 7, seed=0) == rows).all()
    assert (few(labels, 7, seed=1) != rows).any()


@pytest.mark.parametrize("each", [0, 3])
def test_few_refuses_more_than_there_are(each):
    with pytest.raises(ValueError, match="each must be from 1 to 2"):
        few(torch.tensor([0, 0, 1, 1, 1]), each, seed=0)


def test_hidden_layer_is_what_the_network_computes_on_its_way():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    x = torch.randn(5, 4)
    torch.testing.assert_close(hidden_layer(network, 1)(x), network[:2](x))
    torch.testing.assert_close(network[4](hidden_layer(network, 2)(x)), network(x))
    with pytest.raises(ValueError, match="layer must be from 1 to 2"):
        hidden_layer(network, 3)


def test_hidden_layer_is_read_without_dropout():
    """Twice the same but for the rounding of 784 terms; dropout changes every number."""
    features = hidden_layer(paper_pair(seed=0).discriminator, 1)
    x = torch.rand(8, 784)
    close = 784 * torch.finfo(x.dtype).eps
    torch.testing.assert_close(features(x), features(x), rtol=close, atol=close)
    assert features(x).shape == (8, 240)


def labels_of(x):
    """The one-hot labels of the rows x of any split: features that cannot be beaten."""
    for split in metrics.SPLITS:
        images, labels = load("mnist-10k", split)
        if len(images) == len(x) and torch.equal(flatten(images), x):
            return nn.functional.one_hot(labels, 10).float()
    raise AssertionError("rows of no split")


def test_perfect_features_are_perfect_and_empty_ones_guess():
    assert (few_label_accuracies(labels_of, each=2, draws=2) == 1).all()
    guess = few_label_accuracies(lambda x: torch.randn(len(x), 3), each=5, draws=2)
    assert guess.max() < 0.2


def test_accuracy_does_not_depend_on_the_features_scale_or_shift():
    def crops(x):
        return x.unflatten(1, (28, 28))[:, ::4, ::4].flatten(1)

    plain = few_label_accuracies(crops, each=5, draws=2)
    moved = few_label_accuracies(lambda x: 100 * crops(x) - 7, each=5, draws=2)
    np.testing.assert_allclose(plain, moved, atol=0.01)
    assert 0.3 < plain.mean() < 0.9


def test_record_of_the_book_holds_what_the_chapter_quotes():
    note = recorded.read("features")[1]
    names = {r["features"] for r in note["results"]}
    assert {"pixels", "paper-mnist, seed 0, 20000 steps"} <= names
    for result in note["results"]:
        assert len(result["accuracy"]) == 20
        assert 0.5 < np.mean(result["accuracy"]) < 0.95


def test_command_records_a_run_trained_and_untrained(tmp_path, capsys):
    changes = {"steps": 2, "every": 2, "batch_size": 8, "autocast": None}
    cli.run_training("mnist-short", tmp_path / "a", seed=1, root="data", changes=changes)
    out = tmp_path / "features.json"
    options = ["--each", "2", "--draws", "2", "--out", str(tmp_path)]
    assert main(["features", str(tmp_path / "a"), *options]) == 0
    note = json.loads(out.read_text())
    assert [r["features"] for r in note["results"]] == [
        "pixels",
        "mnist-short, seed 1, 0 steps",
        "mnist-short, seed 1, 2 steps",
    ]
    assert "--seed 1 --steps 2 --out runs/mnist-short-1 &&" in note["command"]
    assert main(["features", str(tmp_path / "none"), *options]) == 1
    assert "error" in capsys.readouterr().err


def test_a_hidden_layer_leaves_the_network_in_its_mode():
    network = nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.ReLU(), nn.Linear(3, 1))
    hidden_layer(network, 1)(torch.rand(2, 4))
    assert all(layer.training for layer in network)

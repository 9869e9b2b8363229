"""Inception's features: what reaches the network, and what is said where it or its weights are missing."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from gan_tutorial.__main__ import main
from gan_tutorial.metrics import Reference, inception_judge


class Extractor(nn.Module):
    """Stands in for torch-fidelity's: means and extremes of the pixels, as bytes, for features."""

    def __init__(self, name, features_list, feature_extractor_weights_path):
        super().__init__()
        assert features_list == ["2048"]
        self.load_state_dict({})
        self.scale = nn.Parameter(torch.load(feature_extractor_weights_path)["scale"])

    def forward(self, x):
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        flat = x.flatten(1).float()
        return (self.scale * torch.stack([flat.mean(1), flat.amin(1), flat.amax(1)], 1),)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    package, module = (
        ModuleType("torch_fidelity"),
        ModuleType("torch_fidelity.feature_extractor_inceptionv3"),
    )
    module.FeatureExtractorInceptionV3 = Extractor
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    path = tmp_path / "weights.pth"
    torch.save({"scale": torch.ones(())}, path)
    return path


def test_pixels_come_as_bytes_and_grey_as_three_channels(weights):
    rows = torch.tensor([[0.0, 0.25, 1.0, 0.5]])  # 0, 64, 255, 128
    features = inception_judge((1, 2, 2), weights).features(rows)
    assert features.tolist() == [[pytest.approx((64 + 255 + 128) / 4), 0, 255]]
    colour = inception_judge((3, 1, 1), weights).features(torch.tensor([[0.0, 0.2, 1.0]]))
    assert colour.tolist() == [[pytest.approx((51 + 255) / 3), 0, 255]]


def test_it_judges_like_any_other_and_reads_no_labels(weights):
    judge, rng = inception_judge((1, 2, 2), weights), torch.Generator().manual_seed(0)
    rows = torch.rand(3, 60, 4, generator=rng)
    reference = Reference(judge, *rows, torch.zeros(60, dtype=torch.int64))
    scores = reference.scores(torch.rand(60, 4, generator=rng))
    assert scores["frechet"].value > 0
    assert scores["modes"].value is None
    assert "reads no labels" in scores["modes"].reason
    assert not judge.reads


def test_what_cannot_be_is_said(weights, tmp_path, monkeypatch):
    with pytest.raises(
        ValueError, match=r"shape must be \(1, h, w\) or \(3, h, w\), got \(4, 2, 2\)"
    ):
        inception_judge((4, 2, 2), weights)
    with pytest.raises(ValueError, match=r"nowhere\.pth is no file"):
        inception_judge((1, 2, 2), tmp_path / "nowhere.pth")
    (tmp_path / "torn.pth").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"torn\.pth does not hold Inception's weights"):
        inception_judge((1, 2, 2), tmp_path / "torn.pth")
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(ImportError, match=r"pip install gan-tutorial\[inception\]"):
        inception_judge((1, 2, 2), weights)


def test_the_command_takes_its_weights(tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", "--recipe", "mnist-short", "--steps", "1", "--out", out]) == 0
    assert main(["evaluate", out, "--inception", str(tmp_path / "nowhere.pth")]) == 1
    assert "nowhere.pth is no file" in capsys.readouterr().err

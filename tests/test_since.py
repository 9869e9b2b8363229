"""The record of "Since 2014": that it runs the chapter's own cells, that all variants had one search, and the cells."""

import json
import math

import numpy as np
import pytest
import torch

from gan_tutorial import recorded
from recordings import since


@pytest.fixture(scope="module")
def names():
    return since.chapter()


@pytest.fixture(scope="module")
def note():
    return recorded.read("since-2014")[1]


def test_a_notebook_without_marked_cells_is_refused(tmp_path):
    notebook = tmp_path / "empty.ipynb"
    notebook.write_text(
        json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": ["x = 1"]}]})
    )
    with pytest.raises(ValueError, match=r'empty\.ipynb has no cell tagged "recorded"'):
        since.chapter(notebook)


def test_every_variant_of_the_ring_had_the_same_search(note):
    for name, part in note["ring"].items():
        assert len(part["validation"]) == len(since.RATES) * 2, name
        assert part["chosen"] == min(part["validation"], key=part["validation"].get)
        assert len(part["runs"]) == len(since.SEEDS)
    for name in since.STUDENTS:
        part = note["students"][name]
        assert set(part["validation"]) == {f"{rate:g}" for rate in since.STUDENT_RATES}
        assert part["rate"] == float(min(part["validation"], key=part["validation"].get))
        assert len(part["runs"]) == len(since.STUDENT_SEEDS)
    for name in since.DIVERGENCES:
        part = note["ellipses"][name]
        assert part["rate"] == float(min(part["validation"], key=part["validation"].get))
        assert len(part["runs"]) == len(since.F_SEEDS)
    assert note["steps"] == {
        "ellipses": since.F_STEPS,
        "large": since.F_LARGE_STEPS,
        "ring": since.STEPS,
        "few": since.FEW_STEPS,
    }


def test_exact_divergences_agree_with_the_closed_form(names, monkeypatch):
    """With one bell in the place of the ring, all is Gaussian."""
    p = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    rng = torch.Generator().manual_seed(0)
    monkeypatch.setitem(names, "p_ring", p)
    monkeypatch.setitem(names, "ring_points", torch.randn(20_000, 2, generator=rng))
    b, scale = torch.tensor([0.5, 0.0]), 2.0
    found = names["exact"](scale * torch.eye(2), b)
    kl = math.log(scale**2) + (2 + 0.25) / (2 * scale**2) - 1
    reverse = -math.log(scale**2) + (2 * scale**2 + 0.25) / 2 - 1
    assert float(found["kl"]) == pytest.approx(kl, abs=0.05)  # 5 standard errors of the mean
    assert float(found["reverse-kl"]) == pytest.approx(reverse, abs=0.15)
    assert 0 < float(found["js"]) < 2 * math.log(2)
    same = names["exact"](torch.eye(2), torch.zeros(2))
    assert all(abs(float(value)) < 1e-3 for value in same.values())


def test_turns_are_turns(names):
    x = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    still = names["Turned"](torch.nn.Identity(), 0.0)(x)
    assert torch.allclose(still, x)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        turned = names["Turned"](torch.nn.Identity(), 1.0)(x)
    assert torch.allclose(turned.norm(dim=1), x.norm(dim=1), atol=1e-5)
    share = float((turned - x).norm(dim=1).lt(1e-4).double().mean())
    assert share == pytest.approx(0.25, abs=0.07)  # 5 standard errors


def test_spectral_norm_bounds_the_slope_by_the_gain(names):
    D = names["limited_pair"](0, 3.0).discriminator
    for _ in range(50):
        D(torch.zeros(1, 2))
    x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (slope,) = torch.autograd.grad(D.eval()(x).sum(), x)
    assert slope.norm(dim=1).max() <= 3.0 * 1.02


def test_a_small_record_can_be_made_and_its_parts_are_kept(small_record, tmp_path):
    seeds = dict.fromkeys(("SEEDS", "F_SEEDS", "F_LARGE_SEEDS", "STUDENT_SEEDS", "FEW_SEEDS"), (0,))
    rates = dict.fromkeys(("RATES", "F_RATES", "STUDENT_RATES"), (1e-3,))
    small = {**seeds, **rates, "CALLS": (1, 2)}
    note, parts = small_record(since, "since", "since-2014", samples=500, **small)
    assert set(note["students"]) == set(since.STUDENTS)
    assert "shown" not in json.dumps(note)
    with np.load(tmp_path / "since-2014.npz") as clouds:
        assert clouds["ring/R3GAN/runs/0/shown"].shape == (since.SHOWN, 2)
        assert clouds["mapped/runs/0/drawn/w"].shape == (12, 33, 2)
    before = (parts / "mapped.json").read_bytes()
    since.record(tmp_path / "again")
    assert (parts / "mapped.json").read_bytes() == before

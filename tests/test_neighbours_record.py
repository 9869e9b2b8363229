"""The record of the five families: that it runs the chapter's own code, what it counts, what it measures by."""

import json
import math

import pytest
import torch

from gan_tutorial import recorded
from recordings import neighbours
from recordings.__main__ import main


@pytest.fixture(scope="module")
def names():
    return neighbours.chapter()


def test_the_chapter_defines_the_families_and_the_record_has_them_all(names):
    _, note = recorded.read("neighbours")
    assert [family["family"] for family in note["families"]] == list(names["FAMILIES"])
    assert (note["steps"], note["batch"]) == (names["STEPS"], names["BATCH"])
    for family in note["families"]:
        assert set(family["validation"]) == {f"{rate:g}" for rate in neighbours.RATES}
        assert family["rate"] == float(min(family["validation"], key=family["validation"].get))
        assert [run["seed"] for run in family["runs"]] == note["seeds"]


def test_a_notebook_without_families_is_refused(tmp_path):
    notebook = tmp_path / "empty.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}]}))
    with pytest.raises(ValueError, match=r"empty\.ipynb defines no FAMILIES with 5 entries"):
        neighbours.chapter(notebook)


@pytest.mark.parametrize("name", ["GAN", "VAE", "flow", "autoregressive", "diffusion"])
def test_each_family_trains_samples_and_counts_its_products(names, name):
    family = names["FAMILIES"][name]
    model = family(seed=0, rate=1e-3, steps=2)
    samples = model.sample(50, seed=3)
    assert samples.shape == (50, 2)
    assert torch.equal(samples, model.sample(50, seed=3))
    if model.log_likelihood is not None:
        few = names["held_out"][:20]
        assert model.log_likelihood(few).shape == (20,)
    assert 4e6 < neighbours.products_of_a_step(family) < 3e7


def test_products_of_a_flow_are_those_of_its_networks(names):
    """Forward once, and backward twice, but for the gradients of the first layer's input where it is a leaf."""
    inner = 64 + 64 * 64 + 64 * 2  # of one network, for one row
    counted = neighbours.products_of_a_step(names["FAMILIES"]["flow"])
    once = 8 * inner * names["BATCH"]
    assert 3 * once - 2 * 64 * names["BATCH"] <= counted <= 3 * once


def test_the_flow_can_be_undone_and_its_density_integrates_to_one(names):
    model = names["FAMILIES"]["flow"](seed=0, rate=2e-3, steps=50)
    axis = torch.linspace(-9, 9, 601)
    grid = torch.cartesian_prod(axis, axis)
    mass = model.log_likelihood(grid).exp().sum() * (axis[1] - axis[0]) ** 2
    assert mass == pytest.approx(1, abs=0.01)


def test_energy_distance_of_two_normals(names):
    """In one dimension it is 2 ∫ (F - G)²: for N(0, 1) and N(t, 1) it has a closed form."""
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(4000, 1, generator=rng), 1 + torch.randn(4000, 1, generator=rng)

    def mean_gap(t):  # E|X - Y - t| for X - Y ~ N(0, 2)
        cdf = 0.5 * (1 + math.erf(t / 2))
        return 2 / math.sqrt(math.pi) * math.exp(-(t**2) / 4) + t * (2 * cdf - 1)

    energy_distance = names["energy_distance"]
    expected = 2 * mean_gap(1.0) - 2 * mean_gap(0.0)
    assert energy_distance(x, y) == pytest.approx(expected, rel=0.1)
    assert abs(energy_distance(x, x)) < 1e-6


def test_a_small_record_can_be_made(monkeypatch, tmp_path, names):
    small = {name: lambda f=f, **rest: f(**rest, steps=2) for name, f in names["FAMILIES"].items()}
    monkeypatch.setattr(neighbours, "chapter", lambda: {**names, "FAMILIES": small})
    monkeypatch.setattr(neighbours, "products_of_a_step", lambda family: 1)
    monkeypatch.setattr(neighbours, "RATES", (1e-3,))
    monkeypatch.setattr(neighbours, "SEEDS", (0,))
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    assert main(["neighbours", "--out", str(tmp_path)]) == 0
    note = json.loads((tmp_path / "neighbours.json").read_text())
    assert note["command"] == "OMP_NUM_THREADS=1 python -m recordings neighbours"
    assert [family["calls"] for family in note["families"]] == [1, 1, 1, 2, 40]

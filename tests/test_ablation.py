"""What each choice of "Training on images" buys: how the record is made, and that it is what the pages take it for."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_tutorial import mlp_pair, recorded
from gan_tutorial.data import load
from gan_tutorial.metrics import TITLES
from gan_tutorial.recipes import MNIST_SHORT
from recordings import ablation
from recordings.ablation import (
    CONTROLS,
    STAGES,
    Products,
    best_rate,
    equal_steps,
    products_of_a_step,
)


@pytest.fixture(scope="module")
def images():
    return load("mnist-10k").images


@pytest.mark.parametrize("inputs", [20, 784], ids=["few", "as many as go to oneDNN"])
def test_products_are_counted(inputs):
    """100 rows through d-512-1, back to the weights, and from the logit to the hidden layer; not back to the rows."""
    discriminator = mlp_pair(inputs, 5, (7,), (512,)).discriminator
    with Products() as products:
        discriminator(torch.rand(100, inputs)).sum().backward()
    assert products.count == 100 * (2 * (512 * inputs + 512) + 512)


def test_all_stages_cost_the_same(images):
    steps = equal_steps(images)
    assert steps["critic"] == ablation.CRITIC_STAGE_STEPS
    costs = [
        steps[name] * products_of_a_step(stage.build(seed=1), images, stage.settings(1e-3))
        for name, stage in (STAGES | CONTROLS).items()
    ]
    assert max(costs) / min(costs) - 1 < 1 / min(steps.values())  # the rounding of a step


def test_the_last_stage_is_the_recipe_of_the_book():
    mine, settings = STAGES["critic"].settings(5e-4), MNIST_SHORT.settings
    assert replace(mine, optimizers=settings.optimizers) == settings
    assert str(STAGES["critic"].build(seed=3)) == str(MNIST_SHORT.build(seed=3))
    weight = torch.nn.Parameter(torch.zeros(1))
    theirs, ours = (s.optimizers[0]([weight]).param_groups[0] for s in (settings, mine))
    assert (theirs["lr"], theirs["betas"]) == (ours["lr"], ours["betas"])


def test_the_control_differs_from_its_stage_in_batch_norm_only():
    with_norm, without = STAGES["norm"], CONTROLS["deep"]
    assert without.settings is with_norm.settings
    for one, other in zip(with_norm.build(seed=3)[:2], without.build(seed=3)[:2], strict=True):
        kept = [str(m) for m in one.children() if not isinstance(m, torch.nn.BatchNorm1d)]
        assert kept == [str(m) for m in other.children()]


def test_the_rate_is_the_one_nearest_to_validation_digits_by_either_generator():
    tried = [
        {"rate": rate, "live": {"validation": live}, "average": {"validation": average}}
        for rate, live, average in ((1, 3.0, 9.0), (2, 2.0, 8.0), (3, 7.0, 1.0))
    ]
    assert best_rate(tried) == 3
    assert best_rate(tried[:2]) == 2


def test_the_record_chooses_by_validation_and_reports_other_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(ablation, "STAGES", {"plain": STAGES["plain"], "critic": STAGES["critic"]})
    monkeypatch.setattr(ablation, "CRITIC_STAGE_STEPS", 2)
    monkeypatch.setattr(ablation, "RATES", (1e-3, 1e-1))
    monkeypatch.setattr(ablation, "SEEDS", (4,))
    threads = torch.get_num_threads()
    try:
        ablation.record(tmp_path, tmp_path / "runs")
        arrays, note = recorded.read("ablation", tmp_path)
        done = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
        ablation.record(tmp_path, tmp_path / "runs")  # what is done is not made again
    finally:
        torch.set_num_threads(threads)
    assert done == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert [(s["stage"], s["drawn_by"]) for s in note["stages"]] == [
        (name, who) for name in ("plain", "critic") for who in ("live", "average")
    ]
    for live, average in zip(*[iter(note["stages"])] * 2, strict=True):
        tried = {
            rate: min(d, average["validation"][rate]) for rate, d in live["validation"].items()
        }
        assert live["rate"] == average["rate"] == float(min(tried, key=tried.get))
    for stage in note["stages"]:
        kept = tmp_path / "runs" / f"{stage['stage']}-{stage['rate']:g}-4.json"
        assert stage["runs"] == [json.loads(kept.read_text())[stage["drawn_by"]]["scores"]]
        assert list(stage["runs"][0]) == list(TITLES)
        assert arrays[f"{stage['stage']}_{stage['drawn_by']}"].shape == (1, ablation.SHOWN, 28, 28)


@pytest.mark.parametrize(
    ("name", "compared"), [("ablation", STAGES), ("ablation-control", CONTROLS)]
)
def test_the_records_of_the_book_are_complete(name, compared):
    arrays, note = recorded.read(name)
    assert [s["stage"] for s in note["stages"]] == [name for name in compared for _ in range(2)]
    assert note["command"].endswith(f" {name}")
    assert note["seeds"] == [0, 1, 2]
    assert note["tuning_seed"] not in note["seeds"]
    for stage in note["stages"]:
        assert [float(rate) for rate in stage["validation"]] == list(ablation.RATES)
        assert len(stage["runs"]) == 3
        digits = arrays[f"{stage['stage']}_{stage['drawn_by']}"]
        assert digits.shape == (3, ablation.SHOWN, 28, 28)
        assert digits.dtype == np.uint8
        for scores in stage["runs"]:
            assert scores["frechet"]["n"] == ablation.SAMPLES
            assert 0 <= scores["precision"]["value"] <= 1

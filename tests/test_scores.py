"""The short recipes by every measure: how the record is made, and that it is what the page takes it for."""

import json
from dataclasses import replace

import pytest
import torch

from gan_tutorial import recorded
from gan_tutorial.metrics import TITLES
from gan_tutorial.recipes import CONDITIONAL, MNIST_SHORT
from recordings import scores


def test_every_seed_is_scored_live_and_averaged_and_not_made_again(tmp_path, monkeypatch):
    short = [replace(recipe, steps=2) for recipe in (MNIST_SHORT, CONDITIONAL)]
    monkeypatch.setattr(scores, "RECIPES", tuple(short))
    monkeypatch.setattr(scores, "SEEDS", (4,))
    monkeypatch.setattr(scores, "SAMPLES", 300)
    threads, runs = torch.get_num_threads(), tmp_path / "runs"
    try:
        scores.record(tmp_path, runs)
        done = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
        scores.record(tmp_path, runs)
    finally:
        torch.set_num_threads(threads)
    assert done == {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    _, note = recorded.read("scores", tmp_path)
    assert [(r["recipe"], r["drawn_by"], r["steps"]) for r in note["recipes"]] == [
        (recipe.name, who, 2) for recipe in short for who in ("live", "average")
    ]
    for one in note["recipes"]:
        kept = json.loads((runs / f"{one['recipe']}-4.json").read_text())
        assert one["runs"] == [kept[one["drawn_by"]]]
        assert list(one["runs"][0]) == list(TITLES)
    live, average = note["recipes"][:2]
    assert live["runs"] != average["runs"]


def test_the_record_of_the_book_is_complete():
    _, note = recorded.read("scores")
    assert note["seeds"] == [0, 1, 2]
    expected = [(recipe, who) for recipe in scores.RECIPES for who in ("live", "average")]
    for one, (recipe, who) in zip(note["recipes"], expected, strict=True):
        assert (one["recipe"], one["drawn_by"], one["steps"]) == (recipe.name, who, recipe.steps)
        assert len(one["runs"]) == 3
        for run in one["runs"]:
            assert run["frechet"]["n"] == note["samples"]
            assert run["modes"]["value"] == pytest.approx(10, abs=3)

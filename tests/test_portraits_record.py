"""What came of the runs on the portraits, and of DCGAN's rules: how the records are made, and that they are what the
page takes them for.
"""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from gan_tutorial import recorded
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import TITLES
from gan_tutorial.networks import Gaussian
from recordings import portrait_measures, rules
from recordings.__main__ import main
from recordings.portrait_measures import (
    COMPARED,
    PSI,
    QUANTILES,
    Drawer,
    Faces,
    arithmetic,
    arithmetic_on_data,
    cases,
    composition,
    composition_of_data,
    copying,
    copying_of_data,
)
from recordings.portraits import SHAPE, VARIANTS


@pytest.fixture(scope="module")
def faces():
    return Faces()


class Copies(nn.Module):
    """Hands out training pictures: which one is said by the length of z."""

    def __init__(self, rows):
        super().__init__()
        self.rows = nn.Parameter(rows)

    def forward(self, z, y=None):
        return self.rows[(z.norm(dim=1) * 997).long() % len(self.rows)]


@pytest.fixture(scope="module")
def copies(faces):
    return Drawer(Copies(faces.rows["train"]), Gaussian(8))


def test_pixels_of_real_portraits_give_the_answer_in_six_cases(faces):
    assert len(cases(faces)) == 234
    found = arithmetic_on_data(faces)
    assert found["pixels"]["nearest"] == 6
    assert found["real"]["nearest"] == found["real"]["n"] == 234


def test_a_tally_of_the_portraits_themselves(faces):
    """The nearest of all is the portrait itself, and the judge reads what it was recorded to read."""
    images, labels = load("emoji-faces", "test")
    found = faces.tally(flatten(images), labels)
    accuracy = faces.judge.note["accuracy"]["test"]
    assert found["nearest"] == found["n"] == found["n_new"] == 72
    for kind, entry in zip(("who", "role", "tone"), accuracy, strict=True):
        assert abs(found[kind] - 72 * entry["mean"]) <= 1  # a logit that rounding decides
    assert found["all"] == found["all_new"]


def test_no_held_out_combination_is_read_off_training_portraits(faces):
    floor = copying_of_data(faces)
    assert floor["read_as_new"]["training"] == 0
    assert floor["read_as_new"]["held_out"] > 0.9 * floor["n"]
    assert len(floor["distance"]) == QUANTILES
    assert floor["distance"] == sorted(floor["distance"])


def test_copies_are_seen_as_copies(faces, copies):
    rows = copies(copies.z(300, 0))
    found = copying(rows, faces)
    assert found["own_in_pixels"] == found["n"] == 300
    assert found["own_in_features"] > 0.99
    assert found["distance"][-1] == 0
    assert found["read_as_new"] == 0


def test_copies_do_not_compose(faces, copies):
    note, show = composition(copies, faces, 0)
    assert note["test"]["all"] == note["test"]["all_new"] <= 1  # each copy is misread once in many
    assert note["seen"]["n_new"] == 0
    assert len(note["test"]["right"]) == 72
    assert show["composition"].shape[2] == math.prod(SHAPE)
    known = composition_of_data(faces)
    assert known["test"]["copies"]["all"] == 0
    assert known["seen"]["real"]["n"] == 576


def test_arithmetic_takes_what_is_read_as_wanted(faces, copies, monkeypatch):
    monkeypatch.setattr(portrait_measures, "DRAWN", 3000)
    note, show = arithmetic(copies, faces, 0)
    one = note["1"]
    assert one["copy_of_a"]["who"] == 0
    assert one["copy_of_a"]["role"] == one["copy_of_a"]["tone"] == one["copy_of_a"]["n"]
    assert one["average_of_a"]["all"] == one["n"] if "n" in one else True
    assert one["copy_of_c"]["role"] == 0
    assert 0 < one["chance"] < 0.02
    assert note["3"]["z"]["n"] <= one["z"]["n"]
    assert len(show["arithmetic"]) == len(show["arithmetic_wanted"])


def test_a_small_record_can_be_made(faces, tmp_path, monkeypatch):
    small = {
        "STEPS": 1,
        "SCORED": 80,
        "DRAWN": 3000,
        "ASKED": 3,
        "ASKED_SEEN": 1,
        "PSI": (0.5, 1.0),
    }
    for name, value in small.items():
        monkeypatch.setattr(portrait_measures, name, value)
    kept = {name: VARIANTS[name] for name in ("recipe", "unmoved", "conditional")}
    monkeypatch.setattr(portrait_measures, "VARIANTS", kept)
    monkeypatch.setattr(portrait_measures, "Faces", lambda: faces)
    monkeypatch.setattr(
        portrait_measures,
        "_drawer_of",
        lambda *_: Drawer(Copies(faces.rows["train"]), Gaussian(8)),
    )
    grids = {"steps": 3}
    monkeypatch.setattr(
        portrait_measures,
        "large",
        lambda *_: ({"recipe": "faces", **grids}, {"sheet": np.zeros(1)}),
    )
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    words = ["portraits", "--runs", str(tmp_path), "--seeds", "4", "--out", str(tmp_path)]
    assert main(words) == 0
    note = json.loads((tmp_path / "portraits.json").read_text())
    assert [(run["variant"], run["seed"]) for run in note["runs"]] == [(name, 4) for name in kept]
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.measured.pt")}
    assert len(done) == 3
    assert main(words) == 0  # what was measured is not measured again
    assert done == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.measured.pt")}
    note = json.loads((tmp_path / "portraits.json").read_text())
    for path in done:
        path.unlink()
    monkeypatch.setattr(portrait_measures, "large", None)  # no run is there, nor the large one
    assert main([*words, "--done"]) == 0
    again = json.loads((tmp_path / "portraits.json").read_text())
    assert again["runs"] == note["runs"]
    assert again["faces"] == {
        "machine": note["machine"],
        "date": note["date"],
        "versions": note["versions"],
        **note["faces"],
    }
    assert all(run["date"] <= again["date"] for run in again["runs"])
    with np.load(tmp_path / "portraits.npz") as arrays:
        assert "sheet" in arrays


def test_the_record_of_the_book_is_complete():
    arrays, note = recorded.read("portraits")
    variants = {run["variant"] for run in note["runs"]}
    assert {*COMPARED, "conditional"} <= variants <= VARIANTS.keys()
    for run in note["runs"]:
        assert list(run["scores"]) == list(TITLES)
        assert run["scores"]["frechet"]["n"] == note["samples"]
        assert ("copying" in run) == (run["variant"] in COMPARED)
        assert ("composition" in run) == (run["variant"] == "conditional")
        assert ("arithmetic" in run) == ("truncation" in run) == (run["variant"] == "recipe")
    for name in COMPARED:
        assert arrays[f"{name}_samples"].shape[1:] == (32, 32, 3)
        assert arrays[f"{name}_nearest"].max() < 618
    for name in ("sheet", "walks", "truncated", "growth", "arithmetic", "composition"):
        assert arrays[name].dtype == np.uint8
        assert arrays[name].shape[-3:] == (32, 32, 3)
    assert len(arrays["truncated"]) == len(PSI)
    assert len(arrays["growth"]) == len(arrays["growth_steps"])
    assert note["command"].endswith("recordings portraits")
    assert note["large"].startswith("python -m gan_tutorial train --recipe faces")


def test_what_the_record_says_of_real_portraits_is_what_the_functions_say(faces):
    _, note = recorded.read("portraits")
    for name, found in (
        ("data_arithmetic", arithmetic_on_data(faces)),
        ("data_composition", composition_of_data(faces)),
    ):
        told = json.dumps(note[name])
        if told == json.dumps(found):
            continue
        numbers = zip(_numbers(note[name]), _numbers(found), strict=True)
        assert all(abs(a - b) <= 2 for a, b in numbers)  # a logit that rounding decides


def _numbers(tree):
    if isinstance(tree, dict):
        return [number for value in tree.values() for number in _numbers(value)]
    return [tree]


def broken(network, kind):
    return [m for m in network.modules() if isinstance(m, kind)]


@pytest.mark.parametrize("name", rules.RULES)
def test_each_broken_rule_gives_digits_and_logits(name):
    pair = rules.RULES[name].build(0)
    with torch.no_grad():
        rows = pair.generator(torch.randn(4, 100))
        assert rows.shape == (4, 784)
        assert pair.discriminator(rows).shape == (4, 1)


def test_each_variant_breaks_its_rule_and_no_other():
    kept = rules.unbroken(0)

    def counts(pair):
        kinds = SimpleNamespace(
            norms=nn.BatchNorm2d, linear=nn.Linear, pools=nn.MaxPool2d, relus=nn.ReLU
        )
        return {
            key: len(broken(nn.ModuleList(pair[:2]), kind)) for key, kind in vars(kinds).items()
        }

    base = counts(kept)

    def differ(name):
        found = counts(rules.RULES[name].build(0))
        return {key for key in base if found[key] != base[key]}

    assert differ("pooled") == {"pools"}
    assert differ("unnormed") == differ("normed") == {"norms"}
    assert differ("hidden") == {"linear", "relus"}
    assert differ("relu") == {"relus"}
    assert differ("mismatched") == differ("start") == differ("momentum") == set()
    with torch.no_grad():
        rows = rules.mismatched(0).generator(torch.randn(4, 100))
        assert rows.min() < 0
    spread = [
        broken(rules.RULES[n].build(0).discriminator, nn.Conv2d)[-1] for n in ("kept", "start")
    ]
    assert spread[0].weight.std() < 0.03 < spread[1].weight.std()
    assert [rules.RULES[n].beta for n in ("kept", "momentum")] == [0.5, 0.9]


def test_the_record_of_the_rules_is_complete():
    arrays, note = recorded.read("rules")
    assert [rule["rule"] for rule in note["rules"]] == list(rules.RULES)
    assert (note["steps"], note["batch"]) == (rules.STEPS, rules.BATCH)
    for rule in note["rules"]:
        assert [run["seed"] for run in rule["runs"]] == note["seeds"] == list(rules.SEEDS)
        assert rule["rate"] == float(min(rule["validation"], key=rule["validation"].get))
        assert arrays[rule["rule"]].shape == (3, rules.SHOWN, 28, 28)
        assert note["tuning_seed"] not in note["seeds"]


def test_a_record_of_the_rules_can_be_made_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "STEPS", 1)
    monkeypatch.setattr(rules, "SAMPLES", 70)
    monkeypatch.setattr(rules, "RULES", {"kept": rules.RULES["kept"]})
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    rules.record(tmp_path, tmp_path / "runs")
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert len(done) == len(rules.RATES) + len(rules.SEEDS)
    rules.record(tmp_path, tmp_path / "runs")
    assert done == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    _, note = recorded.read("rules", tmp_path)
    assert {run["seed"] for run in note["rules"][0]["runs"]} == set(rules.SEEDS)

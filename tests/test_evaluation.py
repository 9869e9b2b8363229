"""All measures at once: each is what its own function gives, beside a floor and ceilings that deserve their names."""

import json
import math
import re
import subprocess
import sys

import pytest
import torch

from gan_tutorial import recorded
from gan_tutorial.__main__ import main
from gan_tutorial._engine import cli, evaluation
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import (
    TITLES,
    Judge,
    JudgeNetwork,
    Measure,
    Reference,
    class_balance,
    floor_and_ceilings,
    frechet_at_infinity,
    frechet_distance,
    kernel_distance,
    memorising,
    neighbourhoods,
    report,
    score_table,
    untrained_judge,
)
from gan_tutorial.metrics.report import blurred, cluster_means
from gan_tutorial.parzen import held_out


@pytest.fixture(scope="module")
def digits():
    """A thousand of each part, for speed; enough for the features of the digits' judge."""
    parts = {
        split: flatten(load("mnist-10k", split).images) for split in ("train", "test", "validation")
    }
    labels = load("mnist-10k").labels[:2000]
    judge = recorded.judge("mnist-10k")
    return Reference(judge, parts["train"][:2000], parts["test"], parts["validation"], labels)


@pytest.fixture(scope="module")
def columns(digits):
    return floor_and_ceilings(digits, (1, 28, 28), n=1000)


def test_every_measure_is_that_of_its_function(digits):
    """Noisy real rows stand for samples: no measure is at an end of its range."""
    rng = torch.Generator().manual_seed(0)
    fresh = flatten(load("mnist-10k").images[2000:3200])
    samples = (fresh + 0.2 * torch.randn(fresh.shape, generator=rng)).clamp(0, 1)
    scores = digits.scores(samples)
    assert list(scores) == list(TITLES)
    judge = digits.judge
    real, training, own = (judge.features(x) for x in (digits.held_out, digits.training, samples))
    frechet, limit = frechet_distance(real, own), frechet_at_infinity(real, own)
    kid, balls = kernel_distance(real, own), neighbourhoods(real, own[:1000], k=5)
    copying = memorising(training, real, own)
    balance = class_balance(judge.classify(samples), digits.labels, 10)
    parzen = held_out(samples, digits.validation, digits.held_out)
    expected = {
        "frechet": (frechet.value, frechet.standard_error),
        "frechet_at_infinity": (limit.value, limit.standard_error),
        "kid": (kid.value, kid.standard_error),
        **{
            name: (getattr(balls, name).mean, getattr(balls, name).standard_error)
            for name in ("precision", "recall", "density", "coverage")
        },
        "modes": (balance.covered(), None),
        "imbalance": (balance.total_variation, balance.standard_error),
        "own": (copying.own, copying.own_null_error),
        "nearer": (copying.nearer, copying.nearer_error),
        "parzen": (float(parzen.mean), float(parzen.standard_error)),
    }
    for name, (value, error) in expected.items():
        assert scores[name].value == pytest.approx(value, rel=1e-4), name
        assert scores[name].standard_error == (
            error if error is None else pytest.approx(error, rel=1e-4)
        )
    assert scores["own"].null == pytest.approx(2000 / 3000)
    assert scores["nearer"].detail["z"] == pytest.approx(copying.nearer_z, rel=1e-3)
    assert scores["frechet"].detail["generated_error"] < frechet.standard_error
    assert scores["imbalance"].null == pytest.approx(balance.null_total_variation)
    assert {name: measure.n for name, measure in scores.items()} == {
        name: 1000 if name in ("precision", "recall", "density", "coverage") else 1200
        for name in TITLES
    }
    for name in ("precision", "recall", "coverage"):
        assert scores[name].interval == getattr(balls, name).interval
    fewer = digits.scores(samples, n=1100)
    assert fewer["kid"].n == 1100
    assert fewer["parzen"].n == 1200


def test_floor_and_ceilings_stand_in_order(columns):
    """What each measure can see: real rows first, and every ceiling found out by some measure."""
    assert list(columns) == ["validation rows", "training rows", "noise", "blurred", "means"]
    value = {name: {c: columns[c][name].value for c in columns} for name in TITLES}
    for name in ("frechet", "frechet_at_infinity", "kid"):
        v = value[name]
        assert v["validation rows"] < v["means"] < v["blurred"] < v["noise"]
    floor = columns["validation rows"]
    for name in ("kid", "density", "coverage"):  # real rows have what is expected of them
        assert abs(floor[name].value - floor[name].null) < 4 * floor[name].standard_error
    assert floor["precision"].value > 0.9
    assert floor["recall"].value > 0.9
    assert abs(floor["own"].detail["z"]) < 4
    assert value["own"]["training rows"] == value["nearer"]["training rows"] == 1  # copies
    assert columns["training rows"]["own"].detail["z"] > 10
    assert value["precision"]["means"] > 0.8 > 0.5 > value["recall"]["means"]
    assert value["precision"]["noise"] == 0
    assert value["modes"]["validation rows"] == 10 > value["modes"]["noise"]
    assert value["parzen"]["training rows"] > value["parzen"]["blurred"] > value["parzen"]["noise"]
    assert columns["noise"]["parzen"].n == 2000
    assert columns["noise"]["kid"].n == 1000


def test_training_rows_in_the_order_of_their_labels_are_as_varied_as_others(digits, columns):
    """The neighbours' measures look at as many rows as there are held-out ones: the first."""
    order = digits.labels.argsort(stable=True)
    parts = digits.training[order], digits.held_out, digits.validation, digits.labels[order]
    ordered = floor_and_ceilings(Reference(digits.judge, *parts), (1, 28, 28), n=1000)
    assert Reference(digits.judge, *parts).scores(parts[0])["recall"].value < 0.7  # five digits
    for name in ("recall", "coverage"):
        for rows in ("training rows", "blurred"):
            one, other = (c[rows][name] for c in (ordered, columns))
            spread = math.hypot(one.standard_error, other.standard_error)
            assert abs(one.value - other.value) < 4 * spread + 0.01, (rows, name)


def test_sigma_of_the_floor_is_not_chosen_on_its_own_samples(columns, digits):
    """Windows on the validation rows fit these best at no width at all."""
    order = torch.randperm(2000, generator=torch.Generator().manual_seed(1))[:1000]
    chosen = held_out(digits.validation, digits.training[order], digits.held_out)
    floor = columns["validation rows"]["parzen"]
    assert floor.value == pytest.approx(float(chosen.mean), abs=2e-3)
    assert floor.detail["sigma"] == pytest.approx(float(chosen.sigma))
    assert floor.detail["sigma"] > 0.11  # the grid begins at 0.1


def test_blur_is_a_gaussian_that_keeps_the_light():
    point = torch.zeros(1, 25 * 25)
    point[0, 12 * 25 + 12] = 1
    spread = blurred(point, (1, 25, 25), sigma=2.0).reshape(25, 25)
    assert float(spread.sum()) == pytest.approx(1, abs=1e-5)
    places = torch.arange(25.0) - 12
    assert float((spread.sum(0) * places**2).sum()) == pytest.approx(
        4, rel=0.05
    )  # tails end at 3 sigma
    torch.testing.assert_close(spread, spread.T)
    colour = torch.rand(2, 3 * 4 * 5)
    assert blurred(colour, (3, 4, 5)).shape == colour.shape
    flat = torch.full((1, 12), 0.6)
    torch.testing.assert_close(blurred(flat, (3, 2, 2)), flat)
    assert blurred(torch.rand(2, 1), (1, 1, 1)).shape == (2, 1)


def test_means_are_drawn_as_often_as_their_clusters_are_large(monkeypatch):
    """Thirty rows near 0 and ten near 10, two clusters: the draws are 3 to 1, and of the rows' means."""
    monkeypatch.setattr(report, "MEANS", 2)
    rows = torch.cat([torch.rand(30, 2), 10 + torch.rand(10, 2)])
    drawn = cluster_means(rows, 4000, torch.Generator().manual_seed(0))
    far = drawn[:, 0] > 5
    assert float(far.double().mean()) == pytest.approx(0.25, abs=4 * math.sqrt(0.25 * 0.75 / 4000))
    torch.testing.assert_close(drawn[far].unique(dim=0)[0], rows[30:].mean(0))
    torch.testing.assert_close(drawn[~far].unique(dim=0)[0], rows[:30].mean(0))


def test_what_cannot_be_measured_says_why_and_stops_nothing(digits):
    scores = digits.scores(torch.rand(3, 784))
    assert scores["frechet"].value is None
    assert "at least 65 rows" in scores["frechet"].reason
    assert "at least 960 rows to extrapolate" in scores["frechet_at_infinity"].reason
    assert "more than k = 5 rows, got 3" in scores["precision"].reason
    assert scores["kid"].value is not None
    text = score_table({"three": scores, "others": scores})
    assert text.count("at least 65 rows") == 1
    assert text.splitlines()[2].split()[-2:] == ["-", "-"]
    blind = Reference(
        untrained_judge((1, 28, 28)), *(3 * [digits.training[:50]]), digits.labels[:50]
    )
    assert (
        blind.scores(torch.rand(20, 784))["modes"].reason
        == "random network (seed 0) reads no labels"
    )
    with pytest.raises(ValueError, match=r"samples must be \(n, 784\), got \(2, 3\)"):
        digits.scores(torch.rand(2, 3))


def test_of_several_attributes_all_classes_count_and_the_worst_balance():
    class Fixed(JudgeNetwork):
        """Reads the first two pixels: the first attribute's class, and the second's."""

        def forward(self, pictures):
            first, second = pictures[:, 0, 0, :2].round().long().T
            code = [torch.eye(n)[x] for n, x in ((2, first), (3, second))]
            return torch.cat(code, 1), torch.cat(code, 1)

    judge = Judge(Fixed((1, 2, 2), (2, 3), 1))
    rows, labels = torch.rand(20, 4), torch.stack([torch.arange(20) % 2, torch.arange(20) % 3], 1)
    reference = Reference(judge, rows, rows, rows, labels)
    samples = torch.zeros(12, 4)
    samples[:6, 0] = 1  # both classes of the first in halves; of the second only 0
    scores = reference.scores(samples)
    assert (scores["modes"].value, scores["modes"].null) == (3, 5)
    assert scores["imbalance"].value == pytest.approx(1 - 7 / 20)


def test_a_measure_knows_its_interval_and_is_plain_json():
    measure = Measure(2.0, 0.5, null=1.0, n=10, detail={"z": 3.0})
    assert measure.interval == pytest.approx((2 - 1.96 * 0.5, 2 + 1.96 * 0.5))
    assert json.loads(json.dumps(measure.as_dict())) == {
        "value": 2.0,
        "standard_error": 0.5,
        "interval": [pytest.approx(1.02), pytest.approx(2.98)],
        "null": 1.0,
        "n": 10,
        "z": 3.0,
    }
    assert Measure(None, reason="why").as_dict() == {"value": None, "reason": "why"}
    assert Measure(3.0).interval is None
    assert Measure(0.0, 0.0, n=1000, share=True).interval == pytest.approx((0, 0.00383), abs=1e-5)


def test_table_prints_each_number_with_its_error():
    blank = {name: Measure(None) for name in TITLES}
    scores = blank | {
        "kid": Measure(0.01234, 0.00456, null=0.0, n=1234),
        "modes": Measure(9, null=10, n=1234),
        "coverage": Measure(0.5, 0.0, null=0.969, n=1000),
        "parzen": Measure(229.53, 6.4, n=5000),
    }
    rows = (re.split(r"\s{2,}", line.strip()) for line in score_table({"a": scores}).splitlines())
    lines = {row[0]: row[-1] for row in rows}
    assert lines["samples"] == "1,234"
    assert lines["KID ↓ (0)"] == "0.0123 ± 0.0046"
    assert lines["classes drawn ↑ (10)"] == "9"
    assert lines["coverage ↑ (0.969)"] == "0.500 ± 0.000"
    assert lines["Parzen, nats ↑"] == "229.5 ± 6.4"
    assert lines["recall ↑"] == "-"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    changes = {"steps": 2, "every": 2, "batch_size": 4}
    cli.run_training("mnist-short", folder, changes=changes)
    return folder


def test_the_command_prints_a_table_and_json_for_machines(run, capsys, monkeypatch):
    """Two runs of the command in one process compute what does not depend on the run once."""
    made = []
    monkeypatch.setattr(
        evaluation, "floor_and_ceilings", lambda *a: made.append(a) or floor_and_ceilings(*a, n=70)
    )
    evaluation._last.clear()
    words = ["evaluate", str(run), "--count", "100"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert text.startswith("100 samples of mnist-short against the 1,000 test rows of mnist-10k\n")
    assert "features: 64 of judge-mnist-10k, which reads 98.8 % ± 0.3 % of them right" in text
    assert all(title in text for title in TITLES.values())
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["columns"])[:2] == ["this run", "validation rows"]
    own = result["columns"]["this run"]
    assert list(own) == list(TITLES)
    assert result["mean"] == own["parzen"]["value"]
    assert result["sigma"] == own["parzen"]["sigma"] > 0
    assert result["standard_error"] == own["parzen"]["standard_error"] > 0
    assert (result["judge"], result["features"], result["held_out"]) == (
        "judge-mnist-10k",
        64,
        1000,
    )
    trained = cli.trained(run)
    again = trained.held_out(100, seed=0, split="test", root="data")
    assert again["mean"] == pytest.approx(result["mean"], abs=2e-3)  # the one protocol
    assert len(made) == 1
    evaluation._last.clear()  # of a ceiling of 70 samples no other test shall know


def test_a_judge_is_chosen_by_data_and_size():
    assert evaluation.judge_of("mnist-10k", (1, 28, 28)).reads
    assert not evaluation.judge_of("mnist-10k", (1, 32, 32)).reads
    assert evaluation.judge_of("tfd", (1, 48, 48)).name == "random network (seed 0)"


MEMORY_SCRIPT = """
import resource, torch
from gan_tutorial.metrics import frechet_distance, kernel_distance, memorising, neighbourhoods
torch.set_num_threads(1)
x, y = torch.randn(2, 6000, 16)
call = {call}
call(x[:200], y[:200], 4 * 2**20)  # what comes once: libraries, threads
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
call(x, y, 8 * 2**20)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in bytes or absent elsewhere")
@pytest.mark.parametrize(
    "name", ["frechet_distance", "kernel_distance", "neighbourhoods", "memorising"]
)
def test_memory_stays_within_the_budget(name):
    """All pairs at once would take 288 MB; the budget is 8 MiB, beside a few numbers for each row."""
    first = "x, " if name == "memorising" else ""
    script = MEMORY_SCRIPT.format(call=f"lambda x, y, memory: {name}({first}x, y, memory=memory)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(done.stdout) < 8 * 2**20 + 6000 * 8 * 40

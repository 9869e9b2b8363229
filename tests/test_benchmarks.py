"""The benchmarks run, compare like with like, and write down what a reader must know."""

import itertools
import json

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import harness, table, usual_style
from benchmarks import sweep as sweep_benchmark
from benchmarks import training as training_benchmark
from gan_tutorial.data import load


@pytest.fixture
def blink(monkeypatch):
    """As short as a benchmark can be: one round, the fewest steps."""
    monkeypatch.setattr(harness, "ROUNDS", 1)
    monkeypatch.setattr(training_benchmark, "EVERY", {"cpu": 5, "cuda": 5})
    monkeypatch.setattr(sweep_benchmark, "EVERY", {"cpu": 2, "cuda": 2})
    monkeypatch.setattr(sweep_benchmark, "RUNS", {"cpu": ((2, 3),), "cuda": ((2, 3),)})


USUAL_NETWORKS = [
    lambda: (usual_style.Generator(), usual_style.Discriminator()),
    lambda: (usual_style.Generator(), usual_style.Discriminator(sigmoid=False)),
    lambda: (usual_style.Generator(), usual_style.Discriminator(sigmoid=False)),
    lambda: (usual_style.Generator(10), usual_style.Discriminator(10)),
    usual_style.small_networks,
]


def parameters(*networks):
    return [sum(p.numel() for p in network.parameters()) for network in networks]


@pytest.mark.parametrize(
    ("case", "usual"),
    [*zip(training_benchmark.CASES, USUAL_NETWORKS, strict=True)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_both_sides_train_networks_of_the_same_size(case, usual):
    pair = case.build()
    one_hot = sum(p.numel() for p in pair.generator.parameters() if not p.requires_grad)
    ours = parameters(pair.generator, pair.discriminator)
    assert [n - one_hot for n in ours] == parameters(*usual())


def test_both_sides_take_batches_of_the_same_size(monkeypatch):
    """What each discriminator is shown, case by case: 64 real rows, or 100."""
    images, labels = load("mnist-10k", "validation")
    taken = []
    loader = usual_style.loader
    monkeypatch.setattr(usual_style, "loader", lambda *a: taken.append(a[-1]) or loader(*a))
    for case in training_benchmark.CASES:
        next(case.usual(images, labels, "cpu"))
        assert taken[-1] == case.settings.get("batch_size", 64)


def test_pictures_reach_the_usual_script_as_torchvision_serves_them():
    images, labels = load("mnist-10k", "validation")
    pictures = usual_style.Pictures(images, labels)
    x, y = pictures[7]
    torch.testing.assert_close(x, images[7] / 127.5 - 1, rtol=0, atol=1e-6)
    assert y == labels[7]
    assert len(pictures) == len(images)


def test_product_flops_counts_a_known_product():
    a, b, bias = torch.rand(3, 5), torch.rand(5, 7), torch.rand(7)
    with training_benchmark.ProductFlops() as counter:
        torch.addmm(bias, a, b)
        a @ b
    assert counter.total == 2 * 2 * 3 * 5 * 7


def test_flops_of_a_gan_step_are_those_counted_by_hand():
    case = training_benchmark.CASES[0]
    images, labels = load("mnist-10k", "validation")
    g = [(100, 128), (128, 256), (256, 512), (512, 1024), (1024, 784)]
    d = [(784, 512), (512, 256), (256, 1)]
    g_all, d_all = (sum(i * o for i, o in widths) for widths in (g, d))
    g_in, d_in = g[0][0] * g[0][1], d[0][0] * d[0][1]  # no gradient of what goes in
    d_step = g_all + 2 * (d_all + d_all + d_all - d_in)  # real and fake: twice the rows
    g_step = d_all + d_all + g_all + g_all - g_in
    assert case.flops(images, labels, "cpu") == 2 * 64 * (d_step + g_step)


@pytest.mark.parametrize("name", ["training", "sweep"])
def test_a_blink_of_each_benchmark_gives_whole_json(name, blink, tmp_path, capsys):
    arguments = [name, "--seconds", "0.01", "--device", "cpu", "--results", str(tmp_path)]
    command.main(arguments)
    (path,) = tmp_path.iterdir()
    assert path.name == f"{harness.machine_kind('cpu')}.json"
    result = json.loads(path.read_text())[name]
    assert {"date", "machine", "versions", "command", "seconds", "rows"} <= set(result)
    public = [text.partition("+")[0] for text in (result["versions"]["torch"], torch.__version__)]
    assert public[0] == public[1]  # the wheel's name and the module may differ in the build's tag
    printed = capsys.readouterr().out
    for row in result["rows"]:
        assert row["ours"] > 0
        assert row["ratio"] == pytest.approx(row["ours"] / row["usual"])
        assert f"| {row['case']} |" in printed


def test_an_unknown_name_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        command.main(["swep"])
    assert "sweep" in capsys.readouterr().err


def test_rate_counts_steps_over_seconds(monkeypatch):
    clock = itertools.count(0.0, 0.25)  # every look at the clock finds a quarter second gone
    monkeypatch.setattr(harness.time, "perf_counter", lambda: next(clock))
    # looks at 0 (start), 0.25, ..., 1.0 (four steps of 3 done after the first, unlooked one), end
    assert harness.rate(itertools.repeat(3), 1.0, "cpu") == pytest.approx(4 * 3 / 1.25)


def test_row_says_how_many_times_better():
    assert harness.row("a", "steps/s", 30.0, 10.0, "b")["ratio"] == 3
    assert harness.row("a", "ms", 5.0, 10.0, "b", smaller_is_better=True)["ratio"] == 2


def test_results_merge_by_name_and_a_failed_write_leaves_the_old(tmp_path):
    path = tmp_path / "results" / "machine.json"
    harness.save({"a": {"rows": [1]}, "b": {"rows": [2]}}, path)
    harness.save({"b": {"rows": [3]}}, path)
    expected = {"a": {"rows": [1]}, "b": {"rows": [3]}}
    assert json.loads(path.read_text()) == expected
    with pytest.raises(ValueError, match="not JSON compliant"):
        harness.save({"c": float("nan")}, path)
    assert json.loads(path.read_text()) == expected
    assert [p.name for p in path.parent.iterdir()] == ["machine.json"]


def test_readme_table_comes_from_the_results_and_only_between_the_markers(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.START}\nold\n{table.END}\nafter\n")
    rows = [harness.row("GAN", "steps/s", 1234.4, 100.0, "script", roofline_share=0.501)]
    machine = {"processor": "a chip", "threads": 2}
    result = {"date": "2026-01-02T03:04", "machine": machine, "versions": {"torch": "9"}}
    harness.save({"training": result | {"rows": rows}}, tmp_path / "cpu.json")
    for _ in range(2):  # a second time changes nothing
        table.renew(readme, tmp_path)
        text = readme.read_text()
        assert text.startswith(f"before\n{table.START}\n\n| | ours")
        assert text.endswith(f"\n{table.END}\nafter\n")
        assert "| GAN | 1,234 steps/s (50% of the matmul rate) | 100 (script) | 12.3× |" in text
        assert "a chip, 2 threads; torch 9; 2026-01-02." in text
        assert "old" not in text
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        table.renew(readme, tmp_path)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["training", "sweep"])
def test_a_blink_on_cuda(name, blink):
    assert all(row["ratio"] > 0 for row in harness.discover()[name](0.01, "cuda"))

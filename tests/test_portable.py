"""`make portable` in short: what depends on the machine most, as on another one; and its bookkeeping."""

import sys
from pathlib import Path

import portable
import pytest

ROOT = Path(__file__).parents[1]
QUICK = {
    "no-avx-1": ("onednn", "generator_files", "game"),
    "sigint-ignored": ("checkpoints",),
    "c-locale": ("notebooks", "weights"),
}


@pytest.mark.parametrize("name", QUICK)
def test_the_verdict_is_the_same(name, tmp_path):
    """Some files of tests as on a processor without AVX, in a script's background, in no language."""
    files = [f"tests/test_{stem}.py" for stem in QUICK[name]]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not kill_9"]
    log = tmp_path / "log"
    good = portable.run([*command, *files], ROOT, portable.VARIANTS[name], tmp_path, log)
    assert good, log.read_text()


def said(variant, code, tmp_path):
    """What Python says to `code` when it runs as the variant does."""
    log = tmp_path / "log"
    assert portable.run([sys.executable, "-c", code], ROOT, variant, tmp_path, log)
    return log.read_text().splitlines()[-1]


def test_a_variant_decides_what_this_shell_would(monkeypatch, tmp_path):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    code = "import torch; print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    assert said(portable.VARIANTS["no-avx-2"], code, tmp_path) == "DEFAULT 2"
    environment = portable.VARIANTS["native-1"].environment(ROOT, tmp_path)
    assert "ATEN_CPU_CAPABILITY" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"


def test_the_ways_to_be_started(tmp_path):
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    assert said(portable.VARIANTS["sigint-ignored"], code, tmp_path) == "True"
    code = "import pathlib; (pathlib.Path.home() / 'a').mkdir(parents=True)"
    variant = portable.VARIANTS["no-home"]
    assert not portable.run([sys.executable, "-c", code], ROOT, variant, tmp_path, tmp_path / "log")
    assert "NotADirectoryError" in (tmp_path / "log").read_text()
    with portable.tree_for(portable.VARIANTS["odd-path"]) as (tree, _):
        assert tree != ROOT
        assert " " in tree.name
        assert not tree.name.isascii()
        files = [path for path in tree.rglob("*") if path.is_file()]
        assert sorted(path.relative_to(tree) for path in files) == portable.project_files()


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(portable, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(portable, "ROOT", tmp_path)
    return tmp_path / "logs"


def test_what_passed_is_not_run_again_until_a_file_changes(logs, tmp_path, capsys):
    ran, flag = tmp_path / "ran", tmp_path / "mended"
    note = f"open({str(ran)!r}, 'a').write('{{}} ')"
    fails = f"import os, sys; {note.format('two')}; sys.exit(not os.path.exists({str(flag)!r}))"

    def work(tree, variant):
        return {
            "one": [sys.executable, "-c", note.format("one")],
            "two": [sys.executable, "-c", fails],
        }

    def attempt(state):
        ran.write_text("")
        return portable.try_variant("native-1", work, lambda part: state), ran.read_text().split()

    assert attempt("a") == (["two"], ["one", "two"])
    assert attempt("a") == (["two"], ["two"])
    flag.touch()
    assert attempt("a") == ([], ["two"])
    assert attempt("a") == ([], [])
    assert attempt("b") == ([], ["one", "two"])
    assert (logs / "native-1.log").read_text().count("===") == 6
    assert capsys.readouterr().out.count("FAILED") == 2


def test_a_notebook_depends_on_itself_and_the_package_and_the_tests_on_all(tmp_path, monkeypatch):
    names = [
        "book/wgan.ipynb",
        "book/next.md",
        "gan_tutorial/data.py",
        "tests/test_data.py",
        "scripts/portable.py",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(portable, "ROOT", tmp_path)
    monkeypatch.setattr(portable, "project_files", lambda: [Path(name) for name in names])
    moved = {"wgan": set(), "parzen": set(), "tests": set()}
    for name in names:
        before = {part: portable.digest(part) for part in moved}
        (tmp_path / name).write_text("2")
        for part in moved:
            if portable.digest(part) != before[part]:
                moved[part].add(name)
    package = {"gan_tutorial/data.py", "scripts/portable.py"}
    assert moved == {"wgan": package | {names[0]}, "parzen": package, "tests": set(names)}


def test_the_table_says_what_failed_and_so_does_the_status(logs, monkeypatch, capsys):
    failing = {"native-1": [], "c-locale": ["tests", "wgan"]}
    monkeypatch.setattr(portable, "try_variant", lambda name: failing[name])
    assert portable.main(["native-1"]) == 0
    assert portable.main(["native-1", "c-locale"]) == 1
    assert "c-locale        FAILED: tests, wgan" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        portable.main(["no-avx-3"])
    assert "no variant no-avx-3; choose of no-avx-1" in capsys.readouterr().err


def test_every_variant_runs_the_tests_and_the_processors_every_notebook():
    notebooks = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    for name, variant in portable.VARIANTS.items():
        done = set(portable.parts(ROOT, variant))
        assert "tests" in done
        if variant.budget == float("inf"):
            assert done == {"tests", *notebooks}, name
        else:
            assert 3 <= len(done & notebooks) < len(notebooks), name

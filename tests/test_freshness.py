"""A stale cached output is a bug: runs are kept while the package is unchanged, and forgotten when it changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from gan_book import freshness

ROOT = Path(__file__).parents[1]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A stand-in for the installed package, with one module."""
    folder = tmp_path / "gan_tutorial"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "game.py").write_text("answer = 1\n")
    monkeypatch.setattr(freshness.gan_tutorial, "__file__", str(folder / "__init__.py"))
    return folder


@pytest.fixture
def build(tmp_path):
    """Start a build with a fresh app on the same cache; give back the app."""
    cache = tmp_path / "cache"

    def start():
        app = SimpleNamespace(outdir=str(tmp_path / "html"))
        freshness.drop_stale_runs(app, SimpleNamespace(nb_execution_cache_path=str(cache)))
        app.cache = cache
        return app

    return start


def test_runs_are_kept_while_nothing_changes(package, build):
    (build().cache / "run").write_text("executed")
    assert (build().cache / "run").is_file()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "game.py").write_text("answer = 2\n"),
        lambda folder: (folder / "game.py").rename(folder / "games.py"),
        lambda folder: (folder / "new.js").write_text(""),
    ],
    ids=["edited", "renamed", "added"],
)
def test_runs_are_forgotten_when_the_package_changes(package, build, change):
    (build().cache / "run").write_text("executed")
    change(package)
    assert not (build().cache / "run").exists()


def test_compiled_files_do_not_count(package, build):
    (build().cache / "run").write_text("executed")
    (package / "game.cpython-311.pyc").write_bytes(b"compiled")
    assert (build().cache / "run").is_file()


def test_pages_are_read_again_once_after_a_change(package, build):
    env = SimpleNamespace(found_docs={"index", "parzen"})
    assert sorted(freshness.outdated_pages(build(), env, set(), set(), set())) == [
        "index",
        "parzen",
    ]
    assert freshness.outdated_pages(build(), env, set(), set(), set()) == []
    (package / "game.py").write_text("answer = 2\n")
    assert sorted(freshness.outdated_pages(build(), env, set(), set(), set())) == [
        "index",
        "parzen",
    ]


class SmallBook:
    """The book with two small notebooks in place of its chapters, a package of its own, and `make book`."""

    CELL = """
import importlib.util, os
from pathlib import Path

with open(os.environ["RUNS"], "a") as runs:
    print("{name}", file=runs)
package = Path(importlib.util.find_spec("gan_tutorial").origin).parent
print("The package says", (package / "plots.py").read_text().splitlines()[-1])
"""

    def __init__(self, folder):
        self.folder, self.runs = folder, folder / "runs"
        ignored = shutil.ignore_patterns("__pycache__", "*.ipynb", "*.md")
        for name in ("book", "gan_tutorial"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("Makefile", "_config.yml"):
            shutil.copy2(ROOT / name, folder)
        (folder / ".venv").symlink_to(sys.prefix)  # make cannot be told of a place with a space
        (folder / "_toc.yml").write_text(
            "format: jb-book\nroot: first\nchapters:\n  - file: second\n"
        )
        self.write("first")
        self.write("second")

    def write(self, name, text=""):
        cells = [
            nbformat.v4.new_markdown_cell(f"# The {name} chapter\n\n{text}"),
            nbformat.v4.new_code_cell(self.CELL.format(name=name) + f"# {text}"),
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        nbformat.write(notebook, self.folder / "book" / f"{name}.ipynb")

    def change_package(self, line):
        with (self.folder / "gan_tutorial" / "plots.py").open("a") as module:
            module.write(f"{line}\n")

    def make(self) -> subprocess.CompletedProcess:
        """`make book` with the environment that runs the tests."""
        self.runs.write_text("")
        return subprocess.run(
            ["make", "--assume-old=.venv/.ready", "book"],
            cwd=self.folder,
            env={**os.environ, "RUNS": str(self.runs), "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self) -> list[str]:
        """Which notebooks `make book` executed."""
        result = self.make()
        assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
        return sorted(self.runs.read_text().split())

    def page(self, name) -> str:
        return (self.folder / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    """Built once, in a folder with a space and Hangul; each test below leaves it built."""
    book = SmallBook(tmp_path_factory.mktemp("small") / "a book 책")
    assert book.build() == ["first", "second"]
    return book


def test_a_second_build_with_nothing_changed_executes_nothing(small_book):
    assert small_book.build() == []


def test_an_edited_chapter_is_the_only_one_executed(small_book):
    small_book.write("second", "edited")
    assert small_book.build() == ["second"]
    assert "edited" in small_book.page("second")


def test_a_changed_package_is_seen_on_every_page_that_runs(small_book):
    small_book.change_package("# a new line")
    assert small_book.build() == ["first", "second"]
    for name in ("first", "second"):
        assert "The package says # a new line" in small_book.page(name)


def test_a_failing_cell_fails_the_build_and_is_named(small_book):
    small_book.write("first", "edited")
    small_book.write("second", "edited\nraise RuntimeError('a cell that fails')")
    result = small_book.make()
    assert result.returncode != 0
    assert "second.ipynb" in result.stderr
    assert "a cell that fails" in result.stderr
    small_book.write("second", "mended")
    # The other run, side by side with the failing one, was kept.
    assert small_book.build() == ["second"]

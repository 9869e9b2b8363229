"""A stale cached output is a bug: runs are kept while the package is unchanged, and forgotten when it changes."""

from types import SimpleNamespace

import pytest
from gan_book import freshness


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

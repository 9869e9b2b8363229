"""The lowest versions that the package allows and the newest that there are: one list, one job for each."""

import os
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import bounds
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = [
    Requirement(text)
    for text in chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    if not text.startswith(PROJECT["name"])
]


def test_the_lowest_is_what_pyproject_names_and_the_newest_names_nothing():
    lowest, newest = (
        {r.name: str(r.specifier) for r in map(Requirement, bounds.requirements(bound))}
        for bound in bounds.BOUNDS
    )
    for requirement in OWN:
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        assert lowest[requirement.name] == f"=={bound.version}"
        assert newest[requirement.name] == ""
    assert lowest.keys() == newest.keys()
    assert {"torch", "numpy", "scipy", "anywidget"} <= {requirement.name for requirement in OWN}
    assert {"pytest", "nbconvert"} <= lowest.keys()  # the tests run there too


def test_the_book_is_built_within_the_bounds():
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in pinned if not line.startswith("#"))
    elsewhere = [Requirement(r).name for r in PROJECT["optional-dependencies"]["inception"]]
    for requirement in OWN:
        if requirement.name in elsewhere:  # no page needs it
            continue
        assert versions[requirement.name] in requirement.specifier


def test_the_workflow_has_a_job_for_each_bound():
    path = ROOT / ".github" / "workflows" / "book.yml"
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    matrix = {
        row["bound"]: row["python"] for row in jobs["versions"]["strategy"]["matrix"]["include"]
    }
    assert tuple(matrix) == bounds.BOUNDS
    assert f">={matrix['lowest']}" == PROJECT["requires-python"]
    commands = [step["run"] for step in jobs["versions"]["steps"] if "run" in step]
    assert commands == ["make versions BOUND=${{ matrix.bound }}"]
    assert all(isinstance(python, str) for python in matrix.values())  # 3.10 is 3.1 to YAML


@pytest.mark.parametrize("bound", bounds.BOUNDS)
def test_make_installs_and_tries_the_bound_that_it_is_told(bound):
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", "--dry-run", "versions", f"BOUND={bound}"]
    said = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert f"scripts/bounds.py {bound}" in said.stdout
    assert f'_build/{bound}/bin/python -m pytest -n 2 -m "not browser' in said.stdout
    assert ("-W ignore::DeprecationWarning" in said.stdout) is (bound == "lowest")


def test_a_bound_that_cannot_be_read_is_named(monkeypatch, tmp_path, capsys):
    assert bounds.main(["lowest"]) == 0
    assert "torch==" in capsys.readouterr().out
    assert bounds.main(["oldest"]) == 2
    assert (
        "usage: python scripts/bounds.py lowest|newest, got ['oldest']" in capsys.readouterr().err
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\ndependencies = ["torch"]\n[project.optional-dependencies]\n'
    )
    monkeypatch.setattr(bounds, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="'torch' must name its lowest version"):
        bounds.declared()
    with pytest.raises(ValueError, match=r"'torch~=2\.2' is neither name, name>=version"):
        bounds.parsed("torch~=2.2")

"""The package's shape: one public floor whose names the chapters use, and a training loop that one can follow down."""

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

import nbformat
import pytest
import torch

import gan_tutorial
from gan_tutorial import figures
from gan_tutorial.figures.base import Figure
from gan_tutorial.networks import Gaussian, Pair
from gan_tutorial.training import train

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gan_tutorial"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
MODULES = sorted(p.stem for p in PACKAGE.glob("*.py") if not p.stem.startswith("_"))
PUBLIC = [*MODULES, "figures", "metrics", "recorded"]
FACADE = {
    (node.module, alias.name)
    for node in ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}


def imports(source):
    """(module, name) for everything that the source imports from the package."""
    tree = ast.parse(re.sub(r"^ *%.*$", "pass", source, flags=re.MULTILINE))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan_tutorial":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, None) for a in node.names if a.name.startswith("gan_tutorial."))


def readers_code():
    """Each notebook's code, and the README's."""
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        yield path.stem, "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    yield "README", "\n".join(blocks)


def public_names(module):
    if module == "gan_tutorial":
        return {*gan_tutorial.__all__, *PUBLIC}
    loaded = importlib.import_module(module)
    return set(loaded.__all__)


def test_the_floor_is_small():
    entries = [p.name for p in PACKAGE.iterdir() if p.name != "__pycache__"]
    assert len(entries) <= 22, sorted(entries)
    assert 20 <= len(gan_tutorial.__all__) <= 32
    assert sorted(name for _, name in FACADE) == sorted(gan_tutorial.__all__)


@pytest.mark.parametrize("name", [*MODULES, "metrics", "recorded"])
def test_a_public_module_says_what_it_offers(name):
    """What `__all__` lists is there, is the module's own, and has a docstring."""
    module = importlib.import_module(f"gan_tutorial.{name}")
    assert module.__doc__
    for entry in module.__all__:
        value = getattr(module, entry)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert inspect.getdoc(value), f"{name}.{entry} has no docstring"


@pytest.mark.parametrize(("source", "code"), [pytest.param(*x, id=x[0]) for x in readers_code()])
def test_readers_meet_public_names_only_and_the_front_door_first(source, code):
    front = {name: module for module, name in FACADE}
    for module, name in imports(code):
        assert not any(part.startswith("_") for part in module.split(".")), f"{source}: {module}"
        assert name in public_names(module), f"{source} takes {name} from {module}"
        if front.get(name) == module:
            pytest.fail(f"{source} takes {name} from {module}; the package itself offers it")


def test_every_name_at_the_front_is_used_by_a_reader():
    used = {
        name for _, code in readers_code() for module, name in imports(code) if "." not in module
    }
    assert set(gan_tutorial.__all__) - used == set()


def test_the_api_page_shows_every_public_module_and_nothing_private():
    text = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"automodule:: gan_tutorial\.(\S+)", text)
    assert sorted(shown) == sorted(PUBLIC)


def test_figures_are_all_at_their_door():
    for name in figures.__all__:
        assert issubclass(getattr(figures, name), Figure)


def test_nothing_of_the_engine_is_imported_from_outside_the_package():
    """Chapters are held above; here the book's extension. What makes records works on runs, and may."""
    for path in (ROOT / "book" / "_ext").rglob("*.py"):
        for module, _ in imports(path.read_text(encoding="utf-8")):
            assert "._engine" not in module, path


def test_the_training_loop_is_followed_down_in_four_files(tmp_path):
    """What runs of the package, from the first snapshot on, when the caller brings networks, objective and
    optimisers of their own. (What the call itself checks at the door is in a fifth, `_engine/checks.py`.)
    """
    pair = Pair(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1), Gaussian(1))
    files = set()

    def watch(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and PACKAGE in path.parents:
            files.add(str(path.relative_to(PACKAGE)))

    def optimizer(parameters):
        return torch.optim.SGD(parameters, lr=0.1)

    rows = torch.rand(20, 1)
    options = {"optimizers": (optimizer, optimizer), "checkpoint": tmp_path / "a.pt"}
    run = train(pair, rows, steps=2, every=1, **options)
    sys.setprofile(watch)
    try:
        for _ in run:
            pass
    finally:
        sys.setprofile(None)
    brought = {"networks.py", "objectives.py"}  # the prior's noise, and the losses
    assert files - brought == {
        "training.py",
        "_engine/run.py",
        "_engine/devices.py",
        "_engine/checkpoints.py",
    }

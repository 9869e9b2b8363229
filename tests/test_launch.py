"""Launching, tried for real: a chapter alone in what Colab has, a figure moved through a server as on Binder."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
QUICK = "optimal-discriminator"  # the one that `make test` launches; the others are slow
COLAB = ("torch", "torchvision", "numpy", "scipy", "matplotlib", "ipywidgets")


def run(*command, cwd=None, timeout=900, **environment):
    result = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
    return result.stdout


def pins(*names) -> list[str]:
    """The pinned requirements of the given packages."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line for line in lines if re.split(r"==", line)[0].lower() in names]


def make_environment(folder, *packages) -> Path:
    """A clean virtual environment with the packages; gives back its Python.

    Python compiles what is imported when it is imported: compiling all of torch would take longer than installing it.
    """
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", *packages)
    return python


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """An environment with what Colab has and what it takes to run a notebook, to be copied; and its torch's version."""
    folder = tmp_path_factory.mktemp("colab") / "env"
    python = make_environment(folder, *pins(*COLAB), *pins("ipykernel", "nbclient", "nbformat"))
    warm_up = "import ipywidgets, matplotlib.pyplot, nbclient, torch; print(torch.__version__)"
    return folder, run(python, "-c", warm_up)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """The package as a reader would get it from the repository: what git tracks, and nothing that was built."""
    folder = tmp_path_factory.mktemp("checkout")
    names = run(
        "git", "ls-files", "-z", "gan_tutorial", "pyproject.toml", "README.md", "LICENSE", cwd=ROOT
    )
    for name in filter(None, names.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def launches():
    for path in NOTEBOOKS:
        yield pytest.param(
            path, id=path.stem, marks=[] if path.stem == QUICK else [pytest.mark.slow]
        )


@pytest.mark.parametrize("path", list(launches()))
def test_chapter_runs_alone_in_what_colab_has(colab, checkout, tmp_path, path):
    source, torch_version = colab
    environment = tmp_path / "env"
    shutil.copytree(source, environment, symlinks=True, copy_function=os.link)
    python = environment / "bin" / "python"
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copy2(path, folder)
    script = (
        "import sys, nbformat, nbclient\n"
        f"notebook = nbformat.read({path.name!r}, as_version=4)\n"
        "nbclient.NotebookClient(notebook, timeout=600, kernel_name='python3').execute()\n"
        f"nbformat.write(notebook, {path.name!r})\n"
    )
    run(python, "-c", script, cwd=folder, GAN_TUTORIAL_SOURCE=f"file://{checkout}", PYTHONPATH="")
    outputs = [
        cell.outputs
        for cell in nbformat.read(folder / path.name, 4).cells
        if cell.cell_type == "code"
    ]
    assert any(outputs)
    where = run(python, "-c", "import gan_tutorial; print(gan_tutorial.__file__)", cwd=folder)
    assert str(environment) in where
    assert run(python, "-c", "import torch; print(torch.__version__)") == torch_version


@pytest.mark.slow
def test_the_core_trains_with_torch_numpy_and_tqdm_alone(checkout, tmp_path):
    """No torchvision, PIL, matplotlib or TensorBoard: what they would write is left out, and said once."""
    python = make_environment(tmp_path / "env", *pins("torch", "numpy", "tqdm"))
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", checkout)
    words = ["--out", "run", "--steps", "4", "--every", "1", "--batch-size", "4"]
    command = [python, "-m", "gan_tutorial", "train", *words]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    said = "training goes on without grids of samples: ImportError: a grid of pictures needs torchvision"
    assert done.stderr.count(said) == 1
    assert "Traceback" not in done.stderr
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"checkpoint.pt", "run.json", "history.csv", "history.json"} <= written
    again = run(
        python, "-m", "gan_tutorial", "evaluate", "run", "--count", "50", "--json", cwd=tmp_path
    )
    assert json.loads(again)["samples"] == 50


def call(address, path, token, payload=None):
    """Ask the Jupyter server's REST interface."""
    data = None if payload is None else json.dumps(payload).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(address + path, data, headers), timeout=120
    ) as answer:
        return json.loads(answer.read() or "null")


@pytest.fixture
def binder_server(tmp_path):
    """A Jupyter server in a clean environment made from binder/, started in a copy of the checkout."""
    environment = tmp_path / "env"
    wanted = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    extra = [line for line in wanted if re.match(r"[a-z]", line)]
    python = make_environment(environment, "-c", ROOT / "requirements.txt", *extra)
    run(
        "bash",
        ROOT / "binder" / "postBuild",
        cwd=ROOT,
        PATH=f"{environment / 'bin'}:{os.environ['PATH']}",
    )
    token = uuid.uuid4().hex
    log = (tmp_path / "server.log").open("w")
    server = subprocess.Popen(
        [
            python,
            "-m",
            "jupyter",
            "lab",
            "--no-browser",
            "--allow-root",
            "--port=0",
            f"--IdentityProvider.token={token}",
        ],
        cwd=ROOT / "book",
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")},
    )
    try:
        yield wait_for_address(tmp_path, server), token, python
    finally:
        server.terminate()
        server.wait(timeout=120)
        log.close()


def wait_for_address(folder, server) -> str:
    for _ in range(240):
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", (folder / "server.log").read_text())
        if found:
            return found[0]
        assert server.poll() is None, (folder / "server.log").read_text()
        time.sleep(0.5)
    raise AssertionError((folder / "server.log").read_text())


def test_figure_moves_through_a_jupyter_server_as_on_binder(binder_server):
    address, token, python = binder_server
    kernel = call(address, "api/kernels", token, {"name": "python3"})
    # The client runs in the server's environment, so the test brings nothing that Binder would not have.
    answer = run(
        python,
        ROOT / "tests" / "binder_client.py",
        address,
        kernel["id"],
        token,
        ROOT / "book" / f"{QUICK}.ipynb",
    )
    assert json.loads(answer.splitlines()[-1]) == {"read": "2.5", "sent": -1.5}

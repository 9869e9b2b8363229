"""A real JupyterLab in Chromium: what a reader who opens a notebook there meets."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from test_launch import make_environment, wait_for_address

ROOT = Path(__file__).parents[1]
FRESH_STARTS = 10
PINNED = re.search(
    r"^jupyterlab==\S+", (ROOT / "binder" / "requirements.txt").read_text(), re.MULTILINE
)[0]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


READY = """() => {
  const context = globalThis.jupyterapp?.shell.currentWidget?.sessionContext;
  const kernel = context?.isReady && context.session?.kernel;
  return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""


class Lab:
    """A server that shows the notebooks of a folder; their kernel is the environment of the tests."""

    def __init__(self, folder, address, token):
        self.folder, self.address, self.token = folder, address, token

    def write(self, name, cells):
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    def open(self, page, name):
        page.goto(f"{self.address}lab/tree/{name}.ipynb?token={self.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(READY, timeout=120_000)

    def run_all(self, page):
        page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    python = make_environment(
        home / "env", PINNED, "-c", ROOT / "requirements.txt", "anywidget", "ipywidgets"
    )
    kernel = home / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    folder = home / "notebooks"
    folder.mkdir()
    token = uuid.uuid4().hex
    options = [
        "--no-browser",
        "--allow-root",
        "--port=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    surroundings = {
        "HOME": str(home),
        "JUPYTER_PATH": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PYTHONPATH": str(ROOT),
    }
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [python, "-m", "jupyter", "lab", *options],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **surroundings},
        )
        try:
            yield Lab(folder, wait_for_address(home, server), token)
        finally:
            server.terminate()
            server.wait(timeout=120)


PAINTED = """(figure) => {
  const probe = document.createElement("canvas").getContext("2d");
  const colors = ["data", "generator", "discriminator"].map((name) => {
    probe.fillStyle = getComputedStyle(figure).getPropertyValue(`--gan-${name}`).trim();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].join();
  });
  const seen = new Set();
  for (const canvas of figure.querySelectorAll("canvas")) {
    if (canvas.width === 0) continue;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add(data.slice(i, i + 4).join());
  }
  return { colors, missing: colors.filter((color) => !seen.has(color)) };
}"""  # the palette's colours that no pixel of the figure's canvases has


def test_the_first_figure_of_a_fresh_start_has_its_colours(lab, browser):
    source = "from gan_tutorial.figures import OptimalDiscriminator\nOptimalDiscriminator()"
    lab.write("first", [v4.new_code_cell(source)])
    found = []
    for _ in range(FRESH_STARTS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        lab.open(page, "first")
        lab.run_all(page)
        page.wait_for_selector("[data-figure][data-ready]", timeout=120_000)
        page.wait_for_timeout(1000)  # whatever comes late has come
        found.append(page.locator("[data-figure]").evaluate(PAINTED))
        page.evaluate("void jupyterapp.serviceManager.sessions.shutdownAll()")
        context.close()
    assert all(len(set(start["colors"])) == 3 for start in found)
    assert [start["missing"] for start in found] == [[]] * FRESH_STARTS


STEPS = "+document.querySelector('output[name=step]').dataset.value"


@pytest.mark.parametrize("name", ["LiveTraining", "LivePlane", "LiveDigits"])
def test_a_gan_trains_in_a_worker(lab, browser, name):
    lab.write(name, [v4.new_code_cell(f"from gan_tutorial.figures import {name}\n{name}()")])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    lab.open(page, name)
    lab.run_all(page)
    page.wait_for_selector("[data-figure][data-ready]", timeout=120_000)
    page.click("[data-figure] [name=play]")
    page.wait_for_function(f"{STEPS} > 50", timeout=120_000)
    assert len([worker for worker in page.workers if worker.url.startswith("blob:")]) == 1
    page.close()


def test_arrow_keys_move_a_slider_and_solutions_are_folded(lab, browser):
    figure = v4.new_code_cell(
        "from gan_tutorial.figures import OptimalDiscriminator\nfigure = OptimalDiscriminator()\nfigure"
    )
    chapter = nbformat.read(ROOT / "book" / "optimal-discriminator.ipynb", 4)
    solutions = [c for c in chapter.cells if "solution" in c.metadata.get("tags", [])]
    lab.write("keys", [figure, *solutions])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    lab.open(page, "keys")
    cells = page.locator(".jp-CodeCell")
    assert cells.count() == 1 + len(solutions) > 4
    folded = cells.evaluate_all(
        "(all) => all.map((e) => !!e.querySelector('.jp-InputPlaceholder'))"
    )
    assert folded == [False] + [True] * len(solutions)
    page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')")
    slider = page.locator("[data-figure] input[name=mean]")
    slider.wait_for(timeout=120_000)
    before = float(slider.input_value())
    slider.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert float(slider.input_value()) > before
    assert slider.evaluate("(e) => e === document.activeElement")
    page.close()

"""What several test files share: a JavaScript engine, the built book, a browser."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("live_page")

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The verdict on a commit must depend neither on luck nor on how busy the machine is: the same examples every time,
# however long they take. `make search` looks for new ones.
UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fixed", derandomize=True, print_blob=True, **UNTIMED)
settings.register_profile("search", print_blob=True, **UNTIMED)
settings.load_profile("fixed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share the tests out by files, and those of the built pages by pages: what a file or a page needs is made once."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileAndPage(LoadFileScheduling):
        def _split_scope(self, nodeid):
            page = re.search(r"(test_(?:pages|lessons)\.py)::.*\[(.*\.html)", nodeid)
            return " ".join(page.groups()) if page else super()._split_scope(nodeid)

    config.option.loadscopereorder = (
        False  # pages come late and are small: the processes end together
    )
    return ByFileAndPage(config, log)


class JavaScript:
    """The figures' modules in V8, their exports global; ``call("name", 1, [2])`` gives back JSON-ready values."""

    def __init__(self, context):
        self.context = context

    def load(self, source: str):
        self.context.eval(source)

    def evaluate(self, expression: str):
        return json.loads(self.context.eval(f"JSON.stringify({expression})"))

    def call(self, function: str, *arguments):
        return self.evaluate(f"{function}({', '.join(json.dumps(a) for a in arguments)})")


@contextmanager
def open_javascript(*modules: str):
    from py_mini_racer import MiniRacer

    from gan_tutorial.figures.linker import with_globals

    with MiniRacer() as context:  # left open, it can hang the interpreter's exit
        engine = JavaScript(context)
        engine.load(with_globals(*modules))
        yield engine


@pytest.fixture(scope="module")
def javascript(request):
    """An engine with the modules named in the test module's ``MODULES``."""
    with open_javascript(*request.module.MODULES) as engine:
        yield engine


@pytest.fixture(scope="session")
def figure_page(tmp_path_factory):
    """A function that writes a figure alone on a page, light or dark, and gives back its address on the disk."""
    from gan_book.figures import file_script, scripts

    folder = tmp_path_factory.mktemp("figures")

    def write(figure, theme="light") -> str:
        texts = scripts([type(figure)])
        for name, text in texts.items():
            (folder / f"{name}.js").write_text(text, encoding="utf-8")
        for name in figure.files:
            (folder / f"{name}.js").write_text(file_script(figure, name), encoding="utf-8")
        (folder / "kit.css").write_text(figure._css, encoding="utf-8")
        page = folder / f"{figure.name}-{theme}.html"
        tags = "".join(f'<script defer src="{name}.js"></script>' for name in texts)
        page.write_text(
            f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8"><title>{figure.name}</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="kit.css">'
            f'{tags}{figure.to_html()}<p style="height:2000px"></p></html>',
            encoding="utf-8",
        )
        return page.as_uri()

    return write


@pytest.fixture
def small_record(tmp_path, monkeypatch):
    """A function that makes a record of two steps, with the module's constants as given, by its command; gives back
    the note and the folder of its parts.
    """
    import torch

    from recordings.__main__ import main

    def make(module, command, name, samples, **constants):
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
        parts = tmp_path / "runs"
        short = functools.partial(module.record, runs=parts, steps=2, samples=samples)
        monkeypatch.setattr(module, "record", short)
        assert main([command, "--out", str(tmp_path)]) == 0
        note = json.loads((tmp_path / f"{name}.json").read_text())
        assert note["command"] == f"OMP_NUM_THREADS=1 python -m recordings {command}"
        return note, parts

    return make


@pytest.fixture(scope="session")
def html():
    """The folder of the built book."""
    if not (HTML / "index.html").is_file():
        pytest.fail("the book is not built: run `make book` first (`make test` does)")
    return HTML


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(html):
    """The address of a local server that shows the built book."""
    handler = functools.partial(QuietHandler, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium_path():
    finder = [str(ROOT / "scripts" / "find-chromium"), sys.executable]
    result = subprocess.run(finder, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.fail(result.stderr)
    return result.stdout.strip()


@pytest.fixture(scope="session")
def browser(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=BROWSER_ARGUMENTS)
        yield chromium
        chromium.close()


# A module about a live figure names it, FIGURE, and the modules that train it, TRAINER.


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    """The live figure alone on pages of its own, to be opened from the disk."""
    from live_page import write_pages

    folder = tmp_path_factory.mktemp("live")
    write_pages(folder, request.module.FIGURE, page={}, playing={"playing": True})
    return folder


@pytest.fixture(scope="module")
def address(folder):
    return (folder / "page.html").as_uri()


@pytest.fixture
def live(browser, address):
    from live_page import Page

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = Page(context.new_page())
    yield page.open(address)
    context.close()
    assert page.errors == []


@pytest.fixture(scope="module")
def engine(browser, request):
    """A blank page with the trainer, to run without drawing."""
    from gan_tutorial.figures.linker import with_globals

    page = browser.new_page()
    page.add_script_tag(content=with_globals(*request.module.TRAINER))
    yield page
    page.close()


@pytest.fixture
def chapter(browser, html):
    """A long chapter, open in a wide window."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"file://{html}/optimal-discriminator.html")
    page.wait_for_selector("[data-figure][data-ready]", state="attached")
    yield page
    context.close()

"""What a figure leaves in a notebook's saved output, for viewers that run no JavaScript."""

import json
import sys
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from gan_book.engine import Engine
from gan_book.figures import Pictures, fill
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import gan_tutorial.figures as package
from gan_tutorial.figures import OptimalDiscriminator, stills

FIGURES = [getattr(package, name) for name in package.__all__]
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])


@pytest.fixture(scope="module")
def pictures():
    engine = Engine()
    yield Pictures(engine)
    engine.close()


def saved(figure):
    """The HTML of a figure's output."""
    return figure._repr_mimebundle_()[0]["text/html"]


def page_of(html, pictures):
    """A page's body once the book's build has filled it, and the scripts that it was given."""
    scripts, context = [], {"body": html}
    app = SimpleNamespace(
        gan_pictures=pictures,
        add_css_file=lambda name: None,
        add_js_file=lambda name, **_: scripts.append(name),
    )
    fill(app, "page", "page.html", context, None)
    return context["body"], scripts


@every_figure
def test_the_saved_output_has_the_picture_that_the_page_has(figure, pictures):
    made = figure()
    drawn = pictures.html(made.name, json.loads(json.dumps(made.state())))
    html = saved(made)
    assert html.count(drawn) == 1
    assert "<svg" in drawn or "<image" in drawn
    assert "--gan-data: #" in html  # the colours that the picture names
    assert len(html) < 100_000


@every_figure
def test_a_page_draws_its_own_picture_and_shows_it_once(figure, pictures, monkeypatch):
    made = figure()
    body, scripts = page_of(f"<p>a</p>{saved(made)}<p>b</p>", pictures)
    expected, _ = page_of(f"<p>a</p>{made.to_html()}<p>b</p>", pictures)
    assert body == expected
    assert "<style" not in body
    assert f"figures/{figure.name.replace('-', '_')}.js" in scripts
    monkeypatch.setitem(sys.modules, "py_mini_racer", None)  # as saved where it is not installed
    assert page_of(f"<p>a</p>{saved(made)}<p>b</p>", pictures)[0] == expected


def test_the_picture_is_of_the_state_that_was_shown():
    assert saved(OptimalDiscriminator(mean=2.0)) != saved(OptimalDiscriminator(mean=-2.0))
    figure = OptimalDiscriminator(mean=2.0)
    before = stills.still(figure.name, figure.state())
    figure.mean = -2.0
    assert stills.still(figure.name, figure.state()) != before
    assert figure.in_words().startswith("OptimalDiscriminator(mean=-2.0, ")


@pytest.fixture(scope="module")
def without_javascript():
    """A notebook with two figures, executed and written as HTML without the widgets' state: what is
    left of it where no script runs.
    """
    source = "from gan_tutorial.figures import {0}\n{0}({1})"
    cells = [source.format("OptimalDiscriminator", "mean=2.0"), source.format("Saturation", "")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, store_widget_state=False, timeout=120).execute()
    page = BeautifulSoup(HTMLExporter().from_notebook_node(notebook)[0], "html.parser")
    for script in page.find_all("script"):
        script.decompose()
    return notebook, page


def test_nbconvert_shows_the_picture_where_no_script_runs(without_javascript):
    _, page = without_javascript
    roots = page.select("[data-figure]")
    assert [root["data-figure"] for root in roots] == ["optimal-discriminator", "saturation"]
    for root in roots:
        paths = root.select("svg path")
        assert sum(len(path.get("d", "")) for path in paths) > 1000  # curves, not frames alone
        assert root.select("svg text")
        assert root.select("output[data-value]")
        assert root["aria-label"]
    mean_two = page.select('[data-figure="optimal-discriminator"] svg path')
    drawn = stills.still("optimal-discriminator", OptimalDiscriminator(mean=2.0).state())
    expected = BeautifulSoup(drawn, "html.parser").select("svg path")
    assert [path.get("d") for path in mean_two] == [path.get("d") for path in expected]


def test_a_viewer_of_text_alone_is_told_what_the_figure_shows(without_javascript):
    notebook, _ = without_javascript
    (output,) = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data  # live where it can be
    words = output.data["text/plain"]
    assert words.startswith("OptimalDiscriminator(mean=2.0, separation=3.0, ")
    assert words.endswith(f": {OptimalDiscriminator.title}")


def test_without_v8_there_are_words_in_the_pictures_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "py_mini_racer", None)
    html = saved(OptimalDiscriminator())
    assert "<svg" not in html
    assert f"{OptimalDiscriminator.title} (It moves where its notebook runs" in html
    assert "pip install mini-racer" in html


def test_a_picture_that_cannot_be_drawn_is_told_and_the_figure_shown(monkeypatch):
    monkeypatch.setattr(stills, "sources", lambda name: "this is no JavaScript")
    with pytest.warns(UserWarning, match="'saturation' is saved without a still picture: JS"):
        html = saved(package.Saturation())
    assert package.Saturation.title in html

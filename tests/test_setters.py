"""Links that set a figure: on every page each of them sets what it says, and leads to the figure without JavaScript."""

import re

import pytest
from bs4 import BeautifulSoup
from docutils.core import publish_doctree, publish_from_doctree
from gan_book.setters import Setters
from myst_parser.docutils_ import Parser
from test_pages import PAGES

QUIET = {"report_level": 5, "doctitle_xform": False}

# For each link: the figure's controls after a click on it, and what it asks for.
CLICKED = """() => [...document.querySelectorAll("a.gan-set")].map((link) => {
  const place = document.getElementById(link.hash.slice(1));
  link.click();
  const figure = place?.matches("[data-figure]") ? place : place?.querySelector("[data-figure]");
  return [...new URLSearchParams(link.dataset.set)].map(([name, asked]) => {
    const control = figure?.querySelector(`input[name="${name}"], select[name="${name}"]`);
    return { link: link.textContent, name, asked, is: control?.value };
  });
}).flat()"""


def built(text: str) -> BeautifulSoup:
    document = publish_doctree(text, parser=Parser(), settings_overrides=QUIET)
    Setters(document).apply()
    page = publish_from_doctree(document, writer_name="html5", settings_overrides=QUIET)
    return BeautifulSoup(page, "html.parser")


def test_a_link_to_a_figure_with_settings_becomes_one_that_sets():
    link = built("Put it [at *mean* 0](#figure-7?mean=0&width=0.7).").select_one("a.gan-set")
    assert link["href"] == "#figure-7"
    assert link["data-set"] == "mean=0&width=0.7"
    assert link.em.get_text() == "mean"
    assert built("See [Figure 7](#figure-7).").select_one("a.gan-set") is None


@pytest.mark.book
@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_each_link_sets_what_it_says(browser, html, name):
    text = (html / f"{name}.html").read_text(encoding="utf-8")
    assert not re.search(r'href="#figure-[^"]*\?', text), "a link that sets nothing"
    if 'class="gan-set"' not in text:
        pytest.skip("nothing is set on this page")
    page = browser.new_page()
    page.goto(f"file://{html}/{name}.html")
    page.wait_for_selector("[data-figure][data-ready]", state="attached")
    settings = page.evaluate(CLICKED)
    assert settings
    for setting in settings:
        asked, value = setting["asked"], setting["is"]
        assert value is not None, setting
        assert value == asked or float(value) == float(asked), setting
    page.close()

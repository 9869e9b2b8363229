"""While a figure moves, what is out of sight rests; nothing on the page changes its place for it."""

import pytest

pytestmark = [pytest.mark.book, pytest.mark.browser]

RESTING = """() => [...document.querySelectorAll(".bd-article section *")]
  .filter((element) => element.style.contentVisibility === "auto").length"""
PLACES = """() => [...document.querySelectorAll(".bd-article section > *")]
  .map((element) => element.getBoundingClientRect().top + scrollY)"""


@pytest.mark.parametrize("name", ["optimal-discriminator", "convergence"])
def test_a_moving_figure_lets_the_page_rest_and_nothing_shifts(browser, html, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/{name}.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        page.evaluate("document.fonts.ready")
        assert page.evaluate(RESTING) == 0  # at first the page is whole
        before = page.evaluate(PLACES)
        page.locator("[data-figure] input[type=range]:enabled").first.press("ArrowRight")
        page.wait_for_function(f"{RESTING.replace('() => ', '', 1)} > 20")
        after = page.evaluate(PLACES)
        assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 1
        page.wait_for_function(f"{RESTING.replace('() => ', '', 1)} === 0")  # whole again
    finally:
        page.close()

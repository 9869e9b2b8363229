"""On paper a figure is what it is on the screen, whatever has moved before; read from the PDF that Chromium prints."""

import re
import zlib

import pytest
from page_clock import rest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
PLOTTED = [figure for figure in FIGURES if figure.name != "conditional-generator"]  # has no plot
MOVE = """async ([name, steps]) => {
  const slider = document.querySelector(`input[name=${name}]`);
  const [low, high] = [Number(slider.min), Number(slider.max)];
  for (let i = 1; i <= steps; i++) {
    slider.value = low + (high - low) * i / steps;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  }
}"""  # to the largest value, in so many steps
STATE = """Object.fromEntries([...document.querySelectorAll("input[type=range], select")].map((e) =>
  [e.name, e.type === "range" ? e.valueAsNumber : e.value]))"""

# Read-outs and captions keep the room of the longest that they have shown, and what can be grabbed (it is never seen)
# follows a little later: both tell what has moved.
PLOTS_ONLY = ".gan-outputs, .gan-caption, .gan-handle { display: none !important; }"

pytestmark = pytest.mark.browser


def drawn(pdf: bytes) -> list[bytes]:
    """The commands that draw the pages, as PDF writes them."""
    streams = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            streams.append(zlib.decompress(packed))
        except zlib.error:  # a font or a picture, packed some other way
            continue
    return [stream for stream in streams if b" re\nW* n" in stream]


def lines(pdf: bytes) -> int:
    """How many paths are stroked: curves, grid lines, axes, ticks."""
    return sum(len(re.findall(rb"^S$", stream, re.MULTILINE)) for stream in drawn(pdf))


def colours(pdf: bytes) -> set[bytes]:
    """All colours in which something is filled."""
    return {
        colour
        for stream in drawn(pdf)
        for colour in re.findall(rb"([\d.]+ [\d.]+ [\d.]+) rg$", stream, re.MULTILINE)
    }


@pytest.fixture
def printed(browser, figure_page):
    """A function that opens a figure, does something to it and prints it."""

    def make(figure, act, theme="light"):
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        try:
            page.goto(figure_page(figure, theme))
            page.wait_for_selector("[data-figure][data-ready]")
            act(page)
            page.add_style_tag(content=PLOTS_ONLY)
            return page.pdf(print_background=True)
        finally:
            page.close()

    return make


@pytest.mark.parametrize("figure", PLOTTED, ids=[figure.name for figure in PLOTTED])
def test_what_has_moved_prints_as_what_was_always_there(printed, figure):
    """The way to a state leaves no trace: labels stand where they would in a fresh figure, nothing is missing."""
    state = {}

    def move(page):
        for slider in figure.bounds():
            if slider not in ("pen", "height"):  # they draw
                page.evaluate(MOVE, [slider, 6])
        state.update(page.evaluate(STATE))

    played = printed(figure(), move)
    fresh = printed(figure(**state), lambda page: None)
    assert lines(fresh) >= 6
    assert drawn(played) == drawn(fresh)


def test_a_figure_that_plays_prints_whole(printed):
    def wait(page):
        page.wait_for_function("+document.querySelector('output[name=step]').dataset.value > 20")
        rest(page, 500)

    still = printed(package.LiveTraining(), lambda page: None)
    playing = printed(package.LiveTraining(playing=True), wait)
    assert lines(still) >= 6
    assert lines(playing) >= lines(still)
    assert len(drawn(playing)) == len(
        drawn(still)
    )  # no canvas, which would be a drawing of its own


def test_paper_is_white_in_the_dark_theme_too(printed):
    light, dark = (
        drawn(printed(package.OptimalDiscriminator(), lambda page: None, theme))
        for theme in ("light", "dark")
    )
    assert light
    assert dark == light


def test_the_screen_is_as_before_when_the_printer_is_done(browser, figure_page):
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.goto(figure_page(package.OptimalDiscriminator()))
    page.wait_for_selector("[data-figure][data-ready]")
    plots = page.locator(".gan-plots")
    before = plots.screenshot()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".gan-canvas").first.is_hidden()
    assert page.locator(".gan-print path").count() > 10
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".gan-print").count() == 0
    assert plots.screenshot() == before
    page.close()


@pytest.mark.book
def test_a_chapter_prints_in_the_same_colours_in_both_themes(browser, html):
    printed = []
    for theme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        page = context.new_page()
        page.goto(f"file://{html}/optimal-discriminator.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        page.evaluate("document.fonts.ready")
        assert page.get_attribute("html", "data-theme") == theme
        printed.append(colours(page.pdf(print_background=True)))
        assert page.get_attribute("html", "data-theme") == theme
        context.close()
    assert len(printed[0]) > 5
    assert printed[0] == printed[1]

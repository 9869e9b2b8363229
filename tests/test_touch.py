"""A finger scrolls the page, and changes a figure only where it goes sideways, taps a slider or rests on a dot."""

import pytest
from page_clock import rest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
LISTEN = """() => {
  globalThis.moves = 0;
  document.addEventListener("gan-move", () => { globalThis.moves += 1; });
}"""
# On a busy machine the browser may see a finger's first move later than the moment that counts as rest.
NO_REST = """() => {
  const later = globalThis.setTimeout;
  globalThis.setTimeout = (call, wait, ...rest) => later(call, wait === 300 ? 60_000 : wait, ...rest);
}"""
# Where a finger may begin; of each kind, the first few of a figure stand for the rest.
KINDS = [
    "input[type=range]:enabled:visible",
    ".gan-plot",
    ".gan-handle",
    ".gan-plot g:has(> rect):visible",
]
FEW = 3
VALUES = (
    """() => [...document.querySelectorAll("input, select")].map((e) => `${e.name}=${e.value}`)"""
)

pytestmark = pytest.mark.browser


class Phone:
    """A phone with one finger, and a figure alone on a page that is longer than the screen."""

    def __init__(self, page):
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def touch(self, kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def centre(self, element):
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def swipe(self, x, y, dx, dy, hold=0):
        self.touch("touchStart", (x, y))
        rest(self.page, hold)
        for i in range(1, 11):
            self.touch("touchMove", (x + dx * i / 10, y + dy * i / 10))
        self.touch("touchEnd")
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def number(self, name):
        return float(self.page.get_attribute(f"output[name={name}]", "data-value"))


@pytest.fixture
def phone(browser, figure_page):
    """A function that opens a figure on the phone."""
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}
    )

    def open_figure(figure):
        page = context.new_page()
        page.goto(figure_page(figure))
        page.wait_for_selector("[data-figure][data-ready]")
        rest(page, 200)  # what can be grabbed is in its place
        page.evaluate(LISTEN)
        return Phone(page)

    yield open_figure
    context.close()


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_a_vertical_swipe_scrolls_and_changes_nothing(phone, figure):
    opened = phone(figure())
    opened.page.evaluate(NO_REST)
    before = opened.page.evaluate(VALUES)
    begun = [element for kind in KINDS for element in opened.page.locator(kind).all()[:FEW]]
    assert begun
    for element in begun:
        x, y = opened.centre(element)
        if not 0 < y < 800:
            continue
        here = opened.page.evaluate("scrollY")
        room = opened.page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
        opened.swipe(x, y, 4, -120 if room > 120 else 120)
        assert opened.page.evaluate("scrollY") != here, element.evaluate(
            "(e) => e.outerHTML.slice(0, 80)"
        )
    assert opened.page.evaluate(VALUES) == before
    assert opened.page.evaluate("moves") == 0


def test_a_slider_follows_a_finger_that_goes_sideways(phone):
    opened = phone(package.OptimalDiscriminator())
    slider = opened.page.locator("input[name=mean]")
    x, y = opened.centre(slider)
    opened.swipe(x, y, 80, 6)
    right = opened.number("mean")
    assert right > 1.5
    opened.swipe(x, y, -80, -6)
    assert opened.number("mean") < 0 < right
    assert slider.input_value() == str(opened.number("mean"))


def test_a_slider_goes_where_it_is_tapped(phone):
    opened = phone(package.OptimalDiscriminator())
    slider = opened.page.locator("input[name=mean]")
    x, y = opened.centre(slider)
    opened.page.touchscreen.tap(x + 100, y)
    opened.page.wait_for_function("moves > 0")
    assert opened.number("mean") > 1.5
    assert float(slider.input_value()) == opened.number("mean")


def test_a_finger_draws_sideways_only(phone):
    opened = phone(package.LiveTraining())
    x, y = opened.centre(opened.page.locator(".gan-plot").first)
    opened.swipe(x, y, 90, 0)
    assert opened.page.input_value("select[name=data]") == "drawn"


def test_a_dot_is_pulled_up_by_a_finger_that_has_rested_on_it(phone):
    opened = phone(package.ConvexChord())
    x, y = opened.centre(opened.page.locator(".gan-handle").first)
    before = opened.page.input_value("input[name=ay]"), opened.page.evaluate("scrollY")
    opened.swipe(x, y, 0, -40, hold=500)
    after = opened.page.input_value("input[name=ay]"), opened.page.evaluate("scrollY")
    assert float(after[0]) > float(before[0])
    assert after[1] == before[1]


def test_a_block_is_carried_sideways(phone):
    opened = phone(package.EarthMover())
    block = opened.page.locator(".gan-plot g:has(> rect):visible").last
    x, y = opened.centre(block)
    before = opened.number("cost")
    opened.swipe(x, y, -80 if x > 195 else 80, 0)
    assert opened.number("cost") > before

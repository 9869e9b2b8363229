"""A figure on a page of its own, for a slide: it fits the window, and its address holds its state."""

import json
import re
from urllib.parse import unquote

import pytest
from page_clock import rest

import gan_tutorial.figures as package

MODULES = ("kit/state.js",)
FIGURES = [getattr(package, name) for name in package.__all__]
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])

pytestmark = [pytest.mark.book, pytest.mark.browser]


@pytest.fixture
def alone(browser, html):
    """A function that opens a figure's own page from the disk in a window for slides."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    said = []

    def open_page(figure, fragment=""):
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: message.type == "error" and said.append(message.text))
        page.goto(f"file://{html}/figures/{figure.name}.html#{fragment}")
        page.wait_for_selector("[data-figure][data-ready]")
        return page

    yield open_page
    context.close()
    assert said == []


@every_figure
def test_nothing_but_the_figure(alone, figure):
    page = alone(figure)
    assert page.locator("main > [data-figure]").count() == 1
    assert page.locator("body > :not(main)").count() == 0
    assert page.title() == figure.title


@every_figure
def test_a_slide_shows_all_of_it(alone, figure):
    page = alone(figure)
    page.wait_for_selector("[data-fitted]")
    assert page.evaluate("document.documentElement.scrollHeight") <= 720
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate("+document.querySelector('.gan-figure').style.zoom") >= 0.7  # 10 px
    plots = page.locator(".gan-plots").bounding_box()
    assert plots["width"] > 600
    shown = page.evaluate(
        """[...document.querySelectorAll("input, select, button, output, .gan-plot")]
          .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect())
          .every((r) => r.top >= 0 && r.left >= 0 && r.bottom <= 720 && r.right <= 1280)"""
    )
    assert shown


@every_figure
def test_the_whole_state_goes_through_the_address(alone, figure):
    page = alone(figure)
    for slider in page.locator("input[type=range]:enabled").all():
        slider.press("ArrowRight" if slider.input_value() < slider.get_attribute("max") else "Home")
    for select in page.locator("select").all():
        values = select.locator("option").evaluate_all("(all) => all.map((e) => e.value)")
        select.select_option(values[-1])
    rest(page, 400)  # the address follows when the hand rests
    controls = """[...document.querySelectorAll('input:not([name=pen], [name=height]), select')]
      .map((e) => [e.name, e.value])"""  # the pen is a tool: what it has drawn is state
    before, fragment = page.evaluate(controls), page.evaluate("location.hash.slice(1)")
    assert fragment
    again = alone(figure, fragment)
    assert again.evaluate(controls) == before
    again.close()
    page.close()


def test_moves_go_through_the_address_too(alone):
    page = alone(package.EarthMover)
    page.click("[name=move]")
    page.wait_for_function("location.hash.includes('moves')")
    assert "moves=[[1,2,2]]" in unquote(page.url)
    cost = page.get_attribute("output[name=cost]", "data-value")
    again = alone(package.EarthMover, page.url.split("#")[1])
    assert again.get_attribute("output[name=cost]", "data-value") == cost == "2"


@pytest.mark.parametrize(
    ("figure", "fragment"),
    [
        (package.OptimalDiscriminator, "mean=99&width=&weight=no&colour=red&%E0%A4%A=1"),
        (package.ConvexChord, "shape=square&ax=%"),
        (package.EarthMover, "moves=[[9,9,9]]&moves=[[1,2,3][1,2,3]]&moves=1"),
    ],
)
def test_what_an_address_must_not_say_is_ignored(alone, figure, fragment):
    assert alone(figure, fragment).evaluate(
        "[...document.querySelectorAll('input, select')].map((e) => e.value)"
    ) == alone(figure).evaluate(
        "[...document.querySelectorAll('input, select')].map((e) => e.value)"
    )


IN_VIEW = """() => {
  const { top } = document.getElementById("figure-optimal-discriminator").getBoundingClientRect();
  return top >= 0 && top < 200;
}"""


def test_every_figure_of_a_chapter_can_be_taken_along(browser, site):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.rstrip("/"))
    page = context.new_page()
    page.goto(f"{site}optimal-discriminator.html#figure-optimal-discriminator")
    figure = page.locator("#figure-optimal-discriminator")
    page.wait_for_selector("#figure-optimal-discriminator[data-ready]")
    page.wait_for_function(
        IN_VIEW
    )  # the anchor puts it there, below the header; the theme scrolls smoothly
    figure.locator("input[name=mean]").fill("2.5")
    figure.get_by_role("button", name="Copy link").click()
    figure.get_by_role("status").get_by_text("copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{site}figures/optimal-discriminator.html#mean=2.5"
    figure.get_by_role("button", name="Copy iframe").click()
    page.wait_for_function("navigator.clipboard.readText().then((t) => t.includes('<iframe'))")
    frame = page.evaluate("navigator.clipboard.readText()")
    assert re.search(f'src="{re.escape(link)}"', frame)
    page.goto(f"{site}index.html")
    page.set_content(frame)
    inner = page.frame_locator("iframe").locator("input[name=mean]")
    inner.wait_for()
    assert inner.input_value() == "2.5"
    context.close()


def test_frames_on_slides_show_all_and_answer(browser, html, tmp_path):
    """A lecturer's page on the disk with two frames as the button gives them, the second below the first."""
    frames = "".join(
        f'<iframe src="file://{html}/figures/{name}" width="1280" height="720" style="border:0"></iframe>'
        for name in ("live-training.html", "critic-or-discriminator.html#distance=8")
    )
    (tmp_path / "slides.html").write_text(
        f"<!doctype html><title>slides</title><body style='margin:0'>{frames}"
    )
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto((tmp_path / "slides.html").as_uri())
    for i, slider in enumerate(["k", "distance"]):
        page.locator("iframe").nth(i).scroll_into_view_if_needed()
        frame = page.frames[1 + i]
        frame.wait_for_selector("[data-fitted]")
        height, width = frame.evaluate(
            "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
        )
        assert height <= 720
        assert width <= 1280
        control = frame.locator(f"input[name={slider}]")
        before = control.input_value()
        control.press("ArrowRight")
        assert control.input_value() != before
    page.close()


FILLS = """() => {
  const { left, top, right, bottom } = document.fullscreenElement.getBoundingClientRect();
  return [left, top, right, bottom].join() === [0, 0, innerWidth, innerHeight].join();
}"""


@every_figure
def test_the_button_fills_the_screen_and_gives_it_back(alone, figure):
    page = alone(figure)
    root, button = page.locator("[data-figure]"), page.get_by_role("button", name="Full screen")
    button.click()
    page.wait_for_function("document.fullscreenElement")
    assert root.evaluate("(e) => e === document.fullscreenElement")
    page.wait_for_function(FILLS)
    slider = page.locator("input[type=range]:enabled").first
    before = slider.input_value()
    at_top = float(before) >= float(slider.get_attribute("max"))
    slider.press("ArrowLeft" if at_top else "ArrowRight")
    assert slider.input_value() != before
    button.click()
    page.wait_for_function("!document.fullscreenElement")
    page.close()


def test_a_figure_in_a_chapter_fills_the_screen_too(browser, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"file://{html}/optimal-discriminator.html")
    page.wait_for_selector("[data-figure][data-ready]")
    figure = page.locator("#figure-optimal-discriminator")
    width = figure.bounding_box()["width"]
    figure.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement")
    page.wait_for_function(FILLS)
    plot = figure.locator(".gan-plot").first
    page.wait_for_function(
        "(e) => e.clientWidth > 900", arg=plot.element_handle()
    )  # it is drawn anew
    figure.get_by_role("button", name="Full screen").click()
    page.wait_for_function("!document.fullscreenElement")
    assert figure.bounding_box()["width"] == width
    page.close()


def test_the_gallery_shows_each_figure_and_leads_to_it(browser, site, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site}figures.html")
    assert page.locator(".gan-gallery .gan-thumb svg.gan-plot").count() >= len(FIGURES) - 1
    for figure in FIGURES:
        own = f"figures/{figure.name}.html"
        links = page.locator(f".gan-entry:has(a[href='{own}']) a")
        addresses = links.evaluate_all("(all) => all.map((e) => e.getAttribute('href'))")
        assert own in addresses
        chapters = [a for a in addresses if a.endswith(f"#figure-{figure.name}")]
        assert chapters
        for address in chapters:
            name, _, place = address.partition("#")
            assert f'id="{place}"' in (html / name).read_text(encoding="utf-8")
    page.close()


@every_figure
def test_a_state_is_read_as_it_was_written(javascript, figure):
    first = json.dumps(figure().state())
    bounds = figure.bounds()
    state = json.dumps(
        {
            **figure().state(),
            **{name: bound["max"] for name, bound in bounds.items()},
            **{name: options[-1] for name, options in figure.choices().items()},
        }
    )
    text = javascript.evaluate(f"writeState({state}, {first})")
    assert javascript.evaluate(f"writeState({first}, {first})") == ""
    read = javascript.evaluate(
        f"Object.assign({{}}, {first}, readState({json.dumps('#' + text)}, {first}))"
    )
    assert read == json.loads(state)

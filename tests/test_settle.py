"""While a figure moves, what is out of sight rests; nothing on the page changes its place for it."""

import pytest
from page_clock import rest

pytestmark = [pytest.mark.book, pytest.mark.browser]

RESTING = """() => [...document.querySelectorAll(".bd-article section *")]
  .filter((element) => element.style.contentVisibility === "auto").length"""
PLACES = """() => [...document.querySelectorAll(".bd-article section > *")]
  .map((element) => element.getBoundingClientRect().top + scrollY)"""
# Remembers where things are once the page rests: three frames after a style has changed, when the browser skips what
# is out of sight. A page that has woken by then is asked again.
WATCH = f"""() => {{
  globalThis.places = null;
  const frame = () => new Promise(requestAnimationFrame);
  new MutationObserver(async (changes, observer) => {{
    for (let i = 0; i < 3; i++) await frame();
    if (places !== null || ({RESTING})() <= 20) return;
    observer.disconnect();
    places = ({PLACES})();
  }}).observe(document.querySelector(".bd-article"), {{ subtree: true, attributeFilter: ["style"] }});
}}"""


def move_until(page, condition: str, tries: int = 30) -> None:
    """Moves a page's first slider to and fro, once a second, until the condition holds.

    A reader plays on, too. One move alone may be over before a busy machine comes to what follows it.
    """
    slider = page.locator("[data-figure] input[type=range]:enabled:visible").first
    for turn in range(tries):
        slider.press(["ArrowRight", "ArrowLeft"][turn % 2])
        rest(page, 1000)
        if page.evaluate(condition):
            return
    raise AssertionError(f"{tries} moves, and still not: {condition}")


@pytest.mark.parametrize("slower", [1, 6])
@pytest.mark.parametrize("name", ["optimal-discriminator", "convergence"])
def test_a_moving_figure_lets_the_page_rest_and_nothing_shifts(browser, html, name, slower):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/{name}.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        page.evaluate("document.fonts.ready")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        assert page.evaluate(RESTING) == 0  # at first the page is whole
        before = page.evaluate(PLACES)
        page.evaluate(WATCH)  # before it begins: on a busy machine it may be over when one asks
        move_until(page, "places !== null")
        after = page.evaluate("places")
        assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 1
        page.wait_for_function(f"{RESTING.replace('() => ', '', 1)} === 0")  # whole again
    finally:
        page.close()


def test_a_page_without_a_moment_of_idleness_rests_too(browser, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/optimal-discriminator.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        page.evaluate("""() => {
          const hum = () => {
            for (const until = performance.now() + 60; performance.now() < until; );
            requestAnimationFrame(hum);
          };
          hum();
        }""")
        move_until(page, f"({RESTING})() > 20")
    finally:
        page.close()


def test_a_page_that_was_busy_until_after_the_quiet_stays_whole(browser, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.add_init_script(
            "globalThis.requestIdleCallback = (task) => (globalThis.held ??= []).push(task)"
        )
        page.goto(f"file://{html}/optimal-discriminator.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        page.evaluate("held = []")
        page.locator("[data-figure] input[type=range]:enabled:visible").first.press("ArrowRight")
        page.wait_for_function("held.length > 0")
        rest(page, 5500)  # settle.js calls five seconds without a move quiet
        page.evaluate("""async () => {
          for (const task of held) task();
          for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
        }""")
        assert page.evaluate(RESTING) == 0
    finally:
        page.close()


def test_a_press_right_after_the_pointer_came_reaches_the_slider(browser, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/index.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        slider = page.locator("[data-figure] input[type=range]").first
        slider.scroll_into_view_if_needed()
        rest(page, 500)
        before = slider.input_value()
        place = slider.bounding_box()
        page.mouse.move(place["x"] + 0.9 * place["width"], place["y"] + place["height"] / 2)
        page.mouse.down()
        page.mouse.up()
        assert slider.input_value() != before
    finally:
        page.close()

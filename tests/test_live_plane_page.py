"""The plane's live figure in Chromium: play, steps of a round, views, drawing, keyboard, touch, a kernel's traits."""

import json
import math
import re

import pytest
from live_page import AnyLiveFigure, Page
from page_clock import rest

from gan_tutorial.figures import LivePlane
from gan_tutorial.figures.live_plane import VIEWS

pytestmark = pytest.mark.browser
SHOWN = ("step", "js", "w1", "modes", "good", "value", "best")


FIGURE, RUN = LivePlane, {"seed": 7, "data": "moons"}
TRAINER = ("live/run.js", "live_plane/trainer.js")
PLAYED = """([settings, steps]) => {
  const trainer = makeTrainer(settings);
  while (trainer.step < steps) playRound(trainer);
  look(trainer);
  const { step, jsd, w1, modes, good, value, best } = trainer;
  return { step, js: jsd, w1, modes, good, value, best };
}"""


def numbers(page):
    return {name: page.number(name) for name in SHOWN}


class TestAsEveryLiveFigure(AnyLiveFigure):
    pass


def test_one_player_at_a_time(live):
    before = numbers(live)
    live.click("step-d")
    after = numbers(live)
    assert after["step"] == 0
    assert after["js"] == before["js"]
    assert after["value"] != before["value"]
    live.click("step-g")
    assert live.number("step") == 1
    assert live.number("js") != before["js"]
    live.click("reset")
    assert numbers(live) == before


LIT = "[...document.querySelectorAll('[data-lit=true]')].length"


def test_a_round_in_steps_is_a_round(live, engine):
    """Eleven steps with k = 1; with k = 2 the discriminator's six come twice. They lead where a round leads."""
    live.move("k", "2")
    said, lit = [], []
    for _ in range(6 + 6 + 5):
        live.click("next")
        said.append(live.page.inner_text(".gan-caption >> nth=0"))
        lit.append(live.page.evaluate(LIT))
    assert [int(re.match(r"(\d+) of 11\.", text)[1]) for text in said] == [
        *range(1, 7),
        *range(1, 12),
    ]
    assert all(count > 0 for count in lit)
    assert numbers(live) == engine.evaluate(PLAYED, [{"k": 2}, 1])
    live.click("next")  # a new round has begun
    live.click("step-both")  # it is finished, and then one more
    assert live.page.evaluate(LIT) == 0
    assert numbers(live) == engine.evaluate(PLAYED, [{"k": 2}, 3])


def test_slow_motion_goes_on_by_itself_and_full_speed_after_it(live, engine):
    live.page.select_option("[name=speed]", "phases")
    live.click("play")
    live.wait("document.querySelector('.gan-caption').textContent.startsWith('2 of 11')")
    assert live.number("step") == 0
    live.page.select_option("[name=speed]", "full")
    live.wait_for_steps(30)
    live.click("play")
    shown = numbers(live)
    assert shown == engine.evaluate(PLAYED, [{}, int(shown["step"])])


def test_a_trained_start_is_where_the_run_itself_gets_to(live, engine):
    live.page.select_option("[name=start]", "trained")
    live.wait("document.querySelector('output[name=step]').dataset.value >= 1500")
    assert live.still_step() == 1500
    assert numbers(live) == engine.evaluate(PLAYED, [{}, 1500])
    live.fragment("start=trained")
    live.click("step-both")
    assert live.number("step") == 1501


def test_a_story_sets_all_but_the_seed_and_plays(live):
    live.move("seed", "3")
    live.move("depth_g", "3")
    live.click("preset-collapse")
    assert live.page.get_attribute("[name=preset-collapse]", "aria-pressed") == "true"
    assert (live.value("seed"), live.value("depth_g")) == ("3", "2")
    live.wait_for_steps(5)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_can_be_switched_and_changes_the_plane(live, view):
    live.page.select_option("[name=data]", "moons")
    for _ in range(3):
        live.click("step-both")
    plane = live.page.locator(".gan-plot-box").first
    before, pressed = (
        plane.screenshot(),
        live.page.get_attribute(f"[name=view-{view}]", "aria-pressed"),
    )
    live.click(f"view-{view}")
    live.page.mouse.move(0, 0)
    assert live.page.get_attribute(f"[name=view-{view}]", "aria-pressed") != pressed
    if view != "path":  # so far it is a point that may lie below others
        assert plane.screenshot() != before
    live.click(f"view-{view}")
    assert live.page.get_attribute(f"[name=view-{view}]", "aria-pressed") == pressed


def test_everything_survives_the_address(live, address):
    live.page.select_option("[name=objective]", "relativistic")
    live.page.select_option("[name=penalty]", "r1")
    live.page.select_option("[name=noise]", "circle")
    live.move("width_g", "48")
    live.click("view-best")
    fragment = live.fragment("views=")
    assert set(fragment[1:].split("&")) == {
        "objective=relativistic", "penalty=r1", "noise=circle", "width_g=48", "views=samples.landscape.best.sheet",
    }  # fmt: skip
    start = numbers(live)
    live.open(address + fragment)
    assert live.value("noise") == "circle"
    assert live.page.get_attribute("[name=view-best]", "aria-pressed") == "true"
    assert {name: live.number(name) for name in start if name != "value"} == {
        name: start[name] for name in start if name != "value"
    }


def test_drawing_with_the_mouse_and_by_keyboard(live):
    box = live.page.locator(".gan-plot").first.bounding_box()
    at = lambda fx, fy: (box["x"] + fx * box["width"], box["y"] + fy * box["height"])  # noqa: E731
    live.page.mouse.move(*at(0.3, 0.5))
    live.page.mouse.down()
    live.page.mouse.move(*at(0.7, 0.5), steps=4)
    live.page.mouse.up()
    live.page.mouse.move(*at(0.9, 0.2))
    rest(live.page, 400)  # the address follows when the hand rests
    assert live.value("data") == "drawn"
    drawing = re.search("drawing=([0-9a-f]{256})", live.fragment("drawing="))[1]
    rows = [f"{int(drawing[i : i + 8], 16):032b}"[::-1] for i in range(0, 256, 8)]
    inked = [i for i, row in enumerate(rows) if "1" in row]
    assert len(inked) == 3  # the brush is three squares high
    assert "1" * 11 in rows[inked[1]]  # a stroke without gaps
    live.click("clear")
    live.press_tab_until("pen_x")
    live.page.keyboard.press("End")
    live.press_tab_until("ink")
    live.page.keyboard.press("Enter")
    drawing = re.search("drawing=([0-9a-f]{256})", live.fragment("drawing=c"))[1]
    assert (
        drawing == "c0000000" + "80000000" + "0" * 240
    )  # the corner, its left and its upper neighbour
    live.press_tab_until("erase")
    live.page.keyboard.press("Enter")
    live.wait("!location.hash.includes('drawing=c')")


def test_everything_by_keyboard(live):
    press = live.page.keyboard.press
    live.press_tab_until("preset-collapse")
    press("Enter")
    live.wait_for_steps(5)
    live.press_tab_until("play")
    press("Space")
    assert live.page.inner_text("[name=play]") == "Play"
    for name in ("next", "step-g", "view-fake"):
        live.press_tab_until(name)
        press("Enter")
    live.press_tab_until("k")
    k = int(live.value("k"))
    press("ArrowRight")
    assert live.value("k") == str(k + 1)


def test_touch(browser, address):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800}
    )
    live = Page(context.new_page()).open(address)
    live.page.tap("[name=preset-good]")
    live.wait_for_steps(5)
    live.page.tap("[name=play]")
    live.draw_with_a_finger()
    assert live.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert live.errors == []
    context.close()


def test_what_a_kernel_would_receive(live):
    """The recorded traits are written at each stop, and a trait set from outside moves the figure."""
    received = live.page.evaluate(
        """(state) => {
          const el = document.body.insertBefore(document.createElement("div"), document.body.firstChild);
          globalThis.model = new ganFigures.Model(state);
          ganModules.need("live_plane/drawing.js").render({ model, el });
          model.set("data", "spiral");
          el.querySelector("[name=step-both]").click();
          const names = ["step", "js", "w1", "modes", "good", "history"];
          return JSON.stringify(Object.fromEntries(names.map((name) => [name, model.get(name)])));
        }""",
        LivePlane().state(),
    )
    figure = LivePlane(**json.loads(received))
    assert figure.step == 1
    assert 0 < figure.js <= math.log(2)
    assert figure.modes is None  # a spiral has none
    assert 0 <= figure.good <= 1
    assert set(figure.history) == {
        "step", "value", "cost", "jsd", "w1", "modes", "good", "x", "y",
    }  # fmt: skip


def test_the_picture_without_a_browser_is_of_a_trained_sheet():
    html = LivePlane()._repr_mimebundle_()[0]["text/html"]
    step, modes = (
        re.search(rf'<output name="{name}"[^>]*data-value="([^"]+)"', html)[1]
        for name in ("step", "modes")
    )
    assert int(step) == 1500
    assert int(modes) == 8

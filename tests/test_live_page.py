"""The live figure in Chromium: its presets for ten seeds each, its address, keyboard, touch."""

import math
import re

import numpy as np
import pytest
from conftest import open_javascript
from live_page import AnyLiveFigure, Page
from page_clock import rest

from gan_tutorial.figures import LiveTraining

pytestmark = pytest.mark.browser
SEEDS = list(range(1, 11))
TRAINER = tuple(
    f"live{name}.js"
    for name in ("/run", "_training/trainer", "_training/presets", "_training/density")
)
PRESETS = [
    "good",
    "saturation",
    "helvetica",
    "oscillation",
    "strong-minimax",
    "strong-non-saturating",
    "wgan",
]


FIGURE, RUN = LiveTraining, {"seed": 7}
SHOWN = ("step", "jsd", "w1", "value")
PLAYED = """([settings, steps]) => {
  const trainer = makeTrainer(settings);
  while (trainer.step < steps) playRound(trainer);
  look(trainer);
  return { step: trainer.step, jsd: trainer.jsd, w1: trainer.w1, value: trainer.value };
}"""


class TestAsEveryLiveFigure(AnyLiveFigure):
    pass


def test_the_list_of_presets_is_whole():
    with open_javascript(*TRAINER) as engine:
        assert engine.evaluate("Object.keys(PRESETS)") == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_keeps_its_promise_for_nine_seeds_of_ten(engine, name):
    kept = engine.evaluate(
        """([name, seeds]) => seeds.map((seed) => {
          const { settings, by, kept } = PRESETS[name];
          const trainer = makeTrainer({ ...settings, seed });
          while (trainer.step < by && !trainer.diverged) playRound(trainer);
          return kept(trainer);
        })""",
        [name, SEEDS],
    )
    assert sum(kept) >= 9, kept


# What the page's answers say of seeds 1 to 10. Each gives back one row a seed.
ANSWERS = {
    "longest arrow": """(seed) => {
      const trainer = makeTrainer({ data: "far-bell", seed });
      for (let i = 0; i < 20; i++) trainDiscriminator(trainer);
      look(trainer);
      const scores = scoresOf(trainer), { masses } = trainer.push;
      const slope = (i) => (scores[i + 1] - scores[i - 1]) / (2 * CELL) / (1 + Math.exp(scores[i]));
      const held = [...masses.keys()].filter((i) => masses[i] > 1e-3);
      const longest = held.reduce((a, b) => (Math.abs(slope(a)) > Math.abs(slope(b)) ? a : b));
      const before = trainer.push.mean;
      for (let i = 0; i < 20; i++) trainGenerator(trainer);
      look(trainer);
      return [longest === held.at(-1), slope(longest) > 0, trainer.push.mean > before];
    }""",
    "faster G": """(seed) => {
      const trainer = makeTrainer({ seed });
      const upTo = (step, jsds = []) => {
        while (trainer.step < step) { playRound(trainer); if (trainer.step % 20 === 0) jsds.push(trainer.jsd); }
        return jsds;
      };
      const settled = upTo(2000).at(-1);
      tune(trainer, { k: 1, log_rate_g: -2 });
      const soon = Math.max(...upTo(2040));
      upTo(2500);
      const late = upTo(4000).sort((a, b) => a - b);
      return [settled, soon, late[0], late[late.length >> 1]];
    }""",
    "block": """(seed) => {
      const drawing = "0".repeat(20) + "z".repeat(20) + "0".repeat(20);
      const trainer = makeTrainer({ data: "drawn", drawing, seed });
      while (trainer.step < 3000) playRound(trainer);
      look(trainer);
      const gap = (i) => Math.abs(trainer.data[i] - trainer.push.masses[i]);
      const cells = [...trainer.data.keys()].sort((a, b) => gap(b) - gap(a)).slice(0, 6);
      const furthest = Math.max(...cells.map((i) => Math.abs(Math.abs(centreOf(i)) - 2)));
      const inside = [...scoresOf(trainer)].filter((_, i) => Math.abs(centreOf(i)) < 2);
      return [furthest, ...[Math.min(...inside), Math.max(...inside)].map((s) => 1 / (1 + Math.exp(-s)))];
    }""",
    "noise": """(seed) => ["normal", "uniform"].map((prior) => {
      const trainer = makeTrainer({ data: "one-bell", prior, seed });
      while (trainer.step < 2000) playRound(trainer);
      look(trainer);
      return trainer.jsd;
    })""",
}


def test_the_answers_of_the_page(engine):
    found = {
        name: np.array(engine.evaluate(f"(seeds) => seeds.map({ask})", SEEDS), dtype=float)
        for name, ask in ANSWERS.items()
    }
    assert found["longest arrow"].all()
    settled, soon, lowest, median = found["faster G"].T
    assert settled.max() < 0.05
    assert soon.min() > 0.1
    assert lowest.min() > 0.15
    assert 0.28 < median.min() < median.max() < 0.42
    furthest, low, high = found["block"].T
    assert furthest.max() < 0.5
    assert 0.485 < low.min() < high.max() < 0.515
    assert [f"{jsd:.1g}" for jsd in np.median(found["noise"], axis=0)] == ["0.001", "0.02"]


@pytest.mark.parametrize(
    ("name", "failure", "page"),
    [
        ("saturation", "saturated", "minimax-game.html"),
        ("helvetica", "collapsed", "training-1d.html"),
        ("oscillation", "oscillating", "training-1d.html"),
    ],
)
def test_a_click_on_a_story_ends_in_its_warning(live, name, failure, page):
    live.click(f"preset-{name}")
    # Read at once: what is wrong at one moment need not be so at the next.
    live.wait(
        """([failure, page]) => {
          const said = document.querySelector("[role=status]"), link = said.querySelector("a");
          return said.dataset.failure === failure && link.textContent === "Why?" && link.getAttribute("href") === page;
        }""",
        [failure, page],
    )
    assert live.page.get_attribute(f"[name=preset-{name}]", "aria-pressed") == "true"


def test_the_good_story_gets_near_the_data(live):
    live.click("preset-good")
    live.wait("document.querySelector('output[name=jsd]').dataset.value < 0.05")
    assert live.failure == ""
    live.click("play")
    assert live.number("criterion") == pytest.approx(2 * live.number("jsd") - math.log(4))
    assert -1.5 < live.number("value") <= live.number("criterion")


def test_the_value_of_the_game_is_shown_where_the_losses_are_logarithms_only(live):
    live.page.select_option("[name=objective]", "wgan")
    live.click("step-d")
    assert math.isnan(live.number("value"))
    live.page.select_option("[name=objective]", "minimax")
    live.click("step-d")
    assert live.number("value") <= live.number("criterion")


def test_one_player_at_a_time(live):
    before = live.number("jsd"), live.number("value")
    live.click("step-d")
    assert live.number("step") == 0
    assert live.number("jsd") == before[0]
    assert live.number("value") != before[1]
    live.click("step-g")
    assert live.number("step") == 1
    assert live.number("jsd") != before[0]
    live.click("step-both")
    assert live.number("step") == 2
    live.click("reset")
    assert live.number("step") == 0
    assert live.number("jsd") == before[0]


def test_what_is_changed_while_it_plays_is_played_on_with(live):
    live.click("play")
    live.wait_for_steps(20)
    live.move("log_rate_g", "-4")  # tuned: the run goes on
    step = live.number("step")
    assert step >= 20
    live.wait_for_steps(step + 20)
    live.move("seed", "9")  # another run
    live.wait("document.querySelector('output[name=step]').dataset.value < 1000")
    live.wait_for_steps(20)
    live.click("play")
    assert live.still_step() == live.number("step")


def test_settings_round_trip_through_the_address(live, address):
    live.page.select_option("[name=objective]", "wgan-gp")
    live.page.select_option("[name=prior]", "uniform")
    live.move("k", "4")
    live.move("log_rate_d", "-2.75")
    live.move("seed", "17")
    fragment = live.fragment("seed=17")
    assert set(fragment[1:].split("&")) == {
        "objective=wgan-gp", "prior=uniform", "k=4", "log_rate_d=-2.75", "seed=17",
    }  # fmt: skip
    shown = {name: live.value(name) for name in ("objective", "prior", "k", "log_rate_d", "seed")}
    start = live.number("jsd")
    live.open(address + fragment)
    assert {name: live.value(name) for name in shown} == shown
    assert live.number("jsd") == start
    assert live.fragment() == fragment
    live.page.evaluate("location.hash = 'k=9'")
    live.wait("document.querySelector('input[name=k]').value === '9'")
    assert live.value("objective") == "non-saturating"


def test_an_anchor_is_not_overwritten(live, address):
    live.open(f"{address}#end")
    rest(live.page, 400)
    assert live.fragment() == "#end"


def test_everything_by_keyboard(live):
    press = live.page.keyboard.press
    live.press_tab_until("preset-wgan")
    press("Enter")
    assert live.value("objective") == "wgan"
    live.press_tab_until("play")
    live.wait_for_steps(5)
    press("Space")
    assert live.page.inner_text("[name=play]") == "Play"
    live.press_tab_until("step-g")
    press("Enter")
    live.press_tab_until("k")
    press("ArrowRight")
    assert live.value("k") == "6"
    live.press_tab_until("pen")
    press("Home")
    live.press_tab_until("height")
    press("End")
    assert live.value("data") == "drawn"
    live.fragment("drawing=z0")


def test_drawing_with_the_mouse_follows_the_pointer(live):
    box = live.page.locator(".gan-plot").first.bounding_box()
    at = lambda fx, fy: (box["x"] + fx * box["width"], box["y"] + fy * box["height"])  # noqa: E731
    live.page.mouse.move(*at(0.3, 0.5))
    live.page.mouse.down()
    live.page.mouse.move(*at(0.7, 0.5), steps=4)
    live.page.mouse.up()
    live.page.mouse.move(*at(0.9, 0.2))  # not drawing any more
    rest(live.page, 400)  # the address follows when the hand rests
    assert live.value("data") == "drawn"
    drawing = re.search("drawing=(.{60})", live.fragment("drawing="))[1]
    heights = [int(digit, 36) for digit in drawing]
    flat = heights[18:40]
    assert max(flat) - min(flat) <= 2  # a straight stroke, without gaps
    assert min(flat) > 8


def test_touch(browser, address):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}
    )
    live = Page(context.new_page()).open(address)
    live.page.tap("[name=preset-saturation]")
    live.wait_for_steps(5)
    live.page.tap("[name=play]")
    live.draw_with_a_finger()
    assert live.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert live.errors == []
    context.close()


def test_what_a_kernel_would_receive(live):
    """The recorded traits are written at each stop, and a trait set from outside moves the figure."""
    live.page.evaluate(
        """(state) => {
          const el = document.body.insertBefore(document.createElement("div"), document.body.firstChild);
          globalThis.model = new ganFigures.Model(state);
          ganModules.need("live_training/drawing.js").render({ model, el });
          model.set("seed", 3);
          el.querySelector("[name=step-both]").click();
        }""",
        LiveTraining().state(),
    )
    names = ["step", "jsd", "w1", "failures", "history"]
    got = live.page.evaluate("(names) => names.map((name) => model.get(name))", names)
    figure = LiveTraining(**dict(zip(names, got, strict=True)))
    assert figure.step == 1
    assert 0 < figure.jsd < math.log(2)
    assert figure.w1 > 0
    assert set(figure.history) == {"step", "value", "cost", "jsd", "w1", "mean"}


@pytest.mark.book
@pytest.mark.parametrize("width", [800, 1000, 1199, 1280])
def test_the_wide_figure_of_the_playground_stays_in_the_window(browser, html, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    try:
        page.goto(f"file://{html}/playground.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        box = page.locator("[data-figure]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    finally:
        page.close()

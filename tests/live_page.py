"""A live figure alone on a page of its own, what the tests read off it, and the tests that every live figure has."""

import math
import re

import pytest
from gan_book.figures import file_script, scripts
from page_clock import rest, wait_until_still


def write_pages(folder, figure, **pages):
    """The figure alone on pages named, each with traits of its own, to be opened from the disk."""
    texts = scripts([figure])
    tags = "".join(f'<script defer src="{name}.js"></script>' for name in texts)
    (folder / "kit.css").write_text(figure._css, encoding="utf-8")
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    for name in figure.files:
        (folder / f"{name}.js").write_text(file_script(figure, name), encoding="utf-8")
    for name, traits in pages.items():
        (folder / f"{name}.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>live</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="kit.css">{tags}{figure(address=True, **traits).to_html()}'
            '<p style="height:3000px"></p><p id="end">end</p></html>',
            encoding="utf-8",
        )


CONTROL = ":is(input, select)[name={}]"


class Page:
    """A page with the figure, and what the tests read off it."""

    def __init__(self, page):
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))

    def open(self, address):
        self.page.goto("about:blank")
        self.page.goto(address)
        self.page.wait_for_selector("[data-figure][data-ready]")
        return self

    def number(self, name):
        return float(self.page.get_attribute(f"output[name={name}]", "data-value"))

    def value(self, name):
        return self.page.input_value(CONTROL.format(name))

    def move(self, name, value):
        self.page.fill(CONTROL.format(name), value)

    def wait(self, condition, argument=None):
        self.page.wait_for_function(condition, arg=argument, timeout=60_000)

    def wait_for_steps(self, steps):
        self.wait("n => +document.querySelector('output[name=step]').dataset.value >= n", steps)

    def rest_when_unseen(self, steps):
        """Out of view and back, in a hidden tab and back: each time it rests, and plays on by ``steps``."""
        self.page.locator("#end").scroll_into_view_if_needed()
        away = self.still_step()
        self.page.locator("[name=play]").scroll_into_view_if_needed()
        self.wait_for_steps(away + steps)
        self.page.evaluate(HIDE, True)
        away = self.still_step()
        self.page.evaluate(HIDE, False)
        self.wait_for_steps(away + steps)

    def still_step(self):
        """The step at which the figure has rested for 20 frames; waits for that, however slow the machine."""
        step = "Number(document.querySelector('output[name=step]').dataset.value)"
        return wait_until_still(self.page, step, frames=20)

    def click(self, name):
        self.page.click(f"[name={name}]")

    def press_tab_until(self, name):
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.getAttribute('name')") == name:
                return
        pytest.fail(f"the keyboard does not reach {name}")

    def draw_with_a_finger(self):
        """Sideways over the first plot."""
        plot = self.page.locator(".gan-plot").first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        x, y = box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2
        session = self.page.context.new_cdp_session(self.page)
        for kind, shifts in (
            ("touchStart", [0]),
            ("touchMove", range(0, 160, 16)),
            ("touchEnd", [None]),
        ):
            for shift in shifts:
                points = [] if shift is None else [{"x": x + shift, "y": y}]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.wait("document.querySelector('[name=data]').value === 'drawn'")

    def blow_up_and_reset(self):
        """Play a run that diverges; it says so, stops, shows numbers only, and can be reset."""
        self.click("play")
        self.wait("document.querySelector('[role=status]').dataset.failure === 'diverged'")
        assert "diverged" in self.page.inner_text("[role=status]")
        drawn = self.page.evaluate("document.querySelector('.gan-plots').outerHTML")
        assert not re.search("NaN|Infinity|undefined", drawn)
        self.wait("document.querySelector('[name=play]').textContent === 'Play'")
        self.move("log_rate_d", "-3")
        self.click("reset")
        assert self.failure == ""
        assert self.number("step") == 0

    @property
    def failure(self):
        return self.page.get_attribute("[role=status]", "data-failure") or ""

    def fragment(self, holds=""):
        """The address's fragment, once it holds the given text."""
        self.wait("text => location.hash.includes(text)", holds)
        return self.page.evaluate("location.hash")


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

# What may be missing in a browser, and how.
WITHOUT = {
    "no worker": "delete globalThis.Worker;",
    "a worker that is refused at once": "globalThis.Worker = class { constructor() { throw new Error('refused'); } };",
    "a worker that fails later": """globalThis.Worker = class {
      constructor() { setTimeout(() => this.onerror(new Event("error", { cancelable: true })), 50); }
      postMessage() {}
      terminate() {}
    };""",
    "no SIMD": "WebAssembly.validate = () => false;",
    "no WebAssembly": "delete globalThis.WebAssembly;",
    "nothing refused": "",
}


class AnyLiveFigure:
    """What holds for every live figure; the module of a derived class names FIGURE, TRAINER, PLAYED, SHOWN and RUN.

    PLAYED takes settings and a number of rounds to the numbers that the figure shows of them, SHOWN; RUN is the
    settings of one run.
    """

    def test_it_waits_for_play_and_stops_out_of_view_and_hidden(self, live):
        rest(live.page, 200)
        assert live.number("step") == 0
        live.click("play")
        live.wait_for_steps(20)
        live.rest_when_unseen(20)
        assert live.page.inner_text("[name=play]") == "Pause"

    @pytest.mark.parametrize("missing", WITHOUT)
    def test_it_trains_whatever_is_missing_and_the_run_is_the_same(
        self, browser, address, engine, missing, request
    ):
        """Where it stopped is where the same settings lead in so many rounds, without a page, a worker or a pause."""
        module = request.module
        context = browser.new_context()
        context.add_init_script(WITHOUT[missing])
        fragment = "&".join(f"{name}={value}" for name, value in module.RUN.items())
        page = Page(context.new_page()).open(f"{address}#{fragment}")
        page.click("play")
        page.wait_for_steps(25)
        works = missing in ("nothing refused", "no SIMD", "no WebAssembly")
        assert len(page.page.workers) == works
        page.click("play")
        page.click("step-both")
        shown = {name: page.number(name) for name in module.SHOWN}
        expected = engine.evaluate(module.PLAYED, [module.RUN, int(shown["step"])])
        known = {name: value for name, value in expected.items() if not math.isnan(value)}
        assert len(known) >= 4
        assert {name: value for name, value in shown.items() if not math.isnan(value)} == known
        assert page.errors == []
        context.close()

    @pytest.mark.parametrize(("motion", "label"), [("reduce", "Play"), ("no-preference", "Pause")])
    def test_reduced_motion_starts_paused(self, browser, folder, motion, label):
        context = browser.new_context(reduced_motion=motion)
        page = Page(context.new_page()).open((folder / "playing.html").as_uri())
        assert page.page.inner_text("[name=play]") == label
        if motion == "reduce":
            rest(page.page, 300)
            assert page.number("step") == 0
        else:
            page.wait_for_steps(5)
        context.close()

    def test_a_run_that_blows_up_says_so_and_can_be_reset(self, live, address):
        live.open(
            f"{address}#objective=least-squares&optimizer=momentum&momentum=0.95&log_rate_d=0"
        )
        live.blow_up_and_reset()

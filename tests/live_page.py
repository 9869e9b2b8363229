"""A live figure alone on a page of its own, and what the tests read off it."""

import re

import pytest
from gan_book.figures import scripts


def write_pages(folder, figure, **pages):
    """The figure alone on pages named, each with traits of its own, to be opened from the disk."""
    texts = scripts([figure])
    tags = "".join(f'<script defer src="{name}.js"></script>' for name in texts)
    (folder / "kit.css").write_text(figure._css, encoding="utf-8")
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
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

    def still_step(self):
        """The step at which the figure has rested for 20 frames; waits for that, however slow the machine."""
        return self.page.evaluate(
            """async () => {
              let step = null;
              for (let still = 0, frames = 0; still < 20; frames++) {
                if (frames === 2000) throw new Error("the figure does not rest");
                const before = step;
                step = Number(document.querySelector("output[name=step]").dataset.value);
                still = step === before ? still + 1 : 0;
                await new Promise(requestAnimationFrame);
              }
              return step;
            }"""
        )

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

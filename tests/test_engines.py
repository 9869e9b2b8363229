"""Every page in Firefox and in WebKit, opened from the disk: no error, every figure ready, every slider answers, every
GAN that trains in the page trains in a worker."""

import os
import subprocess
from pathlib import Path

import pytest
from engines import Firefox, WebKit
from test_pages import MALFORMED, PAGES, ROOT

ENGINES = {"firefox": Firefox, "webkit": WebKit}
PICTURES = os.environ.get(
    "ENGINE_PICTURES"
)  # a folder for pictures of what was seen, to be looked at

# Before anything else on a page: keep what goes wrong. WebDriver alone would not tell.
LISTEN = """<script>
globalThis.complaints = [];
globalThis.answers = 0; // of workers
globalThis.Worker = class extends Worker {
  constructor(address) {
    super(address);
    this.addEventListener("message", () => { answers++; });
  }
};
addEventListener("error", (e) => complaints.push(e.message || `not loaded: ${(e.target.src || e.target.href)}`), true);
addEventListener("unhandledrejection", (e) => complaints.push(String(e.reason)));
for (const kind of ["error", "warn"]) {
  const say = console[kind];
  console[kind] = (...words) => { complaints.push(words.join(" ")); say.apply(console, words); };
}
</script>"""

WALK = """async () => {
  const frames = async (n) => { for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame); };
  const until = async (holds) => {
    const begun = performance.now();
    while (!holds() && performance.now() - begun < 60000) await new Promise((done) => setTimeout(done, 50));
    return holds();
  };
  const figures = [...document.querySelectorAll("[data-figure]")];
  await until(() => figures.every((figure) => figure.dataset.ready !== undefined));
  const unready = figures.filter((figure) => figure.dataset.ready === undefined).map((figure) => figure.dataset.figure);
  const blank = [], dumb = [];
  let moved = 0, training = 0, trained = 0;
  for (const figure of figures) {
    for (let fold = figure.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    document.body.click();
    figure.scrollIntoView({ block: "center", behavior: "instant" });
    await frames(3);
    const canvases = [...figure.querySelectorAll("canvas")];
    const empty = (canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return !data.some((value) => value > 0);
    };
    if (canvases.length && canvases.every(empty)) blank.push(figure.dataset.figure);
    if (figure.dataset.figure.startsWith("live-")) {
      training++;
      const step = figure.querySelector("output[name=step]"), play = figure.querySelector("[name=play]");
      if (play.getAttribute("aria-pressed") !== "true") play.click();
      const before = answers;
      if (await until(() => Number(step.dataset.value) > 50 && answers > before)) trained++;
    }
    for (const button of figure.querySelectorAll("button")) if (button.textContent === "Pause") button.click();
    const shown = () => JSON.stringify([
      [...figure.querySelectorAll("output")].map((e) => e.dataset.value),
      [...figure.querySelectorAll("svg")].map((e) => e.innerHTML), canvases.map((e) => e.toDataURL()),
    ]);
    for (const slider of figure.querySelectorAll("input[type=range]")) {
      if (slider.disabled) continue;
      await frames(2);
      const before = shown(), value = slider.value;
      slider.stepUp(); // as an arrow key does
      if (slider.value === value) slider.stepDown();
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      await frames(2);
      if (shown() === before) dumb.push(`${figure.dataset.figure} ${slider.name}`);
      moved++;
    }
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  scrollTo({ top: 0, behavior: "instant" });
  return { unready, blank, dumb, moved, training, trained, figures: figures.length, wide, complaints };
}"""

pytestmark = [pytest.mark.book, pytest.mark.slow]


@pytest.fixture(scope="module")
def listening(html, tmp_path_factory):
    """The built book, each of its pages with an ear for what goes wrong."""
    folder = tmp_path_factory.mktemp("listening")
    for item in html.iterdir():
        if item.suffix != ".html":
            (folder / item.name).symlink_to(item)
    for name in PAGES:
        text = (html / f"{name}.html").read_text(encoding="utf-8")
        head = text.index("<head>") + len("<head>")
        (folder / f"{name}.html").write_text(text[:head] + LISTEN + text[head:], encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    finder = subprocess.run(
        [str(ROOT / "scripts" / "find-engine"), request.param],
        capture_output=True,
        text=True,
        check=False,
    )
    if finder.returncode == 3:
        pytest.skip(finder.stderr)
    if finder.returncode:
        pytest.fail(finder.stderr)
    driven = ENGINES[request.param](finder.stdout.strip(), tmp_path_factory.mktemp(request.param))
    driven.resize(1280, 900)
    yield driven
    driven.close()


def test_what_goes_wrong_is_heard(engine, tmp_path):
    """The walk below would say so if a page went wrong."""
    wrong = (
        '<script src="missing.js"></script><script>console.error("said"); nothing();</script>'
        "<script>Promise.reject(new Error('refused'))</script>"
        '<div data-figure="still" data-ready><input type="range" name="still"></div>'
    )
    page = tmp_path / "wrong.html"
    page.write_text(f"<!doctype html><html><head>{LISTEN}</head><body>{wrong}</body></html>")
    engine.open(page.as_uri())
    seen = engine.run(WALK)
    assert seen["dumb"] == ["still still"]
    told = " ".join(seen["complaints"])
    for sign in ("missing.js", "said", "refused"):
        assert sign in told
    assert (
        "nothing" in told or "Script error" in told
    )  # WebKit names no error of a page on the disk


JUMPS = """async () => {
  const later = (time) => new Promise((done) => setTimeout(done, time));
  const slider = document.querySelector("[data-figure] input[type=range]:not(:disabled)");
  slider.scrollIntoView({ block: "center", behavior: "instant" });
  slider.stepUp();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const rests = (e) => e.style.contentVisibility === "auto";
  const inside = () => [...document.querySelectorAll(".bd-article section *")].filter(rests)
    .flatMap((block) => [...block.querySelectorAll("[id]")].filter((e) => e.offsetParent && !rests(e)));
  for (let i = 0; i < 100 && inside().length === 0; i++) await later(50);
  const resting = inside().length, target = inside().pop();
  document.documentElement.style.scrollBehavior = "auto";
  const link = document.body.appendChild(document.createElement("a"));
  link.href = `#${target.id}`;
  link.click();
  await later(500);
  return { resting, at: target.getBoundingClientRect().top, height: innerHeight };
}"""


def test_a_link_leads_to_what_rests_while_a_figure_moves(engine, listening):
    """See settle.js; WebKit does not scroll to what it skips."""
    engine.open((listening / "training-1d.html").as_uri())
    seen = engine.run(JUMPS)
    assert seen["resting"] > 0
    assert 0 <= seen["at"] < seen["height"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_in_this_engine_what_it_does_in_chromium(engine, listening, html, name):
    engine.complaints.clear()
    engine.open((listening / f"{name}.html").as_uri())
    seen = engine.run(WALK)
    if PICTURES:
        path = Path(PICTURES) / f"{name}-{type(engine).__name__.lower()}.png"
        path.write_bytes(engine.picture())
    assert seen["figures"] == (html / f"{name}.html").read_text(encoding="utf-8").count(
        "data-figure="
    )
    assert seen["unready"] == []
    assert seen["blank"] == []
    assert seen["dumb"] == []
    assert seen["moved"] > 0 or seen["figures"] == 0
    assert seen["wide"] <= 0
    # On a busy machine Firefox lays a page out before all of it has been read, and complains of formulas that are not
    # whole yet: whether they are is asked of the page.
    assert engine.run(MALFORMED) == []
    said = seen["complaints"] + engine.complaints
    assert [text for text in said if not text.startswith("Invalid markup: Incorrect number")] == []
    assert seen["trained"] == seen["training"]
    assert seen["training"] > 0 or not name.startswith("playground")

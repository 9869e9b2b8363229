"""A slider that can be moved moves something beside itself; one that would not is disabled, and says why."""

import pytest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]

pytestmark = pytest.mark.browser

# Moves every slider to both its ends, with the figure's choices as they are; those that change nothing, and those that
# are disabled without a word. What a network does is seen when it has trained a little.
IDLE = """async () => {
  const figure = document.querySelector("[data-figure]");
  const rounds = figure.querySelector("[name=step-both]");
  const frames = async (n) => { for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame); };
  const shown = async (own) => {
    if (rounds) {
      figure.querySelector("[name=reset]").click();
      for (let i = 0; i < 2; i++) rounds.click();
    }
    await frames(1);
    const numbers = [...figure.querySelectorAll(`output:not([name=${own}])`)].map((o) => o.dataset.value);
    return JSON.stringify([numbers, figure.querySelector(".gan-caption")?.textContent]);
  };
  const painted = () => [...figure.querySelectorAll("canvas")].map((c) => c.toDataURL()).join();
  const found = { dead: [], mute: [], disabled: [] };
  for (const { name } of [...figure.querySelectorAll("input[type=range]")]) {
    const slider = figure.querySelector(`input[name=${name}]`);
    if (slider.disabled) {
      found.disabled.push(name);
      if (!/\\(.+\\)/.test(slider.closest("label").textContent)) found.mute.push(name);
      continue;
    }
    const words = new Set(), pictures = new Set();
    const start = slider.value;
    for (const value of [slider.min, slider.max, start]) {
      slider.value = value;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      if (words.size > 1 || pictures.size > 1) continue; // it moves something: only back to the start
      words.add(await shown(name));
      if (words.size < 2) pictures.add(painted());
    }
    if (words.size < 2 && pictures.size < 2) found.dead.push(name);
  }
  return found;
}"""
# Puts both learning rates where the slider ends, or to the values given; gives back where they were.
RATES = """(values) => [...document.querySelectorAll("input[type=range][name^=log_rate]:enabled")].map((slider, i) => {
  const before = slider.value;
  slider.value = values ? values[i] : slider.max;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return before;
})"""
# Each choice beside the one at first. How fast a figure plays, which weights it draws, where G begins and what its
# networks are made of are questions apart from what a slider moves.
CHOICES = """() => [...document.querySelectorAll("[data-figure] select")]
  .filter((select) => !["speed", "shown", "activation", "noise", "prior", "start"].includes(select.name))
  .flatMap((select) => [...select.options].filter((option) => option.value !== select.value)
    .map((option) => [select.name, option.value, select.value]))"""
# The pen's sliders choose where something else draws; how rates fall over thousands of steps is `test_live_digits`'s.
WITH_NO_EFFECT_OF_THEIR_OWN = {"pen", "pen_x", "pen_y", "fall"}


@pytest.fixture
def page(browser, figure_page, request):
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.goto(figure_page(request.param()))
    page.wait_for_selector("[data-figure][data-ready]")
    if request.param is package.ConditionalGenerator:  # its network comes when it is in view
        page.wait_for_selector(".gan-caption:has-text('computed in this page')")
    yield page
    page.close()


@pytest.mark.parametrize("page", FIGURES, ids=[f.name for f in FIGURES], indirect=True)
def test_every_slider_that_can_be_moved_moves_something(page):
    for name, option, start in [(None, None, None), *page.evaluate(CHOICES)]:
        if name:
            page.select_option(f"select[name={name}]", option)
        slow = option in ("sgd", "momentum")  # at Adam's rates two rounds change nothing seen
        rates = page.evaluate(RATES) if slow else None
        found = page.evaluate(IDLE)
        if slow:
            page.evaluate(RATES, rates)
        assert set(found["dead"]) <= WITH_NO_EFFECT_OF_THEIR_OWN, (name, option)
        assert found["mute"] == [], (name, option)
        if name:
            page.select_option(f"select[name={name}]", start)


@pytest.mark.parametrize(
    ("page", "slider", "wake"),
    [
        (package.ConvexSupremum, "mix", lambda page: page.click("[name=kink]")),
        (package.LiveTraining, "log_clip", lambda p: p.select_option("[name=objective]", "wgan")),
        (package.ConditionalGenerator, "share", lambda p: p.select_option("[name=other]", "9")),
    ],
    ids=["convex-supremum", "live-training", "conditional-generator"],
    indirect=["page"],
)
def test_a_disabled_slider_wakes_when_it_matters(page, slider, wake):
    label = page.locator("label", has=page.locator(f"input[name={slider}]"))
    if slider == "share":
        page.select_option("[name=other]", page.input_value("[name=label]"))
    assert page.locator(f"input[name={slider}]").is_disabled()
    assert "(" in label.inner_text()
    wake(page)
    assert page.locator(f"input[name={slider}]").is_enabled()
    assert "(" not in label.inner_text()


@pytest.mark.parametrize("page", [package.ConvexChord], ids=["convex-chord"], indirect=True)
def test_a_point_and_its_sliders_are_in_the_same_place(page):
    page.select_option("[name=shape]", "parabola")
    for x, y, expected in [("1.2", "0", 1.44), ("1.2", "2", 2.0), ("0", "1", 1.0)]:
        page.fill("input[name=ax]", x)
        page.fill("input[name=ay]", y)
        assert float(page.input_value("input[name=ay]")) == pytest.approx(expected, abs=0.02)
    page.fill("input[name=ax]", "2")
    assert page.locator("input[name=ay]").is_disabled()

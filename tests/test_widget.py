"""The other half of the contract: each figure's module, loaded as JupyterLab loads it, is a live anywidget."""

import json

import pytest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
RENDER = """
async ([text, state, late = false]) => {
  const module = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const listeners = [];
  globalThis.saved = 0;
  globalThis.model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const [event, listener] of [...listeners]) if (event === "change" || event === `change:${name}`) listener();
    },
    save_changes: () => { globalThis.saved += 1; },
    on: (event, listener) => listeners.push([event, listener]),
    off: (event, listener) => {
      const at = listeners.findIndex(([e, l]) => e === event && l === listener);
      if (at >= 0) listeners.splice(at, 1);
    },
  };
  globalThis.listeners = listeners;
  globalThis.state = state;
  document.body.replaceChildren();
  const el = document.createElement("div");
  if (!late) document.body.append(el);
  globalThis.cleanup = await module.default.render({ model, el });
  if (late) await new Promise((resolve) => setTimeout(resolve, 200));
  if (late) document.body.append(el);
}
"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser, site):
    page = browser.new_page()
    page.goto(f"{site}search.html")
    yield page
    page.close()


def open_widget(page, figure, late=False):
    """Render the figure, or with `late` first render it and then put it into the document, as JupyterLab does."""
    state = json.loads(json.dumps(figure().state()))
    page.evaluate(RENDER, [figure._esm, state, late])
    assert page.locator(f'[data-figure="{figure.name}"][data-ready]').count() == 1


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_module_renders_into_a_widgets_place_and_cleans_up(page, figure):
    open_widget(page, figure)
    assert page.evaluate("listeners.length") > 0
    page.evaluate("cleanup()")
    assert page.evaluate("listeners.length") == 0


def test_slider_and_trait_follow_each_other(page):
    open_widget(page, package.OptimalDiscriminator)
    slider = page.locator("input[name=mean]")
    slider.fill("2.5")
    assert page.evaluate("[state.mean, saved > 0]") == [2.5, True]
    page.evaluate("model.set('mean', -1.5)")
    assert slider.input_value() == "-1.5"
    assert page.locator("output[name=mean]").get_attribute("data-value") == "-1.5"


@pytest.mark.parametrize("figure", [package.LiveTraining, package.LivePlane])
def test_a_live_figure_trains_in_a_worker(page, figure):
    """On the page's own thread it would run, too, and take the page's frames."""
    open_widget(page, figure)
    page.click("[name=play]")
    page.wait_for_function("+document.querySelector('output[name=step]').dataset.value > 50")
    (worker,) = page.workers
    with worker.expect_event("close"):
        page.evaluate("cleanup()")


SHEETS = """async () => {
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  return [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
}"""
MOVES = """async () => {
  for (let i = 0; i < 8; i++) {
    model.set("mean", 0.5 + 0.05 * i);
    await new Promise(requestAnimationFrame);
  }
}"""


@pytest.fixture(params=[680, 900], ids=["as wide as expected", "wider"])
def styled_page(browser, request):
    """A blank page with the figures' style, its body as wide as a plot is before it knows better, or wider."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.set_content(f"<style>{package.OptimalDiscriminator._css}</style>")
    room = 2 * 16 + 2  # padding and border of a figure
    page.add_style_tag(content=f"body {{ margin: 0; width: {request.param + room}px; }}")
    yield page
    page.close()


def test_a_figure_looks_the_same_however_late_it_comes_into_the_document(styled_page):
    for moves in (None, MOVES):
        sheets = []
        for late in (False, True):
            open_widget(styled_page, package.OptimalDiscriminator, late)
            if moves:
                styled_page.evaluate(moves)
            sheets.append(styled_page.evaluate(SHEETS))
            styled_page.evaluate("cleanup()")
        assert len(set(sheets[0])) > 2
        assert sheets[0] == sheets[1]


def test_a_figure_gets_its_colours_however_late_its_style_comes(styled_page):
    open_widget(styled_page, package.OptimalDiscriminator)
    expected = styled_page.evaluate(SHEETS)
    styled_page.evaluate("cleanup()")
    styled_page.evaluate("document.styleSheets[0].disabled = true")
    open_widget(styled_page, package.OptimalDiscriminator)
    styled_page.evaluate(SHEETS)
    styled_page.evaluate("document.styleSheets[0].disabled = false")
    styled_page.evaluate(SHEETS)
    assert styled_page.evaluate(SHEETS) == expected
    styled_page.evaluate("cleanup()")


@pytest.mark.parametrize("late", [False, True])
def test_what_keeps_still_is_painted_once_in_a_widget_too(styled_page, late):
    open_widget(styled_page, package.OptimalDiscriminator, late)
    styled_page.evaluate(SHEETS)
    styled_page.evaluate(MOVES)
    lower = styled_page.locator(".gan-plot-box canvas:first-of-type")
    before = lower.evaluate_all("(sheets) => sheets.map((sheet) => sheet.toDataURL())")
    blank = styled_page.evaluate(
        """() => [...document.querySelectorAll(".gan-plot-box canvas:first-of-type")]
          .map(({ width, height }) => Object.assign(document.createElement("canvas"), { width, height }).toDataURL())"""
    )
    assert len(before) == 2
    assert all(sheet != empty for sheet, empty in zip(before, blank, strict=True))
    styled_page.evaluate("cleanup()")

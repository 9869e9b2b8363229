"""The other half of the contract: each figure's module, loaded as JupyterLab loads it, is a live anywidget."""

import json

import pytest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
RENDER = """
async ([text, state]) => {
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
  const el = document.body.appendChild(document.createElement("div"));
  globalThis.cleanup = await module.default.render({ model, el });
}
"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser, site):
    page = browser.new_page()
    page.goto(f"{site}search.html")
    yield page
    page.close()


def open_widget(page, figure):
    state = json.loads(json.dumps(figure().state()))
    page.evaluate(RENDER, [figure._esm, state])
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

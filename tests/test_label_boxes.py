"""The words in a figure's plots keep clear of each other and inside the plot, on phones as in a slide.

Measured at first, with each choice, at both ends of each slider and at all ends of the first three together.

The marks of a canvas leave nothing to measure. For a printer a plot writes the same marks out as SVG, each word where
it stands on the canvas and in the same font; there the browser itself says where every word lies.
"""

import pytest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
PLOTTED = [figure for figure in FIGURES if figure.name != "conditional-generator"]  # has no plot
WIDTHS = [360, 390, 1280]

# Of a line of words what is seen reaches 0.75 of its size up from where it stands and 0.22 down.
MEASURE = """async () => {
  const frames = async () => { for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); };
  const figure = document.querySelector("[data-figure]");
  const found = new Set();
  let measured = 0;
  const boxOf = (e) => {
    const { x, width } = e.getBBox(), size = parseFloat(getComputedStyle(e).fontSize); // without the halo
    const on = (at) => new DOMPoint(at, +e.getAttribute("y")).matrixTransform(e.getScreenCTM());
    const line = on(x).y;
    const [left, right, top, bottom] = [on(x).x, on(x + width).x, line - 0.75 * size, line + 0.22 * size];
    return { text: e.textContent, left, right, top, bottom };
  };
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const within = (a, { left, right, top, bottom }) =>
    a.left > left - 0.5 && a.right < right + 0.5 && a.top > top - 0.5 && a.bottom < bottom + 0.5;
  const measure = (state) => {
    dispatchEvent(new Event("beforeprint"));
    for (const plot of figure.querySelectorAll(".gan-plot")) {
      const words = [...plot.querySelectorAll(".gan-print text")]
        .filter((e) => e.textContent && e.getAttribute("visibility") !== "hidden").map(boxOf);
      measured += words.length;
      words.forEach((a, i) => {
        if (!within(a, plot.getBoundingClientRect())) found.add(`${state}: "${a.text}" leaves the plot`);
        for (const b of words.slice(i + 1)) if (meet(a, b)) found.add(`${state}: "${a.text}" meets "${b.text}"`);
      });
    }
    dispatchEvent(new Event("afterprint"));
  };
  const put = async (control, value, sign) => {
    control.value = value;
    control.dispatchEvent(new Event(sign, { bubbles: true }));
    await frames();
  };
  measure("at first");
  for (const select of figure.querySelectorAll("select")) {
    const before = select.value;
    for (const { value } of [...select.options]) {
      await put(select, value, "change");
      measure(`${select.name} = ${value}`);
    }
    await put(select, before, "change");
  }
  for (const slider of figure.querySelectorAll("input[type=range]:not([name=pen], [name=height])")) {
    if (slider.disabled) continue;
    const before = slider.value;
    for (const value of [slider.min, slider.max]) {
      await put(slider, value, "input");
      measure(`${slider.name} = ${value}`);
    }
    await put(slider, before, "input");
  }
  const corners = [...figure.querySelectorAll("input[type=range]:enabled:not([name=pen], [name=height])")].slice(0, 3);
  for (let corner = 0; corner < 2 ** corners.length; corner++) {
    for (const [i, slider] of corners.entries()) await put(slider, corner >> i & 1 ? slider.max : slider.min, "input");
    measure(corners.map(({ name, value }) => `${name} = ${value}`).join(", "));
  }
  return { found: [...found], measured };
}"""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("figure", PLOTTED, ids=[figure.name for figure in PLOTTED])
def test_words_in_plots_keep_clear_of_each_other(browser, figure_page, figure, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    try:
        page.goto(figure_page(figure()))
        page.wait_for_selector("[data-figure][data-ready]")
        seen = page.evaluate(MEASURE)
        assert seen["measured"] > 20
        assert seen["found"] == []
    finally:
        page.close()

"""Labels in a plot keep clear of each other, however narrow the screen; read-outs keep their size, however wide."""

import pytest

import gan_tutorial.figures as package

FIGURES = [getattr(package, name) for name in package.__all__]
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])

# The marks are written out as SVG, as for a printer; each label with the room that its ink takes.
COLLISIONS = """() => {
  dispatchEvent(new Event("beforeprint"));
  const found = [];
  for (const plot of document.querySelectorAll(".gan-print")) {
    const labels = [...plot.querySelectorAll(".gan-label")].filter((e) => e.textContent);
    const boxes = labels.map((e) => e.getBoundingClientRect());
    boxes.forEach((a, i) => boxes.forEach((b, j) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (i < j && across > 1 && down > 5) found.push([labels[i].textContent, labels[j].textContent]);
    }));
  }
  dispatchEvent(new Event("afterprint"));
  return found;
}"""
TO_AN_END = """(end) => {
  for (const slider of document.querySelectorAll("input[type=range]:enabled")) {
    slider.value = slider[end];
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""

FRAMES = "async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); }"

pytestmark = pytest.mark.browser


def open_figure(browser, figure_page, figure, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(figure_page(figure()))
    page.wait_for_selector("[data-figure][data-ready]")
    return page


@every_figure
@pytest.mark.parametrize("width", [390, 900])
def test_no_two_labels_lie_on_each_other(browser, figure_page, figure, width):
    page = open_figure(browser, figure_page, figure, width)
    assert page.evaluate(COLLISIONS) == []
    for end in ("min", "max"):
        page.evaluate(TO_AN_END, end)
        assert page.evaluate(COLLISIONS) == [], end
    page.close()


def test_two_bells_on_top_of_each_other_keep_their_names(browser, figure_page):
    page = open_figure(browser, figure_page, package.OptimalDiscriminator, 390)
    for name, value in [("mean", "0"), ("separation", "0"), ("width", "0.7")]:
        page.fill(f"input[name={name}]", value)
    assert page.evaluate(COLLISIONS) == []
    page.close()


@every_figure
def test_a_read_out_is_a_line_high_in_any_window(browser, figure_page, figure):
    page = open_figure(browser, figure_page, figure, 390)
    for width in (390, 800, 1290, 1700):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(FRAMES)  # until what follows the width has been laid out
        heights = page.evaluate(
            "[...document.querySelectorAll('.gan-output')].map((e) => e.getBoundingClientRect().height)"
        )
        assert all(height < 40 for height in heights), width
    page.close()


@every_figure
def test_a_focus_ring_leaves_the_words_above_it_alone(browser, figure_page, figure):
    page = open_figure(browser, figure_page, figure, 900)
    for slider in page.locator("input[type=range]:enabled:visible").all():
        slider.focus()
        page.keyboard.press("ArrowRight")  # from here on focus is the keyboard's
        gap = slider.evaluate(
            """(e) => {
              const { outlineWidth, outlineOffset } = getComputedStyle(e);
              const words = e.closest("label").querySelector(".gan-control-label");
              const ring = e.getBoundingClientRect().top - parseFloat(outlineWidth) - parseFloat(outlineOffset);
              return ring - words.getBoundingClientRect().bottom;
            }"""
        )
        assert gap >= 1, slider.get_attribute("name")
    page.close()

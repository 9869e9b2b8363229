"""A plot paints, each frame, only the marks that moved; what is seen is what a fresh page paints."""

import io

import numpy as np
import pytest
from page_clock import rest
from PIL import Image

pytestmark = [pytest.mark.book, pytest.mark.browser]

SET = """async (moves) => {
  const figure = document.querySelector("[data-figure='optimal-discriminator']");
  for (const [name, value] of moves) {
    const slider = figure.querySelector(`input[name=${name}]`);
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}"""
END = [["separation", 4.5], ["weight", 0.8], ["width", 0.7], ["mean", -2]]


def picture_after(browser, html, moves, zoom_at=None):
    """The plots of the figure, on its own page, after the moves, in grey levels from 0 to 255.

    With `zoom_at`, the window's pixels become half as large before the move of that number.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/figures/optimal-discriminator.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        plots = page.locator("[data-figure] .gan-plots").first
        plots.screenshot()  # scrolls there, upon which the theme marks the page, upon which all is painted anew
        if zoom_at is not None:
            page.evaluate(SET, moves[:zoom_at])
            metrics = {"width": 1280, "height": 900, "deviceScaleFactor": 2, "mobile": False}
            session = page.context.new_cdp_session(page)
            session.send("Emulation.setDeviceMetricsOverride", metrics)
            moves = moves[zoom_at:]
        page.evaluate(SET, moves)
        rest(page, 300)
        shot = plots.screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=float)
    finally:
        page.close()


def test_a_long_play_leaves_the_picture_of_a_fresh_page(browser, html):
    # All but p_g and D* come to lie still; then p_data, which lay still, moves.
    one_slider = [["mean", -4 + 0.05 * i] for i in range(40)]
    another = [["weight", 0.01 * i] for i in range(30)]
    played = picture_after(browser, html, [*one_slider, *another, *one_slider, *END])
    fresh = picture_after(browser, html, END)
    assert fresh.std() > 10  # there is a picture
    assert np.mean(abs(played - fresh) > 64) < 5e-4


def test_another_state_is_another_picture(browser, html):
    differing = abs(picture_after(browser, html, END) - picture_after(browser, html, END[:-1])) > 64
    assert np.mean(differing) > 5e-3


STILL = """(root) => [...root.querySelectorAll(".gan-plot-box")].map((plot) => {
  const still = plot.querySelector("canvas");
  const { data } = still.getContext("2d").getImageData(0, 0, still.width, still.height);
  return data.some((value, i) => i % 4 === 3 && value > 0);
})"""  # for each plot, whether something lies on its lower canvas


def test_what_keeps_still_is_painted_once_from_the_first_frames_on(browser, html):
    """Nothing has scrolled and no theme has turned: either would paint all anew."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"file://{html}/figures/optimal-discriminator.html")
        page.wait_for_selector("[data-figure][data-ready]", state="attached")
        figure = page.locator("[data-figure]").first
        assert figure.evaluate(STILL) == [False, False]  # so far everything may move
        page.evaluate(SET, [["mean", 0.05 * i] for i in range(8)])
        assert figure.evaluate(STILL) == [True, True]
    finally:
        page.close()


def test_words_keep_their_size_when_the_pixels_change(browser, html):
    play = [["mean", -4 + 0.05 * i] for i in range(40)] + END
    after, fresh = (picture_after(browser, html, play, zoom_at=at) for at in (40, 0))
    assert after.shape == fresh.shape
    assert np.mean(abs(after - fresh) > 64) < 5e-4

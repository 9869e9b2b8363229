"""The digits' live figure in Chromium: play, look back, choose, draw, take home, bring; what may be missing.

Steps are counted, never seconds; few pages are opened, since every one trains.
"""

import base64
import math

import numpy as np
import pytest
from live_page import WITHOUT, Page

from gan_tutorial import recorded
from gan_tutorial.figures import LiveDigits
from gan_tutorial.figures.live_digits import content

pytestmark = pytest.mark.browser
FIGURE, TRAINER = LiveDigits, ("live/run.js", "live_digits/digits.js", "live_digits/trainer.js")
RUN = {"seed": 7, "batch": 16, "classes": "17", "objective": "non-saturating"}
FRAGMENT = "&".join(f"{name}={value}" for name, value in RUN.items())
SHEET = "document.querySelector('canvas[aria-label^=\"64 pictures\"]')"
PIXELS = f"Array.from({SHEET}.getContext('2d').getImageData(30, 30, 28, 28).data)"
# A page keeps what it plays, so that a run may be compared with one that was never on a page.
PLAYED = """async ([file, settings, steps]) => {
  if (!globalThis.material) material = await unpack(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)));
  const trainer = makeTrainer(settings, undefined, material);
  while (trainer.step < steps) playRound(trainer);
  look(trainer, true);
  return Array.from(pixelsIn(trainer, trainer.shown, 9), (value) => Math.round(255 * (1 - value)));
}"""


def here(page, address):
    page.open(f"{address}#{FRAGMENT}")
    page.page.wait_for_selector("[data-digits='5000']")
    return page


def shown_picture(page):
    """The tenth picture of the sheet, in the second row and column."""
    return np.reshape(page.page.evaluate(PIXELS), (784, 4))[:, 0]


def expected(engine, steps):
    file = base64.b64encode(content()).decode()
    return engine.evaluate(PLAYED, [file, RUN, int(steps)])


@pytest.fixture(scope="module")
def visit(browser, address):
    """One page for all that follows; each test leaves a page that rests."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600}, accept_downloads=True)
    page = here(Page(context.new_page()), address)
    yield page
    assert page.errors == []
    context.close()


def test_it_waits_for_a_click_with_a_trained_sheet(visit):
    assert visit.number("step") == 0
    assert visit.page.locator(".gan-plots image").count() == 1
    assert visit.page.locator(".gan-plots canvas[aria-label^='64 pictures']").count() == 0


def test_it_plays_stops_and_rests_when_hidden(visit):
    visit.page.focus("[name=play]")
    visit.page.keyboard.press("Enter")
    visit.wait_for_steps(20)
    visit.rest_when_unseen(10)
    visit.page.keyboard.press("Space")
    sheet, pad = (
        visit.page.locator(f"canvas[aria-label^='{label}']").bounding_box()
        for label in ("64 pictures", "Draw a digit")
    )
    assert sheet["y"] + sheet["height"] <= pad["y"]  # where its still picture was
    assert visit.still_step() == visit.number("step")
    assert visit.number("seen") == 16 * visit.number("step")


def test_what_is_on_the_sheet_is_what_the_run_draws(visit, engine):
    assert len(visit.page.workers) == 1
    visit.click("step-both")
    difference = abs(shown_picture(visit) - np.array(expected(engine, visit.number("step"))))
    assert difference.max() <= 1  # a grey level


def test_one_goes_back_through_the_run(visit):
    now = shown_picture(visit)
    visit.move("moment", "0")
    first = shown_picture(visit)
    assert abs(first - now).max() > 2
    visit.move("moment", "1")
    assert (shown_picture(visit) == now).all()


def test_a_click_on_the_sheet_chooses_a_sample_and_the_nearest_digit_is_shown(visit):
    box = visit.page.locator("canvas[aria-label^='64 pictures']").bounding_box()
    visit.page.mouse.click(box["x"] + 0.19 * box["width"], box["y"] + 0.19 * box["height"])
    assert (visit.value("first"), visit.value("second")) == ("9", "0")
    text = visit.page.inner_text(".gan-plots")
    assert "Nearest of 1,000 pictures: a " in text
    assert "takes it for real" in text
    visit.move("share", "1")
    visit.move("share", "0")


def test_a_drawing_is_judged_and_can_be_drawn_by_keyboard(visit):
    box = visit.page.locator("canvas[aria-label^='Draw a digit']").bounding_box()
    visit.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=25)
    visit.page.mouse.up()
    text = visit.page.inner_text(".gan-plots")
    assert "Your drawing. It comes nearest to real pictures as a " in text
    assert "takes it for real with probability" in text
    assert "The reader of digits says: 1" in text
    visit.click("clear")
    visit.press_tab_until("pen_x")
    visit.page.keyboard.press("Home")
    visit.press_tab_until("ink")
    visit.page.keyboard.press("Enter")
    assert "says: no digit" in visit.page.inner_text(".gan-plots")
    visit.click("clear")


def test_the_weights_go_home_and_come_back(visit, tmp_path):
    before, drawing = visit.number("step"), shown_picture(visit)
    with visit.page.expect_download() as download:
        visit.click("save")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    generator = recorded.generator("digits", folder=tmp_path)
    of_g = generator.network.parameters()  # it has labels
    assert sum(p.numel() for p in of_g) == 26 * 128 + 128 * 128 + 128 * 784 + 1040
    visit.click("reset")
    assert visit.number("step") == 0
    visit.page.set_input_files("[name=weights]", path)
    visit.wait("document.querySelector('.gan-figure').textContent.includes('is loaded')")
    assert abs(shown_picture(visit) - drawing).max() <= 12  # weights as bytes
    assert before > 0
    assert visit.value("blur") == "0"  # the file has it in its weights
    path.write_bytes(b"nothing")
    visit.page.set_input_files("[name=weights]", path)
    visit.wait("document.querySelector('.gan-figure').textContent.includes('cannot be used')")
    visit.move("blur", "1")


def test_own_pictures_are_learned_from_and_what_cannot_be_used_is_said(visit, tmp_path):
    from PIL import Image

    said = lambda text: visit.wait(  # noqa: E731
        "text => document.querySelector('.gan-figure').textContent.includes(text)", text
    )
    paths = []
    for i in range(101):
        path = tmp_path / f"{i}.png"
        picture = np.full((40, 20), 255, np.uint8)
        picture[i % 30 : i % 30 + 8, 4:16] = 0
        Image.fromarray(picture).save(path)
        paths.append(path)
    visit.page.set_input_files("[name=pictures]", paths[:20])
    said("A run needs 100 pictures or more, and these are 20.")
    paths[0].write_text("no picture")
    visit.page.set_input_files("[name=pictures]", paths)
    said("100 pictures of yours")
    said("1 of 101 files are no pictures that this browser can read: 0.png.")
    visit.click("step-both")
    assert visit.number("step") == 1
    assert math.isnan(visit.number("legible"))
    assert visit.page.is_disabled("[name=digit-3]")
    visit.click("digits")
    assert visit.page.is_enabled("[name=digit-3]")


def test_the_settings_live_in_the_address(visit, address):
    for name, value in {"first": 0, "second": 1, "share": 0, "pen_x": 14, "pen_y": 14}.items():
        visit.move(name, str(value))  # what other tests looked at is in a link too
    visit.click("digit-4")
    visit.move("dropout", "0.5")
    fragment = visit.fragment("dropout")
    wanted = {**RUN, "classes": "147", "dropout": "0.5"}
    assert set(fragment[1:].split("&")) == {f"{name}={value}" for name, value in wanted.items()}
    assert "Dropout(0.5)" in visit.page.text_content(".gan-code")


def test_it_fits_a_narrow_window(visit):
    visit.page.set_viewport_size({"width": 360, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
    visit.page.set_viewport_size({"width": 1280, "height": 1600})


def test_what_a_kernel_would_receive(visit):
    """The recorded traits are written at each stop; the digits come with Python's state."""
    state = {**LiveDigits(batch=16).state(), "_digits": None}
    visit.page.evaluate(
        """async ([state, file]) => {
          const el = document.body.insertBefore(document.createElement("div"), document.body.firstChild);
          state._digits = new DataView(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer);
          globalThis.model = new ganFigures.Model(state);
          ganModules.need("live_digits/drawing.js").render({ model, el });
        }""",
        [state, base64.b64encode(content()).decode()],
    )
    visit.page.wait_for_selector("div:first-child > [data-digits='5000']")
    visit.page.evaluate("document.querySelector('[name=step-both]').click()")
    names = ["step", "legible", "balance", "history"]
    got = visit.page.evaluate("(names) => names.map((name) => model.get(name))", names)
    figure = LiveDigits(**dict(zip(names, got, strict=True)))
    assert figure.step == 1
    assert figure.legible is None
    assert set(figure.history) == {
        *("step", "value", "cost", "legible", "balance", "asked", "real", "fake")
    }


@pytest.mark.parametrize("missing", [name for name in WITHOUT if name != "nothing refused"])
def test_it_trains_whatever_is_missing_and_the_run_is_the_same(browser, address, engine, missing):
    context = browser.new_context()
    context.add_init_script(WITHOUT[missing])
    page = here(Page(context.new_page()), address)
    page.click("play")
    page.wait_for_steps(2)
    page.click("play")
    assert len(page.page.workers) == (missing in ("no SIMD", "no WebAssembly"))
    page.still_step()
    page.click("step-both")
    difference = abs(shown_picture(page) - np.array(expected(engine, page.number("step"))))
    assert difference.max() <= 1
    assert page.errors == []
    context.close()

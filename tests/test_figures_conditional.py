"""The figure `conditional-generator`: in V8 the shipped generator draws torch's pixels."""

import base64
import gzip
import io
import json

import numpy as np
import pytest
import torch
from gan_book.engine import Engine
from gan_book.figures import Pictures, file_script
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_tutorial.figures import ConditionalGenerator
from gan_tutorial.figures.conditional_generator import DIGITS, FILE, MOVED, content, normals, sheet

MODULES = ("mathematics/random.js", "conditional_generator/generator.js")
BYTE = 1 / 255


@pytest.fixture(scope="module")
def pixels(javascript):
    """(z, code) -> the picture that the page's generator draws, (784,)."""
    javascript.load(f"const bytes = Uint8Array.from({list(content())});")
    javascript.load("const shipped = readGenerator(bytes);")

    def draw(z, code) -> np.ndarray:
        arguments = f"shipped, {json.dumps(list(z))}, {json.dumps(list(code))}"
        return np.array(javascript.evaluate(f"[...generate({arguments})]"))

    return draw


def state(**traits) -> ConditionalGenerator:
    return ConditionalGenerator(**traits)


@pytest.mark.parametrize("label", DIGITS)
def test_pixels_of_every_label_are_torchs(pixels, label):
    figure = state(label=label, seed=3 + int(label))
    for picture, code in zip(figure.pictures()[1:], torch.eye(10), strict=True):
        found = pixels(figure.z().tolist(), code.tolist())
        assert np.abs(found - picture.numpy()).max() < BYTE
    # Two rows of one product need not have equal bits; other labels' pictures differ by grey levels.
    first, labels = figure.pictures()[0], figure.pictures()[1:]
    assert (first - labels[int(label)]).abs().max() < BYTE
    assert all((first - labels[i]).abs().max() > BYTE for i in range(10) if i != int(label))


@settings(max_examples=25, deadline=None)
@given(
    label=st.sampled_from(DIGITS),
    other=st.sampled_from(DIGITS),
    share=st.integers(0, 100).map(lambda n: n / 100),
    moved=st.tuples(*[st.floats(-3, 3)] * len(MOVED)),
    seed=st.integers(1, 500),
)
def test_pixels_of_mixtures_are_torchs(pixels, javascript, label, other, share, moved, seed):
    z = dict(zip(MOVED, moved, strict=True))
    figure = state(label=label, other=other, share=share, seed=seed, **z)
    code = javascript.call("codeOf", 10, int(label), int(other), share)
    assert sum(code) == pytest.approx(1)
    found = pixels(figure.z().tolist(), code)
    assert np.abs(found - figure.pictures()[0].numpy()).max() < BYTE


@pytest.mark.parametrize("seed", [1, 2, 77, 500])
def test_noise_is_the_pages(javascript, seed):
    fill = f"(() => {{ const z = new Float64Array(32); fillNormal(makeRandom({seed}), z, 32); return [...z]; }})()"
    np.testing.assert_allclose(normals(seed, 32), javascript.evaluate(fill), rtol=1e-12)


def test_noise_is_normal():
    drawn = np.array([normals(seed, 32) for seed in range(1, 501)])
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03


def test_sliders_come_first_in_z_and_the_draw_gives_the_rest():
    z = state(z1=1.5, z2=-2, z3=0.5, z4=3, seed=9).z()
    assert z[:4].tolist() == [1.5, -2, 0.5, 3]
    np.testing.assert_allclose(z[4:], normals(9, len(z))[4:], rtol=1e-6)


def test_every_slider_changes_the_picture():
    first = state().pictures()
    for name in (*MOVED, "seed"):
        step = {name: 2 if name == "seed" else 1.0}
        assert (state(**step).pictures()[0] - first[0]).abs().max() > 0.1, name
    assert (state(share=0.5).pictures()[0] - first[0]).abs().max() > 0.1


def test_the_page_without_weights_shows_the_first_state():
    """The still pictures and numbers are those of the shipped generator, to a grey level."""
    from PIL import Image

    figure = state(label="7", seed=5)
    still = figure.state()["_picture"]
    first, *labels = figure.pictures()
    for name, expected in (
        ("asked", first.reshape(28, 28)),
        ("labels", sheet(torch.stack(labels))),
    ):
        data = base64.b64decode(still[name].removeprefix("data:image/png;base64,"))
        grey = np.asarray(Image.open(io.BytesIO(data)), dtype=float)
        assert np.abs(grey / 255 - (1 - expected.numpy())).max() <= 0.51 * BYTE
    assert still["ink"] == pytest.approx(first.double().mean().item(), abs=0.01 * BYTE)
    assert 0 < still["undecided"] < 0.5


def test_the_first_state_is_a_picture_without_a_browser():
    engine = Engine()
    try:
        markup = Pictures(engine).html(ConditionalGenerator.name, state().state())
    finally:
        engine.close()
    assert markup.count("<image href=") == 2
    assert markup.count('role="img"') == 2
    assert "<canvas" not in markup


def test_the_weights_are_light_and_stay_out_of_the_page():
    figure = state()
    assert len(gzip.compress(file_script(ConditionalGenerator, FILE).encode())) <= 350_000
    assert len(figure.to_html()) < 10_000
    assert figure._weights == content()  # in Jupyter they come with the widget


def test_foreign_bytes_are_refused_in_the_page(javascript):
    with pytest.raises(Exception, match="not a generator's file"):
        javascript.evaluate("readGenerator(new Uint8Array(100))")


@pytest.mark.book
@pytest.mark.browser
def test_the_page_fetches_the_weights_when_the_figure_comes_into_view(browser, html):
    page = browser.new_page(viewport={"width": 1000, "height": 300})
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"file://{html}/conditional.html")
    figure = page.locator("[data-figure=conditional-generator]")
    page.wait_for_selector("[data-figure=conditional-generator][data-ready]", state="attached")
    assert figure.locator("svg[role=img]").count() == 2
    assert not any(FILE in url for url in requests)

    page.evaluate("document.querySelectorAll('article details').forEach((e) => (e.open = true))")
    figure.scroll_into_view_if_needed()
    figure.locator("canvas").nth(1).wait_for()
    assert sum(FILE in url for url in requests) == 1
    assert figure.locator("svg[role=img]").count() == 0
    figure.locator("select[name=label]").select_option("7")
    expected = state(label="7").pictures()
    for canvas, picture in zip(figure.locator("canvas").all(), drawn(expected), strict=True):
        grey = canvas.evaluate(
            """(canvas) => {
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              return [...data].filter((_, i) => i % 4 === 0);
            }"""
        )
        assert np.abs(np.array(grey) / 255 - (1 - picture.numpy().ravel())).max() < BYTE
    ink = figure.locator("output[name=ink]").get_attribute("data-value")
    assert float(ink) == pytest.approx(expected[0].double().mean().item(), abs=1e-6)
    page.close()


def drawn(pictures) -> list[torch.Tensor]:
    """What the two canvases show: the picture that is asked for, and the sheet of ten."""
    return [pictures[0], sheet(pictures[1:])]

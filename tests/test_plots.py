"""The palette is readable and the grid puts every image where it belongs."""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from gan_tutorial.figures.linker import read_script
from gan_tutorial.plots import COLORS, image_grid, use_style


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ["data", "generator", "discriminator", "accent", "neutral", "ink"])
def test_colors_stand_out_on_white(name):
    assert 1.05 / (luminance(COLORS[name]) + 0.05) >= 4.5


@pytest.mark.parametrize(
    "name", ["data", "generator", "discriminator", "accent", "neutral", "ink", "line"]
)
def test_pictures_and_figures_share_one_palette(name):
    assert f"--gan-{name}: {COLORS[name]};" in read_script("kit/kit.css")


def test_grid_puts_images_row_by_row():
    images = torch.arange(5.0)[:, None].expand(5, 784) / 5
    ax = Figure().subplots()
    image_grid(ax, images, columns=3)
    sheet = 1 - np.asarray(ax.images[0].get_array())
    assert sheet.shape == (2 * 28 + 1, 3 * 28 + 2)
    assert sheet[0, 0] == pytest.approx(0.0)
    assert sheet[0, 29] == pytest.approx(0.2)
    assert sheet[29, 0] == pytest.approx(0.6)
    assert sheet[29, 60] == pytest.approx(0.0)  # the last row is short


def test_grid_shows_colours_as_they_are_and_in_their_place():
    """RGB pictures of 20 x 12 pixels, as (n, 3, 20, 12) and as rows."""
    images = torch.rand(3, 3, 20, 12)
    for given, options in ((images, {}), (images.flatten(1), {"shape": (3, 20, 12)})):
        ax = Figure().subplots()
        image_grid(ax, given, columns=2, **options)
        sheet = np.asarray(ax.images[0].get_array())
        assert sheet.shape == (2 * 20 + 1, 2 * 12 + 1, 3)
        np.testing.assert_allclose(sheet[:20, 13:], images[1].permute(1, 2, 0), rtol=1e-6)
        np.testing.assert_allclose(sheet[21:, :12], images[2].permute(1, 2, 0), rtol=1e-6)


@pytest.mark.parametrize("shape", [(4, 784 // 4), (4, 2, 5, 5), (4, 1)])
def test_grid_refuses_what_are_no_such_pictures(shape):
    with pytest.raises(ValueError, match=r"images of shape .* are no pictures of shape"):
        image_grid(Figure().subplots(), torch.rand(shape), columns=2)


def test_style_is_set_for_all_pictures():
    with mpl.rc_context():
        use_style()
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert cycle[:3] == [COLORS[name] for name in ("data", "generator", "discriminator")]

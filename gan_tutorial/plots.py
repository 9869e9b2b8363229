"""The book's one palette and style for matplotlib: the colours of the interactive figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

__all__ = ["COLORS", "image_grid", "use_style"]

COLORS = {
    "data": "#0b62a4",
    "generator": "#b84600",
    "discriminator": "#00735a",
    "accent": "#7a3e9d",
    "neutral": "#5b6470",
    "ink": "#1c2127",
    "line": "#dfe4e9",
}
"""The colours of the figures' parts, as `"#rrggbb"`: `"data"`, `"generator"`, `"discriminator"`,
`"accent"`, `"neutral"`, `"ink"`, `"line"`. Each player keeps its colour on every page. They are
colour-blind safe, and all but `"line"` have a contrast of at least 4.5:1 against white.
"""


def use_style() -> None:
    """Set matplotlib's defaults for the book: vector output, thin axes, no box, no legend frame."""
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg")
    order = ("data", "generator", "discriminator", "accent", "neutral")
    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=[COLORS[name] for name in order]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": COLORS["neutral"],
            "axes.labelcolor": COLORS["ink"],
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "xtick.color": COLORS["neutral"],
            "ytick.color": COLORS["neutral"],
            "figure.figsize": (7.2, 3.0),
            "figure.constrained_layout.use": True,
            "font.family": "sans-serif",
            "legend.frameon": False,
            "lines.linewidth": 2.2,
            "svg.fonttype": "none",
            "svg.hashsalt": "gan-tutorial",
        }
    )


def tiled(pictures: NDArray[Any], columns: int, gap: int, ground: float) -> NDArray[Any]:
    """Pictures `(n, h, w, c)` as one, `columns` of them in a row, with `gap` pixels of `ground` between."""
    import numpy as np

    n, height, width, channels = pictures.shape
    rows, down, across = -(-n // columns), height + gap, width + gap
    shape = rows * down - gap, columns * across - gap, channels
    sheet = np.full(shape, ground, pictures.dtype)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        top, left = row * down, column * across
        sheet[top : top + height, left : left + width] = picture
    return sheet


def image_grid(
    ax: Axes,
    images: ArrayLike,
    *,
    columns: int,
    shape: tuple[int, ...] = (28, 28),
    gap: int = 1,
) -> None:
    """Draw images on ``ax``, row by row: grey ones as dark ink on white, colours as they are.

    Args:
        ax: where to draw; its axes are taken away.
        images: values in [0, 1], ``(n, h, w)``, ``(n, c, h, w)`` with c = 1 or 3, or rows
            ``(n, d)`` of pictures of `shape`; a tensor or an array.
        columns: how many stand in a row; the last row may be short.
        shape: of a picture that comes as a row, ``(h, w)`` or ``(c, h, w)``.
        gap: pixels between two pictures.

    Raises:
        ValueError: the images have another size or number of channels.
    """
    import numpy as np

    tiles = np.asarray(images, dtype=float)
    shape = tuple(tiles.shape[1:]) if tiles.ndim > 2 else tuple(shape)
    channels, height, width = shape if len(shape) == 3 else (1, *shape)
    if channels not in (1, 3) or tiles.size != len(tiles) * channels * height * width:
        raise ValueError(
            f"images of shape {np.shape(images)} are no pictures of shape {shape}: give shape=(h, w) "
            "for grey ones, or (3, h, w) for colours"
        )
    tiles = tiles.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    if channels == 1:
        tiles = 1 - tiles
    sheet = tiled(tiles, columns, gap, ground=1)
    ax.imshow(
        sheet.squeeze(-1) if channels == 1 else sheet,
        cmap="gray",
        vmin=0,
        vmax=1,
        interpolation="none",  # in vector output the pixels are kept as they are
    )
    ax.set_axis_off()

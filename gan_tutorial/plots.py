"""The book's one palette and style for matplotlib: the colours of the interactive figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

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


def image_grid(
    ax: Axes, images: ArrayLike, *, columns: int, shape: tuple[int, int] = (28, 28), gap: int = 1
) -> None:
    """Draw images on `ax`, row by row, dark ink on white.

    Args:
        ax: axes of matplotlib.
        images: `(n, h * w)` or `(n, h, w)`, a tensor or an array, in [0, 1].
        columns: how many stand in a row; the last row may be short.
        shape: `(h, w)` of an image, in pixels.
        gap: pixels between two images.
    """
    import numpy as np

    tiles = np.asarray(images, dtype=float).reshape(-1, *shape)
    rows = -(-len(tiles) // columns)
    height, width = shape[0] + gap, shape[1] + gap
    sheet = np.zeros((rows * height - gap, columns * width - gap))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        top, left = row * height, column * width
        sheet[top : top + shape[0], left : left + shape[1]] = tile
    ax.imshow(1 - sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()

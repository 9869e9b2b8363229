"""Tells pictures of data from drawings, for the dark theme, and makes drawings readable on a phone.

A drawing is ink on paper: its lightness is turned over, so that the page stays dark. A picture of data means something
by its lightness (a digit's ink, a heat map's values): it is shown as it is, and marked with the class `data-picture`.

A drawing also says how wide it has to be for its smallest words to be read, `--readable`. A phone is narrower than many
need: it shows them so wide all the same, in a frame that scrolls (`book.css`).
"""

import math
import re
from pathlib import Path

from docutils import nodes

LEAST = 8  # pixels: words that are smaller cannot be read
SIZE = re.compile(r"font(?:-size)?:\s*(?:[a-z]+\s+)*([\d.]+)px")
SHADES = re.compile(r"<image\b|QuadMesh|ContourSet")  # what matplotlib calls them in an SVG


def is_data(path: Path) -> bool:
    """Whether lightness means something: in every raster image, and in an SVG that holds one or a map of values."""
    return path.suffix != ".svg" or bool(SHADES.search(path.read_text(encoding="utf-8")))


def readable(svg: str) -> int | None:
    """The width in pixels at which no word of a drawing is smaller than LEAST; None where there are no words.

    A word is as large as its largest letters: what stands above or below the line is smaller everywhere.
    """
    words = re.findall(r"<text\b.*?</text>", svg, re.DOTALL)
    sizes = [max(map(float, found)) for word in words if (found := SIZE.findall(word))]
    width = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    return math.ceil(LEAST / min(sizes) * float(width[1])) if sizes and width else None


def mark(app, doctree, docname):
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir, image["uri"])
        if path.is_file() and is_data(path):
            image["classes"].append("data-picture")
        if path.suffix == ".svg" and isinstance(image.parent, nodes.container):  # a cell's result
            image["readable"] = readable(path.read_text(encoding="utf-8"))


def visit_image(translator, node):
    type(translator).visit_image(translator, node)
    if node.get("readable"):
        image = translator.body[-1].replace(
            "<img ", f'<img style="--readable:{node["readable"]}px" '
        )
        translator.body[-1] = f'<div class="drawing-scroll">{image}</div>'


def depart_image(translator, node):
    type(translator).depart_image(translator, node)


def setup(app):
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.connect("doctree-resolved", mark)

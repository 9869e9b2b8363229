"""Tells pictures of data from drawings, for the dark theme.

A drawing is ink on paper: its lightness is turned over, so that the page stays dark. A picture of data means something
by its lightness (a digit's ink, a heat map's values): it is shown as it is, and marked with the class `data-picture`.
"""

import re
from pathlib import Path

from docutils import nodes

SHADES = re.compile(r"<image\b|QuadMesh|ContourSet")  # what matplotlib calls them in an SVG


def is_data(path: Path) -> bool:
    """Whether lightness means something: in every raster image, and in an SVG that holds one or a map of values."""
    return path.suffix != ".svg" or bool(SHADES.search(path.read_text(encoding="utf-8")))


def mark(app, doctree, docname):
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir, image["uri"])
        if path.is_file() and is_data(path):
            image["classes"].append("data-picture")


def setup(app):
    app.connect("doctree-resolved", mark)

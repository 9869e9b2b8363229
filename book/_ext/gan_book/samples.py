"""Real and generated pictures on a page that runs no code: ``{samples}``.

One sheet for each set of pictures that the book uses, and beside it one of what a recorded generator made of it, where
there is such a record. The generated pictures are the first of the record, not chosen ones.
"""

import html
from typing import NamedTuple

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive
from PIL import Image

from gan_tutorial import load, recorded
from gan_tutorial.plots import tiled

from .lessons import raw

COLUMNS, ROWS, GAP, ZOOM = 6, 3, 2, 2
COUNT = COLUMNS * ROWS


class Sheet(NamedTuple):
    """Pictures that stand together: the file's name, what they are, and (n, channels, h, w) from 0 to 255."""

    name: str
    words: str
    pictures: np.ndarray


def sheets() -> list[Sheet]:
    """Digits and portraits, real ones first."""
    found = []
    for data, real, record, made in (
        ("mnist-10k", "Digits that people wrote", "mnist-long", "Digits from a generator"),
        ("emoji-faces", "Portraits that people drew", "faces", "Portraits from a generator"),
    ):
        images = load(data, "test").images.numpy()
        found.append(Sheet(f"real-{data}", real, images[:: len(images) // COUNT][:COUNT]))
        generated = pictures_of(record)
        if generated is not None:
            found.append(Sheet(f"generated-{data}", made, generated[:COUNT]))
    return found


def pictures_of(record: str) -> np.ndarray | None:
    """The pictures of a recorded run (`recordings.runs.record`), or None where it is not recorded."""
    if not (recorded.FOLDER / f"{record}.npz").is_file():
        return None
    pictures = recorded.read(record)[0]["digits"]  # (n, h, w), or (n, h, w, 3) of colours
    return pictures[:, None] if pictures.ndim == 3 else np.moveaxis(pictures, 3, 1)


def drawn(pictures: np.ndarray) -> Image.Image:
    """The pictures in rows; grey ones as dark ink on white, as everywhere in the book."""
    grey = pictures.shape[1] == 1
    tiles = np.moveaxis(255 - pictures if grey else pictures, 1, 3)
    image = Image.fromarray(tiled(tiles, COLUMNS, GAP, ground=255).squeeze())
    return image.resize((ZOOM * image.width, ZOOM * image.height), Image.Resampling.NEAREST)


class SamplesDirective(Directive):
    """``{samples}``: the sheets, side by side."""

    def run(self) -> list[nodes.Node]:
        parts = []
        for sheet in self.state.document.settings.env.app.gan_samples:
            words = html.escape(sheet.words)
            parts.append(
                f'<figure><img class="data-picture" src="_images/{sheet.name}.png" alt="{words}: '
                f'{COUNT} small pictures in {ROWS} rows."><figcaption>{words}</figcaption></figure>'
            )
        return [raw(f'<div class="gan-samples">{"".join(parts)}</div>')]


def write(app):
    app.gan_samples = sheets()
    folder = app.outdir / "_images"
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in app.gan_samples:
        drawn(sheet.pictures).save(folder / f"{sheet.name}.png", optimize=True)


def setup(app):
    app.add_directive("samples", SamplesDirective)
    app.connect("builder-inited", write)

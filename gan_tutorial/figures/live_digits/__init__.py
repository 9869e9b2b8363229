"""Figure ``live-digits``: a GAN that learns handwritten digits from nothing inside the page."""

from __future__ import annotations

import re
import struct
import zlib
from functools import cache
from typing import ClassVar

import numpy as np
import torch
import traitlets

from gan_tutorial import recorded
from gan_tutorial.data import load

from ..base import choice, slider
from ..conditional_generator import png, sheet
from ..live import OBJECTIVES, LiveFigure

FILE = "live-digits.bin"
EACH = 500  # digits of each class
LEVELS = 16  # of grey
ACTIVATIONS = ("leaky-relu", "relu", "tanh")
COLUMNS = 8  # of the sheet


@cache
def digits() -> np.ndarray:
    """The digits that the page learns from: grey levels from 0 to 15, (5000, 784), the first 500
    training rows of every class of ``mnist-10k``, class by class.
    """
    images, labels = load("mnist-10k")
    rows = torch.cat([(labels == label).nonzero()[:EACH, 0] for label in range(10)])
    return np.rint(images[rows].reshape(len(rows), -1).numpy() / 255 * (LEVELS - 1)).astype(
        np.uint8
    )


@cache
def content() -> bytes:
    """The page's file, see digits.js: the digits and their reader, deflated."""
    levels, reader = digits(), recorded.reader().to_bytes()
    packed = levels[:, 0::2] << 4 | levels[:, 1::2]
    return zlib.compress(struct.pack("<I", len(reader)) + reader + packed.tobytes(), 9)


@cache
def still() -> dict:
    """The sheet of the recorded run, for a page without JavaScript and before the first step, and its numbers."""
    arrays, note = recorded.read("live-digits")
    pictures = torch.from_numpy(arrays["sheet"]).double() / 255
    words = f"what it draws after {note['shown']['step']:,} steps from nothing"
    return {"sheet": png(sheet(pictures, COLUMNS)), "words": words, **note["shown"]}


class LiveDigits(LiveFigure):
    """Two networks, 26-128-128-784 and 784-128-128-10, that learn digits in the page from 5,000 of ``mnist-10k``: the
    label goes into G beside the noise, and D has a score for each; without labels, 16-128-128-784 and 784-128-128-1.

    The settings are traits; a run depends on them alone. The figure trains while ``playing`` is true
    and it is in view. About once a second it writes back how far it has come:

    ``step``      steps of G so far
    ``legible``   share of 256 samples that a reader of digits, which may say "no digit", takes for one
                  of the ``classes``; None before the first measurement
    ``balance``   entropy of the classes among these, in that of as many equal ones; 1 is even
    ``history``   lists of one length, at most 400: ``step``; ``value``, minus D's loss, and ``cost``,
                  G's loss, both averaged since the row before; ``legible``; ``balance``; ``asked``, the share read
                  as the label that was asked for; ``real`` and
                  ``fake``, the mean of D, or of a critic's score, on 256 of each

    ``classes`` names the digits that are learned. Rates and the clipping bound are powers of ten:
    ``log_rate_g=-3`` is a rate of 0.001. ``drawing`` holds a picture that a reader drew: 784 grey
    levels, row by row, each a digit of base 16. With ``address`` the settings also live in the page
    address's fragment.
    """

    name = "live-digits"
    files = (FILE,)
    title = (
        "A generative adversarial network that learns handwritten digits from nothing in this page"
    )
    drawing_words = "784 digits of base 16 (0-9, a-f)"
    patterns: ClassVar[dict[str, str]] = {
        "classes": "(?=.)0?1?2?3?4?5?6?7?8?9?",
        "drawing": "[0-9a-f]{784}",
    }

    classes = traitlets.Unicode("0123456789", help="the digits that are learned").tag(sync=True)
    labels = choice("given", ("given", "none"), "whether both networks are given the label")
    objective = choice("r3gan", OBJECTIVES, "what the players minimise")
    gamma = slider(1, 0, 10, 0.1, "weight of R1 and R2, in r3gan")
    lazy = slider(8, 1, 16, 1, "steps of D from one penalty R1, R2 to the next")
    dropout = slider(0, 0, 0.6, 0.05, "share of D's hidden units that is dropped")
    blur = slider(1, 0, 3, 1, "times that G's pictures are blurred before its last activation")
    k = slider(1, 1, 10, 1, "steps of D for one of G")
    fall = slider(
        8000, 0, 20000, 100, "steps over which rates and gamma fall to a tenth; 0: they stay"
    )
    batch = slider(32, 16, 256, 16, "samples in a batch")
    momentum = slider(0.5, 0, 0.95, 0.05, "of momentum; Adam's beta 1")
    decay = slider(0.99, 0.8, 0.999, 0.001, "Adam's beta 2")
    log_rate_g = slider(-2.4, -4.5, -1, 0.05, "log10 of G's learning rate")
    log_rate_d = slider(-2.4, -4.5, -1, 0.05, "log10 of D's learning rate")
    activation = choice("leaky-relu", ACTIVATIONS, "of both networks' hidden units")
    speed = choice("full", ("slow", "medium", "full"), "the pace")
    shown = choice("average", ("average", "now"), "which weights of G draw")
    moment = slider(1, 0, 1, 0.01, "where in the run the sheet is from; 1 is now")
    first = slider(0, 0, 63, 1, "the sample beside the sheet")
    second = slider(1, 0, 63, 1, "the sample to walk to")
    share = slider(0, 0, 1, 0.01, "of the way between the two")
    drawing = traitlets.Unicode("0" * 784, help="a picture that a reader drew").tag(sync=True)
    pen_x = slider(14, 0, 27, 1, "the column under the pen")
    pen_y = slider(14, 0, 27, 1, "the row under the pen, from above")
    _digits = traitlets.Bytes(help="the page's file").tag(sync=True)

    # Written by the running figure, for Python to read.
    legible = traitlets.Float(None, allow_none=True, help="share of samples read as digits").tag(
        sync=True
    )
    balance = traitlets.Float(None, allow_none=True, help="of the classes").tag(sync=True)

    @traitlets.default("_digits")
    def _shipped(self) -> bytes:
        return content()

    @traitlets.validate("classes")
    def _classes(self, proposal: dict) -> str:
        text = proposal["value"]
        if not re.fullmatch(self.patterns["classes"], text):
            raise traitlets.TraitError(
                f"classes must name digits in rising order, each once, such as '017'; got {text!r}"
            )
        return text

    @classmethod
    def file(cls, name: str) -> bytes:
        return content()

    def state(self) -> dict:
        """With the picture that the page shows until the first step."""
        return {**super().state(), "_picture": still()}

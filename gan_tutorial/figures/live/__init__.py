"""What the figures have in common in which networks train inside the page."""

import re
from typing import ClassVar

import traitlets

from ..base import Figure, choice, slider

OBJECTIVES = (
    "minimax",
    "non-saturating",
    "wgan",
    "wgan-gp",
    "least-squares",
    "hinge",
    "relativistic",
    "r3gan",
)
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")


class LiveFigure(Figure):
    """Settings of both players, whether they play, and how far they have come.

    Rates and the clipping bound are powers of ten: ``log_rate_g=-3`` is a rate of 0.001.
    """

    drawing_words: ClassVar[str]  # what `patterns["drawing"]` allows, for a reader

    optimizer = choice("adam", OPTIMIZERS, "of both players")
    log_rate_g = slider(-3, -4, 0, 0.05, "log10 of G's learning rate")
    momentum = slider(0.5, 0, 0.95, 0.05, "of momentum; Adam's beta 1")
    log_clip = slider(-1, -2, 0, 0.05, "log10 of WGAN's bound on D's weights")
    batch = slider(64, 16, 256, 16, "samples in a batch")
    seed = slider(1, 1, 100, 1, "decides every random number")
    playing = traitlets.Bool(False, help="train while in view").tag(sync=True)
    address = traitlets.Bool(False, help="keep settings in the page's address").tag(sync=True)

    # Written by the running figure, for Python to read.
    step = traitlets.Float(0, help="steps of G so far").tag(sync=True)
    history = traitlets.Dict(help="what was measured on the way").tag(sync=True)

    @traitlets.validate("drawing")
    def _drawing(self, proposal: dict) -> str:
        text = proposal["value"]
        if not re.fullmatch(self.patterns["drawing"], text):
            raise traitlets.TraitError(f"drawing must be {self.drawing_words}, got {text!r}")
        return text

"""Figure ``live-training``: a GAN in one dimension that trains inside the page."""

from typing import ClassVar

import traitlets

from ..base import choice, slider
from ..live import LiveFigure

DATA = ("one-bell", "two-bells", "three-bells", "far-bell", "lopsided", "drawn")
OBJECTIVES = ("minimax", "non-saturating", "wgan", "wgan-gp", "least-squares")
ACTIVATIONS = ("tanh", "softplus", "relu", "leaky-relu")


class LiveTraining(LiveFigure):
    r"""Two small networks and the exact theory beside them, step by step.

    The settings are traits; a run depends on them alone. The figure trains while ``playing`` is
    true and it is in view. About once a second it writes back how far it has come:

    ``step``      steps of G so far
    ``jsd``       :math:`\mathrm{JSD}(p_\text{data} \| p_g)` in nats, of cells of width 0.1
    ``w1``        :math:`W_1(p_\text{data}, p_g)`, in units of x
    ``failures``  of "diverged", "saturated", "collapsed", "oscillating", those that hold now
    ``history``   lists of one length, at most 400: ``step``; ``value``, minus D's loss, which is
                  V(D, G) where the losses are logarithms, and ``cost``, G's loss, both averaged
                  since the row before; ``jsd``; ``w1``; the ``mean`` of :math:`p_g`

    Rates and the clipping bound are powers of ten: ``log_rate_g=-3`` is a rate of 0.001. Both
    networks have two hidden layers, torch's default initialisation and a linear output.
    ``drawing`` holds 60 base-36 digits, the heights of a drawn :math:`p_\text{data}` from -6 to 6.
    With ``address`` the settings also live in the page address's fragment.
    """

    name = "live-training"
    title = "A generative adversarial network that trains in this page"
    drawing_words = "60 digits of base 36 (0-9, a-z)"
    patterns: ClassVar[dict[str, str]] = {"drawing": "[0-9a-z]{60}"}

    data = choice("two-bells", DATA, "p_data")
    drawing = traitlets.Unicode("0" * 60, help="heights of a drawn p_data").tag(sync=True)
    pen = slider(30, 0, 59, 1, "the column of the drawing under the pen")
    height = slider(0, 0, 35, 1, "the drawing's height there")
    objective = choice("non-saturating", OBJECTIVES, "what the players minimise")
    k = slider(2, 1, 20, 1, "steps of D for one of G")
    log_rate_d = slider(-2.3, -4, 0, 0.05, "log10 of D's learning rate")
    width_g = slider(16, 4, 32, 4, "units in each hidden layer of G")
    width_d = slider(16, 4, 32, 4, "units in each hidden layer of D")
    activation = choice("tanh", ACTIVATIONS, "of both networks' hidden units")
    prior = choice("normal", ("normal", "uniform"), "p_z, of variance 1 either way")
    speed = choice("full", ("slow", "medium", "full"), "rounds a second: 5, 100, as many as fit")

    # Written by the running figure, for Python to read.
    jsd = traitlets.Float(0, help="JSD(p_data, p_g), nats").tag(sync=True)
    w1 = traitlets.Float(0, help="W1(p_data, p_g)").tag(sync=True)
    failures = traitlets.List(traitlets.Unicode(), help="those that hold now").tag(sync=True)

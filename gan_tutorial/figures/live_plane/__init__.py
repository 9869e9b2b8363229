"""Figure ``live-plane``: a GAN in two dimensions that trains inside the page."""

from typing import ClassVar

import traitlets

from ..base import choice, slider
from ..live import OBJECTIVES, LiveFigure

DATA = ("ring", "grid", "moons", "spiral", "far-bells", "line", "letter", "drawn")
NOISES = ("uniform-2d", "normal-2d", "uniform-1d", "normal-1d", "circle")
PENALTIES = ("own", "none", "r1", "r2", "r1-r2", "gp", "gp-one-sided")
ACTIVATIONS = ("leaky-relu", "relu", "tanh", "softplus")
VIEWS = ("samples", "data", "fake", "landscape", "best", "sheet", "pull", "path")


class LivePlane(LiveFigure):
    r"""Two small networks in the plane, and the theory of this moment beside them.

    The settings are traits; a run depends on them alone. The figure trains while ``playing`` is
    true and it is in view. About once a second it writes back how far it has come:

    ``step``      steps of G so far
    ``js``        :math:`\mathrm{JSD}(p_\text{data} \| p_g)` in nats, of square cells of side 3/32
    ``w1``        :math:`W_1`, sliced, of 256 samples of either kind
    ``modes``     covered by :math:`p_g`: it puts a quarter of what :math:`p_\text{data}` puts
                  there, or more, within three standard deviations; None where the data have none
    ``good``      share of :math:`p_g` within three standard deviations of a centre of the data,
                  within 0.05 of the line, or on a drawing's ink
    ``history``   lists of one length, at most 400: ``step``; ``value``, minus D's loss, and
                  ``cost``, G's loss, both averaged since the row before; ``jsd``; ``w1``;
                  ``modes``; ``good``; ``x`` and ``y``, where one fixed z is sent

    Rates, the clipping bound and the strength of a penalty are powers of ten: ``log_rate_g=-3`` is
    a rate of 0.001. A penalty is the objective's own, none, or one of strength ``10**log_strength``:
    :math:`\lVert\nabla D\rVert^2` on real samples (r1), on fakes (r2), on both, or
    :math:`(\lVert\nabla D\rVert-1)^2` between them (gp), where it is above 1 (one-sided).
    ``drawing`` holds 32 rows of 32 squares from below, a bit each, the lowest bit of a row leftmost,
    as 256 digits of base 16. ``views`` names what is shown, with dots between: any of samples, data,
    fake, landscape, best, sheet, pull, path. With ``address`` the settings also live in the page
    address's fragment.
    """

    name = "live-plane"
    title = "A generative adversarial network in two dimensions that trains in this page"
    drawing_words = "256 digits of base 16 (0-9, a-f)"
    patterns: ClassVar[dict[str, str]] = {
        "drawing": "[0-9a-f]{256}",
        "views": f"(?:(?:{'|'.join(VIEWS)})(?:[.](?!$)|$))*",
    }

    data = choice("ring", DATA, "p_data")
    drawing = traitlets.Unicode("0" * 256, help="the squares of a drawn p_data").tag(sync=True)
    noise = choice("normal-2d", NOISES, "p_z")
    objective = choice("non-saturating", OBJECTIVES, "what the players minimise")
    penalty = choice("own", PENALTIES, "on the slope of D")
    log_strength = slider(0, -3, 2, 0.1, "log10 of the penalty's strength")
    k = slider(1, 1, 20, 1, "steps of D for one of G")
    log_rate_d = slider(-3, -4, 0, 0.05, "log10 of D's learning rate")
    depth_g = slider(2, 1, 4, 1, "hidden layers of G")
    depth_d = slider(2, 1, 4, 1, "hidden layers of D")
    width_g = slider(32, 4, 64, 4, "units in each hidden layer of G")
    width_d = slider(32, 4, 64, 4, "units in each hidden layer of D")
    activation = choice("leaky-relu", ACTIVATIONS, "of both networks' hidden units")
    start = choice("untrained", ("untrained", "trained"), "trained: 1,500 rounds are played ahead")
    pen_x = slider(0, 0, 31, 1, "the column under the pen")
    pen_y = slider(0, 0, 31, 1, "the row under the pen, from below")
    speed = choice("full", ("phases", "slow", "medium", "full"), "the pace")
    views = traitlets.Unicode(
        "samples.landscape.sheet", help="what is shown, with dots between"
    ).tag(sync=True)

    # Written by the running figure, for Python to read.
    js = traitlets.Float(0, help="JSD(p_data, p_g), nats").tag(sync=True)
    w1 = traitlets.Float(0, help="sliced W1 of samples").tag(sync=True)
    modes = traitlets.Float(0, allow_none=True, help="covered; none without modes").tag(sync=True)
    good = traitlets.Float(0, help="share of p_g that is good").tag(sync=True)

    @traitlets.validate("views")
    def _views(self, proposal: dict) -> str:
        text = proposal["value"]
        names = text.split(".") if text else []
        if not set(names) <= set(VIEWS) or len(set(names)) < len(names):
            raise traitlets.TraitError(
                f"views must be names of {', '.join(VIEWS)}, each once, with dots between; got {text!r}"
            )
        return text

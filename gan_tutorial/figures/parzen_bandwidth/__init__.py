"""Figure ``parzen-bandwidth``: a density from samples, and the width of its windows."""

import random

import traitlets

from ..base import Figure, slider

MEANS, WIDTHS, WEIGHTS = (-1.5, 1.2), (0.45, 0.8), (0.45, 0.55)
MOST, HELD_OUT = 80, 100


def draw(n: int, seed: int) -> list[float]:
    """``n`` points of the true density, the same on every machine."""
    source = random.Random(seed)
    bells = (source.choices(range(2), WEIGHTS)[0] for _ in range(n))
    return [round(source.gauss(MEANS[k], WIDTHS[k]), 4) for k in bells]


class ParzenBandwidth(Figure):
    r"""Parzen windows on samples of a two-bell density, and their log-likelihoods as curves in σ.

    Shows the samples' windows, their sum :math:`\hat p_\sigma`, and the mean log-likelihood (nats) of 100
    held-out points and of the samples themselves. The samples are fixed; ``count`` takes the first so many.
    """

    name = "parzen-bandwidth"
    title = "Parzen windows on samples: the estimate, and its log-likelihood as the windows widen"

    log_sigma = slider(-1.0, -2.0, 0.5, 0.01, "log10 of the windows' standard deviation")
    count = slider(40, 5, MOST, 5, "number of samples")
    samples = traitlets.List(traitlets.Float(), draw(MOST, seed=1)).tag(sync=True)
    held_out = traitlets.List(traitlets.Float(), draw(HELD_OUT, seed=2)).tag(sync=True)
    means = traitlets.List(traitlets.Float(), list(MEANS)).tag(sync=True)
    widths = traitlets.List(traitlets.Float(), list(WIDTHS)).tag(sync=True)
    weights = traitlets.List(traitlets.Float(), list(WEIGHTS)).tag(sync=True)

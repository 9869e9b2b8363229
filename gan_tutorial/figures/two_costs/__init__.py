"""Figure ``two-costs``: where the generator's two costs come to rest, with D optimal at every step."""

from ..base import Figure, slider


class TwoCosts(Figure):
    """One Gaussian descends each of the generator's costs, towards data with two bells.

    The bells have the width 0.6 and hold 60 % and 40 % of the data; ``gap`` is the distance between them. At 0 the data
    are one bell, which the generator can reach, and both costs end there. ``mean`` and ``std`` are the
    generator's start. Shown are both paths in the plane of mean and width, the densities at their ends, and what each
    cost has made least: 2 JSD, or 2 KL of the half-and-half mixture from the data.
    """

    name = "two-costs"
    title = "Where the generator's two costs come to rest"

    gap = slider(2.0, 0.0, 4.0, 0.05, "distance between the two bells of the data")
    mean = slider(1.5, -2.5, 2.5, 0.05, "the generator's mean at the start")
    std = slider(0.7, 0.3, 2.2, 0.05, "the generator's width at the start")

"""Figure ``divergences``: what five ways to measure a gap between densities make of the distance between them."""

from ..base import Drawable, Figure, choice, slider

FAMILIES = ("equal-bells", "unequal-bells", "blocks", "two-bells")


class Divergences(Drawable, Figure):
    """A fixed data density, a generator density that slides, and five divergences with their slopes.

    The families are: two bells of width 1; a bell of width 1 against one of width 1/2; two blocks of length 2; two
    bells at -2 and 2 (width 0.6) against one bell of width 0.8. ``distance`` is that between the centres. Read-outs:
    KL, reverse KL and JSD in nats, TV, W1 in units of x, and the derivative of each in the distance.
    With ``predict=True`` the reader draws the JSD against the distance before it is shown, and nothing else is.
    """

    name = "divergences"
    title = "Five divergences between two densities as one slides away from the other"

    family = choice("equal-bells", FAMILIES, "which two densities")
    distance = slider(1.5, 0.0, 8.0, 0.05, "distance between the centres")

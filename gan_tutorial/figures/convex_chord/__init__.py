"""Figure ``convex-chord``: a set is convex if it contains the segment between any two of its points."""

from ..base import Figure, choice, slider

SHAPES = ("disc", "crescent", "parabola", "absolute", "plateau")


class ConvexChord(Figure):
    """A set, two of its points to drag, the segment between them, and the share of it that leaves the set.

    The last three sets are all that lies above a graph, so that the same test says whether the function is convex:
    :math:`x^2`, :math:`1.4\\,|x|` and :math:`2x^2/(0.4+x^2)`. A point dragged out of the set is put back on its edge.
    """

    name = "convex-chord"
    title = "Two points of a set and the segment between them: is the set convex?"

    shape = choice("crescent", SHAPES, "which set")
    ax = slider(-0.1, -2.0, 2.0, 0.02, "first point, x")
    ay = slider(1.1, -1.4, 3.0, 0.02, "first point, y")
    bx = slider(0.1, -2.0, 2.0, 0.02, "second point, x")
    by = slider(-1.2, -1.4, 3.0, 0.02, "second point, y")
    mix = slider(0.5, 0.0, 1.0, 0.01, "share of the second point in the mixture")

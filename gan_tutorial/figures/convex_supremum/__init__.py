"""Figure ``convex-supremum``: the largest of several affine functions, its kinks and its subgradients."""

from ..base import Figure, slider

HEIGHT = (-1.5, 2.0, 0.05)


class ConvexSupremum(Figure):
    """Three affine functions on [-1, 1], each given by its values at -1 and 1, and their pointwise supremum.

    At the chosen ``x`` it shows which of the three are active, the interval of subgradients, and the line through the
    supremum whose slope lies the share ``mix`` of the way along that interval. A kink within half a step of ``x``
    counts as ``x``.
    """

    name = "convex-supremum"
    title = "The supremum of three affine functions, and a subgradient of it"

    x = slider(-0.7, -1.0, 1.0, 0.01, "the chosen point")
    mix = slider(0.5, 0.0, 1.0, 0.01, "from the lowest subgradient to the highest")
    left_1 = slider(1.5, *HEIGHT, "first function at -1")
    right_1 = slider(-0.9, *HEIGHT, "first function at 1")
    left_2 = slider(0.75, *HEIGHT, "second function at -1")
    right_2 = slider(0.45, *HEIGHT, "second function at 1")
    left_3 = slider(-1.2, *HEIGHT, "third function at -1")
    right_3 = slider(1.6, *HEIGHT, "third function at 1")

"""Figure ``parallel-lines``: how far apart are two lines that do not meet? (Arjovsky et al. 2017, example 1.)"""

from ..base import Drawable, Figure, choice, slider

MEASURES = ("all", "W1", "JSD", "TV")


class ParallelLines(Drawable, Figure):
    r"""The data on a vertical line at 0, the generator's samples on the same line moved by :math:`\theta`.

    Shows the plan that carries every point straight across, and :math:`W_1`, JSD (in nats) and TV against
    :math:`\theta`. A ``width`` above 0 makes stripes of the lines, centred at 0 and at :math:`\theta`, which overlap
    while :math:`|\theta|` is smaller than the width. With ``predict=True`` the reader draws the one ``measure`` that is
    named (``"all"``: :math:`W_1`) before it is shown.
    """

    name = "parallel-lines"
    title = "Two parallel lines, and three ways to say how far apart they are"

    theta = slider(0.6, -1.0, 1.0, 0.01, "where the generator's line stands")
    width = slider(0.0, 0.0, 0.5, 0.01, "width of both lines")
    measure = choice("all", MEASURES, "which measure is shown")

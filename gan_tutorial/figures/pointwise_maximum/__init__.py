"""Figure ``pointwise-maximum``: the one maximisation on which Proposition 1 rests."""

from ..base import Figure, choice, slider


class PointwiseMaximum(Figure):
    r"""At one :math:`x`, the gain :math:`a\log u + b\log(1-u)` of an answer :math:`D(x) = u`.

    Here :math:`a = p_\text{data}(x)` and :math:`b = p_g(x)`; the gain is largest at
    :math:`u^* = a/(a+b)`, and the answers :math:`u^*` of all x make up :math:`D^*` (Goodfellow et
    al. 2014, Proposition 1). ``bells`` are those of the figure ``optimal-discriminator``;
    ``blocks``, uniform on [-2.5, 1] and on [-1, 3], have places where a, b or both are 0.
    """

    name = "pointwise-maximum"
    title = "What D gains at one point x by the answer u, and its best answer"

    x = slider(0.5, -4.0, 4.0, 0.05, "the point at which D answers")
    u = slider(0.5, 0.005, 0.995, 0.005, "the answer, D(x)")
    densities = choice("bells", ("bells", "blocks"), "smooth densities, or blocks with gaps")

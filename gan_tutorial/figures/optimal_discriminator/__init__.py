"""Figure ``optimal-discriminator``: Proposition 1 of Goodfellow et al. (2014), under sliders."""

from ..base import Drawable, Figure, slider


class OptimalDiscriminator(Drawable, Figure):
    """A two-bell data density, a Gaussian generator density, and the best discriminator between them.

    Shows :math:`p_\\text{data}`, :math:`p_g` and :math:`D^* = p_\\text{data} / (p_\\text{data} + p_g)`, and reads off
    JSD, KL both ways, :math:`V(D^*, G)` and :math:`C(G)`, in nats. Both bells of the data have width 0.7.
    With ``predict=True`` the reader draws :math:`D^*` on its axes before it is shown.
    """

    name = "optimal-discriminator"
    title = "Data density, generator density and the optimal discriminator between them"

    mean = slider(1.0, -4.0, 4.0, 0.05, "mean of p_g")
    width = slider(1.0, 0.3, 2.5, 0.05, "standard deviation of p_g")
    weight = slider(0.5, 0.0, 1.0, 0.01, "weight of the left bell of p_data")
    separation = slider(3.0, 0.0, 6.0, 0.05, "distance between the centres of the bells of p_data")

"""Figure ``critic-or-discriminator``: what tells a sample the way, near the data and far from it."""

from ..base import Figure, slider


class CriticOrDiscriminator(Figure):
    """Two bells, the best discriminator between them, and the best 1-Lipschitz critic.

    The data is N(0, 1), the generator N(distance, width²). Shows :math:`D^*` above and the critic
    :math:`f^*` with :math:`f^{*\\prime} = \\mathrm{sign}(F_{p_g} - F_{p_\\text{data}})` below; reads off how hard
    each of three costs pulls at a sample at ``x``, :math:`|\\partial_x \\log(1-D^*)|`,
    :math:`|\\partial_x \\log D^*|` and :math:`|f^{*\\prime}|`, the same at the mean of the generator, JSD in nats, and
    :math:`W_1`.
    """

    name = "critic-or-discriminator"
    title = "The optimal discriminator and the optimal critic between two bells"

    distance = slider(6.0, 0.0, 12.0, 0.05, "mean of p_g; that of p_data is 0")
    width = slider(1.0, 0.3, 2.5, 0.05, "standard deviation of p_g; that of p_data is 1")
    x = slider(6.0, -4.0, 16.0, 0.05, "where the slopes are read")

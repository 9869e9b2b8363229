"""Figure ``saturation``: why the generator's minimax cost falls silent when it needs to speak."""

from ..base import Figure, slider


class Saturation(Figure):
    r"""The generator's two costs of one sample, and their slopes, against the logit :math:`s`.

    With :math:`D(G(z)) = \sigma(s)`: minimax :math:`\log(1 - D)` with the slope
    :math:`-\sigma(s)`, non-saturating :math:`-\log D` with the slope :math:`-(1 - \sigma(s))`
    (Goodfellow et al. 2014, section 3). It starts at a discriminator that is sure:
    :math:`D(G(z)) = 0.01`.
    """

    name = "saturation"
    title = "The two generator costs and their slopes in the discriminator's logit"

    logit = slider(-4.6, -8.0, 8.0, 0.05, "the discriminator's logit s on one generated sample")

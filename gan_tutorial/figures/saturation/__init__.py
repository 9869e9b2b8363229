"""Figure ``saturation``: why the generator's minimax cost has a vanishing gradient where it has most to learn."""

from ..base import Drawable, Figure, slider


class Saturation(Drawable, Figure):
    r"""The generator's two costs of one sample, and their slopes, against the logit :math:`s`.

    With :math:`D(G(z)) = \sigma(s)`: minimax :math:`\log(1 - D)` with the slope
    :math:`-\sigma(s)`, non-saturating :math:`-\log D` with the slope :math:`-(1 - \sigma(s))`
    (Goodfellow et al. 2014, section 3). It starts at a discriminator that is sure:
    :math:`D(G(z)) = 0.01`. With ``predict=True`` the reader draws the size of the minimax cost's slope, alone on its
    axes, before it is shown.
    """

    name = "saturation"
    title = "The two generator costs and their slopes in the discriminator's logit"

    logit = slider(-4.6, -8.0, 8.0, 0.05, "the discriminator's logit s on one generated sample")

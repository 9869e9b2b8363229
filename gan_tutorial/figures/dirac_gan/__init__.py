"""Figure ``dirac-gan``: the smallest GAN that need not converge (Mescheder et al. 2018, arXiv:1801.04406)."""

from ..base import Drawable, Figure, choice, slider

LOSSES = ("minimax", "non-saturating", "wgan")
UPDATES = ("flow", "simultaneous", "alternating")


class DiracGan(Drawable, Figure):
    """All data at 0, the generator's one point at θ, the score a straight line ψx.

    Shows the vector field of the two players' gradients, the path from a start that can be dragged, and its distance
    from the solution (0, 0). ``rate`` is the step size h (the time of one step, for the flow), ``k`` the number of the
    discriminator's steps to one of the generator, ``penalty`` the γ of the gradient penalty on the data (R1), 0 for
    none. Read-outs: distance at the start and now, and the factor by which one step multiplies a small distance.
    With ``predict=True`` the reader draws the distance over the steps before the path is shown.
    """

    name = "dirac-gan"
    title = "The Dirac-GAN: paths of two players around their equilibrium"

    loss = choice("minimax", LOSSES, "what the players minimise")
    updates = choice("simultaneous", UPDATES, "who moves when")
    theta = slider(1.0, -2.5, 2.5, 0.05, "the generator's point at the start")
    psi = slider(0.5, -2.5, 2.5, 0.05, "the slope of the score at the start")
    rate = slider(0.2, 0.02, 1.0, 0.02, "step size")
    k = slider(1.0, 1.0, 10.0, 1.0, "discriminator steps for one of the generator")
    penalty = slider(0.0, 0.0, 1.0, 0.02, "weight of the gradient penalty")

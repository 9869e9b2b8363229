"""Generative adversarial networks, small enough to read: the package behind the interactive book.

In reading order: densities on the line and the exact divergences between them, the game, what the
players minimise, the networks, the one training loop, many runs at once, data, and evaluation.
Importing it takes torch, numpy and tqdm; figures, pictures and downloads import what they need when
used.
"""

from gan_tutorial.distributions import mixture, normal, sample, uniform
from gan_tutorial.divergences import js, kl, total_variation, wasserstein1
from gan_tutorial.game import optimal_discriminator, optimal_logit, value, virtual_criterion
from gan_tutorial.objectives import MINIMAX, NON_SATURATING, WGAN_GP
from gan_tutorial.networks import Gaussian, Pair, line_pair, mlp, mlp_pair, seeded
from gan_tutorial.optimizers import adam
from gan_tutorial.training import Settings, train
from gan_tutorial.sweep import sweep
from gan_tutorial.data import flatten, load
from gan_tutorial.plots import COLORS, image_grid, use_style

__all__ = [
    "COLORS",
    "MINIMAX",
    "NON_SATURATING",
    "WGAN_GP",
    "Gaussian",
    "Pair",
    "Settings",
    "adam",
    "flatten",
    "image_grid",
    "js",
    "kl",
    "line_pair",
    "load",
    "mixture",
    "mlp",
    "mlp_pair",
    "normal",
    "optimal_discriminator",
    "optimal_logit",
    "sample",
    "seeded",
    "sweep",
    "total_variation",
    "train",
    "uniform",
    "use_style",
    "value",
    "virtual_criterion",
    "wasserstein1",
]

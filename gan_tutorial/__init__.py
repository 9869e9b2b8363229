"""Generative adversarial networks, small enough to read: the package behind the interactive book.

In reading order: densities on the line and the exact divergences between them, the game, what the
players minimise, the networks, the one training loop, many runs at once, data, and evaluation.
Importing it takes torch, numpy and tqdm; figures, pictures and downloads import what they need when
used.
"""

from gan_tutorial.distributions import PRESETS, mixture, normal, plotting_range, uniform
from gan_tutorial.divergences import js, kl, total_variation, wasserstein1
from gan_tutorial.game import optimal_discriminator, optimal_logit, value, virtual_criterion
from gan_tutorial.objectives import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    OBJECTIVES,
    WGAN,
    WGAN_GP,
    Objective,
)
from gan_tutorial.networks import Pair, circulating_pair, line_pair, mlp_pair, paper_pair
from gan_tutorial.training import DivergenceError, Snapshot, sample, train
from gan_tutorial.data import load
from gan_tutorial.parzen import choose_sigma, log_likelihood
from gan_tutorial.recipes import RECIPES, Recipe

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "OBJECTIVES",
    "PRESETS",
    "RECIPES",
    "WGAN",
    "WGAN_GP",
    "DivergenceError",
    "Objective",
    "Pair",
    "Recipe",
    "Snapshot",
    "choose_sigma",
    "circulating_pair",
    "js",
    "kl",
    "line_pair",
    "load",
    "log_likelihood",
    "mixture",
    "mlp_pair",
    "normal",
    "optimal_discriminator",
    "optimal_logit",
    "paper_pair",
    "plotting_range",
    "sample",
    "total_variation",
    "train",
    "uniform",
    "value",
    "virtual_criterion",
    "wasserstein1",
]

"""Recipes: everything that decides a training run, under a name.

    recipe = RECIPES["mnist-short"]
    images, labels = load(recipe.data)
    for snapshot in train(recipe.build(seed=0), images, **recipe.settings): ...

Settings were chosen by the held-out Parzen log-likelihood on the *validation* rows; test rows were
never looked at. Why they are what they are stands beside each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from gan_tutorial.data import load
from gan_tutorial.networks import (
    Pair,
    circulating_pair,
    logit_of_marginals,
    mirza_pair,
    paper_pair,
)
from gan_tutorial.objectives import NON_SATURATING, WGAN_GP
from gan_tutorial.optimizers import adam, sgd
from gan_tutorial.schedules import cosine, exponential, linear


@dataclass(frozen=True)
class Recipe:
    """A named run: `build(seed=...)` makes the networks, `settings` are keyword arguments of
    `train`.

    data            name of the data set, for `gan_tutorial.data.load`
    conditional     whether the labels are given to both networks
    """

    name: str
    build: Callable[..., Pair]
    settings: Mapping[str, Any]
    data: str = "mnist-10k"
    conditional: bool = False
    note: str = field(default="", compare=False)


def _paper_pair_for_mnist_10k(seed: int = 0) -> Pair:
    return paper_pair(logit_of_marginals(load("mnist-10k").images.flatten(1)), seed=seed)


def _bfloat16() -> torch.dtype | None:
    """bfloat16 where this machine multiplies in it natively; None, for float32, elsewhere."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.get_device_capability() >= (8, 0) else None
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return torch.bfloat16 if native() else None


_EPOCH = 8000 // 100  # steps in an epoch of the paper's batches on mnist-10k

# The gradient penalty keeps all digits in play where GANs drop some, and batch norm in the generator
# reaches in one minute what takes two without. At this rate the generator never settles: it circles
# its target, and the moving average of its weights lies nearer than any point of the circle (after
# 2,000 steps by some 80 nats), more than a falling rate brings in so short a time. Two critic steps
# at Adam's 5e-4 cost less and measure better here than the usual five at 1e-4.
_WGAN_GP = {
    "objective": WGAN_GP,
    "optimizers": (adam(5e-4, (0.0, 0.9)), adam(5e-4, (0.0, 0.9))),
    "critic_steps": 2,
    "ema": 0.999,
    "autocast": _bfloat16(),
}

MNIST_SHORT = Recipe(
    "mnist-short",
    circulating_pair,
    _WGAN_GP | {"steps": 2000, "every": 250},
    note="a minute on a laptop: digits one recognises",
)
MNIST_LONG = Recipe(
    "mnist-long",
    circulating_pair,
    _WGAN_GP | {"steps": 30_000, "schedules": {"lr": cosine(30_000)}, "every": 1000},
    note="ten minutes and more: digits that look like digits",
)
CONDITIONAL = Recipe(
    "conditional",
    partial(circulating_pair, classes=10),
    _WGAN_GP | {"steps": 3000, "every": 500},
    conditional=True,
    note="a digit on demand: labels, one-hot, to both networks",
)
PAPER_MNIST = Recipe(
    "paper-mnist",
    _paper_pair_for_mnist_10k,
    {
        "objective": NON_SATURATING,
        "optimizers": (sgd(0.1, momentum=0.5), sgd(0.1, momentum=0.5)),
        "schedules": {
            "lr": exponential(1.000004, floor=1e-5),
            "momentum": linear(1, 0.7 / 0.5, 250 * _EPOCH),
        },
        "batch_size": 100,
        "steps": 250 * _EPOCH,
        "every": 10 * _EPOCH,
    },
    note="Goodfellow et al. 2014, on the digits we have",
)

PAPER_CONDITIONAL = Recipe(
    "paper-conditional",
    mirza_pair,
    {
        "objective": NON_SATURATING,
        "optimizers": (sgd(0.1, momentum=0.5), sgd(0.1, momentum=0.5)),
        "schedules": {
            "lr": exponential(1.00004, floor=1e-5),
            "momentum": linear(1, 0.7 / 0.5, 250 * _EPOCH),
        },
        "batch_size": 100,
        "steps": 250 * _EPOCH,
        "every": 10 * _EPOCH,
    },
    conditional=True,
    note="Mirza & Osindero 2014, on the digits we have",
)

RECIPES = {
    recipe.name: recipe
    for recipe in (MNIST_SHORT, MNIST_LONG, CONDITIONAL, PAPER_MNIST, PAPER_CONDITIONAL)
}

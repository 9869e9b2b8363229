"""Recipes: everything that decides a training run, under a name.

For example, a minute of training on the digits that come with the package::

    recipe = RECIPES["mnist-short"]
    images, labels = load(recipe.data)
    pair = recipe.build(seed=0)
    for snapshot in train(pair, images, recipe.settings, steps=recipe.steps):
        show(snapshot.sample(64))

Settings were chosen by the held-out Parzen log-likelihood on the *validation* rows; test rows were
never looked at. Why they are what they are stands beside each. What they buy by better measures is
recorded as "ablation" (`gan_tutorial.recorded`): not all of it is what that log-likelihood said.

Products run in bfloat16 where this machine has it in hardware. `GAN_TUTORIAL_BFLOAT16=0` keeps them
in float32 and `=1` asks for bfloat16 anywhere, if need be emulated (slowly); a run keeps its bits
only on machines that agree in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial._engine.onednn import switch
from gan_tutorial.data import load
from gan_tutorial.distributions import mixture, sample
from gan_tutorial.networks import (
    Affine,
    Classes,
    Pair,
    circulating_pair,
    logit_of_marginals,
    mirza_pair,
    mlp_pair,
    paper_pair,
)
from gan_tutorial.objectives import (
    NON_SATURATING,
    R3GAN,
    WGAN,
    WGAN_GP,
    Objective,
    clip,
    gradient_penalty,
    zero_centred_penalty,
)
from gan_tutorial.optimizers import Factory, adam, cosine, exponential, linear, rmsprop, sgd
from gan_tutorial.pictures import Augment, residual_pair
from gan_tutorial.training import Settings

__all__ = [
    "CONDITIONAL",
    "CONDITIONAL_LONG",
    "FACES",
    "FACES_CONDITIONAL",
    "LINE_DATA",
    "LINE_VARIANTS",
    "MNIST_LONG",
    "MNIST_SHORT",
    "PAPER_CONDITIONAL",
    "PAPER_MNIST",
    "RECIPES",
    "Recipe",
    "choose",
    "line_rows",
    "line_settings",
]


Networks = Callable[[Tensor, Classes, int], Pair]


@dataclass(frozen=True)
class Recipe:
    """A named run.

    Attributes:
        name: for `RECIPES` and the command line.
        networks: `(images, classes, seed) -> pair`, for pictures of their size; see `build`.
        settings: how the pair learns.
        steps: steps of the generator.
        every: steps between snapshots.
        data: name of the data set, for `gan_tutorial.data.load`.
        rows: how many training rows it has.
        conditional: whether the labels are given to both networks.
        note: what the run is for, in a line.
        in_epochs: `rows -> {field: value}`, for what the recipe counts in epochs.
    """

    name: str
    networks: Networks
    settings: Settings
    steps: int
    every: int
    data: str = "mnist-10k"
    rows: int = 8000
    conditional: bool = False
    note: str = field(default="", compare=False)
    in_epochs: Callable[[int], dict[str, Any]] | None = None

    def build(self, seed: int = 0, images: Tensor | None = None, classes: Classes = 10) -> Pair:
        """New networks.

        Args:
            seed: of their first weights.
            images: `(n, ...)`, for whose size they are made; None: those of the recipe's data set.
            classes: labels go from 0 to `classes` - 1, if the recipe is conditional; of several
                attributes, how many values each has.
        """
        return self.networks(load(self.data).images if images is None else images, classes, seed)

    def on(self, data: str, rows: int) -> Recipe:
        """The same recipe for another data set; what it counts in epochs follows the rows.

        Args:
            data: name of the data set.
            rows: how many training rows it has.
        """
        counted = self.in_epochs(rows) if self.in_epochs else {}
        return replace(self, data=data, rows=rows, **counted)


def _circulating(images: Tensor, classes: Classes, seed: int) -> Pair:
    return circulating_pair(seed=seed, data_dim=images[0].numel())


def _of_page_size(images: Tensor, classes: Classes, seed: int) -> Pair:
    """A conditional pair whose generator is small enough to be shipped inside a page."""
    return mlp_pair(
        images[0].numel(),
        32,
        (256, 192, 192),
        (512, 256),
        output=lambda: nn.Sequential(nn.Tanh(), Affine(0.5, 0.5)),
        norm=True,
        classes=classes,
        seed=seed,
    )


def _portraits(images: Tensor, classes: Classes, seed: int) -> Pair:
    shape = tuple(images.shape[1:])
    return residual_pair(shape, 24, augment=Augment(shape, shift=1 / 16), seed=seed)


def _portraits_on_demand(images: Tensor, classes: Classes, seed: int) -> Pair:
    shape = tuple(images.shape[1:])
    augment = Augment(shape, shift=1 / 16)
    return residual_pair(shape, 24, augment=augment, classes=classes, seed=seed)


def _paper(images: Tensor, classes: Classes, seed: int) -> Pair:
    return paper_pair(logit_of_marginals(images), seed=seed, data_dim=images[0].numel())


def _mirza(images: Tensor, classes: Classes, seed: int) -> Pair:
    """With the start of `_paper`, which the paper does not mention: without it the loss can become NaN
    (seed 1, step 268).
    """
    if not isinstance(classes, int):
        raise ValueError(
            f"recipe 'paper-conditional' takes one label, the data have {len(classes)}"
        )
    pair = mirza_pair(classes, seed=seed, data_dim=images[0].numel())
    *_, last = (m for m in pair.generator.modules() if isinstance(m, nn.Linear))
    last.bias.data.copy_(logit_of_marginals(images))
    return pair


def _bfloat16() -> torch.dtype | None:
    """bfloat16 where this machine multiplies in it natively, or `GAN_TUTORIAL_BFLOAT16` is 1; None,
    for float32, elsewhere and where it is 0.
    """
    wanted = switch("GAN_TUTORIAL_BFLOAT16")
    if wanted is None:
        wanted = _has_bfloat16()
    return torch.bfloat16 if wanted else None


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.get_device_capability() >= (8, 0)
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    # The processor may have what ATEN_CPU_CAPABILITY tells PyTorch not to use.
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512") and native()


# What the validation rows said (one seed, 2,000 steps, nats): the circulating generator with batch
# norm 168, a plain 512-512 one 148, with a short-memory average (`ema` alone would forget the first
# weights in 200 steps). At this rate the generator never settles: it circles its target, alone it has
# 85, and an average over half of the run 190. A rate that falls to 0 calms it, to 120 at most. Two
# critic steps at Adam's 5e-4 take a fraction of the time of the usual five at 1e-4.
_WGAN_GP = Settings(
    objective=WGAN_GP,
    optimizers=(adam(5e-4, (0.0, 0.9)), adam(5e-4, (0.0, 0.9))),
    critic_steps=2,
    ema=0.999,
    autocast=_bfloat16(),
)
_LONG = replace(_WGAN_GP, batch_size=128, ema=0.9998)


# What eight throw-away runs of half a minute on a GPU showed: at a weight of 10 (per unit of x, pixels
# in [0, 1]) shapes come soon and stay soft, at 0.1 they are crisp and D is far ahead; a rate of 1e-3, or
# batches of 128 at this one, diverge.
_FACES = Settings(
    objective=replace(R3GAN, penalty=zero_centred_penalty(0.5), penalised=0.25),
    optimizers=(adam(3e-4, (0.0, 0.99)), adam(3e-4, (0.0, 0.99))),
    schedules={"lr": cosine(6000, end=0.1)},
    ema=0.999,
    autocast=_bfloat16(),
)


def _papers(decay: float) -> Callable[[int], dict[str, Any]]:
    """The rate falls at every step, the momentum rises over 250 epochs of batches of 100."""

    def in_epochs(rows: int) -> dict[str, Any]:
        epoch = max(1, rows // 100)
        momentum = linear(1, 0.7 / 0.5, 250 * epoch)
        settings = Settings(
            objective=NON_SATURATING,
            optimizers=(sgd(0.1, momentum=0.5), sgd(0.1, momentum=0.5)),
            schedules={"lr": exponential(decay, floor=1e-5), "momentum": momentum},
            batch_size=100,
        )
        return {"settings": settings, "steps": 250 * epoch, "every": 10 * epoch}

    return in_epochs


def _paper_recipe(name: str, networks: Networks, decay: float, **rest: Any) -> Recipe:
    in_epochs = _papers(decay)
    return Recipe(name, networks, in_epochs=in_epochs, **in_epochs(8000), **rest)


MNIST_SHORT = Recipe(
    "mnist-short",
    _circulating,
    _WGAN_GP,
    steps=2000,
    every=250,
    note="a minute on a laptop: digits one recognises",
)
"""A minute on a laptop: digits that one recognises."""
MNIST_LONG = Recipe(
    "mnist-long",
    _circulating,
    _LONG,
    steps=20_000,
    every=1000,
    note="half an hour at most: larger batches, a longer memory, digits that look like digits",
)
"""Half an hour at most: larger batches, a longer memory, digits that look like digits."""
CONDITIONAL = Recipe(
    "conditional",
    _of_page_size,
    replace(_WGAN_GP, batch_size=128),
    steps=2000,
    every=500,
    conditional=True,
    note="a digit on demand: labels, one-hot, to both networks; a minute",
)
"""A digit on demand: labels, one-hot, to both networks; a minute."""
CONDITIONAL_LONG = Recipe(
    "conditional-long",
    _of_page_size,
    _LONG,
    steps=20_000,
    every=1000,
    conditional=True,
    note="the same for long: the generator that runs in the page of the conditional GAN",
)
"""The same for long: the generator that runs in the page of the conditional GAN."""
PAPER_MNIST = _paper_recipe(
    "paper-mnist",
    _paper,
    decay=1.000004,
    note="Goodfellow et al. 2014, on the digits we have",
)
"""Goodfellow et al. 2014 (arXiv:1406.2661), on the digits that come with the package."""
PAPER_CONDITIONAL = _paper_recipe(
    "paper-conditional",
    _mirza,
    decay=1.00004,
    conditional=True,
    note="Mirza & Osindero 2014, on the digits we have",
)
"""Mirza & Osindero 2014 (arXiv:1411.1784), on the same digits."""

FACES = Recipe(
    "faces",
    _portraits,
    _FACES,
    steps=6000,
    every=500,
    data="emoji-faces",
    rows=618,
    note="colour portraits, or pictures of your own: residual networks, R3GAN; an hour",
)
"""Colour portraits, or pictures of one's own: residual networks, R3GAN; an hour of two cores."""
FACES_CONDITIONAL = Recipe(
    "faces-conditional",
    _portraits_on_demand,
    _FACES,
    steps=6000,
    every=500,
    data="emoji-faces",
    rows=618,
    conditional=True,
    note="the same, asked for who, role and tone",
)
"""The same, asked for who, role and tone."""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        MNIST_SHORT,
        MNIST_LONG,
        CONDITIONAL,
        CONDITIONAL_LONG,
        PAPER_MNIST,
        PAPER_CONDITIONAL,
        FACES,
        FACES_CONDITIONAL,
    )
}
"""Every recipe of the book by its name: `"mnist-short"`, `"mnist-long"`, `"conditional"`,
`"conditional-long"`, `"paper-mnist"`, `"paper-conditional"`, `"faces"`, `"faces-conditional"`.
"""


def choose(name: str) -> Recipe:
    """The recipe of that name.

    Args:
        name: a key of `RECIPES`.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r} does not exist; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


LINE_DATA = mixture(means=[-2.0, 2.0], stds=[0.5, 0.7], weights=[0.4, 0.6])
"""The two bells of "Training in one dimension", and of the map of robustness in "WGAN"."""

# The clip limit is the best of 0.01, 0.1, 0.3 and 1 on other seeds. Adam's betas are those of
# WGAN-GP's authors, for GAN too: what differs between two variants shall be the objective alone.
_calm_adam = partial(adam, betas=(0.0, 0.9))
LINE_VARIANTS: dict[str, tuple[Objective, Callable[..., Factory]]] = {
    "GAN": (NON_SATURATING, _calm_adam),
    "WGAN, clipped": (replace(WGAN, constrain=clip(0.3)), rmsprop),
    "WGAN-GP": (WGAN_GP, _calm_adam),
    "WGAN-GP, one-sided": (
        replace(WGAN_GP, name="wgan-one-sided", penalty=gradient_penalty(one_sided=True)),
        _calm_adam,
    ),
}
"""Objectives and optimisers whose robustness is mapped, by the names in the map's record: `"GAN"`,
`"WGAN, clipped"`, `"WGAN-GP"` and `"WGAN-GP, one-sided"`.
"""


def line_rows(n: int = 4000) -> Tensor:
    """Rows from `LINE_DATA`, on which the map's runs are trained.

    Args:
        n: how many.

    Returns:
        `(n, 1)`, float32, always the same.
    """
    return sample(LINE_DATA, n, torch.Generator().manual_seed(0)).float()


def line_settings(name: str, critic_steps: int, rate: float, ratio: float = 1.0) -> Settings:
    """One of `LINE_VARIANTS` with given learning rates.

    Args:
        name: a key of `LINE_VARIANTS`.
        critic_steps: steps of the discriminator before each step of the generator.
        rate: the generator's learning rate.
        ratio: how many times as large the discriminator's is.

    Raises:
        ValueError: there is no such variant, and the message names those there are; or `ratio` is not
            positive and finite.
    """
    if not 0 < ratio < math.inf:
        raise ValueError(f"ratio={ratio} must be positive and finite, such as 1 or 10")
    if name not in LINE_VARIANTS:
        raise ValueError(f"name={name!r} is no variant; there are: {', '.join(LINE_VARIANTS)}")
    objective, optimizer = LINE_VARIANTS[name]
    return Settings(
        objective, (optimizer(ratio * rate), optimizer(rate)), critic_steps=critic_steps
    )

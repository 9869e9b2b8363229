"""Small runs on the colour portraits, over seeds: what each choice of the recipe `faces` does.

Every run keeps a checkpoint in its folder and goes on where it was stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gan_tutorial.data import attributes, load
from gan_tutorial.networks import Pair, seeded
from gan_tutorial.objectives import HINGE, NON_SATURATING, RELATIVISTIC
from gan_tutorial.optimizers import adam, cosine
from gan_tutorial.pictures import Augment, conv_pair, residual_pair, spectral_norm
from gan_tutorial.recipes import FACES
from gan_tutorial.training import Settings, Snapshot, train

SHAPE = (3, 32, 32)
WIDTH, STEPS, EVERY = 16, 2000, 250
SEEDS = (0, 1, 2)
RUNS = Path("runs/portraits")


class Variant(NamedTuple):
    """A run: what tables call it, its networks (called with `seed`), its settings, and whether it is
    asked for attributes.
    """

    title: str
    build: Callable[..., Pair]
    settings: Settings
    conditional: bool = False


def _on_demand(seed: int) -> Pair:
    classes = tuple(len(values) for values in attributes("emoji-faces").values())
    return _residual(classes=classes, seed=seed)


def _limited(seed: int) -> Pair:
    pair = _residual(seed=seed)
    with seeded(seed):
        spectral_norm(pair.discriminator)
    return pair


_RECIPE = replace(FACES.settings, schedules={"lr": cosine(STEPS, end=0.1)})
_UNPAIRED = replace(
    NON_SATURATING,
    penalty=_RECIPE.objective.penalty,
    penalised=_RECIPE.objective.penalised,
)
_DCGAN = replace(
    _RECIPE,
    objective=NON_SATURATING,
    optimizers=(adam(2e-4, (0.5, 0.999)), adam(2e-4, (0.5, 0.999))),
)
_seen = Augment(SHAPE, shift=1 / 16)
_residual = partial(residual_pair, SHAPE, WIDTH, augment=_seen)
VARIANTS = {
    "recipe": Variant("the recipe, at 16 channels", _residual, _RECIPE),
    "conditional": Variant("the same, asked for who, role and tone", _on_demand, _RECIPE, True),
    "unmoved": Variant("no augmentation", partial(residual_pair, SHAPE, WIDTH), _RECIPE),
    "unpaired": Variant("not relativistic", _residual, replace(_RECIPE, objective=_UNPAIRED)),
    "unpenalised": Variant("no penalty", _residual, replace(_RECIPE, objective=RELATIVISTIC)),
    "bare": Variant("neither", _residual, replace(_RECIPE, objective=NON_SATURATING)),
    "spectral": Variant("spectral norm and hinge", _limited, replace(_RECIPE, objective=HINGE)),
    "dcgan": Variant("DCGAN", partial(conv_pair, SHAPE, WIDTH, augment=_seen), _DCGAN),
}


def run(name: str, seed: int, runs: Path = RUNS) -> Snapshot:
    """The last snapshot of one run, trained as far as its checkpoint in `runs` does not hold it yet.
    On one core some ten minutes.
    """
    variant = VARIANTS[name]
    images, labels = load("emoji-faces")
    place = runs / f"{name}-{seed}.pt"
    place.parent.mkdir(parents=True, exist_ok=True)
    *_, last = train(
        variant.build(seed=seed),
        images,
        variant.settings,
        steps=STEPS,
        every=EVERY,
        seed=seed,
        labels=labels if variant.conditional else None,
        checkpoint=place,
        resume=place.exists(),
    )
    print(f"{place.stem}: {last.seconds:.0f} s", file=sys.stderr, flush=True)
    return last

"""The book's short recipes of digits, at their full length, over seeds, by every measure."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import draw_labels
from gan_tutorial.recipes import CONDITIONAL, MNIST_SHORT, Recipe
from gan_tutorial.training import train
from recordings.ablation import DRAWN_BY, SAMPLES, SEEDS, Digits
from recordings.runs import kept, write

RECIPES = (MNIST_SHORT, CONDITIONAL)


def one_run(data: Digits, recipe: Recipe, seed: int) -> dict[str, Any]:
    """The scores of one run, by who draws. A conditional generator is asked for the training labels'
    shares.
    """
    start, labels = time.process_time(), data.reference.labels
    *_, last = train(
        recipe.build(seed=seed),
        data.images,
        recipe.settings,
        steps=recipe.steps,
        every=recipe.steps,
        seed=seed,
        labels=labels if recipe.conditional else None,
    )
    found: dict[str, Any] = {"seed": seed, "seconds": round(time.process_time() - start)}
    asked = draw_labels(labels, SAMPLES, seed=seed) if recipe.conditional else None
    for who in DRAWN_BY:
        rows = last.sample(SAMPLES, seed=seed, labels=asked, average=who == "average")
        found[who] = {name: m.as_dict() for name, m in data.reference.scores(rows).items()}
    return found


def record(out: Path, runs: Path = Path("runs/scores")) -> list[Path]:
    """Write `out`/scores.json; runs that are done lie in `runs` and are not made again. One thread,
    five minutes.
    """
    torch.set_num_threads(1)
    data, recipes, seconds = Digits(), [], 0
    for recipe in RECIPES:
        made = [
            kept(runs / f"{recipe.name}-{seed}.json", partial(one_run, data, recipe, seed))
            for seed in SEEDS
        ]
        seconds += sum(one["seconds"] for one in made)
        for who in DRAWN_BY:
            own = {"recipe": recipe.name, "drawn_by": who, "steps": recipe.steps}
            recipes.append({**own, "runs": [one[who] for one in made]})
    note = {
        "title": "the short recipes of digits by every measure",
        **provenance("OMP_NUM_THREADS=1 python -m recordings scores"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "samples": SAMPLES,
        "data": "mnist-10k",
        "judge": data.reference.judge.name,
        "seconds": seconds,
        "recipes": recipes,
    }
    return write(out, "scores", note)

"""What `python -m gan_tutorial` does: train, sample, evaluate. A run is a folder:

run.json          recipe, data, seed, settings given on the command line, machine, versions, date,
                  command
checkpoint.pt     the last good state; `--resume` goes on from it
history.csv       the losses of every step
samples/          one PNG grid for each snapshot
tensorboard/      the same numbers, where TensorBoard is installed"""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_tutorial import checkpoints, distributed
from gan_tutorial.data import flatten, load
from gan_tutorial.objectives import OBJECTIVES
from gan_tutorial.outputs import save_grid, tensorboard, write_history
from gan_tutorial.parzen import choose_sigma, log_likelihood
from gan_tutorial.recipes import RECIPES, Recipe
from gan_tutorial.settings import positive_integer
from gan_tutorial.snapshots import Snapshot, sample
from gan_tutorial.training import train


def choose(recipe: str) -> Recipe:
    """The recipe of that name; ValueError names those there are."""
    if recipe not in RECIPES:
        raise ValueError(f"recipe {recipe!r} does not exist; choose one of {', '.join(RECIPES)}")
    return RECIPES[recipe]


def settings_of(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's arguments of `train`, with `changes` over them; an objective goes by its name."""
    settings = {**recipe.settings, **changes}
    if "objective" in changes:
        if changes["objective"] not in OBJECTIVES:
            names = ", ".join(OBJECTIVES)
            raise ValueError(f"objective {changes['objective']!r} does not exist; choose {names}")
        settings["objective"] = OBJECTIVES[changes["objective"]]
    return settings


def check_resumed(folder: Path, recipe: Recipe, seed: int) -> None:
    """ValueError where the folder holds another run than the one that is to go on."""
    if not (folder / "run.json").is_file():
        return
    note = json.loads((folder / "run.json").read_text())
    for name, own in (("recipe", recipe.name), ("data", recipe.data), ("seed", seed)):
        if note[name] != own:
            raise ValueError(
                f"{folder} was trained with {name} = {note[name]}, this run has {own}; go on "
                "with the former, or name another folder"
            )


def describe(recipe: Recipe, shape: list[int], seed: int, changes: dict) -> dict:
    """What made a run: the recipe and the changes to it, and the machine, versions, date, command."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "recipe": recipe.name,
        "data": recipe.data,
        "rows": recipe.rows,
        "shape": shape,
        "seed": seed,
        "changes": changes,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "cuda": device,
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m gan_tutorial", *sys.argv[1:]]),
    }


def run_training(
    recipe_name: str,
    out: Path,
    *,
    data: str | None = None,
    seed: int = 0,
    resume: bool = False,
    root: str = "data",
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Train by a recipe into the folder `out`; only the first process writes.

    `data` names another data set than the recipe's; `changes` go over the recipe's settings (an
    objective by its name).
    """
    recipe, changes = choose(recipe_name), dict(changes or {})
    with distributed.launched() as device:
        first = distributed.rank() == 0
        images, labels = load(data or recipe.data, root=root, device=device)
        recipe = recipe.on(data or recipe.data, len(images))
        settings = settings_of(recipe, changes)
        if resume:
            check_resumed(out, recipe, seed)
        out.mkdir(parents=True, exist_ok=True)
        pair = recipe.build(seed=seed, images=images)
        pair.generator.to(device)
        pair.discriminator.to(device)
        snapshots = train(
            pair,
            images,
            labels=labels if recipe.conditional else None,
            seed=seed,
            checkpoint=out / "checkpoint.pt",
            resume=resume,
            progress=True,
            **settings,
        )
        if first:
            note = describe(recipe, list(images.shape[1:]), seed, changes)
            (out / "run.json").write_text(json.dumps(note, indent=1) + "\n")
        keep(snapshots, out if first else None, list(images.shape[1:]), recipe.conditional)


def keep(
    snapshots: Iterator[Snapshot], out: Path | None, shape: list[int], conditional: bool
) -> None:
    """Run through the snapshots; grids, losses and TensorBoard's events go to `out`, if there."""
    labels = torch.arange(100) % 10 if conditional else None
    board = tensorboard(out) if out else None
    for snapshot in snapshots:
        if out:
            grid = snapshot.sample(100, labels=labels)
            save_grid(grid, shape, out / "samples" / f"{snapshot.step:07d}.png")
            write_history(snapshot.history, out)
            board(snapshot)


class Trained(NamedTuple):
    """A run that has been trained: what it was told, and its averaged generator."""

    recipe: Recipe
    shape: list[int]
    generator: nn.Module
    prior: Callable


def trained(folder: Path) -> Trained:
    """Read the run in `folder`, as `train --out` left it; ValueError where there is none."""
    if not (folder / "run.json").is_file():
        raise ValueError(f"{folder} holds no run: there is no run.json; train one with --out")
    note = json.loads((folder / "run.json").read_text())
    recipe = choose(note["recipe"]).on(note["data"], note["rows"])
    pair = recipe.build(seed=note["seed"], images=torch.zeros(1, *note["shape"]))
    pair.generator.load_state_dict(checkpoints.load(folder / "checkpoint.pt")["average"])
    return Trained(recipe, note["shape"], pair.generator, pair.prior)


def _labels(recipe: Recipe, count: int, label: int | None) -> Tensor | None:
    if not recipe.conditional:
        if label is not None:
            raise ValueError(f"--label: the recipe {recipe.name} is not conditional")
        return None
    if label is not None and not 0 <= label <= 9:
        raise ValueError(f"--label must be a digit from 0 to 9, got {label}")
    return torch.arange(count) % 10 if label is None else torch.full((count,), label)


def run_sampling(folder: Path, out: Path, *, count: int, seed: int, label: int | None) -> None:
    """Write a grid of `count` samples of the run in `folder` to the PNG file `out`."""
    positive_integer("--count", count)
    run = trained(folder)
    labels = _labels(run.recipe, count, label)
    samples = sample(run.generator, run.prior, count, seed=seed, labels=labels)
    save_grid(samples, run.shape, out)


def run_evaluation(folder: Path, *, count: int, seed: int, split: str, root: str) -> dict:
    """Parzen log-likelihood (nats) of `split` under `count` samples, sigma chosen on validation
    rows.

    Returns mean, standard_error, sigma, and what they belong to. See `gan_tutorial.parzen`.
    """
    positive_integer("--count", count, least=2)
    recipe, _, generator, prior = trained(folder)
    samples = sample(generator, prior, count, seed=seed, labels=_labels(recipe, count, None))
    validation = flatten(load(recipe.data, split="validation", root=root).images)
    points = flatten(load(recipe.data, split=split, root=root).images)
    sigma = choose_sigma(samples, validation, value_range=(0, 1)).sigma
    result = log_likelihood(samples, points, sigma, value_range=(0, 1))
    return {
        "mean": float(result.mean),
        "standard_error": float(result.standard_error),
        "sigma": sigma,
        "samples": count,
        "split": split,
        "data": recipe.data,
        "recipe": recipe.name,
    }

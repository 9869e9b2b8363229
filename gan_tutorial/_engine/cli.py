"""What `python -m gan_tutorial` does: train, sample, evaluate. A run is a folder:

run.json          recipe, data, seed, settings given on the command line, machine, versions, date,
                  command
checkpoint.pt     the last good state; `--resume` goes on from it
history.csv       the losses of every step
samples/          one PNG grid for each snapshot
tensorboard/      the same numbers, where TensorBoard is installed
"""

from __future__ import annotations

import csv
import datetime
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_tutorial._engine import checkpoints, devices
from gan_tutorial._engine.run import whole_number
from gan_tutorial.data import draw_labels, flatten, import_torchvision, load
from gan_tutorial.objectives import OBJECTIVES
from gan_tutorial.parzen import held_out
from gan_tutorial.recipes import Recipe, choose
from gan_tutorial.training import Snapshot, sample, train


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with `changes` over it: steps, every, and settings; an objective by its name."""
    changes = dict(changes)
    if "objective" in changes:
        if changes["objective"] not in OBJECTIVES:
            names = ", ".join(OBJECTIVES)
            raise ValueError(f"objective {changes['objective']!r} does not exist; choose {names}")
        changes["objective"] = OBJECTIVES[changes["objective"]]
    own = {name: changes.pop(name) for name in ("steps", "every") if name in changes}
    return replace(recipe, settings=replace(recipe.settings, **changes), **own)


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


def describe(recipe: Recipe, shape: list[int], seed: int, changes: Mapping[str, Any]) -> dict:
    """What made a run: the recipe and the changes to it, and `provenance`."""
    return {
        "recipe": recipe.name,
        "data": recipe.data,
        "rows": recipe.rows,
        "shape": shape,
        "seed": seed,
        "changes": dict(changes),
        **provenance(" ".join(["python -m gan_tutorial", *sys.argv[1:]])),
    }


def provenance(command: str) -> dict[str, Any]:
    """Where a result comes from: machine, threads, GPU, versions, date, and the command."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
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
    with devices.launched() as device:
        first = devices.rank() == 0
        images, labels = load(data or recipe.data, root=root, device=device)
        recipe = changed(recipe.on(data or recipe.data, len(images)), changes)
        if resume:
            check_resumed(out, recipe, seed)
        out.mkdir(parents=True, exist_ok=True)
        pair = recipe.build(seed=seed, images=images)
        pair.generator.to(device)
        pair.discriminator.to(device)
        snapshots = train(
            pair,
            images,
            recipe.settings,
            steps=recipe.steps,
            every=recipe.every,
            labels=labels if recipe.conditional else None,
            seed=seed,
            checkpoint=out / "checkpoint.pt",
            resume=resume,
            progress=True,
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
        if out and board:
            grid = snapshot.sample(100, labels=labels)
            save_grid(grid, shape, out / "samples" / f"{snapshot.step:07d}.png")
            write_history(snapshot.history, out)
            board(snapshot)


class Trained(NamedTuple):
    """A run that has been trained: what it was told, and its averaged generator."""

    recipe: Recipe
    note: dict[str, Any]
    generator: nn.Module
    prior: Callable[[int, torch.Generator], Tensor]

    @property
    def shape(self) -> list[int]:
        """Of a picture, (c, h, w)."""
        return self.note["shape"]

    def sample(self, n: int, *, seed: int, labels: Tensor | None = None) -> Tensor:
        """n samples (n, d); of a conditional generator with the given labels (n,)."""
        return sample(self.generator, self.prior, n, seed=seed, labels=labels)

    def held_out(self, n: int, *, seed: int, split: str, root: str) -> dict[str, Any]:
        """The one evaluation: Parzen log-likelihood (nats) of `split` under n samples.

        Sigma is chosen on the validation rows. A conditional generator is asked for labels with the
        frequencies of the training rows.
        """
        data, labels = self.recipe.data, None
        if self.recipe.conditional:
            labels = draw_labels(load(data, root=root).labels, n, seed=seed)
        samples = self.sample(n, seed=seed, labels=labels)
        validation, points = (flatten(load(data, s, root).images) for s in ("validation", split))
        result = held_out(samples, validation, points, value_range=(0, 1))
        return {
            "data": data,
            "samples": n,
            "sigma": float(result.sigma),
            "mean": float(result.mean),
            "standard_error": float(result.standard_error),
        }


def trained(folder: Path) -> Trained:
    """Read the run in `folder`, as `train --out` left it; ValueError where there is none."""
    if not (folder / "run.json").is_file():
        raise ValueError(f"{folder} holds no run: there is no run.json; train one with --out")
    note = json.loads((folder / "run.json").read_text())
    recipe = choose(note["recipe"]).on(note["data"], note["rows"])
    pair = recipe.build(seed=note["seed"], images=torch.zeros(1, *note["shape"]))
    pair.generator.load_state_dict(checkpoints.load(folder / "checkpoint.pt")["average"])
    return Trained(recipe, note, pair.generator, pair.prior)


def run_sampling(folder: Path, out: Path, *, count: int, seed: int, label: int | None) -> None:
    """Write a grid of `count` samples of the run in `folder` to the PNG file `out`."""
    whole_number("--count", count)
    run = trained(folder)
    save_grid(run.sample(count, seed=seed, labels=_asked(run.recipe, count, label)), run.shape, out)


def _asked(recipe: Recipe, count: int, label: int | None) -> Tensor | None:
    """The label that is asked for, `count` times, or 0 to 9 in turn."""
    if not recipe.conditional:
        if label is not None:
            raise ValueError(f"--label: the recipe {recipe.name} is not conditional")
        return None
    if label is not None and not 0 <= label <= 9:
        raise ValueError(f"--label must be a digit from 0 to 9, got {label}")
    return torch.arange(count) % 10 if label is None else torch.full((count,), label)


def run_evaluation(folder: Path, *, count: int, seed: int, split: str, root: str) -> dict[str, Any]:
    """`Trained.held_out` of the run in `folder`, and what the numbers belong to."""
    whole_number("--count", count, least=2)
    run = trained(folder)
    result = run.held_out(count, seed=seed, split=split, root=root)
    return {**result, "split": split, "recipe": run.recipe.name}


def save_grid(samples: Tensor, shape: Sequence[int], path: Path, columns: int = 10) -> None:
    """Write rows in [0, 1] as one PNG, `columns` pictures of `shape` (c, h, w) to a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = samples.float().cpu().unflatten(1, shape)
    import_torchvision()
    from torchvision.utils import save_image

    save_image(pictures, path, nrow=columns)


def write_history(history: dict[str, Tensor], folder: Path) -> None:
    """The losses of every step as `history.csv` and, name by name, as `history.json`."""
    columns = {name: values.tolist() for name, values in history.items()}
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *columns])
        writer.writerows(
            [i, *row] for i, row in enumerate(zip(*columns.values(), strict=True), start=1)
        )
    (folder / "history.json").write_text(json.dumps(columns))


def tensorboard(folder: Path) -> Callable[[Snapshot], None]:
    """A function that passes a snapshot's losses on to TensorBoard, or does nothing without it."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return lambda snapshot: None
    writer = SummaryWriter(folder / "tensorboard")

    def write(snapshot: Snapshot) -> None:
        for name, values in snapshot.history.items():
            if len(values):
                writer.add_scalar(name, values[-1], snapshot.step)
        writer.flush()

    return write

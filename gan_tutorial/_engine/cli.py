"""What `python -m gan_tutorial` does: train, sample, evaluate. A run is a folder:

run.json          recipe, data, seed, settings given on the command line, machine, versions, date,
                  command
checkpoint.pt     the last good state; `--resume` goes on from it
history.csv       the losses of every step
samples/          one PNG grid for each snapshot
tensorboard/      the same numbers, where TensorBoard is installed
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import json
import math
import os
import platform
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_tutorial._engine import checkpoints, devices, evaluation
from gan_tutorial._engine.checks import SEEDS, whole_number
from gan_tutorial._engine.run import fingerprint
from gan_tutorial.data import (
    Images,
    attributes,
    draw_labels,
    flatten,
    import_torchvision,
    is_folder,
    load,
)
from gan_tutorial.networks import Classes
from gan_tutorial.objectives import OBJECTIVES
from gan_tutorial.optimizers import at_rate
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
    rates = [changes.pop(name, None) for name in ("lr_d", "lr_g")]
    for name, rate in zip(("lr_d", "lr_g"), rates, strict=True):
        if rate is not None and not 0 < rate < math.inf:
            raise ValueError(f"{name} must be a positive number, got {rate}")
    changes["optimizers"] = tuple(
        factory if rate is None else at_rate(factory, rate)
        for factory, rate in zip(recipe.settings.optimizers, rates, strict=True)
    )
    own = {name: changes.pop(name) for name in ("steps", "every") if name in changes}
    return replace(recipe, settings=replace(recipe.settings, **changes), **own)


def describe(
    recipe: Recipe,
    shape: list[int],
    classes: Classes,
    seed: int,
    changes: Mapping[str, Any],
    root: str,
    pictures: Mapping[str, Any],
) -> dict[str, Any]:
    """What made a run: the recipe and the changes to it, what its labels are called, where its data
    lie and how a folder's pictures were read, and `provenance`.
    """
    return {
        "recipe": recipe.name,
        "data": recipe.data,
        "rows": recipe.rows,
        "shape": shape,
        "classes": classes,
        "seed": seed,
        "changes": dict(changes),
        "names": _names(recipe.data),
        "root": str(Path(root).expanduser().resolve()),
        "pictures": dict(pictures),
        **provenance(f"python -m gan_tutorial {shlex.join(sys.argv[1:])}"),
    }


def provenance(command: str) -> dict[str, Any]:
    """Where a result comes from: machine, threads, GPU, versions, date, and the command."""
    return {
        "machine": f"{devices.processor()}, {os.cpu_count()} cores",
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
    pictures: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Train by a recipe into the folder `out`; only the first process writes.

    `data` names another data set than the recipe's, or a folder, whose pictures are read as
    `pictures` says (the arguments of `gan_tutorial.data.load_folder`); `changes` go over the
    recipe's settings (an objective by its name). A resumed run keeps the note of its start.
    """
    recipe, changes = choose(recipe_name), dict(changes or {})
    whole_number("seed", seed, least=0, below=SEEDS)
    out = out.expanduser()
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out must be a folder, {out} is a file")
    with devices.launched() as device:
        first = devices.rank() == 0
        recipe, (images, labels) = with_data(recipe, data, root, pictures or {}, device)
        recipe = changed(recipe, changes)
        if first and is_folder(recipe.data) and len(images) < recipe.settings.batch_size:
            warnings.warn(
                f"{recipe.data} has {len(images)} pictures to train on, fewer than a batch of "
                f"{recipe.settings.batch_size}: every batch shows some twice",
                stacklevel=2,
            )
        classes = classes_in(labels)
        note = describe(
            recipe, list(images.shape[1:]), classes, seed, changes, root, pictures or {}
        )
        kept = read_note(out) if resume else None
        if kept is not None:
            check_resumed(out, kept, note)
        make_folder(out)
        pair = recipe.build(seed=seed, images=images, classes=classes)
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
            note=kept or note,
            progress=True,
        )
        with contextlib.closing(snapshots):
            if first:
                checkpoints.sweep_partial(out, ["run.json", "history.csv", "history.json"])
                checkpoints.sweep_partial(out / "samples", ["[0-9]*.png"])
                if resume and kept is None:  # another process may have trained here until now
                    kept = read_note(out)
                write_note(out, note if kept is None else resumed(kept, note))
            asked = in_turn(labels, 100) if recipe.conditional else None
            keep(snapshots, out if first else None, list(images.shape[1:]), asked)


def with_data(
    recipe: Recipe,
    data: str | None,
    root: str,
    pictures: Mapping[str, Any],
    device: torch.device,
) -> tuple[Recipe, Images]:
    """The recipe for its data set or another, and the training rows.

    ValueError where the recipe asks for labels and the data have none.
    """
    name = data or recipe.data
    if is_folder(name):
        name = str(Path(name).expanduser().resolve())  # it is found again from anywhere
    images, labels = load(name, root=root, device=device, **pictures)
    if recipe.conditional and int(labels.min()) < 0:
        raise ValueError(
            f"the recipe {recipe.name} asks for labels, and the data have none; where each folder's "
            "name is the label of its pictures, pass --classes"
        )
    return recipe.on(name, len(images)), Images(images, labels)


NOTED = ("recipe", "data", "rows", "shape", "seed", "changes")  # what a run is known by


def resumed(kept: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    """The note of a run's start, and, once more, when and how it went on."""
    again = {key: note[key] for key in ("date", "command", "machine", "versions")}
    return {**kept, "resumed": [*kept.get("resumed", []), again]}


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, unless they are there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise checkpoints.unwritable(folder, error) from error


def write_note(folder: Path, note: Mapping[str, Any]) -> None:
    """Put `note` into the folder's run.json, whole or not at all."""
    checkpoints.write(folder / "run.json", (json.dumps(note, indent=1) + "\n").encode())


def read_note(folder: Path) -> dict[str, Any] | None:
    """What the run in `folder` was told, from run.json, or, where that is missing or damaged, from
    the checkpoint; None where the folder holds no run.

    ValueError where neither can say.
    """
    path, checkpoint = folder / "run.json", folder / "checkpoint.pt"
    wrong = None
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in NOTED if not isinstance(note, dict) or key not in note]
        if not missing:
            return note
        wrong = f"lacks {', '.join(missing)}"
    except FileNotFoundError:
        wrong = "is missing" if checkpoint.exists() else None
    except ValueError as error:  # no JSON, or no text
        wrong = f"cannot be read ({error})"
    if wrong is None:
        return None
    note = checkpoints.load(checkpoint)["note"] if checkpoint.exists() else {}
    if not all(key in note for key in NOTED):
        raise ValueError(f"{path} {wrong}, and no checkpoint beside it knows the run; restore it")
    warnings.warn(
        f"{path} {wrong}; the checkpoint knows the run and is asked instead", stacklevel=3
    )
    return note


def classes_in(labels: Tensor) -> Classes:
    """How many labels there are, from 0 to the largest; of several attributes, for each."""
    return (labels.amax(0) + 1).tolist()


def in_turn(labels: Tensor, n: int) -> Tensor:
    """n labels to ask for: all in turn; of several attributes, some that the data have."""
    several = labels.dim() > 1
    return draw_labels(labels, n) if several else torch.arange(n) % (int(labels.max()) + 1)


def classes_of(note: Mapping[str, Any]) -> Classes:
    """How many labels the data of a run have; notes of before they were counted are of digits."""
    return note.get("classes", 10)


def check_resumed(folder: Path, kept: Mapping[str, Any], note: Mapping[str, Any]) -> None:
    """ValueError where the folder holds another run than the one that is to go on."""
    for name in ("recipe", "data", "seed"):
        if kept[name] != note[name]:
            raise ValueError(
                f"{folder} was trained with {name} = {kept[name]}, this run has {note[name]}; go on "
                "with the former, or name another folder"
            )


def keep(
    snapshots: Iterator[Snapshot], out: Path | None, shape: list[int], labels: Tensor | None
) -> None:
    """Run through the snapshots; grids, losses and TensorBoard's events go to `out`, if there.

    What goes beside the checkpoint never stops a run: what fails is said once, and left out.
    The losses are in the checkpoint too: a run that is resumed, be it at its end, writes them anew.
    """
    beside = [] if out is None else _beside(out, shape, labels)
    for snapshot in snapshots:
        for output in beside:
            output.write(snapshot)


def _beside(folder: Path, shape: list[int], labels: Tensor | None) -> list[Beside]:
    def grid(snapshot: Snapshot) -> None:
        path = folder / "samples" / f"{snapshot.step:07d}.png"
        save_grid(snapshot.sample(100, labels=labels), shape, path)

    def history(snapshot: Snapshot) -> None:
        write_history(snapshot.history, folder)

    return [
        Beside("grids of samples", lambda: grid),
        Beside("history.csv", lambda: history),
        Beside("TensorBoard's events", lambda: tensorboard(folder)),
    ]


class Beside:
    """Something written beside the checkpoint, `make()(snapshot)`, until it first fails; what a
    disk refuses is tried again at the next snapshot.
    """

    def __init__(self, what: str, make: Callable[[], Callable[[Snapshot], None]]) -> None:
        self.what, self.make, self.works, self.said = what, make, True, False
        self.to: Callable[[Snapshot], None] | None = None

    def write(self, snapshot: Snapshot) -> None:
        """Write it, or warn once that it cannot be written, and why."""
        if not self.works:
            return
        try:
            self.to = self.to or self.make()
            self.to(snapshot)
        except Exception as error:
            self.works = isinstance(error, OSError)
            if not self.said:
                self.said = True
                why = f"{type(error).__name__}: {error}".replace("resume=True", "--resume")
                warnings.warn(f"training goes on without {self.what}: {why}", stacklevel=3)


class Trained(NamedTuple):
    """A run that has been trained: what it was told, its averaged generator, and the `fingerprint` of
    the rows that it was trained on.
    """

    recipe: Recipe
    note: dict[str, Any]
    generator: nn.Module
    prior: Callable[[int, torch.Generator], Tensor]
    trained_on: dict[str, Any]

    @property
    def shape(self) -> list[int]:
        """Of a picture, (c, h, w)."""
        return self.note["shape"]

    @property
    def classes(self) -> Classes:
        """How many labels the data have; of several attributes, for each."""
        return classes_of(self.note)

    def in_turn(self, n: int) -> Tensor | None:
        """Labels to ask for, (n, ...), see the function `in_turn`; None where there are none."""
        if not self.recipe.conditional:
            return None
        if isinstance(self.classes, int):
            return torch.arange(n) % self.classes
        return in_turn(self.data("train").labels, n)

    def data(self, split: str, root: str | None = None) -> Images:
        """A split of the data that the run was trained on, from where they were, or from `root`."""
        where = root or self.note.get("root", "data")
        return load(self.recipe.data, split, where, **self.note.get("pictures", {}))

    def sample(self, n: int, *, seed: int, labels: Tensor | None = None) -> Tensor:
        """n samples (n, d); of a conditional generator with the given labels (n,)."""
        return sample(self.generator, self.prior, n, seed=seed, labels=labels)

    def as_data_are(self, n: int, *, seed: int, root: str) -> Tensor:
        """n samples (n, d); a conditional generator's labels have the training rows' frequencies."""
        labels = None
        if self.recipe.conditional:
            labels = draw_labels(self.data("train", root).labels, n, seed=seed)
        return self.sample(n, seed=seed, labels=labels)

    def has_learnt(self, training: Images) -> bool:
        """Whether these are the rows, and labels, that it was trained on."""
        images, labels = training.images.flatten(1), training.labels.long()
        return fingerprint(images, labels if self.recipe.conditional else None) == self.trained_on

    def held_out(self, n: int, *, seed: int, split: str, root: str) -> dict[str, Any]:
        """Parzen log-likelihood (nats) of `split` under n samples; sigma is chosen on validation rows."""
        data, samples = self.recipe.data, self.as_data_are(n, seed=seed, root=root)
        validation, points = (flatten(self.data(s, root).images) for s in ("validation", split))
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
    folder = folder.expanduser()
    note = read_note(folder)
    if note is None:
        raise ValueError(f"{folder} holds no run: there is no run.json; train one with --out")
    recipe = choose(note["recipe"]).on(note["data"], note["rows"])
    images = torch.zeros(1, *note["shape"])
    pair = recipe.build(seed=note["seed"], images=images, classes=classes_of(note))
    state = checkpoints.load(folder / "checkpoint.pt")
    pair.generator.load_state_dict(state["average"])
    return Trained(recipe, note, pair.generator, pair.prior, state["identity"]["data"])


def run_sampling(folder: Path, out: Path, *, count: int, seed: int, label: str | None) -> None:
    """Write a grid of `count` samples of the run in `folder` to the PNG file `out`.

    `label` is the class that a conditional run is asked for, as a number or by name; of several
    attributes, one value each with commas between. None: all in turn.
    """
    whole_number("--count", count)
    out = out.expanduser()
    if out.is_dir():
        raise ValueError(f"--out must be a file, {out} is a folder")
    run = trained(folder)
    save_grid(run.sample(count, seed=seed, labels=_asked(run, count, label)), run.shape, out)


def _asked(run: Trained, count: int, label: str | None) -> Tensor | None:
    """The label that is asked for, `count` times, or all labels in turn."""
    if label is None:
        return run.in_turn(count)
    if not run.recipe.conditional:
        raise ValueError(f"--label: the recipe {run.recipe.name} is not conditional")
    asked = torch.tensor(_read_label(run, label))
    return asked.expand(count, *asked.shape)


def _read_label(run: Trained, label: str) -> int | list[int]:
    """The number, or numbers, that `label` says in numbers or names."""
    sizes = [run.classes] if isinstance(run.classes, int) else list(run.classes)
    words, names = label.split(","), run.note.get("names", _names(run.recipe.data))
    if len(words) != len(sizes):
        what = ", ".join(names) or f"{len(sizes)} values"
        raise ValueError(f"--label must be {what}, with commas between, got {label!r}")
    values = []
    for word, size, known in zip(words, sizes, names.values() or [()] * len(sizes), strict=True):
        value = known.index(word) if word in known else int(word) if word.isdecimal() else -1
        if not 0 <= value < size:
            of = f", or one of {', '.join(known)}" if known else ""
            raise ValueError(f"--label must be from 0 to {size - 1}{of}, got {word}")
        values.append(value)
    return values[0] if isinstance(run.classes, int) else values


def _names(data: str) -> dict[str, list[str]]:
    """What the values of each attribute are called; of labels without names, nothing."""
    try:
        return {name: list(values) for name, values in attributes(data).items()}
    except ValueError:
        return {}


def run_evaluation(
    folder: Path,
    *,
    count: int,
    seed: int,
    split: str,
    root: str | None = None,
    inception: Path | None = None,
) -> tuple[dict[str, Any], str]:
    """Every measure of the run in `folder`, beside real rows and hopeless samples: for JSON, and as a
    table. `mean`, `standard_error` and `sigma` are those of Parzen's log-likelihood, in nats.

    A conditional generator is asked for labels with the frequencies of the training rows. Without
    `root`, the data are looked for where they were when the run was started. `inception` is the file
    of the weights of that judge.
    """
    whole_number("--count", count, least=2)
    run = trained(folder)
    root, data = root or run.note.get("root", "data"), run.recipe.data
    called = _names(data)
    if run.recipe.conditional and run.note.get("names", called) != called:
        raise ValueError(
            f"{data} had the labels {run.note['names']} when the run was trained and has {called} now; "
            "put it back as it was"
        )
    names = {"training": "train", "held_out": split, "validation": "validation"}
    parts = {name: run.data(part, root) for name, part in names.items()}
    same = run.has_learnt(parts["training"])
    if not same:
        warnings.warn(
            f"{data} is not as it was when the run was trained: rows that it was trained on may be "
            f"among the {split} rows, and its numbers may be too good",
            stacklevel=3,
        )
    samples = run.as_data_are(count, seed=seed, root=root)
    rows = {name: flatten(part.images) for name, part in parts.items()}
    judge = evaluation.judge_of(data, run.shape, inception)
    labels = parts["training"].labels
    reference, others = evaluation.beside(judge, rows, labels, run.shape)
    columns = {"this run": reference.scores(samples), **others}
    parzen = columns["this run"]["parzen"]
    result = {
        "data": data,
        "samples": count,
        "sigma": (parzen.detail or {}).get("sigma"),
        "mean": parzen.value,
        "standard_error": parzen.standard_error,
        "split": split,
        "recipe": run.recipe.name,
        "judge": judge.name,
        "features": reference.held_out_features.shape[1],
        "held_out": len(rows["held_out"]),
        "same_data": same,
        "columns": evaluation.as_dict(columns),
    }
    return result, evaluation.as_text(result, columns, judge, split)


def save_grid(samples: Tensor, shape: Sequence[int], path: Path, columns: int = 10) -> None:
    """Write rows in [0, 1] as one PNG, `columns` pictures of `shape` (c, h, w) to a line."""
    make_folder(path.parent)
    pictures = samples.float().cpu().unflatten(1, shape)
    import_torchvision("a grid of pictures")
    from torchvision.utils import save_image

    content = io.BytesIO()
    save_image(pictures, content, nrow=columns, format="png")
    checkpoints.write(path, content.getvalue())


def write_history(history: dict[str, Tensor], folder: Path) -> None:
    """The losses of every step as `history.csv` and, name by name, as `history.json`."""
    columns = {name: values.tolist() for name, values in history.items()}
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["step", *columns])
    writer.writerows(
        [i, *row] for i, row in enumerate(zip(*columns.values(), strict=True), start=1)
    )
    checkpoints.write(folder / "history.csv", table.getvalue().encode())
    checkpoints.write(folder / "history.json", json.dumps(columns).encode())


def tensorboard(folder: Path) -> Callable[[Snapshot], None]:
    """A function that passes a snapshot's losses on to TensorBoard, or does nothing without it."""
    try:
        import tensorboard
    except ImportError:
        return lambda snapshot: None
    del tensorboard  # it is there: what fails from here on is worth a word
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder / "tensorboard")

    def write(snapshot: Snapshot) -> None:
        for name, values in snapshot.history.items():
            if len(values):
                writer.add_scalar(name, values[-1], snapshot.step)
        writer.flush()

    return write

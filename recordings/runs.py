"""Records of trained runs: pictures, losses and the held-out score; weights; spreads over seeds.

All read the folder that `python -m gan_tutorial train --out FOLDER` wrote.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gan_tutorial._engine import checkpoints
from gan_tutorial._engine.cli import Trained, trained
from gan_tutorial._engine.quantised import quantised

STAGES, SHOWN, DIGITS, POINTS = 7, 10, 100, 250  # moments, pictures of each, final ones, losses
GAP = 2  # pixels between the pictures of a grid that `train` writes
LEVELS = 16  # of each colour, in colour pictures that are kept to be shown
PROVENANCE = ("recipe", "seed", "changes", "machine", "threads", "cuda", "date", "versions")


def to_bytes(pictures: Tensor) -> np.ndarray:
    """Pixels in [0, 1] as uint8, rounded."""
    return (pictures.float().clamp(0, 1) * 255).round().byte().cpu().numpy()


def levelled(pixels: np.ndarray) -> np.ndarray:
    """The nearest of `LEVELS` levels from 0 to 255, black and white among them, uint8: they pack well."""
    step = 255 // (LEVELS - 1)
    return (np.round(pixels / step) * step).astype(np.uint8)


def kept(place: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the JSON file `place` holds; where it is not there, what `make` gives is put there first. It
    says under "seconds" how long it took.
    """
    if not place.is_file():
        made = make()
        place.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.write(place, json.dumps(made).encode())
        print(f"{place.stem}: {made['seconds']} s", file=sys.stderr, flush=True)
    return json.loads(place.read_text())


def first_row(path: Path, shape: Sequence[int]) -> np.ndarray:
    """The first `SHOWN` pictures of a PNG grid that `train` wrote: (SHOWN, h, w), or (SHOWN, h, w, 3)
    of colours.
    """
    from PIL import Image

    channels, height, width = shape
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    lefts = GAP + np.arange(SHOWN) * (width + GAP)
    return np.stack([sheet[GAP : GAP + height, left : left + width] for left in lefts])


def spread(steps: np.ndarray) -> list[int]:
    """Indices of the first step and of up to `STAGES` - 1 more, evenly spread in log(step)."""
    later = steps[1:]
    if not len(later):
        return [0]
    wanted = np.geomspace(later[0], later[-1], STAGES - 1)
    return sorted({0, *(1 + int(np.abs(np.log(later / step)).argmin()) for step in wanted)})


def stages(run: Path, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(steps, pictures): the same noise at up to `STAGES` moments, evenly spread in log(step)."""
    grids = sorted((run / "samples").glob("*.png"))
    if not grids:
        raise ValueError(
            f"{run} holds no samples/*.png; `python -m gan_tutorial train` writes them"
        )
    steps = np.array([int(path.stem) for path in grids])
    kept = spread(steps)
    return steps[kept], np.stack([first_row(grids[i], shape) for i in kept])


def losses(history: Tensor) -> dict[str, np.ndarray]:
    """The run's losses as means over about `POINTS` windows, and the last step of each window."""
    window = max(1, len(history) // POINTS)
    whole = history[: len(history) // window * window]
    means = whole.unflatten(0, (-1, window)).mean(1).numpy().astype(np.float32)
    names = ("discriminator_loss", "penalty", "generator_loss")
    return {
        "loss_steps": window * np.arange(1, len(means) + 1),
        **{name: means[:, i] for i, name in enumerate(names)},
    }


def shown(run: Trained) -> Tensor:
    """Pictures to show, (DIGITS, d): of a conditional generator, 0 to 9 over and over."""
    return run.sample(DIGITS, seed=0, labels=run.in_turn(DIGITS))


def made_by(run: Trained, steps: int) -> str:
    """The command that trained the run, as far as it was when it was recorded."""
    command = re.sub(r"--out[ =]\S+", f"--out {out_of(run)}", run.note["command"])
    planned = run.note["changes"].get("steps", run.recipe.steps)
    return command if steps == planned else f"{command} --steps {steps}"


def record(
    folder: Path,
    out: Path,
    *,
    name: str | None = None,
    title: str | None = None,
    samples: int = 10_000,
    root: str = "data",
) -> list[Path]:
    """Write `out`/NAME.npz and .json from the run in `folder`; both paths are returned. NAME is the
    recipe's where none is given.

    The arrays: `digits` (100, h, w) and `stages` (k, 10, h, w), uint8, or with a last dimension of 3
    for colours, in `LEVELS` levels; `steps` (k,); the losses over `loss_steps`. ValueError where the
    folder holds no run.
    """
    run = trained(folder)
    state = checkpoints.load(folder / "checkpoint.pt")
    steps, pictures = stages(folder, run.shape)
    kind = "conditional " if run.recipe.conditional else ""
    objective = state["identity"]["settings"]["objective"]["name"]
    note = {
        "title": title or f"{kind}{objective}, {state['step']:,} steps",
        **{key: run.note[key] for key in PROVENANCE},
        "command": f"{made_by(run, state['step'])} && python -m recordings run {out_of(run)}",
        "steps": state["step"],
        "seconds": round(state["seconds"], 1),
        "parzen": run.held_out(samples, seed=0, split="test", root=root),
    }
    digits = to_bytes(shown(run).unflatten(1, run.shape).movedim(1, -1))
    if run.shape[0] == 1:
        digits = digits[..., 0]
    else:
        digits, pictures = levelled(digits), levelled(pictures)
    arrays = {"digits": digits, "stages": pictures, "steps": steps, **losses(state["history"])}
    return write(out, name or run.recipe.name, note, arrays)


def out_of(run: Trained) -> str:
    """The run's folder in the commands of records, whatever it was on this machine."""
    return f"runs/{run.recipe.name}"


def write(
    out: Path, name: str, note: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
) -> list[Path]:
    """Write `out`/NAME.json, and `out`/NAME.npz where there are arrays; the paths are returned."""
    out.mkdir(parents=True, exist_ok=True)
    words = out / f"{name}.json"
    words.write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if arrays is None:
        return [words]
    numbers = out / f"{name}.npz"
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(numbers, **named)
    return [numbers, words]


def packed(name: str, tensor: Tensor) -> dict[str, np.ndarray]:
    """`tensor` under `name`; a matrix or a filter bank quantised, one scale for each of its first
    dimension, under `NAME:scale`.
    """
    values = tensor.detach().cpu().numpy()
    if values.ndim < 2:
        return {name: values}
    whole, scale = quantised(values.reshape(len(values), -1))
    scale = scale.reshape(-1, *[1] * (values.ndim - 1))
    return {name: whole.reshape(values.shape), f"{name}:scale": scale}


def weights(folder: Path, out: Path, name: str | None = None) -> list[Path]:
    """Write `out`/NAME.npz and .json from the run in `folder`: its averaged generator and its
    discriminator, for `gan_tutorial.recorded.pair`. NAME is the recipe's where none is given.
    ValueError where the folder holds no run.
    """
    run = trained(folder)
    state = checkpoints.load(folder / "checkpoint.pt")
    networks = {"generator": state["average"], "discriminator": state["discriminator"]["network"]}
    arrays: dict[str, np.ndarray] = {}
    for player, tensors in networks.items():
        for key, tensor in tensors.items():
            arrays |= packed(f"{player}.{key}", tensor)
    note = {
        **{key: run.note[key] for key in (*PROVENANCE, "shape", "classes")},
        "command": f"{made_by(run, state['step'])} && python -m recordings weights {out_of(run)}",
        "steps": state["step"],
    }
    return write(out, name or run.recipe.name, note, arrays)


def seeds(
    folders: Sequence[Path], out: Path, *, samples: int = 10_000, root: str = "data"
) -> list[Path]:
    """Write `out`/parzen-seeds.json: the held-out score of runs that differ in their seed alone."""
    runs = [trained(folder) for folder in folders]
    states = [checkpoints.load(folder / "checkpoint.pt") for folder in folders]
    first, steps = runs[0], states[0]["step"]
    if len({(run.recipe.name, state["step"]) for run, state in zip(runs, states, strict=True)}) > 1:
        raise ValueError(f"the runs must share recipe and steps, got {[*map(str, folders)]}")
    scores = [run.held_out(samples, seed=0, split="test", root=root) for run in runs]
    rows = [{"seed": r.note["seed"], **score} for r, score in zip(runs, scores, strict=True)]
    train = f"python -m gan_tutorial train --recipe {first.recipe.name} --steps {steps}"
    note = {
        "title": f"{states[0]['identity']['settings']['objective']['name']}, {steps:,} steps",
        **{key: first.note[key] for key in PROVENANCE},
        "command": f"{train} --seed SEED --out runs/SEED && python -m recordings seeds runs/*",
        "steps": steps,
        "data": first.recipe.data,
        "samples": samples,
        "runs": rows,
    }
    return write(out, "parzen-seeds", note)

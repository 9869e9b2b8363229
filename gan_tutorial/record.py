"""Records: what the book keeps of a run that is too long for its build.

    python -m gan_tutorial train --recipe mnist-long --out runs/mnist-long
    python -m gan_tutorial.record runs/mnist-long

The second line reads the folder that the first wrote, and leaves two small files,
`recorded/mnist-long.npz` (pictures and losses) and `.json` (where they come from, and the held-out
Parzen log-likelihood). `read("mnist-long")` gives both back.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_tutorial import checkpoints
from gan_tutorial.commands import Trained, trained
from gan_tutorial.data import flatten, load
from gan_tutorial.parzen import choose_sigma, log_likelihood
from gan_tutorial.snapshots import sample

FOLDER = Path(__file__).parent / "recorded"
STAGES, SHOWN, DIGITS, POINTS = 7, 10, 100, 250  # moments, pictures of each, final ones, losses
GAP = 2  # pixels between the pictures of a grid that `train` writes
PROVENANCE = ("recipe", "seed", "changes", "machine", "threads", "cuda", "date", "versions")


def to_bytes(pictures: Tensor) -> np.ndarray:
    """Pixels in [0, 1] as uint8, rounded."""
    return (pictures.float().clamp(0, 1) * 255).round().byte().cpu().numpy()


def first_row(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """The first `SHOWN` pictures, (SHOWN, h, w) grey, of a PNG grid that `train` wrote."""
    from PIL import Image

    channels, height, width = shape
    if channels != 1:
        raise ValueError(f"records hold grey pictures, the data set's have {channels} channels")
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("L"))
    lefts = GAP + np.arange(SHOWN) * (width + GAP)
    return np.stack([sheet[GAP : GAP + height, left : left + width] for left in lefts])


def spread(steps: np.ndarray) -> list[int]:
    """Indices of the first step and of up to `STAGES` - 1 more, evenly spread in log(step)."""
    later = steps[1:]
    if not len(later):
        return [0]
    wanted = np.geomspace(later[0], later[-1], STAGES - 1)
    return sorted({0, *(1 + int(np.abs(np.log(later / step)).argmin()) for step in wanted)})


def stages(run: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
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


def held_out(samples: Tensor, data: str, root: str) -> dict:
    """Parzen log-likelihood of the test rows (nats), sigma chosen on the validation rows."""
    validation, test = (flatten(load(data, split, root).images) for split in ("validation", "test"))
    sigma = choose_sigma(samples, validation, value_range=(0, 1)).sigma
    result = log_likelihood(samples, test, sigma, value_range=(0, 1))
    return {
        "data": data,
        "samples": len(samples),
        "sigma": sigma,
        "mean": float(result.mean),
        "standard_error": float(result.standard_error),
    }


def shown_and_scored(run: Trained, samples: int, root: str) -> tuple[Tensor, Tensor]:
    """Pictures to show, (DIGITS, d), and samples to score, (samples, d); both start with the same z.

    Of a conditional generator the former are 0 to 9 over and over, and the latter have labels drawn
    from those of the training rows, as p_g is a mixture over p(y).
    """
    draw = partial(sample, run.generator, run.prior)
    if not run.recipe.conditional:
        rows = draw(samples)
        return rows[:DIGITS], rows
    own = load(run.recipe.data, root=root).labels
    asked = own[torch.randint(len(own), (samples,), generator=torch.Generator().manual_seed(0))]
    return draw(DIGITS, labels=torch.arange(DIGITS) % 10), draw(samples, labels=asked)


def record(
    run: Path, out: Path, *, title: str | None = None, samples: int = 10_000, root: str = "data"
) -> tuple[Path, Path]:
    """Write `out`/RECIPE.npz and .json from the folder `run`; both paths are returned.

    The arrays: `digits` (100, h, w) and `stages` (k, 10, h, w), uint8; `steps` (k,); the losses
    over `loss_steps`. ValueError where the folder holds no run.
    """
    model = trained(run)
    recipe, shape = model.recipe, tuple(model.shape)
    note = json.loads((run / "run.json").read_text())
    state = checkpoints.load(run / "checkpoint.pt")
    shown, rows = shown_and_scored(model, samples, root)
    steps, pictures = stages(run, shape)
    command = re.sub(r"--out[ =]\S+", f"--out runs/{recipe.name}", note["command"])
    if state["step"] != {**recipe.settings, **note["changes"]}["steps"]:  # recorded on its way
        command += f" --steps {state['step']}"
    kind = "conditional " if recipe.conditional else ""
    summary = {
        "title": title or f"{kind}{state['identity']['objective']}, {state['step']:,} steps",
        **{key: note[key] for key in PROVENANCE},
        "command": command,
        "steps": state["step"],
        "seconds": round(state["seconds"], 1),
        "parzen": held_out(rows, recipe.data, root),
    }
    out.mkdir(parents=True, exist_ok=True)
    arrays, words = out / f"{recipe.name}.npz", out / f"{recipe.name}.json"
    digits = to_bytes(shown.unflatten(1, shape)[:, 0])
    np.savez_compressed(
        arrays, digits=digits, stages=pictures, steps=steps, **losses(state["history"])
    )
    words.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return arrays, words


def read(name: str, folder: Path = FOLDER) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the note of a record: `arrays, note = read("mnist-long")`."""
    names = sorted(path.stem for path in folder.glob("*.npz"))
    if name not in names:
        raise ValueError(f"name={name!r} is no record; there are: {', '.join(names) or 'none'}")
    with np.load(folder / f"{name}.npz") as file:
        arrays = dict(file)
    return arrays, json.loads((folder / f"{name}.json").read_text())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial.record",
        description="Keep pictures, losses and the score of a trained run as two small files.",
        epilog="example: python -m gan_tutorial.record runs/mnist-long",
    )
    parser.add_argument(
        "run", type=Path, help="the folder that `python -m gan_tutorial train` wrote"
    )
    parser.add_argument("--title", help="what tables call the run; default: objective and steps")
    parser.add_argument("--out", type=Path, default=FOLDER, help="default: the package's records")
    parser.add_argument("--samples", type=int, default=10_000, help="for the score; default 10000")
    parser.add_argument("--root", default="data", help="folder of downloaded data sets")
    options = parser.parse_args(arguments)
    rest = {"samples": options.samples, "root": options.root}
    try:
        for path in record(options.run, options.out, title=options.title, **rest):
            print(f"{path} ({path.stat().st_size:,} bytes)")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

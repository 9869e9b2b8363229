"""The two short runs that the training player shows where no others are given."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from gan_tutorial._engine.cli import provenance
from gan_tutorial.line import look, player_run
from gan_tutorial.networks import line_pair
from gan_tutorial.objectives import MINIMAX
from gan_tutorial.optimizers import adam
from gan_tutorial.recipes import LINE_DATA, line_rows
from gan_tutorial.sweep import sweep
from gan_tutorial.training import Settings
from recordings.runs import write

RATES = {"fast discriminator": (2e-2, 2e-3), "slow discriminator": (2e-3, 2e-2)}
NOTES = ("D learns ten times faster than G, and stays near its best.", "D is always late.")


def demonstration(seed: int = 0) -> list[dict[str, Any]]:
    """One run that works, and one with a slow D."""
    settings = [
        Settings(MINIMAX, (adam(d, betas=(0.0, 0.999)), adam(g, betas=(0.0, 0.999))))
        for d, g in RATES.values()
    ]
    build = partial(line_pair, 16)
    snapshots = sweep(build, line_rows(), settings, [seed], steps=1000, every=20)
    moments = [look(snapshot) for snapshot in snapshots]
    return [
        player_run(name, moments, (i, 0), LINE_DATA, note=NOTES[i]) for i, name in enumerate(RATES)
    ]


def record(out: Path) -> list[Path]:
    """Write `out`/training-1d.json, on one thread."""
    torch.set_num_threads(1)
    runs = demonstration(seed=0)
    return write(
        out, "training-1d", {**provenance("python -m recordings line"), "seed": 0, "runs": runs}
    )

"""What the chapter "Since 2014" measures of cures for mode collapse: each with the same search, under one handicap.

The handicap is that of a demonstration by one of the unrolled GAN's authors: D learns ten times more slowly than G. The
cells of `book/since-2014.ipynb` tagged "recorded" are run, as for `recordings.since`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.cli import provenance
from gan_tutorial.objectives import NON_SATURATING, RELATIVISTIC, Objective, zero_centred_penalty
from recordings.runs import write
from recordings.since import GAMMAS, RATES, SAMPLES, SEEDS, TUNING_SEED, Recorder, taken_out

RUNS = Path("runs/cures")
RATIO, STEPS = 0.1, 2000

Draw = Callable[[float, Any, int], Tensor]
"""From a rate, another number and a seed to samples of a trained generator, (n, 2)."""


class Cures:
    """The variants: each has three rates and two values of one other number."""

    def __init__(self, runs: Path = RUNS, steps: int | None = None, samples: int = SAMPLES) -> None:
        self.recorder = Recorder(runs, steps, samples)
        self.c, self.steps, self.samples = self.recorder.c, steps or STEPS, samples
        self.width = self.c["NARROW"]
        self.data = self.recorder.rows[self.width][0]

    def variants(self) -> dict[str, tuple[tuple[Any, ...], Draw]]:
        """The other number's two values, and how samples come about."""
        slow = partial(self.c["slow_settings"], ratio=RATIO)

        def penalised(base: Objective, rate: float, gamma: float, seed: int) -> Tensor:
            objective = replace(base, penalty=zero_centred_penalty(gamma))
            return self.stacked(slow(rate, objective=objective), seed)

        return {
            "D ten times slower": (
                (0.0, 0.5),
                lambda rate, b1, seed: self.stacked(slow(rate, betas=(b1, 0.99)), seed),
            ),
            "more steps of D": (
                (3, 6),
                lambda rate, k, seed: self.stacked(slow(rate, steps_of_d=k), seed),
            ),
            "a faster D": (
                (0.3, 1.0),
                lambda rate, ratio, seed: self.stacked(self.c["slow_settings"](rate, ratio), seed),
            ),
            "R1 and R2": (GAMMAS, partial(penalised, NON_SATURATING)),
            "R3GAN": (GAMMAS, partial(penalised, RELATIVISTIC)),
            "packs": (
                (2, 4),
                lambda rate, m, seed: self.alone(partial(self.c["Packed"], m), slow(rate), seed),
            ),
            "minibatch discrimination": (
                (4, 16),
                lambda rate, b, seed: self.alone(partial(self.c["Compared"], b), slow(rate), seed),
            ),
            "unrolled": ((2, 5), self.unrolled),
            "unrolled, the paper's loss": ((2, 5), partial(self.unrolled, saddle=True)),
        }

    def stacked(self, settings: Any, seed: int) -> Tensor:
        return self.recorder.stacked([settings], [seed], self.width, STEPS)[0, 0]

    def alone(self, network: Callable[[], Any], settings: Any, seed: int) -> Tensor:
        """A D that cannot be stacked."""
        pair = self.c["pair_with"](network, seed)
        last = self.recorder.one(pair, self.data, settings, seed, STEPS)
        return last.sample(self.samples, seed=1)

    def unrolled(self, rate: float, k: int, seed: int, saddle: bool = False) -> Tensor:
        network = self.c["unrolled"](seed, rate, RATIO, k, self.data, self.steps, saddle)
        return network(self.c["noise"](self.samples, 1000 + seed))

    def searched(self, others: tuple[Any, ...], draw: Draw) -> dict[str, Any]:
        """Six settings on one seed, and the best of them on five others."""
        places = {f"{rate:g}, {other}": (rate, other) for rate, other in product(RATES, others)}
        return self.recorder.searched(places, draw, SEEDS, self.width)


def record(
    out: Path, runs: Path = RUNS, *, steps: int | None = None, samples: int = SAMPLES
) -> list[Path]:
    """Write `out`/cures.npz and .json. One thread, half an hour of a core."""
    torch.set_num_threads(1)
    cures = Cures(runs, steps, samples)
    parts = {
        name: cures.recorder.kept(name.replace(" ", "-"), partial(cures.searched, *variant))
        for name, variant in cures.variants().items()
    }
    seconds = {name: part["seconds"] for name, part in parts.items()}
    clouds: dict[str, np.ndarray] = {}
    total = taken_out(parts, "", clouds)
    note = {
        "title": "cures for mode collapse on the ring, where D learns ten times more slowly than G",
        **provenance("OMP_NUM_THREADS=1 python -m recordings cures"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "tuning_seed": TUNING_SEED,
        "samples": samples,
        "steps": cures.steps,
        "ratio": RATIO,
        "seconds": round(total),
        "seconds_of": seconds,
        "parts": parts,
    }
    return write(out, "cures", note, clouds)

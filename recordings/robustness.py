"""How robust is which GAN? Four objectives on one problem, hundreds of runs, one number for each moment.

Every one of `LINE_VARIANTS` is trained with every number of critic steps, every learning rate and
every seed. The problem is that of "Training in one dimension": two bells on the line and networks of 16
tanh units. Both players learn at the same rate. W1 to the data is the judge.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.cli import provenance
from gan_tutorial.line import wasserstein1
from gan_tutorial.networks import line_pair
from gan_tutorial.recipes import LINE_DATA, LINE_VARIANTS, line_rows, line_settings
from gan_tutorial.sweep import sweep
from recordings.runs import write

CRITIC_STEPS = (1, 2, 3, 5, 10)
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
SEEDS = range(5000, 5016)
STEPS, EVERY = 2400, 80


def table(
    critic_steps: Iterable[int] = CRITIC_STEPS,
    rates: Sequence[float] = RATES,
    seeds: Sequence[int] = SEEDS,
    *,
    steps: int = STEPS,
    every: int = EVERY,
) -> Tensor:
    """W1 of all runs, (variants, critic_steps, rates, seeds, looks); one line of progress for each k."""
    parts = []
    build, rows = partial(line_pair, 16), line_rows()
    for k in critic_steps:
        start = time.perf_counter()
        settings = [line_settings(name, k, rate) for name in LINE_VARIANTS for rate in rates]
        snapshots = sweep(build, rows, settings, seeds, steps=steps, every=every)
        w1 = torch.stack([wasserstein1(snapshot, LINE_DATA) for snapshot in snapshots], -1)
        parts.append(w1.unflatten(0, (len(LINE_VARIANTS), len(rates))))
        print(f"k = {k}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return torch.stack(parts, 1)


def record(out: Path) -> list[Path]:
    """Write `out`/wgan-robustness.npz and .json: `table()`, on one thread, half an hour."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    w1 = table()
    note = {
        "title": "W1 to the data over k, learning rate and seeds: GAN and three WGANs on the line",
        **provenance("python -m recordings robustness"),
        "seed": SEEDS[0],
        "seconds": round(time.perf_counter() - start),
        "variants": list(LINE_VARIANTS),
        "critic_steps": CRITIC_STEPS,
        "rates": RATES,
        "seeds": list(SEEDS),
        "steps": list(range(0, STEPS + 1, EVERY)),
    }
    return write(out, "wgan-robustness", note, {"w1": w1.numpy().astype(np.float16)})

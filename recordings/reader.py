"""The reader of digits that may say "no digit", and what it accepts of held-out pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_tutorial import recorded
from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import Reader, fit_reader
from gan_tutorial.metrics.reader import BLENDS, NO_DIGIT, NOISES, blends, means
from gan_tutorial.networks import mlp_pair
from gan_tutorial.objectives import NON_SATURATING, WGAN_GP
from gan_tutorial.optimizers import adam
from gan_tutorial.training import Settings, train
from recordings.runs import packed, write

EARLY = (25, 50, 75, 100, 150, 200)  # steps after which what is drawn is no digit


def early_fakes(rows: Tensor) -> Tensor:
    """What two generators draw at their start, (n, 784): one of the cost of 2014, one of WGAN-GP."""
    drawn = []
    for objective, dropout, seed in ((NON_SATURATING, 0.3, 101), (WGAN_GP, 0.0, 102)):
        pair = mlp_pair(noise_dim=64, dropout=dropout, seed=seed)
        settings = Settings(objective, (adam(5e-4), adam(5e-4)), ema=0.9)
        for snapshot in train(pair, rows, settings, steps=EARLY[-1], every=EARLY, seed=seed):
            drawn += [snapshot.sample(500), snapshot.sample(500, average=False)]
    return torch.cat(drawn)


def accepted(reader: Reader, rows: Tensor, labels: Tensor, seed: int = 1) -> dict[str, float]:
    """The shares of pictures made of these rows that it takes for digits; "digits": and reads rightly."""
    rng = torch.Generator().manual_seed(seed)
    pictures = {kind: blends(rows, labels, kind, rng) for kind in BLENDS}
    pictures |= {kind: noise(1000, rng) for kind, noise in NOISES.items()}
    pictures |= {"mean digit": rows.mean(0, keepdim=True), "class means": means(rows, labels)}
    right = (reader.read(rows) == labels).double().mean().item()
    taken = (reader.read(rows) < NO_DIGIT).double().mean().item()
    shares = {kind: reader.legible(each) for kind, each in pictures.items()}
    return {"digits": right, "digits, as any digit": taken, **shares}


def record(out: Path, *, steps: int = 3000, lift: float = 0.0, seed: int = 0) -> list[Path]:
    """Write `out`/digit-reader.npz and .json. One thread, some minutes."""
    torch.set_num_threads(1)
    images, labels = load("mnist-10k")
    rows = flatten(images)
    reader = fit_reader(rows, labels, early_fakes(rows), steps=steps, lift=lift, seed=seed)
    arrays: dict[str, np.ndarray] = {}
    for name, tensor in reader.network.state_dict().items():
        arrays |= packed(name, tensor)
    words = f"--steps {steps} --lift {lift} --seed {seed}"
    note = {
        "title": "a reader of digits that may say: no digit",
        **provenance(f"OMP_NUM_THREADS=1 python -m recordings reader {words}"),
        "data": "mnist-10k",
        "steps": steps,
        "lift": lift,
        "seed": seed,
    }
    write(out, "digit-reader", note, arrays)
    shares = {}
    for split in ("validation", "test"):
        held_images, held_labels = load("mnist-10k", split)
        shares[split] = accepted(recorded.reader(out), flatten(held_images), held_labels)
    return write(out, "digit-reader", {**note, "accepted": shares}, arrays)

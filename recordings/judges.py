"""Judges: small networks that are trained to read a data set's labels, for the features they see by."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_tutorial import recorded
from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import Judge, fit_judge, label_agreement
from recordings.runs import packed, write

HELD_OUT = ("validation", "test")


def accuracies(judge: Judge, data: str, root: str) -> dict[str, list[dict[str, float]]]:
    """How well the judge reads each attribute of the held-out rows; shares with their errors."""
    found = {}
    for split in HELD_OUT:
        images, labels = load(data, split, root)
        read = judge.classify(flatten(images)).reshape(len(images), -1)
        parts = zip(labels.reshape(len(images), -1).T, read.T, strict=True)
        shares = [label_agreement(asked, seen) for asked, seen in parts]
        found[split] = [
            {"mean": s.mean, "standard_error": s.standard_error, "n": s.n} for s in shares
        ]
    return found


def record(
    data: str, out: Path, *, width: int = 16, epochs: int = 15, seed: int = 0, root: str = "data"
) -> list[Path]:
    """Write `out`/judge-DATA.npz and .json: a judge trained on the training rows of `data` alone, as
    bytes, and how well it reads held-out rows once it is read back. One thread, two minutes.
    """
    torch.set_num_threads(1)
    start = time.perf_counter()
    images, labels = load(data, root=root)
    options: dict[str, Any] = {"width": width, "epochs": epochs, "seed": seed}
    judge = fit_judge(images, labels, **options)
    seconds = time.perf_counter() - start
    arrays: dict[str, np.ndarray] = {}
    for name, tensor in judge.network.state_dict().items():
        arrays |= packed(name, tensor)
    words = " ".join(f"--{name} {value}" for name, value in {"data": data, **options}.items())
    note = {
        "title": f"a judge of {data}",
        **provenance(f"OMP_NUM_THREADS=1 python -m recordings judge {words}"),
        "data": data,
        "rows": len(images),
        "shape": list(images.shape[1:]),
        "classes": list(judge.network.classes),
        **options,
        "seconds": round(seconds),
    }
    name = f"judge-{data}"
    write(out, name, note, arrays)
    accuracy = accuracies(recorded.judge(data, out), data, root)
    return write(out, name, {**note, "accuracy": accuracy}, arrays)

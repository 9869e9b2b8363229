"""Discriminators' first layers as features where labels are few, for runs too slow to train in a chapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from gan_tutorial._engine import checkpoints
from gan_tutorial._engine.cli import provenance, trained
from gan_tutorial.data import load
from gan_tutorial.metrics import Features, few_label_accuracies, hidden_layer
from recordings.runs import write


def first_layers(folders: Sequence[Path]) -> dict[str, Features]:
    """The first hidden layer of each run's discriminator, trained and as it was at the start."""
    features = {}
    for folder in folders:
        run = trained(folder)
        state = checkpoints.load(folder / "checkpoint.pt")
        images, seed = load(run.recipe.data).images[:1], run.note["seed"]
        for after in (False, True):
            network = run.recipe.build(seed=seed, images=images, classes=run.classes).discriminator
            assert isinstance(network, nn.Sequential)
            if after:
                network.load_state_dict(state["discriminator"]["network"])
            steps = state["step"] if after else 0
            name = f"{run.recipe.name}, seed {seed}, {steps} steps"
            features[name] = hidden_layer(network, 1)
    return features


def made_by(folder: Path) -> str:
    """The command that trains the run again, into a folder of its own."""
    run, steps = trained(folder), checkpoints.load(folder / "checkpoint.pt")["step"]
    name, seed = run.recipe.name, run.note["seed"]
    return (
        f"python -m gan_tutorial train --recipe {name} --seed {seed} --steps {steps} "
        f"--out runs/{name}-{seed}"
    )


def record(folders: Sequence[Path], eaches: Sequence[int], draws: int, out: Path) -> list[Path]:
    """Write `out`/features.json: accuracies of every run's first layer and of the pixels."""
    kinds = {"pixels": lambda x: x, **first_layers(folders)}
    results = [
        {
            "features": name,
            "labels": 10 * each,
            "accuracy": few_label_accuracies(features, each, draws).tolist(),
        }
        for name, features in kinds.items()
        for each in eaches
    ]
    command = " && ".join([*map(made_by, folders), "python -m recordings features runs/*"])
    return write(out, "features", {**provenance(command), "seed": 0, "results": results})

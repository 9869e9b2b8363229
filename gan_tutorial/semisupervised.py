"""Few labels, many pictures: are a discriminator's hidden layers good features?

    python -m gan_tutorial.semisupervised runs/short-0 runs/short-1 runs/paper

Goodfellow et al. 2014, section 7, suggest that the discriminator's features help a classifier when
labels are few. The question is put here in its plainest form: logistic regression on the features
of a few labelled digits, tested on held-out digits, over many draws of the few. The same draws
serve every kind of feature, so that differences can be taken draw by draw. The command writes
`recorded/features.json`, from which "Beyond the paper" quotes discriminators too slow to train in it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial import checkpoints
from gan_tutorial.commands import choose
from gan_tutorial.data import flatten, load
from gan_tutorial.layers import Maxout

SPLITS = ("train", "validation", "test")
HIDDEN = (nn.LeakyReLU, nn.ReLU, nn.Tanh, Maxout)
STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse weights of the penalty, chosen on validation rows
RECORD = Path(__file__).parent / "recorded" / "features.json"


def few(labels: Tensor, each: int, seed: int) -> np.ndarray:
    """Rows of `each` examples of every class, drawn without replacement."""
    labels, rng = labels.cpu().numpy(), np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    if not 1 <= each <= counts.min():
        raise ValueError(f"each must be from 1 to {counts.min()}, the rarest class, got {each!r}")
    return np.concatenate([rng.choice(np.flatnonzero(labels == c), each, False) for c in classes])


def hidden(network: nn.Sequential, layer: int) -> Callable[[Tensor], Tensor]:
    """The function x ↦ output of the `layer`-th hidden layer (1 is the first), in evaluation."""
    ends = [i for i, part in enumerate(network) if isinstance(part, HIDDEN)]
    if not 1 <= layer <= len(ends):
        raise ValueError(f"layer must be from 1 to {len(ends)}, got {layer!r}")
    start = network[: ends[layer - 1] + 1].eval()

    @torch.no_grad()
    def features(x: Tensor) -> Tensor:
        return start(x)

    return features


def accuracies(
    features: Callable[[Tensor], Tensor],
    each: int,
    draws: int,
    data: str = "mnist-10k",
) -> np.ndarray:
    """Test accuracy of logistic regression on `each` labels a class, for each draw: (draws,).

    All features are centred and divided by one number, their standard deviation over the training
    rows (labels unseen). The strength of the penalty is the best of `STRENGTHS` on validation rows,
    on average over the draws: one choice for each kind of feature.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    parts = [load(data, split) for split in SPLITS]
    x = [np.asarray(features(flatten(part.images)), dtype=np.float32) for part in parts]
    middle, size = x[0].mean(0), x[0].std()
    train, validation, test = ((part - middle) / size for part in x)
    y = [part.labels.numpy() for part in parts]
    scores = np.empty((len(STRENGTHS), draws, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for i, strength in enumerate(STRENGTHS):
            for seed in range(draws):
                rows = few(parts[0].labels, each, seed)
                model = LogisticRegression(C=strength, max_iter=300).fit(train[rows], y[0][rows])
                scores[i, seed] = model.score(validation, y[1]), model.score(test, y[2])
    return scores[scores[..., 0].mean(1).argmax(), :, 1]


def first_layers(runs: Sequence[Path]) -> dict[str, Callable]:
    """The first hidden layer of each run's discriminator, trained and as it was at the start."""
    features = {}
    for run in runs:
        note = json.loads((run / "run.json").read_text())
        state = checkpoints.load(run / "checkpoint.pt")
        images = load(note["data"]).images[:1]
        for trained in (False, True):
            network = choose(note["recipe"]).build(seed=note["seed"], images=images).discriminator
            if trained:
                network.load_state_dict(state["discriminator"]["network"])
            steps = state["step"] if trained else 0
            features[f"{note['recipe']}, seed {note['seed']}, {steps} steps"] = hidden(network, 1)
    return features


def made_by(run: Path) -> str:
    """The command that trains `run` again, into a folder of its own."""
    note = json.loads((run / "run.json").read_text())
    steps = checkpoints.load(run / "checkpoint.pt")["step"]
    name = f"runs/{note['recipe']}-{note['seed']}"
    return (
        f"python -m gan_tutorial train --recipe {note['recipe']} --seed {note['seed']} "
        f"--steps {steps} --out {name}"
    )


def record(runs: Sequence[Path], eaches: Sequence[int], draws: int) -> dict:
    """Accuracies of every run's first layer and of the pixels, with where they come from."""
    kinds = {"pixels": lambda x: x, **first_layers(runs)}
    results = [
        {"features": name, "labels": 10 * each, "accuracy": accuracies(f, each, draws).tolist()}
        for name, f in kinds.items()
        for each in eaches
    ]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "seed": 0,
        "command": " && ".join(
            [*map(made_by, runs), "python -m gan_tutorial.semisupervised runs/*"]
        ),
        "results": results,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial.semisupervised",
        description="Test discriminators' first layers as features where labels are few.",
        epilog="example: python -m gan_tutorial.semisupervised runs/short-0 runs/paper",
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders that `train` wrote")
    parser.add_argument("--each", type=int, nargs="+", default=[5, 10, 30], help="labels a class")
    parser.add_argument("--draws", type=int, default=20, help="draws of the few; default 20")
    parser.add_argument("--out", type=Path, default=RECORD, help="default: the package's record")
    options = parser.parse_args(arguments)
    try:
        note = record(options.runs, options.each, options.draws)
        options.out.write_text(json.dumps(note, indent=1) + "\n")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

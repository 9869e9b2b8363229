"""The rules of DCGAN (Radford et al. 2016, arXiv:1511.06434, section 3), each broken alone, on digits.

Every variant takes the better of the same rates, by the Fréchet distance to *validation* digits on a seed of
its own; then three other seeds are trained and held to test digits. All make the same number of steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial import recorded
from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import frechet_distance, neighbourhoods
from gan_tutorial.networks import LEAKY_RELU, Affine, Pair, seeded
from gan_tutorial.objectives import NON_SATURATING
from gan_tutorial.optimizers import adam
from gan_tutorial.pictures import conv_pair
from gan_tutorial.recipes import MNIST_SHORT
from gan_tutorial.training import Settings, train
from recordings.runs import kept, to_bytes, write

SHAPE, WIDTH, HIDDEN = (1, 28, 28), 8, 128
STEPS, BATCH = 250, 32
RATES = (1e-3, 3e-3)
TUNING_SEED, SEEDS = 100, (0, 1, 2)
SAMPLES, SHOWN = 1000, 8


class Rule(NamedTuple):
    """A variant: what tables call it, its pair (called with `seed`), and Adam's first beta."""

    title: str
    build: Callable[[int], Pair]
    beta: float = 0.5


def unbroken(seed: int) -> Pair:
    return conv_pair(SHAPE, WIDTH, seed=seed)


def _changed(seed: int, change: Callable[[nn.Module, str], list[nn.Module]]) -> Pair:
    """The pair with other layers: `change(layer, player)` gives what stands in the place of each."""
    pair = unbroken(seed)

    def again(network: nn.Module, player: str) -> nn.Module:
        return nn.Sequential(*(new for old in network.children() for new in change(old, player)))

    with seeded(seed + 1):
        g = again(pair.generator, "generator")
        return Pair(g, again(pair.discriminator, "discriminator"), pair.prior)


def _started(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """Weights N(0, 0.02²) and biases 0, as in the pair."""
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def pooled(seed: int) -> Pair:
    """Pooling in D and doubled pixels in G, beside convolutions that keep the side."""

    def change(layer: nn.Module, player: str) -> list[nn.Module]:
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            return [layer]
        bias = layer.bias is not None
        same = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1, bias=bias)
        if player == "generator":
            return [nn.Upsample(scale_factor=2), _started(same)]
        return [_started(same), nn.MaxPool2d(2)]

    return _changed(seed, change)


def without_norm(seed: int) -> Pair:
    return conv_pair(SHAPE, WIDTH, norm=False, seed=seed)


def norm_everywhere(seed: int) -> Pair:
    """Batch norm in G's last and D's first layer too."""

    def change(layer: nn.Module, player: str) -> list[nn.Module]:
        if isinstance(layer, nn.ConvTranspose2d) and layer.out_channels == SHAPE[0]:
            return [layer, nn.BatchNorm2d(layer.out_channels)]
        if isinstance(layer, nn.Conv2d) and layer.in_channels == SHAPE[0]:
            return [layer, nn.BatchNorm2d(layer.out_channels)]
        return [layer]

    return _changed(seed, change)


def hidden(seed: int) -> Pair:
    """A hidden linear layer at G's start and at D's end."""

    def change(layer: nn.Module, player: str) -> list[nn.Module]:
        if not isinstance(layer, nn.Linear):
            return [layer]
        one = _started(nn.Linear(layer.in_features, HIDDEN))
        two = _started(nn.Linear(HIDDEN, layer.out_features, bias=layer.bias is not None))
        return [one, nn.ReLU() if player == "generator" else LEAKY_RELU(), two]

    return _changed(seed, change)


def relu(seed: int) -> Pair:
    """ReLU in D."""
    return _changed(
        seed, lambda layer, _: [nn.ReLU() if isinstance(layer, nn.LeakyReLU) else layer]
    )


def mismatched(seed: int) -> Pair:
    """G's pictures are in [-1, 1], and the data in [0, 1]."""
    return _changed(seed, lambda layer, _: [] if isinstance(layer, Affine) else [layer])


def default_start(seed: int) -> Pair:
    """The weights that PyTorch gives its layers."""

    def change(layer: nn.Module, player: str) -> list[nn.Module]:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            layer.reset_parameters()
        return [layer]

    return _changed(seed, change)


RULES = {
    "kept": Rule("all rules kept", unbroken),
    "pooled": Rule("pooling and doubled pixels for strides", pooled),
    "unnormed": Rule("no batch norm", without_norm),
    "normed": Rule("batch norm in every layer", norm_everywhere),
    "hidden": Rule("hidden linear layers", hidden),
    "relu": Rule("ReLU in D", relu),
    "mismatched": Rule("ranges that differ", mismatched),
    "start": Rule("PyTorch's own first weights", default_start),
    "momentum": Rule("Adam's β₁ of 0.9", unbroken, 0.9),
}


def settings(rule: Rule, rate: float) -> Settings:
    one = adam(rate, (rule.beta, 0.999))
    return Settings(NON_SATURATING, (one, one), BATCH, autocast=MNIST_SHORT.settings.autocast)


class Digits:
    """Training digits, and the features of those that samples are held to."""

    def __init__(self) -> None:
        self.images = load("mnist-10k").images
        self.judge = recorded.judge("mnist-10k")
        parts = {
            split: flatten(load("mnist-10k", split).images) for split in ("validation", "test")
        }
        self.features = {split: self.judge.features(rows) for split, rows in parts.items()}


def one_run(digits: Digits, name: str, rate: float, seed: int) -> dict[str, Any]:
    """What came of one run."""
    start, rule = time.process_time(), RULES[name]
    *_, last = train(
        rule.build(seed), digits.images, settings(rule, rate), steps=STEPS, every=STEPS, seed=seed
    )
    seconds = round(time.process_time() - start)
    rows = last.sample(SAMPLES, seed=seed).clamp(0, 1)
    wanted = digits.features["validation" if seed == TUNING_SEED else "test"]
    found: dict[str, Any] = {
        "rate": rate,
        "seed": seed,
        "seconds": seconds,
        **scores(wanted, digits, rows),
    }
    found["digits"] = to_bytes(rows[:SHOWN]).reshape(SHOWN, 28, 28).tolist()
    return found


def scores(wanted: Tensor, digits: Digits, rows: Tensor) -> dict[str, float]:
    """Fréchet distance, precision and recall."""
    features = digits.judge.features(rows)
    distance, balls = frechet_distance(wanted, features), neighbourhoods(wanted, features)
    return {
        "frechet": distance.value,
        "frechet_error": distance.standard_error,
        "precision": balls.precision.mean,
        "recall": balls.recall.mean,
    }


def record(out: Path, runs: Path = Path("runs/rules")) -> list[Path]:
    """Write `out`/rules.npz and .json; runs that are done lie in `runs` and are not made again."""
    torch.set_num_threads(1)
    digits = Digits()

    def run(name: str, rate: float, seed: int) -> dict[str, Any]:
        make = partial(one_run, digits, name, rate, seed)
        return kept(runs / f"{name}-{rate:g}-{seed}.json", make)

    rows, pictures, seconds = [], {}, 0
    for name, rule in RULES.items():
        tried = [run(name, rate, TUNING_SEED) for rate in RATES]
        rate = min(tried, key=lambda one: one["frechet"])["rate"]
        made = [run(name, rate, seed) for seed in SEEDS]
        seconds += sum(one["seconds"] for one in (*tried, *made))
        pictures[name] = np.array([one.pop("digits") for one in made], np.uint8)
        validation = {f"{one['rate']:g}": one["frechet"] for one in tried}
        own = {"rule": name, "title": rule.title, "rate": rate, "validation": validation}
        rows.append({**own, "runs": made})
    note = {
        "title": "the rules of DCGAN, each broken alone",
        **provenance("OMP_NUM_THREADS=1 python -m recordings rules"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "tuning_seed": TUNING_SEED,
        "rates": list(RATES),
        "steps": STEPS,
        "batch": BATCH,
        "width": WIDTH,
        "samples": SAMPLES,
        "data": "mnist-10k",
        "judge": digits.judge.name,
        "seconds": seconds,
        "rules": rows,
    }
    return write(out, "rules", note, pictures)

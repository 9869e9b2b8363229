"""What each choice of "Training on images" buys: three stages from a plain GAN to the recipe `mnist-short`.

All runs use the same number of multiplications. Each stage takes the best of the same four learning rates, by
the Fréchet distance to *validation* digits on a seed of its own; then three other seeds are trained, and
scored on test digits. The generator that is trained and its average are two rows of one run. The second
stage changes depth and batch norm together; a control, recorded by itself, changes the depth only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan_tutorial import recorded
from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import Reference, frechet_at_infinity
from gan_tutorial.networks import Affine, Pair, circulating_pair, mlp_pair
from gan_tutorial.optimizers import adam
from gan_tutorial.recipes import MNIST_SHORT
from gan_tutorial.training import Settings, train
from recordings.runs import kept, to_bytes, write

DROPOUT = 0.3
RATES = (2e-4, 5e-4, 1.25e-3, 3e-3)
TUNING_SEED, SEEDS = 100, (0, 1, 2)
CRITIC_STAGE_STEPS = 1000  # of `mnist-short`: half of the recipe
SAMPLES, SHOWN = 2000, 10
DRAWN_BY = ("live", "average")


class Stage(NamedTuple):
    """A stage: what tables call it, its networks (called with `seed`), its settings by learning rate."""

    title: str
    build: Callable[..., Pair]
    settings: Callable[[float], Settings]


def _tanh() -> nn.Module:
    return nn.Sequential(nn.Tanh(), Affine(0.5, 0.5))


_AROUND = replace(MNIST_SHORT.settings, objective=Settings().objective, critic_steps=1)


def _gan(rate: float) -> Settings:
    """The game of 2014, its optimiser that of `Settings`, beside `mnist-short`'s average and precision."""
    return replace(_AROUND, optimizers=(adam(rate), adam(rate)))


def _critic(rate: float) -> Settings:
    calm = adam(rate, (0.0, 0.9))
    return replace(MNIST_SHORT.settings, optimizers=(calm, calm))


_small = partial(mlp_pair, generator=(256, 512), discriminator=(512, 256), dropout=DROPOUT)
_deep = partial(_small, generator=(128, 256, 512, 1024), output=_tanh)
STAGES = {
    "plain": Stage("the plain program", _small, _gan),
    "norm": Stage("a deeper G with batch norm", partial(_deep, norm=True), _gan),
    "critic": Stage("a critic with a gradient penalty", circulating_pair, _critic),
}
CONTROLS = {"deep": Stage("a deeper G without batch norm", _deep, _gan)}


class Products(TorchDispatchMode):
    """Counts the multiplications of matrix products while it is on, PyTorch's own and those that go to oneDNN."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        match func.name().split(".")[0]:
            case "aten::mm" | "mkldnn::_linear_pointwise":
                one, other = args[:2]
            case "aten::addmm":
                one, other = args[1:3]
            case _:
                return func(*args, **(kwargs or {}))
        self.count += one.shape[0] * other.numel()
        return func(*args, **(kwargs or {}))


def products_of_a_step(pair: Pair, images: Tensor, settings: Settings) -> int:
    """Multiplications in the matrix products of one step of the generator and what belongs to it."""
    plain = replace(settings, autocast=None)
    run = iter(train(pair, images, plain, steps=2, every=1))
    next(run), next(run)
    with Products() as products:
        next(run)
    return products.count


def equal_steps(images: Tensor) -> dict[str, int]:
    """For each stage and control, the steps that cost as many multiplications as the critic's."""
    costs = {
        name: products_of_a_step(stage.build(seed=0), images, stage.settings(RATES[0]))
        for name, stage in (STAGES | CONTROLS).items()
    }
    return {n: round(CRITIC_STAGE_STEPS * costs["critic"] / cost) for n, cost in costs.items()}


class Digits:
    """The digits to train on, and what samples are held to."""

    def __init__(self) -> None:
        parts = {split: load("mnist-10k", split) for split in ("train", "validation", "test")}
        self.images, labels = parts["train"]
        training, validation, test = (flatten(part.images) for part in parts.values())
        judge = recorded.judge("mnist-10k")
        self.reference = Reference(judge, training, test, validation, labels)


def one_run(data: Digits, stage: Stage, rate: float, seed: int, steps: int) -> dict[str, Any]:
    """What came of one run, by who draws. Runs that choose the rate look at validation rows only."""
    start, reference = time.process_time(), data.reference
    pair = stage.build(seed=seed)
    *_, last = train(pair, data.images, stage.settings(rate), steps=steps, every=steps, seed=seed)
    seconds = round(time.process_time() - start)
    found: dict[str, Any] = {"rate": rate, "seed": seed, "seconds": seconds}
    for who in DRAWN_BY:
        rows = last.sample(SAMPLES, seed=seed, average=who == "average")
        if seed == TUNING_SEED:
            seen, wanted = map(reference.judge.features, (rows, reference.validation))
            found[who] = {"validation": frechet_at_infinity(wanted, seen).value}
        else:
            digits = to_bytes(rows[:SHOWN]).reshape(SHOWN, 28, 28).tolist()
            scores = {name: m.as_dict() for name, m in reference.scores(rows).items()}
            found[who] = {"digits": digits, "scores": scores}
    return found


def best_rate(tried: Sequence[dict[str, Any]]) -> float:
    """The rate whose run is nearest to the validation digits, by its live generator or by its average."""
    return min(tried, key=lambda run: min(run[who]["validation"] for who in DRAWN_BY))["rate"]


def record(out: Path, runs: Path = Path("runs/ablation")) -> list[Path]:
    """Write `out`/ablation.npz and .json; runs that are done lie in `runs` and are not made again. One
    thread, a quarter of an hour.
    """
    title = "from the GAN of 2014 to mnist-short, one change at a time"
    return _record("ablation", title, STAGES, out, runs)


def record_control(out: Path, runs: Path = Path("runs/ablation")) -> list[Path]:
    """Write `out`/ablation-control.npz and .json in the same way. One thread, four minutes."""
    title = "a control of the ablation: depth without batch norm"
    return _record("ablation-control", title, CONTROLS, out, runs)


def _record(
    record: str, title: str, compared: Mapping[str, Stage], out: Path, runs: Path
) -> list[Path]:
    torch.set_num_threads(1)
    data = Digits()
    steps = equal_steps(data.images)

    def run(name: str, rate: float, seed: int) -> dict[str, Any]:
        make = partial(one_run, data, compared[name], rate, seed, steps[name])
        return kept(runs / f"{name}-{rate:g}-{seed}.json", make)

    tried = {name: [run(name, rate, TUNING_SEED) for rate in RATES] for name in compared}
    stages, digits = [], {}
    seconds = sum(one["seconds"] for runs_of in tried.values() for one in runs_of)
    for name, stage in compared.items():
        rate = best_rate(tried[name])
        made = [run(name, rate, seed) for seed in SEEDS]
        seconds += sum(one["seconds"] for one in made)
        for who in DRAWN_BY:
            digits[f"{name}_{who}"] = np.array([one[who]["digits"] for one in made], np.uint8)
            tries = {f"{one['rate']:g}": one[who]["validation"] for one in tried[name]}
            own = {"stage": name, "title": stage.title, "drawn_by": who, "steps": steps[name]}
            scores = [one[who]["scores"] for one in made]
            stages.append({**own, "rate": rate, "validation": tries, "runs": scores})
    note = {
        "title": title,
        **provenance(f"OMP_NUM_THREADS=1 python -m recordings {record}"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "tuning_seed": TUNING_SEED,
        "rates": list(RATES),
        "samples": SAMPLES,
        "data": "mnist-10k",
        "judge": data.reference.judge.name,
        "seconds": round(seconds),
        "stages": stages,
    }
    return write(out, record, note, digits)

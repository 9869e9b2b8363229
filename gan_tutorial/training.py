"""The one training loop: a generator of snapshots.

The caller iterates, so nothing has to be called back, and figures, tests and files are fed from the
same stream::

    pair = mlp_pair()
    for snapshot in train(pair, images, steps=2000, every=500):
        show(snapshot.sample(64))

`step` is the inside of Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661), for every objective
of the book. Nothing in it waits for the device: losses gather there and are read at the snapshots
(and every `CHECK` steps). The state that it moves is in `_engine/run.py`.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from threading import Event
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_tutorial._engine import checkpoints, devices
from gan_tutorial._engine.checks import (
    SEEDS,
    check_asked,
    check_batch,
    check_memory,
    check_pair,
    check_penalty,
    check_place,
    whole_number,
)
from gan_tutorial._engine.modes import evaluating
from gan_tutorial._engine.run import CHECK, DivergenceError, Run
from gan_tutorial.networks import Pair, Prior, bind
from gan_tutorial.objectives import NON_SATURATING, OBJECTIVES, Objective
from gan_tutorial.optimizers import Factory, Schedule, adam

__all__ = ["DivergenceError", "Settings", "Snapshot", "sample", "step", "train"]

AT_ONCE = (
    1024  # samples that one pass of a generator draws: what is between its layers takes memory
)


@dataclass(frozen=True)
class Settings:
    """What decides how a pair learns from its data; `train`, `sweep`, recipes and checkpoints share it.

    Attributes:
        objective: what the players minimise, see `gan_tutorial.objectives`.
        optimizers: the discriminator's and the generator's, see `gan_tutorial.optimizers`.
        batch_size: samples in a batch.
        critic_steps: steps of the discriminator before each step of the generator.
        schedules: from an option's name to `step -> factor`, for both optimisers.
        ema: decay of the generator's moving average, reached from 0; None keeps no average.
        autocast: `torch.bfloat16` lets matrix products run in it; weights stay as they are.

    Raises:
        ValueError: an argument does not fit; the message says what is allowed.
    """

    objective: Objective = NON_SATURATING
    optimizers: tuple[Factory, Factory] = (adam(), adam())
    batch_size: int = 64
    critic_steps: int = 1
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    ema: float | None = None
    autocast: torch.dtype | None = None

    def __post_init__(self) -> None:
        whole_number("batch_size", self.batch_size)
        whole_number("critic_steps", self.critic_steps)
        if not isinstance(self.objective, Objective):
            names = ", ".join(f"OBJECTIVES[{name!r}]" for name in OBJECTIVES)
            raise ValueError(
                f"objective must be an Objective, such as {names}; got {self.objective!r}"
            )
        two = isinstance(self.optimizers, Sequence) and len(self.optimizers) == 2
        if not two or not all(map(callable, self.optimizers)):
            raise ValueError(
                "optimizers must be two, the discriminator's and the generator's, such as "
                f"(adam(), adam()); got {self.optimizers!r}"
            )
        if not isinstance(self.schedules, Mapping) or not all(
            isinstance(option, str) and callable(factor)
            for option, factor in self.schedules.items()
        ):
            raise ValueError(
                f"schedules must be a dict {{option: step -> factor}}, got {self.schedules!r}"
            )
        if self.ema is not None and not (isinstance(self.ema, Real) and 0 <= self.ema < 1):
            raise ValueError(f"ema must be at least 0 and below 1, or None, got {self.ema!r}")
        if self.autocast not in (None, torch.bfloat16, torch.float16):
            raise ValueError(
                f"autocast must be torch.bfloat16, torch.float16 or None, got {self.autocast!r}"
            )


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run. The networks are the live ones: copy what must outlast the next snapshot.

    Attributes:
        step: generator steps taken so far.
        generator: the live generator.
        discriminator: the live discriminator.
        average: exponential moving average of the generator (without `ema`, the generator itself).
        prior: `(n, rng) -> z`, where the noise comes from.
        history: the losses of every step so far, `(step,)`, on the CPU, under the names
            `"discriminator"`, `"generator"` and `"penalty"`.
        seconds: time spent training, without the caller's own work.
    """

    step: int
    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    prior: Prior
    history: dict[str, Tensor]
    seconds: float

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | Sequence[int] | None = None,
        average: bool = True,
    ) -> Tensor:
        """Samples of the averaged generator, or of the live one.

        Args:
            n: how many.
            seed: decides the noise.
            labels: for a conditional generator; whole numbers `(n,)`, or `(n, attributes)`.
            average: whether it is the average that draws.

        Returns:
            `(n, d)`.
        """
        network = self.average if average else self.generator
        return sample(network, self.prior, n, seed=seed, labels=labels)


@torch.no_grad()
def sample(
    generator: nn.Module,
    prior: Prior,
    n: int,
    *,
    seed: int = 0,
    labels: Tensor | Sequence[int] | None = None,
) -> Tensor:
    """G(z) for n draws of z, in evaluation mode: no dropout, averages in batch norm.

    Args:
        generator: the network; it is left in the mode in which it was.
        prior: `(n, rng) -> z`.
        n: how many.
        seed: decides the noise.
        labels: for a conditional generator; whole numbers `(n,)`, or `(n, attributes)`.

    Returns:
        `(n, d)`, on the generator's device.

    Raises:
        ValueError: n is no number of samples, or the labels are not as many, or not ones that the
            generator takes; a conditional one needs them.
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
        raise ValueError(f"n must be a number of samples, at least 0, got {n!r}")
    whole_number("seed", seed, least=0, below=SEEDS)
    parameter = next(generator.parameters())
    widest = max(p.shape[0] if p.ndim else 1 for p in generator.parameters())
    check_memory("n", int(n), widest, parameter.device)
    z = prior(int(n), torch.Generator(parameter.device).manual_seed(seed)).to(parameter.dtype)
    y = check_asked(generator, labels, len(z))
    parts = [slice(i, i + AT_ONCE) for i in range(0, max(len(z), 1), AT_ONCE)]
    with evaluating(generator):
        return torch.cat([bind(generator, None if y is None else y[i])(z[i]) for i in parts])


def step(run: Run) -> None:
    """`critic_steps` steps of the discriminator, then one of the generator."""
    d, g, objective = run.d, run.g, run.settings.objective
    for _ in range(run.settings.critic_steps):
        y, real, z, t = run.draw()
        with run.autocast:
            fake = bind(g.network, y)(z)
            both = torch.cat([real, fake.detach().to(real.dtype)])  # D's step must not move G
            on_real, on_fake = run.scores(both, y)
            d_loss = objective.discriminator_loss(on_real, on_fake)
            real_rows, fake_rows = both.chunk(2)
            penalty = objective.penalty(*run.penalised(y, real_rows, fake_rows, t))
        d.descend(d_loss + penalty)
        objective.constrain(d.parameters)
    with run.autocast:  # G has not moved since it made `fake`, so that serves its own step too
        on_fake = bind(d.network, y)(fake).to(run.dtype)
        on_real = run.scored_anew(real, y) if objective.generator_sees_real else None
        g_loss = objective.generator_loss(on_real, on_fake)
    g.descend(g_loss)
    run.record(d_loss, penalty, g_loss)


def train(
    pair: Pair,
    data: Tensor,
    settings: Settings | None = None,
    *,
    steps: int,
    labels: Tensor | None = None,
    every: int | Sequence[int] = 100,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    note: Mapping[str, Any] | None = None,
    progress: bool = False,
    **changes: Any,
) -> Training:
    """Train `pair` in place; yield a `Snapshot` at step 0, where `every` says, and at the end.

    Args:
        pair: two networks and a prior, on the device to train on; parameters with
            `requires_grad=False` stay as they are.
        data: rows `(n, ...)`, uint8 (divided by 255) or floating-point, flattened.
        settings: how the pair learns; None: those of `Settings()`.
        steps: steps of the generator.
        labels: `(n,)` whole numbers, for a conditional pair.
        every: steps between snapshots, or an increasing sequence of steps.
        seed: of data, noise and dropout. The same seed, machine and thread count give the same bits
            on a CPU, whatever the caller does with PyTorch's global randomness meanwhile.
        checkpoint: a file saved at every snapshot and at Ctrl-C. One process at a time may train
            into it.
        resume: go on from that file if it is there, with the same bits as a run that was never
            stopped. A resumed run first yields where it resumes.
        note: numbers and words that the checkpoint keeps under "note", for whoever reads it.
        progress: a bar, in a terminal or a notebook.
        **changes: fields of `Settings` by name, in the place of those of `settings`, as in
            `train(pair, data, steps=2000, objective=WGAN_GP, critic_steps=5)`.

    Returns:
        An iterator of snapshots; the training goes on as far as it is asked for.

    Raises:
        ValueError: arguments do not fit, or the checkpoint is of a run with other settings.
        DivergenceError: while iterating, a loss or a weight is no longer finite.
    """
    settings = _changed(Settings() if settings is None else settings, changes)
    whole_number("steps", steps, least=0)
    whole_number("seed", seed, least=0, below=SEEDS)
    check_place(checkpoint, resume, note)
    check_pair(pair, data, labels, settings.objective.outputs)
    check_batch(settings.batch_size, pair, data)
    check_penalty(settings.objective, pair.discriminator)
    stops = _stops(every, steps)
    path = None if checkpoint is None else Path(checkpoint).expanduser()
    owner = None if path is None else devices.by_rank_0(lambda: checkpoints.own(path, resume))
    try:
        run = Run(pair, data, labels, settings, seed, note)
        if path is not None and resume:
            run.resume(path)
        if steps < run.taken:
            raise ValueError(
                f"steps must be at least the {run.taken} that {path} has taken, got {steps}"
            )
    except BaseException:
        if owner is not None:
            owner.release()
        raise
    quiet = not progress or devices.rank() > 0
    bar = partial(tqdm, total=steps, initial=run.taken, unit="step", disable=quiet)
    return Training(_snapshots(run, stops, path, bar), owner)


class Training(Iterator[Snapshot]):
    """The stream of snapshots: training goes on while the caller iterates, and not before."""

    def __init__(self, snapshots: Iterator[Snapshot], owner: checkpoints.Owner | None) -> None:
        self._snapshots, self._owner, self._started = snapshots, owner, False

    def __next__(self) -> Snapshot:
        self._started = True
        try:
            return next(self._snapshots)
        except BaseException:  # its end, and every other one
            self.close()
            raise

    def close(self) -> None:
        """Train no further, and let go of the checkpoint, if there is one, which can be resumed."""
        self._started, self._snapshots = True, iter(())
        if self._owner is not None:
            self._owner.release()

    def __del__(self) -> None:
        if not self._started:
            warnings.warn(
                "train(...) was called and nobody asked for a snapshot, so nothing was trained: "
                "for snapshot in train(...): ...",
                stacklevel=2,
            )
        self.close()


def _changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    if not isinstance(settings, Settings):
        raise ValueError(f"settings must be Settings(...) or None, got {settings!r}")
    names = [setting.name for setting in fields(Settings)]
    for name in changes:
        if name not in names:
            raise ValueError(f"train has no argument {name!r}; the settings are {', '.join(names)}")
    return replace(settings, **changes)


def _stops(every: int | Sequence[int], steps: int) -> Iterable[int]:
    """The steps to yield at, increasing: 0, the multiples of `every` (or the steps it lists), and
    `steps`.
    """
    if isinstance(every, int):
        whole_number("every", every)
        return chain(range(0, steps, every), [steps])
    if not isinstance(every, Sequence) or not all(isinstance(step, Integral) for step in every):
        raise ValueError(f"every must be a step count or a sequence of steps, got {every!r}")
    wanted = [step for step in every if step < steps]
    if wanted != sorted(set(wanted)) or any(step < 0 for step in wanted):
        raise ValueError(f"every must be a step count or an increasing sequence, got {every!r}")
    return sorted({0, *wanted, steps})


def _advance(run: Run, stop: int, take: Callable[[], None], bar: tqdm, pressed: Event) -> None:
    """Steps up to `stop`, or to the one in which Ctrl-C was pressed."""
    start = time.perf_counter()
    while run.taken < stop and not devices.anyone(pressed.is_set(), run.taken):
        run.d.schedule(run.taken)
        run.g.schedule(run.taken)
        take()
        run.taken += 1
        run.update_average()
        bar.update()
        if run.taken % CHECK == 0 and run.taken < stop:
            run.read_losses()
    run.read_losses()
    run.seconds += time.perf_counter() - start


def _snapshots(
    run: Run, stops: Iterable[int], checkpoint: Path | None, make_bar: Callable[[], tqdm]
) -> Iterator[Snapshot]:
    """Advance to each stop, save, and yield; outside, the caller's randomness and Ctrl-C are its
    own.
    """
    take = devices.captured(step, run)
    with make_bar() as bar:
        for stop in chain([run.taken], (s for s in stops if s > run.taken)):
            with run.randomness, checkpoints.interrupts_held(checkpoint is not None) as pressed:
                _advance(run, stop, take, bar, pressed)
                if checkpoint is not None:
                    state = run.state_dict()  # of all processes
                    if devices.rank() == 0:
                        checkpoints.save(checkpoint, state)
                if devices.anyone(pressed.is_set()):  # also while it was saved
                    raise KeyboardInterrupt(
                        f"stopped after step {run.taken}, saved in {checkpoint}; the same call "
                        "with resume=True goes on from there"
                    )
            networks = run.g.network, run.d.network, run.average
            yield Snapshot(run.taken, *networks, run.prior, run.losses_so_far(), run.seconds)

"""The one training loop: a generator of snapshots.

    pair = mlp_pair()
    for snapshot in train(pair, images, steps=2000, every=500):
        show(snapshot.sample(64))

The caller iterates, so nothing has to be called back: figures, tests and files are fed from the
same stream. `step` is the inside of Algorithm 1 of Goodfellow et al. 2014, for every objective of
the book. Nothing in it waits for the device: losses gather there and are read at the snapshots (and
every `CHECK` steps).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event

import torch
from torch import Tensor
from tqdm.auto import tqdm

from gan_tutorial import checkpoints, distributed, settings
from gan_tutorial.accelerate import captured
from gan_tutorial.networks import Pair
from gan_tutorial.objectives import NON_SATURATING, Objective
from gan_tutorial.optimizers import Factory, adam
from gan_tutorial.runs import CHECK, DivergenceError, Run
from gan_tutorial.schedules import Schedule
from gan_tutorial.snapshots import Snapshot, bind, sample

__all__ = ["DivergenceError", "Snapshot", "sample", "step", "train"]


def step(run: Run) -> None:
    """`critic_steps` steps of the discriminator, then one of the generator."""
    d, g, objective = run.d, run.g, run.objective
    for _ in range(run.critic_steps):
        y, real, z, t = run.draw()
        with run.autocast:
            fake = bind(g.network, y)(z)
            both = torch.cat([real, fake.detach().to(real.dtype)])  # D's step must not move G
            scores = bind(d.network, None if y is None else torch.cat([y, y]))(both)
            on_real, on_fake = scores.to(run.dtype).chunk(2)
            d_loss = objective.discriminator_loss(on_real, on_fake)
            penalty = objective.penalty(bind(d.network, y), *both.chunk(2), t)
        d.descend(d_loss + penalty)
        objective.constrain(d.parameters)
    with run.autocast:  # G has not moved since it made `fake`, so that serves its own step too
        g_loss = objective.generator_loss(bind(d.network, y)(fake).to(run.dtype))
    g.descend(g_loss)
    run.record(d_loss, penalty, g_loss)


def train(
    pair: Pair,
    data: Tensor,
    *,
    steps: int,
    labels: Tensor | None = None,
    objective: Objective = NON_SATURATING,
    optimizers: tuple[Factory, Factory] = (adam(), adam()),
    batch_size: int = 64,
    critic_steps: int = 1,
    schedules: Mapping[str, Schedule] | None = None,
    ema: float | None = None,
    every: int | Sequence[int] = 100,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    progress: bool = False,
    autocast: torch.dtype | None = None,
) -> Iterator[Snapshot]:
    """Train `pair` in place and yield a `Snapshot` at step 0, at those that `every` names, and at
    `steps`.

    pair          two networks and a prior, on the device to train on; parameters with
                  requires_grad=False stay
    data          rows (n, ...): uint8 (divided by 255) or floating-point, flattened; labels (n,) if
                  conditional
    steps         steps of the generator; each comes after `critic_steps` steps of the discriminator
    optimizers    (discriminator's, generator's), see `gan_tutorial.optimizers`
    schedules     {option: step -> factor} for both optimisers, see `gan_tutorial.schedules`
    ema           decay of the generator's moving average, reached from 0 (see `Run.follow`); None
                  keeps none
    seed          of data, noise and dropout; the same seed, machine and thread count give the same
                  bits on a CPU, whatever the caller does with PyTorch's global randomness meanwhile
    checkpoint    file saved at every snapshot and at Ctrl-C; `resume` goes on from it if it is
                  there, with the same bits as a run that was never stopped. A resumed run first
                  yields where it resumes
    progress      a bar, in a terminal or a notebook
    autocast      torch.bfloat16 lets matrix products run in it; weights stay as they are

    Raises ValueError for arguments that do not fit, and `DivergenceError` when a loss is
    no longer finite.
    """
    settings.positive_integer("steps", steps, least=0)
    settings.positive_integer("critic_steps", critic_steps)
    settings.positive_integer("seed", seed, least=0)
    settings.check_game(objective, optimizers)
    settings.check_batch(batch_size, pair)
    settings.check_data(data, labels)
    settings.check_networks(pair, data, labels)
    settings.check_checkpoint(checkpoint, resume)
    if ema is not None and not 0 <= ema < 1:
        raise ValueError(f"ema must be at least 0 and below 1, or None, got {ema!r}")
    stops = settings.stops(every, steps)
    run = Run(
        pair,
        data,
        labels,
        objective=objective,
        optimizers=optimizers,
        batch_size=batch_size,
        critic_steps=critic_steps,
        schedules=schedules or {},
        ema=ema,
        seed=seed,
        autocast=autocast,
    )
    if resume:
        _resume(run, Path(checkpoint))
    quiet = not progress or distributed.rank() > 0
    bar = tqdm(total=steps, initial=run.taken, unit="step", disable=quiet)
    return _snapshots(run, stops, checkpoint, bar)


def _resume(run: Run, path: Path) -> None:
    """Load what rank 0 finds at `path`, if anything, into every process's run."""
    state = None
    if distributed.rank() == 0:
        checkpoints.sweep_partial(path)
        state = checkpoints.load(path) if path.exists() else None
    state = distributed.from_rank_0(state)
    if state is not None:
        run.load_state_dict(state)


def _advance(run: Run, stop: int, take: Callable[[], None], bar: tqdm, pressed: Event) -> None:
    """Steps up to `stop`, or to the one in which Ctrl-C was pressed."""
    start = time.perf_counter()
    while run.taken < stop and not pressed.is_set():
        run.d.schedule(run.taken)
        run.g.schedule(run.taken)
        take()
        run.taken += 1
        run.follow()
        bar.update()
        if run.taken % CHECK == 0 and run.taken < stop:
            run.collect()
    run.collect()
    run.seconds += time.perf_counter() - start


def _snapshots(
    run: Run, stops: Sequence[int], checkpoint: str | os.PathLike | None, bar: tqdm
) -> Iterator[Snapshot]:
    """Advance to each stop, save, and yield; outside, the caller's randomness and Ctrl-C are its
    own.
    """
    take = captured(step, run)
    with bar:
        for stop in sorted({run.taken, *(s for s in stops if s > run.taken)}):
            with run.randomness, checkpoints.interrupts_held(checkpoint is not None) as pressed:
                _advance(run, stop, take, bar, pressed)
                if checkpoint is not None and distributed.rank() == 0:
                    checkpoints.save(checkpoint, run.state_dict())
                if pressed.is_set():
                    raise KeyboardInterrupt(
                        f"stopped after step {run.taken}, saved in {checkpoint}; the same call "
                        "with resume=True goes on from there"
                    )
            yield run.snapshot()

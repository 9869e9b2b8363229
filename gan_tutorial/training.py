"""The one training loop (Algorithm 1 of Goodfellow et al. 2014): a generator of snapshots.

    pair = mlp_pair()
    for snapshot in train(pair, images, steps=2000, every=500):
        show(snapshot.sample(64))

The caller iterates, so nothing has to be called back: figures, tests and files are fed from the
same stream. The step itself is `Run.step`. Nothing in it waits for the device: losses gather there
and are read at the snapshots (and every `CHECK` steps, to stop a run whose losses are no longer
finite).
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm.auto import tqdm

from gan_tutorial import checkpoints, distributed, settings
from gan_tutorial.accelerate import captured
from gan_tutorial.networks import Pair
from gan_tutorial.objectives import NON_SATURATING, Objective
from gan_tutorial.optimizers import Factory, adam
from gan_tutorial.players import Player
from gan_tutorial.schedules import Schedule
from gan_tutorial.seeds import Randomness
from gan_tutorial.snapshots import Snapshot, bind, sample

__all__ = ["DivergenceError", "Run", "Snapshot", "sample", "train"]

CHECK = 500  # steps between two looks at the losses where no snapshot comes sooner
LOSSES = ("discriminator", "generator", "penalty")


class DivergenceError(RuntimeError):
    """A loss became NaN or infinite: `step` counts from 1, `network` is "discriminator" or
    "generator".
    """

    def __init__(self, step: int, network: str, value: float) -> None:
        super().__init__(
            f"the {network}'s loss is {value} at step {step}. Try a lower learning rate for the "
            f"{network}, a smaller β₁, or another objective (NON_SATURATING, WGAN_GP). A "
            "checkpoint saved before this step is untouched: resume from it with new settings."
        )
        self.step, self.network = step, network


def _floats(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]


class Run:
    """The state of one run: two players, the average generator, randomness, the losses so far."""

    def __init__(
        self,
        pair: Pair,
        data: Tensor,
        labels: Tensor | None,
        objective: Objective,
        optimizers: tuple[Factory, Factory],
        batch_size: int,
        critic_steps: int,
        schedules: Mapping[str, Schedule],
        ema: float | None,
        seed: int,
        autocast: torch.dtype | None,
    ) -> None:
        parameter = next(pair.generator.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype
        data = data.flatten(1)
        self.data = data.to(self.device, data.dtype if data.dtype == torch.uint8 else self.dtype)
        self.labels = None if labels is None else labels.to(self.device, torch.int64)
        self.prior, self.objective = pair.prior, objective
        self.d = Player(pair.discriminator.train(), optimizers[0], schedules)
        self.g = Player(pair.generator.train(), optimizers[1], schedules)
        self.average = pair.generator if ema is None else copy.deepcopy(pair.generator)
        self.averages, self.live = _floats(self.average), _floats(pair.generator)
        self.batch_size, self.critic_steps, self.ema = batch_size, critic_steps, ema
        self.autocast = torch.autocast(self.device.type, autocast, enabled=autocast is not None)
        self.randomness = Randomness(self.device, seed, own=distributed.rank())
        self.losses = torch.zeros(CHECK, len(LOSSES), device=self.device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.history = torch.zeros(0, len(LOSSES))
        self.taken, self.seconds = 0, 0.0
        self.advance = self.step
        if self.device.type == "cuda" and set(schedules) <= {"lr"} and distributed.size() == 1:
            self.d.make_capturable(), self.g.make_capturable()
            self.advance = captured(self.step, self.device, self.randomness.rng)

    def draw(self) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
        """A batch: labels y, real samples in [0, 1], noise z, and one uniform number t for each
        sample.
        """
        n, rng = self.batch_size, self.randomness.rng
        rows = torch.randint(len(self.data), (n,), generator=rng, device=self.device)
        z = distributed.own_rows(self.prior(n, rng))
        t = distributed.own_rows(torch.rand(n, 1, generator=rng, device=self.device))
        rows = distributed.own_rows(rows)
        real = self.data[rows].to(self.dtype)
        if self.data.dtype == torch.uint8:
            real = real.div_(255)
        y = None if self.labels is None else self.labels[rows]
        return y, real, z.to(self.dtype), t

    def step(self) -> None:
        """`critic_steps` steps of D, then one of G: the inside of Algorithm 1's loop."""
        for _ in range(self.critic_steps):
            y, real, z, t = self.draw()
            with self.autocast:
                fake = bind(self.g.network, y)(z)
                both = torch.cat([real, fake.detach().to(real.dtype)])  # G is not D's business
                scores = bind(self.d.network, None if y is None else torch.cat([y, y]))(both)
                on_real, on_fake = scores.to(self.dtype).chunk(2)
                d_loss = self.objective.discriminator_loss(on_real, on_fake)
                penalty = self.objective.penalty(bind(self.d.network, y), *both.chunk(2), t)
            self.d.descend(d_loss + penalty)
            self.objective.constrain(self.d.parameters)
        with self.autocast:  # G has not moved since its last samples: they serve its own step too
            g_loss = self.objective.generator_loss(bind(self.d.network, y)(fake).to(self.dtype))
        self.g.descend(g_loss)
        losses = torch.stack([d_loss, g_loss, penalty]).detach().float()
        self.losses.index_copy_(0, self.cursor, losses[None])
        self.cursor += 1

    def take(self) -> None:
        """One step, with the schedules before it and the average generator after it."""
        self.d.schedule(self.taken)
        self.g.schedule(self.taken)
        self.advance()
        self.taken += 1
        if self.ema is not None:
            decay = min(self.ema, self.taken / (self.taken + 10))  # forgets the first weights soon
            get_ema_multi_avg_fn(decay)(self.averages, self.live, None)

    def collect(self) -> None:
        """Read the losses since the last time; `DivergenceError` at the first that is not finite."""
        count = self.taken - len(self.history)
        distributed.average_([self.losses])
        new = self.losses[:count].cpu()
        self.cursor.zero_()
        if not new.isfinite().all():
            row, column = (~new.isfinite()).nonzero()[0].tolist()
            network = "generator" if LOSSES[column] == "generator" else "discriminator"
            raise DivergenceError(len(self.history) + row + 1, network, new[row, column].item())
        self.history = torch.cat([self.history, new])

        for name, player in (("discriminator", self.d), ("generator", self.g)):
            if not all(tensor.isfinite().all() for tensor in _floats(player.network)):
                raise DivergenceError(self.taken, name, float("nan"))

    def snapshot(self) -> Snapshot:
        """What the caller sees of this moment."""
        history = {name: self.history[:, i].clone() for i, name in enumerate(LOSSES)}
        networks = self.g.network, self.d.network, self.average
        return Snapshot(self.taken, *networks, self.prior, history, self.seconds)

    def identity(self) -> dict:
        """What a checkpoint must share with the run that resumes from it."""
        return {
            "objective": self.objective.name,
            "batch_size": self.batch_size,
            "critic_steps": self.critic_steps,
            "ema": self.ema,
            "data": list(self.data.shape),
            "labels": self.labels is not None,
            "weights": {
                name: [list(tensor.shape) for tensor in player.network.state_dict().values()]
                for name, player in (("discriminator", self.d), ("generator", self.g))
            },
        }

    def state_dict(self) -> dict:
        """Everything the next step depends on, and the versions that wrote it."""
        return {
            "identity": self.identity(),
            "versions": {"torch": torch.__version__},
            "step": self.taken,
            "seconds": self.seconds,
            "history": self.history,
            "discriminator": self.d.state_dict(),
            "generator": self.g.state_dict(),
            "average": self.average.state_dict(),
            "randomness": self.randomness.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Go on exactly where `state_dict` was taken; ValueError where the checkpoint is of another
        run.
        """
        for name, own in self.identity().items():
            if state["identity"][name] != own:
                theirs = state["identity"][name]
                raise ValueError(
                    f"the checkpoint was made with {name} = {theirs}, this run has {own}"
                )
        self.taken, self.seconds = state["step"], state["seconds"]
        self.history = state["history"].cpu()
        self.d.load_state_dict(state["discriminator"])
        self.g.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        self.randomness.load_state_dict(state["randomness"])


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
    ema           decay of the generator's moving average; None keeps none
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
    settings.check_batch(batch_size)
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
        objective,
        optimizers,
        batch_size,
        critic_steps,
        schedules or {},
        ema,
        seed,
        autocast,
    )
    if resume and os.path.exists(checkpoint):
        run.load_state_dict(checkpoints.load(checkpoint))
    bar = tqdm(
        total=steps, initial=run.taken, unit="step", disable=not progress or distributed.rank() > 0
    )
    return _snapshots(run, stops, checkpoint, bar)


def _snapshots(
    run: Run, stops: Sequence[int], checkpoint: str | os.PathLike | None, bar: tqdm
) -> Iterator[Snapshot]:
    """Advance to each stop, save, and yield; `bar` is closed whatever happens."""
    with bar:
        for stop in sorted({run.taken, *(s for s in stops if s > run.taken)}):
            with run.randomness, checkpoints.interrupts_held(checkpoint is not None) as pressed:
                start = time.perf_counter()
                while run.taken < stop and not pressed.is_set():
                    run.take()
                    bar.update()
                    if run.taken % CHECK == 0 and run.taken < stop:
                        run.collect()
                run.collect()
                run.seconds += time.perf_counter() - start
                if checkpoint is not None and distributed.rank() == 0:
                    checkpoints.save(checkpoint, run.state_dict())
                if pressed.is_set():
                    raise KeyboardInterrupt(
                        f"stopped after step {run.taken}, saved in {checkpoint}; the same call "
                        "with resume=True goes on from there"
                    )
            yield run.snapshot()

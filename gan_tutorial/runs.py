"""The state of one training run: all that a checkpoint must hold, and how a batch is drawn."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_tutorial import distributed
from gan_tutorial.networks import Pair
from gan_tutorial.objectives import Objective
from gan_tutorial.optimizers import Factory
from gan_tutorial.players import Player
from gan_tutorial.schedules import Schedule
from gan_tutorial.seeds import Randomness
from gan_tutorial.snapshots import Snapshot

CHECK = 500  # steps between two looks at the losses where no snapshot comes sooner
LOSSES = ("discriminator", "penalty", "generator")  # in the order in which a step computes them


class DivergenceError(RuntimeError):
    """Training left the finite numbers: which `network`, what of it, at which step."""

    def __init__(self, step: int, network: str, what: str) -> None:
        super().__init__(
            f"the {network}'s {what} at step {step}. Try a lower learning rate for it, a "
            "smaller β₁, or another objective (NON_SATURATING, WGAN_GP). A checkpoint saved before "
            "this step is untouched: resume from it with new settings."
        )
        self.step, self.network = step, network


def _floats(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]


class Run:
    """Two players, the average generator, the data, the randomness, and the losses so far."""

    def __init__(
        self,
        pair: Pair,
        data: Tensor,
        labels: Tensor | None,
        *,
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
        distributed.copy_from_rank_0(_floats(self.d.network) + _floats(self.g.network))
        self.average = pair.generator if ema is None else copy.deepcopy(pair.generator)
        self.averages, self.live = _floats(self.average), _floats(pair.generator)
        self.batch_size, self.critic_steps, self.ema = batch_size, critic_steps, ema
        self.autocast = torch.autocast(self.device.type, autocast, enabled=autocast is not None)
        self.randomness = Randomness(self.device, seed, own=distributed.rank())
        self.losses = torch.zeros(CHECK, len(LOSSES), dtype=torch.float32, device=self.device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.history = torch.zeros(0, len(LOSSES), dtype=torch.float32)
        self.taken, self.seconds = 0, 0.0

    def draw(self) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
        """A batch: labels y, real samples, noise z, and a uniform number t for each sample."""
        n, rng = self.batch_size, self.randomness.rng
        rows = torch.randint(len(self.data), (n,), generator=rng, device=self.device)
        z, t = self.prior(n, rng), torch.rand(n, 1, generator=rng, device=self.device)
        rows, z, t = map(distributed.own_rows, (rows, z, t))
        real = self.data[rows].to(self.dtype)
        if self.data.dtype == torch.uint8:
            real.div_(255)
        y = None if self.labels is None else self.labels[rows]
        return y, real, z.to(self.dtype), t

    def record(self, *losses: Tensor) -> None:
        """Note one step's losses, in the order of `LOSSES`, where they were computed."""
        self.losses.index_copy_(0, self.cursor, torch.stack(losses).detach().float()[None])
        self.cursor += 1

    def follow(self) -> None:
        """Move the average generator towards the live one.

        Until `ema` takes over, step i counts in proportion to i: the first weights are forgotten
        soon, and the average already reaches over half of a short run.
        """
        if self.ema is not None:
            decay = min(self.ema, (self.taken - 1) / (self.taken + 1))
            get_ema_multi_avg_fn(decay)(self.averages, self.live, None)

    def collect(self) -> None:
        """Read the losses since the last time; DivergenceError where they or the weights are not
        finite.
        """
        distributed.average_([self.losses])
        new = self.losses[: self.taken - len(self.history)].cpu()
        self.cursor.zero_()
        if not new.isfinite().all():
            row, column = (~new.isfinite()).nonzero()[0].tolist()
            network = "generator" if LOSSES[column] == "generator" else "discriminator"
            what = f"loss is {new[row, column].item()}"
            raise DivergenceError(len(self.history) + row + 1, network, what)
        self.history = torch.cat([self.history, new])
        for network, player in (("discriminator", self.d), ("generator", self.g)):
            if not all(tensor.isfinite().all() for tensor in _floats(player.network)):
                raise DivergenceError(self.taken, network, "weights are no longer finite")

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
            "versions": {"torch": str(torch.__version__)},
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

"""The state of one training run: two players, data, randomness, losses, and how a batch is drawn.

All that a checkpoint must hold is here, and all that decides whether a checkpoint belongs to the
run that would go on from it.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_tutorial._engine import checkpoints, checks, devices
from gan_tutorial.networks import Pair, bind
from gan_tutorial.objectives import no_penalty, unconstrained

if TYPE_CHECKING:
    from gan_tutorial.objectives import Critic
    from gan_tutorial.optimizers import Factory, Schedule
    from gan_tutorial.training import Settings

CHECK = 500  # steps between two looks at the losses where no snapshot comes sooner
LOSSES = ("discriminator", "penalty", "generator")  # in the order in which a step computes them


class DivergenceError(RuntimeError):
    """Training left the finite numbers: which `network`, what of it, at which `step`, and what in
    this run's own settings may be the reason.
    """

    def __init__(self, step: int, network: str, what: str, advice: str = "") -> None:
        super().__init__(
            f"the {network}'s {what} at step {step}. {advice}Other settings are another run: start "
            "it anew. A checkpoint saved before this step is untouched."
        )
        self.step, self.network = step, network


class Randomness:
    """The two random streams of a training run: `rng` for data and noise, and a private copy of
    PyTorch's global stream for the layers that use it unasked (dropout).

    ``with randomness:`` puts the private copy in the global one's place, and takes it back at the
    end.
    """

    def __init__(self, device: torch.device, seed: int, own: int = 0) -> None:
        """`seed` drives `rng`; `own` tells apart processes whose dropout must differ."""
        self.rng, self._seed, self._own = torch.Generator(device), seed, own
        self._global = _global_generator(device)
        self._callers: Tensor | None = None
        self._start(0)

    def _start(self, step: int) -> None:
        """Both streams as they begin at `step`."""
        seeds = self._seed, self._seed + 1_000_003 * (self._own + 1)
        of_data, of_layers = ((s + 0x9E3779B97F4A7C15 * step) % 2**64 for s in seeds)
        self.rng.manual_seed(of_data)
        self._private = torch.Generator(self.rng.device).manual_seed(of_layers).get_state()

    def __enter__(self) -> None:
        self._callers = self._global.get_state()
        self._global.set_state(self._private)

    def __exit__(self, *exception: object) -> None:
        self._private = self._global.get_state()
        assert self._callers is not None
        self._global.set_state(self._callers)
        self._callers = None

    def state_dict(self) -> dict[str, Any]:
        """The stream of data and noise, that of the layers in each process, as byte tensors, and their
        kind of device; in the `with` block or outside. All processes call it.
        """
        outside = self._callers is None
        layers = self._private if outside else self._global.get_state()
        kind = self.rng.device.type
        return {"rng": self.rng.get_state(), "layers": devices.gathered(layers), "device": kind}

    def load_state_dict(self, state: Mapping[str, Any], step: int) -> None:
        """Go on exactly where `state_dict` was taken, at `step`; on another kind of device, whose
        streams have other states, with new streams and a warning. A process that was not there
        begins its stream of layers at `step`.
        """
        kind = self.rng.device.type
        if state["device"] != kind:
            warnings.warn(
                f"the checkpoint was made on {state['device']} and goes on on {kind}: weights, "
                "optimisers, average and history are those of the checkpoint, the random numbers "
                f"start anew from seed {self._seed} and step {step}",
                stacklevel=5,
            )
            self._start(step)
            return
        self._start(step)
        self.rng.set_state(state["rng"].cpu())
        if self._own < len(state["layers"]):
            self._private = state["layers"][self._own].cpu()


def _global_generator(device: torch.device) -> torch.Generator:
    """The generator that layers on `device` use unasked."""
    if device.type == "mps":
        return torch.mps._get_default_mps_generator()
    if device.type != "cuda":
        return torch.default_generator
    index = torch.cuda.current_device() if device.index is None else device.index
    return torch.cuda.default_generators[index]


class Player:
    """A network, its trainable parameters and their optimiser. One with nothing to train stands
    still.
    """

    def __init__(
        self, network: nn.Module, factory: Factory, schedules: Mapping[str, Schedule]
    ) -> None:
        self.network, self.schedules = network, schedules
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = factory(self.parameters) if self.parameters else None
        self.initial = [{k: v for k, v in g.items() if k != "params"} for g in self.groups()]
        for initial in self.initial:
            numbers = {
                name
                for name, value in initial.items()
                if isinstance(value, Real | Tensor) and not isinstance(value, bool)
            }
            for option in (name for name in schedules if name not in numbers):
                raise ValueError(
                    f"schedules: {type(self.optimizer).__name__} has no number {option!r}, only "
                    f"{', '.join(sorted(numbers))}"
                )

    def groups(self) -> list[dict[str, Any]]:
        """The optimiser's groups of parameters with their options."""
        return self.optimizer.param_groups if self.optimizer else []

    def descend(self, loss: Tensor) -> None:
        """One optimiser step down the gradient of `loss` in this player's parameters, and in no
        other.
        """
        if self.optimizer is None:
            return
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        if any(gradient is None for gradient in gradients):
            raise ValueError(self._unused(gradients))
        devices.average_(gradients)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # A gradient may come transposed, and fused optimisers read memory in a parameter's order.
            parameter.grad = gradient.contiguous()
        self.optimizer.step()

    def _unused(self, gradients: Sequence[Tensor | None]) -> str:
        trained = (name for name, p in self.network.named_parameters() if p.requires_grad)
        names = [name for name, g in zip(trained, gradients, strict=True) if g is None]
        return (
            f"{type(self.network).__name__} does not use {', '.join(names)} in what it computes; take "
            "it out, or requires_grad_(False)"
        )

    def schedule(self, step: int) -> None:
        """Multiply the optimiser's initial options by the schedules' factors at `step`."""
        for group, initial in zip(self.groups(), self.initial, strict=True):
            for option, factor in self.schedules.items():
                value = initial[option] * factor(step)
                if isinstance(group[option], Tensor):
                    group[option].fill_(value)
                else:
                    group[option] = value

    def state_dict(self) -> dict[str, Any]:
        """Weights and the optimiser's memory."""
        memory = self.optimizer.state_dict()["state"] if self.optimizer else {}
        return {"network": self.network.state_dict(), "memory": memory}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.network.load_state_dict(state["network"])
        if self.optimizer:
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": state["memory"], "param_groups": groups})


class Run:
    """Two players, the average generator, the data, the randomness, and the losses so far."""

    def __init__(
        self,
        pair: Pair,
        data: Tensor,
        labels: Tensor | None,
        settings: Settings,
        seed: int,
        note: Mapping[str, Any] | None = None,
    ) -> None:
        parameter = next(pair.generator.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype
        data = data.flatten(1)
        self.data = data.to(self.device, data.dtype if data.dtype == torch.uint8 else self.dtype)
        self.labels = None if labels is None else labels.to(self.device, torch.int64)
        own = max(settings.batch_size // devices.size(), 2)  # two at least, to see them mixed
        y, real = self.rows(torch.arange(own, device=self.device) % len(data))
        self.mixing = checks.mixes_samples(pair.discriminator, real, y)
        self.prior, self.settings, self.seed = pair.prior, settings, seed
        self.note = dict(note or {})
        of_d, of_g = settings.optimizers
        self.d = Player(pair.discriminator.train(), of_d, settings.schedules)
        self.g = Player(pair.generator.train(), of_g, settings.schedules)
        devices.copy_from_rank_0(_floats(self.d.network) + _floats(self.g.network))
        self.average = pair.generator if settings.ema is None else copy.deepcopy(pair.generator)
        self.averages, self.live = _floats(self.average), _floats(pair.generator)
        enabled = settings.autocast is not None
        self.autocast = torch.autocast(self.device.type, settings.autocast, enabled=enabled)
        self.randomness = Randomness(self.device, seed, own=devices.rank())
        self.losses = torch.zeros(CHECK, len(LOSSES), dtype=torch.float32, device=self.device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.history = torch.zeros(0, len(LOSSES), dtype=torch.float32)
        self.taken, self.seconds = 0, 0.0

    def draw(self) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
        """A batch: labels y, real samples, noise z, and a uniform number t for each sample."""
        n, rng = self.settings.batch_size, self.randomness.rng
        rows = torch.randint(len(self.data), (n,), generator=rng, device=self.device)
        z, t = self.prior(n, rng), torch.rand(n, 1, generator=rng, device=self.device)
        rows, z, t = map(devices.own_rows, (rows, z, t))
        y, real = self.rows(rows)
        return y, real, z.to(self.dtype), t

    def rows(self, rows: Tensor) -> tuple[Tensor | None, Tensor]:
        """Labels y and real samples, as the networks take them."""
        real = self.data[rows].to(self.dtype)
        if self.data.dtype == torch.uint8:
            real.div_(255)
        return None if self.labels is None else self.labels[rows], real

    def scores(self, both: Tensor, y: Tensor | None) -> tuple[Tensor, ...]:
        """Logits on real and on generated samples, which come one after the other in `both`.

        One pass serves for both halves, unless the network would mix them, as batch norm does: the
        generator's step shows the discriminator generated samples alone, and it must judge them as
        it has learnt to (Radford et al. 2016, arXiv:1511.06434, in their code).
        """
        network = self.d.network
        if self.mixing:
            parts = [bind(network, y)(half) for half in both.chunk(2)]
            return tuple(part.to(self.dtype) for part in parts)
        scores = bind(network, None if y is None else torch.cat([y, y]))(both)
        return scores.to(self.dtype).chunk(2)

    def penalised(
        self, y: Tensor | None, real: Tensor, fake: Tensor, t: Tensor
    ) -> tuple[Critic, Tensor, Tensor, Tensor]:
        """What the penalty is taken on: the critic, and the first of the rows, see `Objective`.

        The critic takes as many samples as it is given rows, or several side by side for each row.
        """
        few = self.settings.objective.few(len(real))
        critic: Critic = self.d.network
        if y is not None:
            own = y[:few]
            critic = lambda x: self.d.network(x, own.repeat_interleave(len(x) // few, 0))  # noqa: E731
        return critic, real[:few], fake[:few], t[:few]

    @torch.no_grad()
    def scored_anew(self, real: Tensor, y: Tensor | None) -> Tensor:
        """Logits of the discriminator, which has moved since it saw them, on real samples."""
        return bind(self.d.network, y)(real).to(self.dtype)

    def record(self, *losses: Tensor) -> None:
        """Note one step's losses, in the order of `LOSSES`, where they were computed."""
        self.losses.index_copy_(0, self.cursor, torch.stack(losses).detach().float()[None])
        self.cursor += 1

    def update_average(self) -> None:
        """Move the average generator towards the live one.

        Until `ema` takes over, step i counts in proportion to i: the first weights are forgotten
        soon, and the average already reaches over half of a short run.
        """
        if self.settings.ema is not None:
            decay = min(self.settings.ema, (self.taken - 1) / (self.taken + 1))
            get_ema_multi_avg_fn(decay)(self.averages, self.live, None)

    def read_losses(self) -> None:
        """Read the losses since the last time; DivergenceError where they or the weights are not
        finite.
        """
        devices.average_([self.losses])
        new = self.losses[: self.taken - len(self.history)].cpu()
        self.cursor.zero_()
        if not new.isfinite().all():
            row, column = (~new.isfinite()).nonzero()[0].tolist()
            network = "generator" if LOSSES[column] == "generator" else "discriminator"
            what = f"loss is {new[row, column].item()}"
            raise self.diverged(len(self.history) + row + 1, network, what)
        self.history = torch.cat([self.history, new])
        for network, player in (("discriminator", self.d), ("generator", self.g)):
            if not all(tensor.isfinite().all() for tensor in _floats(player.network)):
                raise self.diverged(self.taken, network, "weights are no longer finite")

    def diverged(self, step: int, network: str, what: str) -> DivergenceError:
        """The error, with advice from the settings of the player that it happened to."""
        player = self.d if network == "discriminator" else self.g
        advice = []
        for group in player.groups()[:1]:
            advice.append(f"a learning rate below {float(group['lr']):.3g} for it")
            if player is self.g:  # D had just moved, and G's loss is D's word
                for other in self.d.groups()[:1]:
                    advice.append(f"one below {float(other['lr']):.3g} for the discriminator")
            if group.get("betas", (0,))[0] > 0:
                advice.append(f"a β₁ below {group['betas'][0]:g}")
            if group.get("momentum", 0) > 0:
                advice.append(f"a momentum below {float(group['momentum']):.3g}")
        objective = self.settings.objective
        if objective.penalty is no_penalty and objective.constrain is unconstrained:
            advice.append("an objective with a penalty (WGAN_GP, R3GAN)")
        advised = f"Try {', or '.join(advice)}. " if advice else ""
        return DivergenceError(step, network, what, advised)

    def losses_so_far(self) -> dict[str, Tensor]:
        """Each loss by its name, (step,)."""
        return {name: self.history[:, i].clone() for i, name in enumerate(LOSSES)}

    @functools.cached_property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must share with the run that goes on from it, as plain values.

        Not `autocast`: how products round belongs to the machine, and a run may move to another.
        """
        settings = checkpoints.plain(self.settings)
        del settings["autocast"]
        return {
            "settings": settings,
            "seed": self.seed,
            "dtype": str(self.dtype),
            "data": fingerprint(self.data, self.labels),
            "prior": checkpoints.plain(self.prior),
            "layers": {
                name: [type(layer).__qualname__ for layer in player.network.modules()]
                for name, player in (("discriminator", self.d), ("generator", self.g))
            },
            "weights": {
                name: {k: list(tensor.shape) for k, tensor in player.network.state_dict().items()}
                for name, player in (("discriminator", self.d), ("generator", self.g))
            },
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on, and the versions that wrote it."""
        return {
            "identity": self.identity,
            "note": self.note,
            "versions": {"torch": str(torch.__version__)},
            "autocast": str(self.settings.autocast),
            "step": self.taken,
            "seconds": self.seconds,
            "history": self.history,
            "discriminator": self.d.state_dict(),
            "generator": self.g.state_dict(),
            "average": self.average.state_dict(),
            "randomness": self.randomness.state_dict(),
        }

    def resume(self, path: Path) -> None:
        """Go on exactly where the checkpoint at `path` was taken, if there is one, in every process.

        Raises ValueError where it is of another run, naming what differs.
        """
        read = devices.by_rank_0(lambda: checkpoints.load(path) if path.exists() else None)
        state = devices.from_rank_0(read)
        if state is None:
            return
        differs = checkpoints.difference(state["identity"], self.identity)
        if differs:
            name, theirs, own = differs
            raise ValueError(
                f"{path} was made with {name} = {theirs!r}, this run has {own!r}; go on with the "
                "former, or name another file"
            )
        now, then = str(self.settings.autocast), state.get("autocast")
        if then not in (None, now):
            warnings.warn(
                f"{path} was made with autocast = {then} and goes on with {now}: products round "
                "otherwise from here on, so the run is no longer that of one machine",
                stacklevel=3,
            )
        self.note = self.note or state["note"]
        self.taken, self.seconds = state["step"], state["seconds"]
        self.history = state["history"].cpu()
        self.d.load_state_dict(state["discriminator"])
        self.g.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        self.randomness.load_state_dict(state["randomness"], self.taken)


def fingerprint(data: Tensor, labels: Tensor | None) -> dict[str, Any]:
    """The shape of the data and what its numbers, with the labels, come to."""
    given = [] if labels is None else [labels]
    return {"labels": labels is not None, **checkpoints.fingerprint(data, *given)}


def _floats(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]

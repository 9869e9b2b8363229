"""Hundreds of small GANs trained at once: every setting with every seed in one computation.

Training one 1-D GAN keeps a processor busy with bookkeeping, not with arithmetic; stacking the
networks of all runs pays the bookkeeping once::

    settings = [Settings(critic_steps=k) for k in (1, 2, 5)]
    for snapshot in sweep(line_pair, data, settings, range(32), steps=2000):
        x = snapshot.sample(1000)  # (settings, seeds, 1000, d)

A run gets the initial weights, the batches and the updates that `train` gives it with its seed, and
no run touches another: one that diverges holds NaN in its own rows only.

Settings share the random numbers of a seed (common random numbers), so that a difference between
two settings is no accident of the draw; and a run's numbers do not depend on what else is in the
sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_tutorial._engine.checks import SEEDS, check_data, check_pair, whole_number
from gan_tutorial._engine.stacked import Stack
from gan_tutorial.networks import Pair, Prior
from gan_tutorial.objectives import Critic, Objective
from gan_tutorial.optimizers import Factory
from gan_tutorial.training import Settings

__all__ = ["SweepSnapshot", "sweep"]


@dataclass(frozen=True)
class SweepSnapshot:
    """All runs after `step` generator steps. What the methods return is indexed [setting, seed].

    Attributes:
        step: generator steps taken so far.
        settings: as they were given.
        seeds: as they were given.
        generator: the generators of all runs, a row of `weights` for each.
        discriminator: their discriminators, likewise.
        prior: `(n, rng) -> z`, where the noise comes from.
    """

    step: int
    settings: tuple[Settings, ...]
    seeds: tuple[int, ...]
    generator: Stack
    discriminator: Stack
    prior: Prior

    def _apply(self, stack: Stack, x: Tensor) -> Tensor:
        x = x.to(stack.weights).expand(len(stack.weights), *x.shape)
        return stack(x).unflatten(0, (len(self.settings), len(self.seeds)))

    def sample(self, n: int, *, seed: int = 0) -> Tensor:
        """Samples of every generator from the same noise.

        Args:
            n: how many of each.
            seed: decides the noise.

        Returns:
            `(settings, seeds, n, d)`.
        """
        rng = torch.Generator(self.generator.weights.device).manual_seed(seed)
        return self._apply(self.generator, self.prior(n, rng))

    def score(self, x: Tensor) -> Tensor:
        """Every discriminator's logits s(x); D = σ(s).

        Args:
            x: rows, `(n, d)`.

        Returns:
            `(settings, seeds, n)`.
        """
        return self._apply(self.discriminator, x)[..., 0]

    def density(self, edges: Tensor, n: int = 10_000, *, seed: int = 0) -> Tensor:
        """Histograms of every 1-D :math:`p_g`.

        They integrate to the share of the samples that lies between the outermost edges.

        Args:
            edges: of the bins, `(m + 1,)`, increasing, in units of x.
            n: samples of each generator.
            seed: decides the noise.

        Returns:
            `(settings, seeds, m)`, per unit of x.
        """
        x = self.sample(n, seed=seed).flatten(0, 1)[..., 0].contiguous()
        edges = torch.as_tensor(edges).to(x)
        bins = torch.bucketize(x, edges, right=True)  # bins 0 and m + 1 lie outside, as does NaN
        counts = x.new_zeros(len(x), len(edges) + 1).scatter_add_(1, bins, torch.ones_like(x))
        density = counts[:, 1:-1] / n / edges.diff()
        return density.unflatten(0, (len(self.settings), len(self.seeds)))


class _Player:
    """One player of all runs: its stacked weights, with each setting's optimiser on its rows."""

    def __init__(
        self,
        name: str,
        networks: Sequence[nn.Module],
        factories: Sequence[Factory],
        device: torch.device | str,
    ) -> None:
        for network in networks:
            frozen = [key for key, p in network.named_parameters() if not p.requires_grad]
            if frozen:
                raise ValueError(
                    f"the {name}'s {', '.join(frozen)} would be trained with the rest; a sweep trains "
                    "whole networks: call train for each run"
                )
        self.stack = Stack.of([*networks] * len(factories), device)
        rows = self.stack.weights.split(len(networks))
        self.rows = [torch.nn.Parameter(weights) for weights in rows]  # on the same memory
        self.optimizers: dict[
            type, torch.optim.Optimizer
        ] = {}  # one of each kind, with a parameter group for each setting
        for factory, row in zip(factories, self.rows, strict=True):
            optimizer = factory([row])
            kept = self.optimizers.setdefault(type(optimizer), optimizer)
            if kept is not optimizer:
                kept.add_param_group(optimizer.param_groups[0])

    def descend(self, loss: Tensor, parameters: Sequence[Tensor]) -> None:
        """One step down the gradient of `loss`, the sum of all runs' losses."""
        gradient = torch.cat([g.flatten(1) for g in torch.autograd.grad(loss, parameters)], dim=1)
        for row, part in zip(self.rows, gradient.split(len(self.rows[0])), strict=True):
            row.grad = part
        for optimizer in self.optimizers.values():
            optimizer.step()


class _Game:
    """All runs of one batch size and one number of critic steps. `step` mirrors `training.step`."""

    def __init__(
        self,
        settings: Sequence[Settings],
        seeds: Sequence[int],
        build: Callable[..., Pair],
        data: Tensor,
        device: torch.device | str,
    ) -> None:
        pairs: list[Pair] = []
        for seed in seeds:
            pair = build(seed=seed)
            check_pair(pair, data[:1] if pairs else data, None)  # the data need one look only
            pairs.append(pair)
        d_factories, g_factories = zip(*(s.optimizers for s in settings), strict=True)
        critics = [pair.discriminator for pair in pairs]
        self.d = _Player("discriminator", critics, d_factories, device)
        self.g = _Player("generator", [pair.generator for pair in pairs], g_factories, device)
        self.dtype, self.prior = self.g.stack.weights.dtype, pairs[0].prior
        self.settings, self.data = settings, data.flatten(1).to(device, self.dtype)
        self.rngs = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def draw(self) -> list[Tensor]:
        """Real samples, z and t, each (runs, batch, ·), in the order in which `train` draws."""
        n, device = self.settings[0].batch_size, self.data.device
        numbers = [
            (
                torch.randint(len(self.data), (n,), generator=rng, device=device),
                self.prior(n, rng),
                torch.rand(n, 1, generator=rng, device=device),
            )
            for rng in self.rngs
        ]
        rows, z, t = (torch.stack(x) for x in zip(*numbers, strict=True))
        drawn = self.data[rows], z.to(self.dtype), t
        return [x.expand(len(self.settings), *x.shape).flatten(0, 1) for x in drawn]

    def groups(self) -> Iterator[tuple[Objective, slice, int]]:
        """Each objective with its runs (a slice) and their number."""
        start = 0
        for objective, same in groupby(setting.objective for setting in self.settings):
            count = len(self.rngs) * len(list(same))
            yield objective, slice(start, start + count), count
            start += count

    def step(self) -> None:
        """One step of every run; a mean over the rows of n runs, times n, is the sum of theirs."""
        g, d = self.g.stack, self.d.stack
        g_parameters = g.parameters(differentiable=True)
        for _ in range(self.settings[0].critic_steps):
            real, z, t = self.draw()
            fake = g(z, g_parameters)
            d_parameters = d.parameters(differentiable=True)
            both = torch.cat([real, fake.detach()], 1)
            on_real, on_fake = d(both, d_parameters).chunk(2, dim=1)
            losses = []
            for objective, runs, n in self.groups():
                losses.append(n * objective.discriminator_loss(on_real[runs], on_fake[runs]))
                few = objective.few(real.shape[1])
                rows = (x[runs, :few].flatten(0, 1) for x in (real, fake, t))
                critic = _as_one(d, [p[runs] for p in d_parameters], n)
                losses.append(n * objective.penalty(critic, *rows))
            self.d.descend(torch.stack(losses).sum(), d_parameters)
            for objective, runs, _ in self.groups():
                objective.constrain([d.weights[runs]])
        on_fake, losses = d(fake), []
        pairs = any(setting.objective.generator_sees_real for setting in self.settings)
        on_real = d(real).detach() if pairs else None
        for objective, runs, n in self.groups():
            compares = objective.generator_sees_real
            seen = on_real[runs] if compares and on_real is not None else None
            losses.append(n * objective.generator_loss(seen, on_fake[runs]))
        self.g.descend(torch.stack(losses).sum(), g_parameters)


def _as_one(stack: Stack, parameters: Sequence[Tensor], runs: int) -> Critic:
    """The critics of `runs` runs as one function of rows (runs · n, d), as a penalty takes it."""
    return lambda x: stack(x.unflatten(0, (runs, -1)), parameters).flatten(0, 1)


def sweep(
    build: Callable[..., Pair],
    data: Tensor,
    settings: Sequence[Settings],
    seeds: Sequence[int],
    *,
    steps: int,
    every: int = 100,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Iterator[SweepSnapshot]:
    """Train every setting with every seed; yield a `SweepSnapshot` at step 0, every, …, steps.

    Args:
        build: `build(seed=…)` gives the pair of a seed, made of linear layers and activations.
        data: floating-point rows `(n, d)`.
        settings: as for `train`, but without schedules, average and autocast. Losses are means, over
            the samples, of what each sample (or pair) contributes, and `constrain` acts on each weight
            by itself: the runs stand side by side in both.
        seeds: of weights, data and noise.
        steps: steps of the generator.
        every: steps between snapshots. A snapshot owns its weights, so that a list of snapshots is a
            recording.
        device: where to train.
        progress: a bar, in a terminal or a notebook.

    Returns:
        An iterator; the training goes on as far as it is asked for.

    Raises:
        ValueError: at the call, for arguments that do not fit.
    """
    if not isinstance(settings, Sequence):
        raise ValueError(f"settings must be a sequence of Settings(...), got {settings!r}")
    settings, seeds = tuple(settings), tuple(seeds)
    whole_number("steps", steps, least=0)
    whole_number("every", every)
    check_data(data, None)
    if data.dtype == torch.uint8:
        raise ValueError("data must be floating-point, got torch.uint8; see data.flatten")
    if not settings or not seeds:
        raise ValueError(f"settings={settings}, seeds={seeds}: give one of each at least")
    _check_plain(settings)
    for seed in seeds:
        whole_number("seeds", seed, least=0, below=SEEDS)
    games, place = _games(build, data, settings, seeds, device)

    def snapshot(step: int) -> SweepSnapshot:
        stacks = ([getattr(game, player).stack for game in games] for player in "gd")
        generator, discriminator = (Stack.joined(stack, place) for stack in stacks)
        return SweepSnapshot(step, settings, seeds, generator, discriminator, games[0].prior)

    return _snapshots(games, snapshot, tqdm(range(1, steps + 1), disable=not progress), every)


def _check_plain(settings: Iterable[Settings]) -> None:
    """All runs of a sweep take the same plain steps: what only `train` does is refused by name."""
    for i, setting in enumerate(settings):
        if not isinstance(setting, Settings):
            raise ValueError(f"settings[{i}] must be Settings(...), got {setting!r}")
        if setting.objective.outputs != 1:
            raise ValueError(
                f"settings[{i}].objective takes {setting.objective.outputs} outputs of D; a sweep has "
                "one: call train for each run"
            )
        for name in ("schedules", "ema", "autocast"):
            if getattr(setting, name):
                raise ValueError(
                    f"settings[{i}].{name} is {getattr(setting, name)!r}; a sweep has none: leave "
                    "it out, or call train for each run"
                )


def _games(
    build: Callable[..., Pair],
    data: Tensor,
    settings: Sequence[Settings],
    seeds: Sequence[int],
    device: torch.device | str,
) -> tuple[list[_Game], Tensor]:
    """What can be computed together stands together; and the place of each run in that order."""
    objectives = [setting.objective for setting in settings]

    def kind(i: int) -> tuple[int, int]:
        return settings[i].critic_steps, settings[i].batch_size

    order = sorted(range(len(settings)), key=lambda i: (kind(i), objectives.index(objectives[i])))
    games = [
        _Game([settings[i] for i in same], seeds, build, data, device)
        for _, same in groupby(order, key=kind)
    ]
    place = torch.tensor(order).argsort()[:, None] * len(seeds) + torch.arange(len(seeds))
    return games, place.flatten()


def _snapshots(
    games: Sequence[_Game], snapshot: Callable[[int], SweepSnapshot], steps: tqdm, every: int
) -> Iterator[SweepSnapshot]:
    yield snapshot(0)
    for step in steps:
        for game in games:
            game.step()
        if step % every == 0 or step == len(steps):
            yield snapshot(step)

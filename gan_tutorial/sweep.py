"""Hundreds of small GANs trained at once: every setting with every seed in one computation.

    settings = [Setting(critic_steps=k, optimizers=(adam(r), adam(r))) for k in (1, 5) for r in lrs]
    for snapshot in sweep(line_pair, data, settings, range(32), steps=2000, every=500):
        x = snapshot.sample(1000)  # (settings, seeds, 1000, d)

Training one 1-D GAN keeps a processor busy with bookkeeping, not with arithmetic; stacking the
networks of all runs (see :mod:`gan_tutorial.stacked`) pays the bookkeeping once. A run gets the
initial weights, the batches and the updates that :func:`gan_tutorial.training.train` gives it with
its seed, and no run touches another: one that diverges holds NaN in its own rows only.

Settings share the random numbers of a seed (common random numbers), so that a difference between
two settings is no accident of the draw; and a run's numbers do not depend on what else is in the
sweep.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from tqdm.auto import tqdm

from gan_tutorial.networks import Pair
from gan_tutorial.objectives import NON_SATURATING, Objective
from gan_tutorial.optimizers import adam
from gan_tutorial.settings import check_data, positive_integer
from gan_tutorial.stacked import Stack


@dataclass(frozen=True)
class Setting:
    """What all seeds of one setting train with: arguments of `train`, by their names there."""

    objective: Objective = NON_SATURATING
    critic_steps: int = 1
    optimizers: tuple[Callable, Callable] = (adam(), adam())  # (discriminator's, generator's)


@dataclass(frozen=True)
class Snapshot:
    """All runs after `step` generator steps. What the methods return is indexed [setting, seed]."""

    step: int
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    generator: Stack
    discriminator: Stack
    prior: Callable

    def _apply(self, stack, x):
        x = x.to(stack.weights).expand(len(stack.weights), *x.shape)
        return stack(x).unflatten(0, (len(self.settings), len(self.seeds)))

    def sample(self, n, *, seed=0):
        """Samples of every generator from the same noise: (settings, seeds, n, d)."""
        rng = torch.Generator(self.generator.weights.device).manual_seed(seed)
        return self._apply(self.generator, self.prior(n, rng))

    def score(self, x):
        """Every discriminator's logits s(x) at rows x (n, d): (settings, seeds, n); D = σ(s)."""
        return self._apply(self.discriminator, x)[..., 0]

    def density(self, edges, n=10_000, *, seed=0):
        """Histogram of n samples of every 1-D p_g between `edges` (m + 1,): (settings, seeds, m).

        It integrates to the share of the samples that lies between the outermost edges.
        """
        x = self.sample(n, seed=seed).flatten(0, 1)[..., 0].contiguous()
        edges = torch.as_tensor(edges).to(x)
        bins = torch.bucketize(x, edges, right=True)  # bins 0 and m + 1 lie outside, as does NaN
        counts = x.new_zeros(len(x), len(edges) + 1).scatter_add_(1, bins, torch.ones_like(x))
        density = counts[:, 1:-1] / n / edges.diff()
        return density.unflatten(0, (len(self.settings), len(self.seeds)))


class _Player:
    """One player of all runs: its stacked weights, with each setting's optimiser on its rows."""

    def __init__(self, networks, factories, device):
        self.stack = Stack.of(networks * len(factories), device)
        rows = self.stack.weights.split(len(networks))
        self.rows = [torch.nn.Parameter(weights) for weights in rows]  # on the same memory
        self.optimizers = {}  # one of each kind, with a parameter group for each setting
        for factory, row in zip(factories, self.rows, strict=True):
            optimizer = factory([row])
            kept = self.optimizers.setdefault(type(optimizer), optimizer)
            if kept is not optimizer:
                kept.add_param_group(optimizer.param_groups[0])

    def descend(self, loss, parameters):
        """One step down the gradient of `loss`, the sum of all runs' losses."""
        gradient = torch.cat([g.flatten(1) for g in torch.autograd.grad(loss, parameters)], dim=1)
        for row, part in zip(self.rows, gradient.split(len(self.rows[0])), strict=True):
            row.grad = part
        for optimizer in self.optimizers.values():
            optimizer.step()


class _Game:
    """All runs with the same number of critic steps. `step` mirrors that of `training.Run`."""

    def __init__(self, settings, seeds, build, data, batch_size, device):
        pairs = [build(seed=seed) for seed in seeds]
        d_factories, g_factories = zip(*(s.optimizers for s in settings), strict=True)
        self.d = _Player([pair.discriminator for pair in pairs], d_factories, device)
        self.g = _Player([pair.generator for pair in pairs], g_factories, device)
        self.dtype, self.prior = self.g.stack.weights.dtype, pairs[0].prior
        self.settings, self.data = settings, data.flatten(1).to(device, self.dtype)
        self.rngs = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.batch_size = batch_size

    def draw(self):
        """Real samples, z and t, each (runs, batch, ·), in the order in which `train` draws."""
        n, device = self.batch_size, self.data.device
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

    def groups(self):
        """Each objective with its runs (a slice) and their number."""
        start = 0
        for objective, same in groupby(setting.objective for setting in self.settings):
            count = len(self.rngs) * len(list(same))
            yield objective, slice(start, start + count), count
            start += count

    def step(self):
        """One step of every run; a mean over the rows of n runs, times n, is the sum of theirs."""
        g, d = self.g.stack, self.d.stack
        g_parameters = g.parameters(differentiable=True)
        for _ in range(self.settings[0].critic_steps):
            real, z, t = self.draw()
            fake = g(z, g_parameters)
            d_parameters = d.parameters(differentiable=True)
            both = torch.cat([real, fake.detach()], 1)
            on_real, on_fake = d(both, d_parameters).chunk(2, dim=1)
            loss = 0.0
            for objective, runs, n in self.groups():
                loss = loss + n * objective.discriminator_loss(on_real[runs], on_fake[runs])
                rows = (x[runs].flatten(0, 1) for x in (real, fake, t))
                critic = _as_one(d, [p[runs] for p in d_parameters], n)
                loss = loss + n * objective.penalty(critic, *rows)
            self.d.descend(loss, d_parameters)
            for objective, runs, _ in self.groups():
                objective.constrain([d.weights[runs]])
        score = d(fake)
        losses = (n * objective.generator_loss(score[runs]) for objective, runs, n in self.groups())
        self.g.descend(sum(losses), g_parameters)


def _as_one(stack, parameters, runs):
    """The critics of `runs` runs as one function of rows (runs · n, d), as a penalty takes it."""
    return lambda x: stack(x.unflatten(0, (runs, -1)), parameters).flatten(0, 1)


def sweep(
    build: Callable[..., Pair],
    data: torch.Tensor,
    settings: Sequence[Setting],
    seeds: Sequence[int],
    *,
    steps: int,
    batch_size: int = 64,
    every: int = 100,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Iterator[Snapshot]:
    """Train every setting with every seed; yield a :class:`Snapshot` at step 0, every, …, steps.

    `build(seed=…)` gives the pair of a seed, made of linear layers and activations; `data` is
    floating-point rows (n, d). A snapshot owns its weights: a list of snapshots is a recording.
    Raises ValueError, at the call, for arguments that do not fit.
    """
    settings, seeds = tuple(settings), tuple(seeds)
    positive_integer("steps", steps, least=0)
    positive_integer("batch_size", batch_size)
    positive_integer("every", every)
    check_data(data, None)
    if data.dtype == torch.uint8:
        raise ValueError("data must be floating-point, got torch.uint8; see data.flatten")
    if not settings or not seeds or any(s.critic_steps < 1 for s in settings):
        raise ValueError(
            f"settings={settings}, seeds={seeds}: give one of each at least, with critic_steps >= 1"
        )
    objectives = [s.objective for s in settings]
    order = sorted(  # what can be computed together stands together
        range(len(settings)),
        key=lambda i: (settings[i].critic_steps, objectives.index(objectives[i])),
    )
    games = [
        _Game([settings[i] for i in same], seeds, build, data, batch_size, device)
        for _, same in groupby(order, key=lambda i: settings[i].critic_steps)
    ]
    place = torch.tensor(order).argsort()[:, None] * len(seeds) + torch.arange(len(seeds))

    def snapshot(step):
        stacks = ([getattr(game, player).stack for game in games] for player in "gd")
        joined = (Stack.joined(stack, place.flatten()) for stack in stacks)
        return Snapshot(step, settings, seeds, *joined, games[0].prior)

    return _snapshots(games, snapshot, tqdm(range(1, steps + 1), disable=not progress), every)


def _snapshots(games, snapshot, steps, every):
    yield snapshot(0)
    for step in steps:
        for game in games:
            game.step()
        if step % every == 0 or step == len(steps):
            yield snapshot(step)

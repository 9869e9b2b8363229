"""What a training run hands over: snapshots, and samples drawn from a generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run. The networks are the live ones: copy what must outlast the next snapshot.

    step           generator steps taken so far
    average        exponential moving average of the generator (the generator itself without `ema`)
    history        "discriminator", "generator", "penalty": the losses of every step so far, (step,)
                   on the CPU
    seconds        time spent training, without the caller's own work
    """

    step: int
    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    prior: Callable[[int, torch.Generator], Tensor]
    history: dict[str, Tensor]
    seconds: float

    def sample(
        self, n: int, *, seed: int = 0, labels: Tensor | None = None, average: bool = True
    ) -> Tensor:
        """n samples (n, d) of the averaged generator, or of the live one; a seed is a noise."""
        network = self.average if average else self.generator
        return sample(network, self.prior, n, seed=seed, labels=labels)


@torch.no_grad()
def sample(
    generator: nn.Module, prior: Callable, n: int, *, seed: int = 0, labels: Tensor | None = None
) -> Tensor:
    """G(z) for n draws of z, (n, d), in evaluation mode: no dropout, averages in batch norm."""
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
        raise ValueError(f"n must be a number of samples, at least 0, got {n!r}")
    parameter = next(generator.parameters())
    z = prior(n, torch.Generator(parameter.device).manual_seed(seed)).to(parameter.dtype)
    was_training = generator.training
    try:
        return bind(generator.eval(), None if labels is None else labels.to(z.device))(z)
    finally:
        generator.train(was_training)


def bind(network: nn.Module, y: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The network with its labels fixed; without labels, the network."""
    return network if y is None else partial(network, y=y)

r"""How robust is which GAN? Four objectives on one problem, hundreds of runs, one number for each moment.

    python -m gan_tutorial.robustness          # about half an hour of one core

trains every objective of `VARIANTS` with every number of critic steps, every learning rate and
every seed, and writes `recorded/wgan-robustness.npz` and `.json`, which the WGAN chapter draws. The
problem is that of "Training in one dimension": two bells on the line and networks of 16 tanh units. Both players
learn at the same rate. `wasserstein` is the judge.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_tutorial.distributions import mixture, sample
from gan_tutorial.networks import line_pair
from gan_tutorial.objectives import NON_SATURATING, WGAN, WGAN_GP, Critic, clip
from gan_tutorial.optimizers import adam, rmsprop
from gan_tutorial.record import FOLDER
from gan_tutorial.sweep import Setting, sweep

P_DATA = mixture(means=[-2.0, 2.0], stds=[0.5, 0.7], weights=[0.4, 0.6])
CRITIC_STEPS = (1, 2, 3, 5, 10)
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
SEEDS = range(5000, 5016)
STEPS, EVERY = 2400, 80
NODES = 1000  # points of the noise at which a generator is looked at


def one_sided_penalty(weight: float = 10.0) -> Callable[[Critic, Tensor, Tensor, Tensor], Tensor]:
    """λ E[max(0, ‖∇s(x̂)‖₂ - 1)²]: only slopes *above* 1 are fined. x̂ as in `gradient_penalty`.

    Every 1-Lipschitz critic has penalty 0. Petzka et al. 2018 (arXiv:1709.08894).
    """

    def penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
        t = t.reshape(-1, *[1] * (real.dim() - 1))
        between = torch.lerp(fake.detach(), real.detach(), t.to(real.dtype)).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return weight * (slope.flatten(1).norm(dim=1) - 1).clamp(min=0).square().mean()

    return penalty


# The clip limit is the best of 0.01, 0.1, 0.3 and 1 on other seeds. Adam's betas are those of
# WGAN-GP's authors, for GAN too: what differs between two columns shall be the objective alone.
calm_adam = partial(adam, betas=(0.0, 0.9))
ONE_SIDED = replace(WGAN_GP, name="wgan-one-sided", penalty=one_sided_penalty())
VARIANTS = {
    "GAN": (NON_SATURATING, calm_adam),
    "WGAN, clipped": (replace(WGAN, constrain=clip(0.3)), rmsprop),
    "WGAN-GP": (WGAN_GP, calm_adam),
    "WGAN-GP, one-sided": (ONE_SIDED, calm_adam),
}


def setting(name: str, critic_steps: int, rate: float) -> Setting:
    """A variant with both players at one rate."""
    if name not in VARIANTS:
        raise ValueError(f"name={name!r} is no variant; there are: {', '.join(VARIANTS)}")
    objective, optimizer = VARIANTS[name]
    return Setting(objective, critic_steps, (optimizer(rate), optimizer(rate)))


def training_rows(n: int = 4000) -> Tensor:
    """The data that every run is trained on: (n, 1), float32."""
    return sample(P_DATA, n, torch.Generator().manual_seed(0)).float()


def quantiles(distribution, n: int = NODES) -> Tensor:
    """F⁻¹((i - ½)/n) for i = 1 … n by bisection: (n,), float64."""
    share = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    low, high = torch.full_like(share, -1e3), torch.full_like(share, 1e3)
    for _ in range(70):
        middle = (low + high) / 2
        below = distribution.cdf(middle) < share
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


@torch.no_grad()
def outputs(stack, x: Tensor) -> Tensor:
    """Each stacked network of one variable at points x, (n,) or (runs, n): (runs, n), float64."""
    x = x.to(stack.weights).expand(len(stack.weights), x.shape[-1])
    return stack(x[..., None])[..., 0].double()


def generated(snapshot, n: int = NODES) -> Tensor:
    """Where G carries the n quantiles of N(0, 1), for every run: (runs, n), not sorted."""
    return outputs(snapshot.generator, quantiles(torch.distributions.Normal(0.0, 1.0), n))


def wasserstein(snapshot, p_data=P_DATA, n: int = NODES) -> Tensor:
    """W1(p_data, p_g) of every run of a sweep, (settings, seeds), in units of x.

    The mean distance of sorted points: n equal pieces of the noise, carried by G, against n
    quantiles of the data. No chance is in it, and the error falls as 1/n. NaN where a run has
    diverged.
    """
    distance = (generated(snapshot, n).sort(-1).values - quantiles(p_data, n)).abs().mean(-1)
    return distance.unflatten(0, (len(snapshot.settings), len(snapshot.seeds)))


def trace(settings: Sequence[Setting], seeds: Sequence[int], *, steps: int, every: int) -> Tensor:
    """W1 of every run at every look, (settings, seeds, looks), the first at step 0."""
    snapshots = sweep(
        partial(line_pair, 16), training_rows(), settings, seeds, steps=steps, every=every
    )
    return torch.stack([wasserstein(snapshot) for snapshot in snapshots], -1)


def table(
    critic_steps: Iterable[int] = CRITIC_STEPS,
    rates: Sequence[float] = RATES,
    seeds: Sequence[int] = SEEDS,
    *,
    steps: int = STEPS,
    every: int = EVERY,
) -> Tensor:
    """W1 of all runs, (variants, critic_steps, rates, seeds, looks); one line of progress for each k."""
    parts = []
    for k in critic_steps:
        start = time.perf_counter()
        settings = [setting(name, k, rate) for name in VARIANTS for rate in rates]
        w1 = trace(settings, seeds, steps=steps, every=every)
        parts.append(w1.unflatten(0, (len(VARIANTS), len(rates))))
        print(f"k = {k}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return torch.stack(parts, 1)


def write(w1: Tensor, seconds: float, out: Path) -> None:
    """Keep the table that `table()` makes with its defaults, and where it comes from."""
    note = {
        "title": "W1 to the data over k, learning rate and seeds: GAN and three WGANs on the line",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "seed": SEEDS[0],
        "command": "python -m gan_tutorial.robustness",
        "seconds": round(seconds),
        "variants": list(VARIANTS),
        "critic_steps": CRITIC_STEPS,
        "rates": RATES,
        "seeds": list(SEEDS),
        "steps": list(range(0, STEPS + 1, EVERY)),
    }
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "wgan-robustness.npz", w1=w1.numpy().astype(np.float16))
    (out / "wgan-robustness.json").write_text(json.dumps(note, ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial.robustness",
        description="Train GAN and three WGANs over k, learning rate and seeds; keep every run's W1.",
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="default: the package's records")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    start = time.perf_counter()
    w1 = table()
    write(w1, time.perf_counter() - start, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())

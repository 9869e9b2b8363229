"""Many 1-D GANs at once against one after the other."""

from functools import partial

import torch

from benchmarks.harness import compare, row
from benchmarks.training import CHUNKS, on
from gan_tutorial.networks import line_pair
from gan_tutorial.objectives import NON_SATURATING
from gan_tutorial.optimizers import adam
from gan_tutorial.sweep import sweep as train_all
from gan_tutorial.training import Settings, train

BATCH = 64
RUNS = {"cpu": ((8, 8), (8, 32)), "cuda": ((8, 32), (32, 32))}  # (settings, seeds)
EVERY = {"cpu": 5, "cuda": 100}
build = partial(line_pair, 32)


def points(device):
    """Ten thousand samples of two bells."""
    rng = torch.Generator().manual_seed(0)
    centers = 4.0 * torch.randint(2, (10_000, 1), generator=rng) - 2
    return (centers + 0.5 * torch.randn(10_000, 1, generator=rng)).to(device)


def together(settings, seeds, device):
    """All runs in one sweep; yields run-steps."""
    rates = torch.logspace(-4, -2, settings).tolist()
    all_settings = [
        Settings(optimizers=(adam(rate), adam(rate)), batch_size=BATCH) for rate in rates
    ]
    every = EVERY[torch.device(device).type]
    snapshots = train_all(
        build,
        points(device),
        all_settings,
        range(seeds),
        steps=CHUNKS * every,
        every=every,
        device=device,
    )
    next(snapshots)
    for _ in snapshots:
        yield every * settings * seeds


def one_by_one(device):
    """The package's own loop on one run; yields its steps."""
    every = 10 * EVERY[torch.device(device).type]
    options = {"batch_size": BATCH, "every": every, "optimizers": (adam(1e-3), adam(1e-3))}
    snapshots = train(on(device, build()), points(device), steps=CHUNKS * every, **options)
    next(snapshots)
    for _ in snapshots:
        yield every


def eager(device):
    """One run in a plain eager loop, with the default torch.optim.Adam; yields its steps."""
    generator, discriminator, prior = on(device, build())
    data, rng = points(device), torch.Generator(device).manual_seed(0)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    while True:
        real = data[torch.randint(len(data), (BATCH,), generator=rng, device=device)]
        fake = generator(prior(BATCH, rng))
        optimizer_d.zero_grad()
        on_real, on_fake = discriminator(real), discriminator(fake.detach())
        NON_SATURATING.discriminator_loss(on_real, on_fake).backward()
        optimizer_d.step()
        optimizer_g.zero_grad()
        NON_SATURATING.generator_loss(None, discriminator(fake)).backward()
        optimizer_g.step()
        yield 1


def sweep(seconds, device):
    """Run-steps per second: the sweep, our loop one by one, an eager loop one by one."""
    rows, all_runs = [], RUNS[torch.device(device).type]
    for settings, seeds in all_runs:
        contenders = {
            "sweep": together(settings, seeds, device),
            "train": one_by_one(device),
            "eager": eager(device),
        }
        rates = compare(contenders, seconds / len(all_runs), device)
        case = f"sweep of {settings * seeds} 1-D GANs"
        extra = {"settings": settings, "seeds": seeds, "train_one_by_one": rates["train"]}
        rows.append(
            row(case, "run-steps/s", rates["sweep"], rates["eager"], "one by one, eager", **extra)
        )
    return rows


BENCHMARKS = {"sweep": sweep}

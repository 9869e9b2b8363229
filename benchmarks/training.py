"""Our training loop beside the usual scripts: same networks, batches and optimisers, in turns."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import usual_style
from benchmarks.harness import compare, row, synchronize
from gan_tutorial._engine.onednn import linear
from gan_tutorial.data import load
from gan_tutorial.networks import Affine, Pair, circulating_pair, mlp_pair
from gan_tutorial.objectives import WGAN, WGAN_GP
from gan_tutorial.optimizers import adam, rmsprop
from gan_tutorial.pictures import conv_pair
from gan_tutorial.training import train

USUAL = "DataLoader script"
EVERY = {"cpu": 25, "cuda": 500}  # steps of the discriminator between two looks at the clock
GEMM_SIZE = {"cpu": 1024, "cuda": 8192}
CHUNKS = 10_000  # more than any benchmark will wait for
ADAM = (adam(2e-4, (0.5, 0.999)), adam(2e-4, (0.5, 0.999)))


def small_pair():
    """The 256-wide pair, tanh mapped to [0, 1] as in the circulating one."""
    output = partial(nn.Sequential, nn.Tanh(), Affine(0.5, 0.5))
    return mlp_pair(784, 64, (256, 256), (256, 256), output=output)


class ProductFlops(TorchDispatchMode):
    """Counts a multiplication and an addition for each term of every matrix product inside."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name
        if name in ("aten::mm", "aten::addmm"):  # (..., n × k, k × m)
            self.total += 2 * args[-2].numel() * args[-1].shape[1]
        elif name == "mkldnn::_linear_pointwise":  # (n × k, m × k, ...)
            self.total += 2 * args[0].numel() * args[1].shape[0]
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class Case:
    """One yardstick and what it takes to train the same with `train`."""

    name: str
    usual: Callable
    build: Callable[[], Pair] = circulating_pair
    conditional: bool = False
    settings: dict = field(default_factory=dict)

    def ours(self, images, labels, device, **options):
        """Long training; yields the number of generator steps since the last time."""
        pair = on(device, self.build())
        options = {"optimizers": ADAM, "batch_size": 64} | self.settings | options
        every = EVERY[torch.device(device).type] // options.get("critic_steps", 1)
        labels = labels if self.conditional else None
        steps = 0
        options |= {"steps": CHUNKS * every, "every": every}
        for snapshot in train(pair, images, labels=labels, **options):
            if snapshot.step:
                yield snapshot.step - steps
            steps = snapshot.step

    def flops(self, images, labels, device):
        """Floating-point operations of the matrix products in one of our steps."""
        options = {"optimizers": ADAM, "batch_size": 64} | self.settings
        labels = labels if self.conditional else None
        run = train(on(device, self.build()), images, labels=labels, steps=1, **options)
        next(run)
        with ProductFlops() as counter:
            next(run)
        return counter.total


WASSERSTEIN = {"objective": WGAN, "critic_steps": 5, "optimizers": (rmsprop(5e-5), rmsprop(5e-5))}
CASES = [
    Case("GAN, batch 64", usual_style.gan),
    Case("WGAN, 5 critic steps", usual_style.wgan, settings=WASSERSTEIN),
    Case(
        "WGAN-GP, 5 critic steps",
        usual_style.wgan_gp,
        settings={"objective": WGAN_GP, "critic_steps": 5},
    ),
    Case(
        "conditional GAN, batch 64",
        partial(usual_style.gan, classes=10),
        partial(circulating_pair, classes=10),
        conditional=True,
    ),
    Case(
        "256-wide GAN, batch 100", usual_style.small_gan, small_pair, settings={"batch_size": 100}
    ),
]
DCGAN = Case(
    "DCGAN, 64 channels, batch 128",
    usual_style.dcgan,
    partial(conv_pair, width=64),
    settings={"batch_size": 128},
)


def on(device, pair):
    """The pair with both networks on `device`."""
    return Pair(pair.generator.to(device), pair.discriminator.to(device), pair.prior)


def gemm_rate(device, dtype, repeats=20):
    """The most floating-point operations per second seen in products of large matrices."""
    size = GEMM_SIZE[torch.device(device).type]
    a, b = torch.rand(2, size, size, device=device).to(dtype)
    seconds = []
    for _ in range(repeats):
        synchronize(device)
        start = time.perf_counter()
        linear(a, b)
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def training(seconds, device):
    """Generator steps per second of each case, and the share of the matmul roofline we reach.

    Ours runs twice: in float32 like the script, and with matrix products in bfloat16.
    """
    images, labels = load("mnist-10k", device=device)
    rows = []
    for case in CASES:
        torch.manual_seed(0)
        contenders = {
            torch.float32: case.ours(images, labels, device),
            torch.bfloat16: case.ours(images, labels, device, autocast=torch.bfloat16),
            "usual": case.usual(images, labels, device),
        }
        rates = compare(contenders, seconds / len(CASES), device)
        flops, usual = case.flops(images, labels, device), rates.pop("usual")
        for dtype, ours in rates.items():
            gemm = gemm_rate(device, dtype)
            extra = {"flops_per_step": flops, "gemm_flops_per_second": gemm, "seed": 0}
            extra["roofline_share"] = ours * flops / gemm
            name = case.name + (", bfloat16 products" if dtype == torch.bfloat16 else "")
            rows.append(row(name, "steps/s", ours, usual, USUAL, **extra))
    return rows


def convolution_share(device, dtype):
    """The share of our step's time that passes inside convolutions: 1 is what no loop can beat."""
    images, labels = load("mnist-10k", device=device)
    steps = DCGAN.ours(images, labels, device, autocast=None if dtype == torch.float32 else dtype)
    next(steps)
    cuda = torch.device(device).type == "cuda"
    activity = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[activity.CUDA if cuda else activity.CPU]) as profile:
        next(steps)
        synchronize(device)
    key = "self_device_time_total" if cuda else "self_cpu_time_total"
    times = {event.key: getattr(event, key) for event in profile.key_averages()}
    named = ("conv", "xmma", "cutlass", "wgrad", "dgrad", "fprop") if cuda else ("convolution",)
    inside = sum(t for name, t in times.items() if any(word in name.lower() for word in named))
    return inside / sum(times.values())


def convolutions(seconds, device):
    """The DCGAN pair beside the usual script, in float32 and in bfloat16."""
    images, labels = load("mnist-10k", device=device)
    torch.manual_seed(0)
    contenders = {
        torch.float32: DCGAN.ours(images, labels, device),
        torch.bfloat16: DCGAN.ours(images, labels, device, autocast=torch.bfloat16),
        "usual": DCGAN.usual(images, labels, device),
    }
    rates = compare(contenders, seconds, device)
    usual, rows = rates.pop("usual"), []
    for dtype, ours in rates.items():
        extra = {"convolution_share": convolution_share(device, dtype), "seed": 0}
        name = DCGAN.name + (", bfloat16 products" if dtype == torch.bfloat16 else "")
        rows.append(row(name, "steps/s", ours, usual, USUAL, **extra))
    return rows


BENCHMARKS = {"training": training, "convolutions": convolutions}

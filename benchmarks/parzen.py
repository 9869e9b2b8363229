"""Parzen windows: 10,000 samples × 10,000 points × 784 dimensions, against the usual ways."""

import numpy as np
import torch

from benchmarks.harness import compare, row
from gan_tutorial._engine.onednn import linear
from gan_tutorial.data import flatten, load
from gan_tutorial.parzen import PAPER_SIGMAS, log_likelihood

SIGMA = 0.2
POINTS = 10  # for the slow ways, whose time per point does not depend on how many there are


def digits(device):
    """(samples, points): all 10,000 digits, and the same in another order under noise."""
    splits = [load("mnist-10k", split=split)[0] for split in ("train", "validation", "test")]
    points = flatten(torch.cat(splits))
    rng = torch.Generator().manual_seed(0)
    noise = 0.15 * torch.randn(points.shape, generator=rng)
    samples = points[torch.randperm(len(points), generator=rng)].add_(noise).clamp_(0, 1)
    return samples.to(device), points.to(device)


def product(samples, points):
    """The matrix product alone, the fastest we know, by tiles: the rate no distance can pass."""
    rows, columns = (len(points), len(samples)) if points.is_cuda else (1024, 4096)
    while True:
        for some_points in points.split(rows):
            for some_samples in samples.split(columns):
                linear(some_points, some_samples)
        yield len(points)


def ours(samples, points, sigmas):
    while True:
        log_likelihood(samples, points, sigmas)
        yield len(points)


def scikit_learn(samples, points):
    """KernelDensity as documented, on a few of the points."""
    from sklearn.neighbors import KernelDensity

    estimate = KernelDensity(bandwidth=SIGMA).fit(samples.cpu().numpy())
    few = points[:POINTS].cpu().numpy()
    while True:
        estimate.score_samples(few)
        yield POINTS


def broadcast(samples, points):
    """What circulates: all differences of a batch at once, in float32, then log-sum-exp."""
    samples, few = samples.cpu().numpy(), points[:POINTS].cpu().numpy()
    n, d = samples.shape
    constant = np.log(n) + d / 2 * np.log(2 * np.pi * SIGMA**2)
    while True:
        scaled = (few[:, None, :] - samples[None, :, :]) / SIGMA
        exponents = -0.5 * (scaled**2).sum(2)
        largest = exponents.max(1, keepdims=True)
        np.log(np.exp(exponents - largest).sum(1)) + largest[:, 0] - constant
        yield POINTS


def parzen(seconds, device):
    """Seconds for all pairs, the rate beside the matrix product's, and the price of ten sigmas."""
    samples, points = digits(device)
    contenders = {
        "product": product(samples, points),
        "one": ours(samples, points, SIGMA),
        "ten": ours(samples, points, PAPER_SIGMAS),
        "scikit-learn": scikit_learn(samples, points),
        "broadcast": broadcast(samples, points),
    }
    time = {name: len(points) / rate for name, rate in compare(contenders, seconds, device).items()}
    size = "Parzen, 10,000 × 10,000 × 784"
    flops = 2 * len(points) * len(samples) * points.shape[1] / 1e9
    below = {"smaller_is_better": True, "seed": 0, "points_of_the_usual_way": POINTS}
    return [
        row(size, "s", time["one"], time["scikit-learn"], "KernelDensity, scaled", **below),
        row(size, "s", time["one"], time["broadcast"], "NumPy broadcast, scaled", **below),
        row(
            f"{size}, ten σ",
            "s",
            time["ten"],
            10 * time["one"],
            "one σ at a time",
            smaller_is_better=True,
            times_one_sigma=time["ten"] / time["one"],
        ),
        row(
            f"{size}, share of the matmul rate",
            "GFLOP/s",
            flops / time["one"],
            flops / time["product"],
            "float32 matmul alone",
        ),
    ]


BENCHMARKS = {"parzen": parzen}

"""The matrix products of our networks: MKL's, which PyTorch takes, and oneDNN's, which we ask for."""

import torch
from torch.nn import functional

from benchmarks.harness import compare, row
from gan_tutorial._engine.onednn import linear

SHAPES = [(64, 512, 1024), (128, 784, 512), (100, 256, 784)]  # (rows, in, out)


def product(function, shape, device):
    """Forward and backward through one layer; yields floating-point operations."""
    rows, inputs, outputs = shape
    x, weight = torch.rand(rows, inputs, device=device), torch.rand(outputs, inputs, device=device)
    slope = torch.rand(rows, outputs, device=device)
    leaves = x.requires_grad_(), weight.requires_grad_()
    while True:
        torch.autograd.grad(function(x, weight), leaves, slope)
        yield 6 * rows * inputs * outputs / 1e9


def products(seconds, device):
    """GFLOP per second of a layer's forward and backward pass."""
    rows = []
    for shape in SHAPES:
        ways = {"ours": linear, "usual": functional.linear}
        contenders = {name: product(way, shape, device) for name, way in ways.items()}
        rates = compare(contenders, seconds / len(SHAPES), device)
        case = "linear layer " + "×".join(map(str, shape)) + ", float32"
        rows.append(row(case, "GFLOP/s", rates["ours"], rates["usual"], "torch.nn.Linear", seed=0))
    return rows


BENCHMARKS = {"products": products}

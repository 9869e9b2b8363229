"""Generators as files that pages can run: batch norm folded in, 8-bit weights. The format is described in
`gan_tutorial/recorded/__init__.py`, which reads it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from gan_tutorial._engine.cli import trained
from gan_tutorial._engine.quantised import quantised
from gan_tutorial.networks import Affine, Conditional
from gan_tutorial.recorded import MAGIC, Layers, rebuild

DRAWS = 512  # of z and y, for the directions in which a generator's pictures change most
NUDGE = 1e-4  # half the difference quotients' width


@torch.no_grad()
def fold(generator: Conditional) -> Layers:
    """The generator in evaluation mode as linear layers: batch norms become part of the layer
    before them, and a tanh mapped to [0, 1] becomes a logistic function, by (1 + tanh a)/2 = σ(2a).

    ValueError for a module that has no place in the file, or an activation that is another than
    the file's.
    """
    if not torch.equal(generator.table.weight, torch.eye(generator.table.num_embeddings)):
        raise ValueError("generator's labels go through an embedding; a file takes one-hot labels")
    layers: Layers = []
    kinds = (nn.Linear, nn.BatchNorm1d, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, Affine)
    flat = [m for m in generator.network.modules() if not isinstance(m, nn.Sequential)]
    for module in flat:
        if not isinstance(module, kinds):
            raise ValueError(
                f"generator holds {module}; a file holds {[k.__name__ for k in kinds]}"
            )
        if isinstance(module, nn.Linear):
            layers.append((module.weight.double(), module.bias.double()))
        elif isinstance(module, nn.BatchNorm1d):
            weight, bias = layers[-1]
            assert module.running_mean is not None
            assert module.running_var is not None
            scale = module.weight.double() / (module.running_var.double() + module.eps).sqrt()
            shift = module.bias.double() - scale * module.running_mean.double()
            layers[-1] = (scale[:, None] * weight, scale * bias + shift)
        elif isinstance(module, nn.Tanh):
            weight, bias = layers[-1]
            layers[-1] = (2 * weight, 2 * bias)
    check_fold(generator, layers)
    return layers


@torch.no_grad()
def check_fold(generator: Conditional, layers: Layers) -> None:
    """ValueError unless folded layers draw what the generator draws."""
    classes = generator.table.num_embeddings
    dim = layers[0][0].shape[1] - classes
    z, y = torch.randn(DRAWS, dim, generator=torch.Generator().manual_seed(0)), torch.arange(DRAWS)
    difference = (rebuild(layers, classes)(z, y % classes) - generator(z, y % classes)).abs().max()
    if not difference < 1e-3:
        raise ValueError(
            f"generator's pictures differ by {difference:.3g} from those of its file, whose hidden "
            "layers are leaky ReLUs of slope 0.2 and whose pixels are logistic, or (1 + tanh)/2; "
            "is it in evaluation mode?"
        )


@torch.no_grad()
def by_influence(layers: Layers, classes: int) -> Layers:
    """The same distribution of pictures, with the coordinates of z sorted by what they do.

    N(0, I) stays N(0, I) under a rotation, so z may be replaced by Qz: here with the eigenvectors
    of E[JᵀJ], J = ∂G(z|y)/∂z, as the columns of Q, the largest eigenvalue first.
    """
    network, dim = rebuild(layers, classes).double(), layers[0][0].shape[1] - classes
    z = torch.randn(DRAWS, dim, generator=torch.Generator().manual_seed(0)).double()
    y = torch.arange(DRAWS) % classes
    steps = NUDGE * torch.eye(dim, dtype=z.dtype)
    slopes = torch.stack([network(z + e, y) - network(z - e, y) for e in steps], dim=-1)  # ∝ J
    _, q = torch.linalg.eigh(torch.einsum("npi,npj->ij", slopes, slopes))
    q = q.flip(1)
    q = q * q.gather(0, q.abs().argmax(0, keepdim=True)).sign()
    weight, bias = layers[0]
    turned = torch.cat([weight[:, :dim] @ q, weight[:, dim:]], dim=1)
    return [(turned, bias), *layers[1:]]


def pack(layers: Layers, classes: int) -> bytes:
    """The file: each unit's weights as whole numbers from -127 to 127, times a scale of its own."""
    floats, whole = [], []
    for weight, bias in layers:
        q, scale = quantised(weight.numpy())
        floats += [scale[:, 0].astype("<f4"), bias.numpy().astype("<f4")]
        whole.append(q)
    widths = [layers[0][0].shape[1], *(len(bias) for _, bias in layers)]
    head = np.array([classes, len(layers), *widths], "<u4")
    return MAGIC + b"".join(part.tobytes() for part in (head, *floats, *whole))


def write(folder: Path, out: Path) -> list[Path]:
    """Write the averaged generator of the conditional run in `folder`; returns the path."""
    run = trained(folder)
    if not isinstance(run.generator, Conditional):
        raise ValueError(f"the recipe {run.recipe.name} has no conditional generator of one branch")
    classes = run.generator.table.num_embeddings
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{run.recipe.name}-generator.bin"
    path.write_bytes(pack(by_influence(fold(run.generator.eval()), classes), classes))
    return [path]

"""Generators as small files: 8-bit weights, batch norm folded in, read by torch and by pages.

    python -m gan_tutorial.generator_files runs/conditional-long

writes `recorded/conditional-long-generator.bin` from a trained conditional run. `read` gives the
same generator back as a torch module; `figures/js/generator.js` runs it in a page.

The file, little-endian: the bytes "GANG"; uint32 classes k, number of layers L, then L + 1 widths,
of which the first counts z and the k numbers of the one-hot label; for each layer, float32 scales
and biases of its units; for each layer, its int8 weights, unit by unit. Unit i of a layer computes

    scale_i * (weights_i . x) + bias_i,

followed by a leaky ReLU of slope 0.2 or, in the last layer, the logistic function.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial.commands import trained
from gan_tutorial.layers import Affine, Conditional, mlp
from gan_tutorial.record import FOLDER

MAGIC = b"GANG"
DRAWS = 512  # of z and y, for the directions in which a generator's pictures change most
NUDGE = 1e-4  # half the difference quotients' width
Layers = list[tuple[Tensor, Tensor]]  # (weight (out, in), bias (out,)) of each layer, in float64


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
def rebuild(layers: Layers, classes: int) -> Conditional:
    """The torch module of folded layers, called as generator(z, y)."""
    widths = [layers[0][0].shape[1], *(len(bias) for _, bias in layers)]
    network = Conditional(mlp(widths, output=nn.Sigmoid), classes).eval().requires_grad_(False)
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    for layer, (weight, bias) in zip(linear, layers, strict=True):
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return network


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
        scale = (weight.abs().amax(1) / 127).clamp_min(1e-30)
        floats += [scale.numpy().astype("<f4"), bias.numpy().astype("<f4")]
        whole.append((weight / scale[:, None]).round().to(torch.int8).numpy())
    widths = [layers[0][0].shape[1], *(len(bias) for _, bias in layers)]
    head = np.array([classes, len(layers), *widths], "<u4")
    return MAGIC + b"".join(part.tobytes() for part in (head, *floats, *whole))


def unpack(content: bytes) -> Conditional:
    """The generator in a file, as a torch module G(z, y) for z (n, d) and labels y (n,).

    `unpack(content).network(torch.cat([z, code], 1))` takes any code, such as a mixture of two
    labels. ValueError where the bytes are not such a file, or not all of it.
    """
    if content[:4] != MAGIC:
        raise ValueError(f"a generator's file starts with {MAGIC!r}, this with {content[:4]!r}")
    if len(content) < 12:
        raise ValueError(
            f"a generator's file has a head of 12 bytes, this has {len(content)} in all"
        )
    classes, count = np.frombuffer(content, "<u4", 2, 4).tolist()
    at = 12 + 4 * (count + 1)
    if len(content) < at:
        raise ValueError(
            f"a generator of {count} layers has more than {at} bytes, this {len(content)}"
        )
    widths = np.frombuffer(content, "<u4", count + 1, 12).tolist()
    size = at + sum(8 * units + units * inputs for inputs, units in pairwise(widths))
    if len(content) != size:
        raise ValueError(f"a generator of widths {widths} has {size} bytes, this {len(content)}")
    floats = np.frombuffer(content, "<f4", 2 * sum(widths[1:]), at)
    weights = np.frombuffer(content, np.int8, -1, at + floats.nbytes)
    layers: Layers = []
    for inputs, units in pairwise(widths):
        scale, bias, floats = floats[:units], floats[units : 2 * units], floats[2 * units :]
        rows, weights = weights[: units * inputs], weights[units * inputs :]
        weight = rows.reshape(units, inputs) * scale[:, None].astype(float)
        layers.append((torch.from_numpy(weight), torch.from_numpy(bias.astype(float))))
    return rebuild(layers, classes)


def read(name: str = "conditional-long", folder: Path = FOLDER) -> Conditional:
    """The recorded generator of that name, ready to draw from, with z ~ N(0, I)."""
    path = folder / f"{name}-generator.bin"
    if not path.is_file():
        names = sorted(
            p.name.removesuffix("-generator.bin") for p in folder.glob("*-generator.bin")
        )
        raise ValueError(f"name={name!r} is no recorded generator; there are: {', '.join(names)}")
    return unpack(path.read_bytes())


def noise_dim(generator: Conditional) -> int:
    """How many coordinates z has."""
    first = next(m for m in generator.modules() if isinstance(m, nn.Linear))
    return first.in_features - generator.table.embedding_dim


def write(run: Path, out: Path) -> Path:
    """Write the averaged generator of the conditional run in the folder `run`; returns the path."""
    recipe, _, generator, _ = trained(run)
    if not isinstance(generator, Conditional):
        raise ValueError(f"the recipe {recipe.name} has no conditional generator of one branch")
    classes = generator.table.num_embeddings
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{recipe.name}-generator.bin"
    path.write_bytes(pack(by_influence(fold(generator.eval()), classes), classes))
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial.generator_files",
        description="Keep the generator of a trained conditional run as one small file.",
        epilog="example: python -m gan_tutorial.generator_files runs/conditional-long",
    )
    parser.add_argument("run", type=Path, help="the folder that `gan_tutorial train` wrote")
    parser.add_argument("--out", type=Path, default=FOLDER, help="default: the package's records")
    options = parser.parse_args(arguments)
    try:
        path = write(options.run, options.out)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{path} ({path.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

r"""Recorded results: what is too long for a build, read back. `recordings/` makes them.

The records are read by name::

    arrays, note = read("mnist-long")  # pictures and losses; where they come from
    generator, discriminator, prior = pair("mnist-long")
    draw = generator("conditional-long")
    features = judge("mnist-10k").features  # (n, 784) in [0, 1] -> (n, 64)

A record is `NAME.json` (title, machine, date, versions, seed, the command that makes it again, and
numbers), and `NAME.npz` where it has arrays. Trained pairs lie under `weights/`; a matrix is kept
as bytes, W ≈ scale·q with one scale for each row and whole q in [-127, 127].

A generator is also kept as one small file that pages can run, `NAME-generator.bin`, batch norm
folded in. It is little-endian: the bytes "GANG"; uint32 classes k (0: a generator of z alone),
number of layers L, then L + 1 widths, of which the first counts z and the k numbers of the one-hot
label; for each layer, float32 scales and biases of its units; for each layer, its int8 weights, unit
by unit. Unit i of a layer computes
:math:`\text{scale}_i\,(\text{weights}_i \cdot x) + \text{bias}_i`, followed by a leaky ReLU of slope
0.2 or, in the last layer, the logistic function.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial.metrics.judge import Judge, JudgeNetwork
from gan_tutorial.metrics.reader import Reader, reader_network
from gan_tutorial.networks import Conditional, Pair, mlp
from gan_tutorial.recipes import choose

__all__ = ["FOLDER", "generator", "judge", "pair", "read", "reader", "unpack_generator"]

FOLDER = Path(__file__).parent
"""Where the records lie."""
MAGIC = b"GANG"
Layers = list[tuple[Tensor, Tensor]]  # (weight (out, in), bias (out,)) of each layer, in float64


def read(name: str, folder: Path = FOLDER) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a record, and its note.

    Args:
        name: of the record.
        folder: where it lies.

    Returns:
        The arrays by their names (none, where the record has only numbers), and the note.

    Raises:
        ValueError: there is no such record; the message names those there are.
    """
    _check_name(name, folder, ".json")
    note = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    path = folder / f"{name}.npz"
    if not path.is_file():
        return {}, note
    with np.load(path) as file:
        return dict(file), note


def pair(name: str, folder: Path = FOLDER / "weights") -> Pair:
    """A trained pair, in evaluation mode, on the CPU, its parameters frozen.

    Args:
        name: of the record.
        folder: where it lies.

    Returns:
        The pair; its generator is the run's average.

    Raises:
        ValueError: there is no such pair; the message names those there are.
    """
    arrays, note = read(name, folder)
    images, classes = torch.zeros(1, *note["shape"]), note.get("classes", 10)
    trained = choose(note["recipe"]).build(images=images, classes=classes)
    for player in ("generator", "discriminator"):
        network, start = getattr(trained, player), f"{player}."
        own = {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
        network.load_state_dict(_unpacked(own))
        network.eval().requires_grad_(False)
    return trained


def judge(data: str = "mnist-10k", folder: Path = FOLDER) -> Judge:
    """The judge that was trained on the training rows of a data set.

    Args:
        data: name of the data set.
        folder: where the record lies.

    Returns:
        The judge, on the CPU, its parameters frozen; it moves to where the rows are.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    name = f"judge-{data}"
    arrays, note = read(name, folder)
    network = JudgeNetwork(note["shape"], note["classes"], note["width"])
    network.load_state_dict(_unpacked(arrays))
    return Judge(network.requires_grad_(False).eval(), name, note)


def reader(folder: Path = FOLDER) -> Reader:
    """The reader of digits that may say "no digit".

    Args:
        folder: where the record lies.

    Returns:
        The reader, on the CPU, its parameters frozen.

    Raises:
        ValueError: there is none in the folder.
    """
    arrays, note = read("digit-reader", folder)
    network = reader_network()
    network.load_state_dict(_unpacked(arrays))
    return Reader(network.requires_grad_(False).eval(), note)


def generator(name: str = "conditional-long", folder: Path = FOLDER) -> Conditional | nn.Sequential:
    """A recorded generator, z ~ N(0, I): a conditional one, called as `generator(z, y)`, or one without
    labels, called as `generator(z)`, such as the page "Digits from nothing" lets you take home.

    Args:
        name: of the record.
        folder: where it lies.

    Returns:
        The generator, in evaluation mode, its parameters frozen.

    Raises:
        ValueError: there is no such generator; the message names those there are.
    """
    _check_name(name, folder, "-generator.bin")
    return unpack_generator((folder / f"{name}-generator.bin").read_bytes())


def _check_name(name: str, folder: Path, end: str) -> None:
    names = sorted(path.name.removesuffix(end) for path in folder.glob(f"*{end}"))
    if name not in names:
        raise ValueError(f"name={name!r} is not recorded; there are: {', '.join(names) or 'none'}")


def _unpacked(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Tensors of a state dict, of which matrices are kept as whole numbers and scales."""
    tensors = {}
    for name, values in arrays.items():
        if not name.endswith(":scale"):
            scale = arrays.get(f"{name}:scale")
            tensors[name] = torch.from_numpy(values if scale is None else scale * values)
    return tensors


def unpack_generator(content: bytes) -> Conditional | nn.Sequential:
    """The generator in a file, as a torch module G(z, y) for z `(n, d)` and labels y `(n,)`; G(z) where
    the file has no classes.

    `unpack_generator(content).network(torch.cat([z, code], 1))` takes any code, such as a mixture of
    two labels.

    Args:
        content: the file's bytes.

    Returns:
        The generator, in evaluation mode, its parameters frozen.

    Raises:
        ValueError: the bytes are not such a file, or not all of it.
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
    return rebuild(layers, classes) if classes else _filled(layers)


def rebuild(layers: Layers, classes: int) -> Conditional:
    """The torch module of folded layers, called as `generator(z, y)`."""
    return Conditional(_filled(layers), classes).eval().requires_grad_(False)


@torch.no_grad()
def _filled(layers: Layers) -> nn.Sequential:
    """The layers with what stands between them and at the end."""
    widths = [layers[0][0].shape[1], *(len(bias) for _, bias in layers)]
    network = mlp(widths, output=nn.Sigmoid).eval().requires_grad_(False)
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    for layer, (weight, bias) in zip(linear, layers, strict=True):
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return network

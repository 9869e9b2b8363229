"""Figure ``conditional-generator``: a trained generator that draws the digit it is asked for, in the page."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from functools import cache
from typing import cast

import numpy as np
import torch
import traitlets
from torch import Tensor

from gan_tutorial.networks import Conditional
from gan_tutorial.plots import tiled
from gan_tutorial.recorded import unpack_generator

from ..base import Figure, choice, slider

FILE = "conditional-long-generator.bin"
DIGITS = tuple("0123456789")
MOVED = ("z1", "z2", "z3", "z4")  # coordinates of z that have a slider of their own
SIDE, GAP, COLUMNS = 28, 2, 5


@cache
def content() -> bytes:
    """The recorded generator's file."""
    return Figure.file(FILE)


@cache
def generator() -> Conditional:
    """The generator that the figure runs, as a torch module G(z, y)."""
    return cast(Conditional, unpack_generator(content()))


def normals(seed: int, count: int) -> list[float]:
    """The draws from N(0, 1) that ``fillNormal(makeRandom(seed), …)`` of network.js gives in the page."""
    mask = 2**32 - 1
    a, b, c, counter = 0x9E3779B9, 0x243F6A88, seed & mask, 1

    def uniform() -> float:  # sfc32
        nonlocal a, b, c, counter
        t = (a + b + counter) & mask
        counter = (counter + 1) & mask
        a, b = b ^ (b >> 9), (c + (c << 3)) & mask
        c = (((c << 21) | (c >> 11)) + t) & mask
        return (t + 0.5) / 2**32

    for _ in range(16):
        uniform()
    drawn = []
    for _ in range(0, count, 2):
        radius, angle = math.sqrt(-2 * math.log(uniform())), 2 * math.pi * uniform()
        drawn += [radius * math.cos(angle), radius * math.sin(angle)]
    return drawn[:count]


def png(pixels: Tensor) -> str:
    """Grey levels (h, w) in [0, 1], drawn as dark ink on white, as the address of a PNG that holds itself."""
    grey = np.rint(255 * (1 - pixels.double().numpy())).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in grey)
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    image = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def sheet(pictures: Tensor, columns: int = COLUMNS) -> Tensor:
    """Pictures (n, 784) as one, so many in a row, with gaps: ten, five in a row, are (58, 148)."""
    tiles = pictures.reshape(-1, SIDE, SIDE, 1).numpy()
    return torch.from_numpy(tiled(tiles, columns, GAP, ground=0)[..., 0])


class ConditionalGenerator(Figure):
    """A conditional generator of digits, trained for long and shipped as 8-bit weights, at work.

    It is asked for ``label``; with ``share`` > 0, for a mixture: the one-hot code of ``label`` times
    1 - share, plus that of ``other`` times share. Of its noise, the four coordinates that move the
    pictures most are ``z1`` to ``z4``; draw number ``seed`` from N(0, I) gives the others. Below
    stand the pictures that each of the ten labels gets with the same z.

    ``z()`` and ``pictures()`` give in Python what the page shows.
    """

    name = "conditional-generator"
    files = (FILE,)
    title = (
        "A trained conditional generator: choose the digit, move through z, morph between labels"
    )

    label = choice("3", DIGITS, "the digit that is asked for")
    other = choice("8", DIGITS, "the digit to morph to")
    share = slider(0, 0, 1, 0.01, "share of the other label in the code")
    z1 = slider(0, -3, 3, 0.05, "first coordinate of z")
    z2 = slider(0, -3, 3, 0.05, "second coordinate of z")
    z3 = slider(0, -3, 3, 0.05, "third coordinate of z")
    z4 = slider(0, -3, 3, 0.05, "fourth coordinate of z")
    seed = slider(1, 1, 500, 1, "number of the draw that gives the other coordinates")
    _weights = traitlets.Bytes(help="the generator's file").tag(sync=True)

    @traitlets.default("_weights")
    def _shipped(self) -> bytes:
        return content()

    def z(self) -> Tensor:
        """The noise that is shown, (d,)."""
        z = torch.tensor(normals(int(self.seed), generator().inputs))
        z[: len(MOVED)] = torch.tensor([getattr(self, name) for name in MOVED])
        return z

    def pictures(self) -> Tensor:
        """Pixels in [0, 1], (11, 784): the picture that is asked for, then those of the labels 0 to 9."""
        one_hot = torch.eye(len(DIGITS))
        mixed = torch.lerp(one_hot[int(self.label)], one_hot[int(self.other)], self.share)
        codes = torch.cat([mixed[None], one_hot])
        return generator().network(torch.cat([self.z().expand(len(codes), -1), codes], dim=1))

    def state(self) -> dict:
        """With the first state's pictures and numbers, which the page shows until it has the weights."""
        first, *labels = self.pictures()
        undecided = ((first > 0.1) & (first < 0.9)).double().mean()
        return {
            **super().state(),
            "_picture": {
                "file": FILE,
                "asked": png(first.reshape(SIDE, SIDE)),
                "labels": png(sheet(torch.stack(labels))),
                "ink": first.double().mean().item(),
                "undecided": undecided.item(),
            },
        }

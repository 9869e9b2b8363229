"""What every measure does with rows of numbers: check them, and take them in tiles that fit in memory."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

DOUBLES = 8  # bytes of one


def working_storage(device: torch.device) -> int:
    """Bytes to work in where the caller names none: 1 GiB, on a GPU half of what is free, at most 8."""
    if device.type != "cuda":
        return 2**30
    free, _ = torch.cuda.mem_get_info(device)
    return min(free // 2, 8 * 2**30)


def rows(
    data: Tensor | np.ndarray, name: str, value_range: tuple[float, float] | None = None
) -> Tensor:
    """Check `data` and return it as an `(n, d)` tensor of float32 or float64."""
    if not isinstance(data, Tensor):
        with warnings.catch_warnings():  # read-only arrays are welcome: nothing writes to them
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            data = torch.as_tensor(np.asarray(data))
    if not data.is_floating_point():
        raise ValueError(f"{name} must be floats; got {data.dtype}. For bytes: x.float() / 255")
    if data.ndim == 0 or data.numel() == 0:
        raise ValueError(f"{name} must be an array (n, d) with entries; got {tuple(data.shape)}")
    data = data.detach().reshape(len(data), -1)
    low, high = (float(v) for v in torch.aminmax(data))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} must be finite; some entries are NaN or infinite")
    if value_range is not None and not value_range[0] <= low <= high <= value_range[1]:
        hint = "; divide pixels by 255" if 1 < high <= 255 and value_range == (0, 1) else ""
        raise ValueError(
            f"{name} must lie in {value_range}, as value_range says; "
            f"they span [{low:.4g}, {high:.4g}]{hint}"
        )
    return data if data.dtype == torch.float64 else data.float()


def place(device: torch.device | str | None, data: Tensor) -> torch.device:
    """Where to compute in float64: `device`, or where the data are; Apple's GPUs lack float64."""
    chosen = torch.device(device) if device is not None else data.device
    return torch.device("cpu") if chosen.type == "mps" else chosen


def pair_of_rows(
    first: Tensor | np.ndarray, second: Tensor | np.ndarray, names: tuple[str, str]
) -> tuple[Tensor, Tensor]:
    """Two checked sets of rows of one width."""
    x, y = rows(first, names[0]), rows(second, names[1])
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{names[0]} and {names[1]} must have as many features, got {x.shape[1]} "
            f"and {y.shape[1]}"
        )
    return x, y


def tile_sides(width: int, columns: int, memory: int | None, device: torch.device) -> int:
    """How many rows a tile may have on each side, so that `columns` float64 arrays of one tile, and
    its rows of `width` numbers in float64, fit in `memory` bytes (None: `working_storage`).
    """
    memory = working_storage(device) if memory is None else memory
    side = 4096 if device.type == "cpu" else 16384  # larger ones are no faster
    while DOUBLES * (columns * side * side + 4 * width * side) > memory:
        side //= 2
        if side < 8:
            least = DOUBLES * (columns * 64 + 32 * width)
            raise ValueError(f"memory={memory} bytes is too little; give at least {least}")
    return side


def tiles(data: Tensor, side: int, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """`side` rows at a time, in float64 on `device`, with where they lie."""
    for first in range(0, len(data), side):
        where = slice(first, min(first + side, len(data)))
        yield where, data[where].to(device, torch.float64)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Of all pairs, `(n, m)`, from differences: 0 for equal rows, and the same bits for (x, y) as for
    (y, x). (The product 2 x·y is faster, but rounds what lies on a ball's edge in or out.)
    """
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square_()

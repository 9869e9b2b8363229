"""Weights as whole numbers of eight bits, as records and the files of pages keep them."""

from __future__ import annotations

import numpy as np


def quantised(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W ≈ scale·q: q (m, ...) int8 from -127 to 127 and a float32 scale (m, 1, ...) for each row.

    What was read back from a quantised matrix gives the same q again; the error is at most half a
    scale.
    """
    scale = (
        np.abs(matrix).max(axis=tuple(range(1, matrix.ndim)), keepdims=True).astype(np.float32)
        / 127
    )
    scale[scale == 0] = 1.0
    return np.rint(matrix / scale).astype(np.int8), scale

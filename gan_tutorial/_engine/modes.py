"""Evaluation mode for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[nn.Module]:
    """Inside, no dropout, and averages in batch norm; afterwards each layer has its own mode again."""
    before = [(layer, layer.training) for layer in network.modules()]
    try:
        yield network.eval()
    finally:
        for layer, training in before:
            layer.training = training

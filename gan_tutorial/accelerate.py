"""CUDA graphs: a training step recorded once and replayed without Python's overhead."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

WARM_UP = (
    11  # steps taken one by one before the recording, as PyTorch advises; they count as training
)


def captured(
    step: Callable[[], None], device: torch.device, rng: torch.Generator
) -> Callable[[], None]:
    """A function that does what `step` does, replayed from a CUDA graph from the twelfth call on.

    `step` must read and write tensors in place and never look at their values. On a CPU it is
    returned as it is. Where recording fails, a warning says why, and every step runs eagerly.
    """
    if device.type != "cuda":
        return step
    graph, stream, calls = torch.cuda.CUDAGraph(), torch.cuda.Stream(device), 0
    replay: Callable[[], None] | None = None

    def record() -> Callable[[], None]:
        try:
            graph.register_generator_state(rng)
            with torch.cuda.graph(graph, stream=stream):
                step()
        except (RuntimeError, AttributeError) as error:
            warnings.warn(f"training without a CUDA graph: {error}", stacklevel=2)
            return step
        return graph.replay

    def run() -> None:
        nonlocal calls, replay
        if calls == WARM_UP:
            replay = record()
        calls += 1
        if replay is not None:
            replay()
            return
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            step()
        torch.cuda.current_stream(device).wait_stream(stream)

    return run

"""CUDA graphs: a training step recorded once and replayed without Python's overhead."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from gan_tutorial import distributed
from gan_tutorial.runs import Run

WARM_UP = (
    11  # steps taken one by one before the recording, as PyTorch advises; they count as training
)


def captured(step: Callable[[Run], None], run: Run) -> Callable[[], None]:
    """A function that does what `step(run)` does, replayed from a CUDA graph from the twelfth call
    on.

    Without CUDA, with several processes, or with schedules of more than the learning rate (any
    other number is frozen into a graph), every call runs `step` itself; so it does, with a warning,
    where the recording fails. `step` must never look at the values of its tensors.
    """
    scheduled = run.d.schedules.keys() | run.g.schedules.keys()
    if run.device.type != "cuda" or distributed.size() > 1 or not scheduled <= {"lr"}:
        return lambda: step(run)
    run.d.make_capturable()
    run.g.make_capturable()
    stream, calls, take = torch.cuda.Stream(run.device), 0, None

    def call() -> None:
        nonlocal calls, take
        if calls == WARM_UP:
            take = _record(step, run, stream)
        calls += 1
        if take is not None:
            take()
            return
        stream.wait_stream(torch.cuda.current_stream(run.device))
        with torch.cuda.stream(stream):
            step(run)
        torch.cuda.current_stream(run.device).wait_stream(stream)

    return call


def _record(step: Callable[[Run], None], run: Run, stream: torch.cuda.Stream) -> Callable[[], None]:
    try:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(run.randomness.rng)
        with torch.cuda.graph(graph, stream=stream):
            step(run)
    except (RuntimeError, AttributeError) as error:
        warnings.warn(f"training goes on without a CUDA graph: {error}", stacklevel=2)
        return lambda: step(run)
    return graph.replay

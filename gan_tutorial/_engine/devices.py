"""Where a training step runs: in several processes, or replayed from a CUDA graph.

``torchrun --nproc-per-node=N -m gan_tutorial train ...`` starts N processes. Each draws the same
joint batch (their generators start from the same seed) and keeps its own rows, and gradients are
averaged before each step; the mean of the means over equal shares is the mean over the joint batch,
so N processes take the steps of one. With one process nothing here does anything. Batch norm sees
its own process's rows only.

PyTorch's DistributedDataParallel hooks into ``backward``; a step here asks for the gradients of one
player at a time (``autograd.grad``), which those hooks never see.
"""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

if TYPE_CHECKING:
    from gan_tutorial._engine.run import Run

Result = TypeVar("Result")
ASKED = 8  # steps between two questions whether Ctrl-C was pressed in another process
WARM_UP = 11  # steps taken one by one before a graph, as PyTorch advises; they count as training


def _active() -> bool:
    return dist.is_available() and dist.is_initialized()


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, and the vector unit that PyTorch uses of it: "AMD EPYC, AVX2"."""
    name = platform.processor() or platform.machine()
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(errors="replace").splitlines()
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        name = next(names, name)
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def rank() -> int:
    """This process's number; 0 is the one that writes files and shows progress."""
    return dist.get_rank() if _active() else 0


def size() -> int:
    """The number of processes that train together."""
    return dist.get_world_size() if _active() else 1


def own_rows(batch: Tensor) -> Tensor:
    """This process's equal share of a joint batch."""
    return batch if size() == 1 else batch.chunk(size())[rank()]


def average_(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, in one message."""
    if size() == 1 or not tensors:
        return
    joint = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(joint)
    joint.div_(size())
    for tensor, mean in zip(tensors, joint.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))


def anyone(says: bool, step: int = 0) -> bool:
    """Whether some process says so; with several, they ask each other at every `ASKED`-th step only,
    so that all stop at the same one.
    """
    if size() == 1:
        return says
    if step % ASKED:
        return False
    said = torch.tensor(float(says), device=_messages())
    dist.all_reduce(said)
    return bool(said)


def gathered(value: Tensor) -> list[Tensor]:
    """Each process's tensor, in the order of their numbers; all are of one shape and on the CPU."""
    if size() == 1:
        return [value]
    own = value.to(_messages())
    parts = [torch.empty_like(own) for _ in range(size())]
    dist.all_gather(parts, own)
    return [part.cpu() for part in parts]


def _messages() -> torch.device:
    """Where messages between the processes lie."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def from_rank_0(value: Any) -> Any:
    """Rank 0's value, in every process."""
    if size() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def by_rank_0(do: Callable[[], Result]) -> Result | None:
    """What `do` gives in rank 0, None elsewhere; what rank 0 refuses, or its disk, is a ValueError in
    every process.
    """
    result, error = None, None
    if rank() == 0:
        try:
            result = do()
        except (ValueError, OSError) as caught:
            error = str(caught)
    error = from_rank_0(error)
    if error is not None:
        raise ValueError(error)
    return result


def copy_from_rank_0(tensors: Sequence[Tensor]) -> None:
    """Overwrite each tensor by rank 0's."""
    if size() > 1:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), src=0)


@contextmanager
def launched() -> Iterator[torch.device]:
    """Join the processes that torchrun started, if it did; yields the device that this one should
    use.
    """
    cuda = torch.cuda.is_available()
    device = (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    )
    if "WORLD_SIZE" not in os.environ or "RANK" not in os.environ:
        yield device
        return
    if cuda:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def captured(step: Callable[[Run], None], run: Run) -> Callable[[], None]:
    """A function that does what `step(run)` does, replayed from a CUDA graph from the twelfth call
    on.

    Without CUDA, with several processes, or with schedules of more than the learning rate (any
    other number is frozen into a graph), every call runs `step` itself; so it does, with a warning,
    where the recording fails. `step` must never look at the values of its tensors.
    """
    if run.device.type != "cuda" or size() > 1 or not run.settings.schedules.keys() <= {"lr"}:
        return lambda: step(run)
    _read_rates_at_replay(run)
    stream, calls = torch.cuda.Stream(run.device), 0
    take: Callable[[], None] | None = None

    def call() -> None:
        nonlocal calls, take
        if calls == WARM_UP:
            take = _record(step, run, stream)
        calls += 1
        if take is not None:
            take()
            return
        stream.wait_stream(torch.cuda.current_stream(run.device))
        with torch.cuda.stream(stream), _fastest_convolutions():
            step(run)
        torch.cuda.current_stream(run.device).wait_stream(stream)

    return call


def _fastest_convolutions() -> AbstractContextManager[None]:
    """Inside, cuDNN tries its algorithms on each new shape, and a graph holds what it has chosen."""
    kept = torch.backends.cudnn
    return kept.flags(
        enabled=kept.enabled,
        benchmark=not kept.deterministic,
        deterministic=kept.deterministic,
        allow_tf32=kept.allow_tf32,
    )


def _record(step: Callable[[Run], None], run: Run, stream: torch.cuda.Stream) -> Callable[[], None]:
    try:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(run.randomness.rng)
        with _fastest_convolutions(), torch.cuda.graph(graph, stream=stream):
            step(run)
    except (RuntimeError, AttributeError) as error:
        warnings.warn(f"training goes on without a CUDA graph: {error}", stacklevel=2)
        return lambda: step(run)
    return graph.replay


def _read_rates_at_replay(run: Run) -> None:
    """Put scheduled learning rates where a CUDA graph reads them anew at each replay."""
    if "lr" in run.settings.schedules:
        for player in (run.d, run.g):
            for group in player.groups():
                group["lr"] = torch.tensor(group["lr"], device=run.device)

"""The same training loop in several processes: `torchrun --nproc-per-node=N -m gan_tutorial train
...`.

Every process draws the same joint batch (their generators start from the same seed) and keeps its
own rows, and gradients are averaged before each step; the mean of the means over equal shares is
the mean over the joint batch, so N processes take the steps of one. With one process nothing here
does anything. Batch norm sees its own process's rows only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor


def _active() -> bool:
    return dist.is_available() and dist.is_initialized()


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


def from_rank_0(value: object) -> object:
    """Rank 0's value, in every process."""
    if size() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


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

"""Checkpoints that are either whole or not there.

A file is one line, `gan-tutorial checkpoint 1 <sha256 of the rest>`, and then what `torch.save`
wrote. It is written beside its final place, flushed to the disk, and moved there in one step, so a
process that is killed at any moment leaves the previous file or the new one and never half of one.
Reading checks the digest first and then unpacks tensors and plain values only
(`weights_only=True`): no code in a file is ever run.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

MAGIC = b"gan-tutorial checkpoint 1 "


def save(path: str | os.PathLike, state: dict) -> None:
    """Write `state` (tensors, numbers, strings, dicts and lists of them) to `path`, atomically."""
    path = Path(path)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike, device: torch.device | str = "cpu") -> dict:
    """The state that `save` wrote; the file itself is only read.

    Raises FileNotFoundError when there is none, and ValueError when it is not one of ours, was cut
    short or changed since it was written, or holds more than tensors and plain values.
    """
    data = Path(path).read_bytes()
    head, _, payload = data.partition(b"\n")
    if not head.startswith(MAGIC):
        raise ValueError(f"{path} is not a checkpoint of gan_tutorial (or one of another version)")
    if head[len(MAGIC) :].decode(errors="replace") != hashlib.sha256(payload).hexdigest():
        raise ValueError(
            f"{path} was cut short or changed after it was written (its digest does not match). It "
            "is left as it is: restore it from a copy, or name another file to start afresh"
        )
    try:
        return torch.load(io.BytesIO(payload), map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors and plain values; nothing in it was run ({error})"
        ) from error


def sweep_partial(path: str | os.PathLike) -> None:
    """Delete what killed processes left beside `path` while they were writing it."""
    path = Path(path)
    for leftover in path.parent.glob(f".{path.name}.*.partial"):
        leftover.unlink(missing_ok=True)


@contextmanager
def interrupts_held(hold: bool) -> Iterator[threading.Event]:
    """While inside, Ctrl-C only sets the event that is yielded, so that a step is never cut in two.

    Nothing changes without `hold`, outside the main thread (where Python delivers no signals), and
    where SIGINT is ignored, as in the background of a script: Ctrl-C is meant for others there.
    """
    pressed = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not hold or not main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield pressed
        return
    previous = signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, previous)

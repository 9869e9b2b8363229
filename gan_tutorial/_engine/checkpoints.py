"""Checkpoints that are either whole or not there.

A file is one line, `gan-tutorial checkpoint 3 <sha256 of the rest>`, and then what `torch.save`
wrote. It is written beside its final place, flushed to the disk, and moved there in one step, so a
process that is killed at any moment leaves the previous file or the new one and never half of one.
Reading checks the digest first and then unpacks tensors and plain values only
(`weights_only=True`): no code in a file is ever run.

One process owns a checkpoint at a time: `own` holds a lock beside it, which the system takes away
with the process.

A run that goes on must be the run that was stopped: `plain` writes down what decides it, and
`difference` finds what is another.
"""

from __future__ import annotations

import contextlib
import datetime
import dis
import fnmatch
import functools
import glob
import hashlib
import inspect
import io
import os
import pickle
import platform
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

MAGIC = b"gan-tutorial checkpoint 3 "
OPERATIONS = ("BINARY_OP", "COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_")


def own(path: Path, resume: bool) -> Owner:
    """Take hold of a file in a folder that exists, not yet taken unless the run is resumed."""
    if not path.parent.is_dir():
        raise ValueError(f"checkpoint: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise ValueError(f"checkpoint: {path} is a folder; name a file in it")
    owner = Owner(path)
    if path.exists() and not resume:
        owner.release()
        raise ValueError(
            f"checkpoint: {path} exists; resume=True goes on from it, or name another file"
        )
    return owner


def save(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, dicts and lists of them) to `path`, atomically."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    payload = buffer.getvalue()
    write(path, MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Put `content` in the place of what `path` holds, whole or not at all.

    Raises OSError, which names the file and what to do, when it cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


def unwritable(path: str | os.PathLike[str], error: OSError) -> OSError:
    """The error to raise when `path` cannot be written: a full disk seldom says which file it was."""
    told = OSError(
        f"{path} cannot be written ({error.strerror or error}); what was there before is as it was. "
        "Make room, or name another place; a run that was stopped goes on with resume=True"
    )
    told.errno = error.errno
    return told


def sweep_partial(folder: Path, names: Sequence[str]) -> None:
    """Remove what killed processes left half-written of the files named (patterns), for the owner
    of the folder alone.
    """
    for leftover in folder.glob(".*.partial"):
        whole, _, process = leftover.name[1 : -len(".partial")].rpartition(".")
        if process.isdecimal() and any(fnmatch.fnmatchcase(whole, name) for name in names):
            leftover.unlink(missing_ok=True)


def load(path: str | os.PathLike[str], device: torch.device | str = "cpu") -> dict[str, Any]:
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


class Owner:
    """Holds `path` for this process, until `release` or the process's end, however it comes.

    The lock is the system's (flock on a file beside `path`), so a killed process leaves none; the
    words in the file only say whose it was. Raises ValueError where a living process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.place, self.process = path.with_name(f".{path.name}.lock"), os.getpid()
        self.file = self._locked(path)
        self.file.seek(0)
        former = self.file.read()
        if former:
            warnings.warn(
                f"{path}: {former} ended without letting go of it; what it left half-written is "
                "swept away, and the last whole checkpoint is used",
                stacklevel=4,
            )
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        words = f"process {os.getpid()} on {platform.node()}, since {now}"
        with contextlib.suppress(OSError):  # a full disk: the lock holds without words
            self.file.truncate(0)
            os.write(self.file.fileno(), words.encode())
        sweep_partial(path.parent, [glob.escape(path.name)])  # nobody else may write here now

    def _locked(self, path: Path) -> IO[str]:
        while True:
            try:
                file = self.place.open("a+")
            except OSError as error:
                raise unwritable(path, error) from error
            try:
                if not lock(file):
                    warnings.warn(
                        f"{self.place} cannot be locked on this system; see to it that no second "
                        "process trains into the same file",
                        stacklevel=5,
                    )
            except BlockingIOError:
                file.seek(0)
                owner = file.read() or "another process"
                file.close()
                raise ValueError(
                    f"checkpoint: {path} is being written by {owner}; wait for it, stop it, or name "
                    "another file"
                ) from None
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), self.place.stat()):
                    return file
            file.close()  # its owner removed it between our opening and our locking it

    def release(self) -> None:
        """Let go of it; a second time does nothing, and neither does a forked child, whose parent
        goes on holding it.
        """
        if not self.file.closed and self.process == os.getpid():
            self.place.unlink(missing_ok=True)
            self.file.close()


def lock(file: IO[str] | int, wait: bool = False) -> bool:
    """Lock an open file for this process; where another one has it, `wait`, or raise
    BlockingIOError. False where the system or the file system has no locks.
    """
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return False
    return True


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


def plain(value: object, above: tuple[int, ...] = ()) -> Any:
    """`value` as numbers, words, lists and dicts, so that what decides a run can be kept and
    compared: a function by its name and by the values that it has closed over. What lies in itself,
    `above`, is named only, and so is what has no more to say than where it lies in memory.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if id(value) in above:
        return type(value).__qualname__
    inside = functools.partial(plain, above=(*above, id(value)))
    if isinstance(value, Mapping):
        return {str(key): inside(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [inside(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: inside(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, functools.partial):
        return {"function": inside(value.func), "given": inside([value.args, value.keywords])}
    if isinstance(value, torch.Tensor | np.ndarray):
        return fingerprint(value)
    if inspect.ismethod(value):
        return {"function": inside(value.__func__), "of": inside(value.__self__)}
    if hasattr(value, "__code__"):
        return _plain_function(value, inside)
    if hasattr(value, "__qualname__") or not hasattr(value, "__dict__"):
        words = getattr(value, "__qualname__", None) or str(value)
        return type(value).__qualname__ if " at 0x" in words else words
    if type(value).__module__.partition(".")[0] in sys.stdlib_module_names:  # a logger, a lock, …
        return type(value).__qualname__
    return {"object": type(value).__qualname__, **inside(vars(value))}


def fingerprint(first: torch.Tensor | np.ndarray, *others: torch.Tensor) -> dict[str, Any]:
    """The shape and type of the first array, and what the numbers of all come to."""
    digest = hashlib.sha256()
    for array in (first, *others):
        if isinstance(array, torch.Tensor):
            array = array.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return {"shape": list(first.shape), "dtype": str(first.dtype), "sha256": digest.hexdigest()}


def _plain_function(function: Any, inside: Callable[[object], Any]) -> Any:
    function = inspect.unwrap(function)  # under decorators such as torch.no_grad
    code, name = function.__code__, function.__qualname__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    closed = {variable: inside(cell.cell_contents) for variable, cell in cells}
    if "<lambda>" in name:  # its name says nothing: what it computes with does
        constants = [
            c for c in code.co_consts if c is None or isinstance(c, bool | int | float | str)
        ]
        steps = dis.get_instructions(code)
        signs = [f"{i.opname} {i.argrepr}" for i in steps if i.opname.startswith(OPERATIONS)]
        closed["code"] = [*constants, *code.co_names, *signs]
    given = [function.__defaults__, function.__kwdefaults__]
    if any(given):
        closed["defaults"] = inside(given)
    return {"function": name, **closed} if closed else name


def difference(a: Any, b: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """The first place in which two plain values differ, ("objective.weight", 10.0, 1.0), or None."""
    if isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
        parts = ((f"{name}.{key}" if name else key, a[key], b[key]) for key in a)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        parts = ((f"{name}[{i}]", *both) for i, both in enumerate(zip(a, b, strict=True)))
    else:
        return None if a == b else (name.removeprefix("settings."), a, b)
    found = (difference(theirs, own, place) for place, theirs, own in parts)
    return next(filter(None, found), None)

"""A folder of pictures as one array: found, read, brought to one size, and kept beside its fingerprint.

The array lies in `.gan-tutorial/` inside the folder and is mapped, not read: pictures that memory
cannot hold stay on the disk. What it was made from (names, sizes and times of the files, and how
they were brought to size) is part of its name, so that a changed folder is read anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from gan_tutorial._engine import checkpoints

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
CACHE = ".gan-tutorial"
ORDER = 2  # the version of how pictures are ordered and brought to size
NAMED = 5  # broken files that a message names
AHEAD = 64  # pictures that are read before they are asked for


@dataclass(frozen=True)
class Fit:
    """How a picture is brought to size; see `gan_tutorial.data.load_folder`."""

    height: int
    width: int
    channels: int
    pad: bool
    background: tuple[int, int, int]

    def read(self, path: Path) -> np.ndarray:
        """The picture as uint8 (c, h, w); raises what Pillow raises."""
        from PIL import Image, ImageOps

        with Image.open(path) as opened:
            image = self._eight_bits(ImageOps.exif_transpose(opened), opened.format)
        if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
            ground = Image.new("RGBA", image.size, (*self.background, 255))
            ground.alpha_composite(image.convert("RGBA"))
            image = ground
        image, size = image.convert("RGB"), (self.width, self.height)
        if self.pad:
            image = ImageOps.pad(image, size, Image.Resampling.LANCZOS, color=self.background)
        else:
            image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        if self.channels == 1:
            return np.asarray(image.convert("L"))[None]
        return np.asarray(image).transpose(2, 0, 1)

    @staticmethod
    def _eight_bits(image: Any, kind: str | None) -> Any:
        """Of 16 bits, the upper 8: Pillow would cut off all that is above 255. Numbers of 32 bits do
        not say what is white.
        """
        from PIL import Image

        if image.mode == "F" or (image.mode == "I" and kind != "PNG"):
            raise ValueError(f"pixels of 32 bits (mode {image.mode}), which have no white")
        if not image.mode.startswith("I"):
            return image
        pixels = np.asarray(image)
        grey = Image.fromarray((pixels.clip(0, 65535) // 257).astype(np.uint8))
        clear = image.info.get("transparency")
        if clear is None:
            return grey
        return Image.merge("LA", (grey, Image.fromarray(np.uint8(255) * (pixels != clear))))


def files(folder: Path) -> list[Path]:
    """Every picture under `folder`, by its ending, in the order of the names; hidden ones are not."""
    found = (
        Path(place, name)
        for place, _, names in os.walk(folder)  # links to folders are not followed
        for name in names
        if name.lower().endswith(ENDINGS)
    )
    parts = ((path, path.relative_to(folder).parts) for path in found)
    return sorted(path for path, names in parts if not any(name.startswith(".") for name in names))


def fingerprint(folder: Path, paths: Sequence[Path], fit: Fit) -> str:
    """Of the files' names, sizes and times, and of how they are read, ordered and brought to size."""
    total = hashlib.sha256(f"{ORDER} {json.dumps(asdict(fit), sort_keys=True)}".encode())
    for path in paths:
        try:
            stat = path.stat()
            what = stat.st_size, stat.st_mtime_ns
        except OSError:  # a link to nothing, say, which will be named as broken
            what = -1, -1
        entry = (path.relative_to(folder).as_posix(), *what)
        total.update(json.dumps(entry).encode() + b"\n")
    return total.hexdigest()


def read(folder: Path, fit: Fit, *, strict: bool, progress: bool) -> tuple[np.ndarray, list[str]]:
    """The pictures (n, c, h, w), uint8, and the name of each, relative to the folder.

    ValueError where there is none, or, under `strict`, where one cannot be read.
    """
    paths = files(folder)
    if not paths:
        raise ValueError(f"{folder} holds no pictures ({', '.join(ENDINGS)}), nor do its folders")
    mark = fingerprint(folder, paths, fit)
    # By a digest of the name: a slice of this order, which costs no memory, is as mixed as the whole,
    # and a picture that is added moves hardly any other one into another split.
    paths.sort(key=lambda path: _digest(path.relative_to(folder)))
    same_fit = hashlib.sha256(repr(fit).encode()).hexdigest()[:8]
    place = folder / CACHE / f"{same_fit}-{mark[:24]}.npy"
    kept = _kept(place, mark)
    if kept is None:
        kept = _made(folder, paths, fit, place, mark, progress)
    pictures, names, broken = kept
    if broken:
        listed = "; ".join(broken[:NAMED]) + ("; …" if len(broken) > NAMED else "")
        what = f"{len(broken)} of {len(paths)} pictures in {folder} cannot be read: {listed}"
        if strict:
            raise ValueError(f"{what}. Mend or remove them, or read without strict")
        if not names:
            raise ValueError(what)
        warnings.warn(f"{what}. They are left out", stacklevel=4)
    return pictures, names


Kept = tuple[np.ndarray, list[str], list[str]]


def _kept(place: Path, mark: str) -> Kept | None:
    """What was kept of the same folder, if it is whole."""
    try:
        note = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        pictures = np.load(place, mmap_mode="c")
        whole = note["fingerprint"] == mark and len(pictures) == len(note["names"])
        return (pictures, note["names"], note["broken"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _made(
    folder: Path, paths: Sequence[Path], fit: Fit, place: Path, mark: str, progress: bool
) -> Kept:
    """Read every picture, and keep the array, if the folder can be written to."""
    try:
        with _alone(place.parent) as alone:
            kept = _kept(place, mark)  # another process may have made it while this one waited
            if kept is not None:
                return kept
            for left in place.parent.glob(".*.partial") if alone else ():
                left.unlink(missing_ok=True)  # by a process that was killed
            return _written(folder, paths, fit, place, mark, progress)
    except OSError as error:
        warnings.warn(
            f"{folder}: the pictures are read into memory, and anew each time, since nothing can be "
            f"kept there ({error})",
            stacklevel=5,
        )
    pictures = np.empty((len(paths), fit.channels, fit.height, fit.width), np.uint8)
    names, broken = _filled(pictures, folder, paths, fit, progress)
    return pictures[: len(names)], names, broken


@contextmanager
def _alone(cache: Path) -> Iterator[bool]:
    """Hold the folder's cache, for which other processes wait; the system lets go of it with the
    process. Whether it is held: where there are no locks, each process reads the pictures itself.
    """
    cache.mkdir(exist_ok=True)
    place = os.open(cache / ".lock", os.O_RDONLY | os.O_CREAT, 0o666)
    try:
        yield checkpoints.lock(place, wait=True)
    finally:
        os.close(place)


def _written(
    folder: Path, paths: Sequence[Path], fit: Fit, place: Path, mark: str, progress: bool
) -> Kept:
    """Read every picture into the array that is kept; OSError where the disk cannot hold it."""
    for old in place.parent.glob(f"{place.name.partition('-')[0]}-*"):  # the folder's own past
        old.unlink(missing_ok=True)
    unfinished = place.with_name(f".{place.name}.{os.getpid()}.partial")
    fewer = unfinished.with_suffix(".fewer.partial")
    shape = (len(paths), fit.channels, fit.height, fit.width)
    try:
        mapped = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        _reserve(unfinished)
        names, broken = _filled(mapped, folder, paths, fit, progress)
        if not names:
            return mapped[:0], names, broken
        mapped.flush()
        if broken:
            with fewer.open("wb") as file:
                np.save(file, mapped[: len(names)])
            fewer.replace(unfinished)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
        fewer.unlink(missing_ok=True)
    note = {"fingerprint": mark, "names": names, "broken": broken}
    checkpoints.write(place.with_suffix(".json"), json.dumps(note).encode())
    return np.load(place, mmap_mode="c"), names, broken


def _reserve(file: Path) -> None:
    """Have the disk give all that the file will need: a full one says so now, and not by SIGBUS."""
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("r+b") as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        except OSError as error:  # some file systems cannot
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise


def _digest(name: Path) -> bytes:
    return hashlib.sha256(os.fsencode(name.as_posix())).digest()


def _filled(
    pictures: np.ndarray, folder: Path, paths: Sequence[Path], fit: Fit, progress: bool
) -> tuple[list[str], list[str]]:
    """Put what can be read into `pictures`, one after the other; the names, and what is broken."""
    names: list[str] = []
    broken: list[str] = []
    bar = tqdm(total=len(paths), unit="picture", desc=folder.name, disable=not progress)
    with bar:
        for path, picture in _read_ahead(paths, fit):
            name = path.relative_to(folder).as_posix()
            if isinstance(picture, np.ndarray):
                pictures[len(names)] = picture
                names.append(name)
            else:
                broken.append(f"{name} ({picture})")
            bar.update()
    return names, broken


def _read_ahead(paths: Sequence[Path], fit: Fit) -> Iterator[tuple[Path, np.ndarray | Exception]]:
    """Each file's picture, or why there is none, read in threads a little before it is asked for."""

    def attempt(path: Path) -> np.ndarray | Exception:
        try:
            return fit.read(path)
        except Exception as error:  # whatever a damaged file makes a decoder raise
            return error

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), AHEAD):
            some = paths[start : start + AHEAD]
            yield from zip(some, pool.map(attempt, some), strict=True)

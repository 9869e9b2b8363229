"""Named data sets, each as one uint8 tensor of images and one int64 tensor of labels.

A training loop draws a batch by indexing the tensor where it lives, with no worker processes and
no copy from the host::

    images, labels = load("mnist-10k", split="train", device="cuda")
    x = flatten(images)  # (n, d) floats in [0, 1]

The ten thousand digits of `"mnist-10k"` and the 762 colour portraits of `"emoji-faces"` lie inside
the package; the others are downloaded once through torchvision (`"mnist"`, `"fashion-mnist"`,
`"cifar10"`) or read from a file that the reader owns (`"tfd"`, the Toronto Face Database, which is
not public). A folder of pictures is a data set as well: `load("path/to/pictures")`, see
`load_folder`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.folder import Fit
from gan_tutorial._engine.folder import files as picture_files
from gan_tutorial._engine.folder import read as read_folder

__all__ = ["Images", "attributes", "draw_labels", "flatten", "load", "load_folder"]

EMBEDDED = Path(__file__).parent / "recorded" / "mnist_10k"
CHECKSUMS = {  # sha256, also in recorded/mnist_10k/README.md
    "images-idx3-ubyte.gz": "3ec8f1f33bbb16ea01df6bf5cfe4bb49f4b31f6b898e38c71bfb8af417d1a1b8",
    "labels-idx1-ubyte.gz": "ef16c0682860b320586563944959fb88a9b6452750c793586e4da533c6c33749",
}
FACES = Path(__file__).parent / "recorded" / "emoji_faces"
FACES_CHECKSUMS = {  # sha256, also in recorded/emoji_faces/README.md
    "emoji-faces.npz": "657be1409e0f8507e74470c0ec818a75d66d776fa8e85b9104fc163917aeeaa9",
    "labels.csv": "6820415ec17ea764d9f88f2ec7703af9e390a6e44b6238ec781abf45741600ca",
}
FEWEST_TO_SPLIT = 20  # pictures of a folder; of fewer, none is held out
FACES_HELD_OUT = 72  # of the full design's 720 for test, and as many for validation
EMBEDDED_SPLITS = {
    "train": slice(0, 8000),
    "validation": slice(8000, 9000),
    "test": slice(9000, 10000),
}
TFD_FOLD_CODES = {"unlabeled": 0, "train": 1, "validation": 2, "test": 3}
TFD_FILE = "TFD_48x48.mat"
_declared: list[
    torch.library.Library
] = []  # keeps operator declarations alive, see import_torchvision


Arrays = tuple[np.ndarray, np.ndarray]


class Images(NamedTuple):
    """A data set.

    Attributes:
        images: `(n, c, h, w)`, uint8, 0 = black.
        labels: `(n,)`, int64, -1 = unknown; of several attributes, `(n, attributes)`.
    """

    images: Tensor
    labels: Tensor


def load(
    name: str,
    split: str = "train",
    root: str | os.PathLike[str] = "data",
    device: torch.device | str = "cpu",
    download: bool = True,
    **pictures: Any,
) -> Images:
    """One split of a named data set, or of a folder of pictures.

    - `"mnist-10k"`: train 8,000, validation 1,000, test 1,000; shipped, `root` is not used.
    - `"emoji-faces"`: 762 portraits, 3 × 32 × 32, whose labels are (who, role, tone), see
      `attributes`; shipped. Train 618, validation 72, test 72, no two of the same three values;
      every value of each attribute is among the training rows.
    - `"mnist"`, `"fashion-mnist"`: train 50,000, validation 10,000 (the last sixth of train), test
      10,000.
    - `"cifar10"`: train 45,000, validation 5,000 (the last tenth of train), test 10,000.
    - `"tfd"`: unlabeled, train, validation, test of the file's first fold.
    - the path of a folder: of its pictures, in the order of a digest of their names, a tenth each for
      test and validation; of fewer than 20, all for train.

    Args:
        name: one of those.
        split: one of its splits.
        root: the folder that holds (or will hold) the files; for `"tfd"`, `TFD_48x48.mat`.
        device: where the tensors go.
        download: whether missing files are fetched, with a progress bar, checked, and moved into
            `root` when whole.
        **pictures: of a folder, what `load_folder` takes: `size`, `channels`, ...

    Returns:
        Images and labels.

    Raises:
        ValueError: the name or the split is unknown, a file is damaged, or the folder has no such
            split.
        FileNotFoundError: a file is missing.
        ConnectionError: a download failed.
    """
    if is_folder(name):
        return _split_of_folder(load_folder(name, **pictures), name, split, device)
    if name not in SOURCES:
        raise ValueError(
            f"name={name!r} is not a data set; choose one of {', '.join(SOURCES)}, or name a folder "
            "of pictures, such as ./pictures"
        )
    if pictures:
        raise ValueError(f"{', '.join(pictures)}: only a folder of pictures takes it, not {name!r}")
    images, labels = SOURCES[name](split, Path(root).expanduser(), download)
    images = torch.as_tensor(np.ascontiguousarray(images), device=device)
    return Images(images, torch.as_tensor(labels, dtype=torch.int64, device=device))


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Whether a data set's name is the path of a folder: it is there, or has a separator in it."""
    name = os.fspath(name)
    return name not in SOURCES and (
        any(mark in name for mark in (os.sep, "/")) or Path(name).expanduser().is_dir()
    )


def load_folder(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] = 32,
    channels: int = 3,
    pad: bool = False,
    background: int | tuple[int, int, int] = 255,
    classes: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Images:
    """Every picture in a folder, and in the folders in it, brought to one size.

    PNG, JPEG, WebP, BMP, GIF (the first picture) and TIFF are read, turned as their cameras say,
    with 16 bits, palettes and transparency. The result is kept in the folder, in `.gan-tutorial`,
    until a file changes, and mapped into memory: it may be larger than that.

    Args:
        path: the folder.
        size: height and width, in pixels; one number: both.
        channels: 3 for colours, 1 for grey.
        pad: whether a picture of another shape is shown whole, with bars of the background, instead
            of its middle.
        background: what shows through transparent places and in bars, grey from 0 to 255, or
            (red, green, blue).
        classes: whether the first folder of a picture's path is its label, numbered in the order of
            the names. Otherwise labels are -1.
        strict: whether a file that cannot be read is an error; else it is left out, with a warning.
        progress: a bar, in a terminal or a notebook.

    Returns:
        Images `(n, c, h, w)`, in the order of a digest of their names, so that any slice is mixed, and
        labels.

    Raises:
        ValueError: an argument does not fit, there is no picture, or none can be read.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise ValueError(f"path={str(path)!r} is not a folder of pictures")
    fit = _fit(size, channels, pad, background)
    pictures, names = read_folder(folder, fit, strict=strict, progress=progress)
    labels = np.full(len(names), -1)
    if classes:
        loose = next((name for name in names if "/" not in name), None)
        if loose is not None:
            raise ValueError(
                f"classes: {loose} lies in no folder of {folder} that would be its label"
            )
        numbers = {name: i for i, name in enumerate(_tops(folder))}
        labels = np.array([numbers[name.partition("/")[0]] for name in names])
    if len(pictures) == 1 or all(np.array_equal(pictures[0], other) for other in pictures[1:]):
        warnings.warn(
            f"{folder}: all of its {len(pictures)} pictures are the same; a generator can only learn "
            "to draw that one",
            stacklevel=2,
        )
    return Images(torch.from_numpy(pictures), torch.as_tensor(labels, dtype=torch.int64))


def _tops(folder: Path) -> list[str]:
    """The folders in a folder that hold pictures, somewhere, in the order of their names."""
    found = (path.relative_to(folder).parts for path in picture_files(folder))
    return sorted({parts[0] for parts in found if len(parts) > 1})


def _fit(
    size: int | tuple[int, int],
    channels: int,
    pad: bool,
    background: int | tuple[int, int, int],
) -> Fit:
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or not all(isinstance(side, int) and 4 <= side <= 1024 for side in sides):
        raise ValueError(f"size must be from 4 to 1024 pixels, or (height, width), got {size!r}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels!r}")
    color = (background,) * 3 if isinstance(background, int) else tuple(background)
    if len(color) != 3 or not all(isinstance(c, int) and 0 <= c <= 255 for c in color):
        raise ValueError(f"background must be from 0 to 255, or three of them, got {background!r}")
    return Fit(*sides, channels, bool(pad), color)


def _split_of_folder(whole: Images, name: str, split: str, device: torch.device | str) -> Images:
    n = len(whole.images)
    held = n // 10 if n >= FEWEST_TO_SPLIT else 0
    slices = {
        "train": slice(2 * held, n),
        "validation": slice(held, 2 * held),
        "test": slice(0, held),
    }
    rows = _choose(split, slices)
    if rows.start == rows.stop:
        raise ValueError(
            f"{name} holds {n} pictures; at least {FEWEST_TO_SPLIT} are needed to hold some out "
            f"for {split}"
        )
    return Images(*(part[rows].to(device) for part in whole))


def attributes(name: str) -> dict[str, tuple[str, ...]]:
    """What the columns of a data set's labels are called, and what their values mean.

    Args:
        name: `"emoji-faces"`: who, role and tone; or the path of a folder of pictures: class, which
            are the folders in it.

    Returns:
        From the name of each column to its values' names, in the order of the numbers.

    Raises:
        ValueError: the labels of that data set have no named columns.
    """
    if is_folder(name):
        return {"class": tuple(_tops(Path(name).expanduser()))}
    if name != "emoji-faces":
        raise ValueError(f"name={name!r} has no named attributes; 'emoji-faces' has")
    return _faces_table()[0]


def flatten(images: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Images as rows of floats.

    Args:
        images: `(n, c, h, w)`, uint8.
        low: what black becomes.
        high: what white becomes.

    Returns:
        `(n, c h w)`, float32.

    Raises:
        ValueError: the images are not uint8.
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images has dtype {images.dtype}; flatten takes uint8 pixels 0 to 255")
    return images.flatten(1).float().mul_((high - low) / 255).add_(low)


def draw_labels(labels: Tensor, n: int, *, seed: int = 0) -> Tensor:
    r"""Labels with the frequencies of those given, drawn with replacement.

    What a conditional generator is asked for when it is held to the data:
    :math:`p_g(x) = \sum_y p(y)\,p_g(x|y)`, with the :math:`p(y)` of the training rows.

    Args:
        labels: `(m,)` or `(m, attributes)`, at least one.
        n: how many to draw.
        seed: decides the draw.

    Returns:
        `(n,)` or `(n, attributes)`, on the device of `labels`.

    Raises:
        ValueError: `labels` has another shape.
    """
    if labels.ndim not in (1, 2) or len(labels) == 0:
        raise ValueError(
            f"labels must be one or more, (n,) or (n, attributes), got shape {tuple(labels.shape)}"
        )
    rows = torch.randint(len(labels), (n,), generator=torch.Generator().manual_seed(seed))
    return labels[rows.to(labels.device)]


def import_torchvision(what: str) -> ModuleType:
    """Import torchvision, also where it was built for CUDA and torch for the CPU only.

    Such a pair fails on the missing operators `torchvision::nms` and `qnms` (object detection, unused
    here): we declare them and import again.
    """
    try:
        import torchvision
    except ImportError as error:
        raise ImportError(
            f"{what} needs torchvision, which is not here: pip install torchvision"
        ) from error
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _declared.append(library)
        import torchvision
    return torchvision


Choice = TypeVar("Choice")


def _choose(split: str, splits: Mapping[str, Choice]) -> Choice:
    if split not in splits:
        raise ValueError(f"split={split!r} does not exist; choose one of {', '.join(splits)}")
    return splits[split]


def _read_checked(path: Path, expected: str) -> bytes:
    """The bytes of a shipped file, or an error that names the file and both sha256 checksums."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: reinstall gan_tutorial")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is damaged ({len(content)} bytes): expected sha256 {expected}, found {found}. "
            "Reinstall gan_tutorial, or restore the file from its repository."
        )
    return content


def _read_idx(content: bytes) -> np.ndarray:
    """An array in MNIST's IDX format: two zero bytes, 8 (= uint8), rank, big-endian sizes, data."""
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _mnist_10k(split: str, root: Path, download: bool) -> Arrays:
    rows = _choose(split, EMBEDDED_SPLITS)
    images, labels = (
        _read_idx(gzip.decompress(_read_checked(EMBEDDED / file, checksum)))[rows]
        for file, checksum in CHECKSUMS.items()
    )
    return images[:, None].copy(), labels.astype(np.int64)


def _faces_table() -> tuple[dict[str, tuple[str, ...]], np.ndarray]:
    """The attributes with their values, and the labels (762, 3)."""
    content = _read_checked(FACES / "labels.csv", FACES_CHECKSUMS["labels.csv"])
    names, *rows = csv.reader(io.StringIO(content.decode()))
    columns = list(zip(*rows, strict=True))
    values = [tuple(dict.fromkeys(column)) for column in columns]  # in the order of the file
    codes = [
        [own.index(value) for value in column] for own, column in zip(values, columns, strict=True)
    ]
    return dict(zip(names, values, strict=True)), np.array(codes, dtype=np.int64).T


def _emoji_faces(split: str, root: Path, download: bool) -> Arrays:
    """Held out are `FACES_HELD_OUT` of the roles that come with every who and tone, and as many
    again, drawn once.
    """
    file = "emoji-faces.npz"
    images = np.load(io.BytesIO(_read_checked(FACES / file, FACES_CHECKSUMS[file])))["images"]
    labels = _faces_table()[1]
    of_role = np.bincount(labels[:, 1])
    full = np.flatnonzero((of_role == of_role.max())[labels[:, 1]])
    drawn = np.random.default_rng(0).permutation(full)
    n = FACES_HELD_OUT
    splits = {
        "train": np.setdiff1d(np.arange(len(labels)), drawn[: 2 * n]),
        "validation": np.sort(drawn[n : 2 * n]),
        "test": np.sort(drawn[:n]),
    }
    rows = _choose(split, splits)
    return images[rows].transpose(0, 3, 1, 2).copy(), labels[rows]


def _torchvision(
    class_name: str, folder: str, validation_part: int, split: str, root: Path, download: bool
) -> Arrays:
    """A torchvision data set; the last 1/`validation_part` of its training rows is validation."""
    train = _choose(split, {"train": True, "validation": True, "test": False})
    dataset_class = getattr(import_torchvision(f"the data set {class_name}").datasets, class_name)
    if not (root / folder).exists():
        if not download:
            raise FileNotFoundError(
                f"{root / folder} is missing; pass download=True, or load the embedded 'mnist-10k'"
            )
        _download(dataset_class, root, folder)
    try:
        dataset = dataset_class(root, train=train)
    except Exception as error:
        raise ValueError(
            f"{root / folder} is incomplete or damaged ({error}); delete that folder and load again"
        ) from error
    images, labels = np.asarray(dataset.data), np.asarray(dataset.targets, dtype=np.int64)
    images = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)  # (n, c, h, w)
    if train:
        cut = len(images) - len(images) // validation_part
        rows = slice(0, cut) if split == "train" else slice(cut, None)
        images, labels = images[rows], labels[rows]
    return images.copy(), labels


def _download(dataset_class: Any, root: Path, folder: str) -> None:
    """Fetch into a hidden folder, and give it its name only when every checksum holds."""
    root.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=root))
    try:
        dataset_class(unfinished, train=True, download=True)
        os.rename(unfinished / folder, root / folder)
    except (OSError, RuntimeError) as error:
        if not (root / folder).exists():  # else another process was faster
            raise ConnectionError(
                f"could not download {dataset_class.__name__} ({error}). Without a network, "
                "load('mnist-10k'): 10,000 digits that come with this package."
            ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tfd(split: str, root: Path, download: bool) -> Arrays:
    """The reader's own file: images (n, 48, 48), labs_ex (n, 1) in 1-7 or -1, folds (n, 5)."""
    code = _choose(split, TFD_FOLD_CODES)
    path = root / TFD_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the Toronto Face Database is not public. Ask its authors for it "
            "and pass the file's folder as root; or load the embedded 'mnist-10k'."
        )
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["images", "labs_ex", "folds"])
        rows = content["folds"][:, 0] == code
        images, labels = content["images"][rows], content["labs_ex"][rows].ravel().astype(np.int64)
    except Exception as error:
        raise ValueError(f"{path} is not a whole TFD file ({error!r})") from error
    return images[:, None].astype(np.uint8), np.where(labels > 0, labels - 1, -1)


SOURCES: dict[str, Callable[[str, Path, bool], Arrays]] = {
    "mnist-10k": _mnist_10k,
    "emoji-faces": _emoji_faces,
    "mnist": partial(_torchvision, "MNIST", "MNIST", 6),
    "fashion-mnist": partial(_torchvision, "FashionMNIST", "FashionMNIST", 6),
    "cifar10": partial(_torchvision, "CIFAR10", "cifar-10-batches-py", 10),
    "tfd": _tfd,
}

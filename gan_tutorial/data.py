"""Named data sets, each as one uint8 tensor of images and one int64 tensor of labels.

A training loop draws a batch by indexing the tensor where it lives, with no worker processes and
no copy from the host::

    images, labels = load("mnist-10k", split="train", device="cuda")
    x = flatten(images)  # (n, d) floats in [0, 1]

The ten thousand digits of `"mnist-10k"` lie inside the package; the others are downloaded once
through torchvision (`"mnist"`, `"fashion-mnist"`, `"cifar10"`) or read from a file that the reader
owns (`"tfd"`, the Toronto Face Database, which is not public).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

__all__ = ["Images", "draw_labels", "flatten", "load"]

EMBEDDED = Path(__file__).parent / "recorded" / "mnist_10k"
CHECKSUMS = {  # sha256, also in recorded/mnist_10k/README.md
    "images-idx3-ubyte.gz": "3ec8f1f33bbb16ea01df6bf5cfe4bb49f4b31f6b898e38c71bfb8af417d1a1b8",
    "labels-idx1-ubyte.gz": "ef16c0682860b320586563944959fb88a9b6452750c793586e4da533c6c33749",
}
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
        labels: `(n,)`, int64, -1 = unknown.
    """

    images: Tensor
    labels: Tensor


def load(
    name: str,
    split: str = "train",
    root: str | os.PathLike[str] = "data",
    device: torch.device | str = "cpu",
    download: bool = True,
) -> Images:
    """One split of a named data set.

    - `"mnist-10k"`: train 8,000, validation 1,000, test 1,000; shipped, `root` is not used.
    - `"mnist"`, `"fashion-mnist"`: train 50,000, validation 10,000 (the last sixth of train), test
      10,000.
    - `"cifar10"`: train 45,000, validation 5,000 (the last tenth of train), test 10,000.
    - `"tfd"`: unlabeled, train, validation, test of the file's first fold.

    Args:
        name: one of those.
        split: one of its splits.
        root: the folder that holds (or will hold) the files; for `"tfd"`, `TFD_48x48.mat`.
        device: where the tensors go.
        download: whether missing files are fetched, with a progress bar, checked, and moved into
            `root` when whole.

    Returns:
        Images and labels.

    Raises:
        ValueError: the name or the split is unknown, or a file is damaged.
        FileNotFoundError: a file is missing.
        ConnectionError: a download failed.
    """
    if name not in SOURCES:
        raise ValueError(f"name={name!r} is not a data set; choose one of {', '.join(SOURCES)}")
    images, labels = SOURCES[name](split, Path(root).expanduser(), download)
    images = torch.as_tensor(np.ascontiguousarray(images), device=device)
    return Images(images, torch.as_tensor(labels, dtype=torch.int64, device=device))


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
        labels: `(m,)`, at least one.
        n: how many to draw.
        seed: decides the draw.

    Returns:
        `(n,)`, on the device of `labels`.

    Raises:
        ValueError: `labels` has another shape.
    """
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"labels must be one or more, (n,), got shape {tuple(labels.shape)}")
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
    "mnist": partial(_torchvision, "MNIST", "MNIST", 6),
    "fashion-mnist": partial(_torchvision, "FashionMNIST", "FashionMNIST", 6),
    "cifar10": partial(_torchvision, "CIFAR10", "cifar-10-batches-py", 10),
    "tfd": _tfd,
}

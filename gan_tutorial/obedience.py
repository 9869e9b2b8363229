"""Does a conditional generator draw what it was asked for? A classifier reads its pictures.

    reader = fit_reader(images, labels)             # an SVM of scikit-learn, on real digits
    read = reader(generator_samples)                # (n, 784) in [0, 1] -> labels (n,)
    print(agreement(asked, read))                   # "97.1 % ± 0.4 %"

The share is a statement about generator and reader together: first hold the reader to real digits
that it has not seen, `agreement(labels, reader(images))`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Reader = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Share:
    """A share of n cases and its standard error, √(p(1 - p)/n)."""

    mean: float
    n: int

    @property
    def standard_error(self) -> float:
        return math.sqrt(self.mean * (1 - self.mean) / self.n)

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} % ± {100 * self.standard_error:.1f} %"


def fit_reader(images: Tensor, labels: Tensor) -> Reader:
    """A classifier of rows (n, d) in [0, 1], fitted to these and their labels (n,).

    A support vector machine with Gaussian kernel: nothing random, a few seconds for 8,000 digits,
    and unrelated to the networks that it is to judge.
    """
    from sklearn.svm import SVC

    if len(images) != len(labels):
        raise ValueError(f"images and labels differ in number: {len(images)} and {len(labels)}")
    machine = SVC(C=10.0, gamma="scale").fit(images.cpu().numpy(), labels.cpu().numpy())

    def read(samples: Tensor) -> Tensor:
        return torch.from_numpy(machine.predict(samples.float().cpu().numpy()))

    return read


def agreement(asked: Tensor, read: Tensor) -> Share:
    """The share of cases in which what was read (n,) is what was asked for (n,)."""
    _check(asked, read)
    return Share((asked.cpu() == read.cpu()).double().mean().item(), len(asked))


def confusion(asked: Tensor, read: Tensor, classes: int = 10) -> Tensor:
    """Row a, column r: the share, among the cases that asked for a, of those read as r;
    (k, k). A label that nobody asked for has a row of NaN.
    """
    _check(asked, read)
    cells = torch.bincount(classes * asked.cpu() + read.cpu(), minlength=classes**2)
    counts = cells.reshape(classes, classes).double()
    return counts / counts.sum(1, keepdim=True)


def _check(asked: Tensor, read: Tensor) -> None:
    if asked.shape != read.shape or asked.ndim != 1 or len(asked) == 0:
        raise ValueError(
            "asked and read must be as many labels, at least one, got shapes "
            f"{tuple(asked.shape)} and {tuple(read.shape)}"
        )

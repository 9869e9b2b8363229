"""Judging by a classifier: label agreement, and how many classes are drawn, how often.

**Label agreement.** Does a conditional generator draw what it was asked for? ::

    classify = fit_classifier(images, labels)  # an SVM of scikit-learn, on real digits
    read = classify(generator_samples)  # (n, 784) in [0, 1] -> labels (n,)
    print(label_agreement(asked, read))  # "97.1 % ± 0.4 %"

The share is a statement about generator and classifier together: first hold the classifier to real
digits that it has not seen, `label_agreement(labels, classify(images))`.

**Class balance.** Does any generator draw every class, and as often as the data have it?
`class_balance` compares what a classifier reads off samples with the data's labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_tutorial._engine.checks import whole_number

Classifier = Callable[[Tensor], Tensor]
"""From rows `(n, d)` in [0, 1] to labels `(n,)`."""
NORMAL_95 = 1.96  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Share:
    """A share of n cases, printed with its standard error.

    Attributes:
        mean: the share, in [0, 1].
        n: how many cases.
    """

    mean: float
    n: int

    @property
    def standard_error(self) -> float:
        r""":math:`\sqrt{p(1 - p)/n}`, with p the share."""
        return math.sqrt(self.mean * (1 - self.mean) / self.n)

    @property
    def interval(self) -> tuple[float, float]:
        r"""Wilson's 95 % interval, which is right at the ends too: 0 of 1,000 may be 0.4 %.

        With z = 1.96 its middle is :math:`(p + z^2/2n)/(1 + z^2/n)`, and it reaches
        :math:`z\sqrt{p(1 - p)/n + z^2/4n^2}/(1 + z^2/n)` to each side.
        """
        p, n, z = self.mean, self.n, NORMAL_95
        shrink = 1 + z**2 / n
        middle = (p + z**2 / (2 * n)) / shrink
        reach = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / shrink
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} % ± {100 * self.standard_error:.1f} %"


def fit_classifier(images: Tensor, labels: Tensor) -> Classifier:
    """A classifier fitted to rows and their labels.

    A support vector machine with Gaussian kernel: nothing random, a few seconds for 8,000 digits, and
    unrelated to the networks that it is to judge.

    Args:
        images: rows, `(n, d)`, in [0, 1].
        labels: `(n,)`.

    Returns:
        A function from rows `(m, d)` to labels `(m,)`.

    Raises:
        ValueError: images and labels differ in number.
    """
    from sklearn.svm import SVC

    if len(images) != len(labels):
        raise ValueError(f"images and labels differ in number: {len(images)} and {len(labels)}")
    machine = SVC(C=10.0, gamma="scale").fit(images.cpu().numpy(), labels.cpu().numpy())

    def classify(samples: Tensor) -> Tensor:
        return torch.from_numpy(machine.predict(samples.float().cpu().numpy()))

    return classify


def label_agreement(asked: Tensor, read: Tensor) -> Share:
    """The share of cases in which what was read is what was asked for.

    Args:
        asked: labels, `(n,)`.
        read: labels, `(n,)`.

    Returns:
        The share, with its standard error.

    Raises:
        ValueError: the shapes differ, or there are no labels.
    """
    _check(asked, read)
    return Share((asked.cpu() == read.cpu()).double().mean().item(), len(asked))


def confusion(asked: Tensor, read: Tensor, classes: int = 10) -> Tensor:
    """How the cases that asked for one label were read.

    Args:
        asked: labels, `(n,)`.
        read: labels, `(n,)`.
        classes: how many labels there are, k.

    Returns:
        `(k, k)`. Row a, column r holds the share, among the cases that asked for a, of those read as r;
        a label that nobody asked for has a row of NaN.

    Raises:
        ValueError: the shapes differ, there are no labels, or one is not from 0 to k - 1.
    """
    _check(asked, read)
    for name, labels in (("asked", asked), ("read", read)):
        low, high = int(labels.min()), int(labels.max())
        if not 0 <= low <= high < classes:
            raise ValueError(
                f"{name} must be from 0 to {classes - 1}, got labels from {low} to {high}"
            )
    cells = torch.bincount(classes * asked.cpu() + read.cpu(), minlength=classes**2)
    counts = cells.reshape(classes, classes).double()
    return counts / counts.sum(1, keepdim=True)


@dataclass(frozen=True, eq=False)
class ClassBalance:
    r"""How often each class was read off samples, beside the data's shares, which count as known.

    Attributes:
        counts: `(k,)`, samples read as each class.
        expected: `(k,)`, the data's shares; they sum to 1.
    """

    counts: Tensor
    expected: Tensor

    @property
    def n(self) -> int:
        """How many samples."""
        return int(self.counts.sum())

    @property
    def shares(self) -> Tensor:
        """Of the samples, `(k,)`."""
        return self.counts.double() / self.n

    def covered(self, least: float = 0.1) -> int:
        """How many of the data's classes are drawn.

        A single sample read as a class proves little, since every classifier errs: a class counts from
        `least` times its share in the data on.

        Args:
            least: that factor, above 0.

        Raises:
            ValueError: `least` is not above 0.
        """
        if not least > 0:
            raise ValueError(f"least must be above 0, got {least!r}")
        wanted = self.expected > 0
        return int((self.shares[wanted] >= least * self.expected[wanted]).sum())

    @property
    def total_variation(self) -> float:
        r""":math:`\tfrac12 \sum_c |\hat p_c - p_c|`: the share of samples to redistribute."""
        return float((self.shares - self.expected).abs().sum() / 2)

    @property
    def standard_error(self) -> float:
        """Of the total variation, with the signs of the differences as they are."""
        signs = (self.shares - self.expected).sign() / 2
        mean = float((signs * self.shares).sum())
        return math.sqrt(max(0.0, float((signs**2 * self.shares).sum()) - mean**2) / self.n)

    @property
    def null_total_variation(self) -> float:
        r"""What n samples with exactly the data's shares have on average, by chance:
        :math:`\tfrac12 \sum_c \sqrt{2 p_c(1 - p_c)/\pi n}` (each count as a normal number).
        """
        spread = (2 * self.expected * (1 - self.expected) / (math.pi * self.n)).sqrt()
        return float(spread.sum() / 2)


def class_balance(read: Tensor, labels: Tensor, classes: int | None = None) -> ClassBalance:
    """How often samples are read as each class, beside how often the data have it.

    Args:
        read: what a classifier reads off samples, `(n,)`, whole numbers from 0.
        labels: of the data, `(m,)`; -1 stands for unknown and is left out.
        classes: how many there are; None: one more than the largest number in either.

    Raises:
        ValueError: no labels, another shape, or a number that is no class.
    """
    known = {"read": read.detach().cpu(), "labels": labels.detach().cpu()}
    for name, values in known.items():
        if values.is_floating_point() or values.ndim != 1:
            raise ValueError(
                f"{name} must be whole numbers (n,), got {values.dtype} {tuple(values.shape)}"
            )
    known["labels"] = known["labels"][known["labels"] >= 0]
    if classes is None:
        classes = 1 + max(
            (int(values.max()) for values in known.values() if len(values)), default=0
        )
    whole_number("classes", classes)
    for name, values in known.items():
        if len(values) == 0 or int(values.min()) < 0 or int(values.max()) >= classes:
            raise ValueError(f"{name} must be one or more from 0 to {classes - 1}")
    counts, real = (torch.bincount(v, minlength=classes) for v in known.values())
    return ClassBalance(counts, real.double() / real.sum())


def _check(asked: Tensor, read: Tensor) -> None:
    if asked.shape != read.shape or asked.ndim != 1 or len(asked) == 0:
        raise ValueError(
            "asked and read must be as many labels, at least one, got shapes "
            f"{tuple(asked.shape)} and {tuple(read.shape)}"
        )

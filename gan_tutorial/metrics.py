"""Judging what was learnt by a classifier: label agreement, and features where labels are few.

**Label agreement.** Does a conditional generator draw what it was asked for? ::

    classify = fit_classifier(images, labels)  # an SVM of scikit-learn, on real digits
    read = classify(generator_samples)  # (n, 784) in [0, 1] -> labels (n,)
    print(label_agreement(asked, read))  # "97.1 % ± 0.4 %"

The share is a statement about generator and classifier together: first hold the classifier to real
digits that it has not seen, `label_agreement(labels, classify(images))`.

**Features.** Goodfellow et al. 2014 (arXiv:1406.2661), section 7, suggest that the discriminator's
features help a classifier when labels are few. `few_label_accuracies` puts the question in its
plainest form: logistic regression on the features of a few labelled pictures, tested on held-out
ones, over many draws of the few. The same draws serve every kind of feature, so that differences
can be taken draw by draw.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial.data import flatten, load
from gan_tutorial.networks import Maxout

__all__ = [
    "Classifier",
    "Features",
    "Share",
    "confusion",
    "few",
    "few_label_accuracies",
    "fit_classifier",
    "hidden_layer",
    "label_agreement",
]

Classifier = Callable[[Tensor], Tensor]
"""From rows `(n, d)` in [0, 1] to labels `(n,)`."""
Features = Callable[[Tensor], Tensor]
"""From rows `(n, d)` in [0, 1] to features `(n, k)`."""
SPLITS = ("train", "validation", "test")
HIDDEN = (nn.LeakyReLU, nn.ReLU, nn.Tanh, Maxout)
STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse weights of the penalty, chosen on validation rows


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
        ValueError: the shapes differ, or there are no labels.
    """
    _check(asked, read)
    cells = torch.bincount(classes * asked.cpu() + read.cpu(), minlength=classes**2)
    counts = cells.reshape(classes, classes).double()
    return counts / counts.sum(1, keepdim=True)


def few(labels: Tensor, each: int, seed: int) -> np.ndarray:
    """A few examples of every class, drawn without replacement.

    Args:
        labels: `(n,)`.
        each: examples of a class.
        seed: decides the draw.

    Returns:
        Indices of rows, `(classes * each,)`.

    Raises:
        ValueError: `each` is below 1, or more than the rarest class has.
    """
    labels, rng = labels.cpu().numpy(), np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    if not 1 <= each <= counts.min():
        raise ValueError(f"each must be from 1 to {counts.min()}, the rarest class, got {each!r}")
    return np.concatenate([rng.choice(np.flatnonzero(labels == c), each, False) for c in classes])


def hidden_layer(network: nn.Sequential, layer: int) -> Features:
    """A hidden layer as a function, in evaluation mode and without gradients.

    Args:
        network: layers in a row.
        layer: which hidden layer; 1 is the first.

    Returns:
        A function from rows `(n, d)` to the layer's output `(n, k)`.

    Raises:
        ValueError: there is no such layer.
    """
    ends = [i for i, part in enumerate(network) if isinstance(part, HIDDEN)]
    if not 1 <= layer <= len(ends):
        raise ValueError(f"layer must be from 1 to {len(ends)}, got {layer!r}")
    start = network[: ends[layer - 1] + 1].eval()

    @torch.no_grad()
    def features(x: Tensor) -> Tensor:
        return start(x)

    return features


def few_label_accuracies(
    features: Features, each: int, draws: int, data: str = "mnist-10k"
) -> np.ndarray:
    """Test accuracy of logistic regression where each class has a few labels, for many draws of them.

    All features are centred and divided by one number, their standard deviation over the training rows
    (labels unseen). The strength of the penalty is the best of 0.01, 0.1, 1 and 10 (inverse weights) on
    validation rows, on average over the draws: one choice for each kind of feature.

    Args:
        features: from rows `(n, d)` to features `(n, k)`.
        each: labels of a class.
        draws: how many draws of them.
        data: name of the data set, for `gan_tutorial.data.load`.

    Returns:
        `(draws,)`, in [0, 1].

    Raises:
        ValueError: `each` is below 1, or more than the rarest class has.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    parts = [load(data, split) for split in SPLITS]
    x = [np.asarray(features(flatten(part.images)), dtype=np.float32) for part in parts]
    middle, size = x[0].mean(0), x[0].std()
    train, validation, test = ((part - middle) / size for part in x)
    y = [part.labels.numpy() for part in parts]
    scores = np.empty((len(STRENGTHS), draws, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for i, strength in enumerate(STRENGTHS):
            for seed in range(draws):
                rows = few(parts[0].labels, each, seed)
                model = LogisticRegression(C=strength, max_iter=300).fit(train[rows], y[0][rows])
                scores[i, seed] = model.score(validation, y[1]), model.score(test, y[2])
    return scores[scores[..., 0].mean(1).argmax(), :, 1]


def _check(asked: Tensor, read: Tensor) -> None:
    if asked.shape != read.shape or asked.ndim != 1 or len(asked) == 0:
        raise ValueError(
            "asked and read must be as many labels, at least one, got shapes "
            f"{tuple(asked.shape)} and {tuple(read.shape)}"
        )

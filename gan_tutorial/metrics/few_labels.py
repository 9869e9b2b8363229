"""Features where labels are few: are a discriminator's worth something to a classifier?

Goodfellow et al. 2014 (arXiv:1406.2661), section 7, suggest that the discriminator's features help a
classifier when labels are few. `few_label_accuracies` puts the question in its plainest form:
logistic regression on the features of a few labelled pictures, tested on held-out ones, over many
draws of the few. The same draws serve every kind of feature, so that differences can be taken draw by
draw.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial._engine.modes import evaluating
from gan_tutorial.data import flatten, load
from gan_tutorial.networks import Maxout

Features = Callable[[Tensor], Tensor]
"""From rows `(n, d)` in [0, 1] to features `(n, k)`."""
SPLITS = ("train", "validation", "test")
HIDDEN = (nn.LeakyReLU, nn.ReLU, nn.Tanh, Maxout)
STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse weights of the penalty, chosen on validation rows


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
    start = network[: ends[layer - 1] + 1]

    @torch.no_grad()
    def features(x: Tensor) -> Tensor:
        with evaluating(start):
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

"""All measures of a set of samples at once, beside what real rows and hopeless samples score.

A number alone says little: a Fréchet distance of 3 is good or bad according to what real rows have at
the same numbers. So samples stand beside a floor, real rows that the generator never saw, and beside
samples that no one should confuse with a good generator's::

    reference = Reference(judge, training, held_out, validation, labels)
    scores = {"ours": reference.scores(samples), **floor_and_ceilings(reference, shape)}
    print(score_table(scores))
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gan_tutorial._engine.checks import whole_number
from gan_tutorial.metrics.frechet import frechet_at_infinity, frechet_distance
from gan_tutorial.metrics.judge import Judge
from gan_tutorial.metrics.kid import kernel_distance
from gan_tutorial.metrics.labels import NORMAL_95, Share, class_balance
from gan_tutorial.metrics.neighbours import expected_coverage, memorising, nearest, neighbourhoods
from gan_tutorial.parzen import held_out as parzen_held_out

NEIGHBOUR = 5  # the k of the balls
MEANS = 256  # centroids, of which one ceiling consists
ROUNDS = 6  # of k-means: they need not be perfect


@dataclass(frozen=True)
class Measure:
    """One number of an evaluation.

    Attributes:
        value: None where it could not be measured.
        standard_error: None where it has none; of `own` it is the error under the null.
        null: what it is expected to be where samples are distributed as the data are, if that is known.
        n: samples that it was measured on.
        n_real: real rows that it was measured with.
        share: whether it is a share of cases.
        reason: why there is no value.
        detail: further numbers, by name.
    """

    value: float | None
    standard_error: float | None = None
    null: float | None = None
    n: int | None = None
    n_real: int | None = None
    share: bool = False
    reason: str = ""
    detail: Mapping[str, float] | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval: Wilson's for a share of cases, else that of a normal estimate; None
        without a standard error.
        """
        if self.value is None or self.standard_error is None:
            return None
        if self.share and self.n is not None:
            return Share(self.value, self.n).interval
        reach = NORMAL_95 * self.standard_error
        return self.value - reach, self.value + reach

    def as_dict(self) -> dict[str, Any]:
        """What there is of it, for JSON."""
        parts = {
            "value": self.value,
            "standard_error": self.standard_error,
            "interval": self.interval,
            "null": self.null,
            "n": self.n,
            "n_real": self.n_real,
            "reason": self.reason or None,
            **(self.detail or {}),
        }
        return {name: part for name, part in parts.items() if part is not None or name == "value"}


Scores = dict[str, Measure]
"""Measures of one set of samples, by the names in `TITLES`."""

TITLES = {
    "frechet": "Fréchet distance ↓",
    "frechet_at_infinity": "  at n → ∞ ↓",
    "kid": "KID ↓",
    "precision": "precision ↑",
    "recall": "recall ↑",
    "density": "density ↑",
    "coverage": "coverage ↑",
    "modes": "classes drawn ↑",
    "imbalance": "class imbalance ↓",
    "own": "nearest is trained on",
    "nearer": "nearer to training",
    "parzen": "Parzen, nats ↑",
}
"""What tables call each measure; the arrow points to better."""


@dataclass(eq=False)
class Reference:
    """What samples are held to: a judge, and real rows in three parts. All rows are pixels in [0, 1].

    Attributes:
        judge: makes features of rows.
        training: `(t, d)`, what the generators are trained on.
        held_out: `(h, d)`, what samples are compared with.
        validation: `(v, d)`, on which Parzen's sigma is chosen.
        labels: `(t,)` or `(t, attributes)`, of the training rows, in whose shares classes are expected.
        memory: bytes of working storage of each measure; None: 1 GiB, on a GPU more.
    """

    judge: Judge
    training: Tensor
    held_out: Tensor
    validation: Tensor
    labels: Tensor
    memory: int | None = None

    @cached_property
    def training_features(self) -> Tensor:
        """Of the training rows, `(t, k)`."""
        return self.judge.features(self.training)

    @cached_property
    def held_out_features(self) -> Tensor:
        """Of the held-out rows, `(h, k)`."""
        return self.judge.features(self.held_out)

    def scores(
        self, samples: Tensor, *, n: int | None = None, choose_on: Tensor | None = None
    ) -> Scores:
        """Every measure of some samples. What cannot be measured says why and stops nothing.

        The balls of neighbours are taken on equal numbers, the first of samples or held-out rows, since
        more samples have smaller balls.

        Args:
            samples: `(n, d)` in [0, 1].
            n: how many of them all measures but Parzen's look at, the first; None: all.
            choose_on: rows on which Parzen's sigma is chosen, in the place of the validation rows.

        Returns:
            The measures by name.

        Raises:
            ValueError: the samples have another width than the rows, or are not finite.
        """
        if samples.ndim != 2 or samples.shape[1] != self.training.shape[1]:
            raise ValueError(
                f"samples must be (n, {self.training.shape[1]}), got {tuple(samples.shape)}"
            )
        if not samples.isfinite().all():
            raise ValueError("samples must be finite, got NaN or infinite entries")
        features, labels = self.judge.look(samples[:n].to(self.training.device))
        tried: list[tuple[tuple[str, ...], Callable[[], list[Measure]]]] = [
            (("frechet",), lambda: self._frechet(features)),
            (("frechet_at_infinity",), lambda: self._frechet_at_infinity(features)),
            (("kid",), lambda: self._kid(features)),
            (("precision", "recall", "density", "coverage"), lambda: self._balls(features)),
            (("own", "nearer"), lambda: self._memorising(features)),
            (("modes", "imbalance"), lambda: self._classes(labels)),
            (("parzen",), lambda: self._parzen(samples, choose_on)),
        ]
        scores: Scores = {}
        for names, measure in tried:
            try:
                scores |= dict(zip(names, measure(), strict=True))
            except ValueError as error:
                scores |= {name: Measure(None, reason=str(error)) for name in names}
        return {name: scores[name] for name in TITLES}

    def _frechet(self, features: Tensor) -> list[Measure]:
        d = frechet_distance(self.held_out_features, features, memory=self.memory)
        detail = {"generated_error": d.generated_error}
        n_real = int(d.n_real)
        return [Measure(d.value, d.standard_error, n=len(features), n_real=n_real, detail=detail)]

    def _frechet_at_infinity(self, features: Tensor) -> list[Measure]:
        d = frechet_at_infinity(self.held_out_features, features, memory=self.memory)
        detail = {"generated_error": d.generated_error, "slope": d.slope}
        n_real = int(d.n_real)
        return [Measure(d.value, d.standard_error, n=len(features), n_real=n_real, detail=detail)]

    def _kid(self, features: Tensor) -> list[Measure]:
        d = kernel_distance(self.held_out_features, features, memory=self.memory)
        detail = {"generated_error": d.generated_error}
        return [Measure(d.value, d.standard_error, 0.0, d.n_generated, d.n_real, detail=detail)]

    def _balls(self, features: Tensor) -> list[Measure]:
        n = min(len(features), len(self.held_out))
        found = neighbourhoods(
            self.held_out_features[:n], features[:n], k=NEIGHBOUR, memory=self.memory
        )
        shares = [
            Measure(share.mean, share.standard_error, null, n, n, share=True)
            for share, null in (
                (found.precision, None),
                (found.recall, None),
                (found.coverage, expected_coverage(n, n, NEIGHBOUR)),
            )
        ]
        density = Measure(found.density.mean, found.density.standard_error, 1.0, n, n)
        return [*shares[:2], density, shares[2]]

    def _memorising(self, features: Tensor) -> list[Measure]:
        m = memorising(self.training_features, self.held_out_features, features, memory=self.memory)
        n, n_real = m.n_generated, m.n_training
        own, nearer = (
            {"null_error": m.own_null_error, "z": m.own_z},
            {"null_error": m.nearer_null_error, "z": m.nearer_z},
        )
        return [
            Measure(m.own, m.own_null_error, m.own_null, n, n_real, detail=own),
            Measure(m.nearer, m.nearer_error, 0.5, n, n_real, detail=nearer),
        ]

    def _classes(self, read: Tensor | None) -> list[Measure]:
        """Of several attributes, the classes of all are counted, and the worst imbalance is told."""
        if read is None:
            raise ValueError(f"{self.judge.name} reads no labels")
        read = read.reshape(len(read), -1)
        labels = self.labels.reshape(len(self.labels), -1)
        balances = [
            class_balance(one, real, classes)
            for one, real, classes in zip(read.T, labels.T, self.judge.network.classes, strict=True)
        ]
        there = sum(int((balance.expected > 0).sum()) for balance in balances)
        worst = max(balances, key=lambda balance: balance.total_variation)
        n, chance = len(read), worst.null_total_variation
        drawn = sum(balance.covered() for balance in balances)
        return [
            Measure(drawn, null=there, n=n),
            Measure(worst.total_variation, worst.standard_error, chance, n),
        ]

    def _parzen(self, samples: Tensor, choose_on: Tensor | None) -> list[Measure]:
        chosen = self.validation if choose_on is None else choose_on
        with warnings.catch_warnings():  # a sigma at the edge of the grid is seen in `detail`
            warnings.filterwarnings("ignore", message="the best sigma")
            result = parzen_held_out(samples, chosen, self.held_out, value_range=(0, 1))
        value, error = float(result.mean), float(result.standard_error)
        detail = {"sigma": float(result.sigma)}
        return [Measure(value, error, n=len(samples), n_real=len(self.held_out), detail=detail)]


def floor_and_ceilings(
    reference: Reference, shape: tuple[int, int, int], n: int = 2000, seed: int = 0
) -> dict[str, Scores]:
    """What real rows score, and what samples score that nobody wants.

    The floor: **validation rows**, which are real and which no one was trained on. Beside it, the
    **training rows**, shuffled: a perfect copy machine, which all but the tests of memorising admire. The
    ceilings: **noise**, uniform in [0, 1]; **blurred** training rows (a Gaussian of 2 pixels); and
    **means**, the centroids of 256 clusters of training rows, drawn as often as the clusters are large
    (Parzen's measure prefers enough of them to real rows: Theis et al. 2016, arXiv:1511.01844).

    Args:
        reference: the judge and the rows.
        shape: of a picture, (c, h, w).
        n: rows of each that are looked at; Parzen's measure, which grows with every window, takes as
            many as there are training rows.
        seed: of noise, clusters and draws.

    Returns:
        For each of those, its scores. Parzen's sigma is chosen on validation rows; for the validation
        rows themselves, on as many training rows.
    """
    whole_number("n", n)
    # Data may lie in order of their labels, and some measures look at the first rows only.
    order = torch.randperm(
        len(reference.training), generator=torch.Generator().manual_seed(seed + 1)
    )
    training = reference.training[order.to(reference.training.device)]
    validation, rng = reference.validation, torch.Generator().manual_seed(seed)
    noise = torch.rand(training.shape, generator=rng).to(training)
    rows = {
        "training rows": training,
        "noise": noise,
        "blurred": blurred(training, shape),
        "means": cluster_means(training, len(training), rng),
    }
    floor = reference.scores(validation, choose_on=training[: len(validation)])
    others = {name: reference.scores(samples, n=n) for name, samples in rows.items()}
    return {"validation rows": floor, **others}


def blurred(rows: Tensor, shape: tuple[int, int, int], sigma: float = 2.0) -> Tensor:
    """Pictures after a Gaussian of `sigma` pixels, whose tails end at three; outside, the border goes on."""
    _, h, w = shape
    reach = min(round(3 * sigma), h - 1, w - 1)
    places = torch.arange(-reach, reach + 1, device=rows.device, dtype=rows.dtype)
    bell = torch.exp(-(places**2) / (2 * sigma**2))
    bell = bell / bell.sum()
    pictures = functional.pad(rows.reshape(-1, 1, h, w), (reach,) * 4, mode="replicate")
    across = functional.conv2d(pictures, bell.reshape(1, 1, 1, -1))
    return functional.conv2d(across, bell.reshape(1, 1, -1, 1)).reshape(rows.shape).clamp_(0, 1)


def cluster_means(rows: Tensor, n: int, rng: torch.Generator) -> Tensor:
    """n draws from the centroids of up to 256 clusters, each as often as its cluster is large.

    Lloyd's iterations by hand: an evaluation must not need scikit-learn, and any clusters will do.
    """
    start = torch.randperm(len(rows), generator=rng)[:MEANS].to(rows.device)
    means = rows[start].clone()
    for _ in range(ROUNDS):
        _, cluster = nearest(rows, means, device=rows.device)
        sizes = torch.bincount(cluster, minlength=len(means))
        sums = torch.zeros_like(means).index_add_(0, cluster, rows)
        means = torch.where(sizes[:, None] > 0, sums / sizes.clamp(min=1)[:, None], means)
    drawn = torch.multinomial(sizes.cpu().double(), n, replacement=True, generator=rng)
    return means[drawn.to(means.device)]


def score_table(columns: Mapping[str, Scores]) -> str:
    """Measures as lines and sets of samples as columns, each number with its standard error.

    A null in brackets is what to expect where samples are distributed as the data are. What could not
    be measured is a dash; the reasons stand below.

    Args:
        columns: scores by the name of the samples.
    """
    counts = [next((m.n for m in scores.values() if m.n), None) for scores in columns.values()]
    lines = [["", *columns], ["samples", *(f"{n:,}" if n else "-" for n in counts)]]
    reasons: dict[str, str] = {}
    for name, title in TITLES.items():
        row = [columns[column][name] for column in columns]
        nulls = {f"{measure.null:.3g}" for measure in row if measure.null is not None}
        note = f" ({nulls.pop()})" if len(nulls) == 1 and name != "imbalance" else ""
        lines.append([title + note, *(_cell(name, measure) for measure in row)])
        for column, measure in zip(columns, row, strict=True):
            if measure.reason:
                reasons.setdefault(measure.reason, f"- {column}: {measure.reason}")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in lines
    ]
    return "\n".join([*table, *reasons.values()])


def _cell(name: str, measure: Measure) -> str:
    if measure.value is None:
        return "-"
    if name == "modes":
        return str(int(measure.value))
    if measure.standard_error is None:
        return f"{measure.value:.3g}"
    digits = _digits(measure.standard_error)
    return f"{measure.value:.{digits}f} ± {measure.standard_error:.{digits}f}"


def _digits(error: float) -> int:
    """How many places of a number its error leaves meaning: two of the error's own."""
    if not math.isfinite(error) or error <= 0:
        return 3
    return min(6, max(0, 1 - math.floor(math.log10(error))))

"""Judging what was learnt: distances between samples and data, neighbours, classes, and copying.

A generator has no likelihood, so samples are compared with real rows that it was not trained on, in
the features of a judge: a small network that was trained to tell the data's classes apart
(`judge`). What each measure sees, and how it is fooled, is a chapter; their formulas stand with them:

- `frechet`: two Gaussians' distance, and the same at infinitely many samples;
- `kid`: an unbiased distance with its standard error;
- `neighbours`: precision and recall, density and coverage, and two tests of memorising;
- `labels`: which classes are drawn how often, and whether a conditional generator obeys;
- `report`: all of them at once, beside real rows and beside hopeless samples;
- `inception`: the features that FID is reported in, for those who have the weights;
- `reader`: whether a picture is a digit at all, by a network that may say "no digit";
- `few_labels`: whether features help a classifier where labels are few.

In float64, tile by tile: every measure keeps to the `memory` that it is given.
"""

from gan_tutorial.metrics.few_labels import SPLITS as SPLITS
from gan_tutorial.metrics.few_labels import Features, few, few_label_accuracies, hidden_layer
from gan_tutorial.metrics.frechet import (
    Frechet,
    FrechetAtInfinity,
    Moments,
    frechet_at_infinity,
    frechet_distance,
    frechet_of_gaussians,
    moments,
)
from gan_tutorial.metrics.inception import InceptionNetwork, inception_judge
from gan_tutorial.metrics.judge import Judge, JudgeNetwork, fit_judge, untrained_judge
from gan_tutorial.metrics.kid import KernelDistance, kernel_distance
from gan_tutorial.metrics.labels import (
    ClassBalance,
    Classifier,
    Share,
    class_balance,
    confusion,
    fit_classifier,
    label_agreement,
)
from gan_tutorial.metrics.neighbours import (
    Density,
    Memorising,
    Neighbourhoods,
    expected_coverage,
    memorising,
    neighbourhoods,
)
from gan_tutorial.metrics.reader import Reader, fit_reader
from gan_tutorial.metrics.report import (
    TITLES,
    Measure,
    Reference,
    Scores,
    floor_and_ceilings,
    score_table,
)

__all__ = [
    "TITLES",
    "ClassBalance",
    "Classifier",
    "Density",
    "Features",
    "Frechet",
    "FrechetAtInfinity",
    "InceptionNetwork",
    "Judge",
    "JudgeNetwork",
    "KernelDistance",
    "Measure",
    "Memorising",
    "Moments",
    "Neighbourhoods",
    "Reader",
    "Reference",
    "Scores",
    "Share",
    "class_balance",
    "confusion",
    "expected_coverage",
    "few",
    "few_label_accuracies",
    "fit_classifier",
    "fit_judge",
    "fit_reader",
    "floor_and_ceilings",
    "frechet_at_infinity",
    "frechet_distance",
    "frechet_of_gaussians",
    "hidden_layer",
    "inception_judge",
    "kernel_distance",
    "label_agreement",
    "memorising",
    "moments",
    "neighbourhoods",
    "score_table",
    "untrained_judge",
]

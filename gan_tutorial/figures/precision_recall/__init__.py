"""Figure ``precision-recall``: two clouds in the plane, the balls of their neighbours, and every measure at once."""

import math
import random

import traitlets

from ..base import Figure, choice, slider

POINTS = 40  # in either cloud
CENTRES, WIDTH = (-1.0, 1.0), 0.28  # of the real cloud's two clumps, on a line
SOURCES = ("fresh", "bell", "copies")
FARTHEST = 4

Point = list[float]


def clumps(seed: int) -> list[Point]:
    """Independent points of the real distribution, each of either clump; the same on every machine."""
    source = random.Random(seed)
    centres = (CENTRES[source.random() < 0.5] for _ in range(POINTS))
    return [[round(source.gauss(x, WIDTH), 4), round(source.gauss(0, WIDTH), 4)] for x in centres]


def bell(seed: int, like: list[Point]) -> list[Point]:
    """Points of a Gaussian, moved and stretched until mean and covariance are those of ``like``."""
    source = random.Random(seed)
    drawn = [[source.gauss(0, 1), source.gauss(0, 1)] for _ in like]
    (middle, own), (mean, wanted) = _triangle(drawn), _triangle(like)
    points = []
    for x, y in drawn:
        u = (x - middle[0]) / own[0]  # white: what the triangle below undoes
        v = (y - middle[1] - own[1] * u) / own[2]
        points.append(
            [round(mean[0] + wanted[0] * u, 4), round(mean[1] + wanted[1] * u + wanted[2] * v, 4)]
        )
    return points


def _triangle(points: list[Point]) -> tuple[Point, Point]:
    """The mean, and the Cholesky factor (a, b, c) of the covariance, of rows (a, 0) and (b, c)."""
    n = len(points)
    mean = [sum(p[i] for p in points) / n for i in (0, 1)]
    xx, xy, yy = (
        sum((p[i] - mean[i]) * (p[j] - mean[j]) for p in points) / (n - 1)
        for i, j in ((0, 0), (0, 1), (1, 1))
    )
    a = math.sqrt(xx)
    return mean, [a, xy / a, math.sqrt(yy - xy**2 / xx)]


# Seeds with typical numbers: 20 real points in either clump, new draws that score about what is expected of them.
REAL = clumps(seed=18)


class PrecisionRecall(Figure):
    r"""Real points and samples in the plane, each with the ball that reaches to its k-th nearest neighbour.

    Shows which samples lie in a ball of a real point (precision), which real points in a ball of a sample
    (recall), density, coverage, the Fréchet distance and KID (of the coordinates themselves), as
    `gan_tutorial.metrics` computes them.

    The samples are the first ``count`` points of their ``source``, stretched about the origin by ``spread_x``
    and ``spread_y`` and moved by ``move_x`` and ``move_y``. On top of it single samples are pulled: ``pulled``
    holds ``[[number, right, up], …]``, numbers from 1, and ``pull_x`` and ``pull_y`` are those of the sample
    ``chosen``.
    """

    name = "precision-recall"
    title = "Real points and samples, their neighbours' balls, and what six measures say"

    source = choice("fresh", SOURCES, "where the samples come from")
    move_x = slider(0.0, -2.5, 2.5, 0.05, "how far the samples are moved to the right")
    move_y = slider(0.0, -2.5, 2.5, 0.05, "how far they are moved up")
    spread_x = slider(1.0, 0, 2, 0.05, "how much they are stretched from left to right")
    spread_y = slider(1.0, 0, 2, 0.05, "how much they are stretched up and down")
    count = slider(POINTS, 8, POINTS, 1, "number of samples")
    k = slider(3, 1, 5, 1, "the neighbour that a ball reaches to")
    chosen = slider(1, 1, POINTS, 1, "the sample that is pulled")
    pull_x = slider(0.0, -FARTHEST, FARTHEST, 0.02, "how far it is pulled to the right")
    pull_y = slider(0.0, -FARTHEST, FARTHEST, 0.02, "how far it is pulled up")
    pulled = traitlets.List(traitlets.List(traitlets.Float(), minlen=3, maxlen=3)).tag(sync=True)
    real = traitlets.List(traitlets.List(traitlets.Float()), REAL).tag(sync=True)
    fresh = traitlets.List(traitlets.List(traitlets.Float()), clumps(seed=111)).tag(sync=True)
    bell = traitlets.List(traitlets.List(traitlets.Float()), bell(seed=3, like=REAL)).tag(sync=True)

    @traitlets.validate("pulled")
    def _pulled_samples_exist(self, proposal: dict) -> list[list[float]]:
        for number, right, up in proposal["value"]:
            inside = max(abs(right), abs(up)) <= FARTHEST
            if not (number in range(1, POINTS + 1) and inside):
                raise traitlets.TraitError(
                    f"pulled holds [{number:g}, {right:g}, {up:g}]; a pull is [sample, right, up] with "
                    f"samples from 1 to {POINTS} and at most {FARTHEST} to each side"
                )
        return proposal["value"]

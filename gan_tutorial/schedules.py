"""Schedules as values: each function below returns `step -> factor` of the optimiser's initial
value.

`train(..., schedules={"lr": linear(1, 0, 10_000), "momentum": linear(1, 1.4, 150_000)})` multiplies
each player's own learning rate and momentum by the factor at every step, counted from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def _positive(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"schedule: steps must be at least 1, got {steps!r}")


def exponential(rate: float, floor: float = 0.0) -> Schedule:
    """max(floor, rate^(-step)): the paper's decay is `exponential(1.000004, 1e-5)`."""
    if not rate > 0:
        raise ValueError(f"exponential: rate must be positive, got {rate!r}")
    return lambda step: max(floor, rate**-step)


def linear(start: float, end: float, steps: int) -> Schedule:
    """From `start` to `end` along a straight line in `steps` steps, then constant."""
    _positive(steps)
    return lambda step: start + (end - start) * min(step / steps, 1.0)


def cosine(steps: int, end: float = 0.0) -> Schedule:
    """From 1 to `end` along half a cosine in `steps` steps, then constant."""
    _positive(steps)
    return lambda step: end + (1 - end) * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2


def flat_then_linear(steps: int, flat: float = 0.5) -> Schedule:
    """1 for the first `flat` share of `steps`, then straight down to 0: settles a game that keeps
    circling.
    """
    _positive(steps)
    if not 0 <= flat < 1:
        raise ValueError(f"flat_then_linear: flat must be at least 0 and below 1, got {flat!r}")
    return lambda step: min(1.0, max(0.0, (1 - step / steps) / (1 - flat)))

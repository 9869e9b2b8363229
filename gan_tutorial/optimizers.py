"""Optimisers and their schedules, as values.

An optimiser is a function `parameters -> torch.optim.Optimizer`; a schedule is a function
`step -> factor`, by which an option of the optimiser is multiplied at every step::

    Settings(
        optimizers=(sgd(0.1), sgd(0.1)),  # the discriminator's, the generator's
        schedules={"lr": linear(1, 0, 10_000), "momentum": linear(1, 1.4, 150_000)},
    )

The optimisers are PyTorch's own, in the implementation that measures fastest on the device of the
parameters and that a CUDA graph can hold. Any other callable of that form, such as
`partial(torch.optim.AdamW, lr=1e-4)`, serves as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "Factory",
    "Schedule",
    "adam",
    "at_rate",
    "cosine",
    "exponential",
    "linear",
    "rmsprop",
    "sgd",
]

Factory = Callable[[Iterable[Tensor]], torch.optim.Optimizer]
"""What makes an optimiser: `parameters -> torch.optim.Optimizer`."""
Schedule = Callable[[int], float]
"""`step -> factor`, of the number of steps taken so far."""


def _fastest(kind: Callable[..., Any], parameters: Iterable[Tensor], **options: object) -> Any:
    """The fastest implementation that this version of PyTorch has for these parameters."""
    parameters = list(parameters)
    on_cuda = any(parameter.is_cuda for parameter in parameters)
    capturable = {"capturable": True} if on_cuda and kind is not torch.optim.SGD else {}
    for speed in ({"fused": True}, {"foreach": True} if on_cuda else {}):
        try:
            return kind(parameters, **options, **speed, **capturable)
        except (TypeError, RuntimeError):
            continue  # this optimiser, or this version, has no such implementation
    return kind(parameters, **options)


def adam(lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999), eps: float = 1e-8) -> Factory:
    r"""Adam (Kingma & Ba 2015, arXiv:1412.6980).

    Args:
        lr: the learning rate.
        betas: :math:`\beta_1, \beta_2`. :math:`\beta_1 = 0.5` is DCGAN's (Radford et al. 2016,
            arXiv:1511.06434); WGAN-GP takes `(0, 0.9)` (Gulrajani et al. 2017, arXiv:1704.00028).
        eps: what is added to the denominator.
    """
    betas = (float(betas[0]), float(betas[1]))

    def make(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return _fastest(torch.optim.Adam, parameters, lr=lr, betas=betas, eps=eps)

    return make


def rmsprop(lr: float = 5e-5, alpha: float = 0.99) -> Factory:
    """RMSProp, the choice of WGAN (Arjovsky et al. 2017, arXiv:1701.07875), with its learning rate.

    It has no momentum, which trains a clipped critic badly.

    Args:
        lr: the learning rate.
        alpha: decay of the mean of squared gradients.
    """

    def make(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return _fastest(torch.optim.RMSprop, parameters, lr=lr, alpha=alpha)

    return make


def sgd(lr: float = 0.1, momentum: float = 0.5) -> Factory:
    """Stochastic gradient descent with momentum, as in Goodfellow et al. 2014 (arXiv:1406.2661).

    Args:
        lr: the learning rate.
        momentum: at least 0.
    """

    def make(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return _fastest(torch.optim.SGD, parameters, lr=lr, momentum=momentum)

    return make


def at_rate(factory: Factory, lr: float) -> Factory:
    """The same optimiser at another learning rate.

    Raises:
        ValueError: the rate is not positive and finite.
    """
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be positive and finite, got {lr!r}")

    def make(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        optimizer = factory(parameters)
        for group in optimizer.param_groups:
            group["lr"] = lr
        return optimizer

    return make


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"schedule: steps must be at least 1, got {steps!r}")


def exponential(rate: float, floor: float = 0.0) -> Schedule:
    r"""The factor :math:`\max(\text{floor}, \text{rate}^{-\text{step}})`.

    The decay of Goodfellow et al. 2014, in their public configuration, is
    `exponential(1.000004, 1e-5)`.

    Args:
        rate: by which the factor is divided at each step, positive.
        floor: the smallest factor.

    Raises:
        ValueError: `rate` is not positive.
    """
    if not rate > 0:
        raise ValueError(f"exponential: rate must be positive, got {rate!r}")

    def factor(step: int) -> float:
        return max(floor, rate**-step)

    return factor


def linear(start: float, end: float, steps: int) -> Schedule:
    """From `start` to `end` along a straight line, then constant.

    Args:
        start: the factor at step 0.
        end: the factor from step `steps` on.
        steps: at least 1.

    Raises:
        ValueError: `steps` is below 1.
    """
    _check_steps(steps)

    def factor(step: int) -> float:
        return start + (end - start) * min(step / steps, 1.0)

    return factor


def cosine(steps: int, end: float = 0.0) -> Schedule:
    """From 1 to `end` along half a cosine, then constant.

    Args:
        steps: at least 1.
        end: the factor from step `steps` on.

    Raises:
        ValueError: `steps` is below 1.
    """
    _check_steps(steps)

    def factor(step: int) -> float:
        return end + (1 - end) * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2

    return factor

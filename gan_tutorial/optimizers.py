"""Optimisers as values: each function below returns `parameters -> torch.optim.Optimizer`.

They are PyTorch's own, in the implementation that measures fastest on the device of the parameters
and that a CUDA graph can hold. Any other callable of that form, such as `partial(torch.optim.AdamW,
lr=1e-4)`, serves as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

Factory = Callable[[Iterable[Tensor]], torch.optim.Optimizer]


def _fastest(kind: type, parameters: Iterable[Tensor], **options: object) -> torch.optim.Optimizer:
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
    """Adam (Kingma & Ba 2015, arXiv:1412.6980). β₁ = 0.5 is DCGAN's; WGAN-GP takes (0, 0.9)."""
    betas = tuple(map(float, betas))
    return lambda parameters: _fastest(torch.optim.Adam, parameters, lr=lr, betas=betas, eps=eps)


def rmsprop(lr: float = 5e-5, alpha: float = 0.99) -> Factory:
    """RMSProp, WGAN's choice (Arjovsky et al. 2017): no momentum, which a clipped critic takes
    badly.
    """
    return lambda parameters: _fastest(torch.optim.RMSprop, parameters, lr=lr, alpha=alpha)


def sgd(lr: float = 0.1, momentum: float = 0.5) -> Factory:
    """Stochastic gradient descent with momentum, the 2014 paper's choice."""
    return lambda parameters: _fastest(torch.optim.SGD, parameters, lr=lr, momentum=momentum)

"""The objectives of the book: what the discriminator and the generator each minimise.

An objective is a *value*, not a subclass: two functions of the discriminator's logits s(x), and,
where the method needs them, a penalty added to the discriminator's loss and a constraint put on its
weights after each step. The training loop calls all four and never asks which objective it has been
given.

Every loss takes logits ("scores"), never probabilities: D(x) = σ(s(x)), and

    log D(x) = logsigmoid(s(x)),        log(1 - D(x)) = logsigmoid(-s(x))

hold without overflow for any s, with no epsilon. Arguments stand in the order (real, fake), batches
of any shape, and each loss is the mean over the batch: an unbiased estimate of the expectation it
stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

Critic = Callable[[Tensor], Tensor]


def no_penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
    """Zero: the objective adds nothing to the discriminator's loss."""
    return real.new_zeros(())


def unconstrained(parameters: Iterable[Tensor]) -> None:
    """Leave the weights as the optimiser left them."""


def gradient_penalty(weight: float = 10.0) -> Callable[[Critic, Tensor, Tensor, Tensor], Tensor]:
    """λ E[(‖∇s(x̂)‖₂ - 1)²] with x̂ = t·real + (1 - t)·fake, one t ~ U(0, 1) for each sample.

    Returns `penalty(critic, real, fake, t)`, where `real` and `fake` have shape (n, ...), `t` shape
    (n, 1), and the result is differentiable in the critic's weights. The norm is taken for each
    sample on its own, so a critic that mixes the samples of a batch (batch norm) must not be used.
    A critic of slope 1 everywhere has penalty 0; a flat one has penalty λ. Gulrajani et al. 2017
    (arXiv:1704.00028), equation 3.
    """
    if not 0 <= weight < float("inf"):
        raise ValueError(f"gradient_penalty: weight must be at least 0 and finite, got {weight!r}")

    def penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
        t = t.reshape(-1, *[1] * (real.dim() - 1))
        between = torch.lerp(fake.detach(), real.detach(), t.to(real.dtype)).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return weight * (slope.flatten(1).norm(dim=1) - 1).square().mean()

    return penalty


def clip(limit: float = 0.01) -> Callable[[Iterable[Tensor]], None]:
    """Keep every weight of the critic in [-limit, limit], which bounds its slope.

    Returns `constrain(parameters)`, which works in place. Arjovsky et al. 2017 (arXiv:1701.07875),
    Algorithm 1.
    """
    if not limit > 0:
        raise ValueError(f"clip: limit must be positive, got {limit!r}; WGAN's own is 0.01")

    @torch.no_grad()
    def constrain(parameters: Iterable[Tensor]) -> None:
        for parameter in parameters:
            parameter.clamp_(-limit, limit)

    return constrain


@dataclass(frozen=True)
class Objective:
    """What each player minimises; `dataclasses.replace` makes variants.

    name                            for legends and checkpoints
    discriminator_loss(real, fake)  of the logits on real and generated samples, to be minimised by
                                    D
    generator_loss(fake)            of the logits on generated samples, to be minimised by G
    penalty(critic, real, fake, t)  added to D's loss; see `gradient_penalty`
    constrain(parameters)           applied to D's weights after each of its steps; see `clip`"""

    name: str
    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    generator_loss: Callable[[Tensor], Tensor]
    penalty: Callable[[Critic, Tensor, Tensor, Tensor], Tensor] = no_penalty
    constrain: Callable[[Iterable[Tensor]], None] = unconstrained


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-V(D, G) = -E[log D(x)] - E[log(1 - D(G(z)))], in nats; log 4 where D = 1/2 everywhere.

    Goodfellow et al. 2014 (arXiv:1406.2661), equation 1.
    """
    return -logsigmoid(real).mean() - logsigmoid(-fake).mean()


def log_one_minus_d(fake: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))]: G's part of V. Its slope in the logit, -σ(s), dies where D is sure."""
    return logsigmoid(-fake).mean()


def minus_log_d(fake: Tensor) -> Tensor:
    """-E[log D(G(z))]: the non-saturating cost. Its slope in the logit, σ(s) - 1, is steep where D
    is sure.
    """
    return -logsigmoid(fake).mean()


def score_difference(real: Tensor, fake: Tensor) -> Tensor:
    """-(E[f(x)] - E[f(G(z))]): minus the critic's estimate of W₁ (times its Lipschitz constant)."""
    return fake.mean() - real.mean()


def minus_score(fake: Tensor) -> Tensor:
    """-E[f(G(z))]: the generator wants its samples to score like the data."""
    return -fake.mean()


def squared_error(real: Tensor, fake: Tensor) -> Tensor:
    """½ E[(s(x) - 1)²] + ½ E[s(G(z))²]: labels 1 and 0 by least squares (Mao et al. 2017, equation
    9).
    """
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def squared_error_to_real(fake: Tensor) -> Tensor:
    """½ E[(s(G(z)) - 1)²] (Mao et al. 2017, arXiv:1611.04076, equation 9)."""
    return (fake - 1).square().mean() / 2


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - s(x))] + E[max(0, 1 + s(G(z)))] (Lim & Ye 2017, arXiv:1705.02894)."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


MINIMAX = Objective("minimax", cross_entropy, log_one_minus_d)
NON_SATURATING = Objective("non-saturating", cross_entropy, minus_log_d)
WGAN = Objective("wgan", score_difference, minus_score, constrain=clip(0.01))
WGAN_GP = Objective("wgan-gp", score_difference, minus_score, penalty=gradient_penalty(10.0))
LEAST_SQUARES = Objective("least-squares", squared_error, squared_error_to_real)
HINGE = Objective("hinge", hinge, minus_score)

OBJECTIVES = {
    objective.name: objective
    for objective in (MINIMAX, NON_SATURATING, WGAN, WGAN_GP, LEAST_SQUARES, HINGE)
}

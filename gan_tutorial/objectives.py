r"""The objectives of the book: what the discriminator and the generator each minimise.

An objective is a *value*, not a subclass: two functions of the discriminator's logits
:math:`s(x)`, and, where the method needs them, a penalty added to the discriminator's loss and a
constraint put on its weights after each step. The training loop calls all four and never asks
which objective it has been given.

Every loss takes logits ("scores"), never probabilities. With :math:`D(x) = \sigma(s(x))`,

.. math::  \log D(x) = \mathrm{logsigmoid}(s(x)), \qquad \log(1 - D(x)) = \mathrm{logsigmoid}(-s(x))

hold without overflow for any s, with no epsilon. Arguments stand in the order (real, fake), batches
of one shape, and each loss is the mean over the batch: an unbiased estimate of the expectation it
stands for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu, softplus

__all__ = [
    "F_DIVERGENCES",
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "OBJECTIVES",
    "R3GAN",
    "RELATIVISTIC",
    "WGAN",
    "WGAN_GP",
    "Constraint",
    "Critic",
    "FDivergence",
    "Loss",
    "Objective",
    "Penalty",
    "clip",
    "f_gan",
    "gradient_penalty",
    "predicting",
    "zero_centred_penalty",
]

Critic = Callable[[Tensor], Tensor]
"""A discriminator as a function of samples alone: rows `(n, d)` to logits `(n, 1)`."""
Loss = Callable[[Tensor, Tensor], Tensor]
"""`(real, fake) -> ()`, of the logits `(n, 1)` on real and on generated samples."""
Penalty = Callable[[Critic, Tensor, Tensor, Tensor], Tensor]
"""`(critic, real, fake, t) -> ()`, of a critic, samples `(n, d)` and t `(n, 1)`, uniform on [0, 1].
"""
Constraint = Callable[[Iterable[Tensor]], None]
"""`(parameters) -> None`, which changes a discriminator's weights in place."""


def no_penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
    """Zero: the objective adds nothing to the discriminator's loss."""
    return real.new_zeros(())


def unconstrained(parameters: Iterable[Tensor]) -> None:
    """Leave the weights as the optimiser left them."""


@dataclass(frozen=True)
class Objective:
    """What each player minimises; `dataclasses.replace` makes variants.

    Attributes:
        name: for legends, and for the command line.
        discriminator_loss: `(real, fake) -> ()` of the logits on real and on generated samples, to be
            minimised by D.
        generator_loss: `(real, fake) -> ()`, to be minimised by G. `real` is None unless
            `generator_sees_real`.
        penalty: `(critic, real, fake, t) -> ()`, added to D's loss; it gets the samples, and the critic
            as a function of them. See `gradient_penalty` and `zero_centred_penalty`.
        constrain: `(parameters) -> None`, applied to D's weights after each of its steps. See `clip`.
        generator_sees_real: whether the generator's loss compares with logits on real samples, which
            costs another pass through D.
        outputs: what D gives for a sample: 1 is its logit; see `predicting` for 2.
        penalised: the share of each batch that the penalty is taken on, in (0, 1]: an estimate of
            the same mean, with more noise, in less time. (StyleGAN2, arXiv:1912.04958, takes the
            whole batch instead, at every sixteenth step.)

    Raises:
        ValueError: `penalised` is outside (0, 1].
    """

    name: str
    discriminator_loss: Loss
    generator_loss: Callable[[Tensor | None, Tensor], Tensor]
    penalty: Penalty = no_penalty
    constrain: Constraint = unconstrained
    generator_sees_real: bool = False
    penalised: float = 1.0
    outputs: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.penalised <= 1:
            raise ValueError(f"penalised must be above 0 and at most 1, got {self.penalised!r}")

    def few(self, n: int) -> int:
        """How many samples of a batch of n the penalty is taken on: n · `penalised`, rounded up."""
        return math.ceil(n * self.penalised)


def slopes(critic: Critic, x: Tensor) -> Tensor:
    """‖∇s(x)‖₂ of each sample, differentiable in the critic's weights.

    The norm is taken for each sample on its own, so a critic that mixes the samples of a batch (batch
    norm) must not be used.

    Args:
        critic: from rows to logits.
        x: samples, `(n, ...)`.

    Returns:
        The slopes, `(n,)`, in logits per unit of x.
    """
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return slope.flatten(1).norm(dim=1)


def gradient_penalty(weight: float = 10.0, *, one_sided: bool = False) -> Penalty:
    """λ E[(‖∇s(x̂)‖₂ - 1)²] with x̂ = t·real + (1 - t)·fake, one t ~ U(0, 1) for each sample.

    A critic of slope 1 everywhere has penalty 0; a flat one has penalty λ. Gulrajani et al. 2017
    (arXiv:1704.00028), equation 3. With `one_sided`, λ E[max(0, ‖∇s(x̂)‖₂ - 1)²]: only slopes
    *above* 1 are penalised, and every 1-Lipschitz critic has penalty 0. Petzka et al. 2018
    (arXiv:1709.08894).

    Args:
        weight: λ, at least 0.
        one_sided: whether slopes below 1 are free.

    Returns:
        `penalty(critic, real, fake, t)` of samples `(n, ...)` and t `(n, 1)`. The critic must not mix
        the samples of a batch.

    Raises:
        ValueError: λ is negative or not finite.
    """
    _check_weight("gradient_penalty", weight)

    def penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
        t = t.reshape(-1, *[1] * (real.dim() - 1))
        between = torch.lerp(fake.detach(), real.detach(), t.to(real.dtype))
        excess = slopes(critic, between) - 1
        return weight * (excess.clamp(min=0) if one_sided else excess).square().mean()

    return penalty


def zero_centred_penalty(
    weight: float = 1.0, *, on_real: bool = True, on_fake: bool = True
) -> Penalty:
    r""":math:`\frac\gamma2 E[\|\nabla s(x)\|^2]` over real samples (R₁), generated ones (R₂), or both.

    It pulls the slope to 0 where the samples are, and lets games converge locally that circle
    without it. Mescheder et al. 2018 (arXiv:1801.04406), equations 9 and 10.

    Args:
        weight: :math:`\gamma`, at least 0.
        on_real: whether R₁ is part of it.
        on_fake: whether R₂ is part of it.

    Returns:
        `penalty(critic, real, fake, t)` of samples `(n, ...)`; t is not used. The critic must not mix
        the samples of a batch.

    Raises:
        ValueError: :math:`\gamma` is negative or not finite, or there are no samples to take it on.
    """
    _check_weight("zero_centred_penalty", weight)
    if not (on_real or on_fake):
        raise ValueError("zero_centred_penalty: one of on_real, on_fake must be True")

    def penalty(critic: Critic, real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
        places = [x for x, wanted in ((real, on_real), (fake, on_fake)) if wanted]
        both = torch.stack(places, 1).flatten(0, 1)  # a sample's place in the batch tells its label
        return weight / 2 * len(places) * slopes(critic, both).square().mean()

    return penalty


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"{name}: weight must be at least 0 and finite, got {weight!r}")


def clip(limit: float = 0.01) -> Constraint:
    """Keep every weight of the critic in [-limit, limit], which bounds its slope.

    Arjovsky et al. 2017 (arXiv:1701.07875), Algorithm 1.

    Args:
        limit: the bound on each weight, positive.

    Returns:
        `constrain(parameters)`, which works in place.

    Raises:
        ValueError: the limit is not positive.
    """
    if not limit > 0:
        raise ValueError(f"clip: limit must be positive, got {limit!r}; WGAN's own is 0.01")

    @torch.no_grad()
    def constrain(parameters: Iterable[Tensor]) -> None:
        for parameter in parameters:
            parameter.clamp_(-limit, limit)

    return constrain


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-V(D, G) = -E[log D(x)] - E[log(1 - D(G(z)))], in nats; log 4 where D = 1/2 everywhere.

    Goodfellow et al. 2014 (arXiv:1406.2661), equation 1.
    """
    return -logsigmoid(real).mean() - logsigmoid(-fake).mean()


def log_one_minus_d(real: Tensor | None, fake: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))]: G's part of V. Its slope in the logit, -σ(s), dies where D is sure."""
    return logsigmoid(-fake).mean()


def minus_log_d(real: Tensor | None, fake: Tensor) -> Tensor:
    """-E[log D(G(z))]: the non-saturating cost. Its slope in the logit, σ(s) - 1, is steep where D
    is sure.
    """
    return -logsigmoid(fake).mean()


def score_difference(real: Tensor, fake: Tensor) -> Tensor:
    """-(E[f(x)] - E[f(G(z))]): minus the critic's estimate of W₁ (times its Lipschitz constant)."""
    return fake.mean() - real.mean()


def minus_score(real: Tensor | None, fake: Tensor) -> Tensor:
    """-E[f(G(z))]: the generator wants its samples to score like the data."""
    return -fake.mean()


def squared_error(real: Tensor, fake: Tensor) -> Tensor:
    """½ E[(s(x) - 1)²] + ½ E[s(G(z))²]: labels 1 and 0 by least squares.

    Mao et al. 2017 (arXiv:1611.04076), equation 9.
    """
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def squared_error_to_real(real: Tensor | None, fake: Tensor) -> Tensor:
    """½ E[(s(G(z)) - 1)²]. Mao et al. 2017 (arXiv:1611.04076), equation 9."""
    return (fake - 1).square().mean() / 2


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - s(x))] + E[max(0, 1 + s(G(z)))]. Lim & Ye 2017 (arXiv:1705.02894)."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def relativistic(real: Tensor, fake: Tensor) -> Tensor:
    """-E[log σ(s(x) - s(G(z)))]: D must score each real sample above the fake it is paired with.

    Jolicoeur-Martineau 2019 (arXiv:1807.00734), the relativistic GAN; a pair is a row of the batch.
    """
    return softplus(fake - real).mean()


def relativistic_of_g(real: Tensor | None, fake: Tensor) -> Tensor:
    """-E[log σ(s(G(z)) - s(x))]: G must score each fake above the real sample it is paired with.

    Raises:
        ValueError: `real` is None.
    """
    if real is None:
        raise ValueError("real: this loss compares pairs; its objective needs generator_sees_real")
    return softplus(real - fake).mean()


@dataclass(frozen=True)
class FDivergence:
    r"""One of the family :math:`D_f(p\|q) = \int q(x)\,f(p(x)/q(x))\,dx`, as a game.

    For convex f with :math:`f(1) = 0` and its conjugate :math:`f^*(t) = \sup_u (ut - f(u))`,

    .. math::  D_f(p\|q) = \sup_T \; E_p[T(x)] - E_q[f^*(T(x))],

    attained at :math:`T^* = f'(p/q)`. The discriminator's output :math:`s` is any number; the
    activation :math:`g` carries it to where :math:`f^*` is finite. Nowozin et al. 2016
    (arXiv:1606.00709), section 2 and their tables of f, :math:`f^*` and g.

    Attributes:
        name: of the divergence.
        f: the convex function, of u > 0.
        output: :math:`T = g(s)`.
        conjugate: :math:`f^*(g(s))`, written so that it neither overflows nor cancels where the
            result itself is representable.
    """

    name: str
    f: Callable[[Tensor], Tensor]
    output: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]


def _itself(s: Tensor) -> Tensor:
    return s


F_DIVERGENCES = {
    divergence.name: divergence
    for divergence in (
        FDivergence("kl", lambda u: u * u.log(), _itself, lambda s: (s - 1).exp()),
        FDivergence("reverse-kl", lambda u: -u.log(), lambda s: -(-s).exp(), lambda s: s - 1),
        FDivergence("pearson", lambda u: (u - 1).square(), _itself, lambda s: s.square() / 4 + s),
        FDivergence(
            "hellinger",
            lambda u: (u.sqrt() - 1).square(),
            lambda s: -torch.expm1(-s),
            lambda s: torch.expm1(s),
        ),
        FDivergence(
            "js",
            lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
            lambda s: math.log(2) - softplus(-s),
            lambda s: softplus(s) - math.log(2),
        ),
    )
}
r"""Divergences that are games, by name: `"kl"`, `KL(p‖q)`; `"reverse-kl"`, `KL(q‖p)`; `"pearson"`,
:math:`\int (p - q)^2/q`; `"hellinger"`, :math:`\int (\sqrt p - \sqrt q)^2`; `"js"`, twice the
Jensen-Shannon divergence. In nats where there is a logarithm.
"""


def f_gan(divergence: FDivergence, *, saturating: bool = True) -> Objective:
    r"""The game whose value is an f-divergence, when the discriminator is optimal.

    D maximises :math:`E_p[g(s(x))] - E_q[f^*(g(s(x)))]`. G minimises the second term,
    :math:`-E_q[f^*(g(s))]`, or, not `saturating`, :math:`-E_q[g(s)]`: what the paper calls its trick
    against vanishing slopes (section 3.2 of arXiv:1606.00709).

    Args:
        divergence: a value of `F_DIVERGENCES`.
        saturating: which of the two G minimises.
    """

    def of_d(real: Tensor, fake: Tensor) -> Tensor:
        return divergence.conjugate(fake).mean() - divergence.output(real).mean()

    def of_g(real: Tensor | None, fake: Tensor) -> Tensor:
        return -(divergence.conjugate if saturating else divergence.output)(fake).mean()

    return Objective(f"f-{divergence.name}", of_d, of_g)


def predicting(objective: Objective, weight: float = 1.0) -> Objective:
    """The objective, and both players also want D's reader to read the labels right.

    Odena et al. 2017 (arXiv:1610.09585), section 3: D minimises its loss - λ E[log C(y|x)], over real
    and generated samples, and G its own - λ E[log C(y|G(z, y))].

    Args:
        objective: of the score, the first of D's two outputs; it must not penalise slopes, since a
            slope belongs to one output.
        weight: λ, at least 0.

    Raises:
        ValueError: λ is negative or not finite, or the objective has a penalty.
    """
    _check_weight("predicting", weight)
    if objective.penalty is not no_penalty:
        raise ValueError(f"predicting: {objective.name} has a penalty, which takes one output")

    def of_d(real: Tensor, fake: Tensor) -> Tensor:
        read = real[:, 1].mean() + fake[:, 1].mean()
        return objective.discriminator_loss(real[:, :1], fake[:, :1]) - weight * read

    def of_g(real: Tensor | None, fake: Tensor) -> Tensor:
        of_scores = objective.generator_loss(None if real is None else real[:, :1], fake[:, :1])
        return of_scores - weight * fake[:, 1].mean()

    name = f"{objective.name}, predicting"
    return replace(objective, name=name, discriminator_loss=of_d, generator_loss=of_g, outputs=2)


MINIMAX = Objective("minimax", cross_entropy, log_one_minus_d)
r"""The game of Goodfellow et al. 2014 (arXiv:1406.2661), equation 1: D maximises
:math:`V = E[\log D(x)] + E[\log(1 - D(G(z)))]`, and G minimises it.
"""
NON_SATURATING = Objective("non-saturating", cross_entropy, minus_log_d)
r"""The same D, but G minimises :math:`-E[\log D(G(z))]`, whose slope is steep where D is sure; section
3 of Goodfellow et al. 2014.
"""
WGAN = Objective("wgan", score_difference, minus_score, constrain=clip(0.01))
"""D maximises :math:`E[s(x)] - E[s(G(z))]` and G minimises it; D's weights are clipped to
[-0.01, 0.01]. Arjovsky et al. 2017 (arXiv:1701.07875).
"""
WGAN_GP = Objective("wgan-gp", score_difference, minus_score, penalty=gradient_penalty(10.0))
"""The same game with `gradient_penalty(10.0)` in the place of clipping. Gulrajani et al. 2017
(arXiv:1704.00028).
"""
LEAST_SQUARES = Objective("least-squares", squared_error, squared_error_to_real)
r"""D minimises :math:`\frac12 E[(s(x) - 1)^2] + \frac12 E[s(G(z))^2]` and G
:math:`\frac12 E[(s(G(z)) - 1)^2]`. Mao et al. 2017 (arXiv:1611.04076), equation 9.
"""
HINGE = Objective("hinge", hinge, minus_score)
r"""D minimises :math:`E[\max(0, 1 - s(x))] + E[\max(0, 1 + s(G(z)))]` and G :math:`-E[s(G(z))]`. Lim &
Ye 2017 (arXiv:1705.02894).
"""
RELATIVISTIC = Objective("relativistic", relativistic, relativistic_of_g, generator_sees_real=True)
r"""D minimises :math:`-E[\log\sigma(s(x) - s(G(z)))]` over pairs of a real and a generated sample, and
G the same with the two exchanged. Jolicoeur-Martineau 2019 (arXiv:1807.00734).
"""
R3GAN = replace(RELATIVISTIC, name="r3gan", penalty=zero_centred_penalty(1.0))
"""`RELATIVISTIC` with R₁ and R₂, `zero_centred_penalty(1.0)`. Their best weight depends on the data.
Huang et al. 2024 (arXiv:2501.05441).
"""

OBJECTIVES = {
    objective.name: objective
    for objective in (
        MINIMAX,
        NON_SATURATING,
        WGAN,
        WGAN_GP,
        LEAST_SQUARES,
        HINGE,
        RELATIVISTIC,
        R3GAN,
        *map(f_gan, F_DIVERGENCES.values()),
    )
}
"""Every objective of the book by its name: `"minimax"`, `"non-saturating"`, `"wgan"`, `"wgan-gp"`,
`"least-squares"`, `"hinge"`, `"relativistic"`, `"r3gan"`, `"f-kl"`, `"f-reverse-kl"`, `"f-pearson"`,
`"f-hellinger"`, `"f-js"`.
"""

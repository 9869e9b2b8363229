r"""Optimal transport of finitely many masses: three roads to the Wasserstein-1 distance.

- `linear_programme`: :math:`\min_\gamma \sum_{ij} \gamma_{ij} c_{ij}`, for any cost.
- `from_cdfs`: :math:`\sum_i |F_P(x_i) - F_Q(x_i)|\,(x_{i+1} - x_i)`, on the line.
- `dual`: :math:`\max_f \sum_i f(x_i)(P_i - Q_i)`, f being 1-Lipschitz, on the line.

`monotone_plan` is a plan that is best on the line, `potential` a best f; both are closed forms.

Masses are sequences, arrays or tensors of numbers that are nowhere negative. They need not add up
to 1, but P and Q must weigh the same: :math:`P=(3,2,1,4)`, :math:`Q=(1,2,4,3)` costs 5 blocks
times steps, and :math:`W_1 = 5/10` after both are divided by 10. `gan_tutorial.divergences` has
the distance of two densities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "Dual",
    "Transport",
    "distances",
    "dual",
    "from_cdfs",
    "linear_programme",
    "monotone_plan",
    "potential",
]

SAME_TOTAL = 1e-9
TOLERANCES = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


class Transport(NamedTuple):
    """What is moved and what that costs.

    Attributes:
        cost: mass times distance.
        plan: `(n, m)`, how much goes from point i of P to point j of Q.
    """

    cost: float
    plan: np.ndarray


class Dual(NamedTuple):
    """A 1-Lipschitz function and what it proves: no plan costs less than `value`.

    Attributes:
        value: mass times distance.
        f: `(n,)`, f at the points, 0 at the first.
    """

    value: float
    f: np.ndarray


def distances(x: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
    """Euclidean distances from each point of `x` to each of `y`.

    Args:
        x: numbers `(n,)`, or vectors `(n, d)`.
        y: numbers `(m,)`, or vectors `(m, d)`; None: `x` again.

    Returns:
        The distances, `(n, m)`, in units of x.

    Raises:
        ValueError: the shapes are others, or d differs.
    """
    x = _points("x", x)
    y = x if y is None else _points("y", y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"x has points of {x.shape[1]} coordinates and y of {y.shape[1]}; they must agree"
        )
    return np.linalg.norm(x[:, None] - y[None], axis=-1)


def linear_programme(P: ArrayLike, Q: ArrayLike, cost: ArrayLike) -> Transport:
    r"""The cheapest way to turn `P` into `Q`: Kantorovich's linear programme, for any cost.

    :math:`\min_\gamma \sum_{ij}\gamma_{ij}c_{ij}` over :math:`\gamma \ge 0` with row sums `P` and column
    sums `Q`. With `cost = distances(x, y)` and probabilities this is :math:`W_1`, in units of x. The
    solver is SciPy's dual simplex; the memory is that of n·m variables. Peyré & Cuturi 2019
    (arXiv:1803.00567), equation 2.11.

    Args:
        P: masses, `(n,)`.
        Q: masses of the same total, `(m,)`.
        cost: `(n, m)`, of moving one unit from point i of P to point j of Q.

    Returns:
        The cost of a best plan, and that plan.

    Raises:
        ValueError: masses are negative, totals differ, shapes do not fit, or a cost is not finite.
    """
    P, Q = _masses(P, Q)
    cost = np.asarray(cost, dtype=float)
    if cost.shape != (len(P), len(Q)):
        raise ValueError(
            f"cost has shape {cost.shape}; for {len(P)} masses in P and {len(Q)} in Q it must be "
            f"({len(P)}, {len(Q)}): cost[i, j] is the cost of moving one unit from i to j"
        )
    if not np.isfinite(cost).all():
        raise ValueError("cost must be finite everywhere")
    from scipy.sparse import dia_array, kron, vstack

    one_p, one_q = (dia_array((np.ones((1, n)), [0]), shape=(n, n)) for n in cost.shape)
    rows = kron(one_p, np.ones((1, len(Q))))
    columns = kron(np.ones((1, len(P))), one_q)
    scale = np.abs(cost).max() or 1.0
    # One equation follows from the others: with it, the totals' last digits would contradict them.
    heaviest = int(Q.argmax())
    kept = [i for i in range(len(P) + len(Q)) if i != len(P) + heaviest]
    found = _solve(
        cost.ravel() / scale,
        A_eq=vstack([rows, columns]).tocsr()[kept],
        b_eq=np.concatenate([P, Q])[kept] / P.sum(),
        bounds=(0, None),
    )
    plan = found.reshape(cost.shape).clip(min=0) * P.sum()
    return Transport(float((plan * cost).sum()), plan)


def from_cdfs(P: ArrayLike, Q: ArrayLike, x: ArrayLike | None = None) -> float:
    r"""The area between the distribution functions, :math:`\int |F_P - F_Q|`.

    On the line this is the cost of a best plan.

    Args:
        P: masses, `(n,)`.
        Q: masses of the same total at the same points, `(n,)`.
        x: the points, `(n,)`, increasing; None: 0, 1, 2, ….

    Returns:
        Mass times distance.

    Raises:
        ValueError: masses are negative, totals or lengths differ, or the points do not increase.
    """
    P, Q, x = _masses_on_line(P, Q, x)
    return float(np.abs(_gap(P, Q)) @ np.diff(x))


def dual(P: ArrayLike, Q: ArrayLike, x: ArrayLike | None = None) -> Dual:
    r"""The best witness, :math:`\max \sum_i f(x_i)(P_i - Q_i)` over 1-Lipschitz f, by a linear programme.

    Kantorovich-Rubinstein duality: the maximum is the cost of a best plan. It is enough that
    neighbours obey :math:`|f(x_{i+1}) - f(x_i)| \le x_{i+1} - x_i`; a path between any two points
    passes through those between. A constant added to f changes nothing, so f is 0 at the first point.

    Args:
        P: masses, `(n,)`.
        Q: masses of the same total at the same points, `(n,)`.
        x: the points, `(n,)`, increasing; None: 0, 1, 2, ….

    Returns:
        The maximum, and an f that reaches it.

    Raises:
        ValueError: masses are negative, totals or lengths differ, or the points do not increase.
    """
    P, Q, x = _masses_on_line(P, Q, x)
    if len(x) == 1:
        return Dual(0.0, np.zeros(1))
    from scipy.sparse import dia_array, vstack

    n, span = len(x), x[-1] - x[0]
    steps = dia_array((np.outer([-1.0, 1.0], np.ones(n)), [0, 1]), shape=(n - 1, n))
    found = _solve(
        (Q - P) / P.sum(),
        A_ub=vstack([steps, -steps]).tocsr(),
        b_ub=np.tile(np.diff(x) / span, 2),
        bounds=[(0, 0)] + [(None, None)] * (n - 1),
    )
    f = found * span
    return Dual(float(f @ (P - Q)), f)


def monotone_plan(P: ArrayLike, Q: ArrayLike) -> np.ndarray:
    r"""The plan that keeps the order: a best one on the line, also for the cost :math:`|x-y|^2`.

    :math:`\gamma_{ij}` is the length that the intervals :math:`[F_P(x_{i-1}), F_P(x_i)]` and
    :math:`[F_Q(y_{j-1}), F_Q(y_j)]` have in common, which is what filling a table from its
    north-west corner gives.

    Args:
        P: masses at increasing points, `(n,)`.
        Q: masses of the same total at increasing points, `(m,)`.

    Returns:
        The plan, `(n, m)`.

    Raises:
        ValueError: masses are negative, or totals differ.
    """
    P, Q = _masses(P, Q)
    F, G = (np.concatenate([[0.0], np.cumsum(masses)]) for masses in (P, Q))
    shared = np.minimum(F[1:, None], G[None, 1:]) - np.maximum(F[:-1, None], G[None, :-1])
    return shared.clip(min=0)


def potential(P: ArrayLike, Q: ArrayLike, x: ArrayLike | None = None) -> np.ndarray:
    r"""A best f for `dual`, in closed form: its slope is :math:`-\mathrm{sign}(F_P - F_Q)`.

    Where the two distribution functions agree, any slope in [-1, 1] would do; this f is flat there.

    Args:
        P: masses, `(n,)`.
        Q: masses of the same total at the same points, `(n,)`.
        x: the points, `(n,)`, increasing; None: 0, 1, 2, ….

    Returns:
        f at the points, `(n,)`, 0 at the first.

    Raises:
        ValueError: masses are negative, totals or lengths differ, or the points do not increase.
    """
    P, Q, x = _masses_on_line(P, Q, x)
    gap = _gap(P, Q)
    slope = -np.sign(np.where(np.abs(gap) > 1e-12 * P.sum(), gap, 0.0))
    return np.concatenate([[0.0], np.cumsum(slope * np.diff(x))])


def _gap(P: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """F_P - F_Q between neighbouring points, `(n - 1,)`."""
    return np.cumsum(P - Q)[:-1]


def _solve(objective: np.ndarray, **constraints: Any) -> np.ndarray:
    from scipy.optimize import linprog

    found = linprog(objective, method="highs-ds", options=TOLERANCES, **constraints)
    if not found.success:
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    return found.x


def _masses(P: ArrayLike, Q: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float arrays of one total; Q takes P's where they differ by rounding alone."""
    P, Q = (_mass(name, masses) for name, masses in (("P", P), ("Q", Q)))
    if abs(P.sum() - Q.sum()) > SAME_TOTAL * P.sum():
        raise ValueError(
            f"P weighs {P.sum():.17g} and Q {Q.sum():.17g}; nothing may be lost on the way, so the totals "
            "must agree: divide each by its own"
        )
    return P, Q * (P.sum() / Q.sum())


def _mass(name: str, masses: ArrayLike) -> np.ndarray:
    masses = np.asarray(masses, dtype=float)
    if masses.ndim != 1 or not len(masses):
        raise ValueError(f"{name} has shape {masses.shape}; it must be a list of masses, (n,)")
    if not np.isfinite(masses).all() or (masses < 0).any() or masses.sum() == 0:
        raise ValueError(f"{name} must be finite, nowhere negative and not all 0; got {masses}")
    return masses


def _masses_on_line(
    P: ArrayLike, Q: ArrayLike, x: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    P, Q = _masses(P, Q)
    x = np.arange(len(P), dtype=float) if x is None else np.asarray(x, dtype=float)
    if not len(P) == len(Q) == x.size or x.ndim != 1:
        raise ValueError(
            f"P, Q and x must have one length; got {len(P)}, {len(Q)} and shape {x.shape}. Where "
            "only one of them has a point, give the other the mass 0"
        )
    if not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise ValueError(f"x must be finite and increasing; got {x}")
    return P, Q, x


def _points(name: str, points: ArrayLike) -> np.ndarray:
    points = np.asarray(points, dtype=float)
    if points.ndim not in (1, 2) or not points.size:
        raise ValueError(f"{name} has shape {points.shape}; it must be (n,) or (n, d)")
    return points.reshape(len(points), -1)

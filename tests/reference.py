"""The same divergences once more, in 40-digit arithmetic and by other roads: the tests' truth.

Total variation and W1 come from closed-form primitives between crossings, not from quadrature of
|p - q|; KL and JSD from mpmath's quadrature of their textbook definitions. A density here is a
list of ``(mean, std, weight)`` rows or a pair ``(low, high)``.
"""

from itertools import pairwise

import mpmath as mp
import torch
from torch.distributions import Normal, Uniform

DIGITS = 40
mp.mp.dps = DIGITS


def parameters(distribution):
    """The exact values of the float64 parameters (weights normalised)."""
    if isinstance(distribution, Uniform):
        return (mp.mpf(distribution.low.item()), mp.mpf(distribution.high.item()))
    if isinstance(distribution, Normal):
        return [(mp.mpf(distribution.loc.item()), mp.mpf(distribution.scale.item()), mp.mpf(1))]
    bells = distribution.component_distribution
    weights = [mp.mpf(w) for w in distribution.mixture_distribution.probs.tolist()]
    rows = zip(bells.loc.tolist(), bells.scale.tolist(), weights, strict=True)
    return [(mp.mpf(m), mp.mpf(s), w / mp.fsum(weights)) for m, s, w in rows if w > 0]


def density(d, x):
    if isinstance(d, tuple):
        return 1 / (d[1] - d[0]) if d[0] <= x < d[1] else mp.mpf(0)
    return mp.fsum(w * mp.npdf(x, m, s) for m, s, w in d)


def cdf(d, x):
    if isinstance(d, tuple):
        return min(max((x - d[0]) / (d[1] - d[0]), mp.mpf(0)), mp.mpf(1))
    return mp.fsum(w * mp.erfc((m - x) / (s * mp.sqrt(2))) / 2 for m, s, w in d)


def cdf_primitive(d, x):
    """The integral of the distribution function from minus infinity to x."""
    if isinstance(d, tuple):
        inside = min(max(x, d[0]), d[1])
        return (inside - d[0]) ** 2 / (2 * (d[1] - d[0])) + max(x - d[1], mp.mpf(0))
    total = mp.mpf(0)
    for m, s, w in d:
        z = (x - m) / s
        total += w * s * (z * mp.erfc(-z / mp.sqrt(2)) / 2 + mp.npdf(z))
    return total


def edges(p, q):
    """Where either density begins, bends or ends: sorted, distinct."""
    found = set()
    for d in (p, q):
        if isinstance(d, tuple):
            found.update(d)
        else:
            found.update(m + k * s for m, s, _ in d for k in (-14, -7, -3, 0, 3, 7, 14))
    return sorted(found)


def kl(p, q):
    inside = isinstance(p, tuple) and isinstance(q, tuple) and q[0] <= p[0] and p[1] <= q[1]
    if isinstance(q, tuple) and not inside:
        return mp.inf

    def integrand(x):
        a, b = density(p, x), density(q, x)
        return a * mp.log(a / b) if a > 0 else mp.mpf(0)

    return mp.quad(integrand, edges(p, q))


def js(p, q):
    def integrand(x):
        a, b = density(p, x), density(q, x)
        m = (a + b) / 2
        return sum(c * mp.log(c / m) for c in (a, b) if c > 0) / 2

    return mp.quad(integrand, edges(p, q))


def crossings(f, points, cells=40):
    """The roots of f between the first and the last point, by a fine scan and bisection."""
    # Strictly between the points: a block's density jumps at the points themselves.
    grid = [
        a + (b - a) * (mp.mpf(i) + mp.mpf("0.5")) / cells
        for a, b in pairwise(points)
        for i in range(cells)
    ]
    signs = [mp.sign(f(x)) for x in grid]
    pairs = zip(grid, grid[1:], signs, signs[1:], strict=False)
    return [bisect(f, left, right, s) for left, right, s, t in pairs if s * t < 0]


def bisect(f, left, right, sign_left):
    for _ in range(80):
        middle = (left + right) / 2
        if mp.sign(f(middle)) == sign_left:
            left = middle
        else:
            right = middle
    return (left + right) / 2


def total_variation(p, q):
    points = edges(p, q)
    roots = crossings(lambda x: density(p, x) - density(q, x), points)
    cuts = sorted({*points, *roots})
    gaps = [cdf(p, x) - cdf(q, x) for x in cuts]
    return mp.fsum(abs(b - a) for a, b in pairwise(gaps)) / 2


def wasserstein1(p, q):
    points = edges(p, q)
    roots = crossings(lambda x: cdf(p, x) - cdf(q, x), points)
    cuts = sorted({*points, *roots})
    areas = [cdf_primitive(p, x) - cdf_primitive(q, x) for x in cuts]
    return mp.fsum(abs(b - a) for a, b in pairwise(areas))


def divergence(name, p, q):
    """One of the four, between two torch distributions, as an mpmath number."""
    with torch.no_grad():
        return globals()[name](parameters(p), parameters(q))

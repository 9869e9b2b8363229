"""The mathematics of the figure ``parzen-bandwidth``, in V8, against the package."""

import numpy as np
import pytest
import torch

from gan_tutorial.figures import ParzenBandwidth
from gan_tutorial.figures.parzen_bandwidth import MEANS, WEIGHTS, WIDTHS, draw
from gan_tutorial.parzen import choose_sigma, log_likelihood

MODULES = ("parzen_bandwidth/parzen.js",)
SAMPLES, HELD_OUT = ParzenBandwidth().samples, ParzenBandwidth().held_out


@pytest.mark.parametrize("n", [2, 5, 40, 80])
@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.3, 3.0])
def test_log_densities_agree_with_python(javascript, n, sigma):
    points = [*HELD_OUT, -30.0, SAMPLES[0], 12.5]
    expected = log_likelihood(np.array(SAMPLES[:n]), np.array(points), sigma).per_point
    ours = [javascript.call("parzenLog", x, SAMPLES, n, sigma) for x in points]
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-9)


def test_means_agree_with_python(javascript):
    expected = log_likelihood(np.array(SAMPLES[:40]), np.array(HELD_OUT), 0.2).mean.item()
    assert javascript.call("parzenMean", HELD_OUT, SAMPLES, 40, 0.2) == pytest.approx(
        expected, abs=1e-9
    )


@pytest.mark.parametrize("n", [5, 40, 80])
def test_the_best_width_read_from_the_curve_is_the_best(javascript, n):
    grid = np.linspace(-2, 0.5, 41)
    curve = [javascript.call("parzenMean", HELD_OUT, SAMPLES, n, 10**s) for s in grid]
    best = 10 ** javascript.call("peakOf", grid.tolist(), curve)
    fine = np.geomspace(0.01, 10**0.5, 400).tolist()
    truth = choose_sigma(np.array(SAMPLES[:n]), np.array(HELD_OUT), fine, refine=0).sigma
    assert best == pytest.approx(truth, rel=0.05)


def test_the_peak_of_a_parabola_is_exact(javascript):
    xs = np.linspace(0, 1, 11)
    assert javascript.call("peakOf", xs.tolist(), (-((xs - 0.234) ** 2)).tolist()) == pytest.approx(
        0.234, abs=1e-12
    )
    assert javascript.call("peakOf", [0, 1, 2], [3, 2, 1]) == 0


def test_the_points_come_from_the_density_that_is_drawn():
    points = torch.tensor(draw(20_000, seed=3))
    mean = sum(w * m for w, m in zip(WEIGHTS, MEANS, strict=True))
    square = sum(w * (m * m + s * s) for w, m, s in zip(WEIGHTS, MEANS, WIDTHS, strict=True))
    assert points.mean().item() == pytest.approx(mean, abs=0.05)
    assert points.std().item() == pytest.approx((square - mean**2) ** 0.5, abs=0.05)
    assert len(set(SAMPLES) & set(HELD_OUT)) <= 2

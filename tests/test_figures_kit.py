"""The kit's pure parts in V8: numbers as words, ticks, curves as paths, and the detector of changes."""

import json
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

MODULES = ("kit/numbers.js", "kit/path.js", "kit/changes.js")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        ("0", 3, "0.000"),
        ("-0", 3, "0.000"),
        ("0.12345", 3, "0.123"),
        ("-1.5", 2, "−1.50"),
        ("12", 0, "12"),
        ("-0.0004", 3, "−4.0·10⁻⁴"),
        ("-0.0006", 3, "−0.001"),
        ("0.0005", 3, "0.001"),
        ("99999", 0, "99999"),
        ("100000", 0, "1.0·10⁵"),
        ("9.96e-7", 3, "1.0·10⁻⁶"),
        ("-1.26e21", 3, "−1.3·10²¹"),
        ("Infinity", 3, "∞"),
        ("-Infinity", 3, "−∞"),
        ("NaN", 3, "undefined"),
    ],
)
def test_numbers_are_words_a_reader_knows(javascript, value, digits, text):
    assert javascript.evaluate(f"formatNumber({value}, {digits})") == text


SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


@given(st.floats(-1e300, 1e300, allow_subnormal=False), st.integers(0, 5))
@example(value=0.0005, digits=3)
def test_a_number_is_read_as_what_it_is_to_its_digits(javascript, value, digits):
    text = javascript.call("formatNumber", value, digits)
    factor, _, exponent = text.partition("·10")
    read = float(factor.replace("−", "-"))
    if exponent:
        assert 1 <= abs(read) < 10
        power = int(exponent.translate(SUPERSCRIPTS))
        assert read * 10.0**power == pytest.approx(value, rel=0.0501)
    else:
        assert read == pytest.approx(value, abs=0.5000001 * 10**-digits)
        assert text[0] != "−" or read < 0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 10))
def test_ticks_are_round_inside_and_about_as_many_as_asked_for(javascript, low, width, count):
    found = javascript.call("niceTicks", low, low + width, count)
    ticks = np.array(found["ticks"])
    assert (ticks >= low - 1e-6 * width).all()
    assert (ticks <= low + (1 + 1e-6) * width).all()
    assert len(ticks) <= count + 1
    if len(ticks) > 1:
        step = np.diff(ticks).mean()
        mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-6)
        assert min(abs(mantissa - m) for m in (1, 2, 5)) < 1e-6
        assert float(f"{step:.{found['digits']}f}") == pytest.approx(step, rel=1e-6)


MOVE, LINE = 0, 1
THROUGH = "[...pathThrough({xs}, {ys}, {{ x: (v) => v, y: (v) => v }}).steps]"


def stretches(javascript, xs, ys):
    """The path through the points, in pixels, as one array of corners for each stretch."""
    places, values = (json.dumps([float(v) for v in numbers]) for numbers in (xs, ys))
    steps = javascript.evaluate(THROUGH.format(xs=places, ys=values))
    found = []
    for kind, x, y in zip(*[iter(steps)] * 3, strict=True):
        if kind == MOVE:
            found.append([])
        found[-1].append((x, y))
    return [np.array(stretch) for stretch in found]


heights = st.lists(st.floats(0, 300), min_size=2, max_size=60)


@given(heights)
@example([0.0, 20.0] * 10)
@example([15 * math.sin(i / 5) for i in range(60)])
def test_a_curve_misses_no_point_by_more_than_a_tenth_of_a_pixel(javascript, ys):
    xs = [3.0 * i for i in range(len(ys))]
    (corners,) = stretches(javascript, xs, ys)
    assert set(map(tuple, corners)) <= set(zip(xs, ys, strict=True))
    assert abs(np.interp(xs, *corners.T) - ys).max() <= 0.1 + 1e-9


def test_a_straight_stretch_costs_two_points_and_a_round_one_few(javascript):
    xs = np.linspace(0, 600, 301)
    (straight,) = stretches(javascript, xs, 0.3 * xs + 7)
    assert len(straight) == 2
    bell = 200 * np.exp(-0.5 * ((xs - 300) / 60) ** 2)
    (corners,) = stretches(javascript, xs, bell)
    assert 10 < len(corners) < 100


def test_a_curve_is_broken_where_it_has_no_value(javascript):
    found = stretches(javascript, range(6), [0.0, 5.0, math.nan, math.nan, 9.0, 1.0])
    assert [stretch.tolist() for stretch in found] == [[[0, 0], [1, 5]], [[4, 9], [5, 1]]]


def test_changes_are_told_apart_value_by_value(javascript):
    said = javascript.evaluate(
        """(() => {
          const changed = changeDetector();
          return [["a", 1], ["a", 1], ["a", 2], ["a 2", ""], ["a", "2 "], ["a"], ["a"], [NaN], [NaN], []]
            .map((values) => changed(...values));
        })()"""
    )
    assert said == [True, False, True, True, True, True, False, True, False, True]

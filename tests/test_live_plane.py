"""The plane's live figure without a browser: p_g by cells, data, distances, trainer, stories, its Python side."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import traitlets
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

from gan_tutorial.figures import LivePlane
from gan_tutorial.figures import live_plane as options
from gan_tutorial.figures.live import OPTIMIZERS

MODULES = (
    "mathematics/masses.js",
    "engine/engine.js",
    "engine/network.js",
    "engine/players.js",
    "kit/state.js",
    "live/address.js",
    "live/history.js",
    "live/run.js",
    *(
        f"live_plane/{name}.js"
        for name in ("cells", "contours", "data", "measures", "sheet", "trainer", "stories")
    ),
)
REACH, SIDE = 3, 64
EDGES = np.linspace(-REACH, REACH, SIDE + 1)
WIDTH = EDGES[1] - EDGES[0]
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2

HARNESS = """
const square = (masses) => Array.from(masses);
function spread(pieces) {
  const canvas = makeCanvas();
  for (const [mass, ...corners] of pieces) (corners.length === 6 ? addTriangle : addSegment)(canvas, mass, ...corners);
  settle(canvas);
  return square(canvas.masses);
}
// G(z) = A z + b: one layer, no activation.
function pushed(weights, bias, noise) {
  const engine = makeEngine(), network = makeNetwork(engine, [NOISES[noise].dimensions, 2], "tanh");
  writeParameters(network, [...weights, ...bias]);
  const sheet = makeSheet(network, noise);
  carry(sheet, network);
  return { masses: square(sheet.canvas.masses), outside: sheet.outside };
}
function play(settings, steps) {
  const trainer = makeTrainer(settings);
  while (trainer.step < steps && !trainer.diverged) playRound(trainer);
  look(trainer);
  return trainer;
}
"""


@pytest.fixture(scope="module", autouse=True)
def harness(javascript):
    javascript.load(HARNESS)


def clipped(polygon, axis, bound, keep_below):
    """Sutherland and Hodgman: the part of a convex polygon on one side of a line."""
    inside = lambda p: p[axis] <= bound if keep_below else p[axis] >= bound  # noqa: E731
    result = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if inside(p):
            result.append(p)
        if inside(p) != inside(q):
            t = (bound - p[axis]) / (q[axis] - p[axis])
            point = [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]
            point[axis] = bound
            result.append(tuple(point))
    return result


def area(polygon):
    x, y = np.array(polygon).T if polygon else (np.zeros(1), np.zeros(1))
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def masses_of(corners):
    """The share of a triangle in each cell, cell by cell."""
    masses = np.zeros((SIDE, SIDE))
    whole = area(corners)
    for row in range(SIDE):
        strip = clipped(clipped(corners, 1, EDGES[row], False), 1, EDGES[row + 1], True)
        for column in range(SIDE) if strip else ():
            part = clipped(clipped(strip, 0, EDGES[column], False), 0, EDGES[column + 1], True)
            masses[row, column] = area(part) / whole
    return masses


# ---------------------------------------------------------------- p_g, cell by cell

TRIANGLES = [
    [(-1.0, -1.0), (1.0, -0.5), (0.2, 1.3)],
    [(0.01, 0.01), (0.02, 0.08), (0.05, 0.03)],  # in one cell
    [(0.0, 0.0), (0.0, 0.9375), (0.9375, 0.0)],  # corners and sides on the cells' own
    [(-5.0, -1.0), (2.0, 4.0), (1.0, -7.0)],  # reaches out on all sides
    [(-9.0, -1.0), (-4.0, 2.0), (-5.0, 0.0)],  # outside, to the left
    [(2.9, -0.2), (3.4, 0.1), (2.7, 0.3)],
    [(-2.0, -1.0), (2.0, 1.0), (2.0, 1.0001)],  # much thinner than a cell
]


@pytest.mark.parametrize("corners", TRIANGLES)
@pytest.mark.parametrize("turn", [1, -1])
def test_a_triangle_is_shared_out_by_area(javascript, corners, turn):
    flat = [coordinate for corner in corners[::turn] for coordinate in corner]
    got = np.reshape(javascript.call("spread", [[0.7, *flat]]), (SIDE, SIDE))
    np.testing.assert_allclose(got, 0.7 * masses_of(corners), atol=1e-9)


coordinate = st.floats(-4, 4)


@given(st.lists(coordinate, min_size=6, max_size=6))
@example(flat=[0.0, 0.0, 0.0, 1.0, 5.960464477539063e-08, 1.0])  # a great density
def test_any_triangle_is_shared_out_by_area(javascript, flat):
    corners = [tuple(flat[i : i + 2]) for i in (0, 2, 4)]
    got = np.reshape(javascript.call("spread", [[1.0, *flat]]), (SIDE, SIDE))
    assert got.min() >= 0
    assert got.sum() <= 1 + 1e-9
    if area(corners) > 1.01e-4 * WIDTH**2:  # thinner ones are laid down as threads
        np.testing.assert_allclose(got, masses_of(corners), atol=1e-9)


def test_folds_add_up(javascript):
    there, back = [(-1, 0), (1, 0), (0, 1)], [(-1, 0.5), (0, 1.5), (1, 0.5)]
    flat = [[0.5, *np.ravel(corners).tolist()] for corners in (there, back)]
    got = np.reshape(javascript.call("spread", flat), (SIDE, SIDE))
    np.testing.assert_allclose(got, 0.5 * (masses_of(there) + masses_of(back)), atol=1e-9)


@pytest.mark.parametrize(
    "corners",
    [
        [(-1, 0.5), (1, 0.5), (0.2, 0.5)],
        [(0.7, 0.7)] * 3,
        [(-1, -1), (2, 2), (2, 2)],
        [(0.3, 1), (0.3, -2), (0.3, 0)],
    ],
)
def test_a_triangle_without_area_still_counts(javascript, corners):
    """As a triangle that is only nearly flat: its mass along the way grows to the middle corner and falls again."""
    got = np.reshape(javascript.call("spread", [[1.0, *np.ravel(corners).tolist()]]), (SIDE, SIDE))
    assert got.sum() == pytest.approx(1, abs=1e-12)
    x, y = np.array(corners).T
    at = lambda c: (np.array(c) * got).sum()  # noqa: E731
    assert at(CENTRES[None, :]) == pytest.approx(x.mean(), abs=WIDTH / 2)
    assert at(CENTRES[:, None]) == pytest.approx(y.mean(), abs=WIDTH / 2)


@given(st.lists(coordinate, min_size=4, max_size=4))
def test_a_segment_is_shared_out_by_length(javascript, flat):
    got = np.reshape(javascript.call("spread", [[1.0, *flat]]), (SIDE, SIDE))
    a, b = np.array(flat[:2]), np.array(flat[2:])
    cuts = {0.0, 1.0}
    for axis in range(2):
        if a[axis] != b[axis]:
            cuts |= {t for t in (EDGES - a[axis]) / (b[axis] - a[axis]) if 0 < t < 1}
    cuts = sorted(cuts)
    expected = np.zeros((SIDE, SIDE))
    for t, u in pairwise(cuts):
        at = (a + (t + u) / 2 * (b - a) + REACH) / WIDTH
        column, row = np.where(at == SIDE, SIDE - 1, np.floor(at)).astype(int)  # the rim is in
        if 0 <= column < SIDE and 0 <= row < SIDE:
            expected[row, column] += u - t
    assert abs(got - expected).sum() < 1e-9


AFFINE = [([0.5, 0.0, 0.0, 0.5], [0.0, 0.0]), ([0.4, 0.7, -0.6, 0.2], [0.3, -0.5])]


@pytest.mark.parametrize(("weights", "bias"), AFFINE)
def test_p_g_of_an_affine_g_is_the_parallelogram_or_the_bell(javascript, weights, bias):
    matrix, bias = np.reshape(np.float32(weights), (2, 2)), np.float32(bias)
    corners = [
        tuple(matrix @ np.array(z) * math.sqrt(3) + bias)
        for z in [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    ]
    got = javascript.call("pushed", weights, bias.tolist(), "uniform-2d")
    # float32 puts a corner off by up to 2^-22 or so; a cell's share changes by as much of its outline
    tolerance = 4 * WIDTH * 2.0**-21 / area(corners)
    exact = masses_of(corners)
    np.testing.assert_allclose(np.reshape(got["masses"], (SIDE, SIDE)), exact, atol=tolerance)
    assert sum(got["masses"]) + got["outside"] == pytest.approx(1, abs=1e-12)
    got = np.reshape(
        javascript.call("pushed", weights, bias.tolist(), "normal-2d")["masses"], (SIDE, SIDE)
    )
    grid = np.stack(np.meshgrid(CENTRES, CENTRES), -1) - bias
    z = grid @ np.linalg.inv(matrix).T
    density = norm.pdf(z).prod(-1) / abs(np.linalg.det(matrix))
    # a piece of noise is flat: off by h^2 / 24 of the curvature, with h = 1/6; and a cell by as much of its own
    np.testing.assert_allclose(got, density * WIDTH**2, atol=0.02 * density.max() * WIDTH**2)


def test_p_g_of_a_network_is_what_its_samples_say(javascript):
    """Against 400,000 samples: for each cell within five standard errors, for all together by chi-square."""
    got = javascript.evaluate(
        """(() => {
          const { sheet, game, engine } = play({ data: "moons", activation: "tanh" }, 300);
          const counts = new Float64Array(COUNT);
          const random = makeRandom(engine, 5), pass = makePass(game.generator, 4000, { onlyForward: true });
          for (let round = 0; round < 100; round++) {
            NOISES["normal-2d"].fill(random, pass.input, 4000);
            forward(game.generator, pass);
            const image = engine.floats(pass.output, 8000);
            for (let i = 0; i < 4000; i++) {
              const column = Math.floor((image[i] + REACH) / CELL);
              const row = Math.floor((image[4000 + i] + REACH) / CELL);
              const inside = column >= 0 && column < SIDE && row >= 0 && row < SIDE;
              if (inside) counts[row * SIDE + column] += 1;
            }
          }
          return { masses: square(sheet.canvas.masses), counts: square(counts) };
        })()"""
    )
    masses, counts = np.array(got["masses"]), np.array(got["counts"])
    expected = 400_000 * masses
    enough = expected > 20
    assert enough.sum() > 100
    statistic = ((counts - expected)[enough] ** 2 / expected[enough]).sum() / enough.sum()
    assert statistic < 1.5  # 1 were the pieces infinitely small
    assert (
        counts[masses == 0].sum() <= 0.0005 * 400_000
    )  # beyond 4 standard deviations of the noise


def test_uniform_noise_on_a_circle_becomes_a_ring(javascript):
    got = np.reshape(
        javascript.call("pushed", [2.0, 0, 0, 1.0], [0.0, 0.0], "circle")["masses"], (SIDE, SIDE)
    )
    ink = np.argwhere(got > 0)
    x, y = CENTRES[ink[:, 1]], CENTRES[ink[:, 0]]
    assert got.sum() == pytest.approx(1, abs=1e-12)
    assert abs(np.hypot(x / 2, y) - 1).max() < 1.5 * WIDTH
    angle = np.arctan2(y, x / 2)
    quarter = (angle > 0) & (angle < math.pi / 2)
    assert got[ink[quarter, 0], ink[quarter, 1]].sum() == pytest.approx(0.25, abs=0.02)


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("name", options.DATA)
def test_samples_follow_the_masses(javascript, name):
    drawing = "0" * 64 + "00ff00f0" * 8 + "0" * 128
    got = javascript.evaluate(
        f"""(() => {{
          const engine = makeEngine(), source = makeSource("{name}", "{drawing}");
          const n = 40000, place = engine.take(2 * n);
          source.fill(makeRandom(engine, 3), place, n, engine.take(n));
          const sample = engine.floats(place, 2 * n), x = sample.subarray(0, n), y = sample.subarray(n);
          const good = x.filter((_, i) => source.pieceOf(x[i], y[i]) >= 0).length / n, {{ modes }} = source;
          return {{ masses: square(source.masses), samples: Array.from(sample), good, modes }};
        }})()"""
    )
    x, y = np.reshape(got["samples"], (2, -1))
    counts, *_ = np.histogram2d(y, x, [EDGES, EDGES])
    expected = np.reshape(got["masses"], (SIDE, SIDE)) * len(x)
    assert expected.sum() == pytest.approx(len(x), rel=1e-3)  # tails of bells
    # neighbouring cells together, so that each expects many
    block = lambda a: a.reshape(16, 4, 16, 4).sum((1, 3))  # noqa: E731
    counts, expected = block(counts), block(expected)
    enough = expected > 10
    statistic = ((counts - expected)[enough] ** 2 / expected[enough]).sum()
    degrees = enough.sum()
    assert statistic < degrees + 5 * math.sqrt(2 * degrees)
    assert counts[expected < 1e-9].sum() == 0
    # within three standard deviations of a bell lie 1 - exp(-9/2), 0.9889; where bells overlap more
    assert got["good"] >= 0.9889 - 4 * math.sqrt(0.9889 * 0.0111 / 40_000)
    assert got["modes"] == {"ring": 8, "grid": 25, "far-bells": 2}.get(name, 0)


def test_what_is_drawn_is_where_it_was_drawn(javascript):
    got = javascript.evaluate(
        """(() => {
          const at = pixelAt(1.4, -2.1), text = inked(BLANK, [at, 0, 31, 1023], true);
          const again = inked(inked(text, [0], false), [0], true), source = makeSource("drawn", text);
          const ink = [at, 0, 31, 1023, 5].map((i) => hasInk(text, i));
          return { text, same: again === text, ink, masses: square(source.masses) };
        })()"""
    )
    assert len(got["text"]) == 256
    assert got["same"]
    assert got["ink"] == [True] * 4 + [False]
    masses = np.reshape(got["masses"], (SIDE, SIDE))
    row, column = np.floor((np.array([-2.1, 1.4]) + REACH) / WIDTH).astype(int)
    assert masses[row, column] == pytest.approx(1 / 16)
    assert masses[0, 0] == masses[0, -1] == masses[-1, -1] == pytest.approx(1 / 16)


def test_an_empty_drawing_is_flat(javascript):
    masses = javascript.evaluate("square(makeSource('drawn', BLANK).masses)")
    assert masses == [1 / SIDE**2] * SIDE**2


# ---------------------------------------------------------------- distances


@pytest.mark.parametrize("n", [1, 2, 17, 60])
def test_the_assignment_is_the_best_one(javascript, n):
    points = np.random.default_rng(n).normal(size=(4, n))
    ax, ay, bx, by = points.tolist()
    costs = np.hypot(points[0][:, None] - points[2], points[1][:, None] - points[3])
    rows, columns = linear_sum_assignment(costs)
    got = javascript.evaluate(f"assign({n}, (i, j) => {costs.tolist()}[i][j])")
    assert sorted(got["assignment"]) == list(range(n))
    assert got["total"] == pytest.approx(costs[rows, columns].sum(), rel=1e-9)
    w1 = javascript.call("assignedW1", ax, ay, bx, by, n)
    assert w1 == pytest.approx(costs[rows, columns].mean(), rel=1e-9)


@pytest.mark.parametrize("cost", ["NaN", "Infinity"])
def test_an_assignment_without_numbers_is_none(javascript, cost):
    assert javascript.evaluate(f"assign(3, () => {cost}).assignment") == []


def test_sliced_w1_of_a_shift_is_its_mean_shadow(javascript):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50))
    shift = np.array([0.3, -1.1])
    angles = np.pi * np.arange(16) / 16
    expected = abs(shift[0] * np.cos(angles) + shift[1] * np.sin(angles)).mean()
    order = rng.permutation(50)
    got = javascript.call(
        "slicedW1",
        x.tolist(),
        y.tolist(),
        (x + shift[0])[order].tolist(),
        (y + shift[1])[order].tolist(),
        50,
    )
    assert got == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("data", ["ring", "moons", "letter"])
def test_the_divergence_of_cells_and_the_values_agree_with_torch(javascript, data):
    got = javascript.evaluate(
        f"""(() => {{
          const t = play({{ data: "{data}" }}, 200);
          const [p, q, s] = [t.source.masses, t.sheet.canvas.masses, scoresOf(t)].map(square);
          return {{ p, q, s, jsd: t.jsd, value: t.value, best: t.best }};
        }})()"""
    )
    p, q, s = (torch.tensor(got[name], dtype=torch.float64) for name in "pqs")
    middle = (p + q) / 2
    terms = [torch.special.xlogy(a, a / middle).nan_to_num(0).sum() / 2 for a in (p, q)]
    lost = (2 - p.sum() - q.sum()) / 2 * math.log(2)  # mass outside meets nothing
    assert got["jsd"] == pytest.approx(float(sum(terms) + lost), abs=1e-9)
    log_d, log_rest = torch.nn.functional.logsigmoid(s), torch.nn.functional.logsigmoid(-s)
    assert got["value"] == pytest.approx(float((p * log_d).sum() + (q * log_rest).sum()), abs=1e-9)
    assert got["value"] <= got["best"] + 1e-12


# ---------------------------------------------------------------- contours


def test_a_contour_is_where_it_should_be_and_has_the_high_side_on_its_left(javascript):
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    cone = 10 - np.hypot(x - 18.3, y - 14.6)
    (loop,) = javascript.call("contours", cone.ravel().tolist(), 40, 30, 3.0)
    px, py = np.reshape(loop, (-1, 2)).T
    assert abs(np.hypot(px - 18.3, py - 14.6) - 7).max() < 0.05
    signed = (px * np.roll(py, -1) - py * np.roll(px, -1)).sum() / 2
    assert signed == pytest.approx(math.pi * 49, rel=0.01)
    (outer, hole) = javascript.call("contours", (-abs(cone - 5)).ravel().tolist(), 40, 30, -2.0)
    areas = []
    for loop in (outer, hole):
        px, py = np.reshape(loop, (-1, 2)).T
        areas.append((px * np.roll(py, -1) - py * np.roll(px, -1)).sum() / 2)
    assert sum(areas) == pytest.approx(math.pi * (49 - 9), rel=0.02)


@given(st.lists(st.floats(-1, 1), min_size=30, max_size=30), st.floats(-0.9, 0.9))
def test_contours_close_and_hold_what_is_above(javascript, values, level):
    loops = javascript.call("contours", values, 6, 5, level)
    for loop in loops:
        px, py = np.reshape(loop, (-1, 2)).T
        assert (np.hypot(np.diff(px), np.diff(py)) <= math.sqrt(2) + 1e-9).all()
        assert math.hypot(px[0] - px[-1], py[0] - py[-1]) <= math.sqrt(2) + 1e-9
    assert bool(loops) == (max(values) > level)


# ---------------------------------------------------------------- the trainer


def test_a_run_depends_on_its_settings_and_is_the_same_elsewhere(javascript):
    javascript.load("""
    const weightsOf = ({ game }) => [game.generator, game.discriminator].map((n) => Array.from(readParameters(n)));
    function moved(settings) {
      const stayed = play(settings, 30), other = makeTrainer(settings);
      playRound(other); // leaves traces that loading must wipe away
      loadRun(other, saveRun(play(settings, 17)));
      while (other.step < 30) playRound(other);
      return [stayed, other].map(weightsOf);
    }
    function without(settings) {
      return [true, false].map((simd) => {
        const trainer = makeTrainer(settings, makeEngine({ simd }));
        for (let i = 0; i < 5; i++) playRound(trainer);
        return weightsOf(trainer);
      });
    }""")
    for i, name in enumerate(options.DATA):
        settings = {
            "data": name,
            "noise": options.NOISES[i % 5],
            "objective": options.OBJECTIVES[i % 8],
            "penalty": options.PENALTIES[i % 7],
            "optimizer": OPTIMIZERS[i % 4],
            "seed": 3,
        }
        stayed, other = javascript.call("moved", settings)
        assert stayed == other, settings
        simd, plain = javascript.call("without", settings)
        assert simd == plain, settings
    assert stayed != javascript.call("moved", settings | {"seed": 4})[0]


@pytest.mark.parametrize("objective", ["non-saturating", "r3gan"])
def test_what_has_moved_remembers_the_losses_and_what_d_saw_last(javascript, objective):
    """With pairs a step of G alone needs D's last real samples; the diagram shows both losses."""
    stayed, other = javascript.evaluate(
        f"""(() => {{
          const stayed = play({{ objective: "{objective}" }}, 12), other = makeTrainer(stayed.settings);
          loadRun(other, saveRun(stayed));
          const before = [stayed, other].map(({{ game }}) => [game.discriminatorLoss, game.generatorLoss]);
          for (const trainer of [stayed, other]) trainGenerator(trainer);
          return [stayed, other].map(({{ game }}, i) => [
            before[i], game.generatorLoss, Array.from(readParameters(game.generator)),
          ]);
        }})()"""
    )
    assert 0 not in stayed[0]
    assert stayed == other


@pytest.mark.parametrize("penalty", options.PENALTIES)
@pytest.mark.parametrize("objective", options.OBJECTIVES)
def test_every_pair_of_objective_and_penalty_trains(javascript, objective, penalty):
    got = javascript.evaluate(
        f"""(() => {{ const t = play({{ objective: "{objective}", penalty: "{penalty}" }}, 20);
          return [t.diverged, t.step, t.jsd, rulesOf(t.settings).penalty?.strength ?? 0]; }})()"""
    )
    diverged, step, jsd, strength = got
    assert not diverged
    assert step == 20
    assert 0 <= jsd <= math.log(2)
    own = {"wgan-gp": 10, "r3gan": 0.5}.get(objective, 0)
    assert strength == {"own": own, "none": 0}.get(penalty, 1)


def test_modes_and_good_samples_count_what_they_say(javascript):
    """A generator that sends all noise to one point, on a mode and beside it."""
    javascript.load("""
    function aimed(data, x, y) {
      const trainer = makeTrainer({ data, depth_g: 1, width_g: 4 }), { generator } = trainer.game;
      const parameters = readParameters(generator).fill(0);
      parameters.set([x, y], parameters.length - 2); // the output's biases
      writeParameters(generator, parameters);
      look(trainer);
      const { modes, good, jsd, outside } = { ...trainer, outside: trainer.sheet.outside };
      return { modes: String(modes), good, jsd, outside };
    }""")
    on = javascript.call("aimed", "ring", 2.1, 0.1)
    assert on["modes"] == "1"
    assert on["good"] == pytest.approx(1, abs=1e-9)
    beside = javascript.call("aimed", "ring", 1.4, 0.0)
    assert beside["modes"] == "0"
    assert beside["good"] == 0
    away = javascript.call("aimed", "moons", 9.0, 9.0)
    assert away["modes"] == "NaN"
    assert away["outside"] == pytest.approx(1, abs=1e-12)
    assert away["jsd"] == pytest.approx(math.log(2), abs=1e-3)


def test_a_run_that_blows_up_says_so_and_leaves_only_finite_numbers(javascript):
    got = javascript.evaluate(
        """(() => {
          const t = play({ objective: "least-squares", optimizer: "sgd", log_rate_g: 2, log_rate_d: 2 }, 500);
          const shown = [t.jsd, t.w1, t.good, t.value, ...t.sheet.canvas.masses];
          return { diverged: t.diverged, finite: shown.every(Number.isFinite) };
        })()"""
    )
    assert got == {"diverged": True, "finite": True}


# ---------------------------------------------------------------- settings, in Python and in addresses


def test_python_and_javascript_agree_on_settings_and_options(javascript):
    figure = LivePlane()
    defaults = javascript.evaluate("SETTINGS")
    assert {name: getattr(figure, name) for name in defaults} == defaults
    choices = javascript.evaluate("CHOICES")
    assert choices == {name: list(LivePlane.choices()[name]) for name in choices}
    for story in javascript.evaluate("STORIES").values():
        LivePlane(**story["settings"])  # within Python's bounds
        for name, value in story["settings"].items():
            bounds = LivePlane.bounds().get(name)
            steps = (value - bounds["min"]) / bounds["step"] if bounds else 0
            assert steps == pytest.approx(round(steps)), f"{name} is off its slider's steps"


@pytest.mark.parametrize("name", ["log_rate_g", "log_rate_d", "log_clip", "log_strength"])
def test_powers_do_not_hang_on_their_last_bit(name):
    bounds = LivePlane.bounds()[name]
    places = np.arange(round((bounds["max"] - bounds["min"]) / bounds["step"]) + 1)
    powers = 10.0 ** (bounds["min"] + bounds["step"] * places)
    low, high = (np.float32(powers * (1 + side * 1e-13)) for side in (-1, 1))
    assert (low == high).all()


@pytest.mark.parametrize("drawing", ["", "0" * 255, "G" * 256, "A" * 256])
def test_a_drawing_that_is_none_is_refused(drawing):
    with pytest.raises(traitlets.TraitError, match="drawing must be 256 digits of base 16"):
        LivePlane(drawing=drawing)


def test_views_that_are_none_are_refused():
    assert LivePlane(views="samples.sheet").views == "samples.sheet"
    assert LivePlane(views="").views == ""
    for views in ("sampels", "samples.samples", "samples,sheet"):
        with pytest.raises(traitlets.TraitError, match="views must be names of"):
            LivePlane(views=views)


def test_everything_survives_the_address(javascript):
    state = LivePlane().state()
    wanted = javascript.evaluate("SETTINGS") | {
        "data": "drawn", "drawing": "0123456789abcdef" * 16, "noise": "circle", "objective": "r3gan",
        "penalty": "gp-one-sided",
        "log_rate_d": -2.35, "depth_g": 3, "seed": 42, "views": "sheet.landscape",
    }  # fmt: skip
    javascript.load("""
    const first = (state) => addressable({ get: (name) => state[name] }, { ...SETTINGS, views: state.views });
    const written = (settings, state) => writeState(settings, first(state));
    const read = (fragment, state) => ({ ...SETTINGS, views: state.views, ...readState(fragment, first(state)) });""")
    fragment = javascript.call("written", wanted, state)
    assert "width_g" not in fragment
    assert "%" not in fragment
    assert javascript.call("read", f"#{fragment}", state) == wanted
    strange = "drawing=zz&views=nothing here&seed=1e9&data=toString&depth_g=&noise=&a=b=c"
    assert javascript.call("read", strange, state) == javascript.evaluate("SETTINGS") | {
        "views": state["views"]
    }


# ---------------------------------------------------------------- stories

STORIES = [
    "good", "collapse", "penalty", "relativistic", "oscillation", "more-d", "thread", "line",
    "clipped", "clipped-wider",
]  # fmt: skip


def test_the_list_of_stories_is_whole(javascript):
    assert javascript.evaluate("Object.keys(STORIES)") == STORIES


@pytest.mark.parametrize("name", STORIES)
def test_each_story_keeps_its_promise_for_three_seeds(javascript, name):
    kept = javascript.evaluate(
        f"""[1, 2, 3].map((seed) => {{
          const {{ settings, by, kept }} = STORIES["{name}"];
          return kept(play({{ ...settings, seed }}, by));
        }})"""
    )
    assert kept == [True] * 3

// view.js: what the plane's figure draws: the plane with all that lies in it, the noise, the game, and the run over time.

import { generatorGradients, makePlay } from "../engine/players.js";
import { hasCanvas } from "../kit/marks.js";
import { Path } from "../kit/path.js";
import { htmlNode } from "../kit/text.js";
import { shownRows } from "../live/history.js";
import { isLogit } from "../live/optima.js";
import { historyPlot, lossView, pairView } from "../live/over_time.js";
import { sigmoid } from "../mathematics/logistic.js";
import { CELL, COUNT, REACH, SIDE } from "./cells.js";
import { contours } from "./contours.js";
import { PIXEL } from "./data.js";
import { makeDiagram } from "./diagram.js";
import { PHASES } from "./phases.js";
import { SHOWN, scoresOf } from "./trainer.js";

const HUES = ["z1", "z2", "z3", "z4", "z5", "z6"];
const LEVELS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const MIDDLE = 4; // of the levels
const HEIGHTS = [0.04, 0.2, 0.45, 0.75]; // of a density, in the highest of p_data
const ARROWS = 48;
const COARSE = hasCanvas ? 1 : 2; // the picture in a page or a notebook is text, and makes do with every other point

export const VIEWS = [
  ["samples", "Samples"], ["data", "$p_data$"], ["fake", "$p_g$"], ["landscape", "$D$"], ["best", "Best $D$ now"], ["sheet", "The sheet $G$"],
  ["pull", "Pull on fakes"], ["path", "Path of one"],
];

/** Plots and marks of the figure. `paint` sets them all, or without `all` only what moved. */
export function makeView(figure) {
  const plane = planeView(figure);
  const side = htmlNode("div", { class: "gan-side" }, figure.plots), top = htmlNode("div", { class: "gan-pair" }, side);
  const noise = noiseView(figure, top), diagram = makeDiagram(top);
  const rest = { parent: htmlNode("div", { class: "gan-row-of-plots" }, side), height: 150, minWidth: 220, expectedShare: 1.5 };
  const overTime = [distanceView(figure, rest), coverView(figure, rest), lossView(figure, rest)];
  let seen = -1;
  return {
    plane: plane.plot,
    paint(trainer, motion, all) {
      const views = figure.get("views").split(".");
      plane.paint(trainer, motion, views);
      noise.paint(trainer, motion);
      diagram.light(motion.at < 0 ? [] : PHASES[motion.at].lit);
      diagram.tell(numbersOf(trainer));
      if (!all && trainer.history.added === seen) return;
      seen = trainer.history.added;
      for (const part of overTime) part.paint(trainer);
    },
  };
}

/** What the diagram tells: D on both kinds, as of the cells, and both losses. */
function numbersOf(trainer) {
  const { game, settings, source, sheet, step, discriminatorSteps } = trainer, scores = scoresOf(trainer), logit = isLogit(settings.objective);
  const mean = (masses) => {
    let sum = 0, mass = 0;
    for (let i = 0; i < COUNT; i++) {
      if (masses[i] === 0) continue;
      sum += masses[i] * (logit ? sigmoid(scores[i]) : scores[i]);
      mass += masses[i];
    }
    return mass > 0 ? (sum / mass).toFixed(2) : "–";
  };
  const name = logit ? "D" : "score", loss = (value) => (Math.abs(value) < 1000 ? value.toFixed(2) : "large");
  return {
    real: `${name} ${mean(source.masses)}`, fake: `${name} ${mean(sheet.canvas.masses)}`,
    d: discriminatorSteps > 0 ? `D's ${loss(game.discriminatorLoss)}` : "", g: step > 0 ? `G's ${loss(game.generatorLoss)}` : "",
  };
}

// ---------------------------------------------------------------- the plane

const LAST_CELL = SIDE - 1, DOTS = SHOWN / COARSE;

/** Loops on the grid of the cells' centres as a path; those on the rim go to the square's own. */
function loopsPath(plot, loops, closed) {
  const path = new Path();
  const at = (i) => plot.x(i <= 0 ? -REACH : i >= LAST_CELL ? REACH : -REACH + (i + 0.5) * CELL);
  const up = (j) => plot.y(j <= 0 ? -REACH : j >= LAST_CELL ? REACH : -REACH + (j + 0.5) * CELL);
  const rim = (value) => value <= 0 || value >= LAST_CELL;
  for (const loop of loops) {
    let apart = true; // the next point begins a line
    for (let i = 0; i < loop.length; i += 2 * COARSE) {
      const x = at(loop[i]), y = up(loop[i + 1]), edge = !closed && (rim(loop[i]) || rim(loop[i + 1]));
      if (apart || edge) path.moveTo(x, y);
      else path.lineTo(x, y);
      apart = false;
    }
    if (closed) path.close();
    else if (!rim(loop[0]) && !rim(loop[1])) path.lineTo(at(loop[0]), up(loop[1]));
  }
  return path;
}

const EMPTY = new Path();

/** Marks that are paths: `set(null)` leaves them empty. */
const pathMark = (plot, ink) => {
  const mark = plot.surface.path("area", ink);
  return { set: (path) => mark.set(path || EMPTY) };
};

function planeView(figure) {
  const plot = figure.plot({
    label: "The plane: data, generated samples, the discriminator's landscape and the generator's sheet; draw on it to choose the data",
    x: [-REACH, REACH], y: [-REACH, REACH], square: true, minWidth: 320, maxWidth: 620, expectedShare: 1.4, xTicks: 6, yTicks: 6,
    margin: { top: 8, right: 8, bottom: 24, left: 28 },
  });
  const parts = [landscape(plot), density(plot, "data"), density(plot, "generator"), best(plot), sheet(plot), samples(plot), path(plot), pulls(plot), batch(plot), pen(plot, figure)];
  return { plot, paint: (trainer, motion, views) => parts.forEach((paint) => paint(trainer, motion, views)) };
}

function landscape(plot) {
  const fills = LEVELS.map((_, i) => (i % 2 === 0 ? pathMark(plot, { fill: "discriminator", opacity: 0.1 }) : null)); // a large fill takes its time
  const lines = LEVELS.map((_, i) => pathMark(plot, { stroke: "discriminator", width: i === MIDDLE ? 2 : 0.8, opacity: i === MIDDLE ? 0.9 : 0.45 }));
  return (trainer, motion, views) => {
    const shown = views.includes("landscape"), scores = scoresOf(trainer), levels = shown ? levelsOf(trainer.settings.objective, scores) : [];
    LEVELS.forEach((_, i) => {
      const loops = shown ? contours(scores, SIDE, SIDE, levels[i]) : [];
      fills[i]?.set(shown && loopsPath(plot, loops, true));
      lines[i].set(shown && loopsPath(plot, loops, false));
    });
  };
}

/** The scores at which lines are drawn: of a probability its tenths; else tenths of the way from the least to the greatest. */
function levelsOf(objective, scores) {
  if (isLogit(objective)) return LEVELS.map((p) => Math.log(p / (1 - p)));
  if (objective === "least-squares") return LEVELS;
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < COUNT; i++) {
    low = Math.min(low, scores[i]);
    high = Math.max(high, scores[i]);
  }
  return LEVELS.map((share) => low + share * (high - low));
}

function density(plot, color) {
  const fills = HEIGHTS.map(() => pathMark(plot, { fill: color, opacity: 0.2 }));
  const outline = pathMark(plot, { stroke: color, width: 1.2, opacity: 0.8 });
  return ({ source, sheet: { canvas } }, motion, views) => {
    const shown = views.includes(color === "data" ? "data" : "fake"), masses = color === "data" ? source.masses : canvas.masses;
    const most = shown ? source.masses.reduce((a, b) => Math.max(a, b), 0) : 1;
    HEIGHTS.forEach((height, i) => {
      const path = shown && loopsPath(plot, contours(masses, SIDE, SIDE, height * most), true);
      fills[i].set(path);
      if (i === 0) outline.set(path);
    });
  };
}

/** D* = p_data / (p_data + p_g): defined only where one of them is. */
function best(plot) {
  const lines = [0.25, 0.5, 0.75].map((level) => [level, pathMark(plot, { stroke: "accent", width: level === 0.5 ? 2.2 : 1.2, dash: "5 4" })]);
  const values = new Float64Array(COUNT);
  return ({ source, sheet: { canvas } }, motion, views) => {
    const shown = views.includes("best");
    if (shown) {
      for (let i = 0; i < COUNT; i++) {
        const both = source.masses[i] + canvas.masses[i];
        values[i] = both > 1e-7 ? source.masses[i] / both : NaN;
      }
    }
    for (const [level, line] of lines) line.set(shown && loopsPath(plot, contours(values, SIDE, SIDE, level), true));
  };
}

/** Rows of the mesh that is drawn: every few of the sheet's own, as far as the noise really goes. */
function meshOf({ side, z }) {
  const far = Math.abs(z[0]) > 3 ? 2.2 : Infinity, rows = []; // of normal noise one in seventeen lies farther out
  for (let i = 0; i <= side; i++) if (Math.abs(z[i]) < far) rows.push(i);
  const step = far === Infinity ? 4 : 2;
  return rows.filter((_, k) => k % step === 0 || k === rows.length - 1);
}

/** Draws a sheet's image, or the noise itself: x and y of each corner. */
function makeMesh(plot, { weight = 1, straight = false } = {}) {
  const fills = HUES.map((hue) => pathMark(plot, { fill: hue, opacity: 0.2 }));
  const cross = pathMark(plot, { stroke: "neutral", width: 0.7 * weight, opacity: 0.55 });
  const lines = HUES.map((hue) => pathMark(plot, { stroke: hue, width: 1.3 * weight, opacity: 0.9 }));
  const threads = HUES.map((hue) => pathMark(plot, { stroke: hue, width: 3 * weight, opacity: 0.95 }));
  return (shape, x, y) => {
    const paths = [fills, lines, threads].map(() => HUES.map(() => new Path())), across = new Path();
    if (shape && shape.noise.thread) drawThread(plot, shape, x, y, paths[2]);
    else if (shape) drawSheet(plot, shape, x, y, paths, across, straight);
    [fills, lines, threads].forEach((marks, kind) => marks.forEach((mark, i) => mark.set(paths[kind][i])));
    cross.set(across);
  };
}

function drawThread(plot, { side }, x, y, threads) {
  for (let hue = 0; hue < HUES.length; hue++) {
    const from = Math.floor((side * hue) / HUES.length), to = Math.floor((side * (hue + 1)) / HUES.length);
    for (let i = from; i <= to; i += i + 8 > to && i < to ? to - i : 8) {
      if (i === from) threads[hue].moveTo(plot.x(x(i)), plot.y(y(i)));
      else threads[hue].lineTo(plot.x(x(i)), plot.y(y(i)));
    }
  }
}

function drawSheet(plot, shape, x, y, [fills, lines], across, straight) {
  const rows = meshOf(shape), strips = rows.length - 1, row = shape.side + 1, [first, last] = [rows[0], rows[strips]];
  const stops = []; // along a line of the net
  for (let j = first; j < last; j += straight ? last - first : COARSE) stops.push(j);
  stops.push(last);
  const hueOf = (strip) => Math.min(HUES.length - 1, Math.floor((strip * HUES.length) / strips));
  const draw = (path, corners, begin) => corners.forEach((corner, i) => {
    if (begin && i === 0) path.moveTo(plot.x(x(corner)), plot.y(y(corner)));
    else path.lineTo(plot.x(x(corner)), plot.y(y(corner)));
  });
  const upwards = rows.map((column) => stops.map((j) => j * row + column));
  upwards.forEach((line, strip) => { // lines of one z1, and the strips between them
    draw(lines[hueOf(strip)], line, true);
    if (strip === strips) return;
    const fill = fills[hueOf(strip)];
    draw(fill, line, true);
    draw(fill, [...upwards[strip + 1]].reverse(), false);
    fill.close();
  });
  for (const j of rows) draw(across, stops.map((i) => j * row + i), true);
}

function sheet(plot) {
  const mesh = makeMesh(plot);
  return ({ engine, sheet: shape }, motion, views) => {
    if (!views.includes("sheet")) return mesh(null);
    const image = engine.floats(shape.pass.output, 2 * shape.pass.stride), { stride } = shape.pass;
    mesh(shape, (i) => image[i], (i) => image[stride + i]);
  };
}

/** Crosses, so that fakes are told from real samples without their colour. */
function crosses(plot, { color, radius, width = 1.6, opacity = 0.9 }) {
  const mark = pathMark(plot, { stroke: color, width, opacity });
  return {
    set(xs, ys) {
      const marks = new Path();
      for (let i = 0; i < xs.length; i++) {
        const px = plot.x(xs[i]), py = plot.y(ys[i]);
        marks.moveTo(px - radius, py - radius);
        marks.lineTo(px + radius, py + radius);
        marks.moveTo(px - radius, py + radius);
        marks.lineTo(px + radius, py - radius);
      }
      mark.set(marks);
    },
  };
}

const NONE = new Float32Array(0);
const rowsAt = (engine, place, count, stride) => [engine.floats(place, count), engine.floats(place + 4 * stride, count)];

function samples(plot) {
  const real = plot.dots({ color: "data", radius: 2.4, opacity: 0.8 }), fake = crosses(plot, { color: "generator", radius: 3 });
  return ({ engine, real: place, shown }, motion, views) => {
    const visible = views.includes("samples") && motion.at < 0;
    real.set(...(visible ? rowsAt(engine, place, DOTS, SHOWN) : [NONE, NONE]));
    fake.set(...(visible ? rowsAt(engine, shown.output, DOTS, SHOWN) : [NONE, NONE]));
  };
}

/** Slow motion: the batch that the players have before them. */
function batch(plot) {
  const real = plot.dots({ color: "data", radius: 4, opacity: 0.95 }), fake = crosses(plot, { color: "generator", radius: 4.5, width: 2.2 });
  return ({ engine, game }, motion) => {
    const { stride, batch: count } = game.pass, turnOfD = motion.at >= 0 && motion.at < 6;
    real.set(...(turnOfD ? rowsAt(engine, game.real, count, stride) : [NONE, NONE]));
    fake.set(...(motion.at > 0 && motion.at !== 6 ? rowsAt(engine, game.fake, count, stride) : [NONE, NONE]));
  };
}

function path(plot) {
  const way = plot.curve({ color: "accent", width: 1.8, opacity: 0.8 }), now = plot.point({ color: "accent", radius: 6, label: "one $G(z)$" });
  return ({ engine, history, shown }, motion, views) => {
    const visible = views.includes("path"), [x, y] = rowsAt(engine, shown.output, 1, SHOWN);
    way.set(...(visible ? [shownRows(history, "x"), shownRows(history, "y")] : [NONE, NONE]));
    now.set(visible ? x[0] : NaN, visible ? y[0] : NaN);
  };
}

/** What each fake would receive of G's gradient now, downhill: of the batch in slow motion, else of fixed ones. */
function pulls(plot) {
  const arrows = plot.arrows({ color: "accent", width: 1.8, opacity: 1 });
  let probe = null;
  const x1 = new Float64Array(256), y1 = new Float64Array(256), x2 = new Float64Array(256), y2 = new Float64Array(256);
  return (trainer, motion, views) => {
    const ofBatch = motion.at === 9, visible = ofBatch || (views.includes("pull") && motion.at < 0);
    if (!visible) return arrows.set(NONE, NONE, NONE, NONE);
    if (probe?.trainer !== trainer) probe = { trainer, play: makeProbe(trainer), strongest: 1e-12 };
    const play = ofBatch ? trainer.game : probe.play, { engine } = trainer;
    if (!ofBatch) pullOnShown(trainer, play);
    const { stride, batch: count } = play.pass, [x, y] = rowsAt(engine, play.onFake.input, count, stride), [dx, dy] = rowsAt(engine, play.onFake.inputDelta, count, stride);
    let strongest = 1e-12;
    for (let i = 0; i < count; i++) strongest = Math.max(strongest, Math.hypot(dx[i], dy[i]));
    if (!ofBatch) probe.strongest = strongest = Math.max(strongest, 0.98 * probe.strongest); // so that their length does not flicker
    for (let i = 0; i < count; i++) {
      [x1[i], y1[i]] = [x[i], y[i]];
      [x2[i], y2[i]] = [x[i] - (0.7 * dx[i]) / strongest, y[i] - (0.7 * dy[i]) / strongest];
    }
    arrows.set(...[x1, y1, x2, y2].map((column) => column.subarray(0, count)));
  };
}

/** The same two networks with a batch of their own. */
function makeProbe({ game, settings: { optimizer } }) {
  const { generator, discriminator, memoryG, memoryD, forG, forD } = game;
  return makePlay({ generator, discriminator, memoryG, memoryD, game: game.game, optimizer, batch: ARROWS, forG, forD });
}

function pullOnShown({ engine, game, shown, real, sheet: { noise } }, play) {
  play.game = game.game;
  const fill = (to, from, rows) => {
    for (let row = 0; row < rows; row++) engine.floats(to + 4 * row * ARROWS, ARROWS).set(engine.floats(from + 4 * row * SHOWN, ARROWS));
  };
  fill(play.noise, shown.input, noise.dimensions);
  fill(play.real, real, 2);
  generatorGradients(play);
}

/** The square under the pen, while one draws by keyboard. */
function pen(plot, figure) {
  const mark = pathMark(plot, { stroke: "ink", width: 2 });
  return () => {
    if (figure.get("data") !== "drawn") return mark.set(null);
    const frame = new Path(), [x, y] = [figure.get("pen_x"), figure.get("pen_y")].map((at) => -REACH + at * PIXEL);
    frame.moveTo(plot.x(x), plot.y(y));
    for (const [dx, dy] of [[PIXEL, 0], [PIXEL, PIXEL], [0, PIXEL]]) frame.lineTo(plot.x(x + dx), plot.y(y + dy));
    frame.close();
    mark.set(frame);
  };
}

// ---------------------------------------------------------------- the noise

function noiseView(figure, parent) {
  const plot = figure.plot({
    label: "The noise: its sheet in the colours that it has in the plane, and the points that are drawn", x: [-2.4, 2.4], y: [-2.4, 2.4],
    square: true, minWidth: 130, maxWidth: 170, expectedShare: 4, xTicks: 0, yTicks: 0, xLabel: "noise $z$", margin: { top: 6, right: 6, bottom: 40, left: 6 }, parent,
  });
  const mesh = makeMesh(plot, { weight: 0.8, straight: true }), dots = plot.dots({ color: "ink", radius: 1.4, opacity: 0.7 });
  return {
    paint({ engine, game, shown, sheet: shape }, motion) {
      const { noise, z, pass } = shape, flat = noise.dimensions === 1, reach = noise.density(0) < 0.5 ? 2.4 : flat || !noise.thread ? 1.9 : 1.25;
      plot.setDomain([-reach, reach], [-reach, reach]);
      mesh(shape, (i) => z[i], (i) => (flat ? 0 : z[pass.stride + i]));
      const [place, count, stride] = motion.at < 0 ? [shown.input, DOTS, SHOWN] : [game.noise, game.pass.batch, game.pass.stride];
      const [x, y] = flat ? [engine.floats(place, count), new Float32Array(count)] : rowsAt(engine, place, count, stride);
      dots.set(x, y);
    },
  };
}

// ---------------------------------------------------------------- over time

function distanceView(figure, options) {
  const { plot, fit } = historyPlot(figure, { label: "Jensen-Shannon divergence and sliced Wasserstein-1 distance over time", y: [0, 0.8], yLabel: "JSD (nats), $W_1$", ...options });
  const most = plot.rule({ color: "neutral", label: "log 2" });
  const w1 = plot.curve({ color: "neutral", width: 1.8, dash: "5 4", label: "$W_1$", labelAt: "end", anchor: "end", dy: 15 });
  const jsd = plot.curve({ color: "accent", width: 2.2, label: "JSD", labelAt: "end", anchor: "end" });
  return {
    paint({ history }) {
      const steps = shownRows(history, "step");
      fit(history, 0, 0.8);
      most.set(Math.LN2);
      w1.set(steps, shownRows(history, "w1"));
      jsd.set(steps, shownRows(history, "jsd"));
    },
  };
}

const coverView = (figure, options) => pairView(
  figure, { label: "Share of modes covered and share of good samples over time", y: [0, 1.05], yLabel: "modes, good: shares", ...options },
  [
    { name: "modes", color: "data", label: "modes", of: (counts, { source }) => counts.map((count) => count / source.modes) },
    { name: "good", color: "generator", label: "good", dy: 16 },
  ],
);

// view.js: what the live figure draws: five plots, made once and set again and again.

import { backward, forward, makePass } from "../engine/network.js";
import { shownRows } from "../live/history.js";
import { boundAbove, historyPlot, lossView, rangeOf } from "../live/over_time.js";
import { OBJECTIVES } from "../mathematics/game.js";
import { sigmoid } from "../mathematics/logistic.js";
import { CELL, CELLS, REACH, centreOf } from "./density.js";
import { optimalAt, scoresOf } from "./trainer.js";

const ARROWS = 24;
const CENTRES = Float64Array.from({ length: CELLS }, (_, cell) => centreOf(cell));

/** Plots and marks of the figure. `paint(trainer)` sets them all, or without `all` only what moved. */
export function makeView(figure) {
  const now = [densityView, discriminatorView, mapView].map((make) => make(figure));
  const overTime = [lossView(figure), distanceView(figure)];
  let seen = -1;
  return {
    densities: now[0].plot,
    paint(trainer, all) {
      for (const part of now) part.paint(trainer);
      if (!all && trainer.history.added === seen) return;
      seen = trainer.history.added;
      for (const part of overTime) part.paint(trainer);
    },
  };
}

// ---------------------------------------------------------------- densities

function densityView(figure) {
  const plot = figure.plot({
    label: "Densities of the data and of the generator over x; draw on it to choose the data's", x: [-REACH, REACH],
    y: [0, 0.6], height: 220, yLabel: "density", xTicks: 0, margin: { bottom: 10 }, minWidth: 1000,
  });
  const data = plot.curve({ color: "data", label: "$p_data$", fill: true, labelAt: "max", dx: -20 });
  const fake = plot.curve({ color: "generator", label: "$p_g$", fill: true, labelAt: "max", dx: 20 });
  const p = new Float64Array(CELLS), q = new Float64Array(CELLS);
  const paint = (trainer) => {
    let top = 0, peak = 0;
    for (let i = 0; i < CELLS; i++) {
      p[i] = trainer.data[i] / CELL;
      q[i] = trainer.push.masses[i] / CELL;
      top = Math.max(top, p[i]);
      peak = Math.max(peak, q[i]);
    }
    const { data: kind, drawing } = trainer.settings;
    // While one draws, the pen's full height is the top of the plot, so that the curve stays under the pen.
    const level = kind === "drawn" ? levelOf(drawing) : 0;
    const high = level > 0 ? 36 * level : boundAbove(1.1 * Math.max(top, Math.min(peak, 2.2 * top)));
    plot.setDomain([-REACH, REACH], [0, high]);
    data.set(CENTRES, p);
    fake.set(CENTRES, q);
  };
  return { plot, paint };
}

/** The density that one unit of a drawing's height stands for; 0 while nothing is drawn. */
function levelOf(drawing) {
  let total = 0;
  for (const digit of drawing) total += parseInt(digit, 36);
  return total > 0 ? 1 / (total * 2 * CELL) : 0;
}

// ---------------------------------------------------------------- D against D*

function discriminatorView(figure) {
  const plot = figure.plot({
    label: "The learned discriminator and the optimal one over x", x: [-REACH, REACH], y: [0, 1.02], height: 150,
    xTicks: 0, yTicks: 2, margin: { bottom: 10 }, yLabel: "discriminator", minWidth: 1000,
  });
  const half = plot.rule({ color: "neutral" });
  const best = plot.curve({ color: "accent", label: "best now", width: 1.8, dash: "5 4", labelAt: 4.2, dy: 14 });
  const learned = plot.curve({ color: "discriminator", label: "D learned", width: 3, labelAt: -4.2 });
  const d = new Float64Array(CELLS), ideal = new Float64Array(CELLS);
  const paint = (trainer) => {
    const { objective } = trainer.settings;
    const middle = DISCRIMINATOR_SCALES[objective].fill(trainer, d, ideal);
    plot.setDomain([-REACH, REACH], DISCRIMINATOR_SCALES[objective].domain);
    half.set(middle);
    best.set(CENTRES, ideal);
    learned.set(CENTRES, d);
  };
  return { plot, paint };
}

const PROBABILITY_SCALE = {
  domain: [0, 1.02],
  fill(trainer, d, ideal) {
    const scores = scoresOf(trainer);
    for (let i = 0; i < CELLS; i++) {
      d[i] = sigmoid(scores[i]);
      ideal[i] = optimalAt(trainer, i);
    }
    return 0.5;
  },
};

const SCORE_SCALE = {
  domain: [-0.25, 1.25],
  fill(trainer, d, ideal) {
    const scores = scoresOf(trainer);
    for (let i = 0; i < CELLS; i++) {
      d[i] = scores[i];
      ideal[i] = optimalAt(trainer, i);
    }
    return 0.5;
  },
};

// A critic is drawn over its steepest slope, and the best one climbs with slope 1 the way that mass has to move.
const CRITIC_SCALE = {
  domain: [-6, 6],
  fill(trainer, d, ideal) {
    const { data, push } = trainer, scores = scoresOf(trainer);
    let steepest = 1e-12, gap = push.left, height = 0;
    for (let i = 0; i < CELLS; i++) {
      if (i > 0) steepest = Math.max(steepest, Math.abs(scores[i] - scores[i - 1]) / CELL);
      ideal[i] = height;
      gap += push.masses[i] - data[i];
      height += Math.abs(gap) > 1e-6 ? Math.sign(gap) * CELL : 0;
    }
    for (let i = 0; i < CELLS; i++) d[i] = scores[i] / steepest;
    centreOn(data, d);
    centreOn(data, ideal);
    return 0;
  },
};

function centreOn(weights, values) {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += weights[i] * values[i];
  for (let i = 0; i < values.length; i++) values[i] -= mean;
}

const DISCRIMINATOR_SCALES = {
  minimax: PROBABILITY_SCALE,
  "non-saturating": PROBABILITY_SCALE,
  wgan: CRITIC_SCALE,
  "wgan-gp": CRITIC_SCALE,
  "least-squares": SCORE_SCALE,
};

// ---------------------------------------------------------------- z -> G(z), and the pull on each fake

function mapView(figure) {
  const plot = figure.plot({
    label: "Where the generator sends the noise, and how each of its samples is pulled", x: [-REACH, REACH], y: [0, 1.5],
    height: 170, yTicks: 0, xLabel: "$x$ above, $z$ below", minWidth: 1000,
  });
  const ways = plot.arrows({ color: "generator", width: 1.2, opacity: 0.65 });
  const floor = plot.rule({ color: "neutral", dash: "", width: 1 });
  const pulls = plot.arrows({ color: "accent", width: 2, opacity: 1 });
  const name = plot.label("accent");
  const z = new Float64Array(ARROWS), x = new Float64Array(ARROWS), end = new Float64Array(ARROWS);
  const low = new Float64Array(ARROWS).fill(0.02), high = new Float64Array(ARROWS).fill(0.88);
  const above = Float64Array.from({ length: ARROWS }, (_, i) => 1.02 + 0.06 * (i % 4));
  let probe = null; // the passes of the present run, and the greatest pull seen in it
  const paint = (trainer) => {
    if (probe?.trainer !== trainer) probe = makeProbe(trainer);
    probePulls(probe, z);
    const { onLine, onFakes } = probe, pulled = trainer.engine.floats(onFakes.inputDelta, ARROWS);
    x.set(trainer.engine.floats(onLine.output, ARROWS));
    for (let i = 0; i < ARROWS; i++) probe.strongest = Math.max(probe.strongest, Math.abs(pulled[i]));
    for (let i = 0; i < ARROWS; i++) end[i] = x[i] - (1.4 * pulled[i]) / probe.strongest;
    ways.set(z, low, x, high);
    pulls.set(x, above, end, above);
    floor.set(0.96);
    name.set("pull on each fake", -REACH, 1.5, "start", 4, 11); // above the arrows, of which none is higher than 1.2
  };
  return { plot, paint };
}

function makeProbe(trainer) {
  const { generator, discriminator } = trainer.game;
  return { trainer, onLine: makePass(generator, ARROWS), onFakes: makePass(discriminator, ARROWS), strongest: 1e-12 };
}

/** Send a fixed row of z through G and D and the gradient of G's loss back to each sample. */
function probePulls({ trainer: { engine, game, settings }, onLine, onFakes }, z) {
  const reach = settings.prior === "normal" ? 2.3 : Math.sqrt(3), { generatorSlope } = OBJECTIVES[settings.objective];
  for (let i = 0; i < ARROWS; i++) z[i] = reach * ((2 * i) / (ARROWS - 1) - 1);
  engine.floats(onLine.input, ARROWS).set(z);
  forward(game.generator, onLine);
  engine.floats(onFakes.input, ARROWS).set(engine.floats(onLine.output, ARROWS));
  forward(game.discriminator, onFakes);
  engine.floats(onFakes.outputDelta, ARROWS).set(engine.floats(onFakes.output, ARROWS).map((s) => generatorSlope(s) / ARROWS));
  backward(game.discriminator, onFakes);
}

// ---------------------------------------------------------------- over time

function distanceView(figure) {
  const jsd = historyPlot(figure, { label: "Jensen-Shannon divergence over time", y: [0, 0.72], yLabel: "JSD, nats" });
  const w1 = historyPlot(figure, { label: "Wasserstein-1 distance over time", y: [0, 1], yLabel: "$W_1$" });
  const most = jsd.plot.rule({ color: "neutral", label: "log 2" });
  const first = jsd.plot.curve({ color: "accent", width: 2 });
  const second = w1.plot.curve({ color: "accent", width: 2 });
  const paint = ({ history }) => {
    const steps = shownRows(history, "step");
    jsd.fit(history, 0, 0.8);
    most.set(Math.LN2);
    first.set(steps, shownRows(history, "jsd"));
    w1.fit(history, 0, boundAbove(Math.max(0.5, rangeOf(shownRows(history, "w1"), 0)[1])));
    second.set(steps, shownRows(history, "w1"));
  };
  return { plot: jsd.plot, paint };
}

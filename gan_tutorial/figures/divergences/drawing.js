// divergences: one density slides away from another; five divergences and their slopes against the distance. Where the
// reader is to draw (`predict`), only the JSD stands below, and only once they have drawn it.

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { Sketch } from "../kit/sketch.js";
import { SLIDING_FAMILIES, slidingDivergences } from "./sliding.js";

const ROWS = [
  { name: "kl", key: "kl", label: "KL($p_data$‖$p_g$), nats", color: "data" },
  { name: "reverse_kl", key: "reverseKl", label: "KL($p_g$‖$p_data$), nats", color: "generator", dash: "7 5" },
  { name: "js", key: "js", label: "JSD, nats", color: "discriminator", width: 3.5 },
  { name: "tv", key: "tv", label: "TV", color: "neutral" },
  { name: "w1", key: "w1", label: "$W_1$, units of $x$", color: "accent" },
];

// What the axes of each family span, and where on each curve its direct label goes: [distance, anchor, dx, dy, words].
const VIEWS = {
  "equal-bells": {
    value: [0, 3], slope: [-0.2, 1.6], density: 0.5,
    labels: { kl: [2.2, "end", -8, 0, "both KL"], js: [8, "end", -4, 16, "JSD → log 2"], tv: [8, "end", -4, -8, "TV → 1"], w1: [2.6, "start", 8, 6, "$W_1$"] },
    slopeLabels: { kl: [0.8, "start", 8, 4, "both KL"], js: [2.2, "start", 0, 17, "JSD"], tv: [1.2, "start", 4, -6, "TV"], w1: [8, "end", -4, -8, "$W_1$"] },
    says: "Far apart, JSD and TV hardly change any more: their slopes go to 0. The slope of KL grows, and that of $W_1$ stays the same.",
  },
  "unequal-bells": {
    value: [0, 5], slope: [-0.2, 2], density: 0.9,
    labels: { kl: [1.2, "end", -8, 0, "KL"], reverseKl: [3, "start", 6, 0, "rev. KL"], js: [8, "end", -4, 16, "JSD → log 2"], tv: [8, "end", -4, -8, "TV → 1"], w1: [3.7, "start", 8, 12, "$W_1$"] },
    slopeLabels: { kl: [0.4, "end", -6, 0, "KL"], reverseKl: [1.6, "start", 8, 4, "rev. KL"], js: [2.1, "start", -2, 18, "JSD"], tv: [2, "start", 2, -8, "TV"], w1: [8, "end", -4, -8, "$W_1$"] },
    says: "A narrow $p_g$ makes KL steep: the data's samples lie many of its widths away. The reverse KL counts in widths of the data.",
  },
  blocks: {
    value: [0, 3], slope: [-0.2, 1.6], density: 0.7,
    labels: { kl: [8, "end", -4, 18, "both KL = ∞"], js: [8, "end", -4, 16, "JSD = log 2"], tv: [8, "end", -4, -8, "TV = 1"], w1: [2.3, "end", -8, 0, "$W_1$"] },
    slopeLabels: { js: [1, "middle", 0, 18, "JSD"], tv: [1, "middle", 0, -8, "TV"], w1: [8, "end", -4, -8, "$W_1$"] },
    says: "KL is infinite as soon as the blocks are not the same. Once they part, at distance 2, only $W_1$ still changes.",
  },
  "two-bells": {
    value: [0, 5], slope: [-2, 3], density: 0.6,
    labels: { kl: [1.5, "end", -8, 0, "KL"], reverseKl: [0.65, "start", 6, -2, "rev. KL"], js: [8, "end", -4, 16, "JSD → log 2"], tv: [8, "end", -4, -8, "TV → 1"], w1: [4.4, "start", 8, 12, "$W_1$"] },
    slopeLabels: { kl: [1.6, "end", -8, 0, "KL"], reverseKl: [1, "start", 8, 14, "rev. KL"], js: [8, "end", -4, 18, "JSD, TV"], w1: [8, "end", -4, -8, "$W_1$"] },
    says: "KL is least in the middle, where the data has nothing, because it wants both bells covered. The reverse KL is least on a bell, and does not miss the other.",
  },
};

// The curves of a family, and any single distance, are computed once.
const memories = {};
function remembered(family, t) {
  const memory = (memories[family] ??= new Map());
  if (!memory.has(t)) memory.set(t, slidingDivergences(family, t));
  return memory.get(t);
}

const DISTANCES = Array.from({ length: 161 }, (_, i) => Number((i * 0.05).toFixed(2)));

// One of the two plots over the distance: a curve, a dot on it, and a label for each divergence.
function curvesOverDistance(figure, { kind, label, yLabel }) {
  const plot = figure.plot({ label, x: [0, 8], y: [0, 3], height: 250, xLabel: "distance", yLabel, xTicks: 4, minWidth: 300, expectedShare: 2 });
  const here = plot.rule({ x: true, color: "ink", width: 1 });
  const marks = ROWS.map(({ key, color, dash, width = 2.5 }) => ({
    key, curve: plot.curve({ color, dash, width }), point: plot.point({ color, radius: 5 }), words: plot.label(color),
  }));
  const infinite = plot.rule({ color: "data", dash: "7 5", width: 3 });
  const changed = changeDetector();
  const drawCurves = (family) => {
    const view = VIEWS[family];
    plot.setDomain([0, 8], view[kind]);
    const series = DISTANCES.map((t) => remembered(family, t)[kind]);
    const labels = kind === "value" ? view.labels : view.slopeLabels;
    infinite.show(kind === "value" && family === "blocks");
    infinite.set(view[kind][1]);
    for (const { key, curve, words } of marks) {
      curve.set(DISTANCES, series.map((numbers) => numbers[key]));
      const place = labels[key];
      words.show(Boolean(place));
      if (!place) continue;
      const [at, anchor, dx, dy, text] = place;
      const height = remembered(family, at)[kind][key];
      words.set(text, at, Number.isFinite(height) ? height : view[kind][1], anchor, dx, dy);
    }
  };
  return (family, t) => {
    if (changed(family, plot.innerWidth)) drawCurves(family);
    here.set(t);
    const now = remembered(family, t)[kind];
    for (const { key, point } of marks) point.set(t, now[key]);
  };
}

// The upper plot: the data's density, and the generator's, which can be dragged.
function slidingDensities(figure) {
  const xs = Float64Array.from({ length: 311 }, (_, i) => -5 + i * 0.05);
  const densities = figure.plot({
    label: "The two densities over x", x: [-5, 10.5], y: [0, 0.5], height: 170, xLabel: "$x$", yLabel: "density", yTicks: 2, minWidth: 1000,
  });
  const data = densities.curve({ color: "data", label: "$p_data$", labelAt: "max", fill: true });
  const fake = densities.curve({ color: "generator", fill: true });
  const handle = densities.point({ color: "generator", label: "$p_g$", drag: { x: "distance" } });
  return (family, t) => {
    const { pData, pG } = SLIDING_FAMILIES[family];
    const q = pG(t);
    densities.setDomain([-5, 10.5], [0, VIEWS[family].density]);
    data.set(xs, xs.map(pData.pdf));
    fake.set(xs, xs.map(q.pdf));
    handle.set(t, q.pdf(t));
  };
}

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const drawDensities = slidingDensities(figure);
  return figure.get("predict") ? toDraw(figure, drawDensities) : allFive(figure, drawDensities);
}

// The reader's line against the JSD.
function toDraw(figure, drawDensities) {
  const plot = figure.plot({
    label: "The Jensen-Shannon divergence against the distance", x: [0, 8], y: [0, 1], height: 230, xLabel: "distance $t$ between the centres",
    yLabel: "JSD, nats", xTicks: 4, yTicks: 4, minWidth: 1000,
  });
  const most = plot.rule({ color: "neutral", label: "log 2" });
  const here = plot.rule({ x: true, color: "ink", width: 1 });
  const curve = plot.curve({ color: "discriminator", width: 3 });
  const point = plot.point({ color: "discriminator", radius: 5 });
  const sketch = new Sketch(figure, plot, {
    knots: Array.from({ length: 33 }, (_, i) => i * 0.25),
    start: 0.35,
    name: "the JSD",
    across: "$t$",
    means: ({ truth }) => `A sample tells ${formatNumber(truth, 2)} of 0.69 nats about its label at this distance.`,
  });
  figure.slider("distance", { label: "distance $t$ between the centres", color: "generator" });
  const draw = () => {
    const family = figure.get("family");
    const t = figure.get("distance");
    const height = (distance) => Number(remembered(family, distance).value.js.toFixed(9)); // 0 where rounding leaves 1e-16
    drawDensities(family, t);
    here.set(t);
    most.set(Math.LN2);
    curve.set(DISTANCES, DISTANCES.map(height));
    curve.show(!sketch.hides);
    point.set(t, sketch.hides ? NaN : height(t));
    sketch.draw(height);
  };
  sketch.drawFigure = draw;
  return figure.start(draw);
}

function allFive(figure, drawDensities) {
  const drawValues = curvesOverDistance(figure, { kind: "value", label: "The five divergences against the distance", yLabel: "divergence" });
  const drawSlopes = curvesOverDistance(figure, { kind: "slope", label: "Their slopes against the distance", yLabel: "slope" });
  const table = figure.outputTable({
    caption: "Slope: the change per unit of distance; at 0, to the right.",
    rows: ROWS, columns: [{ name: "value", label: "now" }, { name: "slope", label: "slope" }],
  });
  figure.select("family", {
    label: "densities",
    options: [["equal-bells", "two equal bells"], ["unequal-bells", "a bell and a narrower one"], ["blocks", "two blocks"], ["two-bells", "two bells against one"]],
  });
  figure.slider("distance", { label: "distance between the centres", color: "generator" });
  const caption = figure.caption();

  return figure.start(() => {
    const family = figure.get("family");
    const t = figure.get("distance");
    drawDensities(family, t);
    drawValues(family, t);
    drawSlopes(family, t);
    const { value, slope } = remembered(family, t);
    for (const { name, key } of ROWS) {
      table.set(name, "value", value[key]);
      table.set(name, "slope", slope[key], Number.isNaN(slope[key]) ? "none" : undefined);
    }
    caption.set(VIEWS[family].says);
  });
}

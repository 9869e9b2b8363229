// The live figure's controls: stories, play and step, settings, the pen that draws p_data.

import { formatNumber } from "../kit/numbers.js";
import { followPulls } from "../kit/pointer.js";
import { CELL, COLUMNS, REACH, dataMasses } from "./density.js";
import { PRESETS } from "./presets.js";
import { CHOICES, SETTINGS, playRound, trainDiscriminator, trainGenerator } from "./trainer.js";

const NAMES = {
  "one-bell": "one bell", "two-bells": "two bells", "three-bells": "three bells", "far-bell": "one bell, far off",
  lopsided: "lopsided", drawn: "drawn by hand", minimax: "minimax: min log(1 − D(G(z)))",
  "non-saturating": "non-saturating: max log D(G(z))", wgan: "WGAN, clipped weights", "wgan-gp": "WGAN-GP",
  "least-squares": "least squares", sgd: "SGD", momentum: "SGD with momentum", rmsprop: "RMSProp", adam: "Adam",
  "leaky-relu": "leaky ReLU", relu: "ReLU", normal: "N(0, 1)", uniform: "uniform on ±√3",
};

// ---------------------------------------------------------------- controls

export function makeControls(figure, { change, once, restart, pause }) {
  const stories = figure.groupAbove({ title: "Stories, one click each", layout: "row" });
  for (const [name, { label, settings }] of Object.entries(PRESETS)) {
    const button = stories.button(`preset-${name}`, { label, onClick: () => change({ ...presetOf(settings), playing: !figure.reducedMotion }, { anew: true }) });
    figure.syncs.push(() => button.setAttribute("aria-pressed", String(isPreset(figure, settings))));
  }
  const run = figure.groupAbove({ layout: "row" });
  const playing = run.button("playing", { label: "Play", onClick: () => (figure.get("playing") ? pause() : figure.set("playing", true)) });
  figure.syncs.push(() => {
    playing.textContent = figure.get("playing") ? "Pause" : "Play";
    playing.setAttribute("aria-pressed", String(figure.get("playing")));
  });
  run.button("step-both", { label: "One round", onClick: once(playRound) });
  run.button("step-d", { label: "Only D", onClick: once(trainDiscriminator) });
  run.button("step-g", { label: "Only G", onClick: once(trainGenerator) });
  run.button("reset", { label: "Reset", onClick: restart });
  const speeds = [["slow", "slow: 5 rounds/s"], ["medium", "medium: 100 rounds/s"], ["full", "as fast as it goes"]];
  run.select("speed", { label: "speed", options: speeds });
  makeSettings(figure);
}

const presetOf = (settings) => {
  const { seed, drawing, ...rest } = SETTINGS; // a story keeps the reader's seed and drawing
  return { ...rest, ...settings };
};

export const isPreset = (figure, settings) => Object.entries(presetOf(settings)).every(([name, value]) => figure.get(name) === value);

function makeSettings(figure) {
  const options = (name) => ({ options: CHOICES[name].map((value) => [value, NAMES[value] ?? value]) });
  const power = (value) => formatNumber(10 ** value, value < -2.95 ? 5 : value < -1 ? 4 : 3);
  figure.select("data", { label: "$p_data$", ...options("data") });
  figure.select("objective", { label: "objective", ...options("objective") });
  figure.slider("k", { label: "$k$: steps of D for one of G", digits: 0, color: "discriminator" });
  figure.slider("log_rate_d", { label: "D's learning rate", format: power, color: "discriminator" });
  figure.slider("log_rate_g", { label: "G's learning rate", format: power, color: "generator" });
  figure.select("optimizer", { label: "optimiser", ...options("optimizer") });
  const hasMomentum = () => ["momentum", "adam"].includes(figure.get("optimizer"));
  figure.slider("momentum", { label: "momentum (Adam's $β_1$)", idle: () => (hasMomentum() ? "" : "this optimiser has none") });
  const isClipped = () => figure.get("objective") === "wgan";
  figure.slider("log_clip", { label: "$D$'s weights within ±", format: power, idle: () => (isClipped() ? "" : "WGAN only") });
  figure.slider("width_d", { label: "units per layer of D", digits: 0, color: "discriminator" });
  figure.slider("width_g", { label: "units per layer of G", digits: 0, color: "generator" });
  figure.select("activation", { label: "activation", ...options("activation") });
  figure.select("prior", { label: "noise $p_z$", ...options("prior") });
  figure.slider("batch", { label: "batch", digits: 0 });
  figure.slider("seed", { label: "seed", digits: 0 });
  figure.root.appendChild(figure.controls.node); // below the words, which are nearer to what they are about
}

// ---------------------------------------------------------------- drawing p_data

export function makePen(figure, plot, change) {
  let drawing = null; // the drawing under the pen
  let last = null;
  const group = figure.group({ title: "Draw $p_data$: with the pointer on the upper plot, or here with the keyboard" });
  group.slider("pen", {
    label: "pen over $x$ =", digits: 1, format: (column) => formatNumber(penCentre(column), 1), color: "data",
    onMove: () => change({ height: parseInt(startOf(figure)[figure.get("pen")], 36) }),
  });
  group.slider("height", {
    label: "height under the pen", digits: 0, color: "data",
    onMove: () => change({ drawing: drawLine(startOf(figure), figure.get("pen"), figure.get("height"), null), data: "drawn" }),
  });
  plot.svg.style.setProperty("cursor", "crosshair");
  const draw = (event) => {
    const [x, y] = plot.eventPoint(event);
    const column = Math.max(0, Math.min(COLUMNS - 1, Math.floor((x + REACH) / (2 * CELL))));
    const level = Math.max(0, Math.min(35, Math.round((36 * y) / plot.domain.y[1])));
    drawing = drawLine(drawing, column, level, last);
    last = [column, level];
    change({ drawing, data: "drawn", pen: column, height: level });
  };
  const begin = (event) => {
    drawing = startOf(figure);
    last = null;
    draw(event);
  };
  followPulls(plot.svg, { begin, move: draw });
}

const penCentre = (column) => -REACH + (column + 0.5) * 2 * CELL;

/** A drawing goes on from the density that is shown. */
function startOf(figure) {
  const kind = figure.get("data");
  if (kind === "drawn") return figure.get("drawing");
  const masses = dataMasses(kind, ""), most = Math.max(...masses);
  return Array.from({ length: COLUMNS }, (_, i) => Math.round((24 * masses[2 * i]) / most).toString(36)).join("");
}

/** The drawing with a straight stroke from `last` (or a single dab) to the level at a column. */
function drawLine(drawing, column, level, last) {
  const digits = [...drawing], [from, start] = last ?? [column, level];
  const step = Math.sign(column - from) || 1;
  for (let at = from; ; at += step) {
    const share = column === from ? 1 : (at - from) / (column - from);
    digits[at] = Math.round(start + share * (level - start)).toString(36);
    if (at === column) return digits.join("");
  }
}

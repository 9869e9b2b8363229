// The live figure's controls: stories, play and step, settings, the pen that draws p_data.

import { formatNumber } from "../kit/numbers.js";
import { followPulls } from "../kit/pointer.js";
import { SPEEDS, makeRules, makeRunRow, makeStories, optionsOf } from "../live/controls.js";
import { CELL, COLUMNS, REACH, dataMasses } from "./density.js";
import { PRESETS } from "./presets.js";
import { CHOICES, SETTINGS } from "./trainer.js";

const NAMES = {
  "one-bell": "one bell", "two-bells": "two bells", "three-bells": "three bells", "far-bell": "one bell, far off",
  lopsided: "lopsided", normal: "N(0, 1)", uniform: "uniform on ±√3",
};

// ---------------------------------------------------------------- controls

/** All controls; gives back a function for the preset that the settings are. A story keeps the reader's seed and drawing. */
export function makeControls(figure, session) {
  const story = makeStories(figure, session, { stories: PRESETS, defaults: SETTINGS, own: ["seed", "drawing"] });
  makeRunRow(figure, session, SPEEDS);
  const options = (name) => optionsOf(CHOICES[name], NAMES);
  figure.select("data", { label: "$p_data$", ...options("data") });
  figure.select("objective", { label: "objective", ...options("objective") });
  const shapes = () => {
    figure.slider("width_d", { label: "units per layer of D", digits: 0, color: "discriminator" });
    figure.slider("width_g", { label: "units per layer of G", digits: 0, color: "generator" });
  };
  makeRules(figure, { choices: CHOICES, shapes });
  figure.select("prior", { label: "noise $p_z$", ...options("prior") });
  figure.slider("batch", { label: "batch", digits: 0 });
  figure.slider("seed", { label: "seed", digits: 0 });
  figure.root.appendChild(figure.controls.node); // below the words, which are nearer to what they are about
  return story;
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

// The plane's controls: stories, play and step, what is shown, settings, the pen that draws p_data.

import { followPulls } from "../kit/pointer.js";
import { SPEEDS, makeRules, makeRunRow, makeStories, makeToggles, optionsOf, power } from "../live/controls.js";
import { BLANK, LETTER, PIXELS, inked, pixelAt } from "./data.js";
import { STORIES } from "./stories.js";
import { CHOICES, SETTINGS } from "./trainer.js";
import { VIEWS } from "./view.js";

const NAMES = {
  ring: "ring of 8 bells", grid: "grid of 25 bells", moons: "two moons", spiral: "spiral", "far-bells": "two far bells", line: "a line", letter: "the letter G",
  "uniform-2d": "2-D, uniform", "normal-2d": "2-D, normal", "uniform-1d": "1-D, uniform", "normal-1d": "1-D, normal", circle: "on a circle",
  untrained: "untrained", trained: "after 1,500 rounds", own: "the objective's own", none: "none", r1: "R1: slope on real samples", r2: "R2: slope on fakes", "r1-r2": "R1 and R2",
  gp: "GP: slope 1 between them", "gp-one-sided": "GP, slopes above 1 only",
};
const PACES = [["phases", "slow motion: step by step"], ...SPEEDS];

/** All controls; gives back a function for the story that the settings are. A story keeps the reader's seed and drawing. */
export function makeControls(figure, session, motion) {
  const story = makeStories(figure, session, { stories: STORIES, defaults: SETTINGS, own: ["seed", "drawing"] });
  const next = session.once((trainer) => motion.next(trainer), { midRound: true });
  makeRunRow(figure, session, PACES, (run) => run.button("next", { label: "Next step of a round", onClick: next }));
  makeViews(figure);
  const options = (name) => optionsOf(CHOICES[name], NAMES);
  figure.select("data", { label: "$p_data$", ...options("data") });
  figure.select("noise", { label: "noise $p_z$", ...options("noise") });
  figure.select("objective", { label: "objective", ...options("objective") });
  figure.select("penalty", { label: "penalty on the slope of $D$", ...options("penalty") });
  const isOwn = () => ["own", "none"].includes(figure.get("penalty"));
  figure.slider("log_strength", { label: "its strength", format: power, idle: () => (isOwn() ? "choose a penalty" : "") });
  const shapes = () => {
    for (const [player, name, color] of [["d", "D", "discriminator"], ["g", "G", "generator"]]) {
      figure.slider(`depth_${player}`, { label: `hidden layers of ${name}`, digits: 0, color });
      figure.slider(`width_${player}`, { label: `units per layer of ${name}`, digits: 0, color });
    }
  };
  makeRules(figure, { choices: CHOICES, shapes });
  figure.slider("batch", { label: "batch", digits: 0 });
  figure.slider("seed", { label: "seed", digits: 0 });
  figure.select("start", { label: "begin", ...options("start") });
  figure.root.appendChild(figure.controls.node); // below the words, which are nearer to what they are about
  return story;
}

function makeViews(figure) {
  const things = VIEWS.map(([value, label]) => ({ value, name: `view-${value}`, label }));
  makeToggles(figure, "Show", things, { chosen: () => figure.get("views").split("."), put: (views) => figure.set("views", views.join(".")) });
}

// ---------------------------------------------------------------- drawing p_data

const BRUSH = [0, 1, -1, PIXELS, -PIXELS]; // a square and its neighbours

export function makePen(figure, plot, change) {
  let erasing = false, last = null;
  const group = figure.group({ title: "Draw $p_data$: with the pointer on the plane, or here with the keyboard" });
  const idle = () => (figure.get("data") === "drawn" ? "" : "choose data drawn by hand");
  group.slider("pen_x", { label: "pen, from the left", digits: 0, color: "data", idle });
  group.slider("pen_y", { label: "pen, from below", digits: 0, color: "data", idle });
  const row = group.group({ layout: "row" });
  const start = () => (figure.get("data") === "letter" ? LETTER : figure.get("data") === "drawn" ? figure.get("drawing") : BLANK);
  const put = (pixels, ink) => change({ drawing: inked(start(), pixels, ink), data: "drawn" });
  const under = () => figure.get("pen_y") * PIXELS + figure.get("pen_x");
  row.button("ink", { label: "Ink here", onClick: () => put(around(under()), true) });
  row.button("erase", { label: "Erase here", onClick: () => put(around(under()), false) });
  row.button("clear", { label: "Clear", onClick: () => change({ drawing: BLANK, data: "drawn" }) });
  const rubber = row.button("rubber", { label: "The pointer erases", onClick: () => {
    erasing = !erasing;
    rubber.setAttribute("aria-pressed", String(erasing));
  } });
  rubber.setAttribute("aria-pressed", "false");
  plot.svg.style.setProperty("cursor", "crosshair");
  const draw = (event) => {
    const at = plot.eventPoint(event), from = last ?? at, steps = Math.ceil(Math.hypot(at[0] - from[0], at[1] - from[1]) / 0.1);
    const pixels = [];
    for (let i = 0; i <= steps; i++) {
      const t = steps === 0 ? 1 : i / steps;
      pixels.push(...around(pixelAt(from[0] + t * (at[0] - from[0]), from[1] + t * (at[1] - from[1]))));
    }
    last = at;
    put(pixels, !erasing);
  };
  const begin = (event) => {
    last = null;
    draw(event);
  };
  followPulls(plot.svg, { begin, move: draw });
}

/** The squares under a brush at one of them; none where it is none. */
function around(pixel) {
  if (pixel < 0) return [];
  return BRUSH.map((step) => pixel + step).filter((each) => each >= 0 && each < PIXELS * PIXELS && Math.abs((each % PIXELS) - (pixel % PIXELS)) <= 1);
}

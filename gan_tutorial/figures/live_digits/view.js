// view.js: what the digits' figure draws: the sheet, one sample and its way to another, what the reader drew, and the run over time.

import { changeDetector } from "../kit/changes.js";
import { hasCanvas } from "../kit/marks.js";
import { followPulls } from "../kit/pointer.js";
import { Screen } from "../kit/screen.js";
import { htmlNode, htmlText } from "../kit/text.js";
import { forward, makePass } from "../engine/network.js";
import { isLogit } from "../live/optima.js";
import { lossView, pairView, rangeOf } from "../live/over_time.js";
import { sigmoid } from "../mathematics/logistic.js";
import { nearest, pixelsOf } from "./digits.js";
import { NO_DIGIT, PIXELS, SIDE, read } from "./reader.js";
import { NOISE, SHOWN, askedOf, look, pixelsIn } from "./trainer.js";

const COLUMNS = 8;
const STRIDE = SIDE + 2, EDGE = COLUMNS * STRIDE - 2;
const STEPS = 9; // pictures on the way from one sample to another
const SHEETS = 120; // that are remembered; a sheet is 50 kB

const inkOf = (drawing) => Float32Array.from(drawing, (digit) => parseInt(digit, 16) / 15);

export function makeView(figure, change) {
  const still = figure.get("_picture") ?? {};
  const left = htmlNode("div", { style: "flex:1 1 300px;min-width:min(100%,16rem);max-width:480px" }, figure.plots);
  const sheetWords = htmlNode("p", { class: "gan-caption", style: "margin:0 0 .3rem" }, left);
  const sheet = new Screen(left, { width: EDGE, height: EDGE, shown: 476, label: "64 pictures that the generator draws of 64 fixed points z", still: still.sheet });
  const side = htmlNode("div", { class: "gan-side" }, figure.plots);
  const plots = { parent: htmlNode("div", { class: "gan-row-of-plots" }, side), height: 150, minWidth: 220, expectedShare: 1.5 };
  const overTime = [sharesView(figure, plots), opinionView(figure, plots), lossView(figure, plots)];
  const one = makeOne(figure, side), pad = makePad(figure, left, change), past = makePast();
  let begun = false;
  chooseByPointer(figure, sheet, left);
  return {
    /** Whether the figure shows a run, and no longer the sheet that came with the page. */
    shows: () => begun,
    paint(trainer, all) {
      begun ||= trainer !== null && (trainer.step + trainer.discriminatorSteps > 0 || trainer.loaded);
      if (trainer !== null) pad.judge(trainer);
      if (!begun) return htmlText(sheetWords, still.words ?? "");
      look(trainer, figure.get("shown") === "average");
      past.keep(trainer);
      const moment = figure.get("moment"), seen = moment < 1 ? past.at(moment * trainer.step) : null;
      htmlText(sheetWords, seen ? `the same 64 points $z$ after ${seen.step.toLocaleString("en")} steps` : "64 fixed points $z$, now");
      paintSheet(figure, sheet, trainer, seen);
      one.paint(trainer, all || !figure.get("playing"));
      for (const part of overTime) part.paint(trainer);
    },
  };
}

// ---------------------------------------------------------------- the sheet

const FRAMES = [["first", "data"], ["second", "accent"]];

function paintSheet(figure, sheet, trainer, seen) {
  const ink = new Float32Array(PIXELS);
  for (let i = 0; i < SHOWN; i++) {
    if (seen) for (let p = 0; p < PIXELS; p++) ink[p] = seen.sheet[i * PIXELS + p] / 255;
    else ink.set(pixelsIn(trainer, trainer.shown, i));
    sheet.put(ink, SIDE, STRIDE * (i % COLUMNS), STRIDE * Math.floor(i / COLUMNS));
  }
  sheet.paint();
  for (const [name, color] of FRAMES) {
    const at = figure.get(name);
    sheet.context.strokeStyle = figure.color(color);
    sheet.context.lineWidth = 1.5;
    sheet.context.strokeRect(STRIDE * (at % COLUMNS) - 0.5, STRIDE * Math.floor(at / COLUMNS) - 0.5, SIDE + 1, SIDE + 1);
  }
}

/** A click chooses a sample; the one before it is where the walk ends. */
function chooseByPointer(figure, sheet, box) {
  box.addEventListener("click", (event) => {
    if (event.target !== sheet.canvas) return;
    const { left, top, width } = sheet.canvas.getBoundingClientRect();
    const [column, row] = [event.clientX - left, event.clientY - top].map((at) => Math.min(COLUMNS - 1, Math.floor((at / width) * COLUMNS)));
    figure.set("second", figure.get("first"));
    figure.set("first", row * COLUMNS + column);
  });
}

/** Sheets of a run's past, as it was seen: at most so many, then every other one goes. */
function makePast() {
  let run = null, every = 1, sheets = [];
  return {
    keep(trainer) {
      const { step, engine, shown } = trainer;
      if (run !== trainer) [run, every, sheets] = [trainer, 1, []];
      if (sheets.length > 0 && step < sheets[sheets.length - 1].step + every) return;
      const rows = engine.floats(shown.output, PIXELS * SHOWN), sheet = new Uint8Array(PIXELS * SHOWN);
      for (let i = 0; i < SHOWN; i++) for (let p = 0; p < PIXELS; p++) sheet[i * PIXELS + p] = 255 * rows[p * SHOWN + i];
      sheets.push({ step, sheet });
      if (sheets.length < SHEETS) return;
      sheets = sheets.filter((_, i) => i % 2 === 0);
      every = Math.max(1, Math.round((2 * step) / SHEETS));
    },
    at: (step) => sheets.reduce((best, each) => (Math.abs(each.step - step) < Math.abs(best.step - step) ? each : best), sheets[0]),
  };
}

// ---------------------------------------------------------------- one sample

/** The sample that was chosen, the way from it to another one, and the picture of the data that is nearest to it. */
function makeOne(figure, parent) {
  const box = htmlNode("div", { class: "gan-pair" }, parent);
  const place = (label) => {
    const part = htmlNode("div", { style: "flex:0 1 112px" }, box), words = htmlNode("p", { class: "gan-caption", style: "margin:0 0 .2rem" }, part);
    htmlText(words, label);
    return new Screen(part, { width: SIDE, height: SIDE, shown: 112, label });
  };
  const sample = place("one sample"), neighbour = place("nearest picture");
  const way = new Screen(htmlNode("div", { style: "flex:1 1 14rem" }, box), { width: STEPS * STRIDE - 2, height: SIDE, shown: 402, label: "The way from one sample to another" });
  const words = htmlNode("p", { class: "gan-caption" }, parent), changed = changeDetector();
  let passes = null;
  return {
    paint(trainer, exact) {
      const { engine, game, average, shown, judged, rows, material, settings, labelled } = trainer, network = figure.get("shown") === "average" ? average : game.generator;
      if (passes?.trainer !== trainer) passes = { trainer, walk: makePass(average, STEPS + 1, { onlyForward: true }) };
      const [first, second, share] = ["first", "second", "share"].map((name) => figure.get(name)), { walk } = passes;
      const size = NOISE + labelled, z = engine.floats(shown.input, size * SHOWN), to = engine.floats(walk.input, size * walk.stride);
      for (let i = 0; i <= STEPS; i++) {
        const t = i < STEPS ? i / (STEPS - 1) : share;
        for (let j = 0; j < size; j++) to[j * walk.stride + i] = (j < NOISE ? between : mixed)(z[j * SHOWN + first], z[j * SHOWN + second], t);
      }
      forward(network, walk);
      for (let i = 0; i < STEPS; i++) way.put(pixelsIn(trainer, walk, i), SIDE, STRIDE * i);
      const pixels = pixelsIn(trainer, walk, STEPS);
      sample.put(pixels, SIDE);
      for (const screen of [way, sample]) screen.paint();
      if (!exact || !changed(trainer, trainer.step, first, second, share, network)) return;
      const { row, distance } = nearest(material, rows, pixels), score = engine.floats(judged.output, SHOWN)[first];
      neighbour.put(pixelsOf(material, row), SIDE);
      neighbour.paint();
      const label = material.labels[row], seen = material.reader ? read(material.reader, pixels) : NO_DIGIT;
      const reading = material.reader ? `The reader of digits says: ${seen === NO_DIGIT ? "no digit" : seen}. ` : "";
      const asked = labelled && share === 0 ? `Asked for: ${askedOf(trainer, first, true)}. ` : "";
      htmlText(words, `${asked}${reading}Nearest of ${rows.length.toLocaleString("en")} pictures${label < 0 ? "" : `: a ${label}`}, at distance ${distance.toFixed(1)}. ${share === 0 ? opinion(score, settings) : ""}`);
    },
  };
}

/** Between two points of the noise, as far from 0 as the points of N(0, I) are: a straight way would pass nearer. */
function between(a, b, t) {
  return ((1 - t) * a + t * b) / Math.hypot(1 - t, t);
}

/** D's mean score of real pictures, by label: with pairs it says nothing by itself, since what all scores of one label share never counts. */
function levelsOf({ engine, game, onPictures, labelled }) {
  forward(game.discriminator, onPictures);
  const { batch, stride } = onPictures, scores = engine.floats(onPictures.output, batch), has = engine.floats(onPictures.labels, labelled * stride);
  return Array.from({ length: labelled }, (_, label) => {
    const own = scores.filter((_, i) => has[label * stride + i] === 1);
    return own.reduce((a, b) => a + b, 0) / Math.max(1, own.length);
  });
}

/** Between two labels. */
const mixed = (a, b, t) => (1 - t) * a + t * b;

const opinion = (score, { objective }) => (isLogit(objective) ? `$D$ takes it for real with probability ${sigmoid(score).toFixed(2)}.` : `$D$'s score of it is ${score.toFixed(2)}.`);

// ---------------------------------------------------------------- what the reader draws

const NIB = [[0, 0, 15], [1, 0, 9], [-1, 0, 9], [0, 1, 9], [0, -1, 9], [1, 1, 4], [1, -1, 4], [-1, 1, 4], [-1, -1, 4]];

/** The drawing with a spot of ink, or of paper. */
export function inked(drawing, x, y, ink) {
  const levels = Array.from(drawing, (digit) => parseInt(digit, 16));
  for (const [dx, dy, level] of NIB) {
    const [column, row] = [x + dx, y + dy], at = row * SIDE + column;
    if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) levels[at] = ink ? Math.max(levels[at], level) : 0;
  }
  return levels.map((level) => level.toString(16)).join("");
}

function makePad(figure, parent, change) {
  const box = htmlNode("div", { class: "gan-pair" }, parent), part = htmlNode("div", { style: "flex:0 1 168px;cursor:crosshair" }, box);
  const screen = new Screen(part, { width: SIDE, height: SIDE, shown: 168, label: "Draw a digit here, and see what D thinks of it" });
  const words = htmlNode("p", { class: "gan-caption", style: "flex:1 1 10rem" }, box), changed = changeDetector();
  if (hasCanvas) {
    const draw = (event) => {
      const { left, top, width } = screen.canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top].map((at) => Math.floor((at / width) * SIDE));
      change({ drawing: inked(figure.get("drawing"), x, y, true) });
    };
    screen.open();
    screen.canvas.style.boxShadow = "0 0 0 1px var(--gan-neutral)";
    followPulls(screen.canvas, { begin: draw, move: draw, hold: true });
  }
  let passes = null;
  return {
    judge(trainer) {
      const drawing = figure.get("drawing"), { engine, game, material, settings, labelled } = trainer, ink = inkOf(drawing);
      if (!changed(drawing, trainer, trainer.step)) return;
      screen.put(ink, SIDE);
      screen.paint();
      if (!/[^0]/.test(drawing)) return htmlText(words, "Draw a digit, and see what $D$ thinks of it at this moment.");
      const names = labelled ? Array.from(settings.classes) : [""], count = names.length; // D is asked once for each label
      if (passes?.trainer !== trainer) passes = { trainer, each: makePass(game.discriminator, count, { onlyForward: true }) };
      const { each } = passes, to = engine.floats(each.input, PIXELS * each.stride), labels = engine.floats(each.labels, labelled * each.stride);
      for (let p = 0; p < PIXELS; p++) to.fill(ink[p], p * each.stride, p * each.stride + count);
      if (labelled) names.forEach((name, i) => { labels[Number(name) * each.stride + i] = 1; });
      forward(game.discriminator, each);
      const scores = engine.floats(each.output, count), levels = labelled ? levelsOf(trainer) : [0];
      const gains = names.map((name, i) => scores[i] - levels[Number(name)]), best = gains.indexOf(Math.max(...gains)), gain = gains[best];
      const label = labelled ? `It comes nearest to real pictures as a ${names[best]}: its score is ${Math.abs(gain).toFixed(2)} ${gain < 0 ? "below" : "above"} theirs with this label. ` : "";
      const found = material.reader ? read(material.reader, ink) : NO_DIGIT;
      const reading = material.reader ? ` The reader of digits says: ${found === NO_DIGIT ? "no digit" : found}.` : "";
      htmlText(words, `Your drawing. ${label}${opinion(scores[best], settings)}${reading}`);
    },
  };
}

// ---------------------------------------------------------------- over time

const sharesView = (figure, options) => pairView(
  figure, { label: "Share of legible samples and balance of the classes over time", y: [0, 1.05], yLabel: "legible, balance", ...options },
  [{ name: "balance", color: "data", label: "balance", dy: 16 }, { name: "legible", color: "generator", label: "legible" }],
);

const opinionView = (figure, options) => pairView(
  figure, { label: "What D says of real pictures and of generated ones over time", y: [0, 1], yLabel: "$D$ on average", ...options },
  [{ name: "real", color: "data", label: "real" }, { name: "fake", color: "generator", label: "fake", dy: 16 }],
  ({ settings }, [real, fake]) => {
    const [low, high] = isLogit(settings.objective) ? [0, 1] : rangeOf([...real, ...fake], 0);
    return [low, Math.max(high, low + 0.1)];
  },
);

// conditional-generator: a still from the page until the generator is there, from then on what it draws.

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { Screen } from "../kit/screen.js";
import { whenNear } from "../kit/seen.js";
import { htmlNode, htmlText, setText } from "../kit/text.js";
import { fillNormal, makeRandom } from "../mathematics/random.js";
import { codeOf, generate, readGenerator } from "./generator.js";

const SIDE = 28;
const COLUMNS = 5;
const STRIDE = SIDE + 2;
const MOVED = ["z1", "z2", "z3", "z4"];

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const still = model.get("_picture") ?? {};
  const place = (room) => {
    const box = htmlNode("div", { style: `flex:${room};min-width:0` }, figure.plots);
    return [htmlNode("p", { class: "gan-caption", style: "margin:0 0 .3rem" }, box), htmlNode("div", {}, box), box];
  };
  const [asked, left] = place("1 1 8rem;max-width:280px");
  const [all, middle, right] = place("2 1 10rem");
  const large = new Screen(left, { width: SIDE, height: SIDE, shown: 280, label: "What the generator draws", still: still.asked });
  const size = { width: COLUMNS * STRIDE - 2, height: 2 * STRIDE - 2, shown: 444 };
  const small = new Screen(middle, { ...size, label: "What it draws with the same z for the labels 0 to 9", still: still.labels });
  htmlText(all, "the same $z$, asked for 0 to 9");
  right.appendChild(figure.outputs);
  const ink = figure.output("ink", { label: "ink", digits: 4, color: "generator" });
  const undecided = figure.output("undecided", { label: "grey pixels", format: (v) => `${(100 * v).toFixed(1)} %` });

  const digits = [..."0123456789"].map((digit) => [digit, digit]);
  figure.select("label", { label: "asked for, $y$", options: digits });
  figure.select("other", { label: "morph to", options: digits });
  const same = () => figure.get("other") === figure.get("label");
  figure.slider("share", { label: "share of the second label", color: "generator", idle: () => (same() ? "choose two digits" : "") });
  figure.button("draw", { label: "New $z$", onClick: () => newNoise(figure) });
  MOVED.forEach((name, i) => figure.slider(name, { label: `$z_${i + 1}$` }));
  figure.slider("seed", { label: "the rest of $z$: draw no.", digits: 0 });
  const caption = figure.caption();

  const source = loadOnce(model, still.file, figure, (generator) => {
    source.generator = generator;
    caption.set(`${generator.layers.length} layers and ${weightsOf(generator).toLocaleString("en")} weights, computed in this page.`);
    draw();
  });

  const otherNoise = changeDetector();
  let [frame, untouched] = [0, true];
  function draw() {
    const [label, other, share] = [Number(figure.get("label")), Number(figure.get("other")), figure.get("share")];
    const mixed = share > 0 && other !== label;
    const rest = `, ${Math.round(100 * share)} % ${other}`;
    setText(asked, `asked for ${mixed ? `${Math.round(100 - 100 * share)} % ${label}${rest}` : label}`);
    if (!source.generator) {
      if (untouched) drawStill();
      else source.load();
      untouched = false;
      return;
    }
    const z = noiseOf(figure, source.generator.dim);
    const pixels = generate(source.generator, z, codeOf(source.generator.classes, label, other, share));
    large.put(pixels, SIDE);
    large.paint();
    const { mean, grey } = tonesOf(pixels);
    ink.set(mean);
    undecided.set(grey);
    if (otherNoise(...z) && !frame) frame = requestAnimationFrame(drawLabels);
  }

  function drawStill() {
    ink.set(still.ink);
    undecided.set(still.undecided);
    caption.set("Drawn when this page was built. The generator itself, a quarter of a megabyte, loads when the figure comes into view.");
  }

  function drawLabels() {
    frame = 0;
    const { generator } = source;
    const z = noiseOf(figure, generator.dim);
    for (let label = 0; label < generator.classes; label++) {
      const pixels = generate(generator, z, codeOf(generator.classes, label));
      small.put(pixels, SIDE, STRIDE * (label % COLUMNS), STRIDE * Math.floor(label / COLUMNS));
    }
    small.paint();
  }

  if (model.get("_weights")) source.load();
  return figure.start(draw);
}

// The generator comes with Python's state, or from a file beside the page's scripts, when the figure comes into view.
function loadOnce(model, file, figure, ready) {
  let called = false;
  const load = () => {
    if (called) return;
    called = true;
    const own = model.get("_weights");
    if (own) ready(readGenerator(new Uint8Array(own.buffer ?? own, own.byteOffset, own.byteLength)));
    else globalThis.ganFigures.file(file).then((bytes) => ready(readGenerator(bytes)));
  };
  whenNear(figure, load);
  return { load, generator: null };
}

const weightsOf = (generator) => generator.layers.reduce((sum, { weight }) => sum + weight.length, 0);

// z: the coordinates that have sliders, then those of the draw.
function noiseOf(figure, dim) {
  const z = drawOf(figure.get("seed"), dim);
  MOVED.forEach((name, i) => (z[i] = figure.get(name)));
  return z;
}

function drawOf(seed, dim) {
  const z = new Float64Array(dim);
  fillNormal(makeRandom(seed), z, dim);
  return z;
}

// A whole new z: the sliders too take what the draw gives them.
function newNoise(figure) {
  const { min, max } = figure.get("_bounds").seed;
  const seed = min + Math.floor(Math.random() * (max - min + 1));
  figure.set("seed", seed);
  const z = drawOf(seed, MOVED.length);
  MOVED.forEach((name, i) => figure.set(name, z[i]));
}

// Mean of the pixels, and the share of those that are neither paper nor ink.
function tonesOf(pixels) {
  let [sum, grey] = [0, 0];
  for (const value of pixels) {
    sum += value;
    if (value > 0.1 && value < 0.9) grey++;
  }
  return { mean: sum / pixels.length, grey: grey / pixels.length };
}

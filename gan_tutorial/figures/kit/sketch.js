// @ts-check
// sketch.js: "you draw it". Where the trait `predict` asks for it, the reader draws a curve on the figure's own axes before it is
// shown: with a pointer, or with a few sliders. Their line stays, the truth appears over it, and a sentence says how far apart
// the two are. The traits are `drawn` (the line's heights at the knots) and `compared`.
//
//   const sketch = new Sketch(figure, plot, { knots: [-7, -6.75, …], name: "$D^*$", means });
//   …in draw():  best.show(!sketch.hides);  sketch.draw(truth);
//
// The page around it is told of a comparison by the event `gan-sketch`, and sets an earlier one by `gan-sketch-set`. The picture
// of the first state, for pages without JavaScript, and paper show the truth.

import { Controls, OWN_KEYS } from "./controls.js";
import { hasCanvas } from "./marks.js";
import { formatNumber } from "./numbers.js";
import { followPulls, followSlider } from "./pointer.js";
import { htmlNode, htmlText, setAttributes, setOutput, svgNode } from "./text.js";

const HANDS = 7; // sliders

/**
 * `knots` is where the line's height is kept, equally spaced. `start` is the height from which it is pulled, `top` the largest
 * that it can have (1 if it is not given), `across` the name of the horizontal axis. `means` says in a sentence what the
 * difference means where it is largest.
 * @typedef {{ knots: number[], name: string, start: number, top?: number, across?: string, means?: (at: { x: number, drawn: number, truth: number }) => string }} SketchOptions
 */

/** The height of a line through (xs[i], ys[i]) at x; xs are equally spaced. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys @param {number} x */
export function heightAt(xs, ys, x) {
  const last = xs.length - 1;
  const place = Math.max(0, Math.min(last, ((x - xs[0]) / (xs[last] - xs[0])) * last));
  const left = Math.min(last - 1, Math.floor(place));
  return ys[left] + (place - left) * (ys[left + 1] - ys[left]);
}

/**
 * How far a line drawn at the knots is from the truth: on average, and where most.
 * @param {number[]} knots @param {number[]} drawn @param {(x: number) => number} truth
 */
export function compareLines(knots, drawn, truth) {
  let sum = 0;
  let count = 0;
  const worst = { x: knots[0], drawn: drawn[0], truth: NaN, gap: -1 };
  knots.forEach((x, i) => {
    const height = truth(x);
    if (!Number.isFinite(height)) return;
    const gap = Math.abs(drawn[i] - height);
    sum += gap;
    count++;
    if (gap > worst.gap) Object.assign(worst, { x, drawn: drawn[i], truth: height, gap });
  });
  return { mean: sum / count, worst };
}

export class Sketch {
  /** @param {import("./figure.js").FigureView} figure @param {import("./plot.js").Plot} plot @param {SketchOptions} options */
  constructor(figure, plot, options) {
    this.figure = figure;
    this.plot = plot;
    this.options = options;
    this.top = options.top ?? 1;
    this.across = options.across ?? "$x$";
    this.printing = false;
    /** @type {(() => void) | undefined} */
    this.drawFigure = undefined; // the figure's own drawing, to show the truth on paper
    this.asked = Boolean(figure.get("predict"));
    if (!this.asked) return;
    this.line = plot.curve({ color: "accent", label: "you", labelAt: "start", anchor: "start", dash: "6 4", width: 2.5, dx: 8, dy: 18 });
    this.hand = this.makeHand();
    this.board = figure.below;
    const row = new Controls(figure, this.board).group({ layout: "row" });
    this.compare = row.button("compare", { label: `Compare my line with ${options.name}`, onClick: () => this.decide(true) });
    this.quiet = row.button("show", { label: "Show me", onClick: () => this.decide(false) });
    this.again = row.button("again", { label: "Draw again", onClick: () => this.reset() });
    this.sliders = this.makeSliders();
    this.said = htmlNode("p", { class: "gan-sketch-said", role: "status" }, this.board);
    this.shownWords = "";
    if (!hasCanvas) return;
    figure.root.addEventListener("gan-sketch-set", (event) => this.take(/** @type {CustomEvent} */ (event).detail));
    for (const [sign, on] of /** @type {[string, boolean][]} */ ([["beforeprint", true], ["afterprint", false]])) {
      const listen = () => {
        this.printing = on;
        if (figure.ready) this.redraw();
      };
      addEventListener(sign, listen);
      figure.cleanups.push(() => removeEventListener(sign, listen));
    }
  }

  /** Whether the truth has to be kept back. */
  get hides() {
    return this.asked && hasCanvas && !this.printing && !this.figure.get("compared");
  }

  /** The reader's line; at first a level one. @returns {number[]} */
  get heights() {
    const { knots, start } = this.options;
    const drawn = this.figure.get("drawn");
    return drawn.length === knots.length ? drawn : knots.map(() => start);
  }

  /** A pointer that goes over the axes leaves its height at all knots that it passes. */
  makeHand() {
    const hand = svgNode("rect", { class: "gan-sketch-hand", x: 0, y: 0, width: 1, height: 1 }, this.plot.handles);
    /** @type {[number, number] | null} */
    let last = null;
    const follow = (/** @type {PointerEvent} */ event) => {
      const [x, y] = this.plot.eventPoint(event);
      const [low, high] = this.plot.options.y;
      const here = /** @type {[number, number]} */ ([x, Math.max(low, Math.min(this.top, high, y))]);
      this.pull(last ?? here, here);
      last = here;
    };
    followPulls(hand, { begin: (event) => { last = null; follow(event); }, move: follow, hold: true });
    return hand;
  }

  /** Lay the line along the segment from one point to another. @param {[number, number]} from @param {[number, number]} to */
  pull(from, to) {
    if (!this.hides) return;
    const { knots } = this.options;
    const step = knots[1] - knots[0];
    const [left, right] = from[0] <= to[0] ? [from, to] : [to, from];
    const begins = left[0] < knots[3] ? knots[0] : left[0] - step / 2; // near an end it reaches the end
    const ends = right[0] > knots[knots.length - 4] ? knots[knots.length - 1] : right[0] + step / 2;
    const drawn = this.heights.map((height, i) => {
      const x = knots[i];
      if (x < begins || x > ends) return height;
      const share = right[0] > left[0] ? Math.max(0, Math.min(1, (x - left[0]) / (right[0] - left[0]))) : 1;
      return Math.round(1000 * (left[1] + share * (right[1] - left[1]))) / 1000;
    });
    this.figure.set("drawn", drawn);
  }

  /** The same by keyboard: a few sliders, with straight lines between. */
  makeSliders() {
    const fold = htmlNode("details", { class: "gan-sketch-sliders" }, this.board);
    htmlNode("summary", {}, fold).textContent = "Draw with sliders instead";
    const grid = htmlNode("div", { class: "gan-grid" }, fold);
    const { knots } = this.options;
    const places = Array.from({ length: HANDS }, (_, i) => knots[Math.round(((i + 0.5) / HANDS) * (knots.length - 1))]);
    const inputs = places.map((x) => {
      const row = htmlNode("label", { class: "gan-control gan-slider" }, grid);
      htmlText(htmlNode("span", { class: "gan-control-label" }, row), `height at ${this.across} = ${formatNumber(x, 1)}`);
      const number = htmlNode("output", { name: "drawn", "aria-live": "off" }, row);
      const input = htmlNode("input", { type: "range", name: "drawn", min: 0, max: this.top, step: this.top / 100, ...OWN_KEYS }, row);
      followSlider(input, (height) => this.lay(places, inputs.map((other) => (other === input ? height : other.valueAsNumber))));
      this.figure.syncs.push(() => {
        const height = Math.round(100 * heightAt(knots, this.heights, x)) / 100;
        if (input.valueAsNumber !== height) input.value = String(height);
        input.setAttribute("aria-valuetext", formatNumber(height, 2));
        setOutput(number, height, formatNumber(height, 2));
      });
      return input;
    });
    return fold;
  }

  /** Straight lines through what the sliders say. @param {number[]} places @param {number[]} heights */
  lay(places, heights) {
    const drawn = this.options.knots.map((x) => Math.round(1000 * heightAt(places, heights, x)) / 1000);
    this.figure.set("drawn", drawn);
  }

  /** @param {boolean} own whether the reader's line is to be compared, or only the truth shown */
  decide(own) {
    if (own && this.figure.get("drawn").length === 0) this.figure.set("drawn", this.heights);
    this.figure.set("compared", true);
    this.tell();
  }

  tell() {
    this.figure.root.dispatchEvent(new CustomEvent("gan-sketch", { bubbles: true, detail: { drawn: this.figure.get("drawn") } }));
  }

  reset() {
    this.figure.set("compared", false);
    this.figure.root.dispatchEvent(new CustomEvent("gan-sketch-again", { bubbles: true }));
  }

  /** @param {{ drawn?: number[], compared: boolean }} state */
  take({ drawn, compared }) {
    const fits = Array.isArray(drawn) && (drawn.length === 0 || drawn.length === this.options.knots.length);
    if (fits && drawn.every((height) => height >= 0 && height <= this.top)) this.figure.set("drawn", drawn);
    this.figure.set("compared", compared);
  }

  redraw() {
    if (this.drawFigure) this.drawFigure();
  }

  /** Bring line, buttons and words to the state. @param {(x: number) => number} truth */
  draw(truth) {
    const { line, hand, compare, quiet, again, sliders, said } = this;
    if (!line || !hand || !compare || !quiet || !again || !sliders || !said) return;
    const { knots, name, means } = this.options;
    const compared = Boolean(this.figure.get("compared"));
    const own = this.figure.get("drawn").length > 0;
    line.set(knots, this.heights);
    line.show(hasCanvas && (own || !(compared || this.printing)));
    setAttributes(hand, { width: this.plot.innerWidth, height: this.plot.innerHeight, visibility: compared ? "hidden" : "visible" });
    for (const [node, shown] of /** @type {[HTMLElement, boolean][]} */ ([[compare, !compared], [quiet, !compared], [again, compared], [sliders, !compared]])) {
      node.hidden = !shown || !hasCanvas;
    }
    let words = compared || this.printing || !hasCanvas ? "" : `Drag across the ${this.figure.plotList.length > 1 ? "lower axes" : "axes"} to draw. The dashed line is yours.`;
    if (compared && own) {
      const { mean, worst } = compareLines(knots, this.heights, truth);
      const at = `${this.across} = ${formatNumber(worst.x, 2)}`;
      words = `On average your line is ${formatNumber(mean, 2)} away from ${name}. It is furthest away at ${at}: `
        + `you drew ${formatNumber(worst.drawn, 2)}, and ${name} is ${formatNumber(worst.truth, 2)} there.`;
      if (means && worst.gap > 0.02) words += ` ${means(worst)}`;
    }
    if (words === this.shownWords) return;
    this.shownWords = words;
    htmlText(said, words);
  }
}

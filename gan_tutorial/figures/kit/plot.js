// @ts-check
// plot.js: axes and the marks set on them in data coordinates: curves, rules, dots, arrows, points, labels.

import { CanvasSurface } from "./canvas.js";
import { SvgSurface, hasCanvas } from "./marks.js";
import { formatNumber, niceTicks } from "./numbers.js";
import { Path, pathThrough } from "./path.js";
import { followPulls } from "./pointer.js";
import { htmlNode, plainText, setAttributes, svgNode } from "./text.js";

/** @typedef {[number, number]} Span */
/** @typedef {ArrayLike<number>} Numbers */
/** @typedef {import("./marks.js").Anchor} Anchor */
/** @typedef {{ x?: string, y?: string }} Drag the traits that a point moves */
/** @typedef {{ left: number, right: number, y: number }} Box the room of a label, around its line */
/** @typedef {{ text: string, x: number, y: number, anchor: Anchor }} Wish what a label says, and where it would stand */
/** @typedef {{ mark: import("./marks.js").TextMark, color: string, shown: boolean, wish: Wish | null }} Label */

/**
 * `label` is for a screen reader; xTicks and yTicks say about how many (0: none). A plot stands beside others in a row
 * where there is room for its `minWidth`; `expectedShare` says how many will likely stand there, for the printed picture. A
 * `square` plot has axes of one length both ways, and takes no more than `maxWidth`; `parent` is where it stands.
 * @typedef {object} PlotOptions
 * @property {string} label @property {Span} x @property {Span} y @property {number} [height]
 * @property {string} [xLabel] @property {string} [yLabel] @property {number} [xTicks] @property {number} [yTicks]
 * @property {Partial<import("./marks.js").Margin>} [margin]
 * @property {number} [minWidth] @property {number} [maxWidth] @property {number} [expectedShare] @property {boolean} [square]
 * @property {Element} [parent]
 */

const DEFAULT_WIDTH = 680;
const LINE = 17; // pixels from one label to the next below it
const APART = 4; // pixels between labels on one line

/** A plot owns its scales and marks; marks are set in data coordinates and never outlive it. */
export class Plot {
  /** @param {import("./figure.js").FigureView} figure @param {PlotOptions} options */
  constructor(figure, options) {
    this.figure = figure;
    this.options = options;
    this.domain = { x: options.x, y: options.y };
    this.margin = { top: options.yLabel ? 28 : 16, right: 16, bottom: options.xLabel ? 40 : 26, left: 46, ...options.margin };
    const most = options.maxWidth ? `;min-width:min(100%,${options.minWidth}px);max-width:${options.maxWidth}px` : "";
    this.box = htmlNode("div", { class: "gan-plot-box", style: `flex:1 1 ${options.minWidth ?? 280}px${most}` }, options.parent ?? figure.plots);
    this.svg = svgNode("svg", { class: "gan-plot", role: "img", "aria-label": plainText(options.label) }, this.box);
    this.area = svgNode("svg", {}, this.svg); // nodes of a figure's own: a nested svg clips what leaves the axes
    this.handles = svgNode("g", {}, this.svg);
    this.surface = hasCanvas ? new CanvasSurface(figure, this.box, this.svg) : new SvgSurface(this.svg);
    /** @type {Label[]} in the order in which they were made */
    this.labels = [];
    this.width = this.innerWidth = this.innerHeight = 0;
    this.resize(Math.min(DEFAULT_WIDTH / (options.expectedShare ?? 1), options.maxWidth ?? Infinity));
  }

  /** @param {number} value */
  x(value) {
    const [low, high] = this.domain.x;
    return ((value - low) / (high - low)) * this.innerWidth;
  }

  /** @param {number} value */
  y(value) {
    const [low, high] = this.domain.y;
    return (1 - (value - low) / (high - low)) * this.innerHeight;
  }

  /** @param {number} px @param {number} py @returns {[number, number]} */
  invert(px, py) {
    const { x, y } = this.domain;
    return [x[0] + (px / this.innerWidth) * (x[1] - x[0]), y[0] + (1 - py / this.innerHeight) * (y[1] - y[0])];
  }

  /** @param {number} width */
  resize(width) {
    this.width = Math.max(160, Math.round(width));
    const { top, right, bottom, left } = this.margin;
    this.innerWidth = this.width - left - right;
    const height = this.options.square ? this.innerWidth + top + bottom : this.options.height ?? 260;
    this.innerHeight = height - top - bottom;
    setAttributes(this.svg, { viewBox: `0 0 ${this.width} ${height}`, width: this.width, height });
    setAttributes(this.area, { x: left, y: top, width: this.innerWidth, height: this.innerHeight });
    this.handles.setAttribute("transform", `translate(${left} ${top})`);
    this.surface.resize(this.width, height, this.margin);
    this.drawAxes();
  }

  /** Change what the axes span; costs nothing when nothing changed. @param {Span} x @param {Span} y */
  setDomain(x, y) {
    const same = (/** @type {Span} */ a, /** @type {Span} */ b) => a[0] === b[0] && a[1] === b[1];
    if (same(x, this.domain.x) && same(y, this.domain.y)) return;
    this.domain = { x, y };
    this.drawAxes();
  }

  drawAxes() {
    const { top, left } = this.margin;
    const { options, innerWidth, innerHeight, surface } = this;
    surface.clearAxes();
    /** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} stroke */
    const line = (x1, y1, x2, y2, stroke) => {
      const path = new Path();
      path.moveTo(x1, y1);
      path.lineTo(x2, y2);
      surface.path("axes", { stroke }).set(path);
    };
    /** @param {string} words @param {number} x @param {number} y @param {Anchor} anchor @param {import("./marks.js").TextStyle} style */
    const write = (words, x, y, anchor, style = "tick") => surface.text("axes", { color: "muted", style }).set(words, x, y, anchor);
    if (options.yTicks !== 0) {
      const { ticks, digits } = niceTicks(...this.domain.y, options.yTicks ?? 4);
      for (const tick of ticks) {
        const y = top + this.y(tick);
        line(left, y, left + innerWidth, y, tick === 0 ? "muted" : "line");
        write(formatNumber(tick, digits), left - 8, y + 4, "end");
      }
    }
    const bottom = top + innerHeight;
    line(left, bottom, left + innerWidth, bottom, "muted");
    if (options.xTicks !== 0) {
      const { ticks, digits } = niceTicks(...this.domain.x, options.xTicks ?? Math.min(8, innerWidth / 60));
      for (const tick of ticks) {
        const x = left + this.x(tick);
        line(x, bottom, x, bottom + 4, "muted");
        write(formatNumber(tick, digits), x, bottom + 18, "middle");
      }
    }
    if (options.xLabel) write(options.xLabel, left + innerWidth, bottom + 34, "end", "axis");
    if (options.yLabel) write(options.yLabel, 2, 11, "start", "axis");
  }

  /** A label with a halo of the page's colour, kept inside the plot and clear of the labels made before it. @param {string} [color] */
  label(color = "neutral") {
    /** @type {Label} */
    const label = { mark: this.surface.text("labels", { color, style: "label" }), color, shown: true, wish: null };
    this.labels.push(label);
    return {
      /** @param {string} text @param {number} x @param {number} y @param {Anchor} anchor @param {number} dx @param {number} dy */
      set: (text, x, y, anchor = "start", dx = 0, dy = 0) => {
        label.wish = { text, x: this.x(x) + dx, y: this.y(y) + dy, anchor };
        this.figure.queueLabels(this);
      },
      /** @param {boolean} visible */
      show: (visible) => {
        label.shown = visible;
        label.mark.show(visible);
        this.figure.queueLabels(this);
      },
    };
  }

  /**
   * Place all labels, one after the other as they were made: where each stands follows from what the plot shows now,
   * not from the order in which they were set nor from where they stood before.
   */
  placeLabels() {
    /** @type {Box[]} */
    const taken = [];
    for (const { mark, color, shown, wish } of this.labels) {
      if (!shown || !wish || wish.text === "") {
        if (wish) mark.set(wish.text, 0, 0, "start");
        continue;
      }
      const room = this.surface.widthOf(wish.text, color, "label");
      const low = wish.anchor === "start" ? 0 : wish.anchor === "end" ? room : room / 2;
      const left = Math.max(2, Math.min(this.innerWidth - room - 2, wish.x - low));
      const box = { left, right: left + room, y: wish.y };
      box.y = this.freeLine(box, taken);
      taken.push(box);
      mark.set(wish.text, left + low, box.y, wish.anchor);
    }
  }

  /** The line nearest to the wished one on which a label meets none of the others; that one if there is none. @param {Box} box @param {Box[]} others */
  freeLine({ left, right, y }, others) {
    const inside = (/** @type {number} */ at) => Math.max(10, Math.min(this.innerHeight - 4, at));
    const wished = inside(y);
    const inTheWay = others.filter((other) => other.left < right + APART && left < other.right + APART).map((other) => other.y);
    const lines = [wished, ...inTheWay.flatMap((at) => [inside(at - LINE), inside(at + LINE)])];
    const free = lines.filter((line) => inTheWay.every((at) => Math.abs(at - line) > LINE - 1e-6));
    return free.length ? free.reduce((best, line) => (Math.abs(line - wished) < Math.abs(best - wished) ? line : best)) : wished;
  }

  /**
   * A curve, with `fill` down to 0 (true) or of the shape that it closes ("inside").
   * @param {{ color?: string, label?: string, labelAt?: "max" | "end" | "start" | number, dx?: number, dy?: number, anchor?: Anchor,
   *   fill?: true | "inside", dash?: string, width?: number, opacity?: number }} options
   */
  curve({ color = "neutral", label, labelAt = "max", dx = 0, dy = -8, anchor = "middle", fill, dash, width = 2.5, opacity }) {
    const filled = fill && this.surface.path("area", { fill: color, opacity: 0.13 });
    const stroke = this.surface.path("area", { stroke: color, width, dash, opacity });
    const text = label && this.label(color);
    return {
      /** @param {Numbers} xs @param {Numbers} ys */
      set: (xs, ys) => {
        const path = pathThrough(xs, ys, this);
        stroke.set(path);
        if (filled) filled.set(this.closed(path, xs, fill));
        if (text) this.placeLabel(text, label, labelAt, xs, ys, { dx, dy, anchor });
      },
      /** @param {boolean} visible */
      show: (visible) => {
        for (const mark of [filled, stroke, text]) if (mark) mark.show(visible);
      },
    };
  }

  /** @param {Path} path @param {Numbers} xs @param {true | "inside"} fill */
  closed(path, xs, fill) {
    if (xs.length === 0) return path;
    const shape = new Path(path);
    if (fill === true) {
      shape.lineTo(this.x(xs[xs.length - 1]), this.y(0));
      shape.lineTo(this.x(xs[0]), this.y(0));
    }
    shape.close();
    return shape;
  }

  /**
   * @param {ReturnType<Plot["label"]>} text @param {string} label @param {"max" | "end" | "start" | number} labelAt
   * @param {Numbers} xs @param {Numbers} ys @param {{ dx: number, dy: number, anchor: Anchor }} place
   */
  placeLabel(text, label, labelAt, xs, ys, { dx, dy, anchor }) {
    const end = xs.length - 1;
    let at = labelAt === "end" ? end : 0;
    if (labelAt === "max") {
      for (let i = 1; i <= end; i++) if (ys[i] > ys[at] || !Number.isFinite(ys[at])) at = i;
    } else if (typeof labelAt === "number") while (at < end && xs[at] < labelAt) at++;
    const shown = Number.isFinite(ys[at]);
    text.show(shown);
    if (shown) text.set(label, xs[at], ys[at], anchor, dx, dy);
  }

  /**
   * A straight line across the plot: rule({ x: true }) stands at an x, rule({}) lies at a y.
   * @param {{ x?: boolean, color?: string, label?: string, dash?: string, width?: number, anchor?: Anchor, dx?: number, dy?: number }} options
   */
  rule({ x: vertical, color = "neutral", label, dash = "4 4", width = 1.5, anchor, dx = 4, dy = -6 }) {
    const mark = this.surface.path("area", { stroke: color, width, dash });
    const text = label && this.label(color);
    return {
      /** @param {number} value */
      set: (value, words = label ?? "") => {
        const path = new Path();
        const at = vertical ? this.x(value) : this.y(value);
        path.moveTo(vertical ? at : 0, vertical ? 0 : at);
        path.lineTo(vertical ? at : this.innerWidth, vertical ? this.innerHeight : at);
        mark.set(path);
        if (text && vertical) text.set(words, value, this.domain.y[1], anchor ?? "start", dx, 12);
        else if (text) text.set(words, this.domain.x[1], value, anchor ?? "end", -dx, dy);
      },
      /** @param {boolean} visible */
      show: (visible) => {
        mark.show(visible);
        if (text) text.show(visible);
      },
    };
  }

  /** Many equal round dots in one path: cheap for thousands. @param {{ color?: string, radius?: number, opacity?: number }} options */
  dots({ color = "neutral", radius = 2.5, opacity = 0.7 }) {
    const mark = this.surface.path("area", { stroke: color, width: 2 * radius, opacity });
    return {
      /** @param {Numbers} xs @param {Numbers} ys */
      set: (xs, ys) => {
        const path = new Path();
        for (let i = 0; i < xs.length; i++) {
          if (!Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) continue;
          const [x, y] = [this.x(xs[i]), this.y(ys[i])];
          path.moveTo(x, y);
          path.lineTo(x + 0.01, y); // a line of no length would leave no dot
        }
        mark.set(path);
      },
    };
  }

  /** Arrows (x1[i], y1[i]) -> (x2[i], y2[i]) in one path. @param {{ color?: string, width?: number, opacity?: number }} options */
  arrows({ color = "neutral", width = 1.5, opacity = 0.8 }) {
    const mark = this.surface.path("area", { stroke: color, width, opacity });
    return {
      /** @param {Numbers} x1 @param {Numbers} y1 @param {Numbers} x2 @param {Numbers} y2 */
      set: (x1, y1, x2, y2) => {
        const path = new Path();
        for (let i = 0; i < x1.length; i++) addArrow(path, this.x(x1[i]), this.y(y1[i]), this.x(x2[i]), this.y(y2[i]));
        mark.set(path);
      },
    };
  }

  /**
   * A dot; with drag: { x: "traitX", y: "traitY" } (either may be missing) it can be pulled. Each trait it moves must
   * also have a slider, which is how the keyboard and a screen reader reach it.
   * @param {{ color?: string, radius?: number, label?: string, dx?: number, dy?: number, anchor?: Anchor, drag?: Drag }} options
   */
  point({ color = "neutral", radius = 6, label, dx = 10, dy = -10, anchor = "start", drag }) {
    const mark = this.surface.path(drag ? "handles" : "area", { fill: color, stroke: "paper", width: 2 });
    const target = drag && this.handle(drag);
    const text = label && this.label(color);
    return {
      /** @param {number} x @param {number} y */
      set: (x, y, words = label ?? "") => {
        const shown = Number.isFinite(x) && Number.isFinite(y);
        const path = new Path();
        if (shown) path.disc(this.x(x), this.y(y), radius);
        mark.set(path);
        if (target) this.figure.whenAtRest(target, () => {
          setAttributes(target, { visibility: shown ? "visible" : "hidden", ...(shown && { cx: this.x(x), cy: this.y(y) }) });
        });
        if (text) text.show(shown);
        if (text && shown) text.set(words, x, y, anchor, dx, dy);
      },
    };
  }

  /** What a pointer grabs to move traits: wider than the dot that is seen. @param {Drag} drag */
  handle(drag) {
    const target = svgNode("circle", { class: "gan-handle", r: 20 }, this.handles);
    const move = (/** @type {PointerEvent} */ event) => {
      const [x, y] = this.eventPoint(event);
      if (drag.x) this.figure.set(drag.x, x);
      if (drag.y) this.figure.set(drag.y, y);
    };
    followPulls(target, { move, hold: drag.y !== undefined });
    return target;
  }

  /** Where a pointer event lies, in data coordinates. @param {MouseEvent} event */
  eventPoint(event) {
    const frame = this.svg.getBoundingClientRect();
    const shrink = this.width / frame.width;
    return this.invert((event.clientX - frame.left) * shrink - this.margin.left, (event.clientY - frame.top) * shrink - this.margin.top);
  }
}

/** @param {Path} path @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function addArrow(path, x1, y1, x2, y2) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (!(length > 0.5)) return;
  const size = Math.min(7, length * 0.6);
  const ux = ((x2 - x1) / length) * size;
  const uy = ((y2 - y1) / length) * size;
  path.moveTo(x1, y1);
  path.lineTo(x2, y2);
  path.moveTo(x2 - ux + uy * 0.5, y2 - uy - ux * 0.5);
  path.lineTo(x2, y2);
  path.lineTo(x2 - ux - uy * 0.5, y2 - uy + ux * 0.5);
}

// @ts-check
// canvas.js: paints the marks of one plot, each frame only what has to be. Marks that have kept still for a while are on a
// lower canvas, as far as they lie below all that move; words are set once and then copied. On paper the marks are SVG:
// browsers print canvases as they please (Chromium leaves out all but one), and lines stay sharp.

import { LAYERS, SHIFTS, SvgSurface, TEXT_STYLES, forEachLayer } from "./marks.js";
import { hundredths } from "./path.js";
import { htmlNode, svgNode, textSegments } from "./text.js";

/** @typedef {import("./marks.js").Layer} Layer */
/** @typedef {import("./marks.js").TextStyle} TextStyle */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

/**
 * What is to be painted. `calm` counts the paints since its last change; a path has `path`, `drawn` and ink, words the rest.
 * @typedef {object} Mark
 * @property {Layer} layer @property {boolean} visible @property {number} calm
 * @property {import("./path.js").Path | null} [path] @property {Path2D} [drawn] @property {number[]} [dashes]
 * @property {string} [fill] @property {string} [stroke] @property {number} [width] @property {number} [opacity]
 * @property {string} [words] @property {number} [x] @property {number} [y] @property {import("./marks.js").Anchor} [anchor]
 * @property {string} [color] @property {TextStyle} [style]
 */

/**
 * Words as they are set: where their pieces lie and, once they have come back, their picture.
 * @typedef {object} Setting
 * @property {{ text: string, font: string, at: number, shift: number }[]} pieces @property {number} width
 * @property {string} color @property {boolean} haloed @property {number} room @property {number} rise @property {number} fall
 * @property {number} uses @property {ImageBitmap | HTMLCanvasElement} [picture]
 */

const CALM = 6; // paints without a change after which a mark counts as still
const HALO = 4; // pixels around a label, in the colour of the page

/** @param {TextStyle} style @param {import("./text.js").Kind} kind */
function fontOf(style, kind) {
  const [weight, size] = TEXT_STYLES[style];
  if (kind === "italic") return `italic ${weight} ${hundredths(1.08 * size)}px Georgia, "Times New Roman", serif`;
  return `${weight} ${kind === "plain" ? size : 0.75 * size}px system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif`;
}

export class CanvasSurface {
  /** @param {import("./figure.js").FigureView} figure @param {Element} box @param {SVGSVGElement} svg the plot's own nodes, below the canvases */
  constructor(figure, box, svg) {
    this.figure = figure;
    this.svg = svg;
    /** @type {SVGGElement | null} */
    this.print = null;
    figure.surfaces.push(this);
    const sheet = () => /** @type {CanvasRenderingContext2D} */ (
      htmlNode("canvas", { class: "gan-canvas", "aria-hidden": "true" }, box).getContext("2d")
    );
    this.still = sheet();
    this.moving = sheet();
    this.width = this.height = 0;
    this.scale = 0;
    /** @type {import("./marks.js").Margin} */
    this.margin = { top: 0, right: 0, bottom: 0, left: 0 };
    this.layers = forEachLayer(() => /** @type {Mark[]} */ ([]));
    /** @type {Map<string, Setting>} */
    this.settings = new Map();
    this.stillCount = 0; // so many marks, from the back, are on the lower canvas
    this.stale = true; // what is on the lower canvas is not what should be
  }

  /** @param {number} width @param {number} height @param {import("./marks.js").Margin} margin */
  resize(width, height, margin) {
    Object.assign(this, { width, height, margin });
    this.figure.queuePaint(this);
  }

  clearAxes() {
    this.layers.axes = [];
    this.figure.queuePaint(this);
  }

  // Forget what was painted: colours or the size of a pixel have changed.
  paintAnew() {
    this.stale = true;
    this.settings.clear();
    this.figure.queuePaint(this);
  }

  /** @param {Layer} layer @param {Partial<Mark>} looks */
  add(layer, looks) {
    /** @type {Mark} */
    const mark = { ...looks, layer, visible: true, calm: 0 };
    this.layers[layer].push(mark);
    const change = (/** @type {Partial<Mark>} */ values) => {
      const keys = /** @type {(keyof Mark)[]} */ (Object.keys(values));
      if (keys.every((key) => values[key] === mark[key])) return;
      Object.assign(mark, values, { calm: 0 });
      this.figure.queuePaint(this);
    };
    return { mark, change, show: (/** @type {boolean} */ visible) => change({ visible }) };
  }

  /** @param {Layer} layer @param {import("./marks.js").Ink} ink @returns {import("./marks.js").PathMark} */
  path(layer, { dash, ...ink }) {
    const { mark, change, show } = this.add(layer, { ...ink, path: null, dashes: dash ? dash.split(" ").map(Number) : [] });
    return {
      set: (path) => {
        if (!path.equals(mark.path ?? null)) change({ path, drawn: path.forCanvas() });
      },
      show,
    };
  }

  /** @param {Layer} layer @param {{ color: string, style: TextStyle }} looks @returns {import("./marks.js").TextMark} */
  text(layer, looks) {
    const { change, show } = this.add(layer, { ...looks, words: "" });
    return { set: (words, x, y, anchor) => change({ words, x, y, anchor }), show };
  }

  /** Pixels that words take, as they are set here. @param {string} words @param {string} color @param {TextStyle} style */
  widthOf(words, color, style) {
    return this.settingOf(words, color, style).width;
  }

  /** Write the marks out as SVG in place of the canvases, for a printer. */
  writePrint() {
    this.endPrint();
    this.print = svgNode("g", { class: "gan-print" }, this.svg);
    const paper = new SvgSurface(this.print);
    paper.resize(this.width, this.height, this.margin);
    for (const layer of LAYERS) for (const mark of this.layers[layer]) if (mark.visible) writeMark(paper, mark);
  }

  endPrint() {
    if (this.print) this.print.remove();
    this.print = null;
  }

  /** @param {number} scale device pixels in one of the page */
  paint(scale) {
    const marks = LAYERS.flatMap((layer) => this.layers[layer]);
    const leading = (/** @type {number} */ paints) => {
      const first = marks.findIndex(({ calm }) => calm < paints);
      return first < 0 ? marks.length : first;
    };
    const kept = this.stale ? 0 : Math.min(this.stillCount, leading(1)); // of those below, as many as have not moved since
    const stillCount = Math.max(leading(CALM), kept);
    const resized = this.fit(scale);
    if (this.stale || resized || stillCount !== this.stillCount) this.paintOn(this.still, marks.slice(0, stillCount));
    this.paintOn(this.moving, marks.slice(stillCount));
    this.stillCount = stillCount;
    this.stale = false;
    for (const mark of marks) mark.calm++;
  }

  /** Give both canvases the size of the plot in device pixels; true if they had another. @param {number} scale */
  fit(scale) {
    const [across, down] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    const { canvas } = this.still;
    if (canvas.width === across && canvas.height === down && this.scale === scale) return false;
    for (const context of [this.still, this.moving]) Object.assign(context.canvas, { width: across, height: down });
    if (this.scale !== scale) this.settings.clear(); // their pictures have the old pixels
    this.scale = scale;
    return true;
  }

  /** @param {CanvasRenderingContext2D} context @param {Mark[]} marks */
  paintOn(context, marks) {
    const { width, height, margin, scale } = this;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    for (const layer of LAYERS) {
      context.save();
      if (layer !== "axes") context.translate(margin.left, margin.top);
      if (layer === "area") {
        context.beginPath();
        context.rect(0, 0, width - margin.left - margin.right, height - margin.top - margin.bottom);
        context.clip();
      }
      for (const mark of marks) if (mark.layer === layer && mark.visible) this.paintMark(context, mark);
      context.restore();
    }
  }

  /** @param {Context} context @param {Mark} mark */
  paintMark(context, mark) {
    context.globalAlpha = mark.opacity ?? 1;
    if (mark.words) this.paintText(context, mark);
    else this.paintPath(context, mark);
  }

  /** @param {Context} context @param {Mark} mark */
  paintPath(context, { drawn, fill, stroke, width = 1, dashes = [] }) {
    if (!drawn) return;
    if (fill) {
      context.fillStyle = this.figure.color(fill);
      context.fill(drawn);
    }
    if (!stroke) return;
    context.strokeStyle = this.figure.color(stroke);
    context.lineWidth = width;
    context.lineCap = dashes.length ? "butt" : "round";
    context.setLineDash(dashes);
    context.stroke(drawn);
  }

  /** @param {Context} context @param {Mark} mark */
  paintText(context, { words = "", x = 0, y = 0, anchor, color = "neutral", style = "label", layer }) {
    const setting = this.settingOf(words, color, style);
    const left = x - (anchor === "end" ? setting.width : anchor === "middle" ? setting.width / 2 : 0);
    if (setting.uses++ === 0) return this.setType(context, setting, left, y); // words that count may never come back
    const { margin, scale } = this;
    const picture = (setting.picture ??= this.pictureOf(setting));
    const [right, down] = layer === "axes" ? [0, 0] : [margin.left, margin.top];
    const whole = (/** @type {number} */ place, /** @type {number} */ origin) => Math.round((place + origin) * scale) / scale - origin; // on whole pixels it stays sharp
    const [px, py] = [whole(left - setting.room, right), whole(y - setting.rise, down)];
    context.drawImage(picture, px, py, picture.width / scale, picture.height / scale);
  }

  /** @param {string} words @param {string} color @param {TextStyle} style */
  settingOf(words, color, style) {
    const key = `${color}\n${style}\n${words}`;
    let setting = this.settings.get(key);
    if (!setting) {
      if (this.settings.size > 500) this.settings.clear();
      setting = this.measure(words, color, style);
      this.settings.set(key, setting);
    }
    return setting;
  }

  /** @param {string} words @param {string} color @param {TextStyle} style @returns {Setting} */
  measure(words, color, style) {
    let width = 0;
    const pieces = textSegments(words).map(([text, kind]) => {
      const font = fontOf(style, kind);
      this.moving.font = font;
      const at = width;
      width += this.moving.measureText(text).width;
      return { text, font, at, shift: SHIFTS[kind] };
    });
    const size = TEXT_STYLES[style][1];
    return { pieces, width, color, haloed: style === "label", room: HALO, rise: 1.5 * size, fall: size, uses: 0 };
  }

  /** @param {Setting} setting */
  pictureOf(setting) {
    const width = Math.ceil((setting.width + 2 * setting.room) * this.scale);
    const height = Math.ceil((setting.rise + setting.fall) * this.scale);
    const modern = typeof OffscreenCanvas === "function";
    const sheet = modern ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
    const context = /** @type {Context} */ (sheet.getContext("2d"));
    context.scale(this.scale, this.scale);
    this.setType(context, setting, setting.room, setting.rise);
    return "transferToImageBitmap" in sheet ? sheet.transferToImageBitmap() : sheet;
  }

  /**
   * A label has a halo, so that it can be read where it crosses a curve.
   * @param {Context} context @param {Setting} setting @param {number} left @param {number} y
   */
  setType(context, { pieces, color, haloed }, left, y) {
    if (haloed) {
      Object.assign(context, { strokeStyle: this.figure.color("paper"), lineWidth: HALO, lineJoin: "round" });
      context.setLineDash([]);
      for (const { text, font, at, shift } of pieces) {
        context.font = font;
        context.strokeText(text, left + at, y + shift);
      }
    }
    context.fillStyle = this.figure.color(color);
    for (const { text, font, at, shift } of pieces) {
      context.font = font;
      context.fillText(text, left + at, y + shift);
    }
  }
}

/** @param {SvgSurface} paper @param {Mark} mark */
function writeMark(paper, { layer, path, dashes = [], words, x = 0, y = 0, anchor = "start", color = "neutral", style = "label", ...ink }) {
  if (words) paper.text(layer, { color, style }).set(words, x, y, anchor);
  else if (path) paper.path(layer, { ...ink, dash: dashes.join(" ") }).set(path);
}

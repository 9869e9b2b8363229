// @ts-check
// figure.js: what every figure shares. A figure is made of controls bound to the model's traits, plots and read-outs; `draw` runs once at the start and again whenever a trait or the width changes.
//
//   const figure = createFigure({ model, el });
//   figure.slider("mean", { label: "mean of $p_g$" });           // bounds come from Python: model.get("_bounds")
//   const row = figure.group({ layout: "row" });                 // controls that stand together
//   row.button("reset", { label: "Reset", onClick });
//   const plot = figure.plot({ label: "two densities", x: [-6, 6], y: [0, 1], xLabel: "$x$" });
//   const curve = plot.curve({ color: "generator", label: "$p_g$", fill: true });
//   const gap = figure.output("js", { label: "JSD", unit: "nats" });
//   return figure.start(() => { curve.set(xs, ys); gap.set(number); });   // gives back the clean-up
//
// It uses few DOM calls on purpose: the book runs the same code at build time, without a browser, to print the
// first state of each figure into the page (see book/_ext/gan_book/figures.py). Controls, plots, marks and text have files of their own.

import { Controls } from "./controls.js";
import { colorOf, hasCanvas } from "./marks.js";
import { formatNumber } from "./numbers.js";
import { Plot } from "./plot.js";
import { htmlNode, htmlText, plainText, setAttributes, setOutput } from "./text.js";

/**
 * The model of an anywidget, or the host's stand-in for it in a static page.
 * @typedef {object} Model
 * @property {(name: string) => any} get @property {(name: string, value: unknown) => void} set @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on @property {(event: string, listener: () => void) => void} off
 */

export class FigureView {
  /** @param {{ model: Model, el: HTMLElement }} context */
  constructor({ model, el }) {
    this.model = model;
    const name = model.get("_name");
    const inBook = el.getAttribute("data-figure") === name;
    this.root = inBook ? el : htmlNode("div", {}, el);
    this.root.textContent = "";
    setAttributes(this.root, { class: "gan-figure", "data-figure": name, role: "group", "aria-label": model.get("_title") });
    const part = (/** @type {string} */ classes) => htmlNode("div", { class: classes }, this.root);
    this.controlsAbove = new Controls(this, part("gan-controls gan-above"));
    this.plots = part("gan-plots");
    this.below = part("gan-sketch"); // of a curve that the reader draws (sketch.js)
    this.outputs = part("gan-outputs");
    this.controls = new Controls(this, part("gan-controls"));
    /** @type {Plot[]} */
    this.plotList = [];
    /** @type {import("./canvas.js").CanvasSurface[]} */
    this.surfaces = [];
    /** @type {Set<import("./canvas.js").CanvasSurface>} */
    this.unpainted = new Set();
    /** @type {Set<Plot>} those whose labels have been set since they were placed */
    this.unplaced = new Set();
    /** @type {Record<string, string>} colours by their names, as far as they were asked for */
    this.palette = {};
    /** @type {Map<unknown, () => void>} what waits until the figure has come to rest */
    this.resting = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.rest = undefined;
    /** @type {(() => void)[]} each brings a control to what its trait says */
    this.syncs = [];
    /** @type {(() => void)[]} each measures anew what depends on the width */
    this.refits = [];
    /** @type {(() => void)[]} */
    this.cleanups = [];
    this.ready = false; // drawn for the first time
    this.reducedMotion = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** @param {string} name */
  get(name) {
    return this.model.get(name);
  }

  /** Set a trait, rounded to its step and held within its bounds; everything that shows it follows. @param {string} name @param {unknown} value */
  set(name, value) {
    const bounds = this.get("_bounds")[name];
    if (bounds && typeof value === "number") {
      const { min, max, step } = bounds;
      const digits = Math.max(0, Math.ceil(-Math.log10(step)) + 1);
      value = Number(Math.max(min, Math.min(max, min + Math.round((value - min) / step) * step)).toFixed(digits));
    }
    if (Object.is(value, this.get(name))) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** @type {Controls["slider"]} */
  slider(name, options) {
    return this.controls.slider(name, options);
  }

  /** @type {Controls["select"]} */
  select(name, options) {
    return this.controls.select(name, options);
  }

  /** @type {Controls["button"]} */
  button(name, options) {
    return this.controls.button(name, options);
  }

  /** @type {Controls["group"]} */
  group(options) {
    return this.controls.group(options);
  }

  /** A group that stands above the plots. @type {Controls["group"]} */
  groupAbove(options) {
    return this.controlsAbove.group(options);
  }

  /**
   * A number the figure computes. `set` takes the unrounded value.
   * @param {string} name
   * @param {{ label: string, unit?: string, digits?: number, color?: string, format?: (value: number, digits: number) => string }} options
   */
  output(name, { label, unit = "", digits = 3, color, format = formatNumber }) {
    const box = htmlNode("label", { class: "gan-output" }, this.outputs);
    const style = color && `color:${colorOf(color)}`;
    htmlText(htmlNode("span", { class: "gan-output-label", style }, box), label);
    const number = htmlNode("output", { name, "aria-live": "off" }, box);
    if (unit) htmlNode("span", { class: "gan-unit" }, box).textContent = unit;
    /** @type {number} */
    let shown;
    return {
      /** @param {number} value */
      set: (value) => {
        if (Object.is(value, shown)) return;
        shown = value;
        setOutput(number, value, format(value, digits));
      },
    };
  }

  /**
   * A table of read-outs. set("row", "column", number, text) fills the output named row, or row_column after the first column;
   * `text` replaces the number in words.
   * @param {{ caption: string, rows: { name: string, label: string, color?: string }[], columns: { name: string, label: string }[], digits?: number }} options
   */
  outputTable({ caption, rows, columns, digits = 4 }) {
    const table = htmlNode("table", { class: "gan-table" }, this.outputs);
    htmlText(htmlNode("caption", {}, table), caption);
    const head = htmlNode("tr", {}, htmlNode("thead", {}, table));
    htmlNode("td", {}, head);
    for (const { label } of columns) htmlText(htmlNode("th", { scope: "col" }, head), label);
    const body = htmlNode("tbody", {}, table);
    /** @type {Record<string, { node: Element, value?: number, words?: string }>} */
    const cells = {};
    for (const { name, label, color } of rows) {
      const row = htmlNode("tr", {}, body);
      htmlText(htmlNode("th", { scope: "row", style: `color:${colorOf(color)}` }, row), label);
      columns.forEach((column, i) => {
        const id = i === 0 ? name : `${name}_${column.name}`;
        const node = htmlNode("output", { name: id, "aria-live": "off", "aria-label": plainText(`${label}, ${column.label}`) }, htmlNode("td", {}, row));
        cells[`${name} ${column.name}`] = { node };
      });
    }
    return {
      /** @param {string} row @param {string} column @param {number} value @param {string} [text] */
      set: (row, column, value, text) => {
        const cell = cells[`${row} ${column}`];
        const words = text ?? formatNumber(value, digits);
        if (Object.is(value, cell.value) && words === cell.words) return;
        Object.assign(cell, { value, words });
        setOutput(cell.node, value, words);
      },
    };
  }

  /**
   * A line of words that changes with the state. It keeps the height of the longest it has shown, so that the page below
   * stays where it is.
   */
  caption() {
    const node = htmlNode("p", { class: "gan-caption" }, this.root);
    /** @type {string} */
    let shown;
    let height = 0;
    const fit = () => {
      if (!(node.scrollHeight > height)) return;
      height = node.scrollHeight;
      node.setAttribute("style", `height:${height}px`);
    };
    this.refits.push(() => {
      height = 0;
      fit();
    });
    return {
      /** @param {string} text */
      set: (text) => {
        if (text === shown) return;
        shown = text;
        htmlText(node, text);
        this.whenAtRest(node, fit);
      },
    };
  }

  /** @param {import("./plot.js").PlotOptions} options */
  plot(options) {
    const plot = new Plot(this, options);
    this.plotList.push(plot);
    return plot;
  }

  /** The colour that a palette name has in the present theme, for a <canvas>; "" where there is none yet. @param {string} name */
  color(name) {
    return (this.palette[name] ||= getComputedStyle(this.root).getPropertyValue(`--gan-${name}`).trim());
  }

  /** Have a plot's surface painted once, when all that changes it now has run. @param {import("./canvas.js").CanvasSurface} surface */
  queuePaint(surface) {
    if (this.unpainted.size + this.unplaced.size === 0) queueMicrotask(() => this.paint());
    this.unpainted.add(surface);
  }

  /** Have a plot's labels placed once, before it is painted. @param {Plot} plot */
  queueLabels(plot) {
    if (!hasCanvas) return plot.placeLabels();
    if (this.unpainted.size + this.unplaced.size === 0) queueMicrotask(() => this.paint());
    this.unplaced.add(plot);
  }

  /** Outside a document, and before the style sheet, there are no colours: what is queued waits for them. */
  paint() {
    for (const plot of this.unplaced) plot.placeLabels();
    this.unplaced.clear();
    if (!this.color("ink")) return;
    for (const surface of this.unpainted) surface.paint(Math.max(1, globalThis.devicePixelRatio));
    this.unpainted.clear();
  }

  repaint() {
    for (const surface of this.surfaces) surface.paintAnew();
    this.paint();
  }

  /** Do what the eye does not need in every frame (moving what can be grabbed) once the figure has come to rest. @param {unknown} key @param {() => void} task */
  whenAtRest(key, task) {
    if (!hasCanvas) return task();
    this.resting.set(key, task);
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      for (const waiting of this.resting.values()) waiting();
      this.resting.clear();
    }, 100);
  }

  /** Paint again when the theme turns, and as SVG for a printer. */
  watchLooks() {
    const themes = new MutationObserver(() => {
      this.palette = {};
      this.repaint();
    });
    const attributes = { attributeFilter: ["data-theme", "data-jp-theme-light", "class"] };
    for (const element of [document.documentElement, document.body]) themes.observe(element, attributes);
    const before = () => {
      for (const surface of this.surfaces) surface.writePrint();
      this.root.setAttribute("data-printing", "");
    };
    const after = () => {
      for (const surface of this.surfaces) surface.endPrint();
      this.root.removeAttribute("data-printing");
    };
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    this.cleanups.push(() => {
      themes.disconnect();
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    });
  }

  /** Call `step(milliseconds since the last call)` once a frame while started, in view and in a visible tab. @param {(milliseconds: number) => void} step */
  loop(step) {
    let frame = 0;
    let last = 0;
    let running = false;
    let inView = true;
    const tick = (/** @type {number} */ now) => {
      frame = 0;
      if (!running || !inView || document.hidden) return;
      step(last ? Math.min(100, now - last) : 16);
      last = now;
      wake();
    };
    const wake = () => {
      if (running && inView && !document.hidden && !frame) frame = requestAnimationFrame(tick);
      else if (!running || !inView) last = 0;
    };
    const observer = typeof IntersectionObserver === "function" && new IntersectionObserver((entries) => {
      inView = entries[entries.length - 1].isIntersecting;
      wake();
    });
    if (observer) observer.observe(this.root);
    document.addEventListener("visibilitychange", wake);
    this.cleanups.push(() => {
      running = false;
      if (observer) observer.disconnect();
      document.removeEventListener("visibilitychange", wake);
    });
    return {
      start: () => {
        running = true;
        wake();
      },
      stop: () => {
        running = false;
        last = 0;
      },
      get running() {
        return running;
      },
    };
  }

  fitWidths() {
    let changed = false;
    for (const plot of this.plotList) {
      const width = plot.box.clientWidth;
      if (width > 0 && Math.abs(width - plot.width) >= 1) {
        plot.resize(width);
        changed = true;
      }
    }
    return changed;
  }

  /** @param {() => void} draw @returns {() => void} the clean-up */
  start(draw) {
    const refresh = () => {
      for (const sync of this.syncs) sync();
      draw();
    };
    const onChange = () => {
      refresh();
      if (this.ready) this.root.dispatchEvent(new CustomEvent("gan-move", { bubbles: true })); // a page may rest around what moves
    };
    this.model.on("change", onChange);
    this.cleanups.push(() => this.model.off("change", onChange));
    if (typeof ResizeObserver === "function") {
      const observer = new ResizeObserver(() => {
        const resized = this.fitWidths();
        if (!resized && this.unpainted.size === 0) return; // what waits to be painted has come into the page, or has its style, just now
        if (resized) refresh();
        for (const refit of this.refits) refit();
        this.paint();
      });
      for (const plot of this.plotList) observer.observe(plot.box);
      this.cleanups.push(() => observer.disconnect());
    }
    if (hasCanvas) this.watchLooks();
    this.fitWidths();
    refresh();
    this.paint();
    this.ready = true;
    this.root.setAttribute("data-ready", "");
    for (const refit of this.refits) refit();
    return () => this.cleanups.forEach((cleanup) => cleanup());
  }
}

/** @param {{ model: Model, el: HTMLElement }} context */
export function createFigure(context) {
  return new FigureView(context);
}

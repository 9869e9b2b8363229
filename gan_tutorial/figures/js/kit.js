// kit.js: what every figure shares. A figure is made of controls bound to the model's traits, plots drawn in SVG,
// and read-outs; `draw` runs once at the start and again whenever a trait or the width changes.
//
//   const figure = createFigure({ model, el });
//   figure.slider("mean", { label: "mean of $p_g$" });           // bounds come from Python: model.get("_bounds")
//   const plot = figure.plot({ label: "two densities", x: [-6, 6], y: [0, 1], xLabel: "$x$" });
//   const curve = plot.curve({ color: "generator", label: "$p_g$", fill: true });
//   const gap = figure.output("js", { label: "JSD", unit: "nats" });
//   return figure.start(() => { curve.set(xs, ys); gap.set(number); });   // gives back the clean-up
//
// It uses few DOM calls on purpose: the book runs the same code at build time, without a browser, to print the
// first state of each figure into the page (see book/_ext/figure_pictures.py).

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const DEFAULT_WIDTH = 680;

// Touches only what changes: setting an attribute to the value it has still costs style and layout.
function setAttributes(node, attributes) {
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined && node.getAttribute(key) !== String(value)) node.setAttribute(key, value);
  }
  return node;
}

function htmlNode(tag, attributes, parent) {
  const node = setAttributes(document.createElement(tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

function svgNode(tag, attributes, parent) {
  const node = setAttributes(document.createElementNS(SVG_NAMESPACE, tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

// "mean of $p_data$" -> [["mean of ", "plain"], ["p", "italic"], ["data", "sub"]]
function textSegments(text) {
  const segments = [];
  text.split("$").forEach((piece, index) => {
    if (index % 2 === 0) {
      if (piece) segments.push([piece, "plain"]);
      return;
    }
    const token = /([_^])(\{[^}]*\}|[A-Za-z0-9*′]+)|(\p{L}+)|([^_^\p{L}]+)/gu;
    for (const [, mark, script, letters, other] of piece.matchAll(token)) {
      if (mark) segments.push([script.replace(/[{}]/g, ""), mark === "_" ? "sub" : "sup"]);
      else if (letters) segments.push([letters, letters.length === 1 ? "italic" : "plain"]);
      else segments.push([other, "plain"]);
    }
  });
  return segments;
}

function htmlText(node, text) {
  const tags = { plain: "span", italic: "i", sub: "sub", sup: "sup" };
  node.textContent = "";
  for (const [piece, kind] of textSegments(text)) htmlNode(tags[kind], {}, node).textContent = piece;
  return node;
}

function svgText(node, text) {
  if (node.shownText === text) return node;
  node.shownText = text;
  node.textContent = "";
  let shift = 0;
  for (const [piece, kind] of textSegments(text)) {
    const target = kind === "sub" ? 4 : kind === "sup" ? -5 : 0;
    const span = svgNode("tspan", { dy: target - shift, class: `gan-${kind}` }, node);
    span.textContent = piece;
    shift = target;
  }
  return node;
}

function plainText(text) {
  return textSegments(text).map(([piece]) => piece).join("");
}

// 0.12345 -> "0.123"; infinities and undefined values are words a reader knows.
function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || (magnitude > 0 && magnitude < 0.5 * 10 ** -digits)) return formatPower(value);
  const text = magnitude.toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function formatPower(value) {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const superscripts = [...String(exponent)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
  return `${value < 0 ? "−" : ""}${(Math.abs(value) / 10 ** exponent).toFixed(1)}·10${superscripts}`;
}

function niceTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw * 0.999) * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function pathOf(plot, xs, ys) {
  let path = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(ys[i])) {
      pen = "M";
      continue;
    }
    const y = Math.max(-1e4, Math.min(1e4, plot.y(ys[i])));
    path += `${pen}${Math.round(plot.x(xs[i]) * 20) / 20} ${Math.round(y * 20) / 20}`;
    pen = "L";
  }
  return path;
}

function arrowPath(x1, y1, x2, y2) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (!(length > 0.5)) return "";
  const size = Math.min(7, length * 0.6);
  const ux = ((x2 - x1) / length) * size;
  const uy = ((y2 - y1) / length) * size;
  const head = `M${x2 - ux + uy * 0.5} ${y2 - uy - ux * 0.5}L${x2} ${y2}L${x2 - ux - uy * 0.5} ${y2 - uy + ux * 0.5}`;
  return `M${x1} ${y1}L${x2} ${y2}${head}`;
}

const colorOf = (name) => `var(--gan-${name ?? "neutral"})`;

// A plot owns its scales and marks; marks are set in data coordinates and never outlive it.
class Plot {
  constructor(figure, options) {
    this.figure = figure;
    this.options = options;
    this.domain = { x: options.x, y: options.y };
    this.margin = { top: options.yLabel ? 28 : 16, right: 16, bottom: options.xLabel ? 40 : 26, left: 46, ...options.margin };
    const grow = options.grow ?? 1;
    this.box = htmlNode("div", { class: "gan-plot-box", style: `flex:${grow} 1 ${options.minWidth ?? 280}px` }, figure.plots);
    this.svg = svgNode("svg", { class: "gan-plot", role: "img", "aria-label": plainText(options.label) }, this.box);
    this.axes = svgNode("g", { class: "gan-axes", "aria-hidden": "true" }, this.svg);
    this.area = svgNode("svg", { class: "gan-area" }, this.svg); // a nested svg clips what leaves the axes
    this.labels = svgNode("g", { class: "gan-labels" }, this.svg);
    this.handles = svgNode("g", {}, this.svg);
    this.resize(DEFAULT_WIDTH / (options.expectedShare ?? 1));
  }

  x(value) {
    const [low, high] = this.domain.x;
    return ((value - low) / (high - low)) * this.innerWidth;
  }

  y(value) {
    const [low, high] = this.domain.y;
    return (1 - (value - low) / (high - low)) * this.innerHeight;
  }

  invert(px, py) {
    const { x, y } = this.domain;
    return [x[0] + (px / this.innerWidth) * (x[1] - x[0]), y[0] + (1 - py / this.innerHeight) * (y[1] - y[0])];
  }

  resize(width) {
    this.width = Math.max(160, Math.round(width));
    const height = this.options.height ?? 260;
    const { top, right, bottom, left } = this.margin;
    this.innerWidth = this.width - left - right;
    this.innerHeight = height - top - bottom;
    setAttributes(this.svg, { viewBox: `0 0 ${this.width} ${height}`, width: this.width, height });
    setAttributes(this.area, { x: left, y: top, width: this.innerWidth, height: this.innerHeight });
    for (const group of [this.labels, this.handles]) group.setAttribute("transform", `translate(${left} ${top})`);
    this.drawAxes();
  }

  // Change what the axes span; costs nothing when nothing changed.
  setDomain(x, y) {
    const same = (a, b) => a[0] === b[0] && a[1] === b[1];
    if (same(x, this.domain.x) && same(y, this.domain.y)) return;
    this.domain = { x, y };
    this.drawAxes();
  }

  drawAxes() {
    const { top, left } = this.margin;
    const { options, innerWidth, innerHeight, axes } = this;
    axes.textContent = "";
    const line = (attributes) => svgNode("line", attributes, axes);
    const write = (text, attributes) => svgText(svgNode("text", attributes, axes), text);
    if (options.yTicks !== 0) {
      const { ticks, digits } = niceTicks(...this.domain.y, options.yTicks ?? 4);
      for (const tick of ticks) {
        const y = top + this.y(tick);
        line({ x1: left, x2: left + innerWidth, y1: y, y2: y, class: tick === 0 ? "gan-zero" : "gan-grid" });
        write(formatNumber(tick, digits), { x: left - 8, y: y + 4, "text-anchor": "end" });
      }
    }
    const bottom = top + innerHeight;
    line({ x1: left, x2: left + innerWidth, y1: bottom, y2: bottom, class: "gan-axis" });
    if (options.xTicks !== 0) {
      const { ticks, digits } = niceTicks(...this.domain.x, options.xTicks ?? Math.min(8, innerWidth / 60));
      for (const tick of ticks) {
        const x = left + this.x(tick);
        line({ x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "gan-axis" });
        write(formatNumber(tick, digits), { x, y: bottom + 18, "text-anchor": "middle" });
      }
    }
    if (options.xLabel) write(options.xLabel, { x: left + innerWidth, y: bottom + 34, "text-anchor": "end", class: "gan-axis-label" });
    if (options.yLabel) write(options.yLabel, { x: 2, y: 11, class: "gan-axis-label" });
  }

  // A label with a halo of the page's colour, kept inside the plot.
  label(color) {
    const node = svgNode("text", { class: "gan-label", style: `fill:${colorOf(color)}` }, this.labels);
    return {
      set: (text, x, y, anchor = "start", dx = 0, dy = 0) => {
        svgText(node, text);
        const room = plainText(text).length * 7.2;
        const low = anchor === "start" ? 2 : anchor === "end" ? room : room / 2;
        const px = Math.max(low, Math.min(this.innerWidth - (room - low) - 2, this.x(x) + dx));
        const py = Math.max(10, Math.min(this.innerHeight - 4, this.y(y) + dy));
        setAttributes(node, { x: Math.round(px), y: Math.round(py), "text-anchor": anchor });
      },
      show: (visible) => setAttributes(node, { visibility: visible ? "visible" : "hidden" }),
    };
  }

  // options: color, label, labelAt ("max" | "end" | "start" | an x), dx, dy, anchor, fill, dash, width, opacity
  curve(options) {
    const { color, label, labelAt = "max", dx = 0, dy = -8, anchor = "middle", fill, dash, width = 2.5, opacity } = options;
    const filled = fill && svgNode("path", { class: "gan-fill", style: `fill:${colorOf(color)}` }, this.area);
    const style = `stroke:${colorOf(color)};stroke-width:${width}`;
    const stroke = svgNode("path", { class: "gan-curve", style, "stroke-dasharray": dash, opacity }, this.area);
    const text = label && this.label(color);
    return {
      set: (xs, ys) => {
        const path = pathOf(this, xs, ys);
        setAttributes(stroke, { d: path });
        const base = this.y(0);
        if (filled) setAttributes(filled, { d: path && `${path}L${this.x(xs[xs.length - 1])} ${base}L${this.x(xs[0])} ${base}Z` });
        if (text) this.placeLabel(text, label, labelAt, xs, ys, { dx, dy, anchor });
      },
      show: (visible) => {
        const visibility = visible ? "visible" : "hidden";
        for (const node of [filled, stroke]) if (node) setAttributes(node, { visibility });
        if (text) text.show(visible);
      },
    };
  }

  placeLabel(text, label, labelAt, xs, ys, { dx, dy, anchor }) {
    let at = labelAt === "start" ? 0 : xs.length - 1;
    if (labelAt === "max") at = ys.reduce((best, y, i) => (y > ys[best] || !Number.isFinite(ys[best]) ? i : best), 0);
    else if (typeof labelAt === "number") at = xs.findIndex((x) => x >= labelAt);
    if (at < 0) at = xs.length - 1;
    const shown = Number.isFinite(ys[at]);
    text.show(shown);
    if (shown) text.set(label, xs[at], ys[at], anchor, dx, dy);
  }

  // A straight line across the plot: rule({ x: true }) stands at an x, rule({}) lies at a y.
  rule({ x: vertical, color, label, dash = "4 4", width = 1.5, anchor, dx = 4, dy = -6 }) {
    const node = svgNode("line", { class: "gan-rule", style: `stroke:${colorOf(color)};stroke-width:${width}`, "stroke-dasharray": dash }, this.area);
    const text = label && this.label(color);
    return {
      set: (value, words = label) => {
        const at = vertical ? this.x(value) : this.y(value);
        setAttributes(node, vertical
          ? { x1: at, x2: at, y1: 0, y2: this.innerHeight }
          : { x1: 0, x2: this.innerWidth, y1: at, y2: at });
        if (text && vertical) text.set(words, value, this.domain.y[1], anchor ?? "start", dx, 12);
        else if (text) text.set(words, this.domain.x[1], value, anchor ?? "end", -dx, dy);
      },
      show: (visible) => {
        setAttributes(node, { visibility: visible ? "visible" : "hidden" });
        if (text) text.show(visible);
      },
    };
  }

  // Many equal round dots in one path: cheap for thousands.
  dots({ color, radius = 2.5, opacity = 0.7 }) {
    const style = `stroke:${colorOf(color)};stroke-width:${2 * radius}`;
    const node = svgNode("path", { class: "gan-dots", style, opacity }, this.area);
    return {
      set: (xs, ys) => {
        let path = "";
        for (let i = 0; i < xs.length; i++)
          if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) path += `M${this.x(xs[i]).toFixed(1)} ${this.y(ys[i]).toFixed(1)}h0`;
        setAttributes(node, { d: path });
      },
    };
  }

  // Bars from 0 to ys[i] between edges[i] and edges[i + 1].
  bars({ color, opacity = 0.35 }) {
    const node = svgNode("path", { class: "gan-bars", style: `fill:${colorOf(color)}`, opacity }, this.area);
    return {
      set: (edges, ys) => {
        let path = "";
        const base = this.y(0);
        for (let i = 0; i < ys.length; i++) {
          const left = this.x(edges[i]);
          path += `M${left.toFixed(1)} ${base}V${this.y(ys[i]).toFixed(1)}H${(this.x(edges[i + 1]) - 0.5).toFixed(1)}V${base}Z`;
        }
        setAttributes(node, { d: path });
      },
    };
  }

  // Arrows (x1[i], y1[i]) -> (x2[i], y2[i]) in one path.
  arrows({ color, width = 1.5, opacity = 0.8 }) {
    const style = `stroke:${colorOf(color)};stroke-width:${width}`;
    const node = svgNode("path", { class: "gan-curve", style, opacity }, this.area);
    return {
      set: (x1, y1, x2, y2) => {
        let path = "";
        for (let i = 0; i < x1.length; i++) path += arrowPath(this.x(x1[i]), this.y(y1[i]), this.x(x2[i]), this.y(y2[i]));
        setAttributes(node, { d: path });
      },
    };
  }

  // A dot; with drag: { x: "traitX", y: "traitY" } (either may be missing) it can be pulled. Each trait it moves must
  // also have a slider, which is how the keyboard and a screen reader reach it.
  point({ color, radius = 6, label, dx = 10, dy = -10, anchor = "start", drag }) {
    const node = svgNode("circle", { class: "gan-point", r: radius, style: `fill:${colorOf(color)}` }, drag ? this.handles : this.area);
    const target = drag && svgNode("circle", { class: "gan-handle", r: 20 }, this.handles);
    const text = label && this.label(color);
    if (drag) this.dragWith(target, drag);
    return {
      set: (x, y, words = label) => {
        const shown = Number.isFinite(x) && Number.isFinite(y);
        for (const circle of [node, target]) {
          if (circle) setAttributes(circle, { visibility: shown ? "visible" : "hidden", ...(shown && { cx: this.x(x), cy: this.y(y) }) });
        }
        if (text) text.show(shown);
        if (text && shown) text.set(words, x, y, anchor, dx, dy);
      },
    };
  }

  dragWith(target, drag) {
    const move = (event) => {
      if (!target.hasPointerCapture(event.pointerId)) return;
      const [x, y] = this.eventPoint(event);
      if (drag.x) this.figure.set(drag.x, x);
      if (drag.y) this.figure.set(drag.y, y);
    };
    target.addEventListener("pointerdown", (event) => {
      target.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    target.addEventListener("pointermove", move);
  }

  // Where a pointer event lies, in data coordinates.
  eventPoint(event) {
    const frame = this.svg.getBoundingClientRect();
    const shrink = this.width / frame.width;
    return this.invert((event.clientX - frame.left) * shrink - this.margin.left, (event.clientY - frame.top) * shrink - this.margin.top);
  }
}

class FigureView {
  constructor({ model, el }) {
    this.model = model;
    const name = model.get("_name");
    const inBook = el.getAttribute("data-figure") === name;
    this.root = inBook ? el : htmlNode("div", {}, el);
    this.root.textContent = "";
    setAttributes(this.root, { class: "gan-figure", "data-figure": name, role: "group", "aria-label": model.get("_title") });
    this.plots = htmlNode("div", { class: "gan-plots" }, this.root);
    this.outputs = htmlNode("div", { class: "gan-outputs" }, this.root);
    this.controls = htmlNode("div", { class: "gan-controls" }, this.root);
    this.plotList = [];
    this.syncs = [];
    this.cleanups = [];
    this.reducedMotion = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  get(name) {
    return this.model.get(name);
  }

  // Set a trait, rounded to its step and held within its bounds; everything that shows it follows.
  set(name, value) {
    const bounds = this.get("_bounds")[name];
    if (bounds) {
      const { min, max, step } = bounds;
      const digits = Math.max(0, Math.ceil(-Math.log10(step)) + 1);
      value = Number(Math.max(min, Math.min(max, min + Math.round((value - min) / step) * step)).toFixed(digits));
    }
    if (Object.is(value, this.get(name))) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  slider(name, { label, format = formatNumber, digits, color, output = true }) {
    const { min, max, step } = this.get("_bounds")[name];
    const shownDigits = digits ?? Math.max(0, Math.ceil(-Math.log10(step)));
    const row = htmlNode("label", { class: "gan-control gan-slider" }, this.controls);
    htmlText(htmlNode("span", { class: "gan-control-label" }, row), label);
    const number = output && htmlNode("output", { name, "aria-live": "off" }, row);
    const style = color && `accent-color:${colorOf(color)}`;
    const input = htmlNode("input", { type: "range", name, min, max, step, style }, row);
    input.addEventListener("input", () => this.set(name, input.valueAsNumber));
    let shown;
    this.syncs.push(() => {
      const value = this.get(name);
      if (input.valueAsNumber !== value) input.value = value;
      if (value === shown) return;
      shown = value;
      input.setAttribute("aria-valuetext", format(value, shownDigits));
      if (number) {
        number.textContent = format(value, shownDigits);
        number.setAttribute("data-value", value);
      }
    });
    return input;
  }

  // options: [["value", "what the reader sees"], …]
  select(name, { label, options }) {
    const row = htmlNode("label", { class: "gan-control" }, this.controls);
    htmlText(htmlNode("span", { class: "gan-control-label" }, row), label);
    const input = htmlNode("select", { name }, row);
    for (const [value, text] of options) htmlNode("option", { value }, input).textContent = plainText(text);
    input.addEventListener("change", () => this.set(name, input.value));
    this.syncs.push(() => {
      if (input.value !== this.get(name)) input.value = this.get(name);
    });
    return input;
  }

  checkbox(name, { label }) {
    const row = htmlNode("label", { class: "gan-control gan-checkbox" }, this.controls);
    const input = htmlNode("input", { type: "checkbox", name }, row);
    htmlText(htmlNode("span", { class: "gan-control-label" }, row), label);
    input.addEventListener("change", () => this.set(name, input.checked));
    this.syncs.push(() => {
      input.checked = this.get(name);
    });
    return input;
  }

  button(name, { label, onClick }) {
    const button = htmlNode("button", { type: "button", name, class: "gan-button" }, this.controls);
    htmlText(button, label);
    button.addEventListener("click", onClick);
    return button;
  }

  // A number the figure computes. `set` takes the unrounded value.
  output(name, { label, unit = "", digits = 3, color, format = formatNumber }) {
    const box = htmlNode("label", { class: "gan-output" }, this.outputs);
    const style = color && `color:${colorOf(color)}`;
    htmlText(htmlNode("span", { class: "gan-output-label", style }, box), label);
    const number = htmlNode("output", { name, "aria-live": "off" }, box);
    if (unit) htmlNode("span", { class: "gan-unit" }, box).textContent = unit;
    let shown;
    return {
      set: (value) => {
        if (Object.is(value, shown)) return;
        shown = value;
        number.setAttribute("data-value", value);
        number.textContent = format(value, digits);
      },
    };
  }

  // A table of read-outs: rows [{ name, label, color }], columns [{ name, label }]. set("row", "column", number, text) fills
  // the output named row, or row_column after the first column; `text` replaces the number in words.
  outputTable({ caption, rows, columns, digits = 4 }) {
    const table = htmlNode("table", { class: "gan-table" }, this.outputs);
    htmlText(htmlNode("caption", {}, table), caption);
    const head = htmlNode("tr", {}, htmlNode("thead", {}, table));
    htmlNode("td", {}, head);
    for (const { label } of columns) htmlText(htmlNode("th", { scope: "col" }, head), label);
    const body = htmlNode("tbody", {}, table);
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
      set: (row, column, value, text) => {
        const cell = cells[`${row} ${column}`];
        const words = text ?? formatNumber(value, digits);
        if (Object.is(value, cell.value) && words === cell.words) return;
        Object.assign(cell, { value, words });
        cell.node.setAttribute("data-value", value);
        cell.node.textContent = words;
      },
    };
  }

  // A line of words that changes with the state.
  caption() {
    const node = htmlNode("p", { class: "gan-caption" }, this.root);
    let shown;
    return {
      set: (text) => {
        if (text === shown) return;
        shown = text;
        htmlText(node, text);
      },
    };
  }

  plot(options) {
    const plot = new Plot(this, options);
    this.plotList.push(plot);
    return plot;
  }

  // The colour that a palette name has now, for a <canvas>.
  color(name) {
    return getComputedStyle(this.root).getPropertyValue(`--gan-${name}`).trim();
  }

  // Call `step(milliseconds since the last call)` once a frame while started, in view and in a visible tab.
  loop(step) {
    let frame = 0;
    let last = 0;
    let running = false;
    let inView = true;
    const tick = (now) => {
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

  start(draw) {
    const refresh = () => {
      for (const sync of this.syncs) sync();
      draw();
    };
    const onChange = () => refresh();
    this.model.on("change", onChange);
    this.cleanups.push(() => this.model.off("change", onChange));
    if (typeof ResizeObserver === "function") {
      const observer = new ResizeObserver(() => this.fitWidths() && refresh());
      for (const plot of this.plotList) observer.observe(plot.box);
      this.cleanups.push(() => observer.disconnect());
    }
    this.fitWidths();
    refresh();
    this.root.setAttribute("data-ready", "");
    return () => this.cleanups.forEach((cleanup) => cleanup());
  }
}

function createFigure(context) {
  return new FigureView(context);
}

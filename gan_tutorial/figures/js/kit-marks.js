// kit-marks.js: what plots draw with. A mark is a path or a piece of text, in pixels, with its colours. In a browser all marks
// of a plot are painted onto one canvas: moving them costs no style and no layout. The build, which has no canvas, writes
// the same marks out as SVG.
//
//   const mark = surface.path("area", { stroke: "data", width: 2.5 });        // layers: axes, area (clipped), labels, handles
//   mark.set(path);  mark.show(false);                                        // a Path
//   const words = surface.text("labels", { color: "data", style: "label" });  // styles: label, axis, tick
//   words.set("$p_data$", x, y, "middle");

const LAYERS = ["axes", "area", "labels", "handles"];
const TEXT_STYLES = { label: [600, 14], axis: [400, 13], tick: [400, 12] }; // weight and size in pixels
const SHIFTS = { sub: 4, sup: -5 };
const hasCanvas = typeof Path2D === "function";
const hundredths = (number) => Math.round(number * 100) / 100;
const [MOVE, LINE, CLOSE, DISC] = [0, 1, 2, 3];

// A path as its steps, which can be compared: a mark that is set to what it shows already is not painted again.
class Path {
  constructor(other) {
    this.steps = other ? other.steps.slice() : [];
  }
  moveTo(x, y) {
    this.steps.push(MOVE, x, y);
  }
  lineTo(x, y) {
    this.steps.push(LINE, x, y);
  }
  close() {
    this.steps.push(CLOSE, 0, 0);
  }
  box(left, top, right, bottom) {
    this.steps.push(MOVE, left, top, LINE, right, top, LINE, right, bottom, LINE, left, bottom, CLOSE, 0, 0);
  }
  disc(x, y, radius) {
    this.steps.push(MOVE, x + radius, y, DISC, x, radius);
  }
  equals(other) {
    return Boolean(other) && this.steps.length === other.steps.length && this.steps.every((step, i) => step === other.steps[i]);
  }

  forCanvas() {
    const path = new Path2D();
    for (let i = 0; i < this.steps.length; i += 3) {
      const [x, y] = [this.steps[i + 1], this.steps[i + 2]];
      if (this.steps[i] === MOVE) path.moveTo(x, y);
      else if (this.steps[i] === LINE) path.lineTo(x, y);
      else if (this.steps[i] === DISC) path.arc(x, this.steps[i - 1], y, 0, 2 * Math.PI);
      else path.closePath();
    }
    return path;
  }

  forSvg() {
    let text = "";
    for (let i = 0; i < this.steps.length; i += 3) {
      const [x, y] = [hundredths(this.steps[i + 1]), hundredths(this.steps[i + 2])];
      if (this.steps[i] === MOVE) text += `M${x} ${y}`;
      else if (this.steps[i] === LINE) text += `L${x} ${y}`;
      else if (this.steps[i] === DISC) text += `a${y} ${y} 0 1 0 ${-2 * y} 0a${y} ${y} 0 1 0 ${2 * y} 0`;
      else text += "Z";
    }
    return text;
  }
}

function fontOf(style, kind) {
  const [weight, size] = TEXT_STYLES[style];
  if (kind === "italic") return `italic ${weight} ${hundredths(1.08 * size)}px Georgia, "Times New Roman", serif`;
  return `${weight} ${kind === "plain" ? size : 0.75 * size}px system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif`;
}

// A function of one string whose last few hundred values are kept.
function remembered(f) {
  const kept = new Map();
  return (key) => {
    if (!kept.has(key)) {
      if (kept.size > 500) kept.clear(); // labels that count would fill it for ever
      kept.set(key, f(key));
    }
    return kept.get(key);
  };
}

class CanvasSurface {
  constructor(figure, box) {
    this.figure = figure;
    this.canvas = htmlNode("canvas", { class: "gan-canvas", "aria-hidden": "true" }, box);
    this.context = this.canvas.getContext("2d");
    this.layers = Object.fromEntries(LAYERS.map((layer) => [layer, []]));
    this.piecesOf = remembered((key) => this.measure(...key.split("\n")));
  }

  resize(width, height, margin) {
    Object.assign(this, { width, height, margin });
    this.figure.queuePaint(this);
  }

  clearAxes() {
    this.layers.axes = [];
  }

  add(layer, style, mark) {
    Object.assign(mark, style, { visible: true });
    this.layers[layer].push(mark);
    const change = (values) => {
      if (Object.keys(values).every((key) => values[key] === mark[key])) return;
      Object.assign(mark, values);
      this.figure.queuePaint(this);
    };
    return { mark, change, show: (visible) => change({ visible }) };
  }

  path(layer, style) {
    const { mark, change, show } = this.add(layer, style, { path: null, dashes: style.dash ? style.dash.split(" ").map(Number) : [] });
    const set = (path) => {
      if (!path.equals(mark.path)) change({ path, drawn: path.forCanvas() });
    };
    return { set, show };
  }

  text(layer, style) {
    const { change, show } = this.add(layer, style, { words: "" });
    return { set: (words, x, y, anchor) => change({ words, x, y, anchor }), show };
  }

  paint(scale) {
    const { canvas, context, width, height, margin } = this;
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineCap = context.lineJoin = "round";
    this.paintLayer("axes");
    context.translate(margin.left, margin.top);
    context.save();
    context.beginPath();
    context.rect(0, 0, width - margin.left - margin.right, height - margin.top - margin.bottom);
    context.clip();
    this.paintLayer("area");
    context.restore();
    this.paintLayer("labels");
    this.paintLayer("handles");
  }

  paintLayer(layer) {
    for (const mark of this.layers[layer]) {
      if (!mark.visible) continue;
      this.context.globalAlpha = mark.opacity ?? 1;
      if (mark.words) this.paintText(mark);
      else if (mark.drawn) this.paintPath(mark);
    }
  }

  paintPath({ drawn, fill, stroke, width = 1, dashes }) {
    const { context, figure } = this;
    if (fill) {
      context.fillStyle = figure.color(fill);
      context.fill(drawn);
    }
    if (!stroke) return;
    context.strokeStyle = figure.color(stroke);
    context.lineWidth = width;
    context.setLineDash(dashes);
    context.stroke(drawn);
  }

  // A label has a halo of the page's colour, so that it can be read where it crosses a curve.
  paintText({ words, x, y, anchor, color, style }) {
    const { context, figure } = this;
    const { pieces, total } = this.piecesOf(`${style}\n${words}`);
    const left = x - (anchor === "end" ? total : anchor === "middle" ? total / 2 : 0);
    if (style === "label") {
      context.strokeStyle = figure.color("paper");
      context.lineWidth = 4;
      context.setLineDash([]);
      for (const { text, font, at, shift } of pieces) {
        context.font = font;
        context.strokeText(text, left + at, y + shift);
      }
    }
    context.fillStyle = figure.color(color);
    for (const { text, font, at, shift } of pieces) {
      context.font = font;
      context.fillText(text, left + at, y + shift);
    }
  }

  measure(style, words) {
    let total = 0;
    const pieces = textSegments(words).map(([text, kind]) => {
      const font = fontOf(style, kind);
      this.context.font = font;
      const at = total;
      total += this.context.measureText(text).width;
      return { text, font, at, shift: SHIFTS[kind] ?? 0 };
    });
    return { pieces, total };
  }
}

class SvgSurface {
  constructor(svg) {
    this.layers = Object.fromEntries(LAYERS.map((layer) => [layer, svgNode(layer === "area" ? "svg" : "g", {}, svg)]));
  }

  resize(width, height, { left, top, right, bottom }) {
    setAttributes(this.layers.area, { x: left, y: top, width: width - left - right, height: height - top - bottom });
    for (const layer of ["labels", "handles"]) this.layers[layer].setAttribute("transform", `translate(${left} ${top})`);
  }

  clearAxes() {
    this.layers.axes.textContent = "";
  }

  path(layer, { fill, stroke, width = 1, dash, opacity }) {
    const style = `fill:${fill ? colorOf(fill) : "none"}${stroke ? `;stroke:${colorOf(stroke)};stroke-width:${width}` : ""}`;
    const node = svgNode("path", { style, opacity, "stroke-dasharray": dash }, this.layers[layer]);
    return { set: (path) => setAttributes(node, { d: path.forSvg() }), show: (visible) => showNode(node, visible) };
  }

  text(layer, { color, style }) {
    const node = svgNode("text", { style: `fill:${colorOf(color)}`, class: `gan-${style}` }, this.layers[layer]);
    return {
      set: (words, x, y, anchor) => {
        setAttributes(node, { x: Math.round(x), y: Math.round(y), "text-anchor": anchor });
        svgText(node, words);
      },
      show: (visible) => showNode(node, visible),
    };
  }
}

const showNode = (node, visible) => setAttributes(node, { visibility: visible ? "visible" : "hidden" });

function svgText(node, words) {
  node.textContent = "";
  let shift = 0;
  for (const [piece, kind] of textSegments(words)) {
    const target = SHIFTS[kind] ?? 0;
    svgNode("tspan", { dy: target - shift, class: `gan-${kind}` }, node).textContent = piece;
    shift = target;
  }
}

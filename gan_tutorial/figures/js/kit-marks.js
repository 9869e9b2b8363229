// kit-marks.js: what plots draw with. A mark is a path or a piece of text, in pixels, with its colours. In a browser marks are
// painted onto canvases (kit-canvas.js): moving them costs no style and no layout. The build, which has no canvas, writes
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
    const inked = stroke ? `;stroke:${colorOf(stroke)};stroke-width:${width}` : "";
    const dashed = dash ? `;stroke-dasharray:${dash};stroke-linecap:butt` : "";
    const node = svgNode("path", { style: `fill:${fill ? colorOf(fill) : "none"}${inked}${dashed}`, opacity }, this.layers[layer]);
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

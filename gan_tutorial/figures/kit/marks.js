// @ts-check
// marks.js: what plots draw with. A mark is a path or a piece of text, in pixels, with its colours. In a browser marks are
// painted onto canvases (canvas.js): moving them costs no style and no layout. The build, which has no canvas, writes
// the same marks out as SVG.
//
//   const mark = surface.path("area", { stroke: "data", width: 2.5 });        // layers: axes, area (clipped), labels, handles
//   mark.set(path);  mark.show(false);                                        // a Path
//   const words = surface.text("labels", { color: "data", style: "label" });  // styles: label, axis, tick
//   words.set("$p_data$", x, y, "middle");

import { plainText, setAttributes, svgNode, textSegments } from "./text.js";

/** @typedef {"axes" | "area" | "labels" | "handles"} Layer from the back to the front */
/** @typedef {"label" | "axis" | "tick"} TextStyle */
/** @typedef {"start" | "middle" | "end"} Anchor */
/** @typedef {{ top: number, right: number, bottom: number, left: number }} Margin */
/** @typedef {{ fill?: string, stroke?: string, width?: number, dash?: string, opacity?: number }} Ink colours by their names in kit.css */
/** @typedef {{ set(path: import("./path.js").Path): void, show(visible: boolean): void }} PathMark */
/** @typedef {{ set(words: string, x: number, y: number, anchor: Anchor): void, show(visible: boolean): void }} TextMark */

/** @type {Layer[]} */
export const LAYERS = ["axes", "area", "labels", "handles"];
/** @type {Record<TextStyle, [number, number]>} weight, and size in pixels */
export const TEXT_STYLES = { label: [600, 14], axis: [400, 13], tick: [400, 12] };
/** @type {Record<import("./text.js").Kind, number>} pixels downwards */
export const SHIFTS = { plain: 0, italic: 0, sub: 4, sup: -5 };
/** @param {string} [name] */
export const colorOf = (name) => `var(--gan-${name ?? "neutral"})`;
export const hasCanvas = typeof Path2D === "function";

/**
 * @template T @param {(layer: Layer) => T} make
 * @returns {Record<Layer, T>}
 */
export const forEachLayer = (make) => /** @type {Record<Layer, T>} */ (Object.fromEntries(LAYERS.map((layer) => [layer, make(layer)])));

export class SvgSurface {
  /** @param {SVGElement} svg */
  constructor(svg) {
    this.layers = forEachLayer((layer) => svgNode(layer === "area" ? "svg" : "g", {}, svg));
  }

  /** @param {number} width @param {number} height @param {Margin} margin */
  resize(width, height, { left, top, right, bottom }) {
    setAttributes(this.layers.area, { x: left, y: top, width: width - left - right, height: height - top - bottom });
    for (const layer of [this.layers.labels, this.layers.handles]) layer.setAttribute("transform", `translate(${left} ${top})`);
  }

  clearAxes() {
    this.layers.axes.textContent = "";
  }

  /** About so many pixels: where this draws, nothing can be measured. @param {string} words @param {string} _color @param {TextStyle} style */
  widthOf(words, _color, style) {
    return plainText(words).length * 0.52 * TEXT_STYLES[style][1];
  }

  /** @param {Layer} layer @param {Ink} ink @returns {PathMark} */
  path(layer, { fill, stroke, width = 1, dash, opacity }) {
    const inked = stroke ? `;stroke:${colorOf(stroke)};stroke-width:${width}` : "";
    const dashed = dash ? `;stroke-dasharray:${dash};stroke-linecap:butt` : "";
    const node = svgNode("path", { style: `fill:${fill ? colorOf(fill) : "none"}${inked}${dashed}`, opacity }, this.layers[layer]);
    return { set: (path) => setAttributes(node, { d: path.forSvg() }), show: (visible) => showNode(node, visible) };
  }

  /** @param {Layer} layer @param {{ color: string, style: TextStyle }} looks @returns {TextMark} */
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

/** @param {Element} node @param {boolean} visible */
const showNode = (node, visible) => setAttributes(node, { visibility: visible ? "visible" : "hidden" });

/** @param {Element} node @param {string} words */
function svgText(node, words) {
  node.textContent = "";
  let shift = 0;
  for (const [piece, kind] of textSegments(words)) {
    const target = SHIFTS[kind];
    svgNode("tspan", { dy: target - shift, class: `gan-${kind}` }, node).textContent = piece;
    shift = target;
  }
}

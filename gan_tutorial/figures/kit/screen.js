// @ts-check
// screen.js: a picture of grey levels, dark ink on white paper: a still from the page until there is something to draw, from then on a canvas.

import { htmlNode, svgNode } from "./text.js";

/** @typedef {{ width: number, height: number, shown: number, label: string, still?: string }} ScreenOptions pixels; how wide it is shown at most; what a screen reader says; the address of a still */

export class Screen {
  /** @param {Element} parent @param {ScreenOptions} options */
  constructor(parent, { width, height, shown, label, still }) {
    this.size = { width, height };
    const style = `display:block;width:100%;max-width:${shown}px;height:auto;image-rendering:pixelated;background:#fff;border-radius:8px`;
    this.looks = { style, role: "img", "aria-label": label };
    this.parent = parent;
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
    /** @type {SVGElement | null} */
    this.still = null;
    if (!still) return;
    this.still = svgNode("svg", { ...this.looks, viewBox: `0 0 ${width} ${height}` }, parent);
    svgNode("image", { href: still, width, height, style: "image-rendering:pixelated" }, this.still);
  }

  /** The canvas in the still's place. */
  open() {
    if (this.canvas) return;
    this.canvas = htmlNode("canvas", { ...this.size, ...this.looks }, this.parent);
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.image = this.context.createImageData(this.size.width, this.size.height);
    this.image.data.fill(255);
    if (this.still) this.still.replaceWith(this.canvas); // what stands below stays below
  }

  /**
   * Ink from 0 to 1 in rows of `side` pixels, with its corner at (left, top).
   * @param {ArrayLike<number>} ink @param {number} side @param {number} [left] @param {number} [top]
   */
  put(ink, side, left = 0, top = 0) {
    this.open();
    const { data, width } = /** @type {ImageData} */ (this.image);
    for (let i = 0; i < ink.length; i++) {
      const at = 4 * ((top + Math.floor(i / side)) * width + left + (i % side));
      data[at] = data[at + 1] = data[at + 2] = Math.round(255 * (1 - ink[i]));
    }
  }

  paint() {
    if (this.context && this.image) this.context.putImageData(this.image, 0, 0);
  }
}

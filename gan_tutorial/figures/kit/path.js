// @ts-check
// path.js: paths in pixels, for a canvas or as SVG, and curves as the paths that show them.

/** @param {number} number */
export const hundredths = (number) => Math.round(number * 100) / 100;
const [MOVE, LINE, CLOSE, DISC] = [0, 1, 2, 3];
const TOLERANCE = 0.1; // pixels by which a curve may miss a point that it leaves out

/** A path as its steps, which can be compared: a mark that is set to what it shows already is not painted again. */
export class Path {
  /** @param {Path} [other] the path to begin with */
  constructor(other) {
    /** @type {number[]} */
    this.steps = other ? other.steps.slice() : [];
  }
  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.steps.push(MOVE, x, y);
  }
  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.steps.push(LINE, x, y);
  }
  close() {
    this.steps.push(CLOSE, 0, 0);
  }
  /** @param {number} x @param {number} y @param {number} radius */
  disc(x, y, radius) {
    this.steps.push(MOVE, x + radius, y, DISC, x, radius);
  }
  /** @param {Path | null} other */
  equals(other) {
    return other !== null && this.steps.length === other.steps.length && this.steps.every((step, i) => step === other.steps[i]);
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

/**
 * The polyline through (xs[i], ys[i]), placed by the scales x and y of a plot and broken where ys[i] is not finite. Points
 * that lie within TOLERANCE of the line without them are left out: straight stretches cost next to nothing.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys
 * @param {{ x(value: number): number, y(value: number): number }} scales
 */
export function pathThrough(xs, ys, scales) {
  const path = new Path();
  let inside = false; // a stretch has begun: at (startX, startY), and all points since lie on lines from there with slopes in [low, high]
  let startX = 0, startY = 0, low = 0, high = 0;
  let pending = false; // (lastX, lastY) is the latest of these points, not drawn yet
  let lastX = 0, lastY = 0;
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(ys[i])) {
      if (pending) path.lineTo(lastX, lastY);
      inside = pending = false;
      continue;
    }
    const x = scales.x(xs[i]);
    const y = Math.max(-1e4, Math.min(1e4, scales.y(ys[i])));
    if (!inside) {
      path.moveTo(x, y);
      inside = true;
      startX = x, startY = y, low = -Infinity, high = Infinity;
      continue;
    }
    let slope = (y - startY) / (x - startX);
    if (pending && !(x > lastX && slope >= low && slope <= high)) {
      path.lineTo(lastX, lastY);
      startX = lastX, startY = lastY, low = -Infinity, high = Infinity;
      slope = (y - startY) / (x - startX);
    }
    const slack = TOLERANCE / Math.abs(x - startX);
    low = Math.max(low, slope - slack);
    high = Math.min(high, slope + slack);
    pending = true;
    lastX = x, lastY = y;
  }
  if (pending) path.lineTo(lastX, lastY);
  return path;
}

// @ts-check
// cells.js: a distribution in the plane as masses of the cells of a square, and how mass that G carries there comes into them.
//
// The square from -REACH to REACH is cut into SIDE x SIDE cells. A piece of noise is carried to a triangle (noise of two
// coordinates) or to a segment (of one), over which its mass lies evenly; each cell gets the share of it that it covers, so
// folds add up, and a triangle thinner than a cell still counts in full. All is exact but for rounding.

import { normalTail } from "../mathematics/normal.js";

export const REACH = 3;
export const SIDE = 64;
export const CELL = (2 * REACH) / SIDE;
export const COUNT = SIDE * SIDE;

/** Cells in rows from the lowest y; in a row from the lowest x. @param {number} i */
export const centreOf = (i) => -REACH + (i + 0.5) * CELL;

/** From a coordinate to cells, of which the first begins at 0. @param {number} x */
const inCells = (x) => (x + REACH) / CELL;

const FLAT = 1e-4; // of a cell: a triangle of a smaller area is drawn as the segment that it nearly is

/**
 * Triangles are not clipped to cells one by one. Each edge leaves in `edges`, row by row, how the covered area grows behind
 * it, as a font's outlines are turned into pixels; `settle` then sums along each row. Edges count with the sign of their
 * direction, so that where two triangles share one with equal density nothing is left of it.
 * @typedef {{ masses: Float64Array, edges: Float64Array }} Canvas
 */

const WIDTH = SIDE + 2; // the last two columns take what has left to the right

/** @returns {Canvas} */
export const makeCanvas = () => ({ masses: new Float64Array(COUNT), edges: new Float64Array(SIDE * WIDTH) });

/** @param {Canvas} canvas */
export function clear({ masses, edges }) {
  masses.fill(0);
  edges.fill(0);
}

/** Move what the triangles left into the masses. @param {Canvas} canvas */
export function settle({ masses, edges }) {
  for (let row = 0; row < SIDE; row++) {
    let covered = 0;
    for (let i = 0; i < SIDE; i++) {
      covered += edges[row * WIDTH + i];
      if (covered > 1e-15) masses[row * SIDE + i] += covered; // what rounding leaves behind is no mass
    }
  }
  edges.fill(0);
}

/**
 * Spread a mass evenly over a triangle.
 * @param {Canvas} canvas @param {number} mass
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} cx @param {number} cy
 */
export function addTriangle(canvas, mass, ax, ay, bx, by, cx, cy) {
  const x0 = inCells(ax), y0 = inCells(ay), x1 = inCells(bx), y1 = inCells(by), x2 = inCells(cx), y2 = inCells(cy);
  const column = Math.floor(x0), row = Math.floor(y0);
  if (column >= 0 && column < SIDE && row >= 0 && row < SIDE && Math.floor(x1) === column && Math.floor(x2) === column
    && Math.floor(y1) === row && Math.floor(y2) === row) {
    canvas.masses[row * SIDE + column] += mass; // it lies in one cell
    return;
  }
  const area = ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2;
  if (!(Math.abs(area) > FLAT)) return addThread(canvas, mass, x0, y0, x1, y1, x2, y2);
  const density = mass / area; // its sign is the triangle's sense, so that what is covered is counted positive
  addEdge(canvas, density, x0, y0, x1, y1);
  addEdge(canvas, density, x1, y1, x2, y2);
  addEdge(canvas, density, x2, y2, x0, y0);
}

/**
 * What lies to the right of an edge, row by row: an edge going up has the triangle on its left.
 * @param {Pick<Canvas, "edges">} canvas @param {number} density @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 */
function addEdge({ edges }, density, x0, y0, x1, y1) {
  if (y0 === y1) return;
  if (y0 > y1) return addEdge({ edges }, -density, x1, y1, x0, y0);
  const slope = (x1 - x0) / (y1 - y0), bottom = Math.max(y0, 0), top = Math.min(y1, SIDE);
  for (let row = Math.floor(bottom); row < top; row++) {
    const low = Math.max(bottom, row), high = Math.min(top, row + 1);
    if (high > low) addStretch(edges, row * WIDTH, -density, x0 + slope * (low - y0), x0 + slope * (high - y0), high - low);
  }
}

/**
 * A stretch of an edge within one row, from x to z over a height: in each column the area to its right, less what the column
 * before had. @param {Float64Array} edges @param {number} at @param {number} sign @param {number} x @param {number} z @param {number} height
 */
function addStretch(edges, at, sign, x, z, height) {
  const left = Math.min(x, z), right = Math.max(x, z);
  if (left >= SIDE) return;
  if (right <= 0) {
    edges[at] += sign * height;
    return;
  }
  const first = Math.floor(left), last = Math.floor(right);
  if (first === last) {
    const gone = (left + right) / 2 - first; // of the column's width, left of the edge on average
    edges[at + first] += sign * height * (1 - gone);
    edges[at + first + 1] += sign * height * gone;
    return;
  }
  const perColumn = height / (right - left);
  if (left < 0) edges[at] -= sign * perColumn * left; // what is left of the square covers its row from the beginning
  for (let column = Math.max(0, first); column <= last && column < SIDE; column++) {
    const from = Math.max(left, column), to = Math.min(right, column + 1);
    const part = sign * perColumn * (to - from), gone = (from + to) / 2 - column;
    edges[at + column] += part * (1 - gone);
    edges[at + column + 1] += part * gone;
  }
}

/**
 * A triangle that is as good as flat: along its longest side its mass grows evenly to the third corner and falls again.
 * @param {Canvas} canvas @param {number} mass
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2
 */
function addThread(canvas, mass, x0, y0, x1, y1, x2, y2) {
  const sides = [[x0, y0, x1, y1, x2, y2], [x1, y1, x2, y2, x0, y0], [x2, y2, x0, y0, x1, y1]];
  const [ax, ay, bx, by, cx, cy] = sides.reduce((a, b) => (Math.hypot(b[2] - b[0], b[3] - b[1]) > Math.hypot(a[2] - a[0], a[3] - a[1]) ? b : a));
  const square = (bx - ax) ** 2 + (by - ay) ** 2;
  const peak = square > 0 ? Math.max(0, Math.min(1, ((cx - ax) * (bx - ax) + (cy - ay) * (by - ay)) / square)) : 0;
  walk(canvas, ax, ay, bx, by, (/** @type {number} */ t) => mass * (t < peak ? (t * t) / peak : 1 - (1 - t) ** 2 / (1 - peak || 1)));
}

/**
 * Spread a mass evenly over a segment.
 * @param {Canvas} canvas @param {number} mass @param {number} ax @param {number} ay @param {number} bx @param {number} by
 */
export function addSegment(canvas, mass, ax, ay, bx, by) {
  walk(canvas, inCells(ax), inCells(ay), inCells(bx), inCells(by), (t) => mass * t);
}

/**
 * From (ax, ay) to (bx, by), in cells: each cell on the way gets how much `below` (of the share t of the way) grows within it.
 * @param {Canvas} canvas @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {(t: number) => number} below
 */
function walk({ masses }, ax, ay, bx, by, below) {
  const dx = bx - ax, dy = by - ay;
  const [start, end] = clipped(ax, dx, clipped(ay, dy, [0, 1]));
  if (!(end > start)) return;
  let t = start;
  let i = cellAt(ax + t * dx, dx), j = cellAt(ay + t * dy, dy), before = below(t);
  while (t < end) {
    const atX = dx === 0 ? Infinity : ((dx > 0 ? i + 1 : i) - ax) / dx, atY = dy === 0 ? Infinity : ((dy > 0 ? j + 1 : j) - ay) / dy;
    const next = Math.max(t, Math.min(atX, atY, end)), now = below(next);
    masses[j * SIDE + i] += now - before;
    before = now;
    t = next;
    if (atX <= next) i += Math.sign(dx);
    if (atY <= next) j += Math.sign(dy);
    if (i < 0 || i >= SIDE || j < 0 || j >= SIDE) return;
  }
}

/** @param {number} x @param {number} d */
const cellAt = (x, d) => Math.max(0, Math.min(SIDE - 1, d < 0 ? Math.ceil(x) - 1 : Math.floor(x)));

/** The part of [from, to] in which a + t d lies in the square. @param {number} a @param {number} d @param {number[]} span */
function clipped(a, d, [from, to]) {
  if (d === 0) return a >= 0 && a <= SIDE ? [from, to] : [1, 0];
  const [low, high] = d > 0 ? [-a / d, (SIDE - a) / d] : [(SIDE - a) / d, -a / d];
  return [Math.max(from, low), Math.min(to, high)];
}

/**
 * Add a normal distribution around (x, y), of one standard deviation both ways.
 * @param {Float64Array} masses @param {number} mass @param {number} x @param {number} y @param {number} std
 */
export function addBell(masses, mass, x, y, std) {
  const [across, up] = [x, y].map((mean) => {
    const below = Array.from({ length: SIDE + 1 }, (_, i) => normalTail((mean - (-REACH + i * CELL)) / std));
    return below.slice(1).map((value, i) => value - below[i]);
  });
  for (let j = 0; j < SIDE; j++) {
    if (up[j] === 0) continue;
    for (let i = 0; i < SIDE; i++) masses[j * SIDE + i] += mass * up[j] * across[i];
  }
}

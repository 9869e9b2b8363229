// @ts-check
// contours.js: the borders of the region where values on a grid exceed a level, as closed loops. Pure.

/**
 * Marching squares. Around the grid lies a rim of minus infinity, so that every border closes; it has what exceeds the level
 * on its left, so that holes run the other way round and a nonzero fill leaves them out. A loop is a list of points in
 * units of the grid, x and y in turn, from (0, 0) at the first value to (columns - 1, rows - 1) at the last; on the rim it
 * keeps to the grid's edge.
 * @param {ArrayLike<number>} values row by row; what is not a number exceeds nothing @param {number} columns @param {number} rows
 * @param {number} level @returns {number[][]}
 */
export function contours(values, columns, rows, level) {
  const across = columns + 1, next = new Map(); // from edge to edge; an edge is 2 (row * across + column), +1 if it goes up
  const above = (/** @type {number} */ i, /** @type {number} */ j) => i >= 0 && i < columns && j >= 0 && j < rows && values[j * columns + i] > level;
  for (let j = -1; j < rows; j++) {
    for (let i = -1; i < columns; i++) {
      const shape = (above(i, j) ? 1 : 0) | (above(i + 1, j) ? 2 : 0) | (above(i + 1, j + 1) ? 4 : 0) | (above(i, j + 1) ? 8 : 0);
      if (shape === 0 || shape === 15) continue;
      const bottom = 2 * ((j + 1) * across + i + 1), left = bottom + 1, top = bottom + 2 * across, right = left + 2;
      for (const [from, to] of TURNS[shape]) next.set([bottom, right, top, left][from], [bottom, right, top, left][to]);
    }
  }
  const place = (/** @type {number} */ edge, /** @type {number[]} */ loop) => {
    const up = edge & 1, at = edge >> 1, i = (at % across) - 1, j = Math.floor(at / across) - 1;
    const a = valueAt(i, j), b = up ? valueAt(i, j + 1) : valueAt(i + 1, j);
    const t = a > -Infinity && b > -Infinity ? (level - a) / (b - a) : a > -Infinity ? 0 : 1; // on the rim: at the value
    loop.push(up ? i : i + t, up ? j + t : j);
  };
  const valueAt = (/** @type {number} */ i, /** @type {number} */ j) => {
    const value = i >= 0 && i < columns && j >= 0 && j < rows ? values[j * columns + i] : -Infinity;
    return value > -Infinity ? value : -Infinity; // NaN, too
  };
  const loops = [];
  for (const start of next.keys()) {
    if (!next.has(start)) continue;
    const loop = /** @type {number[]} */ ([]);
    for (let edge = start; next.has(edge);) {
      place(edge, loop);
      const to = next.get(edge);
      next.delete(edge);
      edge = to;
    }
    loops.push(loop);
  }
  return loops;
}

// For each choice of corners that exceed the level (1: lower left, 2: lower right, 4: upper right, 8: upper left), the ways
// between edges (0: bottom, 1: right, 2: top, 3: left) that have them on the left. Saddles are cut apart.
/** @type {[number, number][][]} */
const TURNS = [
  [], [[0, 3]], [[1, 0]], [[1, 3]], [[2, 1]], [[0, 3], [2, 1]], [[2, 0]], [[2, 3]],
  [[3, 2]], [[0, 2]], [[1, 0], [3, 2]], [[1, 2]], [[3, 1]], [[0, 1]], [[3, 0]], [],
];

// @ts-check
// measures.js: how far apart two clouds of points in the plane are, by their Wasserstein distance. Pure.

/**
 * The cheapest way to give each row one column of its own: assignment[row] = column, and the cost of it all; none, and NaN, where costs are not finite. Shortest
 * augmenting paths with prices (Jonker and Volgenant 1987), in n^3 steps at most.
 * @param {number} n @param {(row: number, column: number) => number} cost
 */
export function assign(n, cost) {
  const ofRow = new Float64Array(n + 1), ofColumn = new Float64Array(n + 1); // prices
  const rowOf = new Int32Array(n + 1), way = new Int32Array(n + 1); // column 0 stands for "none yet"
  for (let row = 1; row <= n; row++) {
    rowOf[0] = row;
    const least = new Float64Array(n + 1).fill(Infinity), done = new Uint8Array(n + 1);
    let column = 0;
    do {
      done[column] = 1;
      const here = rowOf[column];
      let step = Infinity, nearest = 0;
      for (let j = 1; j <= n; j++) {
        if (done[j]) continue;
        const reduced = cost(here - 1, j - 1) - ofRow[here] - ofColumn[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          way[j] = column;
        }
        if (least[j] < step) [step, nearest] = [least[j], j];
      }
      for (let j = 0; j <= n; j++) {
        if (done[j]) {
          ofRow[rowOf[j]] += step;
          ofColumn[j] -= step;
        } else least[j] -= step;
      }
      if (nearest === 0) return { assignment: [], total: NaN }; // a cost is no number
      column = nearest;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = way[column]) rowOf[column] = rowOf[way[column]];
  }
  const assignment = new Array(n);
  let total = 0;
  for (let j = 1; j <= n; j++) {
    assignment[rowOf[j] - 1] = j - 1;
    total += cost(rowOf[j] - 1, j - 1);
  }
  return { assignment, total };
}

/**
 * W1 between two clouds of n points of equal mass: their mean distance under the best assignment.
 * @param {ArrayLike<number>} ax @param {ArrayLike<number>} ay @param {ArrayLike<number>} bx @param {ArrayLike<number>} by @param {number} n
 */
export function assignedW1(ax, ay, bx, by, n) {
  const costs = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) costs[i * n + j] = Math.hypot(ax[i] - bx[j], ay[i] - by[j]);
  return assign(n, (row, column) => costs[row * n + column]).total / n;
}

const DIRECTIONS = 16;

/**
 * Sliced W1: the mean, over directions spread evenly over the half circle, of W1 between the clouds' shadows on each.
 * @param {ArrayLike<number>} ax @param {ArrayLike<number>} ay @param {ArrayLike<number>} bx @param {ArrayLike<number>} by @param {number} n
 */
export function slicedW1(ax, ay, bx, by, n) {
  const a = new Float64Array(n), b = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < DIRECTIONS; k++) {
    const cosine = Math.cos((Math.PI * k) / DIRECTIONS), sine = Math.sin((Math.PI * k) / DIRECTIONS);
    for (let i = 0; i < n; i++) {
      a[i] = cosine * ax[i] + sine * ay[i];
      b[i] = cosine * bx[i] + sine * by[i];
    }
    a.sort();
    b.sort();
    for (let i = 0; i < n; i++) sum += Math.abs(a[i] - b[i]);
  }
  return sum / (n * DIRECTIONS);
}

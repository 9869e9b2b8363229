// @ts-check
// masses.js: how far apart two distributions are that are known by their masses in the cells of a line, all of one width.

import { softplus } from "./logistic.js";

/**
 * JSD(p || q) in nats, log 2 + half of E_p log D* + E_q log(1 - D*). All masses together are 1 each; what of q lies in none of
 * the cells lies where p has nothing, and adds 0 to the sum.
 * @param {Float64Array} p @param {Float64Array} q
 */
export function jensenShannon(p, q) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const both = p[i] + q[i];
    if (p[i] > 0) sum += p[i] * Math.log(p[i] / both);
    if (q[i] > 0) sum += q[i] * Math.log(q[i] / both);
  }
  return Math.max(0, Math.LN2 + sum / 2);
}

/**
 * V(D, G) = E_p log D + E_q log(1 - D) of a D that is known by its scores in the middle of the cells. What of q lies in none of them
 * counts as found out: no V is larger than V(D*, G) so.
 * @param {Float64Array} p @param {Float64Array} q @param {ArrayLike<number>} scores
 */
export function valueOfGame(p, q, scores) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i] > 0) sum -= p[i] * softplus(-scores[i]);
    if (q[i] > 0) sum -= q[i] * softplus(scores[i]);
  }
  return sum;
}

/**
 * W1(p, q), in units of x, of masses that are even on each cell: the area between the two distribution functions. `left` is mass of
 * q to the left of all cells; what it, and mass to the right, would have to travel to reach them is not counted.
 * @param {Float64Array} p @param {Float64Array} q @param {number} width @param {number} [left]
 */
export function wassersteinOfCells(p, q, width, left = 0) {
  let gap = left, sum = 0;
  for (let i = 0; i < p.length; i++) {
    const next = gap + q[i] - p[i]; // both are straight on a cell; if they cross, two triangles
    sum += width * (gap * next >= 0
      ? Math.abs(gap + next) / 2
      : (gap * gap + next * next) / (2 * Math.abs(gap - next)));
    gap = next;
  }
  return sum;
}

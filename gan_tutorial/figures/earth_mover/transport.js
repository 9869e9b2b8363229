// @ts-check
// transport.js: masses on the points 1, 2, …, n of a line, and what it takes to move them. Mirrors gan_tutorial/transport.py.

/** @typedef {[number, number, number]} Move from which pile, to which, how many blocks; piles are counted from 1 */

/** @param {number[]} masses */
export function totalOf(masses) {
  return masses.reduce((sum, mass) => sum + mass, 0);
}

/** @param {number[]} masses */
export function sharesOf(masses) {
  const total = totalOf(masses);
  return masses.map((mass) => mass / total);
}

/** F(0), F(1), …, F(n): [3, 2, 1, 4] -> [0, 3, 5, 6, 10] @param {number[]} masses */
export function cumulative(masses) {
  const sums = [0];
  for (const mass of masses) sums.push(sums[sums.length - 1] + mass);
  return sums;
}

/**
 * The plan that keeps the order: plan[i][j] is what [F_P(i - 1), F_P(i)] and [F_Q(j - 1), F_Q(j)] have in common.
 * @param {number[]} P @param {number[]} Q
 */
export function monotonePlan(P, Q) {
  const F = cumulative(P);
  const G = cumulative(Q);
  return P.map((_, i) => Q.map((_, j) => Math.max(0, Math.min(F[i + 1], G[j + 1]) - Math.max(F[i], G[j]))));
}

/** @param {number[][]} plan */
export function planCost(plan) {
  let cost = 0;
  plan.forEach((row, i) => row.forEach((mass, j) => (cost += mass * Math.abs(i - j))));
  return cost;
}

/** The area between the two distribution functions: for masses of one total, the least cost of a plan. @param {number[]} P @param {number[]} Q */
export function areaBetween(P, Q) {
  const F = cumulative(P);
  const G = cumulative(Q);
  let area = 0;
  for (let i = 1; i < P.length; i++) area += Math.abs(F[i] - G[i]);
  return area;
}

/**
 * A monotone plan as moves [from, to, blocks], counted from 1, in an order in which every pile gives before it receives:
 * what goes right starts at the right, what goes left starts at the left.
 * @param {number[][]} plan @returns {Move[]}
 */
export function orderedMoves(plan) {
  /** @type {Move[]} */
  const right = [];
  /** @type {Move[]} */
  const left = [];
  plan.forEach((row, i) => row.forEach((blocks, j) => {
    if (blocks > 0 && j > i) right.unshift([i + 1, j + 1, blocks]);
    if (blocks > 0 && j < i) left.push([i + 1, j + 1, blocks]);
  }));
  return [...right, ...left];
}

/**
 * Carry out moves [from, to, blocks] on piles of the given heights; a move takes from the top, and no more than is there.
 * piles[j] lists, from the bottom, the pile (from 0) that each block came from; plan[i][j] counts them.
 * @param {number[]} heights @param {Move[]} moves
 */
export function playMoves(heights, moves) {
  const piles = heights.map((height, i) => new Array(height).fill(i));
  let cost = 0;
  for (const [from, to, blocks] of moves) {
    const pile = piles[from - 1];
    const taken = pile.splice(Math.max(0, pile.length - blocks));
    piles[to - 1].push(...taken);
    cost += taken.length * Math.abs(to - from);
  }
  const plan = heights.map((_, i) => piles.map((pile) => pile.filter((origin) => origin === i).length));
  return { piles, cost, plan, heights: piles.map((pile) => pile.length) };
}

/**
 * Q with the fewest blocks added (to its lowest piles) or taken away (from its highest) so that it has `total`.
 * @param {number[]} Q @param {number} total @param {number} most
 */
export function matchTotal(Q, total, most) {
  const matched = [...Q];
  for (let missing = total - totalOf(Q); missing !== 0; missing -= Math.sign(missing)) {
    const pick = missing > 0 ? Math.min(...matched) : Math.max(...matched);
    const at = matched.indexOf(pick);
    if (missing > 0 && pick >= most) break;
    matched[at] += Math.sign(missing);
  }
  return matched;
}

// @ts-check
// descent.js: a generator G(z) = mean + std z that faces the best discriminator at every step, s* = log p_data - log p_g.
// Pure. Expectations over z ~ N(0, 1) by the trapezium rule on 121 points from -6 to 6.

import { gaussianMixture } from "../mathematics/densities.js";
import { OBJECTIVES } from "../mathematics/game.js";
import { sigmoid, softplus } from "../mathematics/logistic.js";
import { normalPdf } from "../mathematics/normal.js";

/** @typedef {[number, number]} Place mean and width of the generator */

const BELL_STD = 0.6;
const BELL_WEIGHTS = [0.6, 0.4];
const NODES = Float64Array.from({ length: 121 }, (_, i) => -6 + i / 10);
const SHARES = NODES.map((z) => normalPdf(z) / 10);

/** @param {number} gap */
const bellsOf = (gap) => [-gap / 2, gap / 2];

/** The data: two bells at a distance of `gap`. @param {number} gap */
export function dataWith(gap) {
  return gaussianMixture(bellsOf(gap), [BELL_STD, BELL_STD], BELL_WEIGHTS);
}

/**
 * The optimal score at x and its slope there, for a generator N(mean, std²).
 * @param {number} gap @param {Place} place @param {number} x @returns {[number, number]}
 */
function scoreAt(gap, [mean, std], x) {
  // Both bells of the data have one width, so that their ratio is that of two exponentials.
  const left = (x + gap / 2) / BELL_STD;
  const right = (x - gap / 2) / BELL_STD;
  const odds = Math.log(BELL_WEIGHTS[1] / BELL_WEIGHTS[0]) + 0.5 * (left * left - right * right);
  const z = (x - mean) / std;
  const score = Math.log((BELL_WEIGHTS[0] * std) / BELL_STD) - 0.5 * left * left + softplus(odds) + 0.5 * z * z;
  return [score, (-left + (left - right) * sigmoid(odds)) / BELL_STD + z / std];
}

/** The gradient of a cost in mean and width, with D* frozen. @param {string} loss @param {number} gap @param {Place} place @returns {Place} */
export function costGradient(loss, gap, place) {
  const { generatorSlope } = OBJECTIVES[loss];
  let [inMean, inStd] = [0, 0];
  for (let i = 0; i < NODES.length; i++) {
    const [score, slope] = scoreAt(gap, place, place[0] + place[1] * NODES[i]);
    const pull = SHARES[i] * generatorSlope(score) * slope;
    inMean += pull;
    inStd += pull * NODES[i];
  }
  return [inMean, inStd];
}

/** What the cost makes least: 2 JSD for minimax, 2 KL(m, p_data) for non-saturating. @param {string} loss @param {number} gap @param {Place} place */
export function leastOf(loss, gap, place) {
  const parts = [{ center: place[0], std: place[1], share: 1, real: false }];
  bellsOf(gap).forEach((center, i) => parts.push({ center, std: BELL_STD, share: BELL_WEIGHTS[i], real: true }));
  let sum = 0;
  for (const { center, std, share, real } of parts) {
    for (let i = 0; i < NODES.length; i++) {
      const [s] = scoreAt(gap, place, center + std * NODES[i]);
      // 2 JSD = log 4 + E_data[log σ(s)] + E_g[log(1 - σ(s))], and log(m / p_data) = softplus(-s) - log 2.
      const term = loss === "minimax" ? Math.LN2 - softplus(real ? -s : s) : softplus(-s) - Math.LN2;
      sum += share * SHARES[i] * term;
    }
  }
  return sum;
}

/**
 * The path from a start to where the gradient vanishes. A step is the gradient measured in the bell's own width (its natural
 * gradient), since plain steps take hundreds; it is at most 0.4 widths long, and shorter for good once steps turn back.
 * @param {string} loss @param {number} gap @param {Place} start @param {number} [steps]
 */
export function descend(loss, gap, start, steps = 150) {
  const path = [start];
  let rate = 1;
  let last = [0, 0];
  for (let i = 0; i < steps; i++) {
    const [mean, std] = path[i];
    const [inMean, inStd] = costGradient(loss, gap, path[i]);
    const move = [-std * inMean, -0.5 * std * inStd]; // in widths of the present bell
    const length = Math.hypot(move[0], move[1]);
    if (length < 1e-7) break;
    if (move[0] * last[0] + move[1] * last[1] < 0) rate = Math.max(0.1, 0.7 * rate);
    const size = std * Math.min(rate, 0.4 / length);
    path.push(/** @type {Place} */ ([mean + size * move[0], std + size * move[1]]));
    last = move;
  }
  return path;
}

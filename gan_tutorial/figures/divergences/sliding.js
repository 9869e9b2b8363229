// @ts-check
// sliding.js: pairs of densities of which one slides, and what five divergences and their slopes make of the distance.
// Pure. Checked against gan_tutorial.divergences to 1e-9.

import { cdfCrossings, cdfGap, densityCrossings, gaussianMixture, integrateOver, jointRange, smoothDivergences, totalVariation, uniformDensity, uniformDivergences, wasserstein1 } from "../mathematics/densities.js";
import { sigmoid } from "../mathematics/logistic.js";

/** @typedef {import("../mathematics/densities.js").Density} Density */

const TWO_BELLS = gaussianMixture([-2, 2], [0.6, 0.6], [0.5, 0.5]);
const STANDARD_BELL = gaussianMixture([0], [1], [1]);

/**
 * For each family the data density, fixed, and the generator's with its centre at t. The Python names of the families
 * are those of figures/divergences.py.
 * @type {Record<string, { pData: Density, pG: (t: number) => Density }>}
 */
export const SLIDING_FAMILIES = {
  "equal-bells": { pData: STANDARD_BELL, pG: (t) => gaussianMixture([t], [1], [1]) },
  "unequal-bells": { pData: STANDARD_BELL, pG: (t) => gaussianMixture([t], [0.5], [1]) },
  blocks: { pData: uniformDensity(-1, 1), pG: (t) => uniformDensity(t - 1, t + 1) },
  "two-bells": { pData: TWO_BELLS, pG: (t) => gaussianMixture([t], [0.8], [1]) },
};

/**
 * The slopes of KL, reverse KL and JSD as q = q_0(x - t) slides to the right: E_p[(log q)'], -E_q[(log p)'] and
 * ½ E_q[(log(1 - D*))'], the last being half of what the generator of a GAN with an optimal discriminator feels.
 * @param {Density} p @param {Density} q
 */
function smoothSlopes(p, q) {
  const [kl, reverseKl, js] = integrateOver(p, q, (sums, x) => {
    const [logP, logQ, slopeP, slopeQ] = [p.log(x), q.log(x), p.slope(x), q.slope(x)];
    sums[0] += Math.exp(logP) * slopeQ;
    sums[1] -= Math.exp(logQ) * slopeP;
    sums[2] -= 0.5 * Math.exp(logQ) * sigmoid(logP - logQ) * (slopeP - slopeQ);
  });
  return { kl, reverseKl, js };
}

/**
 * Sum of sign(weight) times the growth of f over the pieces between the places: `weight` keeps its sign on each piece.
 * @param {(x: number) => number} f @param {(x: number) => number} weight @param {number[]} places @param {number} low @param {number} high
 */
function signedGrowth(f, weight, places, low, high) {
  const knots = [low, ...places, high];
  let sum = 0;
  for (let i = 1; i < knots.length; i++) {
    const sign = Math.sign(weight((knots[i - 1] + knots[i]) / 2));
    sum += sign * (f(knots[i]) - f(knots[i - 1]));
  }
  return sum;
}

/** TV = ½∫|p - q| and W1 = ∫|F - G| have slopes ½∫ sign(p - q) q' and ∫ sign(F - G) q. @param {Density} p @param {Density} q */
function kinkedSlopes(p, q) {
  const [low, high] = jointRange(p, q);
  return {
    tv: 0.5 * signedGrowth(q.pdf, (x) => p.pdf(x) - q.pdf(x), densityCrossings(p, q), low, high),
    w1: signedGrowth(q.cdf, (x) => cdfGap(p, q, x), cdfCrossings(p, q), low, high),
  };
}

/**
 * Two blocks of one width w at a distance t: JSD = (t/w) log 2 and TV = t/w until they part; to the right of each kink.
 * @param {number} t @param {number} width
 */
function blockSlopes(t, width) {
  const rate = t < width ? 1 / width : 0;
  const kl = NaN; // from 0 to infinity in one jump, or infinite all around
  return { kl, reverseKl: kl, js: rate * Math.LN2, tv: rate, w1: 1 };
}

/**
 * { value: { kl, reverseKl, js, tv, w1 }, slope: the same }, in nats (TV without a unit, W1 in units of x), and those per
 * unit of distance. At t = 0 the slopes of TV and W1 are those to the right.
 * @param {string} family @param {number} t
 */
export function slidingDivergences(family, t) {
  const { pData: p, pG } = SLIDING_FAMILIES[family];
  const q = pG(t);
  const blocks = family === "blocks";
  const { kl, reverseKl, js } = blocks ? uniformDivergences(p, q) : smoothDivergences(p, q);
  const value = { kl, reverseKl, js, tv: totalVariation(p, q), w1: wasserstein1(p, q) };
  const slope = blocks ? blockSlopes(t, p.scale) : { ...smoothSlopes(p, q), ...kinkedSlopes(p, t === 0 ? pG(1e-6) : q) };
  return { value, slope };
}

// @ts-check
// bells.js: between N(0, 1), the data, and N(d, w²), the generator: the optimal discriminator, the best 1-Lipschitz critic,
// and what each tells a sample at x. Pure functions of numbers, checked against Python to 1e-9.

import { sigmoid } from "../mathematics/logistic.js";
import { normalPdf, normalTail } from "../mathematics/normal.js";

/**
 * Where the two distribution functions cross: F_Q(x) < F_P(x) exactly if (x - d) / w < x. Infinite for equal widths.
 * @param {number} d @param {number} w
 */
const cdfCrossing = (d, w) => (Math.abs(1 - w) < 1e-9 ? Infinity : d / (1 - w));

/**
 * f*'(x) = sign(F_Q(x) - F_P(x)): -1 where mass must go to the left to become data. 0 where the two agree.
 * @param {number} d @param {number} w @param {number} x
 */
export const criticSlope = (d, w, x) => Math.sign(x - d - w * x);

/**
 * f* itself, a Kantorovich potential: a line, or a line with one bend at the crossing. It is 0 half-way between the means.
 * @param {number} d @param {number} w @param {number} x
 */
export function criticValue(d, w, x) {
  const crossing = cdfCrossing(d, w);
  const middle = d / 2;
  if (crossing === Infinity) return -Math.sign(d) * (x - middle);
  return Math.sign(1 - w) * (Math.abs(x - crossing) - Math.abs(middle - crossing));
}

/** E|m + s Z| for a standard normal Z and s >= 0. @param {number} m @param {number} s */
function foldedMean(m, s) {
  const size = Math.abs(m);
  if (s === 0) return size;
  const z = size / s;
  return 2 * s * normalPdf(z) + size * (1 - 2 * normalTail(z));
}

/** W1 of the two bells: keeping the order carries each z from d + w z to z. @param {number} d @param {number} w */
export const bellsW1 = (d, w) => foldedMean(d, Math.abs(w - 1));

/** E_P f* - E_Q f*, by the definition of f*: the witness's own count of the distance. @param {number} d @param {number} w */
export function witnessGap(d, w) {
  const crossing = cdfCrossing(d, w);
  if (crossing === Infinity) return Math.abs(d);
  return Math.sign(1 - w) * (foldedMean(crossing, 1) - foldedMean(d - crossing, w));
}

/** s*(x) = log p - log q and its slope. @param {number} d @param {number} w @param {number} x */
const bellsLogit = (d, w, x) => Math.log(w) - 0.5 * x * x + 0.5 * ((x - d) / w) ** 2;
/** @param {number} d @param {number} w @param {number} x */
const bellsLogitSlope = (d, w, x) => (x - d) / (w * w) - x;

/**
 * A sample at x: D*, f*, and the pull of each cost, minus its slope in x. A negative pull is one to the left.
 * @param {number} d @param {number} w @param {number} x
 */
export function pullsAt(d, w, x) {
  const s = bellsLogit(d, w, x);
  const slope = bellsLogitSlope(d, w, x);
  return {
    discriminator: sigmoid(s),
    discriminatorSlope: sigmoid(s) * sigmoid(-s) * slope,
    critic: criticValue(d, w, x),
    minimaxPull: sigmoid(s) * slope, // -∂ log(1 - D)
    nonSaturatingPull: sigmoid(-s) * slope, // ∂ log D
    criticPull: criticSlope(d, w, x),
  };
}

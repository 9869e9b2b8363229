// @ts-check
// gain.js: what one x adds to V(D, G) by D's answer y, where the data has the density a and the generator b. Nats.

import { gaussianMixture, uniformDensity } from "../mathematics/densities.js";
import { bestReply } from "../mathematics/game.js";

/** p_data and p_g of each of the figure's choices. @param {string} kind */
export function densitiesOf(kind) {
  return kind === "bells"
    ? [gaussianMixture([-1.5, 1.5], [0.7, 0.7], [0.5, 0.5]), gaussianMixture([1], [1], [1])]
    : [uniformDensity(-2.5, 1), uniformDensity(-1, 3)];
}

/** a log y + b log(1 - y) for a, b >= 0 and 0 <= y <= 1, with 0 log 0 = 0. @param {number} a @param {number} b @param {number} y */
export function pointwiseGain(a, b, y) {
  return (a > 0 ? a * Math.log(y) : 0) + (b > 0 ? b * Math.log1p(-y) : 0);
}

/**
 * How far y falls short of the best reply y*: (a + b) KL(Bernoulli(y*) || Bernoulli(y)), never negative. Each part is
 * t - log(1 + t) of a relative error t; the parts' t cancel in the sum, and nothing else does, however close y is to y*.
 * @param {number} a @param {number} b @param {number} y
 */
export function pointwiseLoss(a, b, y) {
  if (!(a > 0 && b > 0)) return -pointwiseGain(a, b, y); // the best gain is 0
  const best = bestReply(a, b);
  const part = (/** @type {number} */ weight, /** @type {number} */ t) => weight * (t - Math.log1p(t));
  return part(a, (y - best) / best) + part(b, (best - y) / bestReply(b, a));
}

/** A round number above a given one: the gain's axis moves in few steps while x moves smoothly. @param {number} value */
export function axisAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (/** @type {number} */ ([1, 1.5, 2, 3, 5, 7, 10].find((m) => m * power >= value))) * power;
}

// @ts-check
// game.js: what the two players minimise, in nats where it is logarithmic, and the best answer of D. s is the logit of D.

import { sigmoid, softplus } from "./logistic.js";

/**
 * The costs of one sample as functions of its score s, with their derivatives: `real` and `fake` are the discriminator's,
 * `generator` is the generator's on a fake. A `penalty` is the weight of WGAN-GP's; `clips` holds D's weights in a box.
 * @typedef {object} Objective
 * @property {(s: number) => number} real @property {(s: number) => number} realSlope
 * @property {(s: number) => number} fake @property {(s: number) => number} fakeSlope
 * @property {(s: number) => number} generator @property {(s: number) => number} generatorSlope
 * @property {number} [penalty] @property {boolean} [clips]
 */

const LOG_COSTS = {
  real: (/** @type {number} */ s) => softplus(-s), // -log D
  realSlope: (/** @type {number} */ s) => -sigmoid(-s),
  fake: softplus, // -log(1 - D)
  fakeSlope: sigmoid,
};

const WASSERSTEIN_COSTS = {
  real: (/** @type {number} */ s) => -s,
  realSlope: () => -1,
  fake: (/** @type {number} */ s) => s,
  fakeSlope: () => 1,
  generator: (/** @type {number} */ s) => -s,
  generatorSlope: () => -1,
};

/** @type {Record<string, Objective>} */
export const OBJECTIVES = {
  minimax: { ...LOG_COSTS, generator: (s) => -softplus(s), generatorSlope: (s) => -sigmoid(s) }, // log(1 - D)
  "non-saturating": { ...LOG_COSTS, generator: (s) => softplus(-s), generatorSlope: (s) => -sigmoid(-s) }, // -log D
  wgan: { ...WASSERSTEIN_COSTS, clips: true },
  "wgan-gp": { ...WASSERSTEIN_COSTS, penalty: 10 },
  "least-squares": {
    real: (s) => 0.5 * (s - 1) ** 2,
    realSlope: (s) => s - 1,
    fake: (s) => 0.5 * s * s,
    fakeSlope: (s) => s,
    generator: (s) => 0.5 * (s - 1) ** 2,
    generatorSlope: (s) => s - 1,
  },
};

/**
 * D*(x) = a / (a + b) where the data has the density (or mass) a and the generator b; NaN where a = b = 0, since there every
 * answer is as good.
 * @param {number} a @param {number} b
 */
export function bestReply(a, b) {
  const top = Math.max(a, b); // dividing by it first, neither underflow nor overflow can disturb the share
  return top > 0 ? a / top / (a / top + b / top) : NaN;
}

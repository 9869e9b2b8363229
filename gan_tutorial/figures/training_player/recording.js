// @ts-check
// recording.js: recorded moments of a 1-D GAN, unpacked and measured. Pure; checked against gan_tutorial.line to 1e-9.
// The line is cut into cells; p and q are the masses of data and generator in each, s the discriminator's logit there.

import { bestReply } from "../mathematics/game.js";
import { sigmoid } from "../mathematics/logistic.js";
import { jensenShannon, valueOfGame } from "../mathematics/masses.js";

/**
 * A run as gan_tutorial.line packs it; its lists have an entry for each moment.
 * @typedef {{ name: string, note: string, low: number, high: number, p_data: number[], z: number[], steps: number[], p_g: string[], score: string[], x: string[] }} Run
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** @type {Record<string, number>} */
const VALUES = Object.fromEntries([...DIGITS].map((digit, i) => [digit, i]));

/** Two base-64 digits for each number, spread evenly over [low, high]. @param {string} text @param {number} low @param {number} high */
function unpackNumbers(text, low, high) {
  const numbers = new Float64Array(text.length / 2);
  for (let i = 0; i < numbers.length; i++) {
    const level = 64 * VALUES[text[2 * i]] + VALUES[text[2 * i + 1]];
    numbers[i] = low + (level / 4095) * (high - low);
  }
  return numbers;
}

/** Masses are packed as logarithms, so that tails keep their digits; together they are 1. @param {string} text */
function unpackMasses(text) {
  const masses = unpackNumbers(text, -16, 0).map(Math.exp);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return masses.map((mass) => mass / total);
}

/**
 * V(D, G) and its maximum over D (which is -log 4 + 2 JSD), the JSD, and the share of D's answers that are right.
 * @param {Float64Array} p @param {Float64Array} q @param {Float64Array} s
 */
function measureCells(p, q, s) {
  let right = 0;
  for (let i = 0; i < p.length; i++) right += s[i] > 0 ? p[i] : s[i] < 0 ? q[i] : (p[i] + q[i]) / 2;
  const js = jensenShannon(p, q);
  return { value: valueOfGame(p, q, s), best: 2 * js - 2 * Math.LN2, js, accuracy: right / 2 };
}

/**
 * A recorded run as arrays to draw: what stays (centres, density of the data) and, for each moment, what changes.
 * Densities and discriminators are for the cells within [low, high]; D* is left out where hardly anything lives.
 * @param {Run} run
 */
export function readRecording(run) {
  const { low, high } = run;
  const p = Float64Array.from(run.p_data);
  const count = p.length - 2;
  const width = (high - low) / count;
  const density = (/** @type {Float64Array} */ masses) => masses.subarray(1, count + 1).map((mass) => mass / width);
  const moments = run.steps.map((step, i) => {
    const q = unpackMasses(run.p_g[i]);
    const s = unpackNumbers(run.score[i], -16, 16);
    const ratio = p.map((mass, j) => (mass + q[j] > 1e-4 ? bestReply(mass, q[j]) : NaN));
    return {
      step,
      density: density(q),
      learned: s.subarray(1, count + 1).map(sigmoid),
      optimal: ratio.subarray(1, count + 1),
      x: unpackNumbers(run.x[i], low, high),
      ...measureCells(p, q, s),
    };
  });
  return {
    moments,
    steps: Float64Array.from(run.steps),
    centres: Float64Array.from({ length: count }, (_, i) => low + (i + 0.5) * width),
    data: density(p),
    z: Float64Array.from(run.z),
  };
}

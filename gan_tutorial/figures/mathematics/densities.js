// @ts-check
// densities.js: Gaussian mixtures and uniforms on the line, the optimal discriminator, and their divergences.
// Pure functions of numbers, checked against gan_tutorial.divergences to 1e-9. Divergences are in nats, W1 in units of x.

import { softplus } from "./logistic.js";
import { SQRT_2PI, normalPdf, normalTail } from "./normal.js";

/** @typedef {(x: number) => number} Curve */

/**
 * `slope` is the derivative of `log`, `tail` is 1 - cdf without its rounding, `cdfIntegral` the integral of the cdf from minus
 * infinity. Outside [low, high] the mass is below 1e-40; `scale` is the length on which the density varies, and `knots`
 * are the places where it jumps.
 * @typedef {object} Density
 * @property {Curve} log @property {Curve} slope @property {Curve} pdf @property {Curve} cdf @property {Curve} tail @property {Curve} cdfIntegral
 * @property {number} low @property {number} high @property {number} scale @property {number[]} knots
 */

const REACH = 13.5; // standard deviations: exp(-13.5² / 2) < 1e-39

/** @param {number[]} means @param {number[]} stds @param {number[]} weights @returns {Density} */
export function gaussianMixture(means, stds, weights) {
  const n = means.length;
  const logWeights = weights.map((w, i) => Math.log(w / (stds[i] * SQRT_2PI)));
  const inverse = stds.map((s) => 1 / s);
  const log = (/** @type {number} */ x) => {
    let top = -Infinity;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const z = (x - means[i]) * inverse[i];
      const term = logWeights[i] - 0.5 * z * z;
      if (term > top) {
        sum = sum * Math.exp(top - term) + 1;
        top = term;
      } else if (term > -Infinity) sum += Math.exp(term - top);
    }
    return n === 1 ? top : top + Math.log(sum);
  };
  const slope = (/** @type {number} */ x) => {
    const total = log(x);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const z = (x - means[i]) * inverse[i];
      if (weights[i] > 0) sum -= Math.exp(logWeights[i] - 0.5 * z * z - total) * z * inverse[i];
    }
    return sum;
  };
  const sumOver = (/** @type {(z: number, std: number) => number} */ part) => (/** @type {number} */ x) => {
    let sum = 0;
    for (let i = 0; i < n; i++) if (weights[i] > 0) sum += weights[i] * part((x - means[i]) * inverse[i], stds[i]);
    return sum;
  };
  const used = means.map((_, i) => i).filter((i) => weights[i] > 0);
  return {
    log,
    slope,
    pdf: (x) => Math.exp(log(x)),
    cdf: sumOver((z) => normalTail(-z)),
    tail: sumOver((z) => normalTail(z)),
    cdfIntegral: sumOver((z, s) => s * (z * normalTail(-z) + normalPdf(z))),
    low: Math.min(...used.map((i) => means[i] - REACH * stds[i])),
    high: Math.max(...used.map((i) => means[i] + REACH * stds[i])),
    scale: Math.min(...used.map((i) => stds[i])),
    knots: [],
  };
}

/** @param {number} low @param {number} high @returns {Density} */
export function uniformDensity(low, high) {
  const inside = (/** @type {number} */ x) => x >= low && x <= high;
  const cdf = (/** @type {number} */ x) => Math.max(0, Math.min(1, (x - low) / (high - low)));
  return {
    log: (x) => (inside(x) ? -Math.log(high - low) : -Infinity),
    slope: () => 0,
    pdf: (x) => (inside(x) ? 1 / (high - low) : 0),
    cdf,
    tail: (x) => 1 - cdf(x),
    cdfIntegral: (x) => (x >= high ? x - (low + high) / 2 : 0.5 * cdf(x) * Math.max(0, x - low)),
    low,
    high,
    scale: high - low,
    knots: [low, high],
  };
}

/**
 * D*(x) = p_data / (p_data + p_g), through the log-ratio so that it holds where both underflow.
 * @param {Density} pData @param {Density} pG @param {number} x
 */
export function optimalLogit(pData, pG, x) {
  return pData.log(x) - pG.log(x);
}

/**
 * The trapezoidal rule for four integrands at once, `add(sums, x)`, halving the step until they settle. The rule converges exponentially fast for smooth integrands that vanish at both ends (Trefethen & Weideman 2014).
 * @param {Density} p @param {Density} q @param {(sums: number[], x: number) => void} add @returns {number[]}
 */
export function integrateOver(p, q, add) {
  const [low, high] = jointRange(p, q);
  let intervals = Math.ceil((4 * (high - low)) / Math.min(p.scale, q.scale));
  const sums = [0, 0, 0, 0];
  let last = sums;
  for (let round = 0; round < 7; round++) {
    const step = (high - low) / intervals;
    const [first, stride] = round === 0 ? [0, 1] : [1, 2]; // later rounds add the new midpoints only
    for (let i = first; i <= intervals; i += stride) add(sums, low + i * step);
    const now = sums.map((sum) => sum * step);
    if (round > 0 && now.every((value, i) => Math.abs(value - last[i]) <= 1e-12 + 1e-11 * Math.abs(value))) return now;
    last = now;
    intervals *= 2;
  }
  return last;
}

/** @param {number[]} sums @param {number} logP @param {number} logQ */
function addIntegrands(sums, logP, logQ) {
  const gap = logP - logQ;
  if (logP > -90) {
    const p = Math.exp(logP);
    sums[0] += p * gap;
    sums[2] += p * -softplus(-gap);
  }
  if (logQ > -90) {
    const q = Math.exp(logQ);
    sums[1] -= q * gap;
    sums[3] += q * -softplus(gap);
  }
}

/**
 * KL(p||q), KL(q||p), JSD and V(D*, G) = E_p log D* + E_q log(1 - D*) for smooth densities with p = p_data, q = p_g.
 * @param {Density} p @param {Density} q
 */
export function smoothDivergences(p, q) {
  const [kl, reverseKl, real, fake] = integrateOver(p, q, (sums, x) => addIntegrands(sums, p.log(x), q.log(x)));
  const value = real + fake;
  return { kl, reverseKl, value, js: Math.min(Math.LN2, Math.max(0, 0.5 * (value + 2 * Math.LN2))) };
}

/** The same for two uniforms, exactly: constant densities on a, b and their overlap. @param {Density} p @param {Density} q */
export function uniformDivergences(p, q) {
  const overlap = Math.max(0, Math.min(p.high, q.high) - Math.max(p.low, q.low));
  const a = 1 / p.scale;
  const b = 1 / q.scale;
  const real = a * overlap * Math.log(a / (a + b));
  const fake = b * overlap * Math.log(b / (a + b));
  const covered = (/** @type {Density} */ inner, /** @type {Density} */ outer) => inner.low >= outer.low && inner.high <= outer.high;
  return {
    kl: covered(p, q) ? Math.log(a / b) : Infinity,
    reverseKl: covered(q, p) ? Math.log(b / a) : Infinity,
    value: real + fake,
    js: Math.LN2 + 0.5 * (real + fake),
  };
}

/**
 * Where f, of one sign at both ends and nearest to 0 somewhere between them, reaches across 0; null if it does not.
 * @param {Curve} f @param {number} sign @param {number} left @param {number} right
 */
function reachAcross(f, sign, left, right) {
  for (let k = 0; k < 40; k++) {
    const [a, b] = [(2 * left + right) / 3, (left + 2 * right) / 3];
    const [atA, atB] = [sign * f(a), sign * f(b)];
    if (Math.min(atA, atB) < 0) return atA < atB ? a : b;
    if (atA < atB) right = b;
    else left = a;
  }
  return null;
}

/**
 * [x, f(x)] on the grid, and at one more point for each pair of sign changes that it steps over: there |f| dips between
 * neighbours of one sign.
 * @param {Curve} f @param {number[]} grid @returns {[number, number][]}
 */
function samplesOf(f, grid) {
  /** @type {[number, number][]} */
  const samples = grid.map((x) => [x, f(x)]);
  /** @type {[number, number][]} */
  const extra = [];
  for (let i = 1; i < grid.length - 1; i++) {
    const sign = Math.sign(samples[i][1]);
    const size = sign * samples[i][1];
    if (!(sign * samples[i - 1][1] > size && sign * samples[i + 1][1] > size)) continue;
    const across = reachAcross(f, sign, grid[i - 1], grid[i + 1]);
    if (across !== null) extra.push([across, f(across)]);
  }
  return extra.length ? [...samples, ...extra].sort(([a], [b]) => a - b) : samples;
}

/** Where a continuous f changes sign between the sorted points of a grid, each place by bisection. @param {Curve} f @param {number[]} grid */
function signChanges(f, grid) {
  const places = [];
  const samples = samplesOf(f, grid);
  let before = samples[0][1];
  for (let i = 1; i < samples.length; i++) {
    const after = samples[i][1];
    if (before * after < 0) {
      let left = samples[i - 1][0];
      let right = samples[i][0];
      for (let k = 0; k < 60; k++) {
        const middle = 0.5 * (left + right);
        if (f(middle) * before > 0) left = middle;
        else right = middle;
      }
      places.push(0.5 * (left + right));
    }
    if (after !== 0) before = after;
  }
  return places;
}

/** The interval that holds the mass of both. @param {Density} p @param {Density} q */
export function jointRange(p, q) {
  return [Math.min(p.low, q.low), Math.max(p.high, q.high)];
}

/**
 * Four points for each length on which the densities vary, and their knots: a piecewise linear function that is 0 at both its
 * ends, as the gap between two cdfs is, may change sign between no two points of the regular grid.
 * @param {Density} p @param {Density} q
 */
function gridFor(p, q) {
  const [low, high] = jointRange(p, q);
  const intervals = Math.min(4000, Math.ceil((4 * (high - low)) / Math.min(p.scale, q.scale)));
  const regular = Array.from({ length: intervals + 1 }, (_, i) => low + (i * (high - low)) / intervals);
  return [...regular, ...p.knots, ...q.knots].sort((a, b) => a - b);
}

/**
 * Where two smooth densities, or their distribution functions, cross. F_P - F_Q = (1 - F_Q) - (1 - F_P), so the upper half is
 * compared by its tails, where the distribution functions themselves have both rounded to 1.
 * @param {Density} p @param {Density} q
 */
export function densityCrossings(p, q) {
  return signChanges((x) => p.pdf(x) - q.pdf(x), gridFor(p, q));
}

/** @param {Density} p @param {Density} q @param {number} x */
export function cdfGap(p, q, x) {
  return p.cdf(x) < 0.5 ? p.cdf(x) - q.cdf(x) : q.tail(x) - p.tail(x);
}

/** @param {Density} p @param {Density} q */
export function cdfCrossings(p, q) {
  return signChanges((x) => cdfGap(p, q, x), gridFor(p, q));
}

/** sup_A |P(A) - Q(A)|: between crossings of the densities the difference of the cdfs is all that counts. @param {Density} p @param {Density} q */
export function totalVariation(p, q) {
  const gap = (/** @type {number} */ x) => p.cdf(x) - q.cdf(x);
  const places = [...densityCrossings(p, q), ...p.knots, ...q.knots].sort((a, b) => a - b);
  let sum = 0;
  let before = 0;
  for (const x of places) {
    sum += Math.abs(gap(x) - before);
    before = gap(x);
  }
  return 0.5 * (sum + Math.abs(before));
}

/** W1 = integral of |F_P - F_Q|, exact between the crossings of the two cdfs. @param {Density} p @param {Density} q */
export function wasserstein1(p, q) {
  const area = (/** @type {number} */ x) => p.cdfIntegral(x) - q.cdfIntegral(x);
  const [low, high] = jointRange(p, q);
  const places = [low, ...cdfCrossings(p, q), high];
  let sum = 0;
  for (let i = 1; i < places.length; i++) sum += Math.abs(area(places[i]) - area(places[i - 1]));
  return sum;
}

// @ts-check
// parzen.js: Gaussian Parzen windows on the line. Pure; checked against gan_tutorial.parzen to 1e-9. Log-densities in nats.
// `samples` may be longer than wanted: the first `n` carry a window of standard deviation `sigma`.

import { SQRT_2PI } from "../mathematics/normal.js";

/** @param {number} x @param {number[]} samples @param {number} n @param {number} sigma */
export function parzenLog(x, samples, n, sigma) {
  const rate = 0.5 / (sigma * sigma);
  let nearest = Infinity;
  for (let i = 0; i < n; i++) nearest = Math.min(nearest, (x - samples[i]) ** 2);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const exponent = rate * (nearest - (x - samples[i]) ** 2);
    if (exponent > -40) sum += Math.exp(exponent); // the nearest alone gives 1: below exp(-40) nothing is added
  }
  return Math.log(sum / n) - rate * nearest - Math.log(sigma * SQRT_2PI);
}

/** @param {number[]} points @param {number[]} samples @param {number} n @param {number} sigma */
export function parzenMean(points, samples, n, sigma) {
  let sum = 0;
  for (const x of points) sum += parzenLog(x, samples, n, sigma);
  return sum / points.length;
}

/**
 * The place of the maximum of a curve given on an even grid, refined by the parabola through its three highest points.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys
 */
export function peakOf(xs, ys) {
  let best = 0;
  for (let i = 1; i < ys.length; i++) if (ys[i] > ys[best]) best = i;
  if (best === 0 || best === ys.length - 1) return xs[best];
  const [a, b, c] = [ys[best - 1], ys[best], ys[best + 1]];
  return xs[best] + (0.5 * (xs[best + 1] - xs[best]) * (a - c)) / (a - 2 * b + c);
}

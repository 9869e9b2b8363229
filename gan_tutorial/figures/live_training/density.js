// @ts-check
// density.js: densities of the live figure: p_data as masses of cells, p_g pushed through G, and how far apart.
//
// The line from -REACH to REACH is cut into CELLS cells. p_data is constant on each,
// so its samples, its masses and everything computed from them are exact. p_g is known by the mass
// that G carries into each cell, with no sampling: JSD and W1 have no noise.

import { fillNormal, fillUniform } from "../engine/engine.js";
import { forward, makePass } from "../engine/network.js";
import { gaussianMixture } from "../mathematics/densities.js";
import { wassersteinOfCells } from "../mathematics/masses.js";
import { normalPdf } from "../mathematics/normal.js";

/** @typedef {import("../engine/network.js").Network} Network */

/**
 * The noise: zero outside ±reach, or as good as; `fill` draws a multiple of 8 of it.
 * @typedef {{ reach: number, density: (z: number) => number, fill: (random: import("../engine/engine.js").Random, place: number, count: number) => void }} Prior
 */

/**
 * p_g's mass in every cell, and what it is computed with. `left` and `right` are the masses that left the picture, `beyond` how
 * far they went, times mass. G is `monotone` where no two places of z have one image.
 * @typedef {object} Push
 * @property {import("../engine/network.js").Pass} pass @property {Float64Array} weights @property {Float64Array} masses
 * @property {number} left @property {number} right @property {number} beyond @property {boolean} monotone @property {boolean} finite
 * @property {number} mean @property {number} spread
 */

export const REACH = 6;
export const CELLS = 120;
export const CELL = (2 * REACH) / CELLS;
export const COLUMNS = 60; // a drawing has one height, a base-36 digit, for every two cells

/** @param {number} cell */
export const centreOf = (cell) => -REACH + (cell + 0.5) * CELL;

/** @type {Record<string, import("../mathematics/densities.js").Density>} */
export const DATA = {
  "one-bell": gaussianMixture([1.5], [0.6], [1]),
  "two-bells": gaussianMixture([-1.5, 1.5], [0.5, 0.5], [0.5, 0.5]),
  "three-bells": gaussianMixture([-3, 0, 3], [0.4, 0.4, 0.4], [0.3, 0.4, 0.3]),
  "far-bell": gaussianMixture([4], [0.4], [1]),
  lopsided: gaussianMixture([-2, 1], [0.4, 0.9], [0.25, 0.75]),
};

const GRAIN = 2 ** -30;

/**
 * Masses of the cells, summing to 1: of a named density, or of "drawn" heights. Browsers differ in the last bit of an
 * exponential, and a run must not: a density counts in whole grains.
 * @param {string} name @param {string} drawing
 */
export function dataMasses(name, drawing) {
  const masses = new Float64Array(CELLS);
  for (let i = 0; i < CELLS; i++) {
    masses[i] = name === "drawn" ? parseInt(drawing[i >> 1], 36) || 0 : Math.round(DATA[name].pdf(centreOf(i)) / GRAIN);
  }
  let total = masses.reduce((a, b) => a + b, 0);
  if (!(total > 0)) { masses.fill(1); total = CELLS; } // nothing drawn yet: all alike
  return masses.map((mass) => mass / total);
}

/** A function of one uniform number that samples the cells: the inverse distribution function. @param {Float64Array} masses */
export function makeSampler(masses) {
  const below = new Float64Array(CELLS + 1);
  for (let i = 0; i < CELLS; i++) below[i + 1] = below[i] + masses[i];
  return (/** @type {number} */ u) => {
    let low = 0, high = CELLS;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (below[middle] <= u * below[CELLS]) low = middle;
      else high = middle;
    }
    const mass = masses[low] || 1;
    return -REACH + (low + (u * below[CELLS] - below[low]) / mass) * CELL;
  };
}

/** The noise has variance 1 either way: N(0, 1), or uniform on +-sqrt(3), the paper's choice for MNIST. @type {Record<string, Prior>} */
export const PRIORS = {
  normal: { reach: 5, density: normalPdf, fill: fillNormal },
  uniform: {
    reach: Math.sqrt(3),
    density: () => 1 / (2 * Math.sqrt(3)),
    fill(random, place, count) {
      fillUniform(random, place, count);
      const z = random.engine.floats(place, count);
      for (let i = 0; i < count; i++) z[i] = Math.sqrt(3) * (2 * z[i] - 1);
    },
  },
};

/**
 * Everything needed to push the prior's mass through a generator, again and again.
 * @param {Network} generator @param {string} prior @param {number} slices @returns {Push}
 */
export function makePush(generator, prior, slices = 512) {
  const { reach, density } = PRIORS[prior];
  const pass = makePass(generator, slices + 1, { onlyForward: true }), step = (2 * reach) / slices;
  const weights = new Float64Array(slices); // masses of the slices of z, by Simpson's rule
  const grid = generator.engine.floats(pass.input, slices + 1);
  for (let i = 0; i <= slices; i++) grid[i] = -reach + i * step;
  for (let i = 0; i < slices; i++) {
    const z = -reach + i * step;
    weights[i] = density(z) + 4 * density(z + step / 2) + density(z + step);
  }
  const total = weights.reduce((a, b) => a + b, 0);
  return { pass, weights: weights.map((w) => w / total), masses: new Float64Array(CELLS),
    left: 0, right: 0, beyond: 0, monotone: true, finite: true, mean: 0, spread: 0 };
}

const ROUNDING = 2 ** -17; // of G's output, in its own size: what turns back by less does not fold

/**
 * p_g's mass in every cell. A slice of z is carried to the interval between the images of its ends
 * and spread evenly over it. Where G is monotone this is p_g itself, averaged over the cell (up to
 * the square of the slice's width); where G folds, it is a histogram of the slices. If G is
 * no longer finite, nothing but `finite` changes.
 * @param {Push} push @param {Network} generator
 */
export function pushForward(push, generator) {
  const { pass, weights, masses } = push;
  forward(generator, pass);
  const x = generator.engine.floats(pass.output, pass.batch);
  let ups = 0, downs = 0, mean = 0, square = 0;
  for (let i = 0; i < weights.length; i++) {
    const a = x[i], b = x[i + 1], middle = (a + b) / 2;
    const rounding = ROUNDING * (1 + Math.abs(a));
    if (b > a + rounding) ups += 1;
    if (b < a - rounding) downs += 1;
    mean += weights[i] * middle;
    square += weights[i] * (middle * middle + ((b - a) * (b - a)) / 12);
  }
  push.finite = Number.isFinite(square);
  if (!push.finite) return;
  push.monotone = ups === 0 || downs === 0;
  push.mean = mean;
  push.spread = Math.sqrt(Math.max(0, square - mean * mean));
  masses.fill(0);
  push.left = push.right = push.beyond = 0;
  for (let i = 0; i < weights.length; i++) {
    spreadMass(push, weights[i], Math.min(x[i], x[i + 1]), Math.max(x[i], x[i + 1]));
  }
}

/** Add a mass, even on [left, right], to the cells it covers. @param {Push} push @param {number} mass @param {number} left @param {number} right */
function spreadMass(push, mass, left, right) {
  const middle = (left + right) / 2;
  if (Math.abs(middle) >= REACH) { // slices are thin: each stays or goes as a whole
    if (middle < 0) push.left += mass;
    else push.right += mass;
    push.beyond += mass * (Math.abs(middle) - REACH);
    return;
  }
  const from = Math.max(0, (left + REACH) / CELL);
  const to = Math.min(CELLS, (right + REACH) / CELL);
  const first = Math.min(CELLS - 1, Math.floor(from));
  const last = Math.min(CELLS - 1, Math.floor(to));
  if (first === last) push.masses[first] += mass;
  else {
    const perCell = mass / (to - from);
    push.masses[first] += perCell * (first + 1 - from);
    for (let cell = first + 1; cell < last; cell++) push.masses[cell] += perCell;
    push.masses[last] += perCell * (to - last);
  }
}

/** W1 from p_data's masses, with the way back from outside the picture. @param {Float64Array} data @param {Push} push */
export const w1To = (data, { masses, left, beyond }) => wassersteinOfCells(data, masses, CELL, left) + beyond;

// @ts-check
// sheet.js: the noise as a sheet (or a thread) that G carries into the plane, and p_g as the mass that comes to lie in each cell.

import { fillNormal, fillUniform } from "../engine/engine.js";
import { forward, makePass } from "../engine/network.js";
import { normalPdf } from "../mathematics/normal.js";
import { addSegment, addTriangle, clear, makeCanvas, settle } from "./cells.js";

/** @typedef {import("../engine/network.js").Network} Network */

/**
 * `dimensions` is how many inputs G has; a `thread` is noise along a curve. `fill` draws `stride` samples, a coordinate after
 * the other. `place` gives the point of z at a share of the way through the noise, `density` what weighs it there.
 * @typedef {object} Noise
 * @property {number} dimensions @property {boolean} thread
 * @property {(random: import("../engine/engine.js").Random, place: number, stride: number) => void} fill
 * @property {(share: number) => number[]} place coordinates of a thread; of a sheet each of the two is placed alike
 * @property {(z: number) => number} density up to a factor
 */

const ROOT3 = Math.sqrt(3); // noise of variance 1 each way, but for the circle
const FAR = 4; // of normal noise: 6 in 100,000 lie beyond

/** @param {import("../engine/engine.js").Random} random @param {number} place @param {number} count */
function fillBlock(random, place, count) {
  fillUniform(random, place, count);
  const z = random.engine.floats(place, count);
  for (let i = 0; i < count; i++) z[i] = ROOT3 * (2 * z[i] - 1);
}

/** Directions of normal numbers. @type {Noise["fill"]} */
function fillCircle(random, place, stride) {
  fillNormal(random, place, 2 * stride);
  const z = random.engine.floats(place, 2 * stride);
  for (let i = 0; i < stride; i++) {
    const x = z[i], y = z[stride + i], r = Math.sqrt(x * x + y * y) || 1;
    z[i] = x / r;
    z[stride + i] = y / r;
  }
}

const flat = () => 1;
const ofBlock = (/** @type {number} */ share) => [ROOT3 * (2 * share - 1)], ofBell = (/** @type {number} */ share) => [FAR * (2 * share - 1)];

/** @type {Record<string, Noise>} */
export const NOISES = {
  "uniform-2d": { dimensions: 2, thread: false, fill: (random, place, stride) => fillBlock(random, place, 2 * stride), place: ofBlock, density: flat },
  "normal-2d": { dimensions: 2, thread: false, fill: (random, place, stride) => fillNormal(random, place, 2 * stride), place: ofBell, density: normalPdf },
  "uniform-1d": { dimensions: 1, thread: true, fill: fillBlock, place: ofBlock, density: flat },
  "normal-1d": { dimensions: 1, thread: true, fill: fillNormal, place: ofBell, density: normalPdf },
  circle: {
    dimensions: 2, thread: true, fill: fillCircle, density: flat,
    place: (share) => [Math.cos(2 * Math.PI * share), Math.sin(2 * Math.PI * share)],
  },
};

const SHEET = 48; // pieces of noise each way
const THREAD = 2048;

/**
 * `z` are the corners of the pieces, a coordinate after the other, and pass.output their images; a sheet's corners lie in
 * `side` + 1 rows of as many. `weights` are the masses of the pieces.
 * @typedef {object} Sheet
 * @property {Noise} noise @property {number} side @property {number} corners @property {Float32Array} z @property {Float64Array} weights
 * @property {import("../engine/network.js").Pass} pass @property {import("./cells.js").Canvas} canvas
 * @property {boolean} finite @property {number} outside the mass that left the picture
 */

/** @param {Network} generator @param {string} name of the noise @returns {Sheet} */
export function makeSheet(generator, name) {
  const noise = NOISES[name], side = noise.thread ? THREAD : SHEET, row = side + 1, corners = noise.thread ? row : row * row;
  const pass = makePass(generator, corners, { onlyForward: true }), { floats } = generator.engine;
  const z = floats(pass.input, noise.dimensions * pass.stride);
  for (let i = 0; i < corners; i++) {
    const place = noise.thread ? noise.place(i / side) : [...noise.place((i % row) / side), ...noise.place(Math.floor(i / row) / side)];
    place.forEach((coordinate, d) => { z[d * pass.stride + i] = coordinate; });
  }
  const line = Float64Array.from({ length: side }, (_, i) => massBetween(noise, i / side, (i + 1) / side));
  const weights = noise.thread ? line : Float64Array.from({ length: side * side }, (_, i) => line[i % side] * line[Math.floor(i / side)]);
  const total = weights.reduce((a, b) => a + b, 0);
  return { noise, side, corners, z: z.slice(), weights: weights.map((w) => w / total), pass, canvas: makeCanvas(), finite: true, outside: 0 };
}

/** By Simpson's rule. @param {Noise} noise @param {number} from @param {number} to */
function massBetween({ place, density }, from, to) {
  const at = (/** @type {number} */ share) => density(place(share)[0]);
  return at(from) + 4 * at((from + to) / 2) + at(to);
}

/**
 * p_g's mass in every cell. Where G is affine on each piece this is exact; else up to the square of a piece's width. If G is
 * no longer finite, nothing but `finite` changes.
 * @param {Sheet} sheet @param {Network} generator
 */
export function carry(sheet, generator) {
  const { noise, side, corners, weights, pass, canvas } = sheet;
  forward(generator, pass);
  const image = generator.engine.floats(pass.output, 2 * pass.stride), x = image.subarray(0, corners), y = image.subarray(pass.stride, pass.stride + corners);
  sheet.finite = x.every(Number.isFinite) && y.every(Number.isFinite);
  if (!sheet.finite) return;
  clear(canvas);
  if (noise.thread) for (let i = 0; i < side; i++) addSegment(canvas, weights[i], x[i], y[i], x[i + 1], y[i + 1]);
  else {
    for (let k = 0; k < weights.length; k++) {
      const a = Math.floor(k / side) * (side + 1) + (k % side), b = a + 1, c = a + side + 1, d = c + 1, half = weights[k] / 2;
      addTriangle(canvas, half, x[a], y[a], x[b], y[b], x[d], y[d]);
      addTriangle(canvas, half, x[a], y[a], x[d], y[d], x[c], y[c]);
    }
    settle(canvas);
  }
  sheet.outside = Math.max(0, 1 - canvas.masses.reduce((a, b) => a + b, 0));
}

/**
 * How the mass is shared out among the pieces of the data: pieces[i] is what is good and belongs to piece i; each piece of
 * noise counts where its middle comes to lie.
 * @param {Sheet} sheet @param {import("./data.js").Source} source @param {import("../engine/engine.js").Engine} engine @param {Float64Array} pieces
 */
export function shareOut({ noise, side, weights, pass }, source, engine, pieces) {
  const image = engine.floats(pass.output, 2 * pass.stride), { stride } = pass;
  let good = 0;
  pieces.fill(0);
  for (let k = 0; k < weights.length; k++) {
    const corner = noise.thread ? k : Math.floor(k / side) * (side + 1) + (k % side), opposite = noise.thread ? k + 1 : corner + side + 2;
    const piece = source.pieceOf((image[corner] + image[opposite]) / 2, (image[stride + corner] + image[stride + opposite]) / 2);
    if (piece < 0) continue;
    good += weights[k];
    if (piece < pieces.length) pieces[piece] += weights[k];
  }
  return good;
}

// @ts-check
// data.js: the distributions that the plane's generator has to learn: how they are drawn, their masses in the cells, and when a
// sample is a good one.
//
// All are equal shares of simple pieces: bells of one width around centres, squares of a drawing, or a stretch of a line. What
// a run draws comes from the engine's random numbers with + - * / alone; centres on curves are got by turning a step by a
// fixed angle, so that no sine is needed.

import { fillNormal, fillUniform } from "../engine/engine.js";
import { COUNT, REACH, SIDE, addBell, addSegment, makeCanvas } from "./cells.js";

/** @typedef {import("../engine/engine.js").Random} Random */

/**
 * `fill` draws samples: their x at `place`, their y behind them; at `choice` it may leave anything. `pieceOf` gives the piece
 * that a point belongs to, and -1 for a point that is not good. `modes` is the number of pieces where these are modes, else 0.
 * @typedef {object} Source
 * @property {number} modes @property {Float64Array} masses of the cells
 * @property {(random: Random, place: number, stride: number, choice: number) => void} fill
 * @property {(x: number, y: number) => number} pieceOf
 */

export const PIXELS = 32; // a drawing has so many squares each way
export const PIXEL = (2 * REACH) / PIXELS;
export const BLANK = "0".repeat((PIXELS * PIXELS) / 4);

/** The letter G, row by row from below, four squares to a digit of base 16. */
export const LETTER = "0000000000000000000000000000000000000000000ff000003ffc00007ffe0000f81f0001e0078007c0038007c003c0078001c0078001c007fe01c007fe00e007fe00e0000001c0000001c0000001c0000003c00040038000e0078000f81f00007ffe00003ffc00000ff0000000000000000000000000000000000000000000";

const DIAGONAL = 1.4142135623730951;
/** @type {[number, number][]} */
const RING = [[2, 0], [DIAGONAL, DIAGONAL], [0, 2], [-DIAGONAL, DIAGONAL], [-2, 0], [-DIAGONAL, -DIAGONAL], [0, -2], [DIAGONAL, -DIAGONAL]];
const STEPS = [-2, -1, 0, 1, 2];

/**
 * count points, the first at (x, y), each turned around the origin from the one before and stretched by a factor.
 * @param {number} count @param {number} x @param {number} y @param {number} cosine @param {number} sine @param {number} factor
 */
function turned(count, x, y, cosine, sine, factor = 1) {
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i < count; i++) {
    points.push([x, y]);
    [x, y] = [factor * (cosine * x - sine * y), factor * (sine * x + cosine * y)];
  }
  return points;
}

const HALF = turned(33, 1.3, 0, 0.9951847266721969, 0.0980171403295606); // a half circle in 32 steps of 180/32 degrees
/** @type {[number, number][]} */
const MOONS = [...HALF.map(([x, y]) => /** @type {[number, number]} */ ([x - 0.65, y - 0.3])), ...HALF.map(([x, y]) => /** @type {[number, number]} */ ([0.65 - x, 0.3 - y]))];
const SPIRAL = turned(80, 0.5, 0, 0.9876883405951378, 0.15643446504023087, 1.0195); // 80 steps of 9 degrees

/** Centres, the bells' standard deviation, and whether each bell is a mode. @type {Record<string, { centres: [number, number][], std: number, modes: boolean }>} */
const BELLS = {
  ring: { centres: RING, std: 0.15, modes: true },
  grid: { centres: STEPS.flatMap((y) => STEPS.map((x) => /** @type {[number, number]} */ ([x, y]))), std: 0.1, modes: true },
  moons: { centres: MOONS, std: 0.1, modes: false },
  spiral: { centres: SPIRAL, std: 0.07, modes: false },
  "far-bells": { centres: [[-2, -1.5], [2, 1.5]], std: 0.25, modes: true },
};
const LINE = [-2, -1, 2, 1]; // from here to there
const NEAR = 0.05; // of the line, for a sample to be a good one
const GOOD = 3; // standard deviations from a centre

export const DATA = [...Object.keys(BELLS), "line", "letter", "drawn"];

/** @param {string} name @param {string} drawing @returns {Source} */
export function makeSource(name, drawing) {
  if (name === "line") return lineSource();
  if (name in BELLS) return bellSource(BELLS[name]);
  return drawingSource(name === "letter" ? LETTER : drawing);
}

/** @param {{ centres: [number, number][], std: number, modes: boolean }} bells @returns {Source} */
function bellSource({ centres, std, modes }) {
  const masses = new Float64Array(COUNT), reach = (GOOD * std) ** 2;
  for (const [x, y] of centres) addBell(masses, 1 / centres.length, x, y, std);
  return {
    modes: modes ? centres.length : 0,
    masses,
    fill(random, place, stride, choice) {
      fillNormal(random, place, 2 * stride);
      fillUniform(random, choice, stride);
      const sample = random.engine.floats(place, 2 * stride), u = random.engine.floats(choice, stride);
      for (let i = 0; i < stride; i++) {
        const [x, y] = centres[Math.floor(u[i] * centres.length)];
        sample[i] = x + std * sample[i];
        sample[stride + i] = y + std * sample[stride + i];
      }
    },
    pieceOf(x, y) {
      let best = reach, piece = -1;
      for (let c = 0; c < centres.length; c++) {
        const square = (x - centres[c][0]) ** 2 + (y - centres[c][1]) ** 2;
        if (square <= best) [best, piece] = [square, c];
      }
      return piece;
    },
  };
}

/** @returns {Source} */
function lineSource() {
  const [ax, ay, bx, by] = LINE, dx = bx - ax, dy = by - ay, canvas = makeCanvas();
  addSegment(canvas, 1, ax, ay, bx, by);
  return {
    modes: 0,
    masses: canvas.masses,
    fill(random, place, stride, choice) {
      fillUniform(random, choice, stride);
      const sample = random.engine.floats(place, 2 * stride), u = random.engine.floats(choice, stride);
      for (let i = 0; i < stride; i++) {
        sample[i] = ax + dx * u[i];
        sample[stride + i] = ay + dy * u[i];
      }
    },
    pieceOf(x, y) {
      const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
      return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2 <= NEAR * NEAR ? 0 : -1;
    },
  };
}

/** The squares of a drawing that have ink; all of them while nothing is drawn. @param {string} drawing */
function inkOf(drawing) {
  const all = Array.from({ length: PIXELS * PIXELS }, (_, i) => i), inked = all.filter((i) => hasInk(drawing, i));
  return inked.length > 0 ? inked : all;
}

/** In a row of 32 squares the first is the lowest bit of the last of eight digits. @param {number} pixel */
const digitOf = (pixel) => 8 * Math.floor(pixel / PIXELS) + 7 - ((pixel % PIXELS) >> 2);

/** @param {string} drawing @param {number} pixel row by row from below */
export const hasInk = (drawing, pixel) => ((parseInt(drawing[digitOf(pixel)], 16) >> (pixel & 3)) & 1) === 1;

/** The drawing with ink, or none, on the squares named. @param {string} drawing @param {number[]} pixels @param {boolean} ink */
export function inked(drawing, pixels, ink) {
  const digits = [...drawing];
  for (const pixel of pixels) {
    const at = digitOf(pixel), bit = 1 << (pixel & 3), digit = parseInt(digits[at], 16);
    digits[at] = (ink ? digit | bit : digit & ~bit).toString(16);
  }
  return digits.join("");
}

/** @param {string} drawing @returns {Source} */
function drawingSource(drawing) {
  const pixels = inkOf(drawing), has = new Set(pixels), masses = new Float64Array(COUNT), wide = SIDE / PIXELS;
  for (const pixel of pixels) {
    for (let k = 0; k < wide * wide; k++) {
      const column = wide * (pixel % PIXELS) + (k % wide), row = wide * Math.floor(pixel / PIXELS) + Math.floor(k / wide);
      masses[row * SIDE + column] += 1 / (pixels.length * wide * wide);
    }
  }
  return {
    modes: 0,
    masses,
    fill(random, place, stride, choice) {
      fillUniform(random, place, 2 * stride);
      fillUniform(random, choice, stride);
      const sample = random.engine.floats(place, 2 * stride), u = random.engine.floats(choice, stride);
      for (let i = 0; i < stride; i++) {
        const pixel = pixels[Math.floor(u[i] * pixels.length)];
        sample[i] = -REACH + PIXEL * ((pixel % PIXELS) + sample[i]);
        sample[stride + i] = -REACH + PIXEL * (Math.floor(pixel / PIXELS) + sample[stride + i]);
      }
    },
    pieceOf: (x, y) => (has.has(pixelAt(x, y)) ? 0 : -1),
  };
}

/** The place of a point among a drawing's squares, or -1. @param {number} x @param {number} y */
export function pixelAt(x, y) {
  const column = Math.floor((x + REACH) / PIXEL), row = Math.floor((y + REACH) / PIXEL);
  return column >= 0 && column < PIXELS && row >= 0 && row < PIXELS ? row * PIXELS + column : -1;
}

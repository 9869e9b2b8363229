// @ts-check
// engine.js: memory, kernels and random numbers for networks that train in the page, in float32.
//
// The kernels (kernels.simd) run as WebAssembly where that has SIMD, else as JavaScript; both give the same bits, on every
// machine. They work on one memory, in which a place is a number of bytes from its start: `take` reserves one, `floats`
// shows it as an array. What is shown is only good until the next `take`, which may move the memory.

import { WASM, makeKernels } from "./compiled.js";

/** @typedef {Record<string, (...numbers: number[]) => number>} Kernels */

/**
 * @typedef {object} Engine
 * @property {boolean} simd whether the kernels are WebAssembly @property {Kernels} kernels
 * @property {(count: number) => number} take reserve so many floats, which are 0; gives their place, a multiple of 16 bytes
 * @property {(place: number, count: number) => Float32Array} floats
 * @property {(place: number, count: number) => Float64Array} doubles
 * @property {() => number} used bytes reserved so far
 * @property {(count: number) => Uint8Array} save a copy of the first bytes
 * @property {(bytes: Uint8Array) => void} load put such a copy back
 * @property {() => void} clear forget all that was reserved
 */

const FIRST = 64; // place 0 stays free: it means "none"
const PAGE = 65536;

/** @type {WebAssembly.Module | null | undefined} */
let compiled;

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** As `atob`, which not every engine has that draws the figures. @param {string} text */
function fromBase64(text) {
  const digits = Array.from(text.replace(/=+$/, ""), (digit) => DIGITS.indexOf(digit));
  return Uint8Array.from({ length: (6 * digits.length) >> 3 }, (_, i) => {
    const at = Math.floor((8 * i) / 6), shift = 2 * (i % 3) + 2; // a byte spans two digits
    return (digits[at] << shift) | (digits[at + 1] >> (6 - shift));
  });
}

/** The kernels as WebAssembly; null where it has no SIMD, or may not be compiled here and now. */
function compile() {
  if (compiled !== undefined) return compiled;
  try {
    const bytes = fromBase64(WASM);
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  } catch {
    compiled = null;
  }
  return compiled;
}

/** An engine with a memory of its own. @param {{ simd?: boolean }} wanted @returns {Engine} */
export function makeEngine({ simd = true } = {}) {
  const module = simd ? compile() : null;
  const memory = module === null ? plainMemory() : wasmMemory(module);
  let top = FIRST;
  /** @type {Engine} */
  const engine = {
    simd: module !== null,
    kernels: memory.kernels(),
    take(count) {
      const place = top;
      top += (4 * count + 15) & ~15;
      const size = memory.buffer().byteLength;
      if (top > size) {
        memory.grow(Math.max(Math.ceil((top - size) / PAGE), size / PAGE));
        engine.kernels = memory.kernels();
      }
      return place;
    },
    floats: (place, count) => new Float32Array(memory.buffer(), place, count),
    doubles: (place, count) => new Float64Array(memory.buffer(), place, count),
    used: () => top,
    save: (count) => new Uint8Array(memory.buffer()).slice(0, count),
    load: (bytes) => new Uint8Array(memory.buffer()).set(bytes),
    clear() {
      new Uint8Array(memory.buffer()).fill(0, 0, top);
      top = FIRST;
    },
  };
  return engine;
}

/** @param {WebAssembly.Module} module */
function wasmMemory(module) {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const kernels = /** @type {any} */ (new WebAssembly.Instance(module, { engine: { memory } }).exports);
  return { kernels: () => kernels, buffer: () => memory.buffer, grow: (/** @type {number} */ pages) => memory.grow(pages) };
}

function plainMemory() {
  let buffer = new ArrayBuffer(16 * PAGE);
  return {
    kernels: () => /** @type {Kernels} */ (makeKernels(buffer)),
    buffer: () => buffer,
    grow(/** @type {number} */ pages) {
      const larger = new ArrayBuffer(buffer.byteLength + pages * PAGE);
      new Uint8Array(larger).set(new Uint8Array(buffer));
      buffer = larger;
    },
  };
}

// ---------------------------------------------------------------- random numbers

/** @typedef {{ engine: Engine, state: number }} Random */

/** A source of random numbers, decided by its seed. @param {Engine} engine @param {number} seed @returns {Random} */
export function makeRandom(engine, seed) {
  const state = engine.take(16);
  const words = new Int32Array(engine.floats(state, 16).buffer, state, 16);
  for (let lane = 0; lane < 4; lane++) {
    [0x9e3779b9, 0x243f6a88, 4 * seed + lane, 1].forEach((word, row) => { words[4 * row + lane] = word; });
  }
  const scratch = engine.take(64);
  engine.kernels.uniform(state, scratch, 64); // nearby seeds forget each other
  return { engine, state };
}

/** count numbers uniform on (0, 1), a multiple of 4. @param {Random} random @param {number} place @param {number} count */
export function fillUniform({ engine, state }, place, count) {
  engine.kernels.uniform(state, place, count);
}

/** count numbers of N(0, 1), a multiple of 8. @param {Random} random @param {number} place @param {number} count */
export function fillNormal({ engine, state }, place, count) {
  engine.kernels.uniform(state, place, count);
  engine.kernels.normal(place, count);
}

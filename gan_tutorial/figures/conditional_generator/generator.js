// @ts-check
// A trained generator, run in the page. Its file is described in gan_tutorial/recorded/__init__.py, which reads it
// for torch; tests/test_figures_conditional.py holds the two to each other.

import { sigmoid } from "../mathematics/logistic.js";

/** @typedef {{ inputs: number, units: number, weight: Float32Array, bias: Float64Array, out: Float64Array }} Layer */
/** @typedef {{ classes: number, dim: number, pixels: number, layers: Layer[], input: Float64Array }} Generator dim is that of z */

const LEAK = 0.2;

/** The generator in the bytes (a Uint8Array) of its file: number of classes, and layers of weights and biases. @param {Uint8Array} bytes */
export function readGenerator(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = (/** @type {number} */ index) => view.getUint32(4 + 4 * index, true);
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== "GANG") throw new Error("not a generator's file");
  const [classes, count] = [whole(0), whole(1)];
  const widths = Array.from({ length: count + 1 }, (_, i) => whole(2 + i));
  let floats = 4 * (4 + count);
  let weights = floats + 8 * widths.slice(1).reduce((sum, width) => sum + width);
  /** @type {Layer[]} */
  const layers = [];
  for (let l = 0; l < count; l++) {
    const [inputs, units] = [widths[l], widths[l + 1]];
    const layer = { inputs, units, weight: new Float32Array(units * inputs), bias: new Float64Array(units), out: new Float64Array(units) };
    for (let unit = 0; unit < units; unit++) {
      const scale = view.getFloat32(floats + 4 * unit, true);
      layer.bias[unit] = view.getFloat32(floats + 4 * (units + unit), true);
      for (let i = unit * inputs; i < (unit + 1) * inputs; i++) layer.weight[i] = scale * view.getInt8(weights + i);
    }
    floats += 8 * units;
    weights += units * inputs;
    layers.push(layer);
  }
  return { classes, dim: widths[0] - classes, pixels: widths[count], layers, input: new Float64Array(widths[0]) };
}

/** layer.out = weight x + bias, four units at a time: every width is a multiple of four. @param {Layer} layer @param {Float64Array} x */
function applyLayer({ inputs, units, weight, bias, out }, x) {
  for (let unit = 0; unit < units; unit += 4) {
    let a = bias[unit], b = bias[unit + 1], c = bias[unit + 2], d = bias[unit + 3];
    let first = unit * inputs, second = first + inputs, third = second + inputs, fourth = third + inputs;
    for (let i = 0; i < inputs; i++) {
      const value = x[i];
      a += weight[first++] * value;
      b += weight[second++] * value;
      c += weight[third++] * value;
      d += weight[fourth++] * value;
    }
    out[unit] = a, out[unit + 1] = b, out[unit + 2] = c, out[unit + 3] = d;
  }
}

/**
 * G(z | code): the picture's pixels in [0, 1], in an array that the next call overwrites.
 * @param {Generator} generator @param {ArrayLike<number>} z @param {number[]} code
 */
export function generate(generator, z, code) {
  const { layers, input, dim } = generator;
  input.set(z);
  input.set(code, dim);
  let x = input;
  for (const layer of layers) {
    applyLayer(layer, x);
    x = layer.out;
    const last = layer === layers[layers.length - 1];
    if (last) for (let i = 0; i < x.length; i++) x[i] = sigmoid(x[i]);
    else for (let i = 0; i < x.length; i++) x[i] = x[i] > 0 ? x[i] : LEAK * x[i];
  }
  return x;
}

/**
 * The code (1 - share) e_label + share e_other; without a share, the label's own.
 * @param {number} classes @param {number} label @param {number} other @param {number} share @returns {number[]}
 */
export function codeOf(classes, label, other = label, share = 0) {
  const code = new Array(classes).fill(0);
  code[label] += 1 - share;
  code[other] += share;
  return code;
}

// @ts-check
// reader.js: a small trained network that reads a digit, or says that it is none (gan_tutorial/metrics/reader.py).

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** Weights come row by row of `outputs`. A convolution has `size` x `size` weights for each input plane and goes on by two pixels. @typedef {{ inputs: number, outputs: number, size: number, side: number, weight: Float32Array, bias: Float32Array }} Layer */

export const NO_DIGIT = 10;
const LEAK = 0.2;
const SHAPES = [[1, 12, 5], [12, 24, 3], [24, 32, 3], [32 * 16, 48, 0], [48, 11, 0]]; // inputs, outputs, side of the filter; 0: all to all

/** The network in its bytes: of each layer the scales and biases of its outputs, float32, then the weights as whole numbers. @param {Uint8Array} bytes @returns {Layer[]} */
export function readReader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0, side = SIDE;
  return SHAPES.map(([inputs, outputs, size]) => {
    const each = inputs * Math.max(1, size * size), weight = new Float32Array(outputs * each), bias = new Float32Array(outputs), first = at + 8 * outputs;
    for (let o = 0; o < outputs; o++) {
      const scale = view.getFloat32(at + 4 * o, true);
      bias[o] = view.getFloat32(at + 4 * (outputs + o), true);
      for (let i = 0; i < each; i++) weight[o * each + i] = scale * view.getInt8(first + o * each + i);
    }
    at = first + outputs * each;
    const layer = { inputs, outputs, size, side, weight, bias };
    side = (side + 1) >> 1;
    return layer;
  });
}

/** Zeros around the picture, every other place. @param {Layer} layer @param {Float32Array} x */
function convolve({ inputs, outputs, size, side, weight, bias }, x) {
  const half = size >> 1, end = (side + 1) >> 1, out = new Float32Array(outputs * end * end);
  for (let o = 0; o < outputs; o++) {
    const plane = out.subarray(o * end * end, (o + 1) * end * end).fill(bias[o]);
    for (let c = 0; c < inputs; c++) {
      for (let dy = -half; dy <= half; dy++) {
        for (let dx = -half; dx <= half; dx++) {
          const w = weight[((o * inputs + c) * size + dy + half) * size + dx + half];
          for (let i = dy < 0 ? (1 - dy) >> 1 : 0; i < end && 2 * i + dy < side; i++) {
            const from = c * side * side + (2 * i + dy) * side + dx;
            for (let j = dx < 0 ? (1 - dx) >> 1 : 0; j < end && 2 * j + dx < side; j++) plane[i * end + j] += w * x[from + 2 * j];
          }
        }
      }
    }
  }
  return out;
}

/** @param {Layer} layer @param {Float32Array} x */
function connect({ inputs, outputs, weight, bias }, x) {
  const out = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let sum = bias[o];
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[i];
    out[o] = sum;
  }
  return out;
}

/** The scores of the ten digits and of "no digit", for pixels from 0, which is paper, to 1. @param {Layer[]} layers @param {Float32Array} pixels */
export function scoresOfDigit(layers, pixels) {
  return layers.reduce((x, layer, l) => {
    const out = layer.size > 0 ? convolve(layer, x) : connect(layer, x);
    if (l + 1 < layers.length) for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] *= LEAK;
    return out;
  }, pixels.map((ink) => 2 * ink - 1));
}

/** The digit, or NO_DIGIT. @param {Layer[]} layers @param {Float32Array} pixels */
export function read(layers, pixels) {
  const scores = scoresOfDigit(layers, pixels);
  return scores.reduce((best, score, i) => (score > scores[best] ? i : best), 0);
}

/**
 * Of so many pictures, a column each of an array with a row for each pixel: what is read in each.
 * @param {Layer[]} layers @param {Float32Array} rows @param {number} stride @param {number} count
 */
export function readAll(layers, rows, stride, count) {
  const pixels = new Float32Array(PIXELS);
  return Uint8Array.from({ length: count }, (_, i) => {
    for (let p = 0; p < PIXELS; p++) pixels[p] = rows[p * stride + i];
    return read(layers, pixels);
  });
}

/**
 * The share of pictures that are read as one of the classes, and how evenly those share the classes: their entropy in that of
 * as many equal ones; 1 is as even as can be. Of one class alone nothing can be said.
 * @param {Uint8Array} found @param {string} classes
 */
export function tally(found, classes) {
  const counts = Array.from(classes, (digit) => found.filter((each) => each === Number(digit)).length);
  const digits = counts.reduce((a, b) => a + b);
  const entropy = counts.reduce((sum, count) => (count > 0 ? sum - (count / digits) * Math.log(count / digits) : sum), 0);
  return { legible: digits / found.length, balance: digits === 0 || classes.length < 2 ? NaN : entropy / Math.log(classes.length) };
}

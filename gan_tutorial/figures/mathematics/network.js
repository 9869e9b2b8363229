// @ts-check
// A small network that trains: forward, backward, double backward.
//
// No library and no classes: a network is its arrays, and every function below works on arrays that
// were made once, so that a training step allocates nothing. A batch is stored unit by unit: sample
// i of unit j is at j * stride + i, where the stride is the batch size rounded up to a multiple of
// four (the spare samples are computed and ignored: their gradients are zero). Checked against torch
// by tests/test_live_network.py.

import { softplus } from "./logistic.js";

// ---------------------------------------------------------------- activations

/**
 * An activation in place on whole arrays. `slope` multiplies g by phi'; `bend` is phi'' / phi'. Both are functions of the
 * activation's own output a = phi(z), so z need not be kept.
 * @typedef {object} Activation
 * @property {(a: Float64Array) => void} apply @property {(a: Float64Array, g: Float64Array) => void} slope @property {(a: number) => number} bend
 */

/** @typedef {{ inputs: number, outputs: number, weight: Float64Array, bias: Float64Array, weightGradient: Float64Array, biasGradient: Float64Array }} Layer */
/** @typedef {{ sizes: number[], layers: Layer[], parameters: Float64Array, gradients: Float64Array, activation: Activation }} Network */

/**
 * The memory of one batch's way through a network, an array for each layer: values[0] is its input, deltas its gradients.
 * @typedef {object} Pass
 * @property {number} batch @property {number} stride @property {Float64Array[]} values @property {Float64Array[]} deltas
 * @property {Float64Array[]} tangents @property {Float64Array} input @property {Float64Array} output
 * @property {Float64Array} outputDelta @property {Float64Array} inputDelta
 */

const TANH_TABLE = Float64Array.from({ length: 1281 }, (_, k) => Math.tanh((k - 640) / 32));

/** tanh by its addition theorem, from the nearest entry of a table: three times Math.tanh's speed. @param {Float64Array} a */
export function applyTanh(a) {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] > 20 ? 20 : a[i] < -20 ? -20 : a[i], k = Math.floor(32 * x + 0.5);
    const r = x - k / 32, q = r * r, known = TANH_TABLE[k + 640];
    const rest = r * (1 - q * (1 / 3 - q * (2 / 15 - q * (17 / 315)))); // tanh(r), |r| <= 1/64
    a[i] = (known + rest) / (1 + known * rest);
  }
}

/**
 * Each works in place on whole arrays. `slope` multiplies g by phi'; `bend` is phi'' / phi'. Both
 * are functions of the activation's own output a = phi(z), so z need not be kept.
 * @type {Record<string, Activation>}
 */
export const ACTIVATIONS = {
  tanh: {
    apply: applyTanh,
    slope(a, g) { for (let i = 0; i < a.length; i++) g[i] *= 1 - a[i] * a[i]; },
    bend: (a) => -2 * a,
  },
  softplus: {
    apply(a) { for (let i = 0; i < a.length; i++) a[i] = softplus(a[i]); },
    slope(a, g) { for (let i = 0; i < a.length; i++) g[i] *= -Math.expm1(-a[i]); },
    bend: (a) => Math.exp(-a),
  },
  relu: {
    apply(a) { for (let i = 0; i < a.length; i++) a[i] = Math.max(0, a[i]); },
    slope(a, g) { for (let i = 0; i < a.length; i++) g[i] *= a[i] > 0 ? 1 : 0; },
    bend: () => 0,
  },
  "leaky-relu": {
    apply(a) { for (let i = 0; i < a.length; i++) a[i] = Math.max(a[i], 0.2 * a[i]); },
    slope(a, g) { for (let i = 0; i < a.length; i++) g[i] *= a[i] > 0 ? 1 : 0.2; },
    bend: () => 0,
  },
};

// ---------------------------------------------------------------- the network

/**
 * A multilayer perceptron, all of whose parameters lie in one array (weights as torch's Linear).
 * @param {number[]} sizes @param {string} activation @returns {Network}
 */
export function makeNetwork(sizes, activation) {
  let count = 0;
  for (let l = 0; l + 1 < sizes.length; l++) count += (sizes[l] + 1) * sizes[l + 1];
  const parameters = new Float64Array(count), gradients = new Float64Array(count);
  const layers = [];
  let offset = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const inputs = sizes[l], outputs = sizes[l + 1];
    const take = (/** @type {Float64Array} */ array, /** @type {number} */ from, /** @type {number} */ length) => array.subarray(offset + from, offset + from + length);
    layers.push({
      inputs, outputs,
      weight: take(parameters, 0, inputs * outputs),
      bias: take(parameters, inputs * outputs, outputs),
      weightGradient: take(gradients, 0, inputs * outputs),
      biasGradient: take(gradients, inputs * outputs, outputs),
    });
    offset += (inputs + 1) * outputs;
  }
  return { sizes, layers, parameters, gradients, activation: ACTIVATIONS[activation] };
}

/**
 * Weights and biases uniform on +-gain / sqrt(inputs): torch's default for Linear at gain 1.
 * @param {Network} network @param {() => number} random @param {number} gain
 */
export function initialize(network, random, gain = 1) {
  for (const { inputs, weight, bias } of network.layers) {
    const bound = gain / Math.sqrt(inputs);
    for (let i = 0; i < weight.length; i++) weight[i] = bound * (2 * random() - 1);
    for (let i = 0; i < bias.length; i++) bias[i] = bound * (2 * random() - 1);
  }
}

/**
 * The memory of one batch's way through a network: values[0] is its input, deltas its gradients.
 * A pass that only ever goes forward needs less.
 * @param {Network} network @param {number} batch @param {{ onlyForward?: boolean }} options @returns {Pass}
 */
export function makePass(network, batch, { onlyForward = false } = {}) {
  const stride = (batch + 3) & ~3, last = network.sizes.length - 1;
  const rows = () => network.sizes.map((size) => new Float64Array(size * stride));
  const values = rows(), deltas = onlyForward ? [] : rows(), tangents = onlyForward ? [] : rows();
  return { batch, stride, values, deltas, tangents, input: values[0], output: values[last],
    outputDelta: deltas[last], inputDelta: deltas[0] };
}

/**
 * out[j] = start[j] + sum_k weight[j * rowStep + k * columnStep] * x[k], for a whole batch. All the
 * time goes here, so eight sums (two rows, four samples) run at once; an odd last row runs twice.
 * @param {Float64Array} out @param {number} rows @param {Float64Array} weight @param {number} rowStep @param {number} columnStep @param {Float64Array} x @param {number} columns @param {number} stride @param {Float64Array | null} start
 */
function multiply(out, rows, weight, rowStep, columnStep, x, columns, stride, start) {
  for (let j = 0; j < rows; j += 2) {
    const next = Math.min(j + 1, rows - 1);
    const s = start === null ? 0 : start[j], t = start === null ? 0 : start[next];
    for (let i = 0; i < stride; i += 4) {
      let s0 = s, s1 = s, s2 = s, s3 = s, t0 = t, t1 = t, t2 = t, t3 = t;
      let w = j * rowStep, v = next * rowStep;
      for (let p = i, end = i + columns * stride; p < end; p += stride) {
        const x0 = x[p], x1 = x[p + 1], x2 = x[p + 2], x3 = x[p + 3];
        const a = weight[w], b = weight[v];
        s0 += a * x0; s1 += a * x1; s2 += a * x2; s3 += a * x3;
        t0 += b * x0; t1 += b * x1; t2 += b * x2; t3 += b * x3;
        w += columnStep; v += columnStep;
      }
      const q = j * stride + i, r = next * stride + i;
      out[q] = s0; out[q + 1] = s1; out[q + 2] = s2; out[q + 3] = s3;
      out[r] = t0; out[r + 1] = t1; out[r + 2] = t2; out[r + 3] = t3;
    }
  }
}

/** pass.input -> pass.output. @param {Network} network @param {Pass} pass */
export function forward(network, pass) {
  const { layers, activation } = network;
  for (let l = 0; l < layers.length; l++) {
    const { inputs, outputs, weight, bias } = layers[l];
    const out = pass.values[l + 1];
    multiply(out, outputs, weight, inputs, 1, pass.values[l], inputs, pass.stride, bias);
    if (l + 1 < layers.length) activation.apply(out);
  }
}

/** pass.outputDelta -> every delta (gradient before the activation), down to pass.inputDelta. @param {Network} network @param {Pass} pass */
export function backward(network, pass) {
  const { layers, activation } = network;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inputs, outputs, weight } = layers[l];
    const down = pass.deltas[l];
    multiply(down, inputs, weight, 1, inputs, pass.deltas[l + 1], outputs, pass.stride, null);
    if (l > 0) activation.slope(pass.values[l], down);
  }
}

/**
 * gradient[j, k] += sum_i g[j, i] x[k, i]: the parameters' gradient of `multiply`.
 * @param {Float64Array} gradient @param {Float64Array} g @param {number} rows @param {Float64Array} x @param {number} columns @param {number} stride
 */
function addOuter(gradient, g, rows, x, columns, stride) {
  for (let j = 0; j < rows; j++) {
    for (let k = 0; k < columns; k++) {
      let even = 0, odd = 0;
      for (let p = j * stride, q = k * stride, end = p + stride; p < end; p += 4, q += 4) {
        even += g[p] * x[q] + g[p + 2] * x[q + 2];
        odd += g[p + 1] * x[q + 1] + g[p + 3] * x[q + 3];
      }
      gradient[j * columns + k] += even + odd;
    }
  }
}

/** Add the parameters' gradients of a pass that went forward and backward to network.gradients. @param {Network} network @param {Pass} pass */
export function addGradients(network, pass) {
  const { stride, values, deltas } = pass;
  for (let l = 0; l < network.layers.length; l++) {
    const { inputs, outputs, weightGradient, biasGradient } = network.layers[l];
    addOuter(weightGradient, deltas[l + 1], outputs, values[l], inputs, stride);
    for (let j = 0; j < outputs; j++) {
      let sum = 0;
      for (let p = j * stride, end = p + stride; p < end; p++) sum += deltas[l + 1][p];
      biasGradient[j] += sum;
    }
  }
}

/**
 * Add the gradients of strength * mean((|ds/dx| - 1)^2) and return that penalty (Gulrajani et al.
 * 2017, eq. 3), for the points in pass.input. The slope u = ds/dx is the end of a backward pass, so
 * its own gradient first runs *forward* through that pass, as a tangent t that starts at
 * v = d penalty / du, and then backward through the forward pass that supplied the slopes phi'.
 * @param {Network} network @param {Pass} pass @param {number} strength
 */
export function addGradientPenalty(network, pass, strength) {
  const { layers, activation } = network, { batch, stride, values, deltas, tangents } = pass;
  forward(network, pass);
  for (let i = 0; i < batch; i++) pass.outputDelta[i] = 1;
  backward(network, pass);
  let penalty = 0;
  for (let i = 0; i < batch; i++) {
    let square = 0;
    for (let k = 0; k < layers[0].inputs; k++) square += deltas[0][k * stride + i] ** 2;
    const norm = Math.sqrt(square), excess = norm - 1;
    penalty += (strength / batch) * excess * excess;
    const pull = norm > 0 ? (2 * strength * excess) / (batch * norm) : 0;
    for (let k = 0; k < layers[0].inputs; k++) {
      tangents[0][k * stride + i] = pull * deltas[0][k * stride + i];
    }
  }
  for (let l = 0; l < layers.length; l++) { // through u = W^T delta: its gradient is delta t^T
    const { inputs, outputs, weight, weightGradient } = layers[l];
    addOuter(weightGradient, deltas[l + 1], outputs, tangents[l], inputs, stride);
    multiply(tangents[l + 1], outputs, weight, inputs, 1, tangents[l], inputs, stride, null);
    if (l + 1 < layers.length) bendTangent(activation, values[l + 1], deltas[l + 1], tangents[l + 1]);
  }
  pass.outputDelta.fill(0); // s itself is not in the penalty, only its slope is
  for (let l = layers.length - 1; l > 0; l--) { // what reached the pre-activations goes back down
    const { inputs, outputs, weight } = layers[l], below = tangents[l];
    multiply(below, inputs, weight, 1, inputs, deltas[l + 1], outputs, stride, null);
    activation.slope(values[l], below);
    for (let i = 0; i < below.length; i++) deltas[l][i] += below[i];
  }
  addGradients(network, pass);
  return penalty;
}

/**
 * Through delta = u phi'(z): the gradient in z replaces delta, the gradient in u replaces t.
 * @param {Activation} activation @param {Float64Array} a @param {Float64Array} delta @param {Float64Array} tangent
 */
function bendTangent(activation, a, delta, tangent) {
  for (let i = 0; i < a.length; i++) delta[i] *= tangent[i] * activation.bend(a[i]);
  activation.slope(a, tangent);
}

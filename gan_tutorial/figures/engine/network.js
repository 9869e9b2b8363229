// @ts-check
// network.js: a multilayer perceptron that trains on the engine: forward, backward, double backward.
//
// A network is places in the engine's memory, and so is a pass, the memory of one batch's way through it: both are made once,
// and a training step allocates nothing. How they lie there is described in kernels.simd. Checked against torch by
// tests/test_live_network.py.

import { fillUniform } from "./engine.js";

/** @typedef {import("./engine.js").Engine} Engine */

/**
 * An activation in place on whole arrays. `slope` multiplies g by phi'; `bend` multiplies delta by t phi'' / phi'. Both are
 * functions of the activation's own output a = phi(z), so z need not be kept.
 * @typedef {object} Activation
 * @property {(k: import("./engine.js").Kernels, a: number, count: number) => void} apply
 * @property {(k: import("./engine.js").Kernels, g: number, a: number, count: number) => void} slope
 * @property {(k: import("./engine.js").Kernels, delta: number, t: number, a: number, count: number) => void} bend
 */

/**
 * `width` and `height` are the inputs and outputs with their padding, and so the size of the matrix of weights.
 * @typedef {{ inputs: number, outputs: number, width: number, height: number, weight: number, bias: number, weightGradient: number, biasGradient: number }} Layer
 */

/**
 * All parameters lie in one array, so that an optimiser sees `count` numbers and no layers. `last` is the activation of the
 * output, if it has one; `keep` the share of hidden units that dropout leaves. `blur` says how often the output, a square picture,
 * is blurred before that activation, so that neighbouring points are learned together. With `classes` the last layer has an output
 * for each label, and what counts for a sample is that of its own label: v_y . phi(x) + b_y, Miyato & Koyama 2018, eq. 4, with a
 * linear psi.
 * @typedef {object} Network
 * @property {Engine} engine @property {number[]} sizes @property {Layer[]} layers @property {number} parameters
 * @property {number} gradients @property {number} count @property {number} panel @property {Activation} activation
 * @property {Activation | null} last @property {number} keep @property {number} blur @property {number} classes @property {number} ones
 */

/**
 * A place for each layer: values[0] is the input, `raw` the values before dropout (the same places where there is none),
 * deltas the gradients before the activation. `share` is a row with 1 / batch for each sample and 0 for padding; `blurred` is where a blur's first half goes.
 * `labels` are the samples' labels, a row for each label with 1 for the samples that have it, where the network asks for them.
 * @typedef {object} Pass
 * @property {number} batch @property {number} stride @property {number[]} values @property {number[]} raw @property {number[]} masks
 * @property {number[]} deltas @property {number[]} tangents @property {number} share @property {number} blurred @property {number} labels
 * @property {number} input @property {number} output @property {number} outputDelta @property {number} inputDelta
 */

/** @param {number} leak @returns {Activation} */
const leaky = (leak) => ({
  apply: (k, a, count) => k.apply_leaky(a, count, leak),
  slope: (k, g, a, count) => k.slope_leaky(g, a, count, leak),
  bend: (k, delta, t, a, count) => k.fill(delta, 0, count),
});

/** @type {Record<string, Activation>} */
export const ACTIVATIONS = {
  tanh: {
    apply: (k, a, count) => k.apply_tanh(a, count),
    slope: (k, g, a, count) => k.slope_tanh(g, a, count),
    bend: (k, delta, t, a, count) => k.bend_tanh(delta, t, a, count),
  },
  softplus: {
    apply: (k, a, count) => k.apply_softplus(a, count),
    slope: (k, g, a, count) => k.slope_softplus(g, a, count),
    bend: (k, delta, t, a, count) => k.bend_softplus(delta, t, a, count),
  },
  relu: leaky(0),
  "leaky-relu": leaky(0.2),
  sigmoid: {
    apply: (k, a, count) => k.apply_sigmoid(a, count),
    slope: (k, g, a, count) => k.slope_sigmoid(g, a, count),
    bend: (k, delta, t, a, count) => k.bend_sigmoid(delta, t, a, count),
  },
};

/** @param {number} n */
const padded = (n) => (n + 3) & ~3;

/**
 * @param {Engine} engine @param {number[]} sizes @param {string} activation @param {{ last?: string, keep?: number, blur?: number, classes?: number }} options
 * @returns {Network}
 */
export function makeNetwork(engine, sizes, activation, { last = "", keep = 1, blur = 0, classes = 0 } = {}) {
  let count = 0;
  const shapes = sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l], width = padded(inputs), height = padded(outputs), offset = 4 * count;
    count += (width + 1) * height;
    return { inputs, outputs, width, height, offset };
  });
  const parameters = engine.take(count), gradients = engine.take(count), panel = engine.take(4 * Math.max(...sizes));
  const ones = classes > 0 ? engine.take(padded(classes)) : 0;
  engine.floats(ones, classes).fill(1);
  const layers = shapes.map(({ offset, ...shape }) => {
    const bias = 4 * shape.width * shape.height;
    return { ...shape, weight: parameters + offset, bias: parameters + offset + bias,
      weightGradient: gradients + offset, biasGradient: gradients + offset + bias };
  });
  return { engine, sizes, layers, parameters, gradients, count, panel, activation: ACTIVATIONS[activation], last: last ? ACTIVATIONS[last] : null, keep, blur, classes, ones };
}

/**
 * Weights and biases uniform on +-gain / sqrt(inputs): torch's default for Linear at gain 1.
 * @param {Network} network @param {import("./engine.js").Random} random @param {number} gain
 */
export function initialize(network, random, gain = 1) {
  const { engine, count, gradients } = network;
  fillUniform(random, gradients, count); // any place will do
  const drawn = engine.floats(gradients, count);
  let next = 0;
  writeParameters(network, network.layers.flatMap(({ inputs, outputs }) => {
    const bound = gain / Math.sqrt(inputs);
    return Array.from({ length: (inputs + 1) * outputs }, () => bound * (2 * drawn[next++] - 1));
  }));
}

/** Set the parameters, in torch's order: for each layer the rows of weights, then the biases. @param {Network} network @param {ArrayLike<number>} values */
export function writeParameters(network, values) {
  const array = network.engine.floats(network.parameters, network.count);
  placesOf(network).forEach((place, i) => { array[place] = values[i]; });
}

/** The parameters, or their gradients, in torch's order. @param {Network} network @param {"parameters" | "gradients"} what */
export function readParameters(network, what = "parameters") {
  const array = network.engine.floats(network[what], network.count);
  return Float32Array.from(placesOf(network), (place) => array[place]);
}

/** Where each parameter stands in the padded array. @param {Network} network */
function placesOf({ layers, parameters }) {
  const places = [];
  for (const { inputs, outputs, width, weight, bias } of layers) {
    const [from, then] = [weight, bias].map((place) => (place - parameters) / 4);
    for (let j = 0; j < outputs; j++) for (let k = 0; k < inputs; k++) places.push(from + j * width + k);
    for (let j = 0; j < outputs; j++) places.push(then + j);
  }
  return places;
}

/**
 * The memory of a batch's way through a network. A pass that only ever goes forward needs less; dropout happens in a pass
 * that asks for it, with the masks that `drawMasks` drew last.
 * @param {Network} network @param {number} batch @param {{ onlyForward?: boolean, dropout?: boolean }} options @returns {Pass}
 */
export function makePass({ engine, sizes, keep, blur, classes }, batch, { onlyForward = false, dropout = false } = {}) {
  const stride = (batch + 7) & ~7, last = sizes.length - 1;
  const rows = () => sizes.map((size) => engine.take(padded(size) * stride));
  const hidden = (/** @type {number} */ l) => l > 0 && l < last;
  const raw = rows();
  const masks = sizes.map((size, l) => ((dropout && keep < 1 && hidden(l)) || (classes > 0 && l === last) ? engine.take(size * stride) : 0));
  const values = raw.map((place, l) => (masks[l] ? engine.take(padded(sizes[l]) * stride) : place));
  const deltas = onlyForward ? [] : rows(), tangents = onlyForward ? [] : rows(), share = engine.take(stride);
  const blurred = blur > 0 ? engine.take(sizes[last] * stride) : 0;
  const [output, outputDelta] = classes > 0 ? [engine.take(padded(1) * stride), engine.take(stride)] : [values[last], deltas[last]];
  engine.floats(share, batch).fill(1 / batch);
  return { batch, stride, values, raw, masks, deltas, tangents, share, blurred, labels: masks[last], input: values[0], output, outputDelta, inputDelta: deltas[0] };
}

/** New masks for a pass with dropout. @param {Network} network @param {Pass} pass @param {import("./engine.js").Random} random */
export function drawMasks({ engine, sizes, keep }, { masks, stride }, random) {
  for (let l = 0; l + 1 < masks.length; l++) {
    if (masks[l] === 0) continue;
    fillUniform(random, masks[l], sizes[l] * stride);
    engine.kernels.mask(masks[l], keep, sizes[l] * stride);
  }
}

/** Blur pictures, if the network does so; this is also what passes their gradients back. @param {Network} network @param {Pass} pass @param {number} place */
function blurPictures({ engine: { kernels }, sizes, blur }, { blurred, stride }, place) {
  const side = Math.sqrt(sizes[sizes.length - 1]);
  for (let i = 0; i < blur; i++) {
    kernels.smooth(blurred, place, side, side, side, 1, stride);
    kernels.smooth(place, blurred, side, 1, side, side, stride);
  }
}

/** pass.input -> pass.output. @param {Network} network @param {Pass} pass */
export function forward(network, pass) {
  const { engine: { kernels }, layers, activation, last, panel, classes, ones } = network, { values, raw, masks, stride } = pass;
  for (let l = 0; l < layers.length; l++) {
    const { inputs, outputs, width, weight, bias } = layers[l], out = raw[l + 1], count = outputs * stride;
    kernels.multiply(out, outputs, weight, 4 * width, 4, values[l], inputs, stride, bias, panel);
    if (l + 1 === layers.length) blurPictures(network, pass, out);
    const phi = l + 1 < layers.length ? activation : last;
    if (phi !== null) phi.apply(kernels, out, count);
    if (masks[l + 1] !== 0) kernels.times(values[l + 1], out, masks[l + 1], count);
  }
  if (classes > 0) kernels.multiply(pass.output, 1, ones, 0, 4, values[layers.length], classes, stride, 0, panel); // all but one are 0
}

/** The gradient in the score goes to the output of the sample's own label. @param {Network} network @param {Pass} pass */
function throughLabels({ engine: { kernels }, layers, classes, ones, panel }, { deltas, masks, outputDelta, stride }) {
  const end = layers.length;
  kernels.multiply(deltas[end], classes, ones, 4, 0, outputDelta, 1, stride, 0, panel);
  kernels.times(deltas[end], deltas[end], masks[end], classes * stride);
}

/** Through dropout and phi, down to the gradient before the activation. @param {Network} network @param {Pass} pass @param {number} l @param {number} g */
function throughActivation({ engine: { kernels }, sizes, activation }, { raw, masks, stride }, l, g) {
  const count = sizes[l] * stride;
  if (masks[l] !== 0) kernels.times(g, g, masks[l], count);
  activation.slope(kernels, g, raw[l], count);
}

/** g W: the gradient in a layer's input. @param {Network} network @param {Pass} pass @param {number} l @param {number} out @param {number} g */
function throughWeights({ engine: { kernels }, layers, panel }, { stride }, l, out, g) {
  const { inputs, outputs, width, weight } = layers[l];
  kernels.multiply(out, inputs, weight, 4, 4 * width, g, outputs, stride, 0, panel);
}

/**
 * pass.outputDelta, the gradient in the output, -> every delta, down to pass.inputDelta, if that is wanted.
 * @param {Network} network @param {Pass} pass @param {{ toInput?: boolean }} options
 */
export function backward(network, pass, { toInput = true } = {}) {
  const { engine: { kernels }, layers, sizes, last, classes } = network, { deltas, stride } = pass, end = layers.length;
  if (classes > 0) throughLabels(network, pass);
  if (last !== null) last.slope(kernels, deltas[end], pass.output, sizes[end] * stride);
  blurPictures(network, pass, deltas[end]);
  for (let l = end - 1; l >= (toInput ? 0 : 1); l--) {
    throughWeights(network, pass, l, deltas[l], deltas[l + 1]);
    if (l > 0) throughActivation(network, pass, l, deltas[l]);
  }
}

/** @param {Network} network */
export function clearGradients({ engine, gradients, count }) {
  engine.kernels.fill(gradients, 0, count);
}

/** Add the parameters' gradients of a pass that went forward and backward to the network's. @param {Network} network @param {Pass} pass */
export function addGradients({ engine: { kernels }, layers }, { stride, values, deltas }) {
  for (let l = 0; l < layers.length; l++) {
    const { width, height, weightGradient, biasGradient } = layers[l];
    kernels.outer(weightGradient, deltas[l + 1], height, values[l], width, stride);
    kernels.sum_rows(biasGradient, deltas[l + 1], height, stride);
  }
}

/**
 * A penalty on the slope of the score: strength * mean((|ds/dx| - target)^2); of a one-sided one, slopes below the target are
 * free. Target 1 is Gulrajani et al. 2017, eq. 3; target 0 with gamma / 2 is R1 or R2 of Mescheder et al. 2018.
 * @typedef {{ strength: number, target: number, oneSided?: boolean }} SlopePenalty
 */

/**
 * Add the gradients of the penalty at the points in pass.input, and return it. The slope u = ds/dx is the end of a backward
 * pass, so its own gradient first runs *forward* through that pass, as a tangent t that starts at d penalty / du, and then
 * backward through the forward pass that supplied the slopes phi'.
 * @param {Network} network @param {Pass} pass @param {SlopePenalty} penalty
 */
export function addSlopePenalty(network, pass, { strength, target, oneSided = false }) {
  const { engine: { kernels, floats }, layers, sizes, activation, panel } = network;
  const { batch, stride, raw, masks, deltas, tangents, share } = pass, end = layers.length;
  forward(network, pass);
  floats(pass.outputDelta, batch).fill(1);
  backward(network, pass);
  const penalty = kernels.cost_slope(deltas[0], tangents[0], sizes[0], share, stride, strength, target, oneSided ? 1 : 0);
  for (let l = 0; l < end; l++) { // through u = W^T delta: its gradient is delta t^T
    const { inputs, outputs, width, height, weight, weightGradient } = layers[l], count = outputs * stride;
    kernels.outer(weightGradient, deltas[l + 1], height, tangents[l], width, stride);
    if (l + 1 === end) break;
    kernels.multiply(tangents[l + 1], outputs, weight, 4 * width, 4, tangents[l], inputs, stride, 0, panel);
    activation.bend(kernels, deltas[l + 1], tangents[l + 1], raw[l + 1], count);
    if (masks[l + 1] !== 0) kernels.times(tangents[l + 1], tangents[l + 1], masks[l + 1], count); // already in delta
    activation.slope(kernels, tangents[l + 1], raw[l + 1], count);
  }
  kernels.fill(deltas[end], 0, sizes[end] * stride); // s itself is not in the penalty, only its slope is
  for (let l = end - 1; l > 0; l--) { // what reached the pre-activations goes back down
    throughWeights(network, pass, l, tangents[l], deltas[l + 1]);
    throughActivation(network, pass, l, tangents[l]);
    kernels.add(deltas[l], tangents[l], sizes[l] * stride);
  }
  addGradients(network, pass);
  return penalty;
}

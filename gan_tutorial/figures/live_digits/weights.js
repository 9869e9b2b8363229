// @ts-check
// weights.js: G as a file that gan_tutorial reads (gan_tutorial/recorded/__init__.py says how it is made), and back.

import { readGenerator } from "../conditional_generator/generator.js";
import { readParameters, writeParameters } from "../engine/network.js";
import { CLASSES } from "./digits.js";
import { sizesOfG } from "./trainer.js";

/** @typedef {import("../engine/network.js").Network} Network */

/** A blur of the last layer's output is put into its weights and biases: it is linear. @param {Network} network @param {number} classes how many labels it is given */
export function packGenerator(network, classes) {
  const { sizes } = network, values = withBlur(network), widths = sizes.slice(1);
  const head = 12 + 4 * sizes.length, floats = 8 * widths.reduce((a, b) => a + b);
  const bytes = new Uint8Array(head + floats + widths.reduce((sum, units, l) => sum + units * sizes[l], 0)), view = new DataView(bytes.buffer);
  Array.from("GANG", (letter, i) => view.setUint8(i, letter.charCodeAt(0)));
  [classes, widths.length, ...sizes].forEach((whole, i) => view.setUint32(4 + 4 * i, whole, true));
  let from = 0, at = head, weights = head + floats;
  widths.forEach((units, l) => {
    const inputs = sizes[l];
    for (let unit = 0; unit < units; unit++) {
      const row = values.subarray(from + unit * inputs, from + (unit + 1) * inputs);
      const scale = Math.fround(row.reduce((most, each) => Math.max(most, Math.abs(each)), 0) / 127) || 1;
      view.setFloat32(at + 4 * unit, scale, true);
      view.setFloat32(at + 4 * (units + unit), values[from + units * inputs + unit], true);
      row.forEach((each, i) => view.setInt8(weights + unit * inputs + i, Math.max(-127, Math.min(127, Math.round(each / scale)))));
    }
    from += units * (inputs + 1);
    at += 8 * units;
    weights += units * inputs;
  });
  return bytes;
}

/** The parameters, as a network without the blur has to have them. @param {Network} network */
function withBlur(network) {
  const { sizes, blur } = network, values = readParameters(network), pixels = sizes[sizes.length - 1], inputs = sizes[sizes.length - 2];
  const biases = values.subarray(values.length - pixels), weights = values.subarray(values.length - pixels * (inputs + 1), values.length - pixels);
  const side = Math.sqrt(pixels);
  for (const step of Array.from({ length: blur }, () => [1, side]).flat()) {
    blurLine(biases, 1, side, step);
    blurLine(weights, inputs, side, step);
  }
  return values;
}

/** Weigh rows of `each` numbers, one for each point of a picture, 2 : 1 : 1 with both neighbours along a line. @param {Float32Array} rows @param {number} each @param {number} side @param {number} step */
function blurLine(rows, each, side, step) {
  const old = rows.slice();
  for (let p = 0; p < side * side; p++) {
    const k = Math.floor(p / step) % side, at = p * each, beside = step * each;
    for (let i = at; i < at + each; i++) {
      rows[i] = (2 * old[i] + (k > 0 ? old[i - beside] : 0) + (k + 1 < side ? old[i + beside] : 0)) / 4;
    }
  }
}

/** The parameters in a file, and for how many labels they are; an error says in words why a network here cannot have them. @param {Uint8Array} bytes */
export function readWeights(bytes) {
  const { layers, classes } = readGenerator(bytes), sizes = [layers[0].inputs, ...layers.map(({ units }) => units)];
  if (classes !== 0 && classes !== CLASSES) throw new Error(`its generator wants ${classes} labels, and there are ${CLASSES} here`);
  const wanted = sizesOfG(classes);
  if (sizes.join() !== wanted.join()) throw new Error(`its layers are ${sizes.join("-")}, and those here ${wanted.join("-")}`);
  return { classes, values: layers.flatMap(({ weight, bias }) => [...weight, ...bias]) };
}

/** Give the network, which has no blur, the weights in a file. @param {Network} network @param {Uint8Array} bytes */
export function unpackInto(network, bytes) {
  const { classes, values } = readWeights(bytes);
  if (network.sizes.join() !== sizesOfG(classes).join()) throw new Error(classes > 0 ? "its generator wants labels, and this one has none" : "its generator has no labels, and this one wants them");
  writeParameters(network, values);
}

// @ts-check
// weights.js: G as a file that gan_tutorial reads (gan_tutorial/recorded/__init__.py says how it is made), and back.

import { readGenerator } from "../conditional_generator/generator.js";
import { readParameters, writeParameters } from "../engine/network.js";

/** @typedef {import("../engine/network.js").Network} Network */

/** The last layer's numbers are doubled, for (1 + tanh a) / 2 is the logistic function of 2a. @param {Network} network */
export function packGenerator(network) {
  const { sizes } = network, values = readParameters(network), widths = sizes.slice(1);
  const head = 12 + 4 * sizes.length, floats = 8 * widths.reduce((a, b) => a + b);
  const bytes = new Uint8Array(head + floats + widths.reduce((sum, units, l) => sum + units * sizes[l], 0)), view = new DataView(bytes.buffer);
  Array.from("GANG", (letter, i) => view.setUint8(i, letter.charCodeAt(0)));
  [0, widths.length, ...sizes].forEach((whole, i) => view.setUint32(4 + 4 * i, whole, true));
  let from = 0, at = head, weights = head + floats;
  widths.forEach((units, l) => {
    const inputs = sizes[l], factor = l + 1 === widths.length ? 2 : 1;
    for (let unit = 0; unit < units; unit++) {
      const row = values.subarray(from + unit * inputs, from + (unit + 1) * inputs);
      const scale = Math.fround(row.reduce((most, each) => Math.max(most, Math.abs(each)), 0) / 127) || 1;
      view.setFloat32(at + 4 * unit, factor * scale, true);
      view.setFloat32(at + 4 * (units + unit), factor * values[from + units * inputs + unit], true);
      row.forEach((each, i) => view.setInt8(weights + unit * inputs + i, Math.max(-127, Math.min(127, Math.round(each / scale)))));
    }
    from += units * (inputs + 1);
    at += 8 * units;
    weights += units * inputs;
  });
  return bytes;
}

/** Give the network the weights in a file; an error says in words why it cannot have them. @param {Network} network @param {Uint8Array} bytes */
export function unpackInto(network, bytes) {
  const { layers, classes } = readGenerator(bytes), sizes = [layers[0].inputs, ...layers.map(({ units }) => units)];
  if (classes > 0) throw new Error("its generator wants labels, and this one has none");
  if (sizes.join() !== network.sizes.join()) throw new Error(`its layers are ${sizes.join("-")}, and those here ${network.sizes.join("-")}`);
  writeParameters(network, layers.flatMap(({ weight, bias }, l) => {
    const factor = l + 1 === layers.length ? 0.5 : 1;
    return [...weight, ...bias].map((value) => factor * value);
  }));
}

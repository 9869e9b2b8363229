// @ts-check
// digits.js: the digits that come with the page, or a reader's own pictures, as the networks see them.

import { PIXELS, readReader } from "./reader.js";

export const LEVELS = 16; // of grey
export const CLASSES = 10;

/** What a run learns from: the grey levels of each picture, one after the other, and its label, -1 where there is none. @typedef {{ count: number, levels: Uint8Array, labels: Int8Array }} Pictures */
/** And who reads what it draws; a reader of digits has nothing to say of other pictures. @typedef {Pictures & { reader: import("./reader.js").Layer[] | null }} Material */

/**
 * The page's file, unpacked: how many bytes the reader takes, the reader, and the digits: two pixels a byte, the first in the
 * high bits, as many pictures of each class, one class after the other.
 * @param {Uint8Array} bytes @returns {Material}
 */
export function readMaterial(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), packed = bytes.subarray(4 + length);
  const count = (2 * packed.length) / PIXELS, levels = new Uint8Array(count * PIXELS);
  for (let i = 0; i < packed.length; i++) {
    levels[2 * i] = packed[i] >> 4;
    levels[2 * i + 1] = packed[i] & 15;
  }
  const labels = Int8Array.from({ length: count }, (_, i) => Math.floor((i * CLASSES) / count));
  return { count, levels, labels, reader: readReader(bytes.subarray(4, 4 + length)) };
}

/** The file as it comes is deflated. @param {Uint8Array} bytes */
export async function unpack(bytes) {
  const stream = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return readMaterial(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** Which pictures are of the classes named; of pictures without labels, all. @param {Pictures} pictures @param {string} classes */
export function rowsOf({ count, labels }, classes) {
  const rows = [];
  for (let i = 0; i < count; i++) if (labels[i] < 0 || classes.includes(String(labels[i]))) rows.push(i);
  return Int32Array.from(rows);
}

/** What a level is to the networks: 0 is paper, 1 is ink. */
export const SHADES = Float32Array.from({ length: LEVELS }, (_, level) => level / (LEVELS - 1));

/**
 * The picture nearest to the pixels, as one measures in a space of 784 numbers: its number, and how far it is.
 * @param {Pictures} pictures @param {Int32Array} rows among these @param {Float32Array} pixels
 */
export function nearest({ levels }, rows, pixels) {
  let best = Infinity, found = -1;
  for (const row of rows) {
    let sum = 0;
    for (let p = 0, at = row * PIXELS; p < PIXELS && sum < best; p++) sum += (SHADES[levels[at + p]] - pixels[p]) ** 2;
    if (sum < best) [best, found] = [sum, row];
  }
  return { row: found, distance: Math.sqrt(best) };
}

/** @param {Pictures} pictures @param {number} row */
export const pixelsOf = ({ levels }, row) => Float32Array.from(levels.subarray(row * PIXELS, (row + 1) * PIXELS), (level) => SHADES[level]);

// @ts-check
// affine.js: the supremum of affine functions on [-1, 1], and its subgradients. Pure.

/** @typedef {[number, number]} Line an affine function, given by its values at -1 and at 1 */

/** @param {Line} line @param {number} x */
const affineAt = ([left, right], x) => (left * (1 - x) + right * (1 + x)) / 2;
/** @param {Line} line */
const affineSlope = ([left, right]) => (right - left) / 2;
/** @param {Line[]} lines @param {number} x */
export const supremumAt = (lines, x) => Math.max(...lines.map((line) => affineAt(line, x)));

/** Where the supremum bends: crossings of two lines that no third line passes above. @param {Line[]} lines */
export function kinksOf(lines) {
  /** @type {number[]} */
  const kinks = [];
  for (let i = 0; i < lines.length; i++) {
    for (let j = i + 1; j < lines.length; j++) {
      const x = (affineAt(lines[j], 0) - affineAt(lines[i], 0)) / (affineSlope(lines[i]) - affineSlope(lines[j]));
      const top = Math.abs(x) < 1 && affineAt(lines[i], x) >= supremumAt(lines, x) - 1e-12;
      if (top && !kinks.some((kink) => Math.abs(kink - x) < 1e-9)) kinks.push(x);
    }
  }
  return kinks.sort((a, b) => a - b);
}

/**
 * The supremum at x (at a kink, if one is within `snap`): its value, the lines that reach it, the interval of its
 * subgradients, and the one that lies the share `mix` of the way from the lowest to the highest.
 * @param {Line[]} lines @param {number} x @param {number} mix @param {number} snap
 */
export function supportAt(lines, x, mix, snap) {
  const kink = kinksOf(lines).find((place) => Math.abs(place - x) <= snap);
  const at = kink ?? x;
  const value = supremumAt(lines, at);
  const active = lines.map((_, i) => i).filter((i) => affineAt(lines[i], at) >= value - 1e-9);
  const slopes = active.map((i) => affineSlope(lines[i]));
  const low = Math.min(...slopes);
  const high = Math.max(...slopes);
  return { x: at, value, active, low, high, slope: low + mix * (high - low) };
}

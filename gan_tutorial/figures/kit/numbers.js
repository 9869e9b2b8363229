// @ts-check
// numbers.js: numbers as a reader sees them, and the round ones at which an axis has its ticks.

/** 0.12345 -> "0.123"; infinities and undefined values are words a reader knows. @param {number} value @param {number} [digits] */
export function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || (magnitude > 0 && magnitude < 0.5 * 10 ** -digits)) return formatPower(value);
  const text = magnitude.toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** @param {number} value */
function formatPower(value) {
  const [factor, exponent] = Math.abs(value).toExponential(1).split("e");
  const superscripts = [...String(Number(exponent))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? "⁻").join("");
  return `${value < 0 ? "−" : ""}${factor}·10${superscripts}`;
}

/** About `count` multiples of 1, 2 or 5 times a power of ten, and the digits they need. @param {number} low @param {number} high @param {number} count */
export function niceTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((m) => m * power >= raw * 0.999) ?? 10) * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

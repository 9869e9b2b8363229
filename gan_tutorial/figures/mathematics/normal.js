// @ts-check
// normal.js: the standard normal distribution.

export const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** Its density. @param {number} z */
export const normalPdf = (z) => Math.exp(-0.5 * z * z) / SQRT_2PI;

/** Its upper tail P(Z > z): the series of erf below 3, Lentz's continued fraction above. @param {number} z @returns {number} */
export function normalTail(z) {
  if (z < 0) return 1 - normalTail(-z);
  const phi = normalPdf(z);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 3; term > 1e-17 * sum; n += 2) sum += term *= (z * z) / n;
    return 0.5 - phi * sum;
  }
  let fraction = z;
  for (let k = 60; k > 0; k--) fraction = z + k / fraction;
  return phi / fraction;
}

// @ts-check
// measures.js: three distances between equal masses on two stripes of one width, the second moved by theta.

/** The share of its mass that each stripe has outside the other. @param {number} theta @param {number} width */
export function shareApart(theta, width) {
  const moved = Math.abs(theta);
  if (moved >= width) return moved > 0 ? 1 : 0; // stripes of width 0 meet only where they are one
  return moved / width;
}

/** W1, JSD (nats) and TV. @param {number} theta @param {number} width */
export function stripeMeasures(theta, width) {
  const apart = shareApart(theta, width);
  return { W1: Math.abs(theta), JSD: apart * Math.LN2, TV: apart };
}

// @ts-check
// cloud.js: where the samples lie: a cloud that is stretched and moved, and single samples that are pulled out of it. Pure.

/** @typedef {import("./neighbours.js").Point} Point */
/** @typedef {[number, number, number]} Pull the sample's number, from 1, and how far it is pulled to the right and up */

/**
 * @param {Point[]} points @param {number} count so many of them, the first @param {Point} spread about the origin
 * @param {Point} move @param {Pull[]} pulled @returns {Point[]}
 */
export function placeSamples(points, count, spread, move, pulled) {
  return points.slice(0, count).map(([x, y], i) => {
    const [right, up] = pullOf(pulled, i + 1);
    return [x * spread[0] + move[0] + right, y * spread[1] + move[1] + up];
  });
}

/** How far the sample of that number is pulled. @param {Pull[]} pulled @param {number} number @returns {Point} */
export function pullOf(pulled, number) {
  const own = pulled.find((pull) => pull[0] === number);
  return own ? [own[1], own[2]] : [0, 0];
}

/** The pulls with another one for that sample. @param {Pull[]} pulled @param {Pull} pull @returns {Pull[]} */
export function withPull(pulled, pull) {
  const others = pulled.filter(([number]) => number !== pull[0]);
  return pull[1] === 0 && pull[2] === 0 ? others : [...others, pull];
}

/** The number, from 1, of the sample that lies nearest to a place. @param {Point[]} samples @param {Point} place */
export function nearestSample(samples, place) {
  const squares = samples.map(([x, y]) => (x - place[0]) ** 2 + (y - place[1]) ** 2);
  return squares.indexOf(Math.min(...squares)) + 1;
}

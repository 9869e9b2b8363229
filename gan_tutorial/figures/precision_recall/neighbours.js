// @ts-check
// neighbours.js: balls of k-th nearest neighbours in the plane, and what they say of samples. Pure; checked against
// gan_tutorial.metrics.neighbourhoods. Balls are closed, distances are squared, and a point is no neighbour of itself.

/** @typedef {[number, number]} Point */

/** @param {Point} a @param {Point} b */
const squared = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;

/** Of each point the squared distance to its k-th nearest other point. @param {Point[]} points @param {number} k */
function squaredRadii(points, k) {
  return points.map((point, i) => {
    const distances = points.filter((_, j) => j !== i).map((other) => squared(point, other));
    return distances.sort((a, b) => a - b)[k - 1];
  });
}

/**
 * Precision, recall, density and coverage, and for each sample in how many real balls it lies, for each real point whether
 * it lies in a sample's ball.
 * @param {Point[]} real @param {Point[]} samples @param {number} k
 */
export function neighbourhoods(real, samples, k) {
  const [ofReal, ofSamples] = [squaredRadii(real, k), squaredRadii(samples, k)];
  const balls = samples.map(() => 0);
  const recalled = real.map(() => false);
  let covered = 0;
  real.forEach((point, i) => {
    let holds = false;
    samples.forEach((sample, j) => {
      const square = squared(point, sample);
      if (square <= ofReal[i]) {
        balls[j] += 1;
        holds = true;
      }
      if (square <= ofSamples[j]) recalled[i] = true;
    });
    if (holds) covered += 1;
  });
  return {
    precision: balls.filter((count) => count > 0).length / samples.length,
    recall: recalled.filter(Boolean).length / real.length,
    density: balls.reduce((sum, count) => sum + count, 0) / (k * samples.length),
    coverage: covered / real.length,
    balls, recalled, ofReal, ofSamples,
  };
}

// @ts-check
// moments.js: two distances of clouds in the plane that look at moments. Pure; checked against gan_tutorial.metrics.

/** @typedef {import("./neighbours.js").Point} Point */

/** Mean and covariance (with n - 1), [mean x, mean y, xx, xy, yy]. @param {Point[]} points */
function momentsOf(points) {
  const n = points.length;
  let [meanX, meanY] = [0, 0];
  for (const [x, y] of points) {
    meanX += x / n;
    meanY += y / n;
  }
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += ((x - meanX) * (x - meanX)) / (n - 1);
    xy += ((x - meanX) * (y - meanY)) / (n - 1);
    yy += ((y - meanY) * (y - meanY)) / (n - 1);
  }
  return [meanX, meanY, xx, xy, yy];
}

/**
 * The Fréchet distance (the square). In the plane the root's trace has a closed form: if s and t are the eigenvalues of the
 * root of a product P, then (s + t)² = s² + t² + 2st = tr P + 2 √det P.
 * @param {Point[]} real @param {Point[]} samples
 */
export function frechetDistance(real, samples) {
  const [ax, ay, axx, axy, ayy] = momentsOf(real);
  const [bx, by, bxx, bxy, byy] = momentsOf(samples);
  const product = axx * bxx + 2 * axy * bxy + ayy * byy;
  const determinants = Math.max(0, axx * ayy - axy * axy) * Math.max(0, bxx * byy - bxy * bxy);
  const overlap = Math.sqrt(Math.max(0, product + 2 * Math.sqrt(determinants)));
  return Math.max(0, (ax - bx) ** 2 + (ay - by) ** 2 + axx + ayy + bxx + byy - 2 * overlap);
}

/** The mean of (x·y/2 + 1)³ over pairs; within one cloud (without `others`) no point is paired with itself. @param {Point[]} points @param {Point[]} [others] */
function kernelMean(points, others) {
  let [sum, pairs] = [0, 0];
  points.forEach((a, i) => (others ?? points).forEach((b, j) => {
    if (!others && i === j) return;
    sum += ((a[0] * b[0] + a[1] * b[1]) / 2 + 1) ** 3;
    pairs += 1;
  }));
  return sum / pairs;
}

/** KID, without bias: it may be below 0. @param {Point[]} real @param {Point[]} samples */
export function kernelDistance(real, samples) {
  return kernelMean(real) + kernelMean(samples) - 2 * kernelMean(real, samples);
}

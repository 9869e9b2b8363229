// Densities of the live figure: p_data as masses of cells, p_g pushed through G, and how far apart.
//
// The line from -LIVE_REACH to LIVE_REACH is cut into LIVE_CELLS cells. p_data is constant on each,
// so its samples, its masses and everything computed from them are exact. p_g is known by the mass
// that G carries into each cell, with no sampling: JSD and W1 have no noise.

const LIVE_REACH = 6, LIVE_CELLS = 120, LIVE_CELL = (2 * LIVE_REACH) / LIVE_CELLS;
const LIVE_COLUMNS = 60; // a drawing has one height, a base-36 digit, for every two cells

const liveCentre = (cell) => -LIVE_REACH + (cell + 0.5) * LIVE_CELL;

// Rows of (mean, std, weight).
const LIVE_DATA = {
  "one-bell": [[1.5, 0.6, 1]],
  "two-bells": [[-1.5, 0.5, 0.5], [1.5, 0.5, 0.5]],
  "three-bells": [[-3, 0.4, 0.3], [0, 0.4, 0.4], [3, 0.4, 0.3]],
  "far-bell": [[4, 0.4, 1]],
  lopsided: [[-2, 0.4, 0.25], [1, 0.9, 0.75]],
};

const liveBell = (x, mean, std) =>
  Math.exp(-0.5 * ((x - mean) / std) ** 2) / (std * Math.sqrt(2 * Math.PI));

/** Masses of the cells, summing to 1: of a named density, or of "drawn" heights. */
function liveDataMasses(name, drawing) {
  const masses = new Float64Array(LIVE_CELLS);
  for (let i = 0; i < LIVE_CELLS; i++) {
    if (name === "drawn") masses[i] = parseInt(drawing[i >> 1], 36) || 0;
    else {
      for (const [mean, std, weight] of LIVE_DATA[name]) {
        masses[i] += weight * liveBell(liveCentre(i), mean, std);
      }
    }
  }
  let total = masses.reduce((a, b) => a + b, 0);
  if (!(total > 0)) { masses.fill(1); total = LIVE_CELLS; } // nothing drawn yet: all alike
  return masses.map((mass) => mass / total);
}

/** A function of one uniform number that samples the cells: the inverse distribution function. */
function makeLiveSampler(masses) {
  const below = new Float64Array(LIVE_CELLS + 1);
  for (let i = 0; i < LIVE_CELLS; i++) below[i + 1] = below[i] + masses[i];
  return (u) => {
    let low = 0, high = LIVE_CELLS;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (below[middle] <= u * below[LIVE_CELLS]) low = middle;
      else high = middle;
    }
    const mass = masses[low] || 1;
    return -LIVE_REACH + (low + (u * below[LIVE_CELLS] - below[low]) / mass) * LIVE_CELL;
  };
}

// The noise has variance 1 either way: N(0, 1), or uniform on +-sqrt(3), the paper's choice for MNIST.
const LIVE_PRIORS = {
  normal: { reach: 5, density: (z) => liveBell(z, 0, 1), fill: fillNormal },
  uniform: {
    reach: Math.sqrt(3),
    density: () => 1 / (2 * Math.sqrt(3)),
    fill(random, target, count) {
      for (let i = 0; i < count; i++) target[i] = Math.sqrt(3) * (2 * random() - 1);
    },
  },
};

/** Everything needed to push the prior's mass through a generator, again and again. */
function makeLivePush(generator, prior, slices = 512) {
  const { reach, density } = LIVE_PRIORS[prior];
  const pass = makePass(generator, slices + 1, { onlyForward: true }), step = (2 * reach) / slices;
  const weights = new Float64Array(slices); // masses of the slices of z, by Simpson's rule
  for (let i = 0; i <= slices; i++) pass.input[i] = -reach + i * step;
  for (let i = 0; i < slices; i++) {
    const z = pass.input[i];
    weights[i] = density(z) + 4 * density(z + step / 2) + density(z + step);
  }
  const total = weights.reduce((a, b) => a + b, 0);
  return { pass, weights: weights.map((w) => w / total), masses: new Float64Array(LIVE_CELLS),
    left: 0, right: 0, beyond: 0, monotone: true, finite: true, mean: 0, spread: 0 };
}

/**
 * p_g's mass in every cell. A slice of z is carried to the interval between the images of its ends
 * and spread evenly over it. Where G is monotone this is p_g itself, averaged over the cell (up to
 * the square of the slice's width); where G folds, it is a histogram of the slices. `left` and
 * `right` are the masses that left the picture, `beyond` how far they went, times mass. If G is no longer finite,
 * nothing but `finite` changes.
 */
function pushForward(push, generator) {
  const { pass, weights, masses } = push, x = pass.output;
  forward(generator, pass);
  let ups = 0, downs = 0, mean = 0, square = 0;
  for (let i = 0; i < weights.length; i++) {
    const a = x[i], b = x[i + 1], middle = (a + b) / 2;
    if (b > a) ups += 1;
    if (b < a) downs += 1;
    mean += weights[i] * middle;
    square += weights[i] * (middle * middle + ((b - a) * (b - a)) / 12);
  }
  push.finite = Number.isFinite(square);
  if (!push.finite) return;
  push.monotone = ups === 0 || downs === 0;
  push.mean = mean;
  push.spread = Math.sqrt(Math.max(0, square - mean * mean));
  masses.fill(0);
  push.left = push.right = push.beyond = 0;
  for (let i = 0; i < weights.length; i++) {
    spreadMass(push, weights[i], Math.min(x[i], x[i + 1]), Math.max(x[i], x[i + 1]));
  }
}

/** Add a mass, even on [left, right], to the cells it covers. */
function spreadMass(push, mass, left, right) {
  const middle = (left + right) / 2;
  if (Math.abs(middle) >= LIVE_REACH) { // slices are thin: each stays or goes as a whole
    if (middle < 0) push.left += mass;
    else push.right += mass;
    push.beyond += mass * (Math.abs(middle) - LIVE_REACH);
    return;
  }
  const from = Math.max(0, (left + LIVE_REACH) / LIVE_CELL);
  const to = Math.min(LIVE_CELLS, (right + LIVE_REACH) / LIVE_CELL);
  const first = Math.min(LIVE_CELLS - 1, Math.floor(from));
  const last = Math.min(LIVE_CELLS - 1, Math.floor(to));
  if (first === last) push.masses[first] += mass;
  else {
    const perCell = mass / (to - from);
    push.masses[first] += perCell * (first + 1 - from);
    for (let cell = first + 1; cell < last; cell++) push.masses[cell] += perCell;
    push.masses[last] += perCell * (to - last);
  }
}

/** JSD of the cells' masses, in nats: what leaves the picture is far from any data. */
function liveJsd(p, { masses: q, left, right }) {
  let sum = Math.LN2 * (left + right);
  for (let i = 0; i < p.length; i++) {
    const middle = (p[i] + q[i]) / 2;
    if (p[i] > 0) sum += p[i] * Math.log(p[i] / middle);
    if (q[i] > 0) sum += q[i] * Math.log(q[i] / middle);
  }
  return Math.max(0, sum / 2);
}

/** W1 as the area between the two distribution functions, and the way back from outside. */
function liveWasserstein(p, { masses, left, beyond }) {
  let gap = left, sum = beyond;
  for (let i = 0; i < p.length; i++) {
    const next = gap + masses[i] - p[i]; // both are straight on a cell; if they cross, two triangles
    sum += LIVE_CELL * (gap * next >= 0
      ? Math.abs(gap + next) / 2
      : (gap * gap + next * next) / (2 * Math.abs(gap - next)));
    gap = next;
  }
  return sum;
}

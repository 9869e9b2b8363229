// @ts-check
// random.js: seeded random numbers, the same on every machine (and in Python: see the figure conditional-generator).

/** Uniform numbers in (0, 1): the generator sfc32, which is small, fast and well tested. @param {number} seed */
export function makeRandom(seed) {
  let a = 0x9e3779b9 | 0, b = 0x243f6a88 | 0, c = seed | 0, counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return ((t >>> 0) + 0.5) / 4294967296;
  };
  for (let i = 0; i < 16; i++) next(); // nearby seeds forget each other
  return next;
}

/**
 * Fill the first `count` entries with N(0, 1) (Box-Muller, two at a time).
 * @param {() => number} random @param {Float64Array} target @param {number} count
 */
export function fillNormal(random, target, count) {
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(random())), angle = 2 * Math.PI * random();
    target[i] = radius * Math.cos(angle);
    if (i + 1 < count) target[i + 1] = radius * Math.sin(angle);
  }
}

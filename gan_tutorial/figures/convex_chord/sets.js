// @ts-check
// sets.js: sets in the plane to test for convexity. Pure.

/** @typedef {[number, number]} Point */

/**
 * `hold` moves a point into the set; a set of all that lies above a graph has its `f`.
 * @typedef {{ inside(x: number, y: number): boolean, hold(x: number, y: number): Point, f?: (x: number) => number }} Shape
 */

const DISC_RADIUS = 1.4;
const BITE = { x: 0.8, y: 0, radius: 1 };
const HORN_X = (DISC_RADIUS ** 2 - BITE.radius ** 2 + BITE.x ** 2) / (2 * BITE.x); // where both circles meet
const HORN_Y = Math.sqrt(DISC_RADIUS ** 2 - HORN_X ** 2);
/** @param {number} x @param {number} y */
const inDisc = (x, y) => Math.hypot(x, y) <= DISC_RADIUS + 1e-9;
/** @param {(x: number) => number} f @returns {Shape} */
const aboveGraph = (f) => ({ f, inside: (x, y) => y >= f(x) - 1e-9, hold: (x, y) => [x, Math.max(y, f(x))] });

/**
 * Sets in the plane: a disc, a disc with a bite taken out, and all that lies above a graph.
 * @type {Record<string, Shape>}
 */
export const CONVEX_SHAPES = {
  disc: {
    inside: inDisc,
    hold: (x, y) => {
      const shrink = Math.min(1, DISC_RADIUS / Math.max(1e-9, Math.hypot(x, y)));
      return [x * shrink, y * shrink];
    },
  },
  crescent: {
    inside: (x, y) => inDisc(x, y) && Math.hypot(x - BITE.x, y - BITE.y) >= BITE.radius - 1e-9,
    hold: (x, y) => {
      const [dx, dy] = [x - BITE.x, y - BITE.y];
      const grow = Math.max(1, BITE.radius / Math.max(1e-9, Math.hypot(dx, dy)));
      const held = CONVEX_SHAPES.disc.hold(BITE.x + dx * grow, BITE.y + dy * grow);
      return CONVEX_SHAPES.crescent.inside(...held) ? held : [HORN_X, y < 0 ? -HORN_Y : HORN_Y];
    },
  },
  parabola: aboveGraph((x) => x * x),
  absolute: aboveGraph((x) => 1.4 * Math.abs(x)),
  plateau: aboveGraph((x) => (2 * x * x) / (0.4 + x * x)),
};

/**
 * Points (1 - t) a + t b for t from 0 to 1, each with whether it lies in the set, and the share that does not.
 * @param {string} shape @param {Point} a @param {Point} b @param {number} intervals
 */
export function chordIn(shape, a, b, intervals = 200) {
  const { inside } = CONVEX_SHAPES[shape];
  const points = Array.from({ length: intervals + 1 }, (_, i) => {
    const t = i / intervals;
    const [x, y] = [(1 - t) * a[0] + t * b[0], (1 - t) * a[1] + t * b[1]];
    return { x, y, inside: inside(x, y) };
  });
  return { points, outside: points.filter((point) => !point.inside).length / points.length };
}

/** The boundary as a closed polygon, for drawing. @param {string} shape @param {Point} span @param {number} top @returns {Point[]} */
export function outlineOf(shape, [left, right], top) {
  const steps = Array.from({ length: 121 }, (_, i) => i / 120);
  /** @param {number} x @param {number} y @param {number} radius @param {number} from @param {number} to */
  const arc = (x, y, radius, from, to) => steps.map((t) => {
    const angle = from + t * (to - from);
    return /** @type {Point} */ ([x + radius * Math.cos(angle), y + radius * Math.sin(angle)]);
  });
  if (shape === "disc") return arc(0, 0, DISC_RADIUS, 0, 2 * Math.PI);
  const { f } = CONVEX_SHAPES[shape];
  if (f) {
    const graph = steps.map((t) => left + t * (right - left)).map((x) => /** @type {Point} */ ([x, f(x)]));
    return [...graph, [right, Math.max(top, f(right))], [left, Math.max(top, f(left))]];
  }
  // Out along the disc, back along the bite.
  const outer = Math.acos(HORN_X / DISC_RADIUS);
  const inner = Math.acos((HORN_X - BITE.x) / BITE.radius);
  return [...arc(0, 0, DISC_RADIUS, outer, 2 * Math.PI - outer), ...arc(BITE.x, 0, BITE.radius, 2 * Math.PI - inner, inner)];
}

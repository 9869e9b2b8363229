// @ts-check
// changes.js: what a figure computes only when something that it depends on is another than before.

/**
 * A function that says whether any of the values it is given differs from those of the call before; at first they do.
 * @returns {(...values: unknown[]) => boolean}
 */
export function changeDetector() {
  /** @type {unknown[] | null} */
  let before = null;
  return (...values) => {
    const known = before;
    before = values;
    return known === null || known.length !== values.length || !values.every((value, i) => Object.is(value, known[i]));
  };
}

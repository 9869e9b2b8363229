// @ts-check
// history.js: what a live figure remembers of a run, in bounded memory.

export const ROWS = 400;

/**
 * Rows of what was measured, a column for each series, and the sums of both losses since the last of them. A row comes after
 * `every` measurements. "value" (minus D's loss) and "cost" (G's loss) are means of the losses since the row before.
 * @template {string} Series
 * @typedef {Record<Series, Float64Array> & { series: Series[], length: number, added: number, every: number, waiting: number, sumD: number, sumG: number, count: number }} History
 */

/**
 * At most ROWS rows: when they are full, every other one goes and rows come half as often.
 * @template {string} Series @param {Series[]} series @returns {History<Series>}
 */
export function makeHistory(series) {
  const columns = /** @type {Record<Series, Float64Array>} */ (Object.fromEntries(series.map((name) => [name, new Float64Array(ROWS)])));
  return { ...columns, series, length: 0, added: 0, every: 1, waiting: 0, sumD: 0, sumG: 0, count: 0 };
}

/** @param {History<any>} history @param {number} discriminatorLoss @param {number} generatorLoss */
export function addLosses(history, discriminatorLoss, generatorLoss) {
  history.sumD += discriminatorLoss;
  history.sumG += generatorLoss;
  history.count += 1;
}

/**
 * `measured` holds all series but the losses.
 * @template {string} Series @param {History<Series>} history @param {Record<string, number>} measured
 */
export function addRow(history, measured) {
  history.waiting += 1;
  if (history.waiting < history.every) return;
  if (history.length === ROWS) {
    for (const name of history.series) {
      for (let i = 0; 2 * i + 1 < ROWS; i++) history[name][i] = history[name][2 * i + 1];
    }
    history.length = ROWS / 2;
    history.every *= 2;
    if (history.waiting < history.every) return;
  }
  /** @type {Record<string, number>} */
  const row = { ...measured, value: -history.sumD / history.count, cost: history.sumG / history.count };
  for (const name of history.series) history[name][history.length] = row[name];
  history.length += 1;
  history.added += 1;
  history.waiting = history.sumD = history.sumG = history.count = 0;
}

/** @template {string} Series @param {History<Series>} history @param {Series} name */
export const shownRows = (history, name) => history[name].subarray(0, history.length);

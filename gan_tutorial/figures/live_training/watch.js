// @ts-check
// watch.js: what the live figure remembers of a run, in bounded memory, and the failures it knows by sight.

import { centreOf } from "./density.js";

/** @typedef {"step" | "value" | "cost" | "jsd" | "w1" | "mean"} Series value: minus D's loss; cost: G's loss; mean: of p_g */

/**
 * Rows of what was measured, and the sums of both losses since the last of them. A row comes after `every` measurements.
 * @typedef {Record<Series, Float64Array> & { length: number, added: number, every: number, waiting: number, sumD: number, sumG: number, count: number }} History
 */

/**
 * What is known of the generator's density at a step: see trainer.js.
 * @typedef {{ step: number, jsd: number, w1: number, pull: number, missed: number, push: { mean: number, spread: number } }} Measured
 */

/**
 * How many measurements each failure has lasted; the steps at which the mean of p_g turned back, with the place and the
 * direction that the next turn is measured from. `spread` is the standard deviation of p_data.
 * @typedef {{ spread: number, saturated: number, collapsed: number, swings: number[], step: number, extreme: number, rising: number }} Watch
 */

export const ROWS = 400;

// ---------------------------------------------------------------- histories of bounded length

/** @type {Series[]} */
export const SERIES = ["step", "value", "cost", "jsd", "w1", "mean"];

/** At most ROWS rows: when they are full, every other one goes and rows come half as often. @returns {History} */
export function makeHistory() {
  const columns = /** @type {Record<Series, Float64Array>} */ (Object.fromEntries(SERIES.map((name) => [name, new Float64Array(ROWS)])));
  return { ...columns, length: 0, added: 0, every: 1, waiting: 0, sumD: 0, sumG: 0, count: 0 };
}

/** @param {History} history @param {number} discriminatorLoss @param {number} generatorLoss */
export function addLosses(history, discriminatorLoss, generatorLoss) {
  history.sumD += discriminatorLoss;
  history.sumG += generatorLoss;
  history.count += 1;
}

/** @param {History} history @param {Pick<Measured, "step" | "jsd" | "w1"> & { push: { mean: number } }} measured */
export function addRow(history, { step, jsd, w1, push }) {
  history.waiting += 1;
  if (history.waiting < history.every) return;
  if (history.length === ROWS) {
    for (const name of SERIES) {
      for (let i = 0; 2 * i + 1 < ROWS; i++) history[name][i] = history[name][2 * i + 1];
    }
    history.length = ROWS / 2;
    history.every *= 2;
    if (history.waiting < history.every) return;
  }
  const row = { step, value: -history.sumD / history.count, cost: history.sumG / history.count, jsd, w1, mean: push.mean };
  for (const name of SERIES) history[name][history.length] = row[name];
  history.length += 1;
  history.added += 1;
  history.waiting = history.sumD = history.sumG = history.count = 0;
}

// ---------------------------------------------------------------- known failures

const PATIENCE = 10; // measurements that a failure must last
const SWINGS = 6;
export const SWING_STEPS = 4000;

/** @param {Float64Array} data @returns {Watch} */
export function makeWatch(data) {
  return { spread: spreadOf(data), saturated: 0, collapsed: 0, swings: [], step: 0, extreme: 0,
    rising: 0 };
}

/** The standard deviation of p_data. @param {Float64Array} data */
export function spreadOf(data) {
  let mean = 0, square = 0;
  for (let i = 0; i < data.length; i++) {
    mean += data[i] * centreOf(i);
    square += data[i] * centreOf(i) ** 2;
  }
  return Math.sqrt(square - mean * mean);
}

/** Count how long each failure has been there, and the turns of p_g's mean. @param {Watch} watch @param {Measured} measured */
export function watchRun(watch, { pull, jsd, w1, missed, push, step }) {
  watch.saturated = pull < 0.05 && jsd > 0.2 ? watch.saturated + 1 : 0;
  const narrow = push.spread < 0.25 * watch.spread;
  const partial = missed > 0.35 && w1 > 0.5 * watch.spread;
  watch.collapsed = step > 200 && (narrow || partial) ? watch.collapsed + 1 : 0;
  countSwings(watch, push.mean, step);
}

/**
 * A swing is a turn of the mean after a way of more than the data's standard deviation.
 * @param {Watch} watch @param {number} mean @param {number} step
 */
function countSwings(watch, mean, step) {
  if (watch.step === 0) watch.extreme = mean;
  watch.step = step;
  watch.extreme = watch.rising > 0 ? Math.max(watch.extreme, mean)
    : watch.rising < 0 ? Math.min(watch.extreme, mean) : watch.extreme;
  if (Math.abs(mean - watch.extreme) > watch.spread) {
    if (watch.rising !== 0) watch.swings.push(step);
    watch.rising = Math.sign(mean - watch.extreme);
    watch.extreme = mean;
  }
  while (watch.swings.length > 0 && watch.swings[0] < step - SWING_STEPS) watch.swings.shift();
}

/** The failures to report now, the gravest first. @param {{ diverged: boolean, watch: Watch }} trainer */
export function failuresOf({ diverged, watch }) {
  if (diverged) return ["diverged"];
  const found = [];
  if (watch.saturated >= PATIENCE) found.push("saturated");
  else if (watch.collapsed >= PATIENCE) found.push("collapsed");
  if (watch.swings.length >= SWINGS) found.push("oscillating");
  return found;
}

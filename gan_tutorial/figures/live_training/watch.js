// @ts-check
// watch.js: what the live figure measures on the way, and the failures it knows by sight.

import { centreOf } from "./density.js";

/** @typedef {"step" | "value" | "cost" | "jsd" | "w1" | "mean"} Series value: minus D's loss; cost: G's loss; mean: of p_g */
/** @typedef {import("../live/history.js").History<Series>} History */

/**
 * What is known of the generator's density at a step: see trainer.js.
 * @typedef {{ step: number, jsd: number, w1: number, pull: number, missed: number, push: { mean: number, spread: number } }} Measured
 */

/**
 * How many measurements each failure has lasted; the steps at which the mean of p_g turned back, with the place and the
 * direction that the next turn is measured from. `spread` is the standard deviation of p_data.
 * @typedef {{ spread: number, saturated: number, collapsed: number, swings: number[], step: number, extreme: number, rising: number }} Watch
 */

/** @type {Series[]} */
export const SERIES = ["step", "value", "cost", "jsd", "w1", "mean"];

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

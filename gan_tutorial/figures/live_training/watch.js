// @ts-check
// What the live figure remembers of a run, in bounded memory, and the failures it knows by sight.

import { centreOf } from "./density.js";

export const ROWS = 400;

// ---------------------------------------------------------------- histories of bounded length

export const SERIES = ["step", "value", "cost", "jsd", "w1", "mean"]; // value: minus D's loss

/** At most ROWS rows: when they are full, every other one goes and rows come half as often. */
export function makeHistory() {
  const history = { length: 0, added: 0, every: 1, waiting: 0, sumD: 0, sumG: 0, count: 0 };
  for (const name of SERIES) history[name] = new Float64Array(ROWS);
  return history;
}

export function addLosses(history, discriminatorLoss, generatorLoss) {
  history.sumD += discriminatorLoss;
  history.sumG += generatorLoss;
  history.count += 1;
}

export function addRow(history, trainer) {
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
  const row = [trainer.step, -history.sumD / history.count, history.sumG / history.count,
    trainer.jsd, trainer.w1, trainer.push.mean];
  SERIES.forEach((name, k) => { history[name][history.length] = row[k]; });
  history.length += 1;
  history.added += 1;
  history.waiting = history.sumD = history.sumG = history.count = 0;
}

// ---------------------------------------------------------------- known failures

const PATIENCE = 10; // measurements that a failure must last
const SWINGS = 6;
export const SWING_STEPS = 4000;

export function makeWatch(data) {
  return { spread: spreadOf(data), saturated: 0, collapsed: 0, swings: [], step: 0, extreme: 0,
    rising: 0 };
}

/** The standard deviation of p_data. */
export function spreadOf(data) {
  let mean = 0, square = 0;
  for (let i = 0; i < data.length; i++) {
    mean += data[i] * centreOf(i);
    square += data[i] * centreOf(i) ** 2;
  }
  return Math.sqrt(square - mean * mean);
}

/** Count how long each failure has been there, and the turns of p_g's mean. */
export function watchRun(watch, { pull, jsd, w1, missed, push, step }) {
  watch.saturated = pull < 0.05 && jsd > 0.2 ? watch.saturated + 1 : 0;
  const narrow = push.spread < 0.25 * watch.spread;
  const partial = missed > 0.35 && w1 > 0.5 * watch.spread;
  watch.collapsed = step > 200 && (narrow || partial) ? watch.collapsed + 1 : 0;
  countSwings(watch, push.mean, step);
}

/** A swing is a turn of the mean after a way of more than the data's standard deviation. */
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

/** The failures to report now, the gravest first. */
export function failuresOf({ diverged, watch }) {
  if (diverged) return ["diverged"];
  const found = [];
  if (watch.saturated >= PATIENCE) found.push("saturated");
  else if (watch.collapsed >= PATIENCE) found.push("collapsed");
  if (watch.swings.length >= SWINGS) found.push("oscillating");
  return found;
}

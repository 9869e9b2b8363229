// What the live figure remembers of a run, in bounded memory, and the failures it knows by sight.

const LIVE_HISTORY = 400;

// ---------------------------------------------------------------- histories of bounded length

const LIVE_SERIES = ["step", "value", "cost", "jsd", "w1", "mean"]; // value: minus D's loss

/** At most LIVE_HISTORY rows: when they are full, every other one goes and rows come half as often. */
function makeLiveHistory() {
  const history = { length: 0, added: 0, every: 1, waiting: 0, sumD: 0, sumG: 0, count: 0 };
  for (const name of LIVE_SERIES) history[name] = new Float64Array(LIVE_HISTORY);
  return history;
}

function addToLiveAverage(history, discriminatorLoss, generatorLoss) {
  history.sumD += discriminatorLoss;
  history.sumG += generatorLoss;
  history.count += 1;
}

function addToLiveHistory(history, trainer) {
  history.waiting += 1;
  if (history.waiting < history.every) return;
  if (history.length === LIVE_HISTORY) {
    for (const name of LIVE_SERIES) {
      for (let i = 0; 2 * i + 1 < LIVE_HISTORY; i++) history[name][i] = history[name][2 * i + 1];
    }
    history.length = LIVE_HISTORY / 2;
    history.every *= 2;
    if (history.waiting < history.every) return;
  }
  const row = [trainer.step, -history.sumD / history.count, history.sumG / history.count,
    trainer.jsd, trainer.w1, trainer.push.mean];
  LIVE_SERIES.forEach((name, k) => { history[name][history.length] = row[k]; });
  history.length += 1;
  history.added += 1;
  history.waiting = history.sumD = history.sumG = history.count = 0;
}

// ---------------------------------------------------------------- known failures

const LIVE_PATIENCE = 10, LIVE_SWINGS = 6, LIVE_SWING_STEPS = 4000;

function makeLiveWatch(data) {
  return { spread: liveSpread(data), saturated: 0, collapsed: 0, swings: [], step: 0, extreme: 0,
    rising: 0 };
}

/** The standard deviation of p_data. */
function liveSpread(data) {
  let mean = 0, square = 0;
  for (let i = 0; i < data.length; i++) {
    mean += data[i] * liveCentre(i);
    square += data[i] * liveCentre(i) ** 2;
  }
  return Math.sqrt(square - mean * mean);
}

/** Count how long each failure has been there, and the turns of p_g's mean. */
function watchLive(watch, { pull, jsd, w1, missed, push, step }) {
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
  while (watch.swings.length > 0 && watch.swings[0] < step - LIVE_SWING_STEPS) watch.swings.shift();
}

/** The failures to report now, the gravest first. */
function liveFailures({ diverged, watch }) {
  if (diverged) return ["diverged"];
  const found = [];
  if (watch.saturated >= LIVE_PATIENCE) found.push("saturated");
  else if (watch.collapsed >= LIVE_PATIENCE) found.push("collapsed");
  if (watch.swings.length >= LIVE_SWINGS) found.push("oscillating");
  return found;
}

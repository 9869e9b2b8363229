// The live figure's state machine: settings, steps, what is measured on the way, what went wrong.
//
// A trainer is a plain object. `liveRound` plays one round (k steps of D, one of G),
// `liveDiscriminatorStep` and `liveGeneratorStep` one player's step; measuring happens by itself,
// every LIVE_EVERY steps of G, so that a run depends on its settings alone and not on the frame rate.

const LIVE_SETTINGS = {
  data: "two-bells", drawing: "0".repeat(LIVE_COLUMNS),
  objective: "non-saturating", optimizer: "adam", k: 2, log_rate_g: -3, log_rate_d: -2.3,
  momentum: 0.5, log_clip: -1, width_g: 16, width_d: 16, activation: "tanh", batch: 64, prior: "normal",
  seed: 1,
};

const LIVE_EVERY = 20, LIVE_HISTORY = 400;

const LIVE_CHOICES = {
  data: [...Object.keys(LIVE_DATA), "drawn"],
  objective: Object.keys(OBJECTIVES),
  optimizer: Object.keys(OPTIMIZERS),
  activation: Object.keys(ACTIVATIONS),
  prior: Object.keys(LIVE_PRIORS),
};

/** Minus D's loss ("value") and G's loss ("cost") at the optimum; whether s is the logit of D. */
const LIVE_OPTIMA = {
  minimax: { logit: true, value: -Math.log(4), valueName: "−log 4", cost: -Math.LN2, costName: "−log 2" },
  "non-saturating": {
    logit: true, value: -Math.log(4), valueName: "−log 4", cost: Math.LN2, costName: "log 2",
  },
  wgan: { logit: false, value: 0, valueName: "0", cost: null },
  "wgan-gp": { logit: false, value: 0, valueName: "0", cost: null },
  "least-squares": { logit: false, value: -0.25, valueName: "−¼", cost: 0.125, costName: "⅛" },
};

/** Build the networks and everything a run needs; the seed decides every number after this. */
function makeTrainer(settings) {
  const chosen = { ...LIVE_SETTINGS, ...settings };
  const random = makeRandom(chosen.seed);
  const network = (width) => makeNetwork([1, width, width, 1], chosen.activation);
  const generator = network(chosen.width_g), discriminator = network(chosen.width_d);
  initialize(generator, random);
  initialize(discriminator, random);
  const game = makeGame({
    generator, discriminator, objective: chosen.objective, optimizer: chosen.optimizer,
    batch: chosen.batch, rates: [10 ** chosen.log_rate_g, 10 ** chosen.log_rate_d],
    clip: 10 ** chosen.log_clip, momentum: chosen.momentum, betas: [chosen.momentum, 0.999],
  });
  const data = liveDataMasses(chosen.data, chosen.drawing);
  const trainer = {
    settings: chosen, random, game, data, draw: makeLiveSampler(data), prior: LIVE_PRIORS[chosen.prior],
    push: makeLivePush(generator, chosen.prior),
    probe: makePass(discriminator, LIVE_CELLS, { onlyForward: true }),
    step: 0, discriminatorSteps: 0, diverged: false, jsd: 0, w1: 0, pull: 1, missed: 0,
    history: makeLiveHistory(), watch: makeLiveWatch(data),
  };
  for (let i = 0; i < LIVE_CELLS; i++) trainer.probe.input[i] = liveCentre(i);
  measureLive(trainer);
  return trainer;
}

/** The settings that may change in the midst of a run; any other begins a new one. */
const LIVE_TUNABLE = ["data", "drawing", "k", "log_rate_g", "log_rate_d", "momentum", "log_clip"];

function tuneLive(trainer, settings) {
  for (const name of LIVE_TUNABLE) trainer.settings[name] = settings[name] ?? trainer.settings[name];
  const { data, drawing, log_rate_g, log_rate_d, momentum, log_clip } = trainer.settings;
  const { game } = trainer, betas = [momentum, 0.999];
  Object.assign(game.forG, { rate: 10 ** log_rate_g, momentum, betas });
  Object.assign(game.forD, { rate: 10 ** log_rate_d, momentum, betas });
  game.clip = 10 ** log_clip;
  trainer.data = liveDataMasses(data, drawing);
  trainer.draw = makeLiveSampler(trainer.data);
  trainer.watch.spread = liveSpread(trainer.data);
  compareLive(trainer);
}

// ---------------------------------------------------------------- steps

/** One step of D on fresh data and fresh noise. */
function liveDiscriminatorStep(trainer) {
  const { game, random, draw, prior, settings } = trainer;
  if (trainer.diverged) return;
  for (let i = 0; i < settings.batch; i++) game.real[i] = draw(random());
  for (let i = 0; i < settings.batch; i++) game.mix[i] = random();
  prior.fill(random, game.noise, settings.batch);
  stepDiscriminator(game);
  trainer.discriminatorSteps += 1;
  checkLive(trainer, game.discriminatorLoss);
}

/** One step of G on fresh noise. */
function liveGeneratorStep(trainer) {
  const { game, random, prior, settings } = trainer;
  if (trainer.diverged) return;
  prior.fill(random, game.noise, settings.batch);
  stepGenerator(game);
  trainer.step += 1;
  checkLive(trainer, game.generatorLoss);
  addToLiveAverage(trainer.history, game.discriminatorLoss, game.generatorLoss);
  if (trainer.step % LIVE_EVERY === 0) {
    trainer.pull = game.onFake.outputDelta.reduce((sum, delta) => sum + Math.abs(delta), 0);
    measureLive(trainer);
  }
}

/** Algorithm 1 of Goodfellow et al. 2014: k steps of D, then one of G. */
function liveRound(trainer) {
  for (let i = 0; i < trainer.settings.k; i++) liveDiscriminatorStep(trainer);
  liveGeneratorStep(trainer);
}

/** A run whose losses are no longer numbers one can work with stops, and says so. */
function checkLive(trainer, loss) {
  if (!(Math.abs(loss) < 1e6)) trainer.diverged = true;
}

// ---------------------------------------------------------------- measuring

/** Measure, write it down, and watch for known failures. */
function measureLive(trainer) {
  lookAtLive(trainer);
  if (trainer.step === 0 || trainer.diverged) return;
  addToLiveHistory(trainer.history, trainer);
  watchLive(trainer.watch, trainer);
}

/** p_g, D on every cell, and how far p_g is from p_data. */
function lookAtLive(trainer) {
  const { game, push, probe } = trainer;
  pushForward(push, game.generator);
  forward(game.discriminator, probe);
  if (!push.finite || !Number.isFinite(probe.output[0] + probe.output[LIVE_CELLS - 1])) {
    trainer.diverged = true;
    return;
  }
  compareLive(trainer);
}

/** How far p_g is from p_data: two distances, and the share of the data that p_g all but misses. */
function compareLive(trainer) {
  const { data, push } = trainer;
  trainer.jsd = liveJsd(data, push);
  trainer.w1 = liveWasserstein(data, push);
  trainer.missed = 0;
  for (let i = 0; i < data.length; i++) {
    if (push.masses[i] < 0.1 * data[i]) trainer.missed += data[i];
  }
}

/** The optimal discriminator of this moment on cell i: p_data / (p_data + p_g). */
function liveOptimal({ data, push }, i) {
  const both = data[i] + push.masses[i];
  return both > 1e-12 ? data[i] / both : NaN; // undefined where neither is
}

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

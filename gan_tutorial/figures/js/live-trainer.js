// The live figure's state machine: settings, steps, and what is measured on the way.
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

const LIVE_EVERY = 20;

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
    step: 0, discriminatorSteps: 0, diverged: false, jsd: 0, w1: 0, value: 0, pull: 1,
    missed: 0,
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
  if (trainer.step % LIVE_EVERY === 0) measureLive(trainer);
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

/** p_g, D on every cell, and all that follows from them without drawing a sample. */
function lookAtLive(trainer) {
  const { game, push, probe } = trainer;
  pushForward(push, game.generator);
  forward(game.discriminator, probe);
  if (!push.finite || !Number.isFinite(probe.output[0] + probe.output[LIVE_CELLS - 1])) {
    trainer.diverged = true;
    return;
  }
  compareLive(trainer);
  weighScores(trainer);
}

/**
 * V, that is minus D's loss (without a penalty), and the mean size of G's gradient in the score:
 * where that is near 0 G has saturated, whatever its loss says. What left the picture counts at its
 * edge.
 */
function weighScores(trainer) {
  const { game: { objective }, data, push, probe: { output } } = trainer, last = LIVE_CELLS - 1;
  let loss = 0, pull = 0;
  for (let i = 0; i < LIVE_CELLS; i++) {
    const q = push.masses[i] + (i === 0 ? push.left : 0) + (i === last ? push.right : 0);
    loss += data[i] * objective.real(output[i]) + q * objective.fake(output[i]);
    pull += q * Math.abs(objective.generatorSlope(output[i]));
  }
  trainer.value = -loss;
  trainer.pull = pull;
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

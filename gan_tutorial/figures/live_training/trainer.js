// @ts-check
// trainer.js: the live figure's run: settings, steps, and what is measured on the way.
//
// A trainer is a plain object. `playRound` plays one round (k steps of D, one of G),
// `trainDiscriminator` and `trainGenerator` one player's step; measuring happens by itself,
// every EVERY steps of G, so that a run depends on its settings alone and not on the frame rate.

import { OBJECTIVES, bestReply } from "../mathematics/game.js";
import { jensenShannon } from "../mathematics/masses.js";
import { ACTIVATIONS, forward, initialize, makeNetwork, makePass } from "../mathematics/network.js";
import { makeRandom } from "../mathematics/random.js";
import { CELLS, COLUMNS, DATA, PRIORS, centreOf, dataMasses, makePush, makeSampler, pushForward, w1To } from "./density.js";
import { OPTIMIZERS, makeGame, stepDiscriminator, stepGenerator } from "./players.js";
import { addLosses, addRow, makeHistory, makeWatch, spreadOf, watchRun } from "./watch.js";

/**
 * What a run depends on, and nothing else; the names, options and bounds are those of the traits in Python.
 * @typedef {{ data: string, drawing: string, objective: string, optimizer: string, k: number, log_rate_g: number, log_rate_d: number,
 *   momentum: number, log_clip: number, width_g: number, width_d: number, activation: string, batch: number, prior: string, seed: number }} Settings
 */

/**
 * A run: what plays, and what was measured last.
 * @typedef {object} Trainer
 * @property {Settings} settings with what was tuned on the way
 * @property {() => number} random the source of every number after the first weights
 * @property {import("./players.js").Game} game both networks, their optimisers and one batch
 * @property {Float64Array} data masses of p_data in the cells
 * @property {(u: number) => number} draw a sample of p_data
 * @property {import("./density.js").Prior} prior
 * @property {import("./density.js").Push} push p_g: the prior pushed through G
 * @property {import("../mathematics/network.js").Pass} probe D on every cell
 * @property {number} step steps of G so far
 * @property {number} discriminatorSteps
 * @property {boolean} diverged the losses are no longer numbers that one can work with: nothing moves any more
 * @property {number} jsd JSD(p_data, p_g) in nats
 * @property {number} w1 W1(p_data, p_g) in units of x
 * @property {number} value V(D, G): minus D's loss, without a penalty
 * @property {number} pull mean size of G's gradient in the score
 * @property {number} missed share of the data that p_g all but misses
 * @property {import("./watch.js").History} history
 * @property {import("./watch.js").Watch} watch for failures that are known by sight
 */

/** @typedef {{ logit: boolean, value: number, valueName: string, cost: number | null, costName?: string }} Optimum */

/** @type {Settings} */
export const SETTINGS = {
  data: "two-bells", drawing: "0".repeat(COLUMNS),
  objective: "non-saturating", optimizer: "adam", k: 2, log_rate_g: -3, log_rate_d: -2.3,
  momentum: 0.5, log_clip: -1, width_g: 16, width_d: 16, activation: "tanh", batch: 64, prior: "normal",
  seed: 1,
};

const EVERY = 20;

/** @type {Record<string, string[]>} */
export const CHOICES = {
  data: [...Object.keys(DATA), "drawn"],
  objective: Object.keys(OBJECTIVES),
  optimizer: Object.keys(OPTIMIZERS),
  activation: Object.keys(ACTIVATIONS),
  prior: Object.keys(PRIORS),
};

/** Minus D's loss ("value") and G's loss ("cost") at the optimum; whether s is the logit of D. @type {Record<string, Optimum>} */
export const OPTIMA = {
  minimax: { logit: true, value: -Math.log(4), valueName: "−log 4", cost: -Math.LN2, costName: "−log 2" },
  "non-saturating": {
    logit: true, value: -Math.log(4), valueName: "−log 4", cost: Math.LN2, costName: "log 2",
  },
  wgan: { logit: false, value: 0, valueName: "0", cost: null },
  "wgan-gp": { logit: false, value: 0, valueName: "0", cost: null },
  "least-squares": { logit: false, value: -0.25, valueName: "−¼", cost: 0.125, costName: "⅛" },
};

/** Build the networks and everything a run needs; the seed decides every number after this. @param {Partial<Settings>} settings @returns {Trainer} */
export function makeTrainer(settings) {
  const chosen = { ...SETTINGS, ...settings };
  const random = makeRandom(chosen.seed);
  const network = (/** @type {number} */ width) => makeNetwork([1, width, width, 1], chosen.activation);
  const generator = network(chosen.width_g), discriminator = network(chosen.width_d);
  initialize(generator, random);
  initialize(discriminator, random);
  const game = makeGame({
    generator, discriminator, objective: chosen.objective, optimizer: chosen.optimizer,
    batch: chosen.batch, rates: [10 ** chosen.log_rate_g, 10 ** chosen.log_rate_d],
    clip: 10 ** chosen.log_clip, momentum: chosen.momentum, betas: [chosen.momentum, 0.999],
  });
  const data = dataMasses(chosen.data, chosen.drawing);
  /** @type {Trainer} */
  const trainer = {
    settings: chosen, random, game, data, draw: makeSampler(data), prior: PRIORS[chosen.prior],
    push: makePush(generator, chosen.prior),
    probe: makePass(discriminator, CELLS, { onlyForward: true }),
    step: 0, discriminatorSteps: 0, diverged: false, jsd: 0, w1: 0, value: 0, pull: 1,
    missed: 0,
    history: makeHistory(), watch: makeWatch(data),
  };
  for (let i = 0; i < CELLS; i++) trainer.probe.input[i] = centreOf(i);
  measure(trainer);
  return trainer;
}

/** The names of the settings in which two runs differ. @param {Settings} before @param {Settings} after */
export const changedSettings = (before, after) => /** @type {(keyof Settings)[]} */ (Object.keys(SETTINGS)).filter((name) => before[name] !== after[name]);

/** The settings that may change in the midst of a run; any other begins a new one. @type {(keyof Settings)[]} */
export const TUNABLE = ["data", "drawing", "k", "log_rate_g", "log_rate_d", "momentum", "log_clip"];

/** @param {Trainer} trainer @param {Partial<Settings>} settings */
export function tune(trainer, settings) {
  for (const name of TUNABLE) Object.assign(trainer.settings, { [name]: settings[name] ?? trainer.settings[name] });
  const { data, drawing, log_rate_g, log_rate_d, momentum, log_clip } = trainer.settings;
  const { game } = trainer, betas = [momentum, 0.999];
  Object.assign(game.forG, { rate: 10 ** log_rate_g, momentum, betas });
  Object.assign(game.forD, { rate: 10 ** log_rate_d, momentum, betas });
  game.clip = 10 ** log_clip;
  trainer.data = dataMasses(data, drawing);
  trainer.draw = makeSampler(trainer.data);
  trainer.watch.spread = spreadOf(trainer.data);
  compare(trainer);
}

// ---------------------------------------------------------------- steps

/** One step of D on fresh data and fresh noise. @param {Trainer} trainer */
export function trainDiscriminator(trainer) {
  const { game, random, draw, prior, settings } = trainer;
  if (trainer.diverged) return;
  for (let i = 0; i < settings.batch; i++) game.real[i] = draw(random());
  for (let i = 0; i < settings.batch; i++) game.mix[i] = random();
  prior.fill(random, game.noise, settings.batch);
  stepDiscriminator(game);
  trainer.discriminatorSteps += 1;
  checkLoss(trainer, game.discriminatorLoss);
}

/** One step of G on fresh noise. @param {Trainer} trainer */
export function trainGenerator(trainer) {
  const { game, random, prior, settings } = trainer;
  if (trainer.diverged) return;
  prior.fill(random, game.noise, settings.batch);
  stepGenerator(game);
  trainer.step += 1;
  checkLoss(trainer, game.generatorLoss);
  addLosses(trainer.history, game.discriminatorLoss, game.generatorLoss);
  if (trainer.step % EVERY === 0) measure(trainer);
}

/** Algorithm 1 of Goodfellow et al. 2014: k steps of D, then one of G. @param {Trainer} trainer */
export function playRound(trainer) {
  for (let i = 0; i < trainer.settings.k; i++) trainDiscriminator(trainer);
  trainGenerator(trainer);
}

/** A run whose losses are no longer numbers one can work with stops, and says so. @param {Trainer} trainer @param {number} loss */
function checkLoss(trainer, loss) {
  if (!(Math.abs(loss) < 1e6)) trainer.diverged = true;
}

// ---------------------------------------------------------------- measuring

/** Measure, write it down, and watch for known failures. @param {Trainer} trainer */
function measure(trainer) {
  look(trainer);
  if (trainer.step === 0 || trainer.diverged) return;
  addRow(trainer.history, trainer);
  watchRun(trainer.watch, trainer);
}

/** p_g, D on every cell, and all that follows from them without drawing a sample. @param {Trainer} trainer */
export function look(trainer) {
  const { game, push, probe } = trainer;
  pushForward(push, game.generator);
  forward(game.discriminator, probe);
  if (!push.finite || !Number.isFinite(probe.output[0] + probe.output[CELLS - 1])) {
    trainer.diverged = true;
    return;
  }
  compare(trainer);
  weighScores(trainer);
}

/**
 * V, that is minus D's loss (without a penalty), and the mean size of G's gradient in the score:
 * where that is near 0 G has saturated, whatever its loss says. What left the picture counts at its
 * edge.
 * @param {Trainer} trainer
 */
function weighScores(trainer) {
  const { game: { objective }, data, push, probe: { output } } = trainer, last = CELLS - 1;
  let loss = 0, pull = 0;
  for (let i = 0; i < CELLS; i++) {
    const q = push.masses[i] + (i === 0 ? push.left : 0) + (i === last ? push.right : 0);
    loss += data[i] * objective.real(output[i]) + q * objective.fake(output[i]);
    pull += q * Math.abs(objective.generatorSlope(output[i]));
  }
  trainer.value = -loss;
  trainer.pull = pull;
}

/** How far p_g is from p_data: two distances, and the share of the data that p_g all but misses. @param {Trainer} trainer */
function compare(trainer) {
  const { data, push } = trainer;
  trainer.jsd = jensenShannon(data, push.masses);
  trainer.w1 = w1To(data, push);
  trainer.missed = 0;
  for (let i = 0; i < data.length; i++) {
    if (push.masses[i] < 0.1 * data[i]) trainer.missed += data[i];
  }
}

/** The optimal discriminator of this moment on cell i: p_data / (p_data + p_g). @param {Trainer} trainer @param {number} i */
export function optimalAt({ data, push }, i) {
  const both = data[i] + push.masses[i];
  return both > 1e-12 ? bestReply(data[i], push.masses[i]) : NaN; // undefined where neither is
}

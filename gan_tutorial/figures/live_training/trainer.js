// @ts-check
// trainer.js: the live figure's run: settings, steps, and what is measured on the way.
//
// A trainer is a plain object, which live/run.js plays on with.

import { fillUniform, makeEngine, makeRandom } from "../engine/engine.js";
import { forward, makePass } from "../engine/network.js";
import { OPTIMIZERS } from "../engine/players.js";
import { addRow, makeHistory } from "../live/history.js";
import { makeGame, setRates } from "../live/run.js";
import { OBJECTIVES, bestReply } from "../mathematics/game.js";
import { jensenShannon } from "../mathematics/masses.js";
import { CELLS, COLUMNS, DATA, PRIORS, centreOf, dataMasses, makePush, makeSampler, pushForward, w1To } from "./density.js";
import { SERIES, makeWatch, spreadOf, watchRun } from "./watch.js";

/**
 * What a run depends on, and nothing else; the names, options and bounds are those of the traits in Python.
 * @typedef {{ data: string, drawing: string, objective: string, optimizer: string, k: number, log_rate_g: number, log_rate_d: number,
 *   momentum: number, log_clip: number, width_g: number, width_d: number, activation: string, batch: number, prior: string, seed: number }} Settings
 */

/**
 * A run: what plays, and what was measured last.
 * @typedef {object} Measures
 * @property {Settings} settings with what was tuned on the way
 * @property {import("../engine/engine.js").Random} random the source of every number
 * @property {Float64Array} data masses of p_data in the cells
 * @property {(u: number) => number} draw a sample of p_data
 * @property {import("./density.js").Push} push p_g: the prior pushed through G
 * @property {import("../engine/network.js").Pass} probe D on every cell
 * @property {number} jsd JSD(p_data, p_g) in nats
 * @property {number} w1 W1(p_data, p_g) in units of x
 * @property {number} value V(D, G): minus D's loss, without a penalty
 * @property {number} pull mean size of G's gradient in the score
 * @property {number} missed share of the data that p_g all but misses
 * @property {import("./watch.js").History} history
 * @property {import("./watch.js").Watch} watch for failures that are known by sight
 */
/** @typedef {import("../live/run.js").Run & Measures} Trainer */

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
  activation: ["tanh", "softplus", "relu", "leaky-relu"],
  prior: Object.keys(PRIORS),
};

/**
 * Build the networks and everything a run needs; the seed decides every number after this. An engine that is given is cleared.
 * @param {Partial<Settings>} settings @param {import("../engine/engine.js").Engine} engine @returns {Trainer}
 */
export function makeTrainer(settings, engine = makeEngine()) {
  const chosen = { ...SETTINGS, ...settings };
  engine.clear();
  const random = makeRandom(engine, chosen.seed);
  const sizes = (/** @type {number} */ width) => [1, width, width, 1];
  const { game, kept } = makeGame(engine, random, chosen, sizes(chosen.width_g), sizes(chosen.width_d));
  const data = dataMasses(chosen.data, chosen.drawing), prior = PRIORS[chosen.prior];
  /** @type {Trainer} */
  const trainer = {
    settings: chosen, engine, random, game, kept, data, draw: makeSampler(data), every: EVERY, measure: () => measure(trainer),
    deal: () => deal(trainer), dealNoise: () => prior.fill(random, game.noise, game.pass.stride),
    push: makePush(game.generator, chosen.prior),
    probe: makePass(game.discriminator, CELLS, { onlyForward: true }),
    step: 0, discriminatorSteps: 0, diverged: false, jsd: 0, w1: 0, value: 0, pull: 1,
    missed: 0,
    history: makeHistory(SERIES), watch: makeWatch(data),
  };
  engine.floats(trainer.probe.input, CELLS).set(Float32Array.from({ length: CELLS }, (_, i) => centreOf(i)));
  measure(trainer);
  return trainer;
}

/** The settings that may change in the midst of a run; any other begins a new one. @type {(keyof Settings)[]} */
export const TUNABLE = ["data", "drawing", "k", "log_rate_g", "log_rate_d", "momentum", "log_clip"];

/** @param {Trainer} trainer @param {Partial<Settings>} settings */
export function tune(trainer, settings) {
  for (const name of TUNABLE) Object.assign(trainer.settings, { [name]: settings[name] ?? trainer.settings[name] });
  const { data, drawing } = trainer.settings;
  setRates(trainer.game, trainer.settings);
  trainer.data = dataMasses(data, drawing);
  trainer.draw = makeSampler(trainer.data);
  trainer.watch.spread = spreadOf(trainer.data);
  compare(trainer);
}

/** A batch for D: data, fresh noise, and places between them. @param {Trainer} trainer */
function deal({ engine, game, random, draw, dealNoise }) {
  const { stride } = game.pass;
  fillUniform(random, game.real, stride);
  const real = engine.floats(game.real, stride);
  for (let i = 0; i < stride; i++) real[i] = draw(real[i]);
  fillUniform(random, game.mix, stride);
  dealNoise();
}

// ---------------------------------------------------------------- measuring

/** Measure, write it down, and watch for known failures. @param {Trainer} trainer */
function measure(trainer) {
  look(trainer);
  if (trainer.step === 0 || trainer.diverged) return;
  addRow(trainer.history, { step: trainer.step, jsd: trainer.jsd, w1: trainer.w1, mean: trainer.push.mean });
  watchRun(trainer.watch, trainer);
}

/** p_g, D on every cell, and all that follows from them without drawing a sample. @param {Trainer} trainer */
export function look(trainer) {
  const { game, push, probe } = trainer;
  pushForward(push, game.generator);
  forward(game.discriminator, probe);
  const scores = scoresOf(trainer);
  if (!push.finite || !Number.isFinite(scores[0] + scores[CELLS - 1])) {
    trainer.diverged = true;
    return;
  }
  compare(trainer);
  weighScores(trainer);
}

/** D's scores on the cells, as of the last look. @param {Trainer} trainer */
export const scoresOf = ({ engine, probe }) => engine.floats(probe.output, CELLS);

/**
 * V, that is minus D's loss (without a penalty), and the mean size of G's gradient in the score:
 * where that is near 0 G has saturated, whatever its loss says. What left the picture counts at its
 * edge.
 * @param {Trainer} trainer
 */
function weighScores(trainer) {
  const { settings, data, push } = trainer, last = CELLS - 1, output = scoresOf(trainer), objective = OBJECTIVES[settings.objective];
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

// @ts-check
// run.js: how a live figure's run goes on, whatever its data are.
//
// A run depends on its settings alone and not on the frame rate: measuring happens by itself, every so many steps of G.

import { GAMES, followAverage, makeMemory, makePlay, stepDiscriminator, stepGenerator } from "../engine/players.js";
import { initialize, makeNetwork } from "../engine/network.js";
import { addLosses } from "./history.js";

/** @typedef {import("../engine/engine.js").Engine} Engine */
/** @typedef {import("../engine/players.js").Play} Play */

/**
 * What is common to all runs. `deal` fills a batch for D (real samples, noise, places between), `dealNoise` one for G;
 * `kept` bytes at the start of the engine's memory hold the run: weights, optimisers, random numbers.
 * @typedef {object} Run
 * @property {Engine} engine @property {Play} game @property {number} kept
 * @property {() => void} deal @property {() => void} dealNoise
 * @property {number} step steps of G so far @property {number} discriminatorSteps
 * @property {boolean} diverged the losses are no longer numbers that one can work with: nothing moves any more
 * @property {import("./history.js").History<any>} history
 * @property {any} [watch] what else a run remembers
 * @property {{ k: number }} settings
 * @property {number} every steps of G from one measurement to the next
 * @property {() => void} measure
 * @property {() => void} [follow] what a step of G brings with it
 */

/** `decay` is Adam's beta 2 where it is not the usual one. @typedef {{ optimizer: string, log_rate_g: number, log_rate_d: number, momentum: number, log_clip: number, decay?: number }} Rules */

/** What an optimiser is told. Browsers differ in the last bit of a power: float32, which the engine works in, drops it. @param {number} power @param {number} momentum @param {number} decay */
const optionsOf = (power, momentum, decay) => ({ rate: Math.fround(10 ** power), momentum, betas: [momentum, decay] });

/**
 * Both networks, drawn with `random`, and their game. `last` is G's activation at its end, `blur` how often its pictures are blurred before that, `keep` the
 * share of D's units that dropout leaves, `classes` how many labels D has an output for (0: none), `averaged` whether there is a moving average of G, which is a part of the run.
 * @param {Engine} engine @param {import("../engine/engine.js").Random} random
 * @param {Rules & { objective: string, activation: string, batch: number }} settings
 * @param {number[]} sizesG @param {number[]} sizesD @param {import("../engine/players.js").Game} rules
 * @param {{ last?: string, blur?: number, keep?: number, classes?: number, averaged?: boolean }} kind
 */
export function makeGame(engine, random, settings, sizesG, sizesD, rules = GAMES[settings.objective], { last = "", blur = 0, keep = 1, classes = 0, averaged = false } = {}) {
  const generator = makeNetwork(engine, sizesG, settings.activation, { last, blur });
  const discriminator = makeNetwork(engine, sizesD, settings.activation, { keep, classes });
  initialize(generator, random);
  initialize(discriminator, random);
  const average = averaged ? makeNetwork(engine, sizesG, settings.activation, { last, blur }) : generator;
  if (averaged) followAverage(average, generator, 1);
  const memoryG = makeMemory(generator), memoryD = makeMemory(discriminator), kept = engine.used();
  const { optimizer, batch } = settings, none = { rate: 0 };
  const game = makePlay({ generator, discriminator, memoryG, memoryD, game: rules, optimizer, batch, forG: none, forD: none });
  setRates(game, settings);
  return { game, average, kept };
}

/** @param {Play} game @param {Rules} rules */
export function setRates(game, { log_rate_g, log_rate_d, momentum, log_clip, decay = 0.999 }) {
  game.forG = optionsOf(log_rate_g, momentum, decay);
  game.forD = optionsOf(log_rate_d, momentum, decay);
  game.clip = 10 ** log_clip;
}

/** The names of the settings in which two runs differ. @template {object} Settings @param {Settings} before @param {Settings} after */
export const changedSettings = (before, after) => /** @type {(keyof Settings & string)[]} */ (Object.keys(before)).filter((name) => before[name] !== after[name]);

// ---------------------------------------------------------------- steps

/** One step of D on fresh data and fresh noise. @param {Run} run */
export function trainDiscriminator(run) {
  if (run.diverged) return;
  run.deal();
  finishDiscriminator(run);
}

/** D's step on the batch that was dealt. @param {Run} run */
export function finishDiscriminator(run) {
  stepDiscriminator(run.game);
  run.discriminatorSteps += 1;
  checkLoss(run, run.game.discriminatorLoss);
}

/** One step of G on fresh noise. @param {Run} run */
export function trainGenerator(run) {
  if (run.diverged) return;
  run.dealNoise();
  finishGenerator(run);
}

/** G's step on the noise that was dealt. @param {Run} run */
export function finishGenerator(run) {
  const { game } = run;
  stepGenerator(game);
  run.step += 1;
  run.follow?.();
  checkLoss(run, game.generatorLoss);
  addLosses(run.history, game.discriminatorLoss, game.generatorLoss);
  if (run.step % run.every === 0) run.measure();
}

/** Algorithm 1 of Goodfellow et al. 2014: k steps of D, then one of G. @param {Run} run */
export function playRound(run) {
  for (let i = 0; i < run.settings.k; i++) trainDiscriminator(run);
  trainGenerator(run);
}

/** A run whose losses are no longer numbers one can work with stops, and says so. @param {Run} run @param {number} loss */
function checkLoss(run, loss) {
  if (!(Math.abs(loss) < 1e6)) run.diverged = true;
}

// ---------------------------------------------------------------- from one thread to another

/** All that a run has become since it was made of its settings. @typedef {Pick<Run, "step" | "discriminatorSteps" | "diverged" | "history" | "watch"> & { memory: Uint8Array, real: Float32Array[], losses: { discriminatorLoss: number, generatorLoss: number } }} Saved */

/** The data that D saw last, and their labels: G's step needs them with pairs, and to ask for the same labels. @param {Run} run */
const lastReal = ({ engine, game: { real, onReal, discriminator: { sizes, classes } } }) =>
  [[real, sizes[0]], [onReal.labels, classes]].map(([place, rows]) => engine.floats(place, rows * onReal.stride));

/** @param {Run} run @returns {Saved} */
export function saveRun(run) {
  const { engine, kept, step, discriminatorSteps, diverged, history, watch, game: { discriminatorLoss, generatorLoss } } = run;
  const losses = { discriminatorLoss, generatorLoss };
  return { step, discriminatorSteps, diverged, history, watch, memory: engine.save(kept), real: lastReal(run).map((rows) => rows.slice()), losses };
}

/** Go on from where another run of the same settings was. @param {Run} run @param {Saved} saved */
export function loadRun(run, { memory, real, losses, ...rest }) {
  run.engine.load(memory);
  lastReal(run).forEach((to, i) => to.set(real[i]));
  Object.assign(run.game, losses);
  Object.assign(run, rest);
}

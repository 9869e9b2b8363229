// @ts-check
// players.js: two networks that play: optimisers, and each player's step. Costs are means over the batch. Checked against torch by tests/test_live_network.py.

import { OBJECTIVES } from "../mathematics/game.js";
import { addGradientPenalty, addGradients, backward, forward, makePass } from "../mathematics/network.js";

/** @typedef {import("../mathematics/network.js").Network} Network */
/** @typedef {import("../mathematics/network.js").Pass} Pass */

/** @typedef {{ m: Float64Array, v: Float64Array, time: number }} Memory running means of the gradient and of its square */
/** @typedef {{ rate: number, momentum?: number, betas?: number[], decay?: number }} Options */

/**
 * Two networks, an objective and the memory of one batch. Fill real, noise (and mix), then step. `mix` says where between
 * fake (0) and real (1) the slope is fined; forG and forD may be changed between steps.
 * @typedef {object} Game
 * @property {Network} generator @property {Network} discriminator @property {import("../mathematics/game.js").Objective} objective
 * @property {Pass} pass @property {Pass} onReal @property {Pass} onFake @property {Pass} between
 * @property {Options} forG @property {Options} forD @property {number} clip
 * @property {Float64Array} real @property {Float64Array} noise @property {Float64Array} fake @property {Float64Array} mix
 * @property {() => void} updateGenerator @property {() => void} updateDiscriminator
 * @property {number} generatorLoss @property {number} discriminatorLoss
 */

/**
 * Mean cost of a pass, and its gradient in every output, ready for `backward`.
 * @param {Pass} pass @param {(s: number) => number} cost @param {(s: number) => number} slope
 */
export function applyCost(pass, cost, slope) {
  const { batch, output, outputDelta } = pass;
  let sum = 0;
  for (let i = 0; i < batch; i++) {
    sum += cost(output[i]);
    outputDelta[i] = slope(output[i]) / batch;
  }
  return sum / batch;
}

// ---------------------------------------------------------------- optimisers

/**
 * As in torch.optim.
 * @type {Record<string, (memory: Memory, p: Float64Array, g: Float64Array, options: Options) => void>}
 */
export const OPTIMIZERS = {
  sgd(state, p, g, { rate }) {
    for (let i = 0; i < p.length; i++) p[i] -= rate * g[i];
  },
  momentum({ m }, p, g, { rate, momentum = 0.9 }) {
    for (let i = 0; i < p.length; i++) p[i] -= rate * (m[i] = momentum * m[i] + g[i]);
  },
  rmsprop({ v }, p, g, { rate, decay = 0.99 }) {
    for (let i = 0; i < p.length; i++) {
      v[i] = decay * v[i] + (1 - decay) * g[i] * g[i];
      p[i] -= (rate * g[i]) / (Math.sqrt(v[i]) + 1e-8);
    }
  },
  adam({ m, v, time }, p, g, { rate, betas = [0.9, 0.999] }) {
    const [beta1, beta2] = betas;
    const step = rate / (1 - beta1 ** time), spread = Math.sqrt(1 - beta2 ** time);
    for (let i = 0; i < p.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= (step * m[i]) / (Math.sqrt(v[i]) / spread + 1e-8);
    }
  },
};

/**
 * An optimiser with its memory: call it once the network's gradients are there.
 * @param {string} name @param {Network} network @param {Options} options
 */
function makeOptimizer(name, network, options) {
  const { parameters, gradients } = network, rule = OPTIMIZERS[name];
  const state = { m: new Float64Array(parameters.length), v: new Float64Array(parameters.length),
    time: 0 };
  return () => {
    state.time += 1;
    rule(state, parameters, gradients, options);
  };
}

// ---------------------------------------------------------------- the game

/**
 * A game that is ready to be played.
 * @param {{ generator: Network, discriminator: Network, objective: string, optimizer: string, batch: number, rates: number[], clip: number } & Omit<Options, "rate">} settings @returns {Game}
 */
export function makeGame(settings) {
  const { generator, discriminator, objective, optimizer, batch, rates, clip, ...rest } = settings;
  const pass = makePass(generator, batch);
  const [onReal, onFake, between] = [0, 1, 2].map(() => makePass(discriminator, batch));
  const [forG, forD] = rates.map((rate) => ({ ...rest, rate }));
  return {
    generator, discriminator, objective: OBJECTIVES[objective], pass, onReal, onFake, between,
    forG, forD, clip,
    real: onReal.input, noise: pass.input, fake: pass.output,
    mix: new Float64Array(between.stride),
    updateGenerator: makeOptimizer(optimizer, generator, forG),
    updateDiscriminator: makeOptimizer(optimizer, discriminator, forD),
    generatorLoss: 0, discriminatorLoss: 0,
  };
}

/** The discriminator's gradients on game.real and G(game.noise); returns its loss. @param {Game} game */
function discriminatorGradients(game) {
  const { discriminator, objective, onReal, onFake } = game;
  forward(game.generator, game.pass);
  onFake.input.set(game.fake);
  forward(discriminator, onReal);
  forward(discriminator, onFake);
  let loss = applyCost(onReal, objective.real, objective.realSlope);
  loss += applyCost(onFake, objective.fake, objective.fakeSlope);
  backward(discriminator, onReal);
  backward(discriminator, onFake);
  discriminator.gradients.fill(0);
  addGradients(discriminator, onReal);
  addGradients(discriminator, onFake);
  if (objective.penalty) loss += penalizeSlopes(game, objective.penalty);
  return loss;
}

/** WGAN-GP's penalty at game.mix * real + (1 - game.mix) * fake. @param {Game} game @param {number} strength */
function penalizeSlopes({ discriminator, between, mix, real, fake }, strength) {
  for (let p = 0; p < real.length; p++) {
    between.input[p] = fake[p] + mix[p % between.stride] * (real[p] - fake[p]);
  }
  return addGradientPenalty(discriminator, between, strength);
}

/** The generator's gradients through the discriminator; returns its loss. @param {Game} game */
function generatorGradients(game) {
  const { generator, discriminator, objective, pass, onFake } = game;
  forward(generator, pass);
  onFake.input.set(game.fake);
  forward(discriminator, onFake);
  const loss = applyCost(onFake, objective.generator, objective.generatorSlope);
  backward(discriminator, onFake);
  pass.outputDelta.set(onFake.inputDelta); // the gradient that each fake sample receives
  backward(generator, pass);
  generator.gradients.fill(0);
  addGradients(generator, pass);
  return loss;
}

/** One step of the discriminator on the batch in game.real and game.noise. @param {Game} game */
export function stepDiscriminator(game) {
  game.discriminatorLoss = discriminatorGradients(game);
  game.updateDiscriminator();
  const { clip } = game, p = game.discriminator.parameters;
  if (game.objective.clips) for (let i = 0; i < p.length; i++) p[i] = Math.min(clip, Math.max(-clip, p[i]));
}

/** One step of the generator on the batch in game.noise. @param {Game} game */
export function stepGenerator(game) {
  game.generatorLoss = generatorGradients(game);
  game.updateGenerator();
}

// @ts-check
// players.js: two networks that play: costs, optimisers, and each player's step. Costs are means over the batch. Checked against torch by tests/test_live_network.py.

import { addGradients, addSlopePenalty, backward, clearGradients, drawMasks, forward, makePass } from "./network.js";

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Pass} Pass */

// ---------------------------------------------------------------- costs

/** The mean cost of scores, whose slopes go to delta. @typedef {(k: import("./engine.js").Kernels, scores: number, delta: number, share: number, stride: number) => number} Cost */

/**
 * What each player minimises of the scores: D of those on real samples and on fakes, G of those on fakes; where the objective
 * works on `pairs`, all of the real one minus the fake one. A penalty is taken at the `places` named; `clips` holds D's weights
 * in a box.
 * @typedef {object} Game
 * @property {Cost} real @property {Cost} [fake] @property {Cost} generator @property {boolean} [pairs]
 * @property {import("./network.js").SlopePenalty & { places: ("between" | "real" | "fake")[] }} [penalty] @property {boolean} [clips]
 */

/** size * softplus(sign * s) @param {number} sign @param {number} size @returns {Cost} */
const logistic = (sign, size = 1) => (k, s, delta, share, stride) => k.cost_logistic(s, delta, share, stride, sign, size);
/** size * s @param {number} size @returns {Cost} */
const linear = (size) => (k, s, delta, share, stride) => k.cost_linear(s, delta, share, stride, size);
/** (s - target)^2 / 2 @param {number} target @returns {Cost} */
const square = (target) => (k, s, delta, share, stride) => k.cost_square(s, delta, share, stride, target);
/** max(0, 1 + sign * s) @param {number} sign @returns {Cost} */
const hinge = (sign) => (k, s, delta, share, stride) => k.cost_hinge(s, delta, share, stride, sign);

const LOG_COSTS = { real: logistic(-1), fake: logistic(1) };
const WASSERSTEIN_COSTS = { real: linear(-1), fake: linear(1), generator: linear(-1) };
const RELATIVISTIC = { real: logistic(-1), generator: logistic(1), pairs: true };

/** The objectives of gan_tutorial/objectives.py, by their names there. @type {Record<string, Game>} */
export const GAMES = {
  minimax: { ...LOG_COSTS, generator: logistic(1, -1) },
  "non-saturating": { ...LOG_COSTS, generator: logistic(-1) },
  wgan: { ...WASSERSTEIN_COSTS, clips: true },
  "wgan-gp": { ...WASSERSTEIN_COSTS, penalty: { strength: 10, target: 1, places: ["between"] } },
  "least-squares": { real: square(1), fake: square(0), generator: square(1) },
  hinge: { real: hinge(-1), fake: hinge(1), generator: linear(-1) },
  relativistic: RELATIVISTIC,
  r3gan: { ...RELATIVISTIC, penalty: { strength: 0.5, target: 0, places: ["real", "fake"] } },
};

// ---------------------------------------------------------------- optimisers

/** Running means of the gradient and of its square, and beta1^t, beta2^t after t steps. @typedef {{ m: number, v: number, decayed: number }} Memory */
/** @typedef {{ rate: number, momentum?: number, betas?: number[], decay?: number }} Options */

/** As in torch.optim. @type {Record<string, (network: Network, memory: Memory, options: Options) => void>} */
export const OPTIMIZERS = {
  sgd({ engine: { kernels }, parameters, gradients, count }, memory, { rate }) {
    kernels.step_sgd(parameters, gradients, count, rate);
  },
  momentum({ engine: { kernels }, parameters, gradients, count }, { m }, { rate, momentum = 0.9 }) {
    kernels.step_momentum(parameters, gradients, m, count, rate, momentum);
  },
  rmsprop({ engine: { kernels }, parameters, gradients, count }, { v }, { rate, decay = 0.99 }) {
    kernels.step_rmsprop(parameters, gradients, v, count, rate, decay, 1 - decay);
  },
  adam({ engine, parameters, gradients, count }, { m, v, decayed }, { rate, betas: [beta1, beta2] = [0.9, 0.999] }) {
    const powers = engine.doubles(decayed, 2);
    powers[0] *= beta1;
    powers[1] *= beta2;
    engine.kernels.step_adam(parameters, gradients, m, v, count, rate / (1 - powers[0]), 1 / Math.sqrt(1 - powers[1]), beta1, 1 - beta1, beta2, 1 - beta2);
  },
};

/** @param {Network} network @returns {Memory} */
export function makeMemory({ engine, count }) {
  const memory = { m: engine.take(count), v: engine.take(count), decayed: engine.take(4) };
  engine.doubles(memory.decayed, 2).fill(1);
  return memory;
}

/**
 * Move a copy of the network towards it by a share of the way: a moving average of its weights.
 * @param {Network} average @param {Network} network @param {number} share
 */
export function followAverage(average, { engine, parameters, count }, share) {
  engine.kernels.approach(average.parameters, parameters, share, count);
}

// ---------------------------------------------------------------- the game

/**
 * Two networks, an objective and the memory of one batch. Fill real, noise (and mix), then step. `mix` says where between
 * fake (0) and real (1) the slope is fined; forG, forD and clip may be changed between steps.
 * @typedef {object} Play
 * @property {Engine} engine @property {Network} generator @property {Network} discriminator @property {Game} game @property {string} optimizer
 * @property {Memory} memoryG @property {Memory} memoryD
 * @property {Pass} pass @property {Pass} onReal @property {Pass} onFake @property {Pass} between @property {number} batch
 * @property {Options} forG @property {Options} forD @property {number} clip
 * @property {number} real @property {number} noise @property {number} fake @property {number} mix
 * @property {number} generatorLoss @property {number} discriminatorLoss
 */

/**
 * @param {{ generator: Network, discriminator: Network, memoryG: Memory, memoryD: Memory, game: Game, optimizer: string, batch: number, forG: Options, forD: Options, clip?: number }} settings
 * @returns {Play}
 */
export function makePlay({ clip = 0.01, ...settings }) {
  const { generator, discriminator, batch } = settings, { engine } = generator;
  const pass = makePass(generator, batch, { dropout: true });
  const [onReal, onFake, between] = [0, 1, 2].map(() => makePass(discriminator, batch, { dropout: true }));
  return {
    ...settings, engine, clip, pass, onReal, onFake, between,
    real: onReal.input, noise: pass.input, fake: pass.output, mix: engine.take(between.stride),
    generatorLoss: 0, discriminatorLoss: 0,
  };
}

/** Copy samples to a pass's input. @param {Play} play @param {number} samples @param {Pass} to */
export function feed({ engine, discriminator }, samples, { input, stride }) {
  engine.kernels.copy(input, samples, discriminator.sizes[0] * stride);
}

/** Costs of pairs: of the real score minus the fake one. @param {Play} play @param {Cost} cost */
function costOfPairs({ engine: { kernels }, onReal, onFake }, cost) {
  const { stride, share } = onReal, zero = onFake.inputDelta; // free until D goes backward
  kernels.subtract(onReal.outputDelta, onReal.output, onFake.output, stride);
  const loss = cost(kernels, onReal.outputDelta, onReal.outputDelta, share, stride);
  kernels.fill(zero, 0, stride);
  kernels.subtract(onFake.outputDelta, zero, onReal.outputDelta, stride);
  return loss;
}

/** @param {Play} play @param {Cost} cost @param {Pass} pass */
const costOf = ({ engine: { kernels } }, cost, { output, outputDelta, share, stride }) => cost(kernels, output, outputDelta, share, stride);

/** The discriminator's gradients on play.real and G(play.noise); returns its loss. @param {Play} play */
export function discriminatorGradients(play) {
  const { generator, discriminator, game, pass, onReal, onFake } = play;
  forward(generator, pass);
  feed(play, play.fake, onFake);
  forward(discriminator, onReal);
  forward(discriminator, onFake);
  let loss = game.fake ? costOf(play, game.real, onReal) + costOf(play, game.fake, onFake) : costOfPairs(play, game.real);
  clearGradients(discriminator);
  for (const each of [onReal, onFake]) {
    backward(discriminator, each, { toInput: false });
    addGradients(discriminator, each);
  }
  if (game.penalty && game.penalty.strength > 0) loss += penalizeSlopes(play, game.penalty);
  return loss;
}

/** The penalty at mix * real + (1 - mix) * fake, at real samples, or at fakes. @param {Play} play @param {NonNullable<Game["penalty"]>} penalty */
function penalizeSlopes(play, penalty) {
  const { engine, discriminator, between, mix, real, fake } = play;
  let sum = 0;
  for (const place of penalty.places) {
    if (place === "between") engine.kernels.between(between.input, real, fake, mix, discriminator.sizes[0], between.stride);
    else feed(play, place === "real" ? real : fake, between);
    sum += addSlopePenalty(discriminator, between, penalty);
  }
  return sum;
}

/** The generator's gradients through the discriminator; returns its loss. What each fake receives stays in onFake.inputDelta. @param {Play} play */
export function generatorGradients(play) {
  const { engine, generator, discriminator, game, pass, onReal, onFake } = play;
  forward(generator, pass);
  feed(play, play.fake, onFake);
  forward(discriminator, onFake);
  if (game.pairs) forward(discriminator, onReal);
  const loss = game.pairs ? costOfPairs(play, game.generator) : costOf(play, game.generator, onFake);
  backward(discriminator, onFake);
  engine.kernels.copy(pass.outputDelta, onFake.inputDelta, discriminator.sizes[0] * pass.stride); // what each fake sample receives
  backward(generator, pass, { toInput: false });
  clearGradients(generator);
  addGradients(generator, pass);
  return loss;
}

/** One step of the discriminator on the batch in play.real and play.noise. @param {Play} play */
export function stepDiscriminator(play) {
  const { engine, discriminator, optimizer, memoryD, forD, game, clip } = play;
  play.discriminatorLoss = discriminatorGradients(play);
  OPTIMIZERS[optimizer](discriminator, memoryD, forD);
  if (game.clips) engine.kernels.clamp(discriminator.parameters, clip, discriminator.count);
}

/** One step of the generator on the batch in play.noise, with pairs beside that in play.real. @param {Play} play */
export function stepGenerator(play) {
  play.generatorLoss = generatorGradients(play);
  OPTIMIZERS[play.optimizer](play.generator, play.memoryG, play.forG);
}

/** New dropout masks for all that a step needs. @param {Play} play @param {import("./engine.js").Random} random */
export function drawDropout({ generator, discriminator, pass, onReal, onFake, between }, random) {
  drawMasks(generator, pass, random);
  for (const each of [onReal, onFake, between]) drawMasks(discriminator, each, random);
}

// @ts-check
// trainer.js: the plane's run: settings, and what is measured on the way. live/run.js plays on with it.

import { fillUniform, makeEngine, makeRandom } from "../engine/engine.js";
import { forward, makePass } from "../engine/network.js";
import { GAMES, OPTIMIZERS } from "../engine/players.js";
import { addRow, makeHistory } from "../live/history.js";
import { makeGame, setRates } from "../live/run.js";
import { jensenShannon, valueOfGame } from "../mathematics/masses.js";
import { COUNT, SIDE, centreOf } from "./cells.js";
import { BLANK, DATA, makeSource } from "./data.js";
import { assignedW1, slicedW1 } from "./measures.js";
import { NOISES, carry, makeSheet, shareOut } from "./sheet.js";

/**
 * What a run depends on, and nothing else; the names, options and bounds are those of the traits in Python.
 * @typedef {{ data: string, drawing: string, noise: string, objective: string, penalty: string, log_strength: number, optimizer: string, k: number,
 *   log_rate_g: number, log_rate_d: number, momentum: number, log_clip: number, depth_g: number, depth_d: number, width_g: number,
 *   width_d: number, activation: string, batch: number, seed: number, start: string }} Settings
 */

/** @typedef {import("../engine/network.js").Pass} Pass */

/**
 * What a run has beside what live/run.js needs. Samples are shown at fixed places of the noise, so that one can follow them;
 * `real` and `fakes` hold as many.
 * @typedef {object} Measures
 * @property {Settings} settings with what was tuned on the way
 * @property {import("../engine/engine.js").Random} random the source of every number of the run
 * @property {import("./data.js").Source} source p_data
 * @property {import("./sheet.js").Sheet} sheet the noise, and p_g
 * @property {Pass} onCells D on the middle of every cell
 * @property {Pass} shown G on the noise whose samples are shown
 * @property {number} real the place of the real samples that are shown @property {number} choice room for what chooses them
 * @property {number} jsd JSD(p_data, p_g) in nats, of the cells
 * @property {number} value V(D, G) of the cells @property {number} best V(D*, G) of the cells
 * @property {number} w1 sliced W1 of the samples that are shown
 * @property {number} floor what W1 is, by assignment, where both kinds are real
 * @property {number} modes covered by p_g; NaN where the data have none @property {number} good share of p_g that is good
 * @property {Float64Array} pieces p_g's good mass on each mode
 */
/** @typedef {import("../live/run.js").Run & Measures} Trainer */

/** @type {Settings} */
export const SETTINGS = {
  data: "ring", drawing: BLANK, noise: "normal-2d",
  objective: "non-saturating", penalty: "own", log_strength: 0, optimizer: "adam", k: 1, log_rate_g: -3, log_rate_d: -3,
  momentum: 0.5, log_clip: -1, depth_g: 2, depth_d: 2, width_g: 32, width_d: 32, activation: "leaky-relu", batch: 64, seed: 1, start: "untrained",
};

/** @type {Record<string, import("../engine/players.js").Game["penalty"]>} of strength 1 */
const PENALTIES = {
  r1: { strength: 1, target: 0, places: ["real"] },
  r2: { strength: 1, target: 0, places: ["fake"] },
  "r1-r2": { strength: 1, target: 0, places: ["real", "fake"] },
  gp: { strength: 1, target: 1, places: ["between"] },
  "gp-one-sided": { strength: 1, target: 1, oneSided: true, places: ["between"] },
};

/** @type {Record<string, string[]>} */
export const CHOICES = {
  data: DATA,
  noise: Object.keys(NOISES),
  objective: Object.keys(GAMES),
  penalty: ["own", "none", ...Object.keys(PENALTIES)],
  optimizer: Object.keys(OPTIMIZERS),
  activation: ["leaky-relu", "relu", "tanh", "softplus"],
  start: ["untrained", "trained"],
};

const TRAINED = 1500; // rounds

/** Rounds that a run has still to play before it is where its settings have it begin. @param {Pick<Trainer, "settings" | "step" | "diverged">} trainer */
export const roundsAhead = ({ settings, step, diverged }, start = settings.start) => (start === "trained" && !diverged ? Math.max(0, TRAINED - step) : 0);

const EVERY = 100;
export const SHOWN = 256; // samples of either kind
const MATCHED = 64; // of them, given to each other for W1
/** @type {("step" | "value" | "cost" | "jsd" | "w1" | "modes" | "good" | "x" | "y")[]} x, y: where G sends the first of the samples shown */
export const SERIES = ["step", "value", "cost", "jsd", "w1", "modes", "good", "x", "y"];

/** The rules that the settings ask for. @param {Settings} settings */
export function rulesOf({ objective, penalty, log_strength }) {
  const game = GAMES[objective], other = PENALTIES[penalty];
  if (penalty === "own") return game;
  return { ...game, penalty: other && { ...other, strength: Math.fround(10 ** log_strength) } };
}

/**
 * Build the networks and everything a run needs; the seed decides every number after this. An engine that is given is cleared.
 * @param {Partial<Settings>} settings @param {import("../engine/engine.js").Engine} engine @returns {Trainer}
 */
export function makeTrainer(settings, engine = makeEngine()) {
  const chosen = { ...SETTINGS, ...settings }, noise = NOISES[chosen.noise];
  engine.clear();
  const random = makeRandom(engine, chosen.seed);
  const layers = (/** @type {number} */ depth, /** @type {number} */ width) => new Array(depth).fill(width);
  const sizesG = [noise.dimensions, ...layers(chosen.depth_g, chosen.width_g), 2], sizesD = [2, ...layers(chosen.depth_d, chosen.width_d), 1];
  const { game, kept } = makeGame(engine, random, chosen, sizesG, sizesD, rulesOf(chosen));
  const source = makeSource(chosen.data, chosen.drawing);
  /** @type {Trainer} */
  const trainer = {
    settings: chosen, engine, random, game, kept, source, every: EVERY, measure: () => measure(trainer),
    deal: () => deal(trainer), dealNoise: () => dealNoise(trainer),
    sheet: makeSheet(game.generator, chosen.noise),
    onCells: makePass(game.discriminator, COUNT, { onlyForward: true }),
    shown: makePass(game.generator, SHOWN, { onlyForward: true }), real: engine.take(2 * SHOWN), choice: engine.take(SHOWN),
    step: 0, discriminatorSteps: 0, diverged: false,
    jsd: 0, value: 0, best: 0, w1: 0, floor: 0, modes: 0, good: 0, pieces: new Float64Array(source.modes),
    history: makeHistory(SERIES),
  };
  const grid = engine.floats(trainer.onCells.input, 2 * COUNT);
  for (let i = 0; i < COUNT; i++) {
    grid[i] = centreOf(i % SIDE);
    grid[COUNT + i] = centreOf(Math.floor(i / SIDE));
  }
  noise.fill(eyeOf(engine), trainer.shown.input, SHOWN);
  showReal(trainer);
  measure(trainer);
  return trainer;
}

/** What is shown is drawn by a source of its own. @param {import("../engine/engine.js").Engine} engine */
const eyeOf = (engine) => makeRandom(engine, 12345);

/** Real samples to show, and how far such samples are from others of their kind. @param {Trainer} trainer */
function showReal(trainer) {
  const { engine, source, real, choice } = trainer, eye = eyeOf(engine), behind = 4 * SHOWN;
  source.fill(eye, real, SHOWN, choice);
  const others = engine.floats(real, 2 * SHOWN).slice();
  source.fill(eye, real, SHOWN, choice);
  trainer.floor = assignedW1(others, others.subarray(SHOWN), engine.floats(real, MATCHED), engine.floats(real + behind, MATCHED), MATCHED);
}

/** The settings that may change in the midst of a run; any other begins a new one. @type {(keyof Settings)[]} */
export const TUNABLE = ["data", "drawing", "objective", "penalty", "log_strength", "k", "log_rate_g", "log_rate_d", "momentum", "log_clip"];

/** @param {Trainer} trainer @param {Partial<Settings>} settings */
export function tune(trainer, settings) {
  const { game, settings: chosen } = trainer, { data, drawing } = chosen;
  for (const name of TUNABLE) Object.assign(chosen, { [name]: settings[name] ?? chosen[name] });
  setRates(game, chosen);
  game.game = rulesOf(chosen);
  if (chosen.data === data && chosen.drawing === drawing) return;
  trainer.source = makeSource(chosen.data, chosen.drawing);
  trainer.pieces = new Float64Array(trainer.source.modes);
  showReal(trainer);
}

/** A batch for D: data, fresh noise, and places between them. @param {Trainer} trainer */
function deal({ game, random, source, dealNoise: noise }) {
  const { stride } = game.pass;
  source.fill(random, game.real, stride, game.mix);
  fillUniform(random, game.mix, stride);
  noise();
}

/** A batch for G: noise; where the objective has pairs, the data are those that D saw last. @param {Trainer} trainer */
function dealNoise({ game, random, settings }) {
  NOISES[settings.noise].fill(random, game.noise, game.pass.stride);
}

// ---------------------------------------------------------------- measuring

/** @param {Trainer} trainer */
function measure(trainer) {
  look(trainer);
  if (trainer.step === 0 || trainer.diverged) return;
  const { step, jsd, w1, modes, good, engine, shown } = trainer, fakes = engine.floats(shown.output, 2 * SHOWN);
  addRow(trainer.history, { step, jsd, w1, modes, good, x: fakes[0], y: fakes[SHOWN] });
}

/** p_g, D on every cell, the samples shown, and all that follows from them. @param {Trainer} trainer */
export function look(trainer) {
  const { engine, game, sheet, onCells, shown, source, real, pieces } = trainer;
  carry(sheet, game.generator);
  forward(game.generator, shown);
  forward(game.discriminator, onCells);
  const scores = scoresOf(trainer);
  if (!sheet.finite || !Number.isFinite(scores[0] + scores[COUNT - 1])) {
    trainer.diverged = true;
    return;
  }
  const { masses } = sheet.canvas;
  trainer.jsd = jensenShannon(source.masses, masses);
  trainer.best = 2 * trainer.jsd - Math.log(4);
  trainer.value = valueOfGame(source.masses, masses, scores);
  trainer.good = shareOut(sheet, source, engine, pieces);
  trainer.modes = source.modes > 0 ? pieces.filter((mass) => mass * source.modes >= COVERED).length : NaN;
  const at = (/** @type {number} */ place) => engine.floats(place, SHOWN), behind = 4 * SHOWN;
  trainer.w1 = slicedW1(at(real), at(real + behind), at(shown.output), at(shown.output + behind), SHOWN);
}

const COVERED = 0.25; // of what p_data puts on a mode

/** D's scores on the cells, as of the last look. @param {Trainer} trainer */
export const scoresOf = ({ engine, onCells }) => engine.floats(onCells.output, COUNT);

/** W1 of the first of the samples shown, each given to one of the other kind. @param {Trainer} trainer */
export function matchedW1({ engine, shown, real }) {
  const at = (/** @type {number} */ place) => engine.floats(place, MATCHED), behind = 4 * SHOWN;
  return assignedW1(at(real), at(real + behind), at(shown.output), at(shown.output + behind), MATCHED);
}

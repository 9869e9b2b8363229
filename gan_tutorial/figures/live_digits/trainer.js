// @ts-check
// trainer.js: the digits' run: settings, and what is measured on the way. live/run.js plays on with it.

import { fillNormal, fillUniform, makeEngine, makeRandom } from "../engine/engine.js";
import { forward, makePass } from "../engine/network.js";
import { GAMES, OPTIMIZERS, drawDropout, followAverage } from "../engine/players.js";
import { addRow, makeHistory } from "../live/history.js";
import { isLogit } from "../live/optima.js";
import { makeGame, setRates } from "../live/run.js";
import { sigmoid } from "../mathematics/logistic.js";
import { CLASSES, SHADES, rowsOf } from "./digits.js";
import { PIXELS, readAll, tally } from "./reader.js";

/**
 * What a run depends on beside its pictures; the names, options and bounds are those of the traits in Python.
 * @typedef {{ classes: string, labels: string, objective: string, gamma: number, lazy: number, dropout: number, blur: number, optimizer: string, k: number, log_rate_g: number,
 *   log_rate_d: number, fall: number, momentum: number, decay: number, log_clip: number, activation: string, batch: number, seed: number }} Settings
 */

/**
 * What a run has beside what live/run.js needs. The noise of the sheet and of what is measured is always the same.
 * @typedef {object} Digits
 * @property {Settings} settings @property {import("./digits.js").Material} material @property {Int32Array} rows the pictures it learns from
 * @property {number} labelled how many labels both networks are given: 10, or 0
 * @property {import("../engine/network.js").Network} average G's moving average
 * @property {import("../engine/network.js").Pass} shown the sheet @property {import("../engine/network.js").Pass} judged D on it, without dropout
 * @property {import("../engine/network.js").Pass} measured as many as are read @property {import("../engine/network.js").Pass} onMeasured
 * @property {import("../engine/network.js").Pass} onPictures D on pictures of the data
 */
/** @typedef {import("../live/run.js").Run & Digits} Trainer */

export const STEPS = 8000; // of a usual run: about a minute on two cores

/** @type {Settings} */
export const SETTINGS = {
  classes: "0123456789", labels: "given", objective: "r3gan", gamma: 1, lazy: 8, dropout: 0, blur: 1, optimizer: "adam", k: 1, log_rate_g: -2.4, log_rate_d: -2.4,
  fall: STEPS, momentum: 0.5, decay: 0.99, log_clip: -1, activation: "leaky-relu", batch: 32, seed: 1,
};

/** @type {Record<string, string[]>} */
export const CHOICES = { labels: ["given", "none"], objective: Object.keys(GAMES), optimizer: Object.keys(OPTIMIZERS), activation: ["leaky-relu", "relu", "tanh"] };

export const NOISE = 16;
const UNITS = [128, 128];
/** G's widths; its label goes in beside the noise, a number for each class. @param {number} labelled */
export const sizesOfG = (labelled) => [NOISE + labelled, ...UNITS, PIXELS];
/** D's; it has an output for each label. @param {number} labelled */
export const sizesOfD = (labelled) => [PIXELS, ...UNITS, labelled || 1];
export const SHOWN = 64; // pictures on the sheet
const READ = 256; // pictures that are read in a measurement
const EVERY = 250;
const RECENT = 8; // of t steps the average remembers about the last t / 8
const LEAST = 0.1; // of the rates and of the penalty's weight, once they have fallen
/** @type {("step" | "value" | "cost" | "legible" | "balance" | "asked" | "real" | "fake")[]} real, fake: D, or the critic's score, on both kinds */
export const SERIES = ["step", "value", "cost", "legible", "balance", "asked", "real", "fake"];

/**
 * Build the networks and everything a run needs; the seed decides every number after this. An engine that is given is cleared.
 * @param {Partial<Settings>} settings @param {import("../engine/engine.js").Engine | undefined} engine @param {import("./digits.js").Material} material
 * @returns {Trainer}
 */
export function makeTrainer(settings, engine = makeEngine(), material) {
  const chosen = { ...SETTINGS, ...settings };
  engine.clear();
  const random = makeRandom(engine, chosen.seed), labelled = chosen.labels === "given" && material.labels[0] >= 0 ? CLASSES : 0;
  const kind = { last: "sigmoid", blur: chosen.blur, keep: Math.fround(1 - chosen.dropout), classes: labelled, averaged: true };
  const { game, average, kept } = makeGame(engine, random, chosen, sizesOfG(labelled), sizesOfD(labelled), gameOf(chosen), kind);
  const onlyForward = { onlyForward: true };
  /** @type {Trainer} */
  const trainer = {
    settings: chosen, engine, game, average, kept, material, rows: rowsOf(material, chosen.classes), labelled, every: EVERY,
    shown: makePass(average, SHOWN, onlyForward), judged: makePass(game.discriminator, SHOWN, onlyForward),
    measured: makePass(average, READ, onlyForward), onMeasured: makePass(game.discriminator, READ, onlyForward), onPictures: makePass(game.discriminator, READ, onlyForward),
    step: 0, discriminatorSteps: 0, diverged: false, history: makeHistory(SERIES),
    measure: () => measure(trainer),
    deal() {
      dealPictures(trainer, random, game.onReal);
      fillUniform(random, game.mix, game.pass.stride);
      trainer.dealNoise();
    },
    dealNoise() {
      letRatesFall(trainer);
      shareLabels(trainer);
      drawDropout(game, random);
      fillNormal(random, game.noise, NOISE * game.pass.stride);
    },
    follow: () => followAverage(average, game.generator, RECENT / (RECENT - 1 + trainer.step)),
  };
  const eye = makeRandom(engine, 12345); // what is shown is drawn by a source of its own
  fillNormal(eye, trainer.shown.input, NOISE * trainer.shown.stride);
  fillNormal(eye, trainer.measured.input, NOISE * trainer.measured.stride);
  dealPictures(trainer, eye, trainer.onPictures);
  dealPictures(trainer, eye, game.onReal); // for a step of G before any of D
  const { shown, judged, measured, onMeasured } = trainer;
  for (const place of [labelsIn(shown), judged.labels]) giveLabels(trainer, place, SHOWN, (i) => askedOf(trainer, i, true));
  for (const place of [labelsIn(measured), onMeasured.labels]) giveLabels(trainer, place, READ, (i) => askedOf(trainer, i));
  return trainer;
}

/** Where the labels stand in G's input, below the noise. @param {import("../engine/network.js").Pass} pass */
export const labelsIn = ({ input, stride }) => input + 4 * NOISE * stride;

/** The label that is asked for with a point of the noise: in turns, or, on the sheet, one class after the other. @param {Pick<Trainer, "settings">} trainer @param {number} i */
export const askedOf = ({ settings: { classes } }, i, inOrder = false) => Number(classes[inOrder ? Math.floor((i * classes.length) / SHOWN) : i % classes.length]);

/** A row for each label, with 1 for the samples that have it. @param {Trainer} trainer @param {number} place @param {number} count @param {(i: number) => number} labelOf */
export function giveLabels({ engine, labelled }, place, count, labelOf) {
  if (labelled === 0) return;
  const to = engine.floats(place, labelled * count).fill(0);
  for (let i = 0; i < count; i++) to[labelOf(i) * count + i] = 1;
}

/** What is asked of G are the labels of the pictures that D saw last. @param {Trainer} trainer */
function shareLabels({ engine, labelled, game: { onReal, onFake, between, pass } }) {
  if (labelled === 0) return;
  for (const place of [onFake.labels, between.labels, labelsIn(pass)]) engine.kernels.copy(place, onReal.labels, labelled * onReal.stride);
}

/** The objective, of whose penalty a run has its own: the weight of R1 and R2 is chosen, and falls. @param {Settings} settings @returns {import("../engine/players.js").Game} */
function gameOf({ objective }) {
  const game = GAMES[objective];
  return game.penalty ? { ...game, penalty: { ...game.penalty } } : game;
}

/**
 * Both rates, and the weight of R1 and R2, fall evenly over as many steps of G as are chosen, and then stay. These penalties are
 * taken in every `lazy`-th step of D, with as many times the weight (Karras et al. 2020, arXiv:1912.04958, section 3.1).
 * @param {Trainer} trainer
 */
function letRatesFall({ game, step, discriminatorSteps, settings: { fall, gamma, lazy, log_rate_g, log_rate_d } }) {
  const share = fall > 0 ? Math.max(LEAST, 1 - step / fall) : 1, { penalty } = game.game;
  game.forG.rate = Math.fround(10 ** log_rate_g) * share;
  game.forD.rate = Math.fround(10 ** log_rate_d) * share;
  if (penalty?.target === 0) penalty.strength = discriminatorSteps % lazy === 0 ? (gamma / 2) * share * lazy : 0;
}

/** Pictures drawn at random, a column each, and their labels. @param {Trainer} trainer @param {import("../engine/engine.js").Random} random @param {import("../engine/network.js").Pass} pass */
function dealPictures(trainer, random, { input: place, labels: below, stride: count }) {
  const { engine, rows, material: { levels, labels } } = trainer;
  fillUniform(random, place, count);
  const drawn = Array.from(engine.floats(place, count), (share) => rows[Math.floor(share * rows.length)]), chosen = drawn.map((row) => PIXELS * row);
  giveLabels(trainer, below, count, (i) => labels[drawn[i]]);
  const to = engine.floats(place, PIXELS * count);
  for (let i = 0; i < count; i++) {
    for (let p = 0, from = chosen[i]; p < PIXELS; p++) to[p * count + i] = SHADES[levels[from + p]];
  }
}

/** The settings that may change in the midst of a run; any other begins a new one. @type {(keyof Settings)[]} */
export const TUNABLE = ["objective", "gamma", "lazy", "k", "fall", "log_rate_g", "log_rate_d", "momentum", "decay", "log_clip"];

/** @param {Trainer} trainer @param {Partial<Settings>} settings */
export function tune({ game, settings: chosen }, settings) {
  for (const name of TUNABLE) Object.assign(chosen, { [name]: settings[name] ?? chosen[name] });
  setRates(game, chosen);
  game.game = gameOf(chosen);
}

/** @param {Trainer} trainer */
function measure(trainer) {
  const { engine, game, average, material, labelled, settings, step, diverged, history, measured, onMeasured, onPictures } = trainer;
  if (diverged) return;
  forward(average, measured);
  engine.kernels.copy(onMeasured.input, measured.output, PIXELS * measured.stride);
  const [real, fake] = [onPictures, onMeasured].map((pass) => {
    forward(game.discriminator, pass);
    return meanOf(engine.floats(pass.output, READ), isLogit(settings.objective));
  });
  const found = material.reader && readAll(material.reader, engine.floats(measured.output, PIXELS * measured.stride), measured.stride, READ);
  const asked = found && labelled ? found.filter((each, i) => each === askedOf(trainer, i)).length / READ : NaN;
  addRow(history, { step, real, fake, asked, ...(found ? tally(found, settings.classes) : { legible: NaN, balance: NaN }) });
}

/** The mean of D, or of a critic's scores. @param {Float32Array} scores @param {boolean} logit */
const meanOf = (scores, logit) => scores.reduce((sum, score) => sum + (logit ? sigmoid(score) : score), 0) / scores.length;

/**
 * The sheet of this moment, of G's average or of G itself, and D's scores of it.
 * @param {Trainer} trainer @param {boolean} averaged
 */
export function look({ engine, game, average, shown, judged }, averaged) {
  forward(averaged ? average : game.generator, shown);
  engine.kernels.copy(judged.input, shown.output, PIXELS * SHOWN);
  forward(game.discriminator, judged);
}

/** The pixels of one picture of a pass. @param {Trainer} trainer @param {import("../engine/network.js").Pass} pass @param {number} index */
export function pixelsIn({ engine }, { output, stride }, index) {
  const rows = engine.floats(output, PIXELS * stride);
  return Float32Array.from({ length: PIXELS }, (_, p) => rows[p * stride + index]);
}

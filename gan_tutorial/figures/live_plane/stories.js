// @ts-check
// stories.js: stories of the plane as settings, each with what to look for and what it promises.
//
// `kept` says of a trainer whether the promise holds; `by` is the number of G's steps after which it does. Each was seen to hold
// for seeds 1 to 10; tests/test_live_plane.py plays three of them.

/**
 * @typedef {object} Story
 * @property {string} label @property {string} story @property {Partial<import("./trainer.js").Settings>} settings
 * @property {number} by @property {string} promise @property {(trainer: import("./trainer.js").Trainer) => boolean} kept
 */

const STRONG_D = { k: 5, log_rate_d: -2 };
const FAST_G = { log_rate_g: -2.5, log_rate_d: -3.5 };
const CLIPPED = { objective: "wgan", optimizer: "rmsprop", k: 5, log_clip: -2 };

/** All eight bells of the ring. @param {number} good @returns {Story["kept"]} */
const covers = (good) => (trainer) => trainer.modes === 8 && trainer.good > good;

/** How far apart the places are where the one sample was whose path is kept, in the second half of a run: the longer side. @param {import("./trainer.js").Trainer} trainer */
function wandered({ history: { x, y, length } }) {
  const sides = [x, y].map((column) => column.subarray(length >> 1, length));
  return Math.max(...sides.map((side) => Math.max(...side) - Math.min(...side)));
}

/** @type {Record<string, Story>} */
export const STORIES = {
  good: {
    label: "A good run",
    story: "The sheet spreads, and its colours go out to the eight bells. Between them it is stretched thin: a continuous G cannot tear it.",
    settings: {},
    by: 2000,
    promise: "all eight modes, and more than 60 % of $p_g$ good",
    kept: covers(0.6),
  },
  collapse: {
    label: "Collapse",
    story: "The cost of 2014, and a D that learns ten times as fast and takes five steps for one. The sheet is drawn to few bells and stays there.",
    settings: STRONG_D,
    by: 1000,
    promise: "at most four modes of eight, though more than 60 % of $p_g$ are good: fine samples, little variety",
    kept: ({ modes, good }) => modes <= 4 && good > 0.6,
  },
  penalty: {
    label: "Cure: a zero-centred penalty",
    story: "As before, but D pays for its slope on real and generated samples (R1 and R2). Its landscape is gentle, and all bells pull.",
    settings: { ...STRONG_D, penalty: "r1-r2", log_strength: -1 },
    by: 1000,
    promise: "all eight modes",
    kept: covers(0.4),
  },
  relativistic: {
    label: "Cure: R3GAN",
    story: "The same D in a relativistic game, real against fake in pairs, with the same two penalties. Without them pairs alone leave bells out.",
    settings: { ...STRONG_D, objective: "r3gan" },
    by: 1000,
    promise: "all eight modes",
    kept: covers(0.4),
  },
  oscillation: {
    label: "Oscillation",
    story: "Now G learns ten times as fast as D. The whole sheet runs to one bell, D turns against that bell, and the sheet runs to the next. Show the path of one sample.",
    settings: FAST_G,
    by: 2000,
    promise: "at most three modes at a time, while one sample goes as far as from one bell to the next but one, or farther",
    kept: (trainer) => trainer.modes <= 3 && wandered(trainer) > 2,
  },
  "more-d": {
    label: "Cure: ten steps of D",
    story: "The same rates, but D takes ten steps for one of G's: it answers before the sheet has moved far.",
    settings: { ...FAST_G, k: 10 },
    by: 1000,
    promise: "all eight modes, and more than 60 % of $p_g$ good",
    kept: covers(0.6),
  },
  thread: {
    label: "1-D noise",
    story: "The noise has one coordinate: G draws a thread that has to wind through both moons.",
    settings: { data: "moons", noise: "uniform-1d", k: 3 },
    by: 3000,
    promise: "more than 60 % of $p_g$ good, yet a JSD above 0.3, for a thread has no area",
    kept: ({ good, jsd }) => good > 0.6 && jsd > 0.3,
  },
  line: {
    label: "Data on a line",
    story: "The data have no area. The sheet becomes a strip, narrower and narrower, and never lies on the line.",
    settings: { data: "line", k: 3 },
    by: 1000,
    promise: "more than 90 % of $p_g$ within 0.05 of the line, and the JSD of cells small; the exact one is log 2",
    kept: ({ good, jsd }) => good > 0.9 && jsd < 0.25,
  },
  clipped: {
    label: "WGAN, clipped at 0.01",
    story: "A critic whose weights may not exceed 0.01 is too stiff to bend around the bells, and the sheet stays a blanket over all of them.",
    settings: CLIPPED,
    by: 1500,
    promise: "no more than 30 % of $p_g$ good, and a JSD above 0.4",
    kept: ({ good, jsd }) => good < 0.3 && jsd > 0.4,
  },
  "clipped-wider": {
    label: "WGAN, clipped at 0.1",
    story: "Ten times the room for the weights: the critic can bend, and the bells are found. The bound decides, and nothing says which is right.",
    settings: { ...CLIPPED, log_clip: -1 },
    by: 2000,
    promise: "at least six modes",
    kept: ({ modes }) => modes >= 6,
  },
};

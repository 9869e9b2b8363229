// @ts-check
// presets.js: the stories of the book as settings of the live figure, each with the state it promises.
//
// `kept` says of a trainer whether the promise holds; `by` is the number of G's steps after which it
// does, for at least nine seeds of ten (tests/test_live_page.py plays them).

import { failuresOf } from "./watch.js";

/**
 * @typedef {object} Preset
 * @property {string} label @property {string} story @property {Partial<import("./trainer.js").Settings>} settings
 * @property {number} by @property {string} promise @property {(trainer: import("./trainer.js").Trainer) => boolean} kept
 */

const TOO_STRONG = {
  data: "far-bell", optimizer: "momentum", momentum: 0.5, k: 5, log_rate_g: -2.3, log_rate_d: -1,
  log_clip: -1,
};

/** @type {Record<string, Preset>} */
export const PRESETS = {
  good: {
    label: "A good run",
    story: "D learns a little faster than G: $p_g$ settles on $p_data$, D near ½.",
    settings: {},
    by: 2000,
    promise: "JSD below 0.05 nats",
    kept: (trainer) => trainer.jsd < 0.05,
  },
  saturation: {
    label: "Saturation",
    story: "The data lie far off and D sees it at once: log(1 − $D$($G$($z$))) gives G nothing to follow.",
    settings: { ...TOO_STRONG, objective: "minimax", k: 1, log_rate_d: -0.5 },
    by: 500,
    promise: "the mean gradient that G receives, in the logit, is below 0.05",
    kept: (trainer) => failuresOf(trainer).includes("saturated"),
  },
  helvetica: {
    label: "Helvetica",
    story: "G's rate is thirty times D's: it sends every $z$ to the point that D likes best just now.",
    settings: { log_rate_g: -2, log_rate_d: -3.5, momentum: 0.9, k: 1 },
    by: 1500,
    promise: "collapse: p_g misses more than a third of the data, or is a spike",
    kept: (trainer) => failuresOf(trainer).includes("collapsed"),
  },
  oscillation: {
    label: "Oscillation",
    story: "Strong momentum in a clipped critic: each player answers a move already gone, and they swing.",
    settings: { data: "one-bell", objective: "wgan", momentum: 0.9, log_rate_g: -2, log_rate_d: -2, k: 1 },
    by: 1500,
    promise: "the mean of p_g turns back six times within 4,000 steps",
    kept: (trainer) => failuresOf(trainer).includes("oscillating"),
  },
  "strong-minimax": {
    label: "D too strong: minimax",
    story: "Five steps of D for one of G, and the saturating cost: $p_g$ never leaves its place.",
    settings: { ...TOO_STRONG, objective: "minimax" },
    by: 300,
    promise: "W1 above 3",
    kept: (trainer) => trainer.w1 > 3,
  },
  "strong-non-saturating": {
    label: "D too strong: non-saturating",
    story: "The same strong D, but G maximises log $D$($G$($z$)): it arrives.",
    settings: { ...TOO_STRONG, objective: "non-saturating" },
    by: 300,
    promise: "W1 below 0.6",
    kept: (trainer) => trainer.w1 < 0.6,
  },
  wgan: {
    label: "WGAN where GAN fails",
    story: "The same again with a clipped critic: five steps a turn only make its slope better.",
    settings: { ...TOO_STRONG, objective: "wgan" },
    by: 400,
    promise: "W1 below 0.6",
    kept: (trainer) => trainer.w1 < 0.6,
  },
};

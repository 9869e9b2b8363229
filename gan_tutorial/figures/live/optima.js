// @ts-check
// optima.js: where the game of each objective would end, for the lines in plots over time.

/** @typedef {{ logit: boolean, value: number, valueName: string, cost: number | null, costName?: string }} Optimum */

const LOG_VALUE = { logit: true, value: -Math.log(4), valueName: "−log 4" };
const SCORE_VALUE = { logit: false, value: 0, valueName: "0", cost: null };
const PAIRED = { logit: false, value: -Math.LN2, valueName: "−log 2", cost: Math.LN2, costName: "log 2" };

/** Minus D's loss ("value") and G's loss ("cost") at the optimum; whether s is the logit of D. @type {Record<string, Optimum>} */
export const OPTIMA = {
  minimax: { ...LOG_VALUE, cost: -Math.LN2, costName: "−log 2" },
  "non-saturating": { ...LOG_VALUE, cost: Math.LN2, costName: "log 2" },
  wgan: SCORE_VALUE,
  "wgan-gp": SCORE_VALUE,
  "least-squares": { logit: false, value: -0.25, valueName: "−¼", cost: 0.125, costName: "⅛" },
  hinge: { logit: false, value: -2, valueName: "−2", cost: null },
  relativistic: PAIRED,
  r3gan: PAIRED,
};

/** Whether D's score is the logit of a probability. @param {string} objective */
export const isLogit = (objective) => OPTIMA[objective].logit;

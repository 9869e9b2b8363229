// @ts-check
// logistic.js: the two functions of a logit s from which every cost of a GAN is made, D = sigmoid(s). Nats.

/** 1 / (1 + e^-s), to full relative precision as far as a double holds e^-s: below s = -709 it is 0. @param {number} s */
export const sigmoid = (s) => 1 / (1 + Math.exp(-s));

/** log(1 + e^s): -log D is softplus(-s), -log(1 - D) is softplus(s). @param {number} s */
export const softplus = (s) => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));

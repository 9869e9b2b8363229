// @ts-check
// dynamics.js: the Dirac-GAN of Mescheder et al. (2018): data in one point, 0; generator in one point, θ; score s(x) = ψx.
// Pure. V = log σ(s(0)) + log(1 - σ(s(θ))) = -log 2 - softplus(ψθ); the WGAN has V = s(0) - s(θ) = -ψθ.

import { OBJECTIVES } from "../mathematics/game.js";

/** @typedef {[number, number]} Players θ and ψ, or the way they are about to go */
/** @typedef {{ loss: string, updates: string, rate: number, k: number, penalty: number }} Settings */

/**
 * (θ', ψ'): each player descends its own cost. The penalty γ/2 · |s'(x)|² on the data (R1) belongs to the discriminator.
 * @param {{ loss: string, penalty: number }} settings @param {number} theta @param {number} psi @returns {Players}
 */
export function diracField({ loss, penalty }, theta, psi) {
  const { generatorSlope, fakeSlope } = OBJECTIVES[loss];
  return [-psi * generatorSlope(psi * theta), -theta * fakeSlope(psi * theta) - penalty * psi];
}

/** @param {Settings} settings @param {number} theta @param {number} psi */
function discriminatorSteps(settings, theta, psi) {
  for (let i = 0; i < settings.k; i++) psi += settings.rate * diracField(settings, theta, psi)[1];
  return psi;
}

/**
 * One step of Runge and Kutta's method, order 4, for the flow.
 * @param {Settings} settings @param {number} theta @param {number} psi @param {number} dt @returns {Players}
 */
function rungeKutta(settings, theta, psi, dt) {
  const at = (/** @type {Players} */ k, /** @type {number} */ part) => diracField(settings, theta + part * k[0], psi + part * k[1]);
  const k1 = at([0, 0], 0);
  const k2 = at(k1, dt / 2);
  const k3 = at(k2, dt / 2);
  const k4 = at(k3, dt);
  const move = (/** @type {0 | 1} */ i) => (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return [theta + move(0), psi + move(1)];
}

/** @type {Record<string, (settings: Settings, theta: number, psi: number) => Players>} */
const UPDATES = {
  // Continuous time: as long as one step of the others.
  flow: (settings, theta, psi) => {
    const parts = Math.max(1, Math.ceil(settings.rate / 0.05));
    for (let i = 0; i < parts; i++) [theta, psi] = rungeKutta(settings, theta, psi, settings.rate / parts);
    return [theta, psi];
  },
  // The generator answers the discriminator as it was before its k steps.
  simultaneous: (settings, theta, psi) => [
    theta + settings.rate * diracField(settings, theta, psi)[0], discriminatorSteps(settings, theta, psi),
  ],
  // The discriminator takes k steps, then the generator one (Algorithm 1 of the GAN paper).
  alternating: (settings, theta, psi) => {
    const next = discriminatorSteps(settings, theta, psi);
    return [theta + settings.rate * diracField(settings, theta, next)[0], next];
  },
};

/**
 * The path from (settings.theta, settings.psi), at most `count` steps; it ends where the distance from (0, 0) passes `limit`.
 * @param {Settings & { theta: number, psi: number }} settings @param {number} count @param {number} limit
 */
export function diracOrbit(settings, count, limit = 1e3) {
  const theta = [settings.theta];
  const psi = [settings.psi];
  const step = UPDATES[settings.updates];
  for (let i = 0; i < count && Math.hypot(theta[i], psi[i]) <= limit; i++) {
    [theta[i + 1], psi[i + 1]] = step(settings, theta[i], psi[i]);
  }
  return { theta, psi, radius: theta.map((t, i) => Math.hypot(t, psi[i])) };
}

/** |λ| of the step's linearisation at (0, 0): above 1 it runs away from the solution, below 1 it comes nearer. @param {Settings} settings */
export function diracModulus({ loss, updates, k, rate, penalty }) {
  const slope = OBJECTIVES[loss].fakeSlope(0); // that of G's cost has the same size there
  if (updates === "flow") return Math.exp(rate * slowestDecay(slope, penalty));
  const keep = (1 - rate * penalty) ** k; // ψ after k steps is keep · ψ - gain · θ
  const gain = rate * slope * (penalty > 0 ? (1 - keep) / (rate * penalty) : k);
  const pull = rate * slope;
  if (updates === "simultaneous") return spectralRadius(1, pull, -gain, keep);
  return spectralRadius(1 - pull * gain, pull * keep, -gain, keep);
}

/** The largest real part of the roots of λ² + γλ + c² = 0. @param {number} slope @param {number} penalty */
function slowestDecay(slope, penalty) {
  const root = penalty * penalty - 4 * slope * slope;
  return root < 0 ? -penalty / 2 : (-penalty + Math.sqrt(root)) / 2;
}

/** @param {number} a @param {number} b @param {number} c @param {number} d */
function spectralRadius(a, b, c, d) {
  const half = (a + d) / 2;
  const determinant = a * d - b * c;
  const root = half * half - determinant;
  return root < 0 ? Math.sqrt(determinant) : Math.abs(half) + Math.sqrt(root);
}

const SAME = 1.01; // largest distances that differ by less are called equal

/**
 * What a path did, told from the path alone. `early` and `late` are the largest distances in its first and last third.
 * `way`: "away" (it passed the limit), "out", "in", "round" (neither), or "short" (it turned too little to tell these apart).
 * (-θ, -ψ) moves as (θ, ψ) does, so a path that closes repeats its distances after every half turn: with three half turns or
 * more each third holds a whole one, and the largest distances may be compared. With fewer, what tells is a distance that only
 * ever falls (or rises) through more than a quarter turn, as no closed path's does: then it is `steady`. Or it has all but died.
 * @param {{ theta: number[], psi: number[], radius: number[] }} orbit @param {number} limit
 */
export function diracJourney({ theta, psi, radius }, limit) {
  const third = Math.max(1, Math.floor(radius.length / 3));
  const early = Math.max(...radius.slice(0, third));
  const late = Math.max(...radius.slice(-third));
  let swept = 0;
  let [lastRise, lastFall] = [0, 0];
  for (let i = 1; i < radius.length; i++) {
    swept += Math.atan2(theta[i - 1] * psi[i] - psi[i - 1] * theta[i], theta[i - 1] * theta[i] + psi[i - 1] * psi[i]);
    if (radius[i] > radius[i - 1]) lastRise = i;
    if (radius[i] < radius[i - 1]) lastFall = i;
  }
  const halfTurns = Math.abs(swept) / Math.PI;
  const lowest = Math.min(...radius);
  const highest = Math.max(...radius);
  const died = lastRise < third && late < 0.3 * early;
  const steady = (halfTurns > 0.55 || died) && (lastRise === 0 || lastFall === 0) && highest - lowest > 1e-6 * highest;
  let way = "round";
  if (radius[radius.length - 1] > limit) way = "away";
  else if (steady) way = lastFall === 0 ? "out" : "in";
  else if (halfTurns < 3 && !died) way = "short";
  else if (late > early * SAME) way = "out";
  else if (late * SAME < early) way = "in";
  return { lowest, highest, early, late, halfTurns, steady, way };
}

/**
 * What is proved of every path of these settings: "distance" (the flow keeps it), "ellipse" (the bilinear game in turns stays on
 * one), or "" where nothing of the kind is.
 * @param {Settings} settings
 */
export function diracInvariant({ loss, updates, k, rate, penalty }) {
  if (penalty !== 0) return "";
  if (updates === "flow") return loss === "non-saturating" ? "" : "distance";
  return updates === "alternating" && loss === "wgan" && rate * Math.sqrt(k) < 2 ? "ellipse" : "";
}

// session.js: a run beside its figure: begun, tuned, played, stepped through and reported as the traits say.

import { makeEngine } from "../engine/engine.js";
import { changeDetector } from "../kit/changes.js";
import { makeAddress } from "./address.js";
import { makePlayer } from "./player.js";
import { changedSettings } from "./run.js";

const PACE = { slow: 5, medium: 100, full: Infinity }; // rounds a second
const REPORT = 1000; // milliseconds between two reports to Python

/**
 * All that the running figure knows beside its traits. The trainer holds the settings that its run was begun with or tuned to:
 * what they differ from the traits is what a reader has changed since.
 * @typedef {object} LiveState
 * @property {import("./player.js").Trainer | null} trainer the run: networks, measurements, history; none before the first drawing
 * @property {boolean} anew begin a new run at the next drawing, whatever has changed
 * @property {boolean} holding traits are being set together: draw once, when the last is there
 * @property {number} due rounds that the clock asks for and that are not played yet
 * @property {number} rounds rounds played since the last report to Python
 * @property {number} spent milliseconds of play since the last report
 * @property {number} pace rounds a second, as of the last report
 */

const BUDGET = 6; // milliseconds of a frame for painting; what takes longer is painted in fewer frames
const MOST_SKIPPED = 3; // frames

const NO_MOTION = { leave() {}, finish: () => false, play: () => 0 };

/**
 * `trainer` says how a run is made (`make`), tuned (`tune`, of the settings `tunable`) and what its settings are by default;
 * `worker` names the module that plays in a worker. `paint(live, all)` shows the run, `report(trainer)` gives the traits
 * that a kernel is told. `motion` plays a round in parts at the speed "phases", and what it has begun it can finish. `ahead` says how many
 * rounds a run still has to play before it is where a reader wants to begin. `material` gives what runs are made of beside their settings, null as long as it is
 * not there: then there is no run. `slice` is how many milliseconds a worker plays between two answers. `linked` are traits that a link keeps beside the settings, with their defaults.
 */
export function makeSession(figure, { trainer: { defaults, tunable, make, tune }, worker, paint, report: traitsOf, linked = {}, motion = NO_MOTION, ahead = () => 0, material = () => undefined, slice = undefined }) {
  const engine = makeEngine(), player = makePlayer(worker, { material, milliseconds: slice });
  figure.cleanups.push(player.end);
  /** @type {LiveState} */
  const live = { trainer: null, anew: false, holding: false, due: 0, rounds: 0, spent: 0, pace: 0 };

  const settings = () => Object.fromEntries(Object.keys(defaults).map((name) => [name, figure.get(name)]));
  const shown = () => Object.keys(linked).map((name) => figure.get(name)), turned = changeDetector();
  const report = () => {
    if (live.trainer === null) return;
    live.holding = true;
    for (const [name, value] of Object.entries(traitsOf(live.trainer))) figure.model.set(name, value);
    figure.model.save_changes();
    live.holding = false;
  };
  const change = (changes, { anew = false } = {}) => {
    live.holding = true;
    for (const name in changes) figure.set(name, changes[name]);
    live.holding = false;
    live.anew = anew;
    for (const sync of figure.syncs) sync();
    draw();
  };
  const restart = () => {
    change({}, { anew: true });
    report();
  };

  // Runs after every change of a trait: begin a new run, tune the one there is, or only paint.
  function draw() {
    if (live.holding) return;
    if (material() === null) return paint(live, true);
    const chosen = settings();
    const changed = live.trainer ? changedSettings(live.trainer.settings, chosen) : [];
    if (live.trainer === null || live.anew || changed.some((name) => !tunable.includes(name))) {
      motion.leave();
      Object.assign(live, { trainer: make(chosen, engine, material()), anew: false, due: 0, pace: 0, rounds: 0, spent: 0 });
      player.leave();
    } else if (changed.length > 0) {
      tune(live.trainer, chosen);
      player.leave();
    }
    if (changed.length > 0 || turned(...shown())) address.write();
    if (figure.get("playing") || ahead(live.trainer) > 0) loop.start();
    else rest();
    paint(live, true);
  }

  const rest = () => {
    loop.stop();
    player.leave(); // what is on the screen is where it stopped
  };
  // To where the reader wants to begin, as fast as it goes, whether or not it then plays on.
  const catchUp = (trainer, milliseconds) => {
    player.play(trainer, ahead(trainer), milliseconds);
    const arrived = ahead(trainer) <= 0;
    if (arrived && !figure.get("playing")) rest();
    if (!arrived) return paintInTurn(trainer);
    paint(live, true);
    report();
  };
  let cost = 0, skipped = 0; // of painting, in milliseconds; frames since the last
  const moved = changeDetector();
  const paintInTurn = (trainer) => {
    skipped += 1;
    if (skipped < Math.min(MOST_SKIPPED + 1, cost / BUDGET)) return;
    if (!moved(trainer, trainer.step, trainer.discriminatorSteps, motion.at, live.pace)) return;
    skipped = 0;
    const start = performance.now();
    paint(live, false);
    cost += 0.2 * (performance.now() - start - cost);
  };
  const playOn = (trainer, milliseconds) => {
    const inParts = figure.get("speed") === "phases";
    if (inParts || motion.finish(trainer)) player.leave(); // the page goes on by itself
    return inParts ? motion.play(trainer, milliseconds) : player.play(trainer, live.due, milliseconds);
  };
  const play = (milliseconds) => {
    const { trainer } = live, pace = PACE[figure.get("speed")] ?? 0;
    if (ahead(trainer) > 0) return catchUp(trainer, milliseconds);
    live.due = Math.min(live.due + (pace * milliseconds) / 1000, pace === Infinity ? Infinity : 10);
    const rounds = playOn(trainer, milliseconds);
    live.due = pace > 0 && pace < Infinity ? live.due - rounds : 0;
    live.rounds += rounds;
    live.spent += milliseconds;
    paintInTurn(trainer);
    if (live.spent < REPORT) return;
    live.pace = (1000 * live.rounds) / live.spent;
    live.rounds = live.spent = 0;
    report();
    if (trainer.diverged) pause();
  };
  const loop = figure.loop(play);
  const pause = () => {
    figure.set("playing", false);
    report();
  };
  const once = (move, { midRound = false } = {}) => () => {
    pause();
    if (live.trainer === null) return;
    if (!midRound) motion.finish(live.trainer);
    move(live.trainer);
    paint(live, true);
    report();
  };
  const address = makeAddress(figure, { ...defaults, ...linked }, change);
  if (figure.reducedMotion) figure.set("playing", false);
  address.read();
  turned(...shown());
  return { live, change, restart, pause, once, draw };
}

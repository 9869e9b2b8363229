// @ts-check
// player.js: plays a run's rounds in a worker, or where there is none on the page itself.
//
// The page's trainer is the run: what it shows, what a reader steps through, what begins when Play is pressed. A worker plays
// on from a copy and sends back how far it has come. Since a run depends on its settings alone, the page may at any time
// leave the worker's last rounds unseen and go on by itself: so nobody ever waits for the worker.

import { makeEngine } from "../engine/engine.js";
import { makeWorker } from "../engine/worker.js";
import { loadRun, playRound, saveRun } from "./run.js";

/** @typedef {import("./run.js").Run & { settings: any }} Trainer */
/** `material` is what a run needs beside its settings and a page has but once, such as pictures. @typedef {(settings: any, engine: import("../engine/engine.js").Engine, material: any) => Trainer} MakeTrainer */

/** Play at most `rounds` rounds for so many milliseconds; `run` is where to begin if it is not where the last order ended. @typedef {{ ticket: number, rounds: number, milliseconds: number, settings: any, run: import("./run.js").Saved | null }} Order */
/** @typedef {{ ticket: number, rounds: number, run: import("./run.js").Saved }} Answer */

/** Rounds played, at most so many, in about so many milliseconds. @param {Trainer} trainer @param {number} most @param {number} milliseconds */
function playFor(trainer, most, milliseconds) {
  const end = performance.now() + milliseconds;
  let rounds = 0;
  while (rounds < most && !trainer.diverged && (rounds === 0 || performance.now() < end)) {
    playRound(trainer);
    rounds += 1;
  }
  return rounds;
}

/**
 * The worker's side. @param {{ onmessage: ((event: { data: Order | { material: any } }) => void) | null, postMessage: (answer: Answer, handed: ArrayBuffer[]) => void }} port
 * @param {MakeTrainer} makeTrainer
 */
export function servePlayer(port, makeTrainer) {
  const engine = makeEngine();
  /** @type {Trainer} */
  let trainer;
  /** @type {any} */
  let material;
  port.onmessage = ({ data }) => {
    if ("material" in data) {
      material = data.material;
      return;
    }
    if (data.run !== null) {
      trainer = makeTrainer(data.settings, engine, material);
      loadRun(trainer, data.run);
    }
    const rounds = playFor(trainer, data.rounds, data.milliseconds), run = saveRun(trainer);
    port.postMessage({ ticket: data.ticket, rounds, run }, [/** @type {ArrayBuffer} */ (run.memory.buffer)]);
  };
}

const SLICE = 12; // milliseconds that a worker plays between two answers, where weights are few
const ON_PAGE = [3, 6]; // milliseconds of play in a frame of 16 where there is no worker: least and most

/**
 * Plays for the page: `play` is called once a frame and gives the rounds that the trainer has gone on since the last call;
 * `leave` says that the trainer has been changed or replaced.
 * @typedef {{ play: (trainer: Trainer, due: number, milliseconds: number) => number, leave: () => void, end: () => void }} Player
 */

/**
 * @param {string} module what a worker runs: its `serve` is `servePlayer`
 * @param {{ material?: () => any, milliseconds?: number }} options what its trainers need; how long it plays between two answers
 * @returns {Player}
 */
export function makePlayer(module, { material = () => undefined, milliseconds: slicing = SLICE } = {}) {
  let ticket = 0, fresh = true, busy = false, slice = ON_PAGE[1], called = 0;
  /** @type {Order | null} */
  let next = null; // what to ask for again as soon as an answer is there
  /** @type {Answer | null} */
  let answer = null;
  let waiting = 0; // rounds of answers that no frame has taken yet
  /** @type {any} */
  let given; // the material that the worker has
  /** @type {ReturnType<typeof makeWorker> | undefined} */
  let worker; // made when first needed; null where there is none

  /** @param {Order} order */
  function send(order) {
    worker?.send(order);
    busy = true;
  }

  /** @param {Answer} got */
  function receive(got) {
    busy = false;
    if (got.ticket !== ticket) return;
    answer = got;
    waiting += got.rounds;
    if (next && !got.run.diverged && performance.now() - called < 100) send({ ...next, run: null });
  }

  /** @param {Trainer} trainer @param {number} due */
  function playInWorker(trainer, due) {
    const rounds = waiting;
    if (answer !== null) loadRun(trainer, answer.run);
    answer = null;
    waiting = 0;
    if (trainer.diverged) return rounds;
    const order = { ticket, rounds: due, milliseconds: slicing, settings: trainer.settings, run: fresh ? saveRun(trainer) : null };
    next = due === Infinity ? order : null;
    if (!busy && (due - rounds >= 1)) {
      if (material() !== given) {
        given = material();
        worker?.send({ material: given });
      }
      send({ ...order, rounds: due - rounds });
      fresh = false;
    }
    return rounds;
  }

  return {
    play(trainer, due, milliseconds) {
      called = performance.now();
      if (worker === undefined) worker = makeWorker(module, receive, () => { worker = null; });
      if (worker) return playInWorker(trainer, due);
      slice = Math.max(ON_PAGE[0], Math.min(ON_PAGE[1], slice * (milliseconds > 20 ? 0.8 : 1.1))); // late: play less
      return due >= 1 ? playFor(trainer, Math.floor(due), slice) : 0;
    },
    leave() {
      ticket += 1;
      fresh = true;
      next = answer = null;
      waiting = 0;
    },
    end() {
      worker?.end();
      worker = null;
    },
  };
}

// @ts-check
// player.js: the digits' run in a worker.

import { servePlayer } from "../live/player.js";
import { makeTrainer } from "./trainer.js";

/** @param {any} port */
export function serve(port) {
  servePlayer(port, makeTrainer);
}

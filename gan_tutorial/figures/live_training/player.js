// @ts-check
// player.js: the live figure's run in a worker.

import { servePlayer } from "../live/player.js";
import { makeTrainer } from "./trainer.js";

/** This module, as a page names it to its worker: whoever takes the name brings the module along. */
export const PLAYER = "live_training/player.js";

/** @param {any} port */
export function serve(port) {
  servePlayer(port, makeTrainer);
}

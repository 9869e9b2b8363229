// @ts-check
// phases.js: one round of the game in named steps, for slow motion. What each step computes is what a round at full speed
// computes: the run goes on as if nobody had looked.

import { forward } from "../engine/network.js";
import { discriminatorGradients, feed, generatorGradients } from "../engine/players.js";
import { isLogit } from "../live/optima.js";
import { finishDiscriminator, finishGenerator } from "../live/run.js";
import { sigmoid } from "../mathematics/logistic.js";

/** @typedef {import("./trainer.js").Trainer} Trainer */

/**
 * `lit` are the parts of the diagram that it lights; `act` what it does to the run; `say` a sentence with the numbers of now.
 * @typedef {{ lit: string[], act: (trainer: Trainer) => void, say: (trainer: Trainer) => string }} Phase
 */

/** The mean of D (or of the critic's score) over a pass, in words. @param {Trainer} trainer @param {import("../engine/network.js").Pass} pass */
function meanOf({ engine, settings }, { output, batch }) {
  const scores = engine.floats(output, batch), logit = isLogit(settings.objective);
  let sum = 0;
  for (let i = 0; i < batch; i++) sum += logit ? sigmoid(scores[i]) : scores[i];
  return `${logit ? "D" : "its score"} is ${(sum / batch).toFixed(2)} on average`;
}

/** @param {Trainer} trainer */
const showFakes = ({ game }) => {
  forward(game.generator, game.pass);
  feed(game, game.fake, game.onFake);
};

/** @type {Phase[]} */
export const PHASES = [
  { lit: ["noise", "real"], act: (trainer) => trainer.deal(),
    say: ({ settings }) => `D's turn. Draw ${settings.batch} points z of the noise and ${settings.batch} real samples.` },
  { lit: ["noise", "to-g", "g", "to-fake", "fake"], act: showFakes, say: () => "G carries each z to a fake sample G(z)." },
  { lit: ["real", "real-to-d", "d"], act: ({ game }) => forward(game.discriminator, game.onReal),
    say: (trainer) => `D looks at the real samples: ${meanOf(trainer, trainer.game.onReal)}.` },
  { lit: ["fake", "fake-to-d", "d"], act: ({ game }) => forward(game.discriminator, game.onFake),
    say: (trainer) => `D looks at the fakes: ${meanOf(trainer, trainer.game.onFake)}.` },
  { lit: ["d", "loss", "to-loss", "back-to-d"], act: ({ game }) => { game.discriminatorLoss = discriminatorGradients(game); },
    say: ({ game }) => `D's loss is ${game.discriminatorLoss.toFixed(3)}. Its gradient goes back into D's weights and no further.` },
  { lit: ["d"], act: finishDiscriminator, say: () => "D takes its step: the landscape changes, the sheet does not." },
  { lit: ["noise"], act: (trainer) => trainer.dealNoise(), say: ({ settings }) => `G's turn. Draw ${settings.batch} new points z.` },
  { lit: ["noise", "to-g", "g", "to-fake", "fake"], act: showFakes, say: () => "G carries them to fake samples." },
  { lit: ["fake", "fake-to-d", "d"], act: ({ game }) => forward(game.discriminator, game.onFake),
    say: (trainer) => `D looks at them: ${meanOf(trainer, trainer.game.onFake)}.` },
  { lit: ["loss", "to-loss", "back-to-d", "back-to-fake", "fake", "back-to-g", "g"], act: ({ game }) => { game.generatorLoss = generatorGradients(game); },
    say: ({ game }) => `G's loss is ${game.generatorLoss.toFixed(3)}. Its gradient comes back through D to each fake (the arrows), and through G into G's weights.` },
  { lit: ["g"], act: finishGenerator, say: () => "G takes its step: the sheet moves, the landscape does not." },
];
const DISCRIMINATOR = 5, LAST = PHASES.length - 1; // where a player steps

const PAUSE = 1600; // milliseconds from one phase to the next

/** Where a run is within a round: `at` is the phase it is in, -1 between rounds; `turn` counts D's steps. */
export function makeMotion() {
  let turn = 0, waited = PAUSE;
  const motion = {
    at: -1,
    /** The run is another: no round has begun. */
    leave() {
      motion.at = -1;
      turn = 0;
      waited = PAUSE;
    },
    /** @param {Trainer} trainer */
    next(trainer) {
      if (trainer.diverged) return;
      if (motion.at === DISCRIMINATOR) {
        turn += 1;
        motion.at = turn < trainer.settings.k ? 0 : DISCRIMINATOR + 1;
      } else motion.at = motion.at === LAST ? 0 : motion.at + 1;
      if (motion.at > DISCRIMINATOR) turn = 0;
      PHASES[motion.at].act(trainer);
    },
    /** Play the round to its end, if one has begun; whether anything had to be done. @param {Trainer} trainer */
    finish(trainer) {
      const open = motion.at >= 0 && motion.at < LAST;
      while (motion.at >= 0 && motion.at < LAST && !trainer.diverged) motion.next(trainer);
      motion.leave();
      return open;
    },
    /** One phase after the other; gives the rounds that have been finished. @param {Trainer} trainer @param {number} milliseconds */
    play(trainer, milliseconds) {
      const before = trainer.step;
      waited += milliseconds;
      if (waited >= PAUSE) {
        waited = 0;
        motion.next(trainer);
      }
      return trainer.step - before;
    },
  };
  return motion;
}

/** What is being done, and what it has come to. @param {ReturnType<typeof makeMotion>} motion @param {Trainer} trainer */
export function sentence({ at }, trainer) {
  return at < 0 ? "" : `${at + 1} of ${PHASES.length}. ${PHASES[at].say(trainer)}`;
}

// @ts-check
// costs.js: the generator's two costs of one sample. Checked against gan_tutorial.objectives to 1e-9.

import { OBJECTIVES } from "../mathematics/game.js";
import { sigmoid } from "../mathematics/logistic.js";

/** Both costs of a sample with logit s, so D(G(z)) = sigmoid(s), in nats, and their slopes in s and in D. @param {number} s */
export function generatorCosts(s) {
  const { minimax, "non-saturating": nonSaturating } = OBJECTIVES;
  return {
    probability: sigmoid(s),
    minimax: minimax.generator(s),
    nonSaturating: nonSaturating.generator(s),
    minimaxSlope: minimax.generatorSlope(s),
    nonSaturatingSlope: nonSaturating.generatorSlope(s),
    minimaxSlopeInD: -1 / sigmoid(-s),
  };
}

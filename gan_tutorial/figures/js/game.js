// game.js: the costs of the two players, point by point. Pure functions of numbers in nats, checked against Python to
// 1e-9; needs sigmoid and softplus of densities.js.

// The generator's two costs of one sample with logit s, so D(G(z)) = sigmoid(s), and their slopes in s and in D.
function generatorCosts(s) {
  const probability = sigmoid(s);
  return {
    probability,
    minimax: -softplus(s), // log(1 - D)
    nonSaturating: softplus(-s), // -log D
    minimaxSlope: -probability,
    nonSaturatingSlope: -sigmoid(-s),
    minimaxSlopeInD: -1 / sigmoid(-s),
  };
}

// a log y + b log(1 - y) for a, b >= 0 and 0 <= y <= 1, with 0 log 0 = 0: what one x adds to V(D, G) when D(x) = y.
function pointwiseGain(a, b, y) {
  return (a > 0 ? a * Math.log(y) : 0) + (b > 0 ? b * Math.log1p(-y) : 0);
}

// Where the gain is largest: a / (a + b), and NaN where a = b = 0 since then every y is as good.
function bestReply(a, b) {
  const top = Math.max(a, b); // dividing by it first, neither underflow nor overflow can disturb the share
  return top > 0 ? a / top / (a / top + b / top) : NaN;
}

// How far y falls short of the best reply y*: (a + b) KL(Bernoulli(y*) || Bernoulli(y)), never negative. Each part is
// t - log(1 + t) of a relative error t; the parts' t cancel in the sum, and nothing else does, however close y is to y*.
function pointwiseLoss(a, b, y) {
  if (!(a > 0 && b > 0)) return -pointwiseGain(a, b, y); // the best gain is 0
  const best = bestReply(a, b);
  const part = (weight, t) => weight * (t - Math.log1p(t));
  return part(a, (y - best) / best) + part(b, (best - y) / bestReply(b, a));
}

// pointwise-maximum: D's gain at one x as a function of its answer u, and the answer that is best.

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { bestReply } from "../mathematics/game.js";
import { axisAbove, densitiesOf, pointwiseGain, pointwiseLoss } from "./gain.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const xs = Float64Array.from({ length: 321 }, (_, i) => -4 + i * 0.025);
  const ys = Float64Array.from({ length: 199 }, (_, i) => 0.0005 + (0.999 * i) / 198);
  const side = { height: 250, minWidth: 290, expectedShare: 2.1 };
  const densities = figure.plot({ ...side, label: "The two densities, and the chosen x", x: [-4, 4], y: [0, 0.45], xLabel: "$x$", xTicks: 4, yTicks: 3, yLabel: "density" });
  const gains = figure.plot({ ...side, label: "D's gain at this x over its answer u", x: [0, 1], y: [-1, 0], xLabel: "answer $u$ = $D$($x$)", xTicks: 4, yTicks: 3, margin: { left: 64 }, yLabel: "gain: $a$ log $u$ + $b$ log(1 − $u$)" });
  const answers = figure.plot({ label: "The best answer at every x", x: [-4, 4], y: [-0.04, 1.06], height: 176, minWidth: 1000, xLabel: "$x$", yTicks: 2, yLabel: "the best answer at every $x$ makes up $D^*$" });

  const data = densities.curve({ color: "data", label: "$p_data$", labelAt: -1.5, fill: true });
  const fake = densities.curve({ color: "generator", label: "$p_g$", labelAt: 2.3, dx: 6, anchor: "start", fill: true });
  const hereAbove = densities.rule({ x: true, color: "neutral" });
  const dataPoint = densities.point({ color: "data", label: "$a$", drag: { x: "x" } });
  const fakePoint = densities.point({ color: "generator", label: "$b$", drag: { x: "x" } });

  const dataTerm = gains.curve({ color: "data", width: 1.5, dash: "5 4", label: "$a$ log $u$", labelAt: 0.012, anchor: "start", dx: 10, dy: 12 });
  const fakeTerm = gains.curve({ color: "generator", width: 1.5, dash: "5 4", label: "$b$ log(1 − $u$)", labelAt: 0.6, anchor: "start", dx: 10, dy: -6 });
  const missing = gains.curve({ color: "accent", width: 5, opacity: 0.45 });
  const gain = gains.curve({ color: "discriminator", width: 3 });
  const best = gains.rule({ x: true, color: "discriminator", label: "$u^*$" });
  const top = gains.point({ color: "discriminator", radius: 5 });
  const chosen = gains.point({ color: "accent", label: "$u$", drag: { x: "u" } });

  const optimal = answers.curve({ color: "discriminator", width: 3 });
  const hereBelow = answers.rule({ x: true, color: "neutral" });
  const shortfall = answers.curve({ color: "accent", width: 5, opacity: 0.45 });
  const optimalPoint = answers.point({ color: "discriminator", radius: 5 });
  const answerPoint = answers.point({ color: "accent", label: "$u$", drag: { x: "x", y: "u" } });

  figure.slider("x", { label: "point $x$", color: "neutral" });
  figure.slider("u", { label: "answer $u$ = $D$($x$)", color: "accent" });
  figure.select("densities", { label: "densities", options: [["bells", "bells"], ["blocks", "blocks, with gaps"]] });
  const outputs = {
    a: figure.output("a", { label: "$a$ = $p_data$($x$)", color: "data" }),
    b: figure.output("b", { label: "$b$ = $p_g$($x$)", color: "generator" }),
    best: figure.output("best", { label: "$u^*$ = $a$ / ($a$ + $b$)", color: "discriminator" }),
    gain: figure.output("gain", { label: "gain of $u$", color: "accent", digits: 4 }),
    highest: figure.output("highest", { label: "gain of $u^*$", color: "discriminator", digits: 4 }),
    loss: figure.output("loss", { label: "short of the best by", color: "accent", digits: 4 }),
  };
  const caption = figure.caption();

  const changed = changeDetector();
  const drawDensities = (kind, pData, pG) => {
    if (!changed(kind, densities.innerWidth, answers.innerWidth)) return;
    data.set(xs, xs.map(pData.pdf));
    fake.set(xs, xs.map(pG.pdf));
    optimal.set(xs, xs.map((t) => bestReply(pData.pdf(t), pG.pdf(t))));
  };

  return figure.start(() => {
    const [x, u, kind] = ["x", "u", "densities"].map((name) => figure.get(name));
    const [pData, pG] = densitiesOf(kind);
    const [a, b] = [pData.pdf(x), pG.pdf(x)];
    const star = bestReply(a, b);
    const highest = a + b > 0 ? pointwiseGain(a, b, star) : 0;
    const value = pointwiseGain(a, b, u);
    const loss = pointwiseLoss(a, b, u);
    const depth = axisAbove(1.5 * (a + b) || 1);
    gains.setDomain([0, 1], [-depth, depth * 0.12]);

    drawDensities(kind, pData, pG);
    hereAbove.set(x);
    dataPoint.set(x, a);
    fakePoint.set(x, b);

    dataTerm.set(ys, ys.map((t) => pointwiseGain(a, 0, t)));
    fakeTerm.set(ys, ys.map((t) => pointwiseGain(0, b, t)));
    gain.set(ys, ys.map((t) => pointwiseGain(a, b, t)));
    best.show(!Number.isNaN(star));
    if (!Number.isNaN(star)) best.set(star);
    top.set(star, highest);
    chosen.set(u, Math.max(value, -depth));
    missing.set([u, u], [value, highest]);

    hereBelow.set(x);
    optimalPoint.set(x, star);
    answerPoint.set(x, u);
    shortfall.set([x, x], [u, star]);

    outputs.a.set(a);
    outputs.b.set(b);
    outputs.best.set(star);
    outputs.gain.set(value);
    outputs.highest.set(highest);
    outputs.loss.set(loss);
    caption.set(inWords(a, b, u, star));
  });
}

function inWords(a, b, u, star) {
  if (a === 0 && b === 0)
    return "Neither density lives here. Every answer gains 0, so none is best: outside both supports $D^*$ is undefined, and $D$ may say what it likes.";
  if (a === 0) return "Only the generator can have made this $x$. The lower $u$, the better: the best answer is 0, which a sigmoid approaches and never gives.";
  if (b === 0) return "Only the data can have made this $x$. The higher $u$, the better: the best answer is 1, which a sigmoid approaches and never gives.";
  if (Math.abs(u - star) < 0.003) return "The best answer. Go up or down, and one term loses more than the other wins.";
  if (u < star) return "Too suspicious. A higher $u$ would win more on real samples, $a$ log $u$, than it loses on generated ones.";
  return "Too trusting. A lower $u$ would win more on generated samples, $b$ log(1 − $u$), than it loses on real ones.";
}

// critic-or-discriminator: two bells, the best judge of two kinds between them, and how hard each pulls at a sample.

import { createFigure } from "../kit/figure.js";
import { gaussianMixture, smoothDivergences } from "../mathematics/densities.js";
import { bellsW1, pullsAt } from "./bells.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const xs = Float64Array.from({ length: 201 }, (_, i) => -4 + i * 0.1);
  const span = [-4, 16];
  const drag = { x: "x" };
  const densities = figure.plot({
    label: "The densities of data and generator over x", x: span, y: [0, 0.5], height: 130, yLabel: "density", xTicks: 0, yTicks: 2,
    margin: { bottom: 12 }, minWidth: 1000,
  });
  const half = { x: span, height: 200, minWidth: 290, expectedShare: 2.1, xTicks: 5 };
  const judged = figure.plot({ ...half, label: "The optimal discriminator over x", y: [0, 1.05], yTicks: 2, yLabel: "discriminator $D^*$($x$)" });
  const scored = figure.plot({ ...half, label: "The best critic over x", y: [-10, 10], yTicks: 4, yLabel: "critic $f^*$($x$)" });
  const pulls = figure.plot({
    label: "How hard each cost pulls at a sample at x", x: span, y: [-7, 1.5], height: 220, xLabel: "$x$",
    yLabel: "pull on a sample at $x$ (below 0: to the left)", minWidth: 1000,
  });

  const data = densities.curve({ color: "data", label: "$p_data$", fill: true });
  const fake = densities.curve({ color: "generator", label: "$p_g$", fill: true });
  const here = [densities, judged, scored, pulls].map((plot) => plot.rule({ x: true, color: "neutral" }));
  const best = judged.curve({ color: "discriminator", width: 3 });
  const bestTangent = judged.curve({ color: "discriminator", width: 9, opacity: 0.3 });
  const witness = scored.curve({ color: "accent", width: 3 });
  const witnessTangent = scored.curve({ color: "accent", width: 9, opacity: 0.3 });
  const lines = {
    minimaxPull: pulls.curve({ color: "discriminator", dash: "7 5", label: "$D^*$, minimax", labelAt: "end", anchor: "end", dx: -4, dy: -8 }),
    nonSaturatingPull: pulls.curve({ color: "discriminator", label: "$D^*$, non-saturating", labelAt: "end", anchor: "end", dx: -4, dy: -8 }),
    criticPull: pulls.curve({ color: "accent", width: 3, label: "critic", labelAt: "end", anchor: "end", dx: -4, dy: 18 }),
  };
  const points = {
    discriminator: judged.point({ color: "discriminator", drag }),
    critic: scored.point({ color: "accent", drag }),
    criticPull: pulls.point({ color: "accent", drag }),
  };

  figure.slider("distance", { label: "mean of $p_g$ (that of $p_data$ is 0)", color: "generator" });
  figure.slider("width", { label: "width of $p_g$ (that of $p_data$ is 1)", color: "generator" });
  figure.slider("x", { label: "a sample at $x$", color: "neutral" });

  const outputs = {
    js: figure.output("js", { label: "JSD", unit: "nats", digits: 4 }),
    w1: figure.output("w1", { label: "$W_1$" }),
  };
  const rows = [
    { name: "discriminator", key: "discriminator", label: "$D^*$", color: "discriminator" },
    { name: "discriminator_slope", key: "discriminatorSlope", label: "$D^*$, its slope", color: "discriminator" },
    { name: "minimax", key: "minimaxPull", label: "$D^*$, minimax pull", color: "discriminator" },
    { name: "non_saturating", key: "nonSaturatingPull", label: "$D^*$, non-saturating pull", color: "discriminator" },
    { name: "critic", key: "critic", label: "critic $f^*$", color: "accent" },
    { name: "critic_slope", key: "criticPull", label: "critic, its slope and pull", color: "accent" },
  ];
  const columns = [{ name: "mean", label: "at the mean of $p_g$" }, { name: "x", label: "at $x$" }];
  const table = figure.outputTable({ caption: "What each judge says of a sample", rows, columns });
  const caption = figure.caption();

  return figure.start(() => {
    const [d, w, x] = ["distance", "width", "x"].map((name) => figure.get(name));
    const p = gaussianMixture([0], [1], [1]);
    const q = gaussianMixture([d], [w], [1]);
    const judgements = Array.from(xs, (at) => pullsAt(d, w, at));
    const pick = (key) => Float64Array.from(judgements, (judgement) => judgement[key]);
    const now = pullsAt(d, w, x);
    const atMean = pullsAt(d, w, d);
    densities.setDomain(span, [0, firstAbove(0.44 / w, [0.5, 0.8, 1.6])]); // a few fixed spans: new axes cost more than curves
    pulls.setDomain(span, [-firstAbove(1.1 * d, [2, 4, 8, 14]), 1.6]);
    data.set(xs, xs.map(p.pdf));
    fake.set(xs, xs.map(q.pdf));
    for (const rule of here) rule.set(x);
    best.set(xs, pick("discriminator"));
    witness.set(xs, pick("critic"));
    for (const key in lines) lines[key].set(xs, pick(key));
    const reach = [x - 1.6, x + 1.6];
    bestTangent.set(reach, reach.map((at) => now.discriminator + now.discriminatorSlope * (at - x)));
    witnessTangent.set(reach, reach.map((at) => now.critic + now.criticPull * (at - x)));
    for (const key in points) points[key].set(x, now[key]);
    for (const { name, key } of rows) {
      table.set(name, "mean", atMean[key]);
      table.set(name, "x", now[key]);
    }
    outputs.js.set(smoothDivergences(p, q).js);
    outputs.w1.set(bellsW1(d, w));
    caption.set(inWords(d, w));
  });
}

const firstAbove = (value, sizes) => sizes.find((size) => size >= value) ?? sizes[sizes.length - 1];

function inWords(d, w) {
  if (d === 0 && Math.abs(w - 1) < 1e-9) return "The bells are equal. $D^*$ is ½, $f^*$ is flat, and no cost pulls.";
  if (d < 2 && Math.abs(w - 1) > 1e-9)
    return "The bells overlap, and their widths differ: mass has to flow both ways. The critic bends where the two distribution functions cross, and is as steep as ever on both sides.";
  if (d < 2) return "The bells overlap: all three costs pull. The two of $D^*$ grow weaker as the bells meet, the critic's does not.";
  if (d < 4.5) return "The bells part. At the generated samples the minimax cost is going flat already; the critic is as steep as ever.";
  return "Far apart, $D^*$ is flat where the generated samples are, and the minimax cost with it. The critic is as steep as ever. The non-saturating cost still pulls, but only because the exact log $D^*$ keeps falling there: it rests on probabilities too small for any sample to show.";
}

// optimal-discriminator: two densities, and the best discriminator between them.

import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { Sketch } from "../kit/sketch.js";
import { gaussianMixture, optimalLogit, smoothDivergences } from "../mathematics/densities.js";
import { sigmoid } from "../mathematics/logistic.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const xs = Float64Array.from({ length: 281 }, (_, i) => -7 + i * 0.05);
  const densities = figure.plot({
    label: "The densities of data and generator over x", x: [-7, 7], y: [0, 0.6], height: 230, yLabel: "density", xTicks: 0,
    margin: { bottom: 12 }, minWidth: 1000,
  });
  const discriminator = figure.plot({
    label: "The optimal discriminator over x", x: [-7, 7], y: [0, 1.02], height: 170, xLabel: "$x$", yLabel: "$D^*(x)$", yTicks: 2, minWidth: 1000,
  });
  const data = densities.curve({ color: "data", label: "$p_data$", fill: true });
  const fake = densities.curve({ color: "generator", label: "$p_g$", fill: true });
  const half = discriminator.rule({ color: "neutral", label: "½" });
  const best = discriminator.curve({ color: "discriminator", width: 3 });

  let [p, q] = [null, null];
  const sketch = new Sketch(figure, discriminator, {
    knots: Array.from({ length: 57 }, (_, i) => -7 + i * 0.25),
    start: 0.5,
    name: "$D^*$",
    means: ({ x }) => meaning(sigmoid(optimalLogit(p, q, x))),
  });

  figure.slider("mean", { label: "mean of $p_g$", color: "generator" });
  figure.slider("width", { label: "width of $p_g$", color: "generator" });
  figure.slider("weight", { label: "weight of the left bell of $p_data$", color: "data" });
  figure.slider("separation", { label: "distance between the bells", color: "data" });

  const outputs = {
    js: figure.output("js", { label: "JSD", unit: "nats", digits: 4 }),
    kl: figure.output("kl", { label: "KL($p_data$‖$p_g$)", unit: "nats" }),
    reverseKl: figure.output("reverse_kl", { label: "KL($p_g$‖$p_data$)", unit: "nats" }),
    value: figure.output("value", { label: "$V$($D^*$, $G$)", digits: 4 }),
    criterion: figure.output("criterion", { label: "$C$($G$) = −log 4 + 2 JSD", digits: 4 }),
  };

  const draw = () => {
    const shift = figure.get("separation") / 2;
    const weight = figure.get("weight");
    p = gaussianMixture([-shift, shift], [0.7, 0.7], [weight, 1 - weight]);
    q = gaussianMixture([figure.get("mean")], [figure.get("width")], [1]);
    densities.setDomain([-7, 7], [0, Math.max(0.6, 1.12 * q.pdf(figure.get("mean")))]);
    data.set(xs, xs.map(p.pdf));
    fake.set(xs, xs.map(q.pdf));
    best.set(xs, xs.map((x) => sigmoid(optimalLogit(p, q, x))));
    best.show(!sketch.hides);
    sketch.draw((x) => sigmoid(optimalLogit(p, q, x)));
    half.set(0.5, discriminator.innerWidth > 480 ? "½: no better than a coin" : "½");
    const numbers = smoothDivergences(p, q);
    outputs.js.set(numbers.js);
    outputs.kl.set(numbers.kl);
    outputs.reverseKl.set(numbers.reverseKl);
    outputs.value.set(numbers.value);
    outputs.criterion.set(-2 * Math.LN2 + 2 * numbers.js);
  };
  sketch.drawFigure = draw;
  return figure.start(draw);
}

// What the value of D* says about samples at one x.
function meaning(best) {
  const real = 100 * best;
  const count = real > 99.5 || real < 0.5 ? formatNumber(real, 2) : formatNumber(real, 0);
  return `Of 100 samples at this $x$, ${count} would be data.`;
}

// saturation: the generator's two costs in the discriminator's logit, and how steep each of them is.

import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { Sketch } from "../kit/sketch.js";
import { generatorCosts } from "./costs.js";

const logits = Float64Array.from({ length: 161 }, (_, i) => -8 + i * 0.1);

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  return figure.get("predict") ? ask(figure) : explore(figure);
}

// The reader draws how steep the minimax cost is, before anything of it is shown.
function ask(figure) {
  const plot = figure.plot({
    label: "The size of the minimax cost's slope over the logit", x: [-8, 8], y: [0, 1.2], height: 250, xLabel: "logit $s$ of $D$($G$($z$))", yTicks: 2,
    yLabel: "size of the slope of log(1 − $D$) in $s$", minWidth: 1000,
  });
  const places = [-4.6, 0, 4.6].map((s) => ({ s, rule: plot.rule({ x: true, color: "neutral" }), name: plot.label() }));
  const steepness = plot.curve({ color: "ink", width: 3 });
  const truth = (s) => -generatorCosts(s).minimaxSlope;
  const sketch = new Sketch(figure, plot, {
    knots: Array.from({ length: 33 }, (_, i) => -8 + i * 0.5), start: 0.5, name: "the size of the slope", across: "$s$", means: ({ x }) => meaning(x),
  });
  const draw = () => {
    for (const { s, rule, name } of places) {
      rule.set(s);
      name.set(`$D$ = ${s === 0 ? "½" : formatNumber(generatorCosts(s).probability, 2)}`, s, 1.2, "start", 5, 12);
    }
    steepness.set(logits, logits.map(truth));
    steepness.show(!sketch.hides);
    sketch.draw(truth);
  };
  sketch.drawFigure = draw;
  return figure.start(draw);
}

// What the slope at one logit says about a sample.
function meaning(s) {
  const { probability } = generatorCosts(s);
  const strength = formatNumber(probability, probability < 0.01 ? 4 : 2);
  return `$D$ takes such a sample for real with probability ${strength}, and this number is also the size of the slope.`;
}

function explore(figure) {
  const drag = { x: "logit" };
  const shared = { x: [-8, 8], height: 250, xLabel: "logit $s$ of $D$($G$($z$))", xTicks: 4, minWidth: 290, expectedShare: 2.1 };
  const costs = figure.plot({ ...shared, label: "The two costs of the generator over the logit", y: [-8, 8], yLabel: "cost of the sample" });
  const slopes = figure.plot({
    ...shared, label: "How steep each cost is in the logit", y: [0, 1.08], yTicks: 2, yLabel: "minus the slope of the cost in $s$",
  });

  const pair = (plot, minimaxLabel, nonSaturatingLabel) => ({
    here: plot.rule({ x: true, color: "neutral" }),
    minimax: plot.curve({ color: "accent", dash: "7 5", anchor: "start", ...minimaxLabel }),
    nonSaturating: plot.curve({ color: "generator", anchor: "end", ...nonSaturatingLabel }),
    minimaxTangent: plot.curve({ color: "accent", width: 8, opacity: 0.3 }),
    nonSaturatingTangent: plot.curve({ color: "generator", width: 8, opacity: 0.3 }),
    minimaxPoint: plot.point({ color: "accent", drag }),
    nonSaturatingPoint: plot.point({ color: "generator", drag }),
  });
  const marks = [
    pair(
      costs,
      { label: "minimax: log(1 − $D$)", labelAt: 5.1, anchor: "end", dx: -8, dy: 16 },
      { label: "non-saturating: −log $D$", labelAt: -4, anchor: "start", dx: 8, dy: -6 },
    ),
    pair(slopes, { label: "$σ$($s$)", labelAt: 0.7, dx: 10, dy: 6 }, { label: "1 − $σ$($s$)", labelAt: -0.7, dx: -10, dy: 6 }),
  ];

  figure.slider("logit", { label: "logit $s$: how sure $D$ is that $G$($z$) is real", color: "discriminator" });
  const outputs = {
    probability: figure.output("probability", { label: "$D$($G$($z$))", digits: 4, color: "discriminator" }),
    minimax: figure.output("minimax", { label: "log(1 − $D$)", unit: "nats", color: "accent" }),
    minimaxSlope: figure.output("minimax_slope", { label: "$∂_s$ log(1 − $D$)", digits: 4, color: "accent" }),
    minimaxSlopeInD: figure.output("minimax_slope_in_d", { label: "$∂_D$ log(1 − $D$)", color: "accent" }),
    nonSaturating: figure.output("non_saturating", { label: "−log $D$", unit: "nats", color: "generator" }),
    nonSaturatingSlope: figure.output("non_saturating_slope", { label: "$∂_s$ (−log $D$)", digits: 4, color: "generator" }),
  };
  const caption = figure.caption();
  const table = Array.from(logits, generatorCosts);
  const pick = (key, sign = 1) => Float64Array.from(table, (row) => sign * row[key]);
  const columns = [
    { minimax: pick("minimax"), nonSaturating: pick("nonSaturating") },
    { minimax: pick("minimaxSlope", -1), nonSaturating: pick("nonSaturatingSlope", -1) },
  ];

  return figure.start(() => {
    const s = figure.get("logit");
    const now = generatorCosts(s);
    const reach = [s - 1.3, s + 1.3];
    marks.forEach((mark, side) => {
      mark.here.set(s);
      for (const key of ["minimax", "nonSaturating"]) {
        const height = side === 0 ? now[key] : -now[`${key}Slope`];
        mark[key].set(logits, columns[side][key]);
        mark[`${key}Point`].set(s, height);
        if (side === 0) mark[`${key}Tangent`].set(reach, reach.map((x) => height + now[`${key}Slope`] * (x - s)));
      }
    });
    for (const key in outputs) outputs[key].set(now[key]);
    caption.set(inWords(s));
  });
}

function inWords(s) {
  if (s < -2)
    return "$D$ is almost sure that this sample is generated. The minimax cost is almost flat in the logit here, so the generator gets almost no gradient from it, though this sample has most to change. The slope of the non-saturating cost is close to its largest size, 1.";
  if (s <= 2) return "$D$ is in doubt. Both costs have a gradient here, and at $s$ = 0 they are equally steep.";
  return "$D$ takes this sample for real. Now the non-saturating cost is the flat one, and this sample has little to change. The minimax cost is steepest on samples that pass already.";
}

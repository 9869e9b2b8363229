// convex-supremum: three lines to drag, the largest of them at every point, and a line that supports it from below.

import { createFigure } from "../kit/figure.js";
import { kinksOf, supportAt, supremumAt } from "./affine.js";

const COLORS = ["data", "generator", "discriminator"];

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const plot = figure.plot({ label: "Three affine functions, their supremum and a supporting line", x: [-1.08, 1.08], y: [-1.7, 2.2], height: 330, xLabel: "$x$", yTicks: 4, xTicks: 4, minWidth: 1000, margin: { top: 14 } });
  const xs = Float64Array.from({ length: 401 }, (_, i) => -1 + i / 200);
  const lines = COLORS.map((color, i) => ({
    curve: plot.curve({ color, width: 1.8 }),
    ends: ["left", "right"].map((side) => plot.point({ color, radius: 6, drag: { y: `${side}_${i + 1}` } })),
  }));
  const supremum = plot.curve({ color: "accent", width: 5 });
  const name = plot.label("accent");
  const support = plot.curve({ color: "ink", width: 2, dash: "7 5" });
  const here = plot.point({ color: "accent", radius: 7, label: "$x$", dx: 0, dy: 24, anchor: "middle", drag: { x: "x" } });

  const outputs = {
    value: figure.output("supremum", { label: "supremum at $x$", color: "accent" }),
    active: figure.output("active", { label: "active", format: (digits) => [...String(digits)].map((d) => ["blue", "orange", "green"][d - 1]).join(" and ") }),
    low: figure.output("low_slope", { label: "subgradients from" }),
    high: figure.output("high_slope", { label: "to" }),
    slope: figure.output("subgradient", { label: "dashed: slope" }),
  };
  const affine = () => [1, 2, 3].map((i) => [figure.get(`left_${i}`), figure.get(`right_${i}`)]);
  const supportHere = () => supportAt(affine(), figure.get("x"), figure.get("mix"), 0.0051);
  figure.slider("x", { label: "the point $x$", color: "accent" });
  figure.slider("mix", { label: "which subgradient", color: "ink", idle: () => (supportHere().high > supportHere().low ? "" : "$x$ is at no kink") });
  const colorWords = ["blue", "orange", "green"];
  COLORS.forEach((color, i) => {
    for (const side of ["left", "right"]) figure.slider(`${side}_${i + 1}`, { label: `${colorWords[i]} line, ${side} end`, color });
  });
  const caption = figure.caption();
  figure.group({ layout: "row" }).button("kink", {
    label: "To the next kink",
    onClick: () => {
      const kinks = kinksOf(affine());
      if (kinks.length) figure.set("x", kinks.find((kink) => kink > figure.get("x") + 0.006) ?? kinks[0]);
    },
  });

  return figure.start(() => {
    const all = affine();
    const top = xs.map((x) => supremumAt(all, x));
    supremum.set(xs, top);
    lines.forEach(({ curve, ends }, i) => {
      curve.set([-1, 1], all[i]);
      ends.forEach((end, side) => end.set(side ? 1 : -1, all[i][side]));
    });
    name.set("supremum", -0.8, supremumAt(all, -0.8), "start", 14, -6);
    const found = supportHere();
    support.set([-1.08, 1.08], [-1.08, 1.08].map((x) => found.value + found.slope * (x - found.x)));
    here.set(found.x, found.value);
    outputs.value.set(found.value);
    outputs.active.set(Number(found.active.map((i) => i + 1).join("")));
    outputs.low.set(found.low);
    outputs.high.set(found.high);
    outputs.slope.set(found.slope);
    const minimum = found.low <= 0 && found.high >= 0 ? " Since 0 is among the subgradients, this is a minimum." : "";
    caption.set(found.active.length === 1
      ? `One line is active, so there is one subgradient: its slope. The dashed line lies nowhere above the supremum.${minimum}`
      : `A kink: every slope between those of the active lines gives a line that lies nowhere above the supremum.${minimum}`);
  });
}

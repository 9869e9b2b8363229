// two-costs: the generator's two costs from one start, with D optimal at every step, and where each comes to rest.

import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { normalPdf } from "../mathematics/normal.js";
import { dataWith, descend, leastOf } from "./descent.js";

const SAME = 0.005; // ends nearer than this look like one

const COSTS = [
  { loss: "minimax", name: "minimax", color: "accent", dash: "7 5", dx: -8, dy: -12 },
  { loss: "non-saturating", name: "non_saturating", color: "generator", dx: -12, dy: 12 },
];

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const shared = { height: 300, minWidth: 290, expectedShare: 2 };
  const plane = figure.plot({ ...shared, label: "Mean and width of the generator's bell along both paths", x: [-2.6, 2.6], y: [0.2, 2.3], xLabel: "mean of $p_g$", yLabel: "width of $p_g$", xTicks: 5, yTicks: 4 });
  const line = figure.plot({ ...shared, label: "The data and the two bells at the ends of the paths", x: [-4.5, 4.5], y: [0, 0.75], xLabel: "$x$", yLabel: "density", xTicks: 4, yTicks: 3 });
  const dataCurve = line.curve({ color: "data", label: "$p_data$", labelAt: "max", fill: true });
  const marks = COSTS.map(({ color, dash, dx, dy, loss }) => ({
    path: plane.curve({ color, dash, width: 2 }),
    steps: plane.dots({ color, radius: 2 }),
    end: plane.point({ color, radius: 7, label: loss, dx, dy, anchor: "end" }),
    bell: line.curve({ color, dash }),
  }));
  const start = plane.point({ color: "ink", radius: 7, label: "start", dx: 0, dy: 24, anchor: "middle", drag: { x: "mean", y: "std" } });
  figure.slider("gap", { label: "distance between the data's bells", color: "data" });
  figure.slider("mean", { label: "start: mean of $p_g$", color: "generator" });
  figure.slider("std", { label: "start: width of $p_g$", color: "generator" });
  const outputs = COSTS.map(({ name, loss, color }) => ({
    mean: figure.output(`${name}_mean`, { label: `${loss}: mean`, color }),
    std: figure.output(`${name}_std`, { label: "width", color }),
    least: figure.output(`${name}_least`, { label: loss === "minimax" ? "2 JSD" : "2 KL($m$, $p_data$)", unit: "nats", digits: 4, color }),
  }));
  const caption = figure.caption();
  const xs = Float64Array.from({ length: 241 }, (_, i) => -4.5 + (i * 9) / 240);

  return figure.start(() => {
    const gap = figure.get("gap");
    const from = [figure.get("mean"), figure.get("std")];
    const data = dataWith(gap);
    dataCurve.set(xs, xs.map(data.pdf));
    const ends = COSTS.map(({ loss }, i) => {
      const path = descend(loss, gap, from);
      const [mean, std] = path[path.length - 1];
      const least = leastOf(loss, gap, [mean, std]);
      const [means, widths] = [0, 1].map((axis) => Float64Array.from(path, (place) => place[axis]));
      marks[i].path.set(means, widths);
      marks[i].steps.set(means, widths);
      marks[i].end.set(mean, std);
      marks[i].bell.set(xs, xs.map((x) => normalPdf((x - mean) / std) / std));
      const end = { mean, std, least };
      for (const key in end) outputs[i][key].set(end[key]);
      return end;
    });
    start.set(...from); // after the ends, since its label keeps clear of theirs
    caption.set(inWords(ends));
  });
}

// Told from the two ends alone.
function inWords([minimax, other]) {
  const apart = Math.hypot(minimax.mean - other.mean, minimax.std - other.std);
  const reached = Math.max(minimax.least, other.least) < 1e-6;
  if (reached) return "The generator can make these data: both divergences fall to 0, and both costs end at $p_g$ = $p_data$.";
  if (apart < SAME) return `The generator cannot make these data. The ends of the two costs are only ${formatNumber(apart, 4)} apart.`;
  const widths = `${formatNumber(minimax.std, 2)} with the minimax cost and ${formatNumber(other.std, 2)} with the non-saturating one`;
  if (Math.abs(minimax.mean - other.mean) > 0.5) return `The generator cannot make these data, and from this start the two costs end on different parts of them. The widths are ${widths}.`;
  return `The generator cannot make these data, and the two costs end at different bells. The widths are ${widths}.`;
}

// parallel-lines: two lines, one moved by theta, and three distances between them against theta.

import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { Sketch } from "../kit/sketch.js";
import { shareApart, stripeMeasures } from "./measures.js";

const REACH = [-1.3, 1.3];
const ROWS = Array.from({ length: 6 }, (_, i) => (i + 0.5) / 6); // at these heights the plan is drawn
const MEASURES = [
  { name: "TV", output: "tv", label: "TV", color: "neutral", unit: "", labelAt: "end", dx: 8, dy: 4 },
  { name: "JSD", output: "jsd", label: "JSD", color: "discriminator", unit: "nats", labelAt: "end", dx: 8, dy: 4 },
  { name: "W1", output: "w1", label: "$W_1$", color: "accent", unit: "", labelAt: 0.75, dx: 10, dy: 18 },
];

/** The upright stripe of a width around x; of width 0 it is a line. */
function stripe(x, width) {
  const [left, right] = [x - width / 2, x + width / 2];
  return [[left, left, right, right, left], [0, 1, 1, 0, 0]];
}

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const asked = figure.get("measure") === "all" ? "W1" : figure.get("measure");
  const thetas = Float64Array.from({ length: 201 }, (_, i) => (i - 100) / 100);
  const plane = figure.plot({ label: "The two lines in the plane", x: REACH, y: [-0.12, 1.3], height: 190, yTicks: 0, yLabel: "the plane: data at 0, samples at $θ$", xTicks: 4, minWidth: 1000 });
  const graph = figure.plot({ label: "Distances between the two lines against θ", x: REACH, y: [-0.08, 1.12], height: 230, xLabel: "$θ$", yLabel: "distance of the two", xTicks: 4, yTicks: 4, minWidth: 1000 });
  const plan = plane.arrows({ color: "accent", width: 1.5, opacity: 0.8 });
  const data = plane.curve({ color: "data", width: 4, fill: "inside" });
  const made = plane.curve({ color: "generator", width: 4, fill: "inside" });
  const dataName = plane.label("data");
  const grip = plane.point({ color: "generator", label: "samples", dx: 10, dy: -8, drag: { x: "theta" } });
  const here = graph.rule({ x: true, color: "neutral" });
  const curves = MEASURES.map(({ color, label, labelAt, dx, dy }) => ({
    line: graph.curve({ color, width: 3, label, labelAt, anchor: "start", dx, dy }),
    at: graph.point({ color, radius: 5, drag: { x: "theta" } }),
    zero: graph.point({ color, radius: 5 }), // where the curve jumps
  }));
  const sketch = new Sketch(figure, graph, {
    knots: Array.from({ length: 41 }, (_, i) => (i - 20) / 20),
    start: 0.5,
    name: MEASURES.find(({ name }) => name === asked).label,
    across: "$θ$",
    means: ({ x }) => meaning(asked, x, figure.get("width")),
  });

  figure.slider("theta", { label: "the samples' line, $θ$", color: "generator" });
  if (!figure.get("predict")) {
    figure.slider("width", { label: "width of both lines" });
    figure.select("measure", { label: "show", options: [["all", "all three"], ["W1", "W₁"], ["JSD", "JSD"], ["TV", "TV"]] });
  }
  const numbers = MEASURES.map(({ name, output, label, unit, color }) => (
    !figure.get("predict") || name === asked ? figure.output(output, { label, unit, color, format: (value, digits) => (sketch.hides ? "?" : formatNumber(value, digits)) }) : null
  ));

  const draw = () => {
    const [theta, width] = [figure.get("theta"), figure.get("width")];
    const measure = figure.get("predict") ? asked : figure.get("measure");
    data.set(...stripe(0, width));
    made.set(...stripe(theta, width));
    dataName.set("data", 0, 1, "middle", 0, -10);
    grip.set(theta, 1);
    plan.set(ROWS.map(() => 0), ROWS, ROWS.map(() => theta), ROWS);
    here.set(theta);
    const heights = stripeMeasures(theta, width);
    MEASURES.forEach(({ name }, i) => {
      const shown = (measure === "all" || measure === name) && !sketch.hides;
      const { line, at, zero } = curves[i];
      const jumps = width === 0 && name !== "W1";
      line.set(thetas, thetas.map((x) => (jumps && x === 0 ? NaN : stripeMeasures(x, width)[name])));
      line.show(shown);
      at.set(shown ? theta : NaN, heights[name]);
      zero.set(shown && jumps ? 0 : NaN, 0);
      if (numbers[i]) numbers[i].set(sketch.hides ? NaN : heights[name]);
    });
    sketch.draw((x) => stripeMeasures(x, width)[asked]);
  };
  sketch.drawFigure = draw;
  return figure.start(draw);
}

// What the measure says about the two lines at one theta.
function meaning(measure, theta, width) {
  if (theta === 0) return "At $θ$ = 0 the two are one distribution.";
  if (measure === "W1") return `At this $θ$ every point is carried over the distance ${formatNumber(Math.abs(theta), 2)}.`;
  const apart = 100 * shareApart(theta, width);
  if (apart === 100) return "At this $θ$ the two have no point in common, as at every other $θ$ where they do not meet.";
  return `At this $θ$ the two have ${formatNumber(100 - apart, 0)} % of their mass in common.`;
}

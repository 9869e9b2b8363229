// convex-chord: does the segment between two points of a set stay inside?

import { createFigure } from "../kit/figure.js";
import { CONVEX_SHAPES, chordIn, outlineOf } from "./sets.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const plot = figure.plot({ label: "A set, two of its points and the segment between them", x: [-2, 2], y: [-1.6, 1.6], height: 330, yTicks: 3, xTicks: 4, minWidth: 1000, margin: { top: 14 } });
  const edge = plot.curve({ color: "data", width: 2, fill: "inside" });
  const stays = plot.curve({ color: "discriminator", width: 3.5 });
  const leaves = plot.curve({ color: "generator", width: 3.5, dash: "3 7" });
  const mixture = plot.point({ color: "ink", radius: 5, label: "mixture", dx: 10, dy: 4 });
  const ends = [
    plot.point({ color: "accent", radius: 7, label: "$a$", drag: { x: "ax", y: "ay" } }),
    plot.point({ color: "accent", radius: 7, label: "$b$", drag: { x: "bx", y: "by" } }),
  ];
  const outputs = {
    outside: figure.output("outside", { label: "outside the set", unit: "% of the segment", digits: 0, color: "generator" }),
    x: figure.output("mixed_x", { label: "mixture at $x$" }),
    y: figure.output("mixed_y", { label: "$y$" }),
  };
  figure.select("shape", {
    label: "set",
    options: [["disc", "a disc"], ["crescent", "a crescent"], ["parabola", "above a parabola"], ["absolute", "above an absolute value"], ["plateau", "above a valley between plateaus"]],
  });
  const held = (end, y = figure.get(`${end}y`)) => CONVEX_SHAPES[figure.get("shape")].hold(figure.get(`${end}x`), y);
  const apart = () => String(held("a")) !== String(held("b"));
  figure.slider("mix", { label: "share of $b$ in the mixture $λ$", color: "ink", idle: () => (apart() ? "" : "$a$ is $b$") });
  const { step, max } = figure.get("_bounds").ay;
  for (const end of ["a", "b"]) {
    figure.slider(`${end}x`, { label: `$${end}$: across`, color: "accent" });
    figure.slider(`${end}y`, { label: `$${end}$: up`, color: "accent", idle: () => (held(end, max)[1] > max ? "the set begins higher" : "") });
  }
  // A point outside the set is put on its edge, and its sliders with it, so that none of them moves in vain.
  const putInside = (end) => {
    const [x, y] = held(end);
    if (Math.hypot(x - figure.get(`${end}x`), y - figure.get(`${end}y`)) < step) return;
    figure.set(`${end}x`, x);
    figure.set(`${end}y`, y);
  };
  const caption = figure.caption();

  return figure.start(() => {
    const shape = figure.get("shape");
    const graph = Boolean(CONVEX_SHAPES[shape].f);
    const reach = graph ? 2.1 : Math.max(1.6, (1.6 * plot.innerWidth) / plot.innerHeight);
    plot.setDomain([-reach, reach], graph ? [-0.3, 3.1] : [-1.6, 1.6]);
    const outline = outlineOf(shape, [-reach, reach], 3.2);
    const closed = [...outline, outline[0]];
    edge.set(closed.map(([x]) => x), closed.map(([, y]) => y));
    for (const end of ["a", "b"]) putInside(end);
    const [a, b] = ["a", "b"].map((end) => held(end));
    const { points, outside } = chordIn(shape, a, b);
    const xs = points.map((point) => point.x);
    stays.set(xs, points.map((point) => (point.inside ? point.y : NaN)));
    leaves.set(xs, points.map((point) => (point.inside ? NaN : point.y)));
    ends[0].set(...a);
    ends[1].set(...b);
    const share = figure.get("mix");
    const [x, y] = [0, 1].map((i) => (1 - share) * a[i] + share * b[i]);
    mixture.set(x, y);
    outputs.outside.set(100 * outside);
    outputs.x.set(x);
    outputs.y.set(y);
    caption.set(outside > 0
      ? "The segment leaves the set, so the set is not convex. One such pair of points is enough."
      : "This segment stays inside. To be convex, the set must pass with every pair of points.");
  });
}

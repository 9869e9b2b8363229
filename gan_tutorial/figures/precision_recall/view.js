// view.js: one of the two plots of precision-recall: balls of one cloud, and which points of the other lie in them. Real
// points are round, samples are diamonds; what lies in a ball is filled, what does not is hollow.

import { Path } from "../kit/path.js";
import { followPulls } from "../kit/pointer.js";
import { setAttributes, svgNode } from "../kit/text.js";

const REACH = 1.7; // from the middle up and down; to the sides as far as the plot is wide, in the same units

const dot = (path, x, y) => path.disc(x, y, 4);
const diamond = (path, x, y) => {
  path.moveTo(x, y - 5.5);
  path.lineTo(x + 5.5, y);
  path.lineTo(x, y + 5.5);
  path.lineTo(x - 5.5, y);
  path.close();
};

// `colors` and `shapes` are those of the cloud with the balls and of the cloud that is looked at.
export function ballPlot(figure, { label, title, balls, points, count, onGrab, onPull }) {
  const plot = figure.plot({ label, x: [-4, 4], y: [-REACH, REACH], height: 310, yLabel: title, xTicks: 0, yTicks: 0, minWidth: 290, expectedShare: 2.1, margin: { left: 4, right: 4, bottom: 8 } });
  const { surface } = plot;
  const shade = surface.path("area", { fill: balls, opacity: 0.13 });
  const rims = surface.path("area", { stroke: balls, width: 0.8, opacity: 0.5 });
  const centres = surface.path("area", { fill: balls, opacity: 0.9 });
  const inside = surface.path("area", { fill: points, stroke: "paper", width: 0.8 });
  const outside = surface.path("area", { fill: "paper", stroke: points, width: 1.8 });
  const ring = surface.path("area", { stroke: "accent", width: 2.5 });
  const [own, other] = balls === "data" ? [dot, diamond] : [diamond, dot];

  const handles = Array.from({ length: count }, () => svgNode("circle", { class: "gan-handle", r: 12 }, plot.handles));
  for (const handle of handles) {
    followPulls(handle, {
      hold: true, // a sample may be pulled up or down
      begin: (event) => onGrab(plot.eventPoint(event)),
      move: (event) => onPull(plot.eventPoint(event)),
    });
  }

  const shapes = (cloud, shape) => {
    const path = new Path();
    for (const [x, y] of cloud) shape(path, plot.x(x), plot.y(y));
    return path;
  };
  return {
    // Squared radii of the balls around `cloud`; `holds[i]` says whether points[i] lies in one of them.
    set: (cloud, squaredRadii, looked, holds, samples, chosen) => {
      const reach = (REACH * plot.innerWidth) / plot.innerHeight;
      plot.setDomain([-reach, reach], [-REACH, REACH]);
      const unit = plot.innerHeight / (2 * REACH);
      const discs = new Path();
      cloud.forEach(([x, y], i) => discs.disc(plot.x(x), plot.y(y), Math.sqrt(squaredRadii[i]) * unit));
      shade.set(discs);
      rims.set(discs);
      centres.set(shapes(cloud, own));
      inside.set(shapes(looked.filter((_, i) => holds[i]), other));
      outside.set(shapes(looked.filter((_, i) => !holds[i]), other));
      ring.set(shapes([samples[chosen - 1]], (path, x, y) => path.disc(x, y, 9)));
      figure.whenAtRest(plot, () => handles.forEach((handle, i) => {
        const [x, y] = samples[i] ?? [0, 0];
        setAttributes(handle, { cx: plot.x(x), cy: plot.y(y), visibility: i < samples.length ? "visible" : "hidden" });
      }));
    },
  };
}

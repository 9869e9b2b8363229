// precision-recall: real points and samples, the balls of either, and what precision, recall and others say of them.

import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { nearestSample, placeSamples, pullOf, withPull } from "./cloud.js";
import { frechetDistance, kernelDistance } from "./moments.js";
import { neighbourhoods } from "./neighbours.js";
import { ballPlot } from "./view.js";

const thousandths = (value) => formatNumber(Math.round(1000 * value) / 1000); // no powers of ten for what rounding left

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const pair = (name) => [figure.get(`${name}_x`), figure.get(`${name}_y`)];
  const real = figure.get("real");
  const cloud = (pulled) => {
    const source = figure.get("source");
    return placeSamples(source === "copies" ? real : figure.get(source), figure.get("count"), pair("spread"), pair("move"), pulled);
  };
  const samples = () => cloud(figure.get("pulled"));
  const grab = {
    count: figure.get("_bounds").count.max,
    onGrab: (place) => figure.set("chosen", nearestSample(samples(), place)),
    onPull: (place) => {
      const home = cloud([])[figure.get("chosen") - 1];
      figure.set("pull_x", place[0] - home[0]);
      figure.set("pull_y", place[1] - home[1]);
    },
  };
  const left = ballPlot(figure, { ...grab, label: "Balls around the real points, and the samples that lie in them", title: "real points' balls: which samples lie in one?", balls: "data", points: "generator" });
  const right = ballPlot(figure, { ...grab, label: "Balls around the samples, and the real points that lie in them", title: "samples' balls: which real points lie in one?", balls: "generator", points: "data" });

  const output = (name, label, color) => figure.output(name, { label, color, format: thousandths });
  const outputs = {
    precision: output("precision", "precision", "generator"),
    recall: output("recall", "recall", "data"),
    density: output("density", "density", "generator"),
    coverage: output("coverage", "coverage", "data"),
    frechet: output("frechet", "Fréchet distance", "accent"),
    kid: output("kid", "KID", "accent"),
  };

  const options = [["fresh", "new draws, as the real points are"], ["bell", "one bell, same mean and covariance"], ["copies", "copies of the real points"]];
  figure.group({ wide: true }).select("source", { label: "samples", options });
  const slider = (name, label, color = "generator") => figure.slider(name, { label, color });
  slider("count", "number of samples");
  slider("k", "balls reach to neighbour $k$", "neutral");
  slider("move_x", "move the cloud to the right");
  slider("move_y", "move it up");
  slider("spread_x", "stretch it from left to right");
  slider("spread_y", "stretch it up and down");
  figure.group({ wide: true }).slider("chosen", { label: "the sample in the ring", color: "accent" });
  slider("pull_x", "pull it to the right", "accent");
  slider("pull_y", "pull it up", "accent");
  const row = figure.group({ layout: "row", wide: true });
  row.button("reset", { label: "Put everything back", onClick: () => {
    figure.set("pulled", []);
    const first = { move_x: 0, move_y: 0, spread_x: 1, spread_y: 1, count: grab.count, k: 3, source: "fresh" };
    for (const [name, value] of Object.entries(first)) figure.set(name, value);
  } });
  const caption = figure.caption();
  const settle = pullsOf(figure);

  return figure.start(() => {
    if (!settle()) return; // this is a call from within another, which draws
    const [placed, chosen] = [samples(), figure.get("chosen")];
    const found = neighbourhoods(real, placed, figure.get("k"));
    left.set(real, found.ofReal, placed, found.balls.map((balls) => balls > 0), placed, chosen);
    right.set(placed, found.ofSamples, real, found.recalled, placed, chosen);
    for (const name of ["precision", "recall", "density", "coverage"]) outputs[name].set(found[name]);
    outputs.frechet.set(frechetDistance(real, placed));
    outputs.kid.set(kernelDistance(real, placed));
    caption.set(inWords(found, placed.length, real.length));
  });
}

// What is pulled is kept for every sample, and two sliders show it for the one that is chosen: brings both to agree and says
// whether the figure is to be drawn.
function pullsOf(figure) {
  let known = null;
  let busy = false;
  return () => {
    if (busy) return false;
    busy = true;
    if (figure.get("chosen") > figure.get("count")) figure.set("chosen", figure.get("count"));
    const [chosen, pulled, x, y] = ["chosen", "pulled", "pull_x", "pull_y"].map((name) => figure.get(name));
    const other = known && (known.chosen !== chosen || known.pulled !== pulled);
    if (other || (!known && x === 0 && y === 0)) pullOf(pulled, chosen).forEach((value, i) => figure.set(["pull_x", "pull_y"][i], value));
    else if (pullOf(pulled, chosen).join() !== [x, y].join()) figure.set("pulled", withPull(pulled, [chosen, x, y]));
    known = { chosen, pulled: figure.get("pulled") };
    busy = false;
    return true;
  };
}

function inWords({ precision, recall, balls, recalled }, count, all) {
  const told = `${balls.filter((one) => one > 0).length} of ${count} samples lie in a ball of a real point, ${recalled.filter(Boolean).length} of ${all} real points in a ball of a sample`;
  if (precision < 0.2 && recall < 0.2) return `${told}: the clouds hardly meet.`;
  if (precision >= 0.75 && recall < 0.5) return `${told}: the samples look real, and much of what is real is missing.`;
  if (precision < 0.5 && recall >= 0.75) return `${told}: hardly anything real is missing, but many samples do not look real.`;
  return `${told}.`;
}

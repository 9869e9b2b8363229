// parzen-bandwidth: a density from samples, and how its held-out log-likelihood depends on the windows' width.

import { createFigure } from "../kit/figure.js";
import { gaussianMixture } from "../mathematics/densities.js";
import { normalPdf } from "../mathematics/normal.js";
import { parzenLog, parzenMean, peakOf } from "./parzen.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const samples = figure.get("samples");
  const heldOut = figure.get("held_out");
  const truth = gaussianMixture(figure.get("means"), figure.get("widths"), figure.get("weights"));
  const xs = Float64Array.from({ length: 321 }, (_, i) => -4 + i * 0.025);
  const truePdf = xs.map(truth.pdf);
  const trueMean = heldOut.reduce((sum, x) => sum + truth.log(x), 0) / heldOut.length;
  const { min, max } = figure.get("_bounds").log_sigma;
  const grid = Float64Array.from({ length: 41 }, (_, i) => min + (i / 40) * (max - min));

  const densities = figure.plot({
    label: "The true density, the samples with their windows, and the estimate", x: [-4, 4], y: [-0.06, 0.62], height: 250,
    xLabel: "$x$", yLabel: "density", minWidth: 1000,
  });
  const windows = densities.curve({ color: "neutral", width: 1, opacity: 0.75 });
  const data = densities.curve({ color: "data", label: "truth", fill: true, labelAt: -1.5 });
  const estimate = densities.curve({ color: "generator", label: "estimate", labelAt: 2.3, anchor: "start", dx: 4, dy: -10, width: 3 });
  const dots = densities.dots({ color: "generator", radius: 3 });

  const scores = figure.plot({
    label: "Mean log-likelihood against the width of the windows", x: [min, max], y: [-4.4, -0.4], height: 230,
    xLabel: "$log_10$ $σ$", yLabel: "mean log-likelihood (nats)", minWidth: 1000,
  });
  const ceiling = scores.rule({ color: "data", label: "true density" });
  const onSamples = scores.curve({ color: "neutral", dash: "5 4", width: 2, label: "on the samples", labelAt: -1.5, anchor: "start", dx: 8, dy: -4 });
  const onHeldOut = scores.curve({ color: "generator", width: 3, label: "on held-out points", labelAt: -0.3, dy: 26 });
  const here = scores.rule({ x: true, color: "accent" });
  const handle = scores.point({ color: "accent", drag: { x: "log_sigma" } });

  figure.slider("log_sigma", { label: "width $σ$ of the windows (its $log_10$)", color: "accent", digits: 2 });
  figure.slider("count", { label: "number of samples", color: "generator", digits: 0 });
  const outputs = {
    sigma: figure.output("sigma", { label: "$σ$", digits: 3, color: "accent" }),
    heldOut: figure.output("held_out_log_likelihood", { label: "on held-out points", unit: "nats" }),
    onSamples: figure.output("sample_log_likelihood", { label: "on the samples", unit: "nats" }),
    best: figure.output("best_sigma", { label: "best $σ$" }),
  };
  const caption = figure.caption();

  const curves = new Map(); // both score curves for each number of samples met so far
  const curvesFor = (n) => {
    if (!curves.has(n)) {
      const own = samples.slice(0, n);
      const score = (points) => grid.map((s) => parzenMean(points, samples, n, 10 ** s));
      curves.set(n, { heldOut: score(heldOut), onSamples: score(own) });
    }
    return curves.get(n);
  };
  const words = (ratio) => {
    if (ratio < 0.4) return "Too narrow: the estimate is almost 0 between the samples, and that is where most new points lie.";
    if (ratio > 2.5) return "Too wide: the windows blur the two bells into one.";
    return "Near the best width: two bells, and enough density between the samples for new points.";
  };

  return figure.start(() => {
    const sigma = 10 ** figure.get("log_sigma");
    const n = figure.get("count");
    data.set(xs, truePdf);
    estimate.set(xs, xs.map((x) => Math.exp(parzenLog(x, samples, n, sigma))));
    dots.set(samples.slice(0, n), new Float64Array(n).fill(-0.03));
    windows.set(...windowOutlines(samples, n, sigma));

    const { heldOut: held, onSamples: own } = curvesFor(n);
    const value = parzenMean(heldOut, samples, n, sigma);
    const best = 10 ** peakOf(grid, held);
    ceiling.set(trueMean);
    onSamples.set(grid, own);
    onHeldOut.set(grid, held);
    here.set(figure.get("log_sigma"));
    handle.set(figure.get("log_sigma"), value);
    outputs.sigma.set(sigma);
    outputs.heldOut.set(value);
    outputs.onSamples.set(parzenMean(samples.slice(0, n), samples, n, sigma));
    outputs.best.set(best);
    caption.set(words(sigma / best));
  });
}

// All windows' bells, each with weight 1/n, as one line with gaps.
function windowOutlines(samples, n, sigma) {
  const xs = [];
  const ys = [];
  for (let i = 0; i < n; i++) {
    for (let z = -3; z <= 3; z += 0.375) {
      xs.push(samples[i] + z * sigma);
      ys.push(normalPdf(z) / (n * sigma));
    }
    xs.push(samples[i]);
    ys.push(NaN);
  }
  return [xs, ys];
}

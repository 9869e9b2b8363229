// over_time.js: what a live figure's run has been through: plots over the steps of G.

import { ROWS, shownRows } from "./history.js";
import { OPTIMA } from "./optima.js";

/** A bound for an axis that moves rarely: the next of 1, 2, 5 times a power of ten. */
export function boundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return power * [1, 2, 5, 10].find((m) => m * power >= value * (1 - 1e-12));
}

export function historyPlot(figure, options) {
  const plot = figure.plot({ x: [0, 100], height: 170, margin: { right: 28 }, minWidth: 260, xTicks: 3, xLabel: "steps of G", expectedShare: 3, ...options });
  return {
    plot,
    /** Fit the axes to the rows there are, within what `low` and `high` allow. */
    fit(history, low, high) {
      plot.setDomain([0, boundAbove(Math.max(100, history.length ? history.step[history.length - 1] : 0))], [low, high]);
    },
  };
}

export function rangeOf(values, start) {
  let low = start, high = start;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}

/**
 * Two curves over the steps, the first of them dashed: { name, color, label, dy?, of? }, where `of` makes of a run's rows what is
 * drawn. `range` gives the ends of the axis for a run and its rows; shares if it is not given.
 */
export function pairView(figure, options, curves, range = () => [0, 1.05]) {
  const { plot, fit } = historyPlot(figure, options);
  const drawn = curves.map(({ color, label, dy }, i) => plot.curve({ color, width: 2.2, ...(i === 0 ? { dash: "5 4" } : {}), label, labelAt: "end", anchor: "end", dy }));
  return {
    paint(run) {
      const { history } = run, steps = shownRows(history, "step");
      const rows = curves.map(({ name, of }) => (of ? of(shownRows(history, name), run) : shownRows(history, name)));
      fit(history, ...range(run, rows));
      drawn.forEach((curve, i) => curve.set(steps, rows[i]));
    },
  };
}

/** The value of the game and G's cost, beside the best of both. */
export function lossView(figure, options = {}) {
  const { plot, fit } = historyPlot(figure, { label: "The value of the game and the generator's cost over time", y: [-2, 1], yLabel: "value, cost", ...options });
  const rule = { width: 1.2, dy: 14 };
  const bestValue = plot.rule({ color: "discriminator", label: "−log 4", ...rule });
  const bestCost = plot.rule({ color: "generator", label: "log 2", ...rule });
  const ideal = plot.curve({ color: "accent", width: 1.5, dash: "5 4" });
  const value = plot.curve({ color: "discriminator", width: 2, label: "$V$", labelAt: "end", anchor: "end" });
  const cost = plot.curve({ color: "generator", width: 2, label: "G's cost", labelAt: "start", anchor: "start", dx: 6 });
  const virtual = new Float64Array(ROWS);
  const paint = ({ history, settings }) => {
    const best = OPTIMA[settings.objective], steps = shownRows(history, "step");
    const [lowest, highest] = rangeOf(shownRows(history, "value"), best.value);
    const [low, high] = rangeOf(shownRows(history, "cost"), best.cost ?? 0);
    const least = Math.min(-0.1, lowest, low), most = Math.max(0.1, highest, high);
    fit(history, -Math.min(1e6, boundAbove(-least)), Math.min(1e6, boundAbove(most)));
    bestValue.set(best.value, best.valueName);
    bestCost.set(best.cost ?? 0, best.costName ?? "");
    bestCost.show(best.cost !== null);
    if (history.jsd) { // where p_g is known
      ideal.show(best.logit);
      for (let i = 0; i < history.length; i++) virtual[i] = 2 * history.jsd[i] - Math.log(4);
      ideal.set(steps, virtual.subarray(0, history.length));
    }
    value.set(steps, shownRows(history, "value"));
    cost.set(steps, shownRows(history, "cost"));
  };
  return { paint };
}

// live-training: a GAN in one dimension that trains in the page, beside what the theory says of this very moment.

import { createFigure } from "../kit/figure.js";
import { htmlNode, htmlText } from "../kit/text.js";
import { shownRows } from "../live/history.js";
import { isLogit } from "../live/optima.js";
import { makeSession } from "../live/session.js";
import { DIVERGED, plainNumber, warningLine } from "../live/words.js";
import { makeControls, makePen } from "./controls.js";
import { PLAYER } from "./player.js";
import { SETTINGS, TUNABLE, look, makeTrainer, tune } from "./trainer.js";
import { makeView } from "./view.js";
import { SERIES, SWING_STEPS, failuresOf } from "./watch.js";

// What to say of each failure, and the page that explains it.
const WARNINGS = {
  diverged: [() => DIVERGED, "training-1d"],
  saturated: [
    ({ pull }) => `Saturation: D is so sure that only ${(100 * pull).toFixed(1)} % of the gradient in its logit is left for G, which stands still.`,
    "minimax-game",
  ],
  collapsed: [({ missed }) => `Collapse (the “Helvetica scenario”): $p_g$ all but misses ${(100 * missed).toFixed(0)} % of the data.`, "training-1d"],
  oscillating: [
    ({ watch }) => `Oscillation: the mean of $p_g$ turned back ${watch.swings.length} times in the last ${SWING_STEPS} steps.`,
    "training-1d",
  ],
};

export function render({ model, el }) {
  const inBook = el.getAttribute("data-figure") === model.get("_name");
  const figure = createFigure({ model, el });
  const view = makeView(figure);
  const readOuts = makeReadOuts(figure);
  const say = makeAnnouncer(figure, inBook);
  const paint = ({ trainer, pace }, all) => {
    look(trainer);
    view.paint(trainer, all);
    readOuts(trainer, pace);
    say(trainer, story()?.story ?? "");
  };
  const report = (trainer) => {
    const { step, jsd, w1, history } = trainer;
    const rows = Object.fromEntries(SERIES.map((name) => [name, Array.from(shownRows(history, name))]));
    return { step, jsd, w1, failures: failuresOf(trainer), history: rows };
  };
  const session = makeSession(figure, {
    trainer: { defaults: SETTINGS, tunable: TUNABLE, make: makeTrainer, tune }, worker: PLAYER, paint, report,
  });
  const story = makeControls(figure, session);
  makePen(figure, view.densities, session.change);
  return figure.start(session.draw);
}

// ---------------------------------------------------------------- words and numbers

function makeReadOuts(figure) {
  const step = figure.output("step", { label: "steps of G", digits: 0 });
  const pace = figure.output("steps_per_second", { label: "rounds/s", digits: 0 });
  const jsd = figure.output("jsd", { label: "JSD", unit: "nats", digits: 3, color: "accent" });
  const w1 = figure.output("w1", { label: "$W_1$", digits: 3, color: "accent" });
  const value = figure.output("value", { label: "$V$($D$, $G$)", digits: 3, color: "discriminator", format: plainNumber });
  const criterion = figure.output("criterion", { label: "$C$($G$) = −log 4 + 2 JSD", digits: 3, color: "accent", format: plainNumber });
  const pull = figure.output("pull", { label: "G's gradient in the score", digits: 3, color: "generator", format: plainNumber });
  return (trainer, rate) => {
    step.set(trainer.step);
    pace.set(rate);
    jsd.set(trainer.jsd);
    w1.set(trainer.w1);
    value.set(isLogit(trainer.settings.objective) ? trainer.value : NaN);
    criterion.set(2 * trainer.jsd - Math.log(4));
    pull.set(trainer.pull);
  };
}

/** One line on how p_g is known, and a spoken one when something known goes wrong. */
function makeAnnouncer(figure, inBook) {
  const how = figure.caption();
  const warning = warningLine(figure);
  const words = htmlNode("span", {}, warning);
  const link = htmlNode("a", {}, warning);
  let shown = "", said = 0;
  return (trainer, story) => {
    const density = trainer.push.monotone
      ? "$p_g$ is exact: G is monotone, so each slice of noise has one place."
      : "$p_g$ is a histogram of 512 slices of noise: G folds here, so no inverse exists.";
    how.set(`${story} ${density} Dashed: the best discriminator for these very densities.`);
    const [failure = ""] = failuresOf(trainer);
    if (failure === shown && (!failure || Math.abs(trainer.step - said) < 200)) return; // no chatter
    shown = failure;
    said = trainer.step;
    const [text, page] = WARNINGS[failure] ?? [() => "", ""];
    htmlText(words, `${text(trainer)} `);
    warning.setAttribute("data-failure", failure);
    link.textContent = failure && inBook ? "Why?" : "";
    if (failure && inBook) link.setAttribute("href", `${page}.html`);
  };
}

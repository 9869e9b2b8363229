// live-plane: a GAN in two dimensions that trains in the page, beside what the theory says of this very moment.

import { createFigure } from "../kit/figure.js";
import { hasCanvas } from "../kit/marks.js";
import { htmlText } from "../kit/text.js";
import { power } from "../live/controls.js";
import { shownRows } from "../live/history.js";
import { isLogit } from "../live/optima.js";
import { playRound } from "../live/run.js";
import { makeSession } from "../live/session.js";
import { DIVERGED, plainNumber, warningLine } from "../live/words.js";
import { makeControls, makePen } from "./controls.js";
import { makeMotion, sentence } from "./phases.js";
import { PLAYER } from "./player.js";
import { SERIES, SETTINGS, TUNABLE, look, makeTrainer, matchedW1, roundsAhead, tune } from "./trainer.js";
import { makeView } from "./view.js";

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const view = makeView(figure), motion = makeMotion();
  const readOuts = makeReadOuts(figure), say = makeAnnouncer(figure);
  const paint = ({ trainer, pace }, all) => {
    if (!hasCanvas) while (roundsAhead(trainer, "trained") > 0) playRound(trainer); // a picture that does not move
    look(trainer);
    view.paint(trainer, motion, all);
    readOuts(trainer, pace);
    say(trainer, motion, story());
  };
  const session = makeSession(figure, {
    trainer: { defaults: SETTINGS, tunable: TUNABLE, make: makeTrainer, tune }, worker: PLAYER, paint, report, motion, ahead: roundsAhead,
    linked: { views: "samples.landscape.sheet" },
  });
  const story = makeControls(figure, session, motion);
  makePen(figure, view.plane, session.change);
  return figure.start(session.draw);
}

const plain = (value) => (Number.isFinite(value) ? value : null);

function report({ step, jsd, w1, modes, good, history }) {
  const rows = Object.fromEntries(SERIES.map((name) => [name, Array.from(shownRows(history, name), plain)]));
  return { step, js: jsd, w1, modes: plain(modes), good, history: rows };
}

// ---------------------------------------------------------------- words and numbers

const REST = 1000; // milliseconds between two assignments of samples while a run plays

function makeReadOuts(figure) {
  const accent = { digits: 3, color: "accent" };
  const step = figure.output("step", { label: "steps of G", digits: 0 });
  const pace = figure.output("steps_per_second", { label: "steps/s", digits: 0 });
  let modesOfData = 0;
  const ofModes = (value) => (Number.isNaN(value) ? "none to cover" : `${value} of ${modesOfData}`);
  const modes = figure.output("modes", { label: "modes covered", format: ofModes });
  const good = figure.output("good", { label: "good share of $p_g$", digits: 3, color: "generator" });
  const js = figure.output("js", { label: "JSD", unit: "nats", ...accent });
  const value = figure.output("value", { label: "$V$($D$, $G$)", digits: 3, color: "discriminator", format: plainNumber });
  const best = figure.output("best", { label: "$V$($D^*$, $G$) = 2 JSD − log 4", ...accent, format: plainNumber });
  const w1 = figure.output("w1", { label: "$W_1$ sliced", ...accent });
  const matched = figure.output("w1_matched", { label: "$W_1$ of 64 pairs", ...accent });
  const floor = figure.output("w1_floor", { label: "of 64 real ones with 64 others", digits: 3 });
  let last = -Infinity, seen = null;
  return (trainer, rate) => {
    modesOfData = trainer.source.modes;
    step.set(trainer.step);
    pace.set(rate);
    modes.set(trainer.modes);
    good.set(trainer.good);
    js.set(trainer.jsd);
    value.set(isLogit(trainer.settings.objective) ? trainer.value : NaN);
    best.set(trainer.best);
    w1.set(trainer.w1);
    floor.set(trainer.floor);
    const now = typeof performance === "object" ? performance.now() : Infinity;
    if (figure.get("playing") && seen === trainer && now - last < REST) return;
    [last, seen] = [now, trainer];
    if (!trainer.diverged) matched.set(matchedW1(trainer));
  };
}

const SLOPES = {
  r1: "slope² on real samples", r2: "slope² on fakes", "r1-r2": "slope² on real samples and on fakes",
  gp: "(slope − 1)² between real and fake", "gp-one-sided": "(slope − 1)² between real and fake, where the slope exceeds 1",
};

/** What D pays beside its cost, where a reader has chosen it. */
const penaltyOf = ({ penalty, log_strength }) => (SLOPES[penalty] ? ` D also pays ${power(log_strength)} times the mean of ${SLOPES[penalty]}.` : "");

/** What the settings tell, and in slow motion what is being done; a spoken line when a run is lost. */
function makeAnnouncer(figure) {
  const words = figure.caption();
  const warning = warningLine(figure);
  let shown = null;
  return (trainer, motion, story) => {
    const { sheet, settings } = trainer;
    const gone = sheet.outside > 0.005 ? ` ${(100 * sheet.outside).toFixed(0)} % of $p_g$ lie outside the picture.` : "";
    const line = settings.data === "line" ? " A line has no area: the true JSD is log 2 for every $p_g$ that has a density, and the number below is that of cells." : "";
    const told = roundsAhead(trainer) > 0 ? "Training ahead, to where you want to begin …" : sentence(motion, trainer) || (story ? `${story.story} Look for: ${story.promise}.` : "Dots are real samples, crosses generated ones; $p_g$ is computed from $G$ itself.");
    words.set(`${told}${motion.at < 0 ? penaltyOf(settings) + line + gone : ""}`);
    if (shown === trainer.diverged) return;
    shown = trainer.diverged;
    htmlText(warning, shown ? DIVERGED : "");
    warning.setAttribute("data-failure", shown ? "diverged" : "");
  };
}

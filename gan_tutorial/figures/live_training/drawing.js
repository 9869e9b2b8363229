// live-training: a GAN in one dimension that trains in the page, beside what the theory says of this very moment.

import { makeEngine } from "../engine/engine.js";
import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { htmlNode, htmlText } from "../kit/text.js";
import { readFragment, writeFragment } from "./address.js";
import { isPreset, makeControls, makePen } from "./controls.js";
import { makePlayer } from "./player.js";
import { PRESETS } from "./presets.js";
import { SETTINGS, TUNABLE, changedSettings, look, makeTrainer, tune } from "./trainer.js";
import { makeView, shownRows } from "./view.js";
import { SERIES, SWING_STEPS, failuresOf } from "./watch.js";

const PACE = { slow: 5, medium: 100, full: Infinity }; // rounds a second
const REPORT = 1000; // milliseconds between two reports to Python

// What to say of each failure, and the page that explains it.
const WARNINGS = {
  diverged: [() => "The run has diverged: its losses are no longer finite. Reset it, and try smaller rates.", "training-1d"],
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

/**
 * All that the running figure knows beside its traits. The trainer holds the settings that its run was begun with or tuned to:
 * what they differ from the traits is what a reader has changed since.
 * @typedef {object} LiveState
 * @property {import("./trainer.js").Trainer | null} trainer the run: networks, measurements, history; none before the first drawing
 * @property {boolean} anew begin a new run at the next drawing, whatever has changed
 * @property {boolean} holding traits are being set together: draw once, when the last is there
 * @property {number} due rounds that the clock asks for and that are not played yet
 * @property {number} rounds rounds played since the last report to Python
 * @property {number} spent milliseconds of play since the last report
 * @property {number} pace rounds a second, as of the last report
 * @property {string} story what to say of the preset that the settings are, or ""
 */

export function render({ model, el }) {
  const inBook = el.getAttribute("data-figure") === model.get("_name");
  const figure = createFigure({ model, el });
  const view = makeView(figure);
  const readOuts = makeReadOuts(figure);
  const say = makeAnnouncer(figure, inBook);
  const engine = makeEngine(), player = makePlayer();
  figure.cleanups.push(player.end);
  /** @type {LiveState} */
  const live = { trainer: null, anew: false, holding: false, due: 0, rounds: 0, spent: 0, pace: 0, story: "" };

  const settings = () => Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, figure.get(name)]));
  const paint = (all) => {
    look(live.trainer);
    view.paint(live.trainer, all);
    readOuts(live.trainer, live.pace);
    say(live.trainer, live.story);
  };
  const report = () => {
    const { step, jsd, w1, history } = live.trainer;
    live.holding = true;
    const rows = Object.fromEntries(SERIES.map((name) => [name, Array.from(shownRows(history, name))]));
    for (const [name, value] of Object.entries({ step, jsd, w1, failures: failuresOf(live.trainer), history: rows })) model.set(name, value);
    model.save_changes();
    live.holding = false;
  };
  const change = (changes, { anew = false } = {}) => {
    live.holding = true;
    for (const name in changes) figure.set(name, changes[name]);
    live.holding = false;
    live.anew = anew;
    draw();
  };
  const restart = () => {
    change({}, { anew: true });
    report();
  };

  // Runs after every change of a trait: begin a new run, tune the one there is, or only paint.
  function draw() {
    if (live.holding) return;
    const chosen = settings();
    const changed = live.trainer ? changedSettings(live.trainer.settings, chosen) : [];
    if (live.trainer === null || live.anew || changed.some((name) => !TUNABLE.includes(name))) {
      Object.assign(live, { trainer: makeTrainer(chosen, engine), anew: false, due: 0, pace: 0, rounds: 0, spent: 0 });
      player.leave();
    } else if (changed.length > 0) {
      tune(live.trainer, chosen);
      player.leave();
    }
    if (changed.length > 0) address.write(chosen);
    live.story = Object.values(PRESETS).find((preset) => isPreset(figure, preset.settings))?.story ?? "";
    if (figure.get("playing")) loop.start();
    else {
      loop.stop();
      player.leave(); // what is on the screen is where it stopped
    }
    paint(true);
  }

  const play = (milliseconds) => {
    const { trainer } = live, pace = PACE[figure.get("speed")];
    live.due = Math.min(live.due + (pace * milliseconds) / 1000, pace === Infinity ? Infinity : 10);
    const rounds = player.play(trainer, live.due, milliseconds);
    live.due = pace === Infinity ? 0 : live.due - rounds;
    live.rounds += rounds;
    live.spent += milliseconds;
    paint(false);
    if (live.spent < REPORT) return;
    live.pace = (1000 * live.rounds) / live.spent;
    live.rounds = live.spent = 0;
    report();
    if (trainer.diverged) pause();
  };
  const loop = figure.loop(play);
  const pause = () => {
    figure.set("playing", false);
    report();
  };
  const once = (move) => () => {
    pause();
    move(live.trainer);
    paint(true);
    report();
  };

  const address = makeAddress(figure, change);
  makeControls(figure, { change, once, restart, pause });
  makePen(figure, view.densities, change);
  if (figure.reducedMotion) figure.set("playing", false);
  address.read();
  return figure.start(draw);
}

// ---------------------------------------------------------------- words and numbers

const plainNumber = (value, digits) => formatNumber(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value, digits);

function makeReadOuts(figure) {
  const step = figure.output("step", { label: "steps of G", digits: 0 });
  const pace = figure.output("pace", { label: "rounds/s", digits: 0 });
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
    value.set(trainer.value);
    criterion.set(2 * trainer.jsd - Math.log(4));
    pull.set(trainer.pull);
  };
}

/** One line on how p_g is known, and a spoken one when something known goes wrong. */
function makeAnnouncer(figure, inBook) {
  const how = figure.caption();
  const warning = htmlNode("p", { class: "gan-caption", role: "status", style: "color:var(--gan-ink);font-weight:600" }, figure.root);
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

/** The settings in the page's address, where the figure is asked to keep them there. */
function makeAddress(figure, change) {
  const active = figure.get("address") && typeof location === "object" && typeof history === "object";
  const wanted = () => (active && location.hash.includes("=") ? readFragment(location.hash, figure.get("_bounds")) : {});
  let timer = 0;
  const onHashChange = () => change(wanted(), { anew: true });
  if (active) {
    addEventListener("hashchange", onHashChange);
    figure.cleanups.push(() => {
      clearTimeout(timer);
      removeEventListener("hashchange", onHashChange);
    });
  }
  return {
    read() {
      for (const [name, value] of Object.entries(wanted())) figure.set(name, value);
    },
    // Once the reader's hand rests: a browser takes milliseconds for this, and only so many a minute.
    write(chosen) {
      if (!active) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const fragment = writeFragment(chosen);
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
      }, 200);
    },
  };
}

// live-digits: a GAN that learns handwritten digits from nothing in the page.

import { createFigure } from "../kit/figure.js";
import { hasCanvas } from "../kit/marks.js";
import { whenNear } from "../kit/seen.js";
import { htmlText } from "../kit/text.js";
import { shownRows } from "../live/history.js";
import { makeSession } from "../live/session.js";
import { DIVERGED, warningLine } from "../live/words.js";
import { makeControls } from "./controls.js";
import { unpack } from "./digits.js";
import { PLAYER } from "./player.js";
import { makeThings } from "./things.js";
import { SERIES, SETTINGS, STEPS, TUNABLE, makeTrainer, tune } from "./trainer.js";
import { makeView } from "./view.js";

const LINKED = { shown: "average", first: 0, second: 1, share: 0, pen_x: 14, pen_y: 14 };
const SLICE = 150; // milliseconds of play between two sheets: to bring a run over takes some, it is 8 MB

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const shipped = { material: null, error: "", said: "" };
  const view = makeView(figure, (changes) => session.change(changes));
  const readOuts = makeReadOuts(figure), say = makeAnnouncer(figure);
  const paint = ({ trainer, pace }, all) => {
    view.paint(trainer, all);
    readOuts(trainer, pace);
    say(trainer, pace, shipped, view.shows());
  };
  const session = makeSession(figure, {
    trainer: { defaults: SETTINGS, tunable: TUNABLE, make: makeTrainer, tune }, worker: PLAYER, paint, report,
    material: () => shipped.material, slice: SLICE, linked: LINKED,
  });
  let usual = null;
  makeControls(figure, session, { isOwn: () => shipped.material?.reader === null });
  makeThings(figure, session, { shipped, usual: () => usual, say: (words) => {
    shipped.said = words;
    session.draw();
  } });
  if (hasCanvas) {
    bringIn(figure).then((material) => {
      shipped.material = usual = material;
      session.draw();
      figure.root.setAttribute("data-digits", String(material.count));
    }).catch((error) => {
      shipped.error = `The digits could not be loaded: ${error.message}.`;
      session.draw();
    });
  }
  return figure.start(session.draw);
}

/** The digits and their reader: with Python's state, or from a file beside the page's scripts once the figure comes into view. */
async function bringIn(figure) {
  const own = figure.get("_digits");
  if (own) return unpack(new Uint8Array(own.buffer ?? own, own.byteOffset, own.byteLength));
  await new Promise((seen) => whenNear(figure, seen) || seen());
  return unpack(await globalThis.ganFigures.file("live-digits.bin"));
}

const plain = (value) => (Number.isFinite(value) ? value : null);
const lastOf = (history, name) => (history.length > 0 ? history[name][history.length - 1] : NaN);

function report({ step, history }) {
  const rows = Object.fromEntries(SERIES.map((name) => [name, Array.from(shownRows(history, name), plain)]));
  return { step, legible: plain(lastOf(history, "legible")), balance: plain(lastOf(history, "balance")), history: rows };
}

// ---------------------------------------------------------------- words and numbers

function makeReadOuts(figure) {
  const share = (value) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(0)} %`), unread = (value) => (Number.isNaN(value) ? "–" : value.toFixed(2));
  const step = figure.output("step", { label: "steps of G", digits: 0 });
  const pace = figure.output("steps_per_second", { label: "steps/s", digits: 0 });
  const seen = figure.output("seen", { label: "pictures seen", format: (value) => value.toLocaleString("en") });
  const legible = figure.output("legible", { label: "legible", color: "generator", format: share });
  const balance = figure.output("balance", { label: "balance", color: "data", format: unread });
  const asked = figure.output("asked", { label: "read as asked", color: "generator", format: share });
  const real = figure.output("real", { label: "$D$ on real", color: "data", format: unread });
  const fake = figure.output("fake", { label: "on generated", color: "generator", format: unread });
  const still = figure.get("_picture");
  return (trainer, rate) => {
    if (trainer === null) {
      const { step: steps = 0, legible: share = NaN, balance: even = NaN, asked: obeyed = NaN, seen: pictures = 0, real: onReal = NaN, fake: onFake = NaN } = hasCanvas ? {} : still ?? {};
      [step, pace, seen, legible, balance, asked, real, fake].forEach((output, i) => output.set([steps, 0, pictures, share, even, obeyed, onReal, onFake][i]));
      return;
    }
    const { history, settings, discriminatorSteps } = trainer;
    step.set(trainer.step);
    pace.set(rate);
    seen.set(discriminatorSteps * settings.batch);
    for (const [output, name] of [[legible, "legible"], [balance, "balance"], [asked, "asked"], [real, "real"], [fake, "fake"]]) output.set(lastOf(history, name));
  };
}

const SLOW = 100; // steps a second

/** What a reader on a slow machine should know. */
function patience(trainer, pace) {
  if (trainer === null || pace === 0 || pace >= SLOW) return "";
  const minutes = Math.ceil(Math.max(0, STEPS - trainer.step) / pace / 60);
  const why = trainer.engine.simd ? "" : " This browser computes without SIMD.";
  return minutes > 1 ? `${why} It will take some ${minutes} minutes at this pace; a batch of 16 is quicker, and fewer digits are learned sooner.` : why;
}

function makeAnnouncer(figure) {
  const words = figure.caption(), warning = warningLine(figure);
  let shown = null;
  return (trainer, pace, { error, said }, shows) => {
    const told = said || (shows ? "Dark frames: the sample beside the sheet, and the one to walk to." : "Press Play: both networks begin with random weights, and all training happens in this page.");
    words.set(trainer === null && hasCanvas && !error ? "The digits are on their way …" : told + patience(trainer, pace));
    const failure = error ? "digits" : trainer?.diverged ? "diverged" : "";
    if (shown === failure) return;
    shown = failure;
    htmlText(warning, error || (failure ? DIVERGED : ""));
    warning.setAttribute("data-failure", failure);
  };
}

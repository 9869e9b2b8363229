// controls.js: what all live figures have to play with: stories, play and step, and the settings of both players.

import { formatNumber } from "../kit/numbers.js";
import { htmlText, setAttributes } from "../kit/text.js";
import { playRound, trainDiscriminator, trainGenerator } from "./run.js";

const NAMES = {
  drawn: "drawn by hand", minimax: "minimax: min log(1 − D(G(z)))",
  "non-saturating": "non-saturating: max log D(G(z))", wgan: "WGAN, clipped weights", "wgan-gp": "WGAN-GP",
  "least-squares": "least squares", sgd: "SGD", momentum: "SGD with momentum", rmsprop: "RMSProp", adam: "Adam",
  "leaky-relu": "leaky ReLU", relu: "ReLU", hinge: "hinge", relativistic: "relativistic pairs", r3gan: "R3GAN: relativistic with R1 and R2",
};

/** The options of a trait as a select wants them; `names` are words for those that the live figures do not share. */
export const optionsOf = (options, names = {}) => ({ options: options.map((value) => [value, names[value] ?? NAMES[value] ?? value]) });

/** A power of ten as a number. */
export const power = (value) => formatNumber(10 ** value, value < -2.95 ? 5 : value < -1 ? 4 : 3);

/** What a story sets: `defaults`, but for the traits that are the reader's own, and then its settings. */
const storySettings = (defaults, own, { settings }) => {
  const rest = Object.fromEntries(Object.entries(defaults).filter(([name]) => !own.includes(name)));
  return { ...rest, ...settings };
};

/** A row of buttons, one for each story; gives back a function for the story that the settings are. */
export function makeStories(figure, session, { stories, defaults, own }) {
  const row = figure.groupAbove({ title: "Stories, one click each", layout: "row" });
  const wanted = Object.values(stories).map((story) => [story, Object.entries(storySettings(defaults, own, story))]);
  const holds = (settings) => settings.every(([name, value]) => figure.get(name) === value);
  Object.keys(stories).forEach((name, i) => {
    const [{ label }, settings] = wanted[i];
    const onClick = () => session.change({ ...Object.fromEntries(settings), playing: !figure.reducedMotion }, { anew: true });
    const button = row.button(`preset-${name}`, { label, onClick });
    figure.syncs.push(() => setAttributes(button, { "aria-pressed": String(holds(settings)) }));
  });
  return () => wanted.find(([, settings]) => holds(settings))?.[0] ?? null;
}

/** A button for each of some things, pressed while it is chosen. `put` takes those that a click leaves chosen, in their order; `bar` keeps all from being clicked. */
export function makeToggles(figure, title, things, { chosen, put, bar = () => false }) {
  const row = figure.groupAbove({ title, layout: "row" });
  for (const { value, name, label } of things) {
    const turn = () => put(things.map((each) => each.value).filter((each) => chosen().includes(each) !== (each === value)));
    const button = row.button(name, { label, onClick: turn });
    figure.syncs.push(() => {
      setAttributes(button, { "aria-pressed": String(chosen().includes(value)) });
      button.disabled = bar();
    });
  }
}

/** Play, step, reset, and the pace. `more` adds buttons between. */
export function makeRunRow(figure, { restart, pause, once }, speeds, more = () => {}) {
  const run = figure.groupAbove({ layout: "row" });
  const play = run.button("play", { label: "Play", onClick: () => (figure.get("playing") ? pause() : figure.set("playing", true)) });
  figure.syncs.push(() => {
    htmlText(play, figure.get("playing") ? "Pause" : "Play");
    setAttributes(play, { "aria-pressed": String(figure.get("playing")) });
  });
  more(run);
  run.button("step-both", { label: "One round", onClick: once(playRound) });
  run.button("step-d", { label: "Only D", onClick: once(trainDiscriminator) });
  run.button("step-g", { label: "Only G", onClick: once(trainGenerator) });
  run.button("reset", { label: "Reset", onClick: restart });
  run.select("speed", { label: "speed", options: speeds });
}

export const SPEEDS = [["slow", "slow: 5 rounds/s"], ["medium", "medium: 100 rounds/s"], ["full", "as fast as it goes"]];

/** The settings of both players; `shapes` adds those of the networks. */
export function makeRules(figure, { choices, shapes }) {
  figure.slider("k", { label: "$k$: steps of D for one of G", digits: 0, color: "discriminator" });
  figure.slider("log_rate_d", { label: "D's learning rate", format: power, color: "discriminator" });
  figure.slider("log_rate_g", { label: "G's learning rate", format: power, color: "generator" });
  figure.select("optimizer", { label: "optimiser", ...optionsOf(choices.optimizer) });
  const hasMomentum = () => ["momentum", "adam"].includes(figure.get("optimizer"));
  figure.slider("momentum", { label: "momentum (Adam's $β_1$)", idle: () => (hasMomentum() ? "" : "this optimiser has none") });
  const isClipped = () => figure.get("objective") === "wgan";
  figure.slider("log_clip", { label: "$D$'s weights within ±", format: power, idle: () => (isClipped() ? "" : "WGAN only") });
  shapes();
  figure.select("activation", { label: "activation", ...optionsOf(choices.activation) });
}

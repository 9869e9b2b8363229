// controls.js: what a reader moves in the digits' figure.

import { SPEEDS, makeRules, makeRunRow, makeToggles, optionsOf } from "../live/controls.js";
import { inked } from "./view.js";
import { CHOICES, SETTINGS } from "./trainer.js";

export const BLANK = "0".repeat(784);

export function makeControls(figure, session, { isOwn }) {
  makeRunRow(figure, session, SPEEDS);
  makeClasses(figure, isOwn);
  const looks = figure.groupAbove({});
  looks.select("shown", { label: "draw with", options: [["average", "the average of G's weights"], ["now", "G's weights of this moment"]] });
  const idle = () => (figure.get("step") > 0 ? "" : "when there is one");
  looks.slider("moment", { label: "back through the run", format: (value) => (value === 1 ? "now" : `${Math.round(100 * value)} %`), idle });
  const walk = figure.group({ title: "One sample: click on the sheet, or choose here" });
  walk.slider("first", { label: "sample", digits: 0, color: "data" });
  walk.slider("second", { label: "walk to sample", digits: 0, color: "accent" });
  walk.slider("share", { label: "share of the way" });
  makePen(figure, session.change);
  const rules = figure.group({ title: "The game" });
  rules.select("labels", { label: "labels", options: [["given", "given to both networks"], ["none", "none"]] });
  rules.select("objective", { label: "objective", ...optionsOf(CHOICES.objective) });
  rules.slider("gamma", { label: "$γ$: weight of R1 and R2", digits: 1, color: "discriminator", idle: () => (figure.get("objective") === "r3gan" ? "" : "r3gan only") });
  rules.slider("lazy", { label: "a penalty every", format: (steps) => (steps === 1 ? "step of D" : `${steps} steps of D`), idle: () => (figure.get("objective") === "r3gan" ? "" : "r3gan only") });
  rules.slider("dropout", { label: "dropout in $D$", color: "discriminator" });
  makeRules(rulesOf(figure, rules), { choices: CHOICES, shapes: () => {} });
  rules.slider("decay", { label: "Adam's $β_2$", digits: 3, idle: () => (figure.get("optimizer") === "adam" ? "" : "Adam only") });
  rules.slider("fall", { label: "rates and $γ$ fall", format: (steps) => (steps === 0 ? "never" : `in ${steps.toLocaleString("en")} steps`) });
  rules.slider("blur", { label: "blurs at $G$'s end", digits: 0, color: "generator" });
  rules.slider("batch", { label: "batch", digits: 0 });
  rules.slider("seed", { label: "seed", digits: 0 });
  rules.button("usual", { label: "The usual settings", onClick: () => session.change(SETTINGS, { anew: true }) });
}

/** The figure, but for its controls, which go into a group. */
const rulesOf = (figure, group) => ({ get: (name) => figure.get(name), slider: group.slider.bind(group), select: group.select.bind(group) });

/** A button for each digit that may be learned: at least one stays. */
function makeClasses(figure, isOwn) {
  const things = Array.from("0123456789", (digit) => ({ value: digit, name: `digit-${digit}`, label: digit }));
  const put = (digits) => digits.length > 0 && figure.set("classes", digits.join(""));
  makeToggles(figure, "Digits to learn", things, { chosen: () => figure.get("classes"), put, bar: isOwn });
}

function makePen(figure, change) {
  const group = figure.group({ title: "Draw a digit: with the pointer on the white square, or here with the keyboard" });
  group.slider("pen_x", { label: "pen, from the left", digits: 0 });
  group.slider("pen_y", { label: "pen, from above", digits: 0 });
  const row = group.group({ layout: "row" }), put = (ink) => change({ drawing: inked(figure.get("drawing"), figure.get("pen_x"), figure.get("pen_y"), ink) });
  row.button("ink", { label: "Ink here", onClick: () => put(true) });
  row.button("erase", { label: "Erase here", onClick: () => put(false) });
  row.button("clear", { label: "Clear", onClick: () => change({ drawing: BLANK }) });
}

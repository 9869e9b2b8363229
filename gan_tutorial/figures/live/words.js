// words.js: what live figures say of a run, and how.

import { formatNumber } from "../kit/numbers.js";
import { htmlNode } from "../kit/text.js";

export const DIVERGED = "The run has diverged: its losses are no longer finite. Reset it, and try smaller rates.";

/** A number that rounds to zero without its sign. */
export const plainNumber = (value, digits) => formatNumber(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value, digits);

/** A line that is also spoken when something known goes wrong. */
export const warningLine = (figure) => htmlNode("p", { class: "gan-caption", role: "status", style: "color:var(--gan-ink);font-weight:600" }, figure.root);

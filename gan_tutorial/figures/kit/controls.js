// @ts-check
// controls.js: what a reader moves: sliders, choices, boxes and buttons bound to the model's traits, and groups of them.

import { colorOf } from "./marks.js";
import { formatNumber } from "./numbers.js";
import { followSlider } from "./pointer.js";
import { htmlNode, htmlText, plainText, setOutput } from "./text.js";

/**
 * `title` names the group, for the eye and for a screen reader; `layout` is a grid as wide as there is room for ("fill", the
 * usual one), a row of buttons, or a grid of so many columns; `wide` takes a whole row of the grid around it.
 * @typedef {{ title?: string, layout?: "fill" | "row" | number, wide?: boolean }} GroupOptions
 */

// JupyterLab would take arrow keys and Enter for itself; it looks for this on the very element that has the focus.
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** Controls that stand together. Each has the name of the trait that it shows and moves. */
export class Controls {
  /** @param {import("./figure.js").FigureView} figure @param {HTMLElement} node where the controls are put */
  constructor(figure, node) {
    this.figure = figure;
    this.node = node;
  }

  /** A group inside this one. @param {GroupOptions} options */
  group({ title, layout = "fill", wide = title !== undefined || typeof layout === "number" } = {}) {
    const frame = title === undefined ? this.node : htmlNode("fieldset", { class: "gan-group gan-wide" }, this.node);
    if (title !== undefined) htmlText(htmlNode("legend", { class: "gan-control-label" }, frame), title);
    const columns = typeof layout === "number" ? `grid-template-columns:repeat(${layout},minmax(0,1fr))` : undefined;
    const kind = layout === "row" ? "gan-row" : columns ? "gan-grid gan-columns" : "gan-grid";
    return new Controls(this.figure, htmlNode("div", { class: wide ? `${kind} gan-wide` : kind, style: columns }, frame));
  }

  /**
   * A slider; its bounds come from Python. `onMove` runs after the reader has moved it. `idle` says in a few words why it
   * would do nothing at present, and "" where it does something: a slider that does nothing cannot be moved.
   * @param {string} name
   * @param {{ label: string, format?: (value: number, digits: number) => string, digits?: number, color?: string, output?: boolean,
   *   onMove?: () => void, idle?: () => string }} options
   */
  slider(name, { label, format = formatNumber, digits, color, output = true, onMove, idle = () => "" }) {
    const { figure } = this;
    const { min, max, step } = figure.get("_bounds")[name];
    const shownDigits = digits ?? Math.max(0, Math.ceil(-Math.log10(step)));
    const row = htmlNode("label", { class: "gan-control gan-slider" }, this.node);
    htmlText(htmlNode("span", { class: "gan-control-label" }, row), label);
    const excuse = htmlNode("span", { class: "gan-idle" }, row);
    const number = output && htmlNode("output", { name, "aria-live": "off" }, row);
    const style = color && `--gan-thumb:${colorOf(color)}`;
    const input = htmlNode("input", { type: "range", name, min, max, step, style, ...OWN_KEYS }, row);
    followSlider(input, (value) => {
      figure.set(name, value);
      if (onMove) onMove();
    });
    /** @type {number} */
    let shown;
    let why = "";
    figure.syncs.push(() => {
      const value = figure.get(name);
      if (idle() !== why) {
        why = idle();
        input.disabled = why !== "";
        htmlText(excuse, why && ` (${why})`);
      }
      if (input.valueAsNumber !== value) input.value = value;
      if (value === shown) return;
      shown = value;
      input.setAttribute("aria-valuetext", format(value, shownDigits));
      if (number) setOutput(number, value, format(value, shownDigits));
    });
    return input;
  }

  /** A choice; options are [["value", "what the reader sees"], …]. @param {string} name @param {{ label: string, options: [string, string][] }} options */
  select(name, { label, options }) {
    const { figure } = this;
    const row = htmlNode("label", { class: "gan-control" }, this.node);
    htmlText(htmlNode("span", { class: "gan-control-label" }, row), label);
    const input = htmlNode("select", { name, ...OWN_KEYS }, row);
    for (const [value, text] of options) htmlNode("option", { value }, input).textContent = plainText(text);
    input.addEventListener("change", () => figure.set(name, input.value));
    figure.syncs.push(() => {
      if (input.value !== figure.get(name)) input.value = figure.get(name);
    });
    return input;
  }

  /** @param {string} name @param {{ label: string, onClick: () => void }} options */
  button(name, { label, onClick }) {
    const button = htmlNode("button", { type: "button", name, class: "gan-button", ...OWN_KEYS }, this.node);
    htmlText(button, label);
    button.addEventListener("click", onClick);
    return button;
  }
}

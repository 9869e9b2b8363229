// @ts-check
// text.js: words and nodes for the kit: DOM elements, and labels with a little mathematics in them.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number | undefined>} Attributes those that are undefined are left out */

/**
 * Touches only what changes: setting an attribute to the value it has still costs style and layout.
 * @template {Element} E @param {E} node @param {Attributes} attributes @returns {E}
 */
export function setAttributes(node, attributes) {
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined && node.getAttribute(key) !== String(value)) node.setAttribute(key, String(value));
  }
  return node;
}

/**
 * @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {Attributes} attributes @param {Element} [parent]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function htmlNode(tag, attributes, parent) {
  const node = setAttributes(document.createElement(tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

/**
 * @template {keyof SVGElementTagNameMap} T @param {T} tag @param {Attributes} attributes @param {Element} [parent]
 * @returns {SVGElementTagNameMap[T]}
 */
export function svgNode(tag, attributes, parent) {
  const node = setAttributes(document.createElementNS(SVG_NAMESPACE, tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

/** @typedef {"plain" | "italic" | "sub" | "sup"} Kind how a piece of a label is set */

/** "mean of $p_data$" -> [["mean of ", "plain"], ["p", "italic"], ["data", "sub"]] @param {string} text */
export function textSegments(text) {
  /** @type {[string, Kind][]} */
  const segments = [];
  text.split("$").forEach((piece, index) => {
    if (index % 2 === 0) {
      if (piece) segments.push([piece, "plain"]);
      return;
    }
    const token = /([_^])(\{[^}]*\}|[A-Za-z0-9*′]+)|(\p{L}+)|([^_^\p{L}]+)/gu;
    for (const [, mark, script, letters, other] of piece.matchAll(token)) {
      if (mark) segments.push([script.replace(/[{}]/g, ""), mark === "_" ? "sub" : "sup"]);
      else if (letters) segments.push([letters, letters.length === 1 ? "italic" : "plain"]);
      else segments.push([other, "plain"]);
    }
  });
  return segments;
}

/**
 * Change the words of an element that holds nothing else. A text node keeps its place: inserting a new one has the browser
 * look at every style rule with :has() that could be concerned.
 * @param {Element} node @param {string} text
 */
export function setText(node, text) {
  if (node.firstChild) /** @type {Text} */ (node.firstChild).data = text;
  else node.textContent = text;
}

/** @type {WeakMap<Element, number>} */
const shownWidths = new WeakMap();

/**
 * Show a number, and keep it unrounded beside. The output is as wide as the longest text it has shown.
 * @param {Element} node @param {number} value @param {string} text
 */
export function setOutput(node, value, text) {
  node.setAttribute("data-value", String(value));
  setText(node, text);
  if (text.length <= (shownWidths.get(node) ?? 3)) return;
  shownWidths.set(node, text.length);
  node.setAttribute("style", `width:${text.length + 0.5}ch`);
}

/** @type {Record<Kind, "span" | "i" | "sub" | "sup">} */
const TAGS = { plain: "span", italic: "i", sub: "sub", sup: "sup" };

/** @type {WeakMap<Node, Kind>} */
const kinds = new WeakMap();

/**
 * Words with a little mathematics. The elements that earlier words needed stay, empty where these have no use for them.
 * @template {Element} E @param {E} node @param {string} text @returns {E}
 */
export function htmlText(node, text) {
  const slots = /** @type {NodeListOf<Element>} */ (node.childNodes);
  let next = 0;
  for (const [piece, kind] of textSegments(text)) {
    while (next < slots.length && kinds.get(slots[next]) !== kind) setText(slots[next++], "");
    const slot = slots[next++] ?? htmlNode(TAGS[kind], {}, node);
    kinds.set(slot, kind);
    setText(slot, piece);
  }
  while (next < slots.length) setText(slots[next++], "");
  return node;
}

/** @param {string} text */
export function plainText(text) {
  return textSegments(text).map(([piece]) => piece).join("");
}

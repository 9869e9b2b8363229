// kit-text.js: words, numbers and nodes for the kit: labels with a little mathematics in them, ticks, DOM elements.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

// Touches only what changes: setting an attribute to the value it has still costs style and layout.
function setAttributes(node, attributes) {
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined && node.getAttribute(key) !== String(value)) node.setAttribute(key, value);
  }
  return node;
}

function htmlNode(tag, attributes, parent) {
  const node = setAttributes(document.createElement(tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

function svgNode(tag, attributes, parent) {
  const node = setAttributes(document.createElementNS(SVG_NAMESPACE, tag), attributes);
  if (parent) parent.appendChild(node);
  return node;
}

// "mean of $p_data$" -> [["mean of ", "plain"], ["p", "italic"], ["data", "sub"]]
function textSegments(text) {
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

// Change the words of an element that holds nothing else. A text node keeps its place: inserting a new one has the browser
// look at every style rule with :has() that could be concerned.
function setText(node, text) {
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

// Show a number, and keep it unrounded beside. The output is as wide as the longest text it has shown.
function setOutput(node, value, text) {
  node.setAttribute("data-value", value);
  setText(node, text);
  if (text.length <= (node.shownWidth ?? 3)) return;
  node.shownWidth = text.length;
  node.setAttribute("style", `width:${text.length + 0.5}ch`);
}

// Words with a little mathematics. The elements that earlier words needed stay, empty where these have no use for them.
const TAGS = { plain: "span", italic: "i", sub: "sub", sup: "sup" };

function htmlText(node, text) {
  const slots = node.childNodes;
  let next = 0;
  for (const [piece, kind] of textSegments(text)) {
    while (next < slots.length && slots[next].kind !== kind) setText(slots[next++], "");
    const slot = slots[next++] ?? Object.assign(htmlNode(TAGS[kind], {}, node), { kind });
    setText(slot, piece);
  }
  while (next < slots.length) setText(slots[next++], "");
  return node;
}

function plainText(text) {
  return textSegments(text).map(([piece]) => piece).join("");
}

// 0.12345 -> "0.123"; infinities and undefined values are words a reader knows.
function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || (magnitude > 0 && magnitude < 0.5 * 10 ** -digits)) return formatPower(value);
  const text = magnitude.toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function formatPower(value) {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const superscripts = [...String(exponent)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
  return `${value < 0 ? "−" : ""}${(Math.abs(value) / 10 ** exponent).toFixed(1)}·10${superscripts}`;
}

function niceTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw * 0.999) * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

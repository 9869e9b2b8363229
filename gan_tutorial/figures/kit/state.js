// @ts-check
// state.js: a figure's state as the fragment of an address, and back. Pure.
//
// Only what differs from the first state is written: #mean=2&shape=disc. What is read is checked: an unknown name, an option
// that does not exist, a number out of bounds or a text of another form is ignored.

/**
 * `_bounds` of the numbers, `_choices` of the named options, `_patterns` that the text of anything else must match.
 * @typedef {Record<string, any> & { _bounds: Record<string, { min: number, max: number }>, _choices: Record<string, string[]>, _patterns: Record<string, string> }} State
 */

/** @param {unknown} value */
const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** @param {State} state */
const namesOf = ({ _bounds, _choices, _patterns }) => [_choices, _bounds, _patterns].flatMap((part) => Object.keys(part));

/** @param {State} state @param {State} first @returns {string} without its # */
export function writeState(state, first) {
  return namesOf(first)
    .filter((name) => textOf(state[name]) !== textOf(first[name]))
    .map((name) => `${name}=${encodeURIComponent(textOf(state[name]))}`)
    .join("&");
}

/** The values that a fragment asks for, by name. @param {string} fragment @param {State} first @returns {Record<string, unknown>} */
export function readState(fragment, first) {
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const [name, coded = ""] = part.split("=");
    const value = valueOf(name, decoded(coded), first);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // a broken escape
  }
}

/** @param {string} name @param {string} text @param {State} first */
function valueOf(name, text, { _bounds, _choices, _patterns, ...first }) {
  if (Object.hasOwn(_choices, name)) return _choices[name].includes(text) ? text : undefined;
  if (Object.hasOwn(_patterns, name)) {
    if (!new RegExp(`^(?:${_patterns[name]})$`).test(text)) return undefined;
    return typeof first[name] === "string" ? text : JSON.parse(text);
  }
  if (!Object.hasOwn(_bounds, name) || text === "") return undefined;
  const value = Number(text), { min, max } = _bounds[name];
  return value >= min && value <= max ? value : undefined;
}

// @ts-check
// address.js: the settings of the live figure as a page address's fragment, and back.
//
// Only what differs from the defaults is written: #objective=wgan&k=5. What is read is checked: an
// unknown name, an option that does not exist, a number out of bounds or no number at all is ignored.

import { CHOICES, SETTINGS } from "./trainer.js";

/** @typedef {import("./trainer.js").Settings} Settings */
/** @typedef {Record<string, { min: number, max: number }>} Bounds of each number */

const NAMES = /** @type {(keyof Settings)[]} */ (Object.keys(SETTINGS));

/** @param {Settings} settings */
export function writeFragment(settings) {
  return NAMES
    .filter((name) => settings[name] !== SETTINGS[name])
    .map((name) => `${name}=${encodeURIComponent(settings[name])}`)
    .join("&");
}

/**
 * The settings that a fragment asks for; `bounds` holds min and max of each number.
 * @param {string} fragment @param {Bounds} bounds @returns {Settings}
 */
export function readFragment(fragment, bounds) {
  const settings = { ...SETTINGS };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const [name, text = ""] = part.split("=");
    const value = valueOf(name, text, bounds);
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  return settings;
}

/** @param {string} name @param {string} text @param {Bounds} bounds */
function valueOf(name, text, bounds) {
  if (name === "drawing") return /^[0-9a-z]{60}$/.test(text) ? text : undefined;
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].includes(text) ? text : undefined;
  if (!Object.hasOwn(bounds, name) || !Object.hasOwn(SETTINGS, name) || text === "") return undefined;
  const value = Number(text), { min, max } = bounds[name];
  return value >= min && value <= max ? value : undefined;
}

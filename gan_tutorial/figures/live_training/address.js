// @ts-check
// The settings of the live figure as a page address's fragment, and back.
//
// Only what differs from the defaults is written: #objective=wgan&k=5. What is read is checked: an
// unknown name, an option that does not exist, a number out of bounds or no number at all is ignored.

import { CHOICES, SETTINGS } from "./trainer.js";

export function writeFragment(settings) {
  return Object.keys(SETTINGS)
    .filter((name) => settings[name] !== SETTINGS[name])
    .map((name) => `${name}=${encodeURIComponent(settings[name])}`)
    .join("&");
}

/** The settings that a fragment asks for; `bounds` holds min and max of each number. */
export function readFragment(fragment, bounds) {
  const settings = { ...SETTINGS };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const [name, text = ""] = part.split("=");
    const value = valueOf(name, text, bounds);
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

function valueOf(name, text, bounds) {
  if (name === "drawing") return /^[0-9a-z]{60}$/.test(text) ? text : undefined;
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].includes(text) ? text : undefined;
  if (!Object.hasOwn(bounds, name) || !Object.hasOwn(SETTINGS, name) || text === "") return undefined;
  const value = Number(text), { min, max } = bounds[name];
  return value >= min && value <= max ? value : undefined;
}

// address.js: a live figure's settings in the page's address, where the figure is asked to keep them there.

import { readState, writeState } from "../kit/state.js";

const REST = 200; // milliseconds after which the address follows: a browser takes some for it, and only so many a minute

/** What an address may say: the defaults named, with their bounds, options and patterns. */
export function addressable(figure, defaults) {
  const known = ([name]) => Object.hasOwn(defaults, name);
  const only = (part) => Object.fromEntries(Object.entries(figure.get(part) ?? {}).filter(known));
  return { ...defaults, _bounds: only("_bounds"), _choices: only("_choices"), _patterns: only("_patterns") };
}

/** `defaults` are the values that an address need not name. */
export function makeAddress(figure, defaults, change) {
  const active = figure.get("address") && typeof location === "object" && typeof history === "object";
  const first = addressable(figure, defaults);
  const wanted = () => (active && location.hash.includes("=") ? { ...defaults, ...readState(location.hash, first) } : {});
  let timer = 0;
  const onHashChange = () => change(wanted(), { anew: true });
  if (active) {
    addEventListener("hashchange", onHashChange);
    figure.cleanups.push(() => {
      clearTimeout(timer);
      removeEventListener("hashchange", onHashChange);
    });
  }
  return {
    read() {
      for (const [name, value] of Object.entries(wanted())) figure.set(name, value);
    },
    // Once the reader's hand rests.
    write() {
      if (!active) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const state = Object.fromEntries(Object.keys(defaults).map((name) => [name, figure.get(name)]));
        const fragment = writeState(state, first);
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
      }, REST);
    },
  };
}

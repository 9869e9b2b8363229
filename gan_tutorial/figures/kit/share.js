// @ts-check
// share.js: what a figure in a static page can be taken along with: a link and a frame of its own page, state included, and
// the full screen. On its own page the state is kept in the address, and the figure fills the window.

import { writeState } from "./state.js";
import { htmlNode } from "./text.js";

const REST = 200; // milliseconds after which the address follows
const LEAST = 0.5; // zoom

/**
 * @typedef {object} Shared
 * @property {HTMLElement} el @property {import("./figure.js").Model & { state: any }} model
 * @property {import("./state.js").State} first its state as it was written into the page @property {string} home the folder of the figures' own pages
 */

/** @param {Shared} shared */
export function share({ el, model, first, home }) {
  const fragment = () => writeState(model.state, first);
  const alone = document.body.classList.contains("gan-alone");
  const link = () => {
    const page = new URL(`${home}${model.get("_name")}.html`, document.baseURI).href;
    const asked = alone ? location.hash.slice(1) : fragment();
    return asked ? `${page}#${asked}` : page;
  };
  const frame = () => `<iframe src="${link()}" title="${model.get("_title").replaceAll('"', "&quot;")}" width="1280" height="720" style="border:0;max-width:100%" allowfullscreen></iframe>`;
  const tools = htmlNode("div", { class: "gan-tools" }, el);
  const button = (/** @type {string} */ label, /** @type {() => void} */ onClick) => {
    const node = htmlNode("button", { type: "button", class: "gan-tool" }, tools);
    node.textContent = label;
    node.addEventListener("click", onClick);
  };
  button("Copy link", () => copy(link(), said));
  button("Copy iframe", () => copy(frame(), said));
  button("Full screen", () => (document.fullscreenElement ? document.exitFullscreen() : el.requestFullscreen()));
  const said = htmlNode("span", { role: "status" }, tools);
  if (!alone) return;
  if (!model.get("address")) keepAddress(model, fragment);
  fillWindow(el);
}

/** @param {string} text @param {HTMLElement} said where the answer is shown, or the text itself where it cannot be copied */
async function copy(text, said) {
  said.textContent = await navigator.clipboard.writeText(text).then(() => "copied", () => text);
}

/** @param {Shared["model"]} model @param {() => string} fragment */
function keepAddress(model, fragment) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  model.on("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", `#${fragment()}`), REST);
  });
  addEventListener("hashchange", () => location.reload());
}

/** Make the figure as large as it can be without having to be scrolled. @param {HTMLElement} el */
function fillWindow(el) {
  const page = document.documentElement;
  const drawn = async () => {
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  };
  let asked = 0;
  const fit = async () => {
    const mine = ++asked;
    for (let zoom = 1; zoom >= LEAST; zoom -= 0.05) {
      el.style.zoom = String(zoom);
      await drawn();
      if (mine !== asked) return;
      if (page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth) break;
    }
    el.setAttribute("data-fitted", "");
  };
  if (innerWidth >= 900) fit();
  addEventListener("resize", () => innerWidth >= 900 && fit());
}

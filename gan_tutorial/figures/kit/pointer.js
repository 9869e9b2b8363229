// @ts-check
// pointer.js: what a pointer does to a figure. A finger may mean the page as well: it scrolls until it is clear that it does
// not, by a first move sideways or, where asked for, by a moment of rest. Scrolling changes nothing in a figure.

const SIDEWAYS = 6; // pixels
const REST = 300; // milliseconds

/**
 * `begin` gets the event with which a pull began, once it is one; `end` the last one, which is a pointercancel where the pull
 * was broken off. With `hold` a finger may also begin a pull by resting on the target, to go up or down.
 * @typedef {{ begin?: (event: PointerEvent) => void, move: (event: PointerEvent) => void, end?: (event: PointerEvent) => void, hold?: boolean }} Pull
 */

/** @param {number} dx @param {number} dy */
const isSideways = (dx, dy) => Math.abs(dx) > SIDEWAYS && Math.abs(dx) > Math.abs(dy);

/** Follow a pointer that pulls at the target. @param {SVGElement} target @param {Pull} pull */
export function followPulls(target, { begin, move, end, hold = false }) {
  /** @type {PointerEvent | null} a finger that may still scroll */
  let waiting = null;
  let pulling = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const start = (/** @type {PointerEvent} */ event) => {
    waiting = null;
    pulling = true;
    if (begin) begin(event);
  };
  target.style.setProperty("touch-action", "pan-y");
  target.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") {
      event.preventDefault();
      return start(event);
    }
    waiting = event;
    if (hold) timer = setTimeout(() => waiting && start(waiting), REST);
  });
  target.addEventListener("pointermove", (event) => {
    if (waiting && isSideways(event.clientX - waiting.clientX, event.clientY - waiting.clientY)) start(waiting);
    if (pulling) move(event);
  });
  for (const sign of /** @type {const} */ (["pointerup", "pointercancel"])) {
    target.addEventListener(sign, (event) => {
      clearTimeout(timer);
      if (pulling && end) end(event);
      waiting = null;
      pulling = false;
    });
  }
  target.addEventListener("touchmove", (event) => pulling && event.preventDefault(), { passive: false });
}

/**
 * A slider whose value a finger sets only when it goes sideways or taps: what the browser makes of a touch that may still be
 * a scroll is put off, and dropped if it is one. `accept` gets every value that holds.
 * @param {HTMLInputElement} input @param {(value: number) => void} accept
 */
export function followSlider(input, accept) {
  /** @type {{ x: number, y: number, before: string, wished: number | null } | null} */
  let touch = null;
  const settle = (/** @type {boolean} */ holds) => {
    if (!touch) return;
    const { before, wished } = touch;
    touch = null;
    if (holds && wished !== null) accept(wished);
    else input.value = before;
  };
  input.addEventListener("pointerdown", ({ pointerType, clientX, clientY }) => {
    if (pointerType === "touch") touch = { x: clientX, y: clientY, before: input.value, wished: null };
  });
  input.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (touch && isSideways(clientX - touch.x, clientY - touch.y)) settle(true);
  });
  input.addEventListener("pointerup", () => settle(true));
  input.addEventListener("pointercancel", () => settle(false));
  input.addEventListener("input", () => {
    if (!touch) return accept(input.valueAsNumber);
    touch.wished = input.valueAsNumber;
    input.value = touch.before;
  });
}

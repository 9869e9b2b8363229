// diagram.js: the game as a small picture that stands beside the plots: where samples go, and where gradients come back.

import { colorOf } from "../kit/marks.js";
import { setAttributes, setText, svgNode } from "../kit/text.js";

const BOXES = {
  noise: [8, 58, "noise z", "neutral"], g: [92, 58, "G", "generator"], fake: [160, 58, "fakes", "generator"],
  real: [160, 8, "real", "data"], d: [244, 33, "D", "discriminator"], loss: [312, 33, "loss", "accent"],
};
const WIDTHS = { noise: 62, g: 42, fake: 56, real: 56, d: 42, loss: 50 }, HEIGHT = 26;
// Ways of samples, and of gradients, which run below them.
const WAYS = {
  "to-g": [70, 71, 92, 71], "to-fake": [134, 71, 160, 71], "real-to-d": [216, 21, 244, 40], "fake-to-d": [216, 66, 244, 52],
  "to-loss": [286, 46, 312, 46],
};
const BACK = { "back-to-d": [325, 59, 272, 59], "back-to-fake": [252, 59, 216, 79], "back-to-g": [168, 84, 126, 84] };

/** `light(names)` lights some of its parts, or none; `tell(numbers)` writes the numbers of now. */
export function makeDiagram(parent) {
  const svg = svgNode("svg", {
    class: "gan-plot", role: "img", viewBox: "0 0 372 122", style: "width:auto;min-width:0;max-width:460px;flex:1 1 260px",
    "aria-label": "The game: noise goes through G and becomes fakes; D looks at real samples and at fakes; gradients of the loss come back to D, and through D to G",
  }, parent);
  const parts = {};
  for (const [name, [x1, y1, x2, y2]] of [...Object.entries(WAYS), ...Object.entries(BACK)]) {
    const back = name in BACK, color = back ? "accent" : "muted";
    const angle = Math.atan2(y2 - y1, x2 - x1), wing = (turn) => `L${(x2 - 6 * Math.cos(angle + turn)).toFixed(1)} ${(y2 - 6 * Math.sin(angle + turn)).toFixed(1)}`;
    const d = `M${x1} ${y1}L${x2} ${y2}${wing(0.5)}M${x2} ${y2}${wing(-0.5)}`;
    const style = `fill:none;stroke:${colorOf(color)};stroke-width:1.5${back ? ";stroke-dasharray:3 2" : ""}`;
    parts[name] = svgNode("path", { d, style }, svg);
  }
  for (const [name, [x, y, words, color]] of Object.entries(BOXES)) {
    const group = svgNode("g", {}, svg), width = WIDTHS[name];
    svgNode("rect", { x, y, width, height: HEIGHT, rx: 6, style: `fill:${colorOf("wash")};stroke:${colorOf(color)}` }, group);
    svgNode("text", { x: x + width / 2, y: y + 17, "text-anchor": "middle", style: `fill:${colorOf(color)};font-weight:600` }, group).textContent = words;
    parts[name] = group;
  }
  const note = (x, y, anchor) => svgNode("text", { x, y, "text-anchor": anchor, class: "gan-tick", style: `fill:${colorOf("muted")}` }, svg);
  const notes = { real: note(188, 48, "middle"), fake: note(188, 104, "middle"), d: note(372, 76, "end"), g: note(372, 92, "end") };
  svgNode("text", { x: 372, y: 116, "text-anchor": "end", class: "gan-tick", style: `fill:${colorOf("accent")}` }, svg).textContent = "dashed: gradients";
  return {
    light(names) {
      for (const name in parts) {
        const on = names.includes(name);
        setAttributes(parts[name], { opacity: names.length === 0 || on ? 1 : 0.3, "data-lit": on ? "true" : "false" });
      }
    },
    tell(texts) {
      for (const name in texts) setText(notes[name], texts[name]);
    },
  };
}

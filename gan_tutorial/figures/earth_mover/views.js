// views.js: the three drawings of earth-mover: the piles, the plan and the distribution functions.

import { colorOf } from "../kit/marks.js";
import { followPulls } from "../kit/pointer.js";
import { htmlNode, htmlText, setAttributes, svgNode } from "../kit/text.js";
import { cumulative, sharesOf, totalOf } from "./transport.js";

export const PLACES = [1, 2, 3, 4];
const BLOCK_WIDTH = 0.56;

// Blocks that can be pulled from pile to pile; grabbing one takes those above it along. onDrop gets [from, to, blocks].
export function blockStacks(plot, count, onDrop) {
  const frames = PLACES.map(() => svgNode("rect", { rx: 5, fill: "none", "stroke-dasharray": "7 5", style: `stroke:${colorOf("generator")};stroke-width:2.5` }, plot.area));
  const blocks = Array.from({ length: count }, () => {
    const group = svgNode("g", { style: "cursor:grab;" }, plot.handles);
    const box = svgNode("rect", { rx: 3 }, group);
    const text = svgNode("text", { "text-anchor": "middle", "pointer-events": "none" }, group);
    return { group, box, text };
  });
  const dress = (block, moved) => { // at home a block is solid; away from it, light
    block.box.setAttribute("style", moved
      ? "fill:color-mix(in srgb, var(--gan-data) 20%, var(--gan-paper));stroke:var(--gan-data);stroke-width:1.5"
      : "fill:var(--gan-data);stroke:var(--gan-paper);stroke-width:1.5");
    block.text.setAttribute("style", `fill:var(--gan-${moved ? "ink" : "paper"});font-weight:600`);
  };
  const place = (block, dx, dy) => block.group.setAttribute("transform", `translate(${block.x + dx} ${block.y + dy})`);
  let shown = [];
  let pulled = null;

  blocks.forEach((block) => followPulls(block.group, {
    begin(event) {
      pulled = { from: block.pile, start: plot.eventPoint(event), group: shown.filter((b) => b.pile === block.pile && b.level >= block.level) };
      for (const each of pulled.group) plot.handles.appendChild(each.group); // in front of all others
      block.group.setPointerCapture(event.pointerId); // which the move to the front has lost
    },
    move(event) {
      const [x, y] = plot.eventPoint(event);
      const dx = plot.x(x) - plot.x(pulled.start[0]);
      const dy = plot.y(y) - plot.y(pulled.start[1]);
      for (const each of pulled.group) place(each, dx, dy);
    },
    end(event) {
      const [x] = plot.eventPoint(event);
      const { from, group } = pulled;
      const to = Math.max(1, Math.min(PLACES.length, Math.round(x)));
      if (event.type === "pointerup" && to !== from) onDrop([from, to, group.length]);
      else for (const each of group) place(each, 0, 0);
    },
  }));

  return (piles, Q) => {
    const width = plot.x(BLOCK_WIDTH) - plot.x(0);
    const step = plot.y(0) - plot.y(1);
    const rim = 5;
    Q.forEach((height, j) => setAttributes(frames[j], {
      visibility: height > 0 ? "visible" : "hidden", x: plot.x(j + 1) - width / 2 - rim, y: plot.y(height) - rim,
      width: width + 2 * rim, height: height * step + 2 * rim + 8, // the lower edge hides below the axis
    }));
    shown = [];
    piles.forEach((pile, j) => pile.forEach((origin, level) => {
      const block = blocks[shown.length];
      Object.assign(block, { pile: j + 1, level, x: plot.x(j + 1), y: plot.y(level + 1) });
      setAttributes(block.box, { x: -width / 2, width, height: step });
      setAttributes(block.text, { y: step / 2 + 4.5 });
      if (block.origin !== origin) block.text.textContent = origin + 1;
      if (block.moved !== (origin !== j)) dress(block, origin !== j);
      Object.assign(block, { origin, moved: origin !== j });
      block.group.setAttribute("visibility", "visible");
      place(block, 0, 0);
      shown.push(block);
    }));
    for (const block of blocks.slice(shown.length)) block.group.setAttribute("visibility", "hidden");
  };
}

// γ(x, y) as a table of read-outs, shaded by value, with its margins.
export function planTable(figure) {
  const box = htmlNode("div", { style: "flex:1 1 260px;min-width:min(100%,16rem);align-self:center" }, figure.plots);
  const table = htmlNode("table", { class: "gan-table", style: "width:100%;table-layout:fixed" }, box);
  htmlText(htmlNode("caption", {}, table), "$γ$($x$, $y$) so far: how many blocks came from $x$ (row) and stand at $y$ (column)");
  const head = htmlNode("tr", {}, htmlNode("thead", {}, table));
  htmlText(htmlNode("th", { scope: "col", style: "width:5.4em;text-align:left;padding-left:0" }, head), "from \\ to");
  for (const name of [...PLACES, "sum"]) htmlNode("th", { scope: "col", style: "text-align:center" }, head).textContent = name;
  const body = htmlNode("tbody", {}, table);
  const addRow = (label, names, says) => {
    const row = htmlNode("tr", {}, body);
    htmlText(htmlNode("th", { scope: "row", style: "white-space:nowrap" }, row), label);
    return names.map((name, i) => {
      const cell = htmlNode("td", { style: "text-align:center" }, row);
      return { cell, number: htmlNode("output", { name, "aria-live": "off", "aria-label": says(i) }, cell) };
    });
  };
  const gamma = PLACES.map((x) => addRow(`${x}`, [...PLACES.map((y) => `plan_${x}_${y}`), `given_${x}`], (i) => (i < PLACES.length ? `from ${x} to ${i + 1}` : `blocks of pile ${x}`)));
  const columns = [...PLACES, "total"];
  const stands = addRow("sum", columns.map((y) => `stands_${y}`), (i) => `blocks now, ${columns[i]}`);
  const wanted = addRow("wanted, $Q$", columns.map((y) => `wanted_${y}`), (i) => `blocks wanted, ${columns[i]}`);
  const write = (slot, value, shaded) => {
    if (slot.shown === value) return;
    slot.shown = value;
    slot.number.setAttribute("data-value", value);
    slot.number.textContent = value;
    if (shaded) slot.cell.setAttribute("style", `text-align:center;background:color-mix(in srgb, var(--gan-accent) ${Math.min(48, 12 * value)}%, transparent)`);
  };
  return ({ plan, heights }, P, Q) => {
    gamma.forEach((row, i) => row.forEach((slot, j) => (j < PLACES.length ? write(slot, plan[i][j], true) : write(slot, P[i], false))));
    stands.forEach((slot, j) => write(slot, [...heights, totalOf(P)][j], false));
    wanted.forEach((slot, j) => write(slot, [...Q, totalOf(Q)][j], false));
  };
}

// Both distribution functions as stairs, and what lies between them.
export function stairs(plot) {
  const area = PLACES.slice(1).map(() => svgNode("rect", { style: `fill:${colorOf("accent")}`, opacity: 0.3 }, plot.area));
  const curves = ["data", "generator"].map((color, i) => ({ curve: plot.curve({ color, dash: i ? "7 5" : undefined }), name: plot.label(color) }));
  const xs = [0.5, ...PLACES.flatMap((x) => [x, x]), 4.5];
  return (P, Q) => {
    const [F, G] = [P, Q].map((masses) => cumulative(sharesOf(masses)));
    [F, G].forEach((sums, i) => curves[i].curve.set(xs, [0, 0, ...sums.slice(1).flatMap((y) => [y, y])].slice(0, xs.length)));
    let widest = 2;
    area.forEach((rect, i) => {
      const [top, bottom] = [Math.max(F[i + 1], G[i + 1]), Math.min(F[i + 1], G[i + 1])];
      const known = Number.isFinite(top - bottom);
      setAttributes(rect, { visibility: known ? "visible" : "hidden", ...(known && { x: plot.x(i + 1), y: plot.y(top), width: plot.x(1) - plot.x(0), height: plot.y(bottom) - plot.y(top) }) });
      if (Math.abs(F[i + 1] - G[i + 1]) > Math.abs(F[widest] - G[widest]) + 1e-12) widest = i + 1;
    });
    const upper = F[widest] >= G[widest] ? 0 : 1;
    [F, G].forEach((sums, i) => {
      curves[i].name.show(Number.isFinite(sums[widest]));
      if (Number.isFinite(sums[widest])) curves[i].name.set(i ? "$F_Q$" : "$F_P$", widest + 0.5, sums[widest], "middle", 0, i === upper || sums[widest] < 0.13 ? -8 : 18);
    });
  };
}

// earth-mover: blocks to carry into frames, the plan as a matrix, and the area between the distribution functions.

const PLACES = [1, 2, 3, 4];
const BLOCK_WIDTH = 0.56;

// Blocks that can be pulled from pile to pile; grabbing one takes those above it along. onDrop gets [from, to, blocks].
function blockStacks(plot, count, onDrop) {
  const frames = PLACES.map(() => svgNode("rect", { rx: 5, fill: "none", "stroke-dasharray": "7 5", style: `stroke:${colorOf("generator")};stroke-width:2.5` }, plot.area));
  const blocks = Array.from({ length: count }, () => {
    const group = svgNode("g", { style: "cursor:grab;touch-action:none" }, plot.handles);
    const box = svgNode("rect", { rx: 3, style: `fill:${colorOf("data")};stroke:${colorOf("paper")};stroke-width:1.5` }, group);
    const text = svgNode("text", { "text-anchor": "middle", "pointer-events": "none", style: `fill:${colorOf("paper")};font-weight:600` }, group);
    return { group, box, text };
  });
  const place = (block, dx, dy) => block.group.setAttribute("transform", `translate(${block.x + dx} ${block.y + dy})`);
  let shown = [];
  let pulled = null;

  const release = (event) => {
    if (!pulled) return;
    const [x] = plot.eventPoint(event);
    const { from, group } = pulled;
    const to = Math.max(1, Math.min(PLACES.length, Math.round(x)));
    pulled = null;
    if (event.type === "pointerup" && to !== from) onDrop([from, to, group.length]);
    else for (const block of group) place(block, 0, 0);
  };
  blocks.forEach((block) => {
    block.group.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      block.group.setPointerCapture(event.pointerId);
      pulled = { from: block.pile, start: plot.eventPoint(event), group: shown.filter((b) => b.pile === block.pile && b.level >= block.level) };
    });
    block.group.addEventListener("pointermove", (event) => {
      if (!pulled) return;
      const [x, y] = plot.eventPoint(event);
      const dx = plot.x(x) - plot.x(pulled.start[0]);
      const dy = plot.y(y) - plot.y(pulled.start[1]);
      for (const each of pulled.group) place(each, dx, dy);
    });
    block.group.addEventListener("pointerup", release);
    block.group.addEventListener("pointercancel", release);
  });

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
      setAttributes(block.box, { x: -width / 2, width, height: step, opacity: origin === j ? 1 : 0.72 });
      setAttributes(block.text, { y: step / 2 + 4.5 });
      if (block.origin !== origin) block.text.textContent = origin + 1;
      block.origin = origin;
      block.group.setAttribute("visibility", "visible");
      place(block, 0, 0);
      shown.push(block);
    }));
    for (const block of blocks.slice(shown.length)) block.group.setAttribute("visibility", "hidden");
  };
}

// γ(x, y) as a table of read-outs, shaded by value, with its margins.
function planTable(figure) {
  const box = htmlNode("div", { style: "flex:1 1 260px;min-width:min(100%,16rem);align-self:center" }, figure.plots);
  const table = htmlNode("table", { class: "gan-table", style: "width:100%;table-layout:fixed" }, box);
  htmlText(htmlNode("caption", {}, table), "$γ$($x$, $y$) so far: how many blocks came from $x$ (row) and stand at $y$ (column)");
  const head = htmlNode("tr", {}, htmlNode("thead", {}, table));
  htmlText(htmlNode("th", { scope: "col", style: "width:5.2em" }, head), "from, to");
  for (const name of [...PLACES, "sum"]) htmlNode("th", { scope: "col", style: "text-align:center" }, head).textContent = name;
  const body = htmlNode("tbody", {}, table);
  const addRow = (label, names, says) => {
    const row = htmlNode("tr", {}, body);
    htmlText(htmlNode("th", { scope: "row" }, row), label);
    return names.map((name, i) => {
      const cell = htmlNode("td", { style: "text-align:center" }, row);
      return { cell, number: htmlNode("output", { name, "aria-live": "off", "aria-label": says(i) }, cell) };
    });
  };
  const gamma = PLACES.map((x) => addRow(`${x}`, [...PLACES.map((y) => `plan_${x}_${y}`), `given_${x}`], (i) => (i < PLACES.length ? `from ${x} to ${i + 1}` : `blocks of pile ${x}`)));
  const stands = addRow("sum", PLACES.map((y) => `stands_${y}`), (i) => `blocks now at ${i + 1}`);
  const wanted = addRow("wanted, $Q$", PLACES.map((y) => `wanted_${y}`), (i) => `blocks wanted at ${i + 1}`);
  const write = (slot, value, shaded) => {
    if (slot.shown === value) return;
    slot.shown = value;
    slot.number.setAttribute("data-value", value);
    slot.number.textContent = value;
    if (shaded) slot.cell.setAttribute("style", `text-align:center;background:color-mix(in srgb, var(--gan-accent) ${Math.min(48, 12 * value)}%, transparent)`);
  };
  return ({ plan, heights }, P, Q) => {
    gamma.forEach((row, i) => row.forEach((slot, j) => (j < PLACES.length ? write(slot, plan[i][j], true) : write(slot, P[i], false))));
    stands.forEach((slot, j) => write(slot, heights[j], false));
    wanted.forEach((slot, j) => write(slot, Q[j], false));
  };
}

// Both distribution functions as stairs, and what lies between them.
function stairs(plot) {
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
      if (Number.isFinite(sums[widest])) curves[i].name.set(i ? "$F_Q$" : "$F_P$", widest + 0.5, sums[widest], "middle", 0, i === upper ? -8 : 18);
    });
  };
}

// Controls one beside the other in a row of their own.
function controlRow(figure, columns, add) {
  const outer = figure.controls;
  figure.controls = htmlNode("div", { style: `grid-column:1/-1;display:grid;grid-template-columns:repeat(${columns},minmax(0,1fr));gap:0.2rem 1rem` }, outer);
  add();
  figure.controls = outer;
}

function describe({ cost, least, left, totals }) {
  const [have, want] = totals;
  if (have === 0 || want === 0) return "A distribution needs at least one block.";
  if (have !== want) return `$P$ has ${have} blocks and $Q$ has room for ${want}: no plan fits. $W_1$ and the area compare the shares, each pile divided by its own total.`;
  if (left === 0) return cost === least
    ? `Every frame is full, for ${cost} blocks × steps. No plan is cheaper.`
    : `Every frame is full, but ${cost} is ${cost - least} more than the least, ${least}. Which steps were not needed?`;
  if (cost + left > least) return `With ${left} more this ends at ${cost + left}, not at ${least}: ${cost + left - least} too many. Undo, or go on.`;
  return "Pull a block to another pile, or use the sliders: every frame wants to be full. A block carries the number of the pile that it came from.";
}

function render({ model, el }) {
  const figure = createFigure({ model, el });
  const heights = (letter) => PLACES.map((i) => figure.get(`${letter}_${i}`));
  const setMoves = (moves) => figure.set("moves", moves);
  const carry = (move) => setMoves([...figure.get("moves"), move]);
  const ground = figure.plot({ label: "The piles as they stand, and the frames to fill", x: [0.5, 4.5], y: [0, 7.2], height: 270, yLabel: "blocks $P$ (filled), frames to fill $Q$ (dashed)", xTicks: 4, minWidth: 1000 });
  const drawStacks = blockStacks(ground, 24, carry);
  const arrow = ground.arrows({ color: "accent", width: 2.5, opacity: 1 });
  const price = ground.label("accent");
  const writePlan = planTable(figure);
  const distributions = figure.plot({ label: "The distribution functions of both histograms and the area between them", x: [0.5, 4.5], y: [0, 1.15], height: 230, yLabel: "share of blocks up to here", xTicks: 4, yTicks: 2, minWidth: 260 });
  const drawStairs = stairs(distributions);
  const work = (name, label, color) => figure.output(name, { label, unit: "blocks × steps", digits: 0, color });
  const outputs = {
    cost: work("cost", "cost so far", "data"),
    left: work("remaining", "least still needed"),
    least: work("optimal", "least cost in all", "accent"),
    w1: figure.output("w1", { label: "$W_1$ of the shares", unit: "steps", color: "accent" }),
    area: figure.output("area", { label: "area between $F_P$ and $F_Q$" }),
  };

  controlRow(figure, 3, () => {
    figure.slider("source", { label: "from pile", color: "accent" });
    figure.slider("target", { label: "to pile", color: "accent" });
    figure.slider("blocks", { label: "blocks", color: "accent" });
  });
  const row = htmlNode("div", { class: "gan-button-row", style: "grid-column:1/-1" }, figure.controls);
  const button = (name, label, onClick) => row.appendChild(figure.button(name, { label, onClick }));
  const chosen = () => [figure.get("source"), figure.get("target"), figure.get("blocks")];
  const firstOf = (have) => orderedMoves(monotonePlan(have, heights("q")));
  const move = button("move", "Move", () => carry(chosen()));
  const undo = button("undo", "Undo", () => setMoves(figure.get("moves").slice(0, -1)));
  const reset = button("reset", "Start again", () => setMoves([]));
  const hint = button("hint", "One good move", () => carry(firstOf(playMoves(heights("p"), figure.get("moves")).heights)[0]));
  const best = button("best", "A best plan", () => setMoves(firstOf(heights("p"))));
  const match = button("match", "Match the totals", () => {
    matchTotal(heights("q"), totalOf(heights("p")), figure.get("_bounds").q_1.max).forEach((height, i) => figure.set(`q_${i + 1}`, height));
  });
  for (const [letter, color] of [["p", "data"], ["q", "generator"]]) {
    controlRow(figure, 4, () => PLACES.forEach((i) => figure.slider(`${letter}_${i}`, { label: `$${letter.toUpperCase()}$(${i})`, color })));
  }
  const caption = figure.caption();
  let before = String(heights("p"));

  return figure.start(() => {
    const [P, Q] = [heights("p"), heights("q")];
    if (String(P) !== before) { // other blocks: the work on the old ones is void
      before = String(P);
      if (figure.get("moves").length) return setMoves([]);
    }
    const state = playMoves(P, figure.get("moves"));
    const totals = [totalOf(P), totalOf(Q)];
    const fits = totals[0] === totals[1] && totals[0] > 0;
    const numbers = { cost: state.cost, left: fits ? areaBetween(state.heights, Q) : NaN, least: fits ? planCost(monotonePlan(P, Q)) : NaN };
    ground.setDomain([0.5, 4.5], [0, 1.2 + Math.max(6, ...state.heights, ...Q)]);
    drawStacks(state.piles, Q);
    writePlan(state, P, Q);
    drawStairs(P, Q);

    const [from, to, wish] = chosen();
    const count = Math.min(wish, state.heights[from - 1]);
    const high = ground.domain.y[1] - 0.35;
    arrow.set([from], [high], [to], [high]);
    price.show(from !== to);
    price.set(`${count} × ${Math.abs(to - from)}`, (from + to) / 2, high, "middle", 0, 20);
    const idle = (node, off) => (off ? node.setAttribute("disabled", "") : node.removeAttribute("disabled"));
    idle(move, from === to || count === 0);
    for (const node of [undo, reset]) idle(node, figure.get("moves").length === 0);
    idle(hint, !(numbers.left > 0));
    idle(best, !fits);
    idle(match, totals[0] === totals[1]);

    for (const name in numbers) outputs[name].set(numbers[name]);
    outputs.w1.set(planCost(monotonePlan(sharesOf(P), sharesOf(Q))));
    outputs.area.set(areaBetween(sharesOf(P), sharesOf(Q)));
    caption.set(describe({ ...numbers, totals }));
  });
}

export default { render };

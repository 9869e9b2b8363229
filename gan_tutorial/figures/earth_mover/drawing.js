// earth-mover: blocks to carry into frames, what that costs, and the least that it can cost.

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { areaBetween, matchTotal, monotonePlan, orderedMoves, planCost, playMoves, sharesOf, totalOf } from "./transport.js";
import { PLACES, blockStacks, planTable, stairs } from "./views.js";

function describe({ cost, least, left, totals }) {
  const [have, want] = totals;
  if (have === 0 || want === 0) return "A distribution needs at least one block.";
  if (have !== want) return `$P$ has ${have} blocks and $Q$ has room for ${want}: no plan fits. $W_1$ and the area compare the shares, with $P$ divided by its total and $Q$ by its own.`;
  if (left === 0) return cost === least
    ? `Every frame is full, for ${cost} blocks × steps. No plan is cheaper.`
    : `Every frame is full, but ${cost} is ${cost - least} more than the least, ${least}. Which steps were not needed?`;
  if (cost + left > least) return `With ${left} more this ends at ${cost + left}, not at ${least}: ${cost + left - least} too many. Undo, or go on.`;
  return "Pull a block to another pile, or use the sliders: every frame wants to be full. A block carries the number of the pile that it came from.";
}

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const heights = (letter) => PLACES.map((i) => figure.get(`${letter}_${i}`));
  const setMoves = (moves) => figure.set("moves", moves);
  const carry = (move) => setMoves([...figure.get("moves"), move]);
  const ground = figure.plot({ label: "The piles as they stand, and the frames to fill", x: [0.5, 4.5], y: [0, 7.2], height: 270, yLabel: "blocks $P$ (filled), frames to fill $Q$ (dashed)", xTicks: 4, minWidth: 1000 });
  const drawStacks = blockStacks(ground, 24, carry);
  const arrow = ground.arrows({ color: "accent", width: 2.5, opacity: 1 });
  const price = ground.label("accent");
  const writePlan = planTable(figure);
  const distributions = figure.plot({ label: "The distribution functions of both histograms and the area between them", x: [0.5, 4.5], y: [0, 1.15], height: 230, yLabel: "share of blocks up to here", xTicks: 4, yTicks: 3, minWidth: 260 });
  const drawStairs = stairs(distributions);
  const work = (name, label, color) => figure.output(name, { label, unit: "blocks × steps", digits: 0, color });
  const outputs = {
    cost: work("cost", "cost so far", "data"),
    left: work("remaining", "least still needed"),
    least: work("optimal", "least cost in all", "accent"),
    w1: figure.output("w1", { label: "$W_1$ of the shares", unit: "steps", color: "accent" }),
    area: figure.output("area", { label: "area between $F_P$ and $F_Q$" }),
  };

  const choice = figure.group({ layout: 3 });
  choice.slider("source", { label: "from pile", color: "accent" });
  choice.slider("target", { label: "to pile", color: "accent" });
  choice.slider("blocks", { label: "blocks", color: "accent" });
  const row = figure.group({ layout: "row", wide: true });
  const button = (name, label, onClick) => row.button(name, { label, onClick });
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
    const piles = figure.group({ layout: 4 });
    PLACES.forEach((i) => piles.slider(`${letter}_${i}`, { label: `$${letter.toUpperCase()}$(${i})`, color }));
  }
  const caption = figure.caption();
  const other = changeDetector();
  other(...heights("p"));

  return figure.start(() => {
    const [P, Q] = [heights("p"), heights("q")];
    if (other(...P) && figure.get("moves").length) return setMoves([]); // other blocks: the work on the old ones is void
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
    price.set(`costs ${count} × ${Math.abs(to - from)}`, (from + to) / 2, high, "middle", 0, 20);
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

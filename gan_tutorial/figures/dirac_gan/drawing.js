// dirac-gan: two players, each with one number, and the paths that they take around the solution (0, 0).

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { formatNumber } from "../kit/numbers.js";
import { Sketch } from "../kit/sketch.js";
import { diracField, diracInvariant, diracJourney, diracModulus, diracOrbit } from "./dynamics.js";

const STEPS = 300;
const STEPS_PER_SECOND = 30;

// The whole vector field as arrows on a grid, redrawn when the field or the frame changes.
function fieldArrows(plot) {
  const arrows = plot.arrows({ color: "neutral", width: 1.2, opacity: 0.55 });
  const changed = changeDetector();
  return (settings) => {
    if (!changed(settings.loss, settings.penalty, plot.innerWidth)) return;
    const [x1, y1, x2, y2] = [[], [], [], []];
    const [left, right] = plot.domain.x;
    const spacing = 0.6;
    for (let i = Math.ceil(left / spacing); i * spacing < right; i++) {
      for (let j = -4; j <= 4; j++) {
        const [theta, psi] = [i * spacing, j * spacing];
        const [dTheta, dPsi] = diracField(settings, theta, psi);
        const size = 0.2 / (0.6 + Math.hypot(dTheta, dPsi)); // long arrows are shortened, none vanishes
        x1.push(theta - size * dTheta);
        y1.push(psi - size * dPsi);
        x2.push(theta + size * dTheta);
        y2.push(psi + size * dPsi);
      }
    }
    arrows.set(x1, y1, x2, y2);
  };
}

// Where a distance has come to, in words; as far as before means to 1 %.
function wentFrom(start, now) {
  if (Math.abs(now - start) < 0.01 * start) return "is the same there";
  return now > start ? "has grown" : "has shrunk";
}

const LIMIT = 12; // a path that passes this distance has left the picture

const PROVED = {
  distance: "The flow keeps its distance, and so goes round for ever.",
  ellipse: "This game, in turns, stays on one ellipse for ever: it never arrives.",
};

// What the path on the screen did, in numbers taken from it; then what is known beyond it.
function inWords(settings, orbit) {
  const steps = orbit.radius.length - 1;
  const { lowest, highest, early, late, steady, way } = diracJourney(orbit, LIMIT);
  const thirds = `the largest distance is ${formatNumber(early)} in the first third of these ${steps} steps and ${formatNumber(late)} in the last`;
  const between = `over these ${steps} steps the distance lies between ${formatNumber(lowest)} and ${formatNumber(highest)}`;
  const always = (towards, from, to) => `each of these ${steps} steps leads ${towards}, from ${formatNumber(from)} to ${formatNumber(to)}`;
  const told = {
    away: `Away: after ${steps} steps the distance is above ${LIMIT}.`,
    out: `Outwards: ${steady ? always("farther away", lowest, highest) : thirds}.`,
    in: `Inwards: ${steady ? always("nearer", highest, lowest) : thirds}.`,
    round: `Round: ${between}; the largest is the same in the first third and in the last, to 1 %.`,
    short: `Too few turns to tell in from out: ${between}.`,
  }[way];
  const modulus = diracModulus(settings);
  const factor = `Very close to the solution one step multiplies the distance by ${formatNumber(modulus, 4)}`;
  const near = modulus > 1 + 1e-9 ? ", so it leads away from there." : modulus < 1 - 1e-9 ? ", so it leads in from there." : ", and this alone does not tell in from out.";
  return `${told} ${PROVED[diracInvariant(settings)] ?? factor + near}`;
}

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const phase = figure.plot({ label: "The plane of the two players, with their gradients and their path", x: [-3, 3], y: [-2.8, 2.8], height: 330, xLabel: "generator's point $θ$", yLabel: "discriminator's slope $ψ$", yTicks: 4, xTicks: 6, minWidth: 260, expectedShare: 2 });
  const scores = figure.plot({ label: "The score as a line, the data and the generated point", x: [-3, 3], y: [-4, 4], height: 330, xLabel: "$x$", yLabel: "score $s(x)$ = $ψx$", yTicks: 4, xTicks: 6, minWidth: 260, expectedShare: 2 });
  const distances = figure.plot({ label: "The distance from the solution after each step", x: [0, 1.01 * STEPS], y: [0, 3], height: figure.get("predict") ? 220 : 150, xLabel: "step", yLabel: "distance from the solution", yTicks: 3, minWidth: 1000 });
  const drawField = fieldArrows(phase);
  const ahead = phase.curve({ color: "accent", width: 1.2, opacity: 0.35 });
  const path = phase.curve({ color: "accent", width: 2 });
  const places = phase.dots({ color: "accent", radius: 2, opacity: 0.9 });
  const solution = phase.point({ color: "ink", radius: 5, label: "solution", dx: 8, dy: 18 });
  const now = phase.point({ color: "accent", radius: 6 });
  const start = phase.point({ color: "discriminator", radius: 7, label: "start", drag: { x: "theta", y: "psi" } });
  const line = scores.curve({ color: "discriminator", width: 3 });
  const pull = scores.arrows({ color: "generator", width: 2.5, opacity: 1 });
  const real = scores.point({ color: "data", radius: 7, label: "data", dx: 8, dy: 20 });
  const fake = scores.point({ color: "generator", radius: 7, label: "$θ$", dx: 6, dy: -12 });
  const distanceAhead = distances.curve({ color: "accent", width: 1.2, opacity: 0.35 });
  const distance = distances.curve({ color: "accent", width: 2.5 });
  const distanceNow = distances.point({ color: "accent", radius: 5 });

  const sketch = new Sketch(figure, distances, {
    knots: Array.from({ length: 31 }, (_, i) => (i * STEPS) / 30),
    start: 2.5,
    top: 3,
    name: "the distance",
    across: "step",
    means: ({ truth }) => `At the start the distance was ${formatNumber(orbit.radius[0])}: it ${wentFrom(orbit.radius[0], truth)}.`,
  });

  const outputs = {
    step: figure.output("step", { label: "step", digits: 0 }),
    radius: figure.output("radius", { label: "distance now", digits: 4 }),
    startRadius: figure.output("start_radius", { label: "at the start", digits: 4 }),
    modulus: figure.output("modulus", { label: "factor of one small step", digits: 4, format: (factor, digits) => (Number.isNaN(factor) ? "?" : formatNumber(factor, digits)) }),
  };
  figure.select("loss", { label: "cost", options: [["minimax", "minimax"], ["non-saturating", "non-saturating"], ["wgan", "WGAN (bilinear)"]] });
  figure.select("updates", { label: "who moves when", options: [["flow", "both, continuously"], ["simultaneous", "both at once, in steps"], ["alternating", "in turns: first D, then G"]] });
  figure.slider("rate", { label: "step size $h$" });
  figure.slider("k", { label: "steps of D for one of G, $k$", color: "discriminator", idle: () => (figure.get("updates") === "flow" ? "a flow has no steps" : "") });
  figure.slider("penalty", { label: "gradient penalty $γ$", color: "discriminator" });
  figure.slider("theta", { label: "start, $θ$", color: "generator" });
  figure.slider("psi", { label: "start, $ψ$", color: "discriminator" });
  const caption = figure.caption();

  let orbit = null;
  let settings = null;
  let shown = Infinity; // how far along the path we are, in steps; beyond its end the whole path is shown
  const lastStep = () => orbit.theta.length - 1;

  const drawProgress = () => {
    const i = Math.min(Math.floor(shown), lastStep());
    const [theta, psi] = [orbit.theta[i], orbit.psi[i]];
    const steps = Float64Array.from({ length: i + 1 }, (_, n) => n);
    for (const curve of [ahead, distanceAhead]) curve.show(i < lastStep() && !sketch.hides);
    path.set(orbit.theta.slice(0, i + 1), orbit.psi.slice(0, i + 1));
    places.set(settings.updates === "flow" ? [] : orbit.theta.slice(0, i + 1), orbit.psi);
    distance.set(steps, orbit.radius.slice(0, i + 1));
    now.set(theta, psi);
    distanceNow.set(i, orbit.radius[i]);
    line.set([-6, 6], [-6 * psi, 6 * psi]);
    real.set(0, 0);
    fake.set(theta, theta * psi);
    const [move] = diracField(settings, theta, psi);
    pull.set([theta], [theta * psi], [theta + move], [(theta + move) * psi]);
    outputs.step.set(i);
    outputs.radius.set(orbit.radius[i]);
  };

  const loop = figure.loop((milliseconds) => {
    shown += (milliseconds * STEPS_PER_SECOND) / 1000;
    if (shown >= lastStep()) pause();
    drawProgress();
  });
  const row = figure.group({ layout: "row" });
  const buttons = [];
  const addButton = (name, label, onClick) => {
    buttons.push(row.button(name, { label, onClick }));
    return buttons[buttons.length - 1];
  };
  const play = addButton("play", "Play", () => (loop.running ? pause() : resume()));
  const showPlaying = (playing) => {
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", playing);
  };
  function pause() {
    loop.stop();
    showPlaying(false);
  }
  function resume() {
    if (shown >= lastStep()) shown = 0;
    if (figure.reducedMotion) shown = Infinity;
    else loop.start();
    showPlaying(loop.running);
    drawProgress();
  }
  addButton("step_once", "Step", () => {
    pause();
    shown = shown >= lastStep() ? 1 : Math.floor(shown) + 1;
    drawProgress();
  });
  addButton("reset", "Reset", () => {
    pause();
    shown = 0;
    drawProgress();
  });
  showPlaying(false);

  const draw = () => {
    settings = {};
    for (const name of ["loss", "updates", "theta", "psi", "rate", "k", "penalty"]) settings[name] = figure.get(name);
    const unit = Math.min(phase.innerWidth, phase.innerHeight) / 5.6; // the same both ways, so that circles look round
    const [across, up] = [phase.innerWidth / unit / 2, phase.innerHeight / unit / 2];
    phase.setDomain([-across, across], [-up, up]);
    orbit = diracOrbit(settings, STEPS, LIMIT);
    for (const button of buttons) button.disabled = sketch.hides;
    if (sketch.hides) pause(); // the reader's line comes first
    if (loop.running || sketch.hides) shown = 0;
    else shown = Infinity;
    drawField(settings);
    solution.set(0, 0);
    ahead.set(orbit.theta, orbit.psi);
    distanceAhead.set(Float64Array.from(orbit.radius, (_, i) => i), orbit.radius);
    start.set(settings.theta, settings.psi);
    outputs.startRadius.set(orbit.radius[0]);
    outputs.modulus.set(sketch.hides ? NaN : diracModulus(settings));
    caption.set(sketch.hides ? `The path starts at the distance ${formatNumber(orbit.radius[0])}. It is shown after your line.` : inWords(settings, orbit));
    sketch.draw((step) => orbit.radius[step] ?? NaN);
    drawProgress();
  };
  sketch.drawFigure = draw;
  return figure.start(draw);
}

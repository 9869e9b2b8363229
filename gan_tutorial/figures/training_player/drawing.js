// training-player: recorded training runs to scrub through. A run is unpacked and measured once, when it is chosen;
// a moment only moves the marks that change with time.

import { changeDetector } from "../kit/changes.js";
import { createFigure } from "../kit/figure.js";
import { htmlText } from "../kit/text.js";
import { readRecording } from "./recording.js";

const PACE = 10; // moments per second; a third of it for readers who ask for less motion

function makePlots(figure) {
  const shared = { x: [-6, 6], minWidth: 1000 };
  const timeline = { x: [0, 1], height: 170, xLabel: "step of $G$", minWidth: 290, expectedShare: 2.1, xTicks: 4 };
  return {
    densities: figure.plot({ ...shared, label: "The densities of data and generator over x", y: [0, 1], height: 180, yLabel: "density", yTicks: 3, xTicks: 0, margin: { bottom: 10 } }),
    answers: figure.plot({ ...shared, label: "The learned and the optimal discriminator over x", y: [0, 1.2], height: 160, yLabel: "discriminator", yTicks: 2, margin: { bottom: 24 } }),
    arrows: figure.plot({ ...shared, label: "Arrows from noise z to the samples x = G(z)", y: [0, 1], height: 86, yTicks: 0, xTicks: 0, margin: { top: 4, bottom: 8 } }),
    values: figure.plot({ ...timeline, label: "The value of the game over the steps, learned and best", y: [-1.5, 0.1], yLabel: "value (nats)", yTicks: 3 }),
    distance: figure.plot({ ...timeline, label: "The Jensen-Shannon divergence over the steps", y: [0, 0.72], yLabel: "JSD (nats)", yTicks: 3 }),
  };
}

function makeMarks({ densities, answers, arrows, values, distance }) {
  return {
    data: densities.curve({ color: "data", label: "$p_data$", fill: true }),
    fake: densities.curve({ color: "generator", label: "$p_g$", fill: true }),
    half: answers.rule({ color: "neutral", label: "½" }),
    best: answers.curve({ color: "neutral", label: "$D^*$ of this moment", labelAt: "max", dash: "6 4" }),
    learned: answers.curve({ color: "discriminator", label: "$D$", labelAt: "start", anchor: "start", width: 3 }),
    arrows: arrows.arrows({ color: "generator" }),
    noise: arrows.label("generator"),
    image: arrows.label("generator"),
    floor: values.rule({ color: "neutral", label: "−log 4", dy: 15 }),
    optimum: values.curve({ color: "neutral", label: "$V$($D^*$, $G$)", labelAt: "max", dash: "6 4", anchor: "start", dx: 14, dy: 16 }),
    value: values.curve({ color: "discriminator", label: "$V$($D$, $G$)", labelAt: "end", anchor: "end", dy: -14 }),
    valueNow: values.point({ color: "discriminator", radius: 5 }),
    ceiling: distance.rule({ color: "neutral", label: "log 2", dy: 14 }),
    js: distance.curve({ color: "accent" }),
    jsNow: distance.point({ color: "accent", radius: 5 }),
  };
}

// What stays while a run plays.
function drawRun({ densities, answers, arrows, values, distance }, marks, { low, high }, recording) {
  const { moments, steps } = recording;
  const top = 2.1 * recording.data.reduce((a, b) => Math.max(a, b), 0);
  const end = Math.max(1, steps[steps.length - 1]);
  const lowest = moments.reduce((least, moment) => Math.min(least, moment.value), -1.7);
  densities.setDomain([low, high], [0, top]);
  answers.setDomain([low, high], [0, 1.2]);
  arrows.setDomain([low, high], [0, 1]);
  values.setDomain([0, end], [Math.max(-4, 1.05 * lowest), 0.1]);
  distance.setDomain([0, end], [0, 0.76]);
  marks.data.set(recording.centres, recording.data);
  marks.half.set(0.5);
  marks.noise.set("$z$", low, 0, "start", 4, -4);
  marks.image.set("$x$ = $G$($z$)", low, 1, "start", 4, 16);
  marks.floor.set(-2 * Math.LN2);
  marks.ceiling.set(Math.LN2);
  marks.optimum.set(steps, moments.map((moment) => moment.best));
  marks.value.set(steps, moments.map((moment) => moment.value));
  marks.js.set(steps, moments.map((moment) => moment.js));
}

function drawMoment(marks, recording, moment, tails) {
  marks.fake.set(recording.centres, moment.density);
  marks.best.set(recording.centres, moment.optimal);
  marks.learned.set(recording.centres, moment.learned);
  marks.arrows.set(recording.z, tails.low, moment.x, tails.high);
  marks.valueNow.set(moment.step, moment.value);
  marks.jsNow.set(moment.step, moment.js);
}

function makeOutputs(figure) {
  return {
    step: figure.output("step", { label: "step", digits: 0 }),
    js: figure.output("js", { label: "JSD", unit: "nats", color: "accent" }),
    value: figure.output("value", { label: "$V$($D$, $G$)", unit: "nats", color: "discriminator" }),
    best: figure.output("best", { label: "$V$($D^*$, $G$)", unit: "nats" }),
    accuracy: figure.output("accuracy", { label: "$D$ is right", format: (share) => `${(100 * share).toFixed(0)} %` }),
  };
}

// The button that plays: from the start again once the end is reached.
function addPlayButton(figure, last) {
  let place = 0;
  const loop = figure.loop((milliseconds) => {
    if (Math.round(place) !== figure.get("frame")) place = figure.get("frame"); // moved by hand meanwhile
    place = Math.min(last(), place + (milliseconds / 1000) * PACE * (figure.reducedMotion ? 1 / 3 : 1));
    figure.set("frame", Math.round(place));
    if (place >= last()) pause();
  });
  const button = figure.button("play", { label: "Play", onClick: () => (loop.running ? pause() : play()) });
  const pause = () => {
    loop.stop();
    htmlText(button, "Play");
  };
  const play = () => {
    if (figure.get("frame") >= last()) figure.set("frame", 0);
    place = figure.get("frame");
    loop.start();
    htmlText(button, "Pause");
  };
}

export function render({ model, el }) {
  const figure = createFigure({ model, el });
  const plots = makePlots(figure);
  const marks = makeMarks(plots);
  const outputs = makeOutputs(figure);
  const caption = figure.caption();
  const runNow = () => figure.get("runs").find((run) => run.name === figure.get("run")) ?? figure.get("runs")[0];
  const last = () => runNow().steps.length - 1;
  figure.select("run", { label: "run", options: figure.get("runs").map(({ name }) => [name, name]) });
  figure.slider("frame", { label: "moment", output: false, format: (frame) => `step ${runNow().steps[Math.min(frame, last())]}` });
  addPlayButton(figure, last);

  const otherRun = changeDetector();
  const otherPlots = changeDetector();
  let recording = null;
  let tails = null;
  return figure.start(() => {
    const run = runNow();
    if (otherRun(run)) {
      recording = readRecording(run);
      tails = { low: recording.z.map(() => 0.02), high: recording.z.map(() => 0.98) };
    }
    if (otherPlots(run, ...figure.plotList.map((plot) => plot.width))) drawRun(plots, marks, run, recording);
    const moment = recording.moments[Math.min(figure.get("frame"), last())];
    drawMoment(marks, recording, moment, tails);
    for (const name in outputs) outputs[name].set(moment[name]);
    caption.set(run.note);
  });
}

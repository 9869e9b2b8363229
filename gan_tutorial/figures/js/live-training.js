// live-training: a GAN in one dimension that trains in the page, beside what the theory says of this very moment.

const LIVE_PACE = { slow: 5, medium: 100, full: Infinity }; // rounds a second
const LIVE_SLICE = 6; // milliseconds of training in a frame of 16
const LIVE_REPORT = 1000; // milliseconds between two reports to Python

const LIVE_NAMES = {
  "one-bell": "one bell", "two-bells": "two bells", "three-bells": "three bells", "far-bell": "one bell, far off",
  lopsided: "lopsided", drawn: "drawn by hand", minimax: "minimax: min log(1 − D(G(z)))",
  "non-saturating": "non-saturating: max log D(G(z))", wgan: "WGAN, clipped weights", "wgan-gp": "WGAN-GP",
  "least-squares": "least squares", sgd: "SGD", momentum: "SGD with momentum", rmsprop: "RMSProp", adam: "Adam",
  "leaky-relu": "leaky ReLU", relu: "ReLU", normal: "N(0, 1)", uniform: "uniform on ±√3",
};

// What to say of each failure, and the page that explains it.
const LIVE_WARNINGS = {
  diverged: [() => "The run has diverged: its losses are no longer finite. Reset it, and try smaller rates.", "training-1d"],
  saturated: [
    ({ pull }) => `Saturation: D is so sure that only ${(100 * pull).toFixed(1)} % of the gradient in its logit is left for G, which stands still.`,
    "minimax-game",
  ],
  collapsed: [({ missed }) => `Collapse (the “Helvetica scenario”): $p_g$ all but misses ${(100 * missed).toFixed(0)} % of the data.`, "training-1d"],
  oscillating: [
    ({ watch }) => `Oscillation: the mean of $p_g$ turned back ${watch.swings.length} times in the last ${LIVE_SWING_STEPS} steps.`,
    "training-1d",
  ],
};

function render({ model, el }) {
  const inBook = el.getAttribute("data-figure") === model.get("_name");
  const figure = createFigure({ model, el });
  const view = makeLiveView(figure);
  const readOuts = makeReadOuts(figure);
  const say = makeAnnouncer(figure, inBook);
  const live = { trainer: null, holding: false, due: 0, rounds: 0, spent: 0, pace: 0, key: "", tuning: "", story: "" };

  const settings = () => Object.fromEntries(Object.keys(LIVE_SETTINGS).map((name) => [name, figure.get(name)]));
  const paint = (all) => {
    lookAtLive(live.trainer);
    view.paint(live.trainer, all);
    readOuts(live.trainer, live.pace);
    say(live.trainer, live.story);
  };
  const report = () => {
    const { step, jsd, w1, history } = live.trainer;
    live.holding = true;
    const rows = Object.fromEntries(LIVE_SERIES.map((name) => [name, Array.from(shownRows(history, name))]));
    for (const [name, value] of Object.entries({ step, jsd, w1, failures: liveFailures(live.trainer), history: rows })) model.set(name, value);
    model.save_changes();
    live.holding = false;
  };
  const change = (changes, { anew = false } = {}) => {
    live.holding = true;
    for (const name in changes) figure.set(name, changes[name]);
    live.holding = false;
    if (anew) live.trainer = null;
    draw();
  };
  const restart = () => {
    change({}, { anew: true });
    report();
  };

  // Runs after every change of a trait: begin a new run, tune the one there is, or only paint.
  function draw() {
    if (live.holding) return;
    const chosen = settings();
    const tuning = LIVE_TUNABLE.map((name) => chosen[name]).join(" ");
    const key = Object.keys(chosen).filter((name) => !LIVE_TUNABLE.includes(name)).map((name) => chosen[name]).join(" ");
    if (key !== live.key || live.trainer === null) {
      live.trainer = makeTrainer(chosen);
      Object.assign(live, { due: 0, pace: 0, rounds: 0, spent: 0 });
    } else if (tuning !== live.tuning) tuneLive(live.trainer, chosen);
    if (live.key && (key !== live.key || tuning !== live.tuning)) address.write(chosen);
    const story = Object.values(LIVE_PRESETS).find((preset) => isPreset(figure, preset.settings));
    Object.assign(live, { key, tuning, story: story ? story.story : "" });
    if (figure.get("playing")) loop.start();
    else loop.stop();
    paint(true);
  }

  const play = (milliseconds) => {
    const { trainer } = live, pace = LIVE_PACE[figure.get("speed")], begun = performance.now();
    live.due = Math.min(live.due + (pace * milliseconds) / 1000, pace === Infinity ? Infinity : 10);
    let rounds = 0;
    for (; live.due >= 1 && !trainer.diverged && performance.now() - begun < LIVE_SLICE; live.due -= 1, rounds += 1) liveRound(trainer);
    if (pace === Infinity) live.due = 0;
    live.rounds += rounds;
    live.spent += milliseconds;
    paint(false);
    if (live.spent < LIVE_REPORT) return;
    live.pace = (1000 * live.rounds) / live.spent;
    live.rounds = live.spent = 0;
    report();
    if (trainer.diverged) pause();
  };
  const loop = figure.loop(play);
  const pause = () => {
    figure.set("playing", false);
    report();
  };
  const once = (move) => () => {
    pause();
    move(live.trainer);
    paint(true);
    report();
  };

  const address = makeAddress(figure, change);
  makeLiveControls(figure, { change, once, restart, pause });
  makePen(figure, view.densities, change);
  if (figure.reducedMotion) figure.set("playing", false);
  address.read();
  return figure.start(draw);
}

// ---------------------------------------------------------------- controls

/** Let what `build` makes land in a box of its own: above the plots, or below them. */
function liveBox(figure, style, build, { title, above = false } = {}) {
  const outer = htmlNode("div", { class: "gan-controls", style: "grid-template-columns:1fr;margin:0.35rem 0 0.6rem" });
  if (title) htmlNode("div", { class: "gan-control-label", style: "font-weight:600" }, outer).textContent = title;
  const box = htmlNode("div", { style, ...(title && { role: "group", "aria-label": title }) }, outer), usual = figure.controls;
  figure.controls = box;
  build();
  figure.controls = usual;
  if (!above) figure.root.appendChild(outer);
  else if (typeof figure.root.insertBefore === "function") figure.root.insertBefore(outer, figure.plots);
  return outer;
}

function makeLiveControls(figure, { change, once, restart, pause }) {
  const row = "display:flex;flex-wrap:wrap;gap:0.4rem 0.5rem;align-items:end";
  liveBox(figure, row, () => {
    for (const [name, { label, settings }] of Object.entries(LIVE_PRESETS)) {
      const button = figure.button(`preset-${name}`, { label, onClick: () => change({ ...presetOf(settings), playing: !figure.reducedMotion }, { anew: true }) });
      figure.syncs.push(() => button.setAttribute("aria-pressed", String(isPreset(figure, settings))));
    }
  }, { title: "Stories, one click each", above: true });
  liveBox(figure, row, () => {
    const playing = figure.button("playing", { label: "Play", onClick: () => (figure.get("playing") ? pause() : figure.set("playing", true)) });
    figure.syncs.push(() => {
      playing.textContent = figure.get("playing") ? "Pause" : "Play";
      playing.setAttribute("aria-pressed", String(figure.get("playing")));
    });
    figure.button("step-both", { label: "One round", onClick: once(liveRound) });
    figure.button("step-d", { label: "Only D", onClick: once(liveDiscriminatorStep) });
    figure.button("step-g", { label: "Only G", onClick: once(liveGeneratorStep) });
    figure.button("reset", { label: "Reset", onClick: restart });
    const speeds = [["slow", "slow: 5 rounds/s"], ["medium", "medium: 100 rounds/s"], ["full", "as fast as it goes"]];
    figure.select("speed", { label: "speed", options: speeds });
  }, { above: true });
  makeSettings(figure);
}

const presetOf = (settings) => {
  const { seed, drawing, ...rest } = LIVE_SETTINGS; // a story keeps the reader's seed and drawing
  return { ...rest, ...settings };
};

const isPreset = (figure, settings) => Object.entries(presetOf(settings)).every(([name, value]) => figure.get(name) === value);

function makeSettings(figure) {
  const options = (name) => ({ options: LIVE_CHOICES[name].map((value) => [value, LIVE_NAMES[value] ?? value]) });
  const power = (value) => formatNumber(10 ** value, value < -2.95 ? 5 : value < -1 ? 4 : 3);
  figure.select("data", { label: "$p_data$", ...options("data") });
  figure.select("objective", { label: "objective", ...options("objective") });
  figure.slider("k", { label: "$k$: steps of D for one of G", digits: 0, color: "discriminator" });
  figure.slider("log_rate_d", { label: "D's learning rate", format: power, color: "discriminator" });
  figure.slider("log_rate_g", { label: "G's learning rate", format: power, color: "generator" });
  figure.select("optimizer", { label: "optimiser", ...options("optimizer") });
  figure.slider("momentum", { label: "momentum (Adam's $β_1$)" });
  const clip = figure.slider("log_clip", { label: "WGAN: weights within ±", format: power });
  figure.syncs.push(() => { clip.disabled = figure.get("objective") !== "wgan"; });
  figure.slider("width_d", { label: "units per layer of D", digits: 0, color: "discriminator" });
  figure.slider("width_g", { label: "units per layer of G", digits: 0, color: "generator" });
  figure.select("activation", { label: "activation", ...options("activation") });
  figure.select("prior", { label: "noise $p_z$", ...options("prior") });
  figure.slider("batch", { label: "batch", digits: 0 });
  figure.slider("seed", { label: "seed", digits: 0 });
  figure.root.appendChild(figure.controls);
}

// ---------------------------------------------------------------- drawing p_data

function makePen(figure, plot, change) {
  const row = "display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:0.55rem 1.4rem;align-items:end";
  let drawing = null; // the drawing under the pen while the pointer is down
  let last = null;
  liveBox(figure, row, () => {
    const pen = figure.slider("pen", { label: "pen over $x$ =", digits: 1, format: (column) => formatNumber(penCentre(column), 1), color: "data" });
    pen.addEventListener("input", () => change({ height: parseInt(startOf(figure)[figure.get("pen")], 36) }));
    const height = figure.slider("height", { label: "height under the pen", digits: 0, color: "data" });
    height.addEventListener("input", () => {
      change({ drawing: drawLine(startOf(figure), figure.get("pen"), figure.get("height"), null), data: "drawn" });
    });
  }, { title: "Draw p_data: with the pointer on the upper plot, or here with the keyboard" });
  if (typeof PointerEvent !== "function") return;
  plot.svg.setAttribute("style", "cursor:crosshair;touch-action:pan-y");
  const draw = (event) => {
    const [x, y] = plot.eventPoint(event);
    const column = Math.max(0, Math.min(LIVE_COLUMNS - 1, Math.floor((x + LIVE_REACH) / (2 * LIVE_CELL))));
    const level = Math.max(0, Math.min(35, Math.round((36 * y) / plot.domain.y[1])));
    drawing = drawLine(drawing, column, level, last);
    last = [column, level];
    change({ drawing, data: "drawn", pen: column, height: level });
  };
  plot.svg.addEventListener("pointerdown", (event) => {
    plot.svg.setPointerCapture(event.pointerId);
    drawing = startOf(figure);
    last = null;
    draw(event);
  });
  plot.svg.addEventListener("pointermove", (event) => {
    if (drawing !== null && plot.svg.hasPointerCapture(event.pointerId)) draw(event);
  });
  for (const end of ["pointerup", "pointercancel"]) plot.svg.addEventListener(end, () => { drawing = null; });
}

const penCentre = (column) => -LIVE_REACH + (column + 0.5) * 2 * LIVE_CELL;

/** A drawing goes on from the density that is shown. */
function startOf(figure) {
  const kind = figure.get("data");
  if (kind === "drawn") return figure.get("drawing");
  const masses = liveDataMasses(kind, ""), most = Math.max(...masses);
  return Array.from({ length: LIVE_COLUMNS }, (_, i) => Math.round((24 * masses[2 * i]) / most).toString(36)).join("");
}

/** The drawing with a straight stroke from `last` (or a single dab) to the level at a column. */
function drawLine(drawing, column, level, last) {
  const digits = [...drawing], [from, start] = last ?? [column, level];
  const step = Math.sign(column - from) || 1;
  for (let at = from; ; at += step) {
    const share = column === from ? 1 : (at - from) / (column - from);
    digits[at] = Math.round(start + share * (level - start)).toString(36);
    if (at === column) return digits.join("");
  }
}

// ---------------------------------------------------------------- words and numbers

const plainNumber = (value, digits) => formatNumber(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value, digits);

function makeReadOuts(figure) {
  const step = figure.output("step", { label: "steps of G", digits: 0 });
  const pace = figure.output("pace", { label: "rounds/s", digits: 0 });
  const jsd = figure.output("jsd", { label: "JSD", unit: "nats", digits: 3, color: "accent" });
  const w1 = figure.output("w1", { label: "$W_1$", digits: 3, color: "accent" });
  const value = figure.output("value", { label: "−D's loss", digits: 3, color: "discriminator", format: plainNumber });
  const criterion = figure.output("criterion", { label: "$C$($G$) = −log 4 + 2 JSD", digits: 3, color: "accent", format: plainNumber });
  const pull = figure.output("pull", { label: "G's gradient in the logit", digits: 3, color: "generator", format: plainNumber });
  return (trainer, rate) => {
    step.set(trainer.step);
    pace.set(rate);
    jsd.set(trainer.jsd);
    w1.set(trainer.w1);
    value.set(-trainer.game.discriminatorLoss);
    criterion.set(2 * trainer.jsd - Math.log(4));
    pull.set(trainer.pull);
  };
}

/** One line on how p_g is known, and a spoken one when something known goes wrong. */
function makeAnnouncer(figure, inBook) {
  const how = figure.caption();
  const warning = htmlNode("p", { class: "gan-caption", role: "status", style: "color:var(--gan-ink);font-weight:600" }, figure.root);
  const words = htmlNode("span", {}, warning);
  const link = htmlNode("a", {}, warning);
  let shown = "", said = 0;
  return (trainer, story) => {
    const density = trainer.push.monotone
      ? "$p_g$ is exact: G is monotone, so each slice of noise has one place."
      : "$p_g$ is a histogram of 1024 slices of noise: G folds here, so no inverse exists.";
    how.set(`${story} ${density} Dashed: the best discriminator for these very densities.`);
    const [failure = ""] = liveFailures(trainer);
    if (failure === shown && (!failure || Math.abs(trainer.step - said) < 200)) return; // no chatter
    shown = failure;
    said = trainer.step;
    const [text, page] = LIVE_WARNINGS[failure] ?? [() => "", ""];
    htmlText(words, `${text(trainer)} `);
    warning.setAttribute("data-failure", failure);
    link.textContent = failure && inBook ? "Why?" : "";
    if (failure && inBook) link.setAttribute("href", `${page}.html`);
  };
}

/** The settings in the page's address, where the figure is asked to keep them there. */
function makeAddress(figure, change) {
  const active = figure.get("address") && typeof location === "object" && typeof history === "object";
  const wanted = () => (active && location.hash.includes("=") ? readLiveFragment(location.hash, figure.get("_bounds")) : {});
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
    // Once the reader's hand rests: a browser takes milliseconds for this, and only so many a minute.
    write(chosen) {
      if (!active) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const fragment = liveFragment(chosen);
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
      }, 200);
    },
  };
}

export default { render };

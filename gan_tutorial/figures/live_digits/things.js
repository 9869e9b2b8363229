// things.js: what a reader brings to the figure and takes home: pictures, weights, code.

import { OWN_KEYS } from "../kit/controls.js";
import { hasCanvas } from "../kit/marks.js";
import { htmlNode, htmlText } from "../kit/text.js";
import { followAverage } from "../engine/players.js";
import { codeOf } from "./code.js";
import { picturesFrom } from "./own.js";
import { NOISE, SETTINGS } from "./trainer.js";
import { packGenerator, readWeights, unpackInto } from "./weights.js";

const FILE = "digits-generator.bin";

/** `shipped` holds what runs learn from, `usual()` what came with the page; `say` shows words. */
export function makeThings(figure, session, { shipped, usual, say }) {
  const group = figure.group({ title: "Take it home, and bring your own" }), row = group.group({ layout: "row" });
  const draw = session.once;
  row.button("save", { label: "Save the generator", onClick: draw((trainer) => {
    if (figure.get("activation") !== "leaky-relu") return say("A file is for networks with leaky ReLU: this generator cannot be saved.");
    const { average, game, labelled } = trainer, asked = labelled ? ", torch.arange(64) % 10" : "";
    download(packGenerator(figure.get("shown") === "average" ? average : game.generator, labelled));
    say(`Saved as ${FILE}. In Python: G = generator("digits", folder=Path("…")) of gan_tutorial.recorded; then G(torch.randn(64, ${NOISE})${asked}).`);
  }) });
  makeInput(row, "weights", { label: "Load a generator", accept: ".bin", onFiles: async ([file]) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let labels = "none";
    try {
      if (readWeights(bytes).classes > 0) labels = "given";
    } catch (error) {
      return say(`${file.name} cannot be used: ${error.message}.`);
    }
    const own = shipped.material !== usual();
    if (labels === "given" && own) return say(`${file.name} cannot be used: its generator wants labels, and your pictures have none.`);
    const blurs = figure.get("blur") > 0; // a file has the blur in its weights
    const anew = blurs || (!own && labels !== figure.get("labels"));
    if (anew) session.change(own ? { blur: 0 } : { blur: 0, labels }, { anew: true });
    draw((trainer) => {
      unpackInto(trainer.game.generator, bytes);
      followAverage(trainer.average, trainer.game.generator, 1);
      trainer.loaded = true;
      say(`${file.name} is loaded: G begins with its weights${blurs ? ", which hold the blur," : ""} and D ${anew ? "begins anew" : "is as it was"}.`);
    })();
  } });
  const take = async (files) => {
    if (files.length === 0) return;
    say(`Reading ${files.length.toLocaleString("en")} files …`);
    const { material, words } = await picturesFrom(files);
    say(words);
    if (material === null) return;
    shipped.material = material;
    session.restart();
  };
  makeInput(row, "pictures", { label: "Learn from your own pictures (100 or more)", accept: "image/*", many: true, onFiles: take });
  row.button("digits", { label: "Back to the digits", onClick: () => {
    say("");
    shipped.material = usual();
    session.restart();
  } });
  takeDrops(figure, take);
  showCode(figure);
}

function download(bytes) {
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  htmlNode("a", { href: address, download: FILE }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** A field for files. */
function makeInput(group, name, { label, accept, many = false, onFiles }) {
  const box = htmlNode("label", { class: "gan-control" }, group.node);
  htmlText(htmlNode("span", { class: "gan-control-label" }, box), label);
  const input = htmlNode("input", { type: "file", name, accept, multiple: many ? "" : undefined, style: "max-width:16rem", ...OWN_KEYS }, box);
  input.addEventListener("change", () => onFiles([...input.files]).then(() => { input.value = ""; }));
}

function takeDrops(figure, take) {
  if (!hasCanvas) return;
  figure.root.addEventListener("dragover", (event) => event.preventDefault());
  figure.root.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

function showCode(figure) {
  const fold = htmlNode("details", { class: "gan-wide" }, figure.controls.node);
  htmlText(htmlNode("summary", { style: "cursor:pointer", ...OWN_KEYS }, fold), "The same run in PyTorch");
  const text = htmlNode("div", { class: "gan-code", style: "font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;line-height:1.4" }, fold);
  let shown = "";
  figure.syncs.push(() => {
    const code = codeOf(settingsOf(figure));
    if (code !== shown) text.textContent = shown = code;
  });
}

const settingsOf = (figure) => Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, figure.get(name)]));

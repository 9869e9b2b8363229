"""What the page "Digits from nothing" comes to: its own training in Chromium, over seeds, and how legible it draws.

Beside it stand the same run with one choice taken back, real digits that were held out, and pictures that must fail:
noise, two digits laid over one another, the ten means.
"""

from __future__ import annotations

import base64
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial import recorded
from gan_tutorial._engine.cli import provenance
from gan_tutorial.data import flatten, load
from gan_tutorial.figures import LiveDigits
from gan_tutorial.figures.linker import with_globals
from gan_tutorial.figures.live_digits import LEVELS, content, digits
from gan_tutorial.metrics import Reader
from gan_tutorial.metrics.reader import NO_DIGIT, blends, means
from recordings.browser import chromium
from recordings.runs import write

STEPS, SEEDS, FEW = 8000, (1, 2, 3, 4, 5), 3  # so many of the seeds for a choice that is taken back
VARIANTS: dict[str, dict[str, Any]] = {
    "no labels": {"labels": "none"},
    "no blur": {"blur": 0},
    "rates and penalty stay": {"fall": 0},
    "the cost of 2014": {"objective": "non-saturating"},
}
SAMPLES, SHEET, MEASURED = 1000, 64, 256  # the page shows 64 and reads 256
MODULES = ("live/run.js", "live_digits/digits.js", "live_digits/trainer.js")
START = """async ([file, settings]) => {
  const material = await unpack(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)));
  globalThis.trainer = makeTrainer(settings, makeEngine(), material);
  globalThis.measure = trainer.measure;
  trainer.measure = () => {}; // once, at the end
}"""
PLAY = "(steps) => { while (trainer.step < steps && !trainer.diverged) playRound(trainer); }"
DRAW = """(samples) => {
  const { engine, average, shown, measured, history, settings, step, discriminatorSteps } = trainer;
  const pass = makePass(average, samples, { onlyForward: true });
  fillNormal(makeRandom(engine, 2026), pass.input, NOISE * pass.stride);
  giveLabels(trainer, labelsIn(pass), pass.stride, (i) => askedOf(trainer, i));
  forward(average, pass);
  look(trainer, true);
  measure();
  const level = (value) => Math.round(255 * value);
  const grey = ({ output, stride }) => Array.from(engine.floats(output, 784 * stride), level);
  const asked = trainer.labelled ? history.asked[0] : null;
  const seen = discriminatorSteps * settings.batch, [real] = history.real, [fake] = history.fake;
  const numbers = { step, seen, real, fake, asked };
  return { samples: grey(pass), sheet: grey(shown), measured: grey(measured), numbers };
}"""


def play(settings: dict[str, Any], steps: int) -> dict[str, Any]:
    """One run of the page's trainer, without its drawing: what it draws at its end,
    (n, 784), uint8, its numbers, and the browser's version.
    """
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=with_globals("engine/engine.js", "engine/network.js", *MODULES))
        page.evaluate(START, [base64.b64encode(content()).decode(), settings])
        for step in range(100, steps + 1, 100):
            page.evaluate(PLAY, step)
        drawn = page.evaluate(DRAW, SAMPLES)
        version = browser.version
    pictures = {
        name: np.array(drawn[name], np.uint8).reshape(784, -1).T[:count].copy()
        for name, count in (("samples", SAMPLES), ("sheet", SHEET), ("measured", MEASURED))
    }
    return {**pictures, "numbers": drawn["numbers"], "version": version}


def nearest(rows: Tensor, data: Tensor) -> Tensor:
    """The distance from each row to the nearest of the data, pixels in [0, 1]."""
    return torch.cdist(rows.float(), data.float()).amin(1)


def spread(rows: Tensor, found: Tensor) -> float:
    """The mean distance of two pictures that are read as the same digit, mean over the digits."""
    parts = [rows[found == label].float() for label in range(NO_DIGIT)]
    means = [torch.pdist(part).mean() for part in parts if len(part) > 1]
    return torch.stack(means).mean().item() if means else 0.0


def judged(
    rows: Tensor, reader: Reader, data: Tensor, asked: Tensor | None = None
) -> dict[str, float]:
    """Of pictures (n, 784) in [0, 1]: legible, balance, spread within a class, the median distance to
    the nearest digit that was learned from, and the share that is read as the label (n,) asked for.
    """
    found = reader.read(rows)
    obeyed = {} if asked is None else {"asked": (found == asked).double().mean().item()}
    return obeyed | {
        "legible": (found < NO_DIGIT).double().mean().item(),
        "balance": reader.balance(rows) if (found < NO_DIGIT).any() else 0.0,
        "spread": spread(rows[found < NO_DIGIT], found[found < NO_DIGIT]),
        "nearest": nearest(rows, data).median().item(),
    }


def rivals(reader: Reader, data: Tensor) -> dict[str, dict[str, float]]:
    """Real digits that were held out, and pictures that must fail one measure or another."""
    parts = [load("mnist-10k", split) for split in ("validation", "test")]
    real = torch.cat([flatten(images) for images, _ in parts])
    real = (real * (LEVELS - 1)).round() / (LEVELS - 1)
    labels = torch.cat([labels for _, labels in parts])
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(len(real), generator=rng)[:SAMPLES]
    pictures = {
        "held-out digits": real[order],
        "noise": torch.rand(SAMPLES, 784, generator=rng),
        "two digits overlaid": blends(real, labels, "overlaid", rng)[:SAMPLES],
        "ten class means": means(real, labels).repeat(SAMPLES // 10, 1),
        "ten digits of the data": data[:: len(data) // 10].repeat(SAMPLES // 10, 1),
    }
    return {name: judged(rows, reader, data) for name, rows in pictures.items()}


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Of each measure, over the seeds."""
    return {name: float(np.median([r[name] for r in runs])) for name in runs[0] if name != "seed"}


def record(out: Path, *, steps: int = STEPS, seeds: tuple[int, ...] = SEEDS) -> list[Path]:
    """Write `out`/live-digits.npz and .json: the sheet of the first seed, and every seed's numbers.

    A quarter of an hour on two cores.
    """
    reader, data = recorded.reader(), torch.from_numpy(digits()) / (LEVELS - 1)
    settings = {name: value for name, value in _settings().items() if name != "seed"}
    jobs = [("", seed) for seed in seeds] + [(n, seed) for n in VARIANTS for seed in seeds[:FEW]]
    each = [settings | VARIANTS.get(name, {}) | {"seed": seed} for name, seed in jobs]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:  # no time is measured
        drawn = list(pool.map(play, each, repeat(steps)))
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in jobs}
    for (name, seed), chosen, run in zip(jobs, each, drawn, strict=True):
        asked = torch.arange(SAMPLES) % NO_DIGIT if chosen["labels"] == "given" else None
        rows = torch.from_numpy(run["samples"]) / 255
        runs[name].append({"seed": seed, **judged(rows, reader, data, asked)})
    few = torch.from_numpy(drawn[0]["measured"]) / 255
    read = {"legible": reader.legible(few), "balance": reader.balance(few)}
    shown = {**drawn[0]["numbers"], **read}
    others = rivals(reader, data)
    words = " ".join(map(str, seeds))
    note = {
        "title": "digits from nothing, in the page",
        **provenance(f"python -m recordings live-digits --steps {steps} --seeds {words}"),
        "chromium": drawn[0]["version"],
        "settings": settings,
        "seed": seeds[0],
        "steps": steps,
        "shown": shown,
        "median": medians(runs[""]),
        "runs": runs.pop(""),
        "variants": {
            name: {"change": VARIANTS[name], "median": medians(part), "runs": part}
            for name, part in runs.items()
        },
        "rivals": others,
    }
    return write(out, "live-digits", note, {"sheet": drawn[0]["sheet"]})


def _settings() -> dict[str, Any]:
    """The figure's settings that decide a run."""
    names = (
        "classes labels objective gamma lazy dropout blur optimizer k log_rate_g log_rate_d fall momentum decay "
        "log_clip activation batch seed"
    )
    return {name: getattr(LiveDigits, name).default_value for name in names.split()}

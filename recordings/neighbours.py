"""Five families of models on eight bells, trained by the chapter's own code: the record behind its table.

The families are those of `book/neighbours.ipynb`, whose cells are run up to the last of them, so that the record and
the page cannot differ. All take the same number of steps on batches of the same size. Each gets the best of the same
learning rates, by the energy distance of its samples to *validation* points on a seed of its own; then other seeds are
trained at that rate.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from gan_tutorial._engine.cli import provenance
from recordings.ablation import Products
from recordings.runs import write

NOTEBOOK = Path(__file__).parent.parent / "book" / "neighbours.ipynb"
FAMILIES = 5
RATES = (5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
TUNING_SEED, SEEDS = 100, (0, 1, 2)
SAMPLES = 4000


def chapter(notebook: Path = NOTEBOOK) -> dict[str, Any]:
    """The names that the chapter's cells have defined when its last family is there; those that draw are left out."""
    names: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and not any(w in source for w in ("%pip", "plt.show()")):
            exec(compile(source, str(notebook), "exec"), names)
        if len(names.get("FAMILIES", ())) == FAMILIES:
            return names
    raise ValueError(f"{notebook} defines no FAMILIES with {FAMILIES} entries")


def products_of_a_step(family: Callable[..., Any]) -> int:
    """Multiplications in the matrix products of one training step."""
    counts = []
    for steps in (2, 3):
        with Products() as products:
            family(seed=0, rate=1e-3, steps=steps)
        counts.append(products.count)
    return counts[1] - counts[0]


def record(out: Path) -> list[Path]:
    """Write `out`/neighbours.json. One thread, some minutes."""
    torch.set_num_threads(1)
    start = time.process_time()
    names = chapter()
    families, held_out, look, energy_distance = (
        names[name] for name in ("FAMILIES", "held_out", "look", "energy_distance")
    )
    found = []
    for name, family in families.items():
        tried = {}
        for rate in RATES:
            samples = family(seed=TUNING_SEED, rate=rate).sample(SAMPLES, seed=TUNING_SEED)
            tried[f"{rate:g}"] = energy_distance(samples, names["validation"])
        rate = float(min(tried, key=tried.__getitem__))
        runs = []
        for seed in SEEDS:
            model = family(seed=seed, rate=rate)
            samples = model.sample(SAMPLES, seed=1000 + seed)
            run = dict(zip(("on_a_bell", "uneven", "width"), look(samples), strict=True))
            run |= {"seed": seed, "energy": energy_distance(samples, held_out)}
            if model.log_likelihood is not None:
                run["log_likelihood"] = float(model.log_likelihood(held_out).mean())
            runs.append(run)
            print(f"{name}, rate {rate:g}, seed {seed}: {run}", file=sys.stderr, flush=True)
        own = {"products_of_a_step": products_of_a_step(family), "calls": model.calls}
        found.append({"family": name, "rate": rate, "validation": tried, **own, "runs": runs})
    note = {
        "title": "five families of models on eight bells",
        **provenance("OMP_NUM_THREADS=1 python -m recordings neighbours"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "tuning_seed": TUNING_SEED,
        "rates": list(RATES),
        "steps": names["STEPS"],
        "batch": names["BATCH"],
        "samples": SAMPLES,
        "seconds": round(time.process_time() - start),
        "families": found,
    }
    return write(out, "neighbours", note)

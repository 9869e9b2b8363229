"""What the chapter "Since 2014" measures: six experiments in the plane, each variant with the same search.

The networks and losses are those of `book/since-2014.ipynb`: its cells tagged "recorded" are run, so that record
and page cannot differ. A variant is searched on a seed of its own, over the same number of settings as the others,
and the best setting is trained with fresh seeds. Parts that are done lie in `runs` and are not made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial._engine.cli import provenance
from gan_tutorial.objectives import NON_SATURATING, RELATIVISTIC, zero_centred_penalty
from gan_tutorial.optimizers import adam
from gan_tutorial.sweep import sweep
from gan_tutorial.training import Settings, train
from recordings.runs import kept, write

NOTEBOOK = Path(__file__).parent.parent / "book" / "since-2014.ipynb"
RUNS = Path("runs/since")
TUNING_SEED, SAMPLES, SHOWN = 100, 4000, 400

DIVERGENCES = ("kl", "js", "reverse-kl")
F_RATES, F_STEPS = (1e-3, 2e-3, 4e-3, 8e-3), 1500
F_SEEDS, F_LARGE_SEEDS, F_LARGE_STEPS = tuple(range(8)), (0, 1, 2), 1000

RATES, STEPS, SEEDS = (5e-4, 1e-3, 2e-3), 1000, tuple(range(5))
RATIOS, GAMMAS, GAINS = (1, 3), (0.1, 0.5), (5.0, 15.0)

STUDENTS: dict[str, dict[str, Any]] = {
    "judged only, from nothing": {"old": False},
    "judged only": {},
    "by correction": {"taught": "by correction", "judged": False},
    "by correction, judged": {"taught": "by correction"},
    "by pairs": {"taught": "by pairs", "judged": False},
    "by pairs, judged": {"taught": "by pairs"},
}
STUDENT_RATES, STUDENT_SEEDS, CALLS = (3e-4, 1e-3), (0, 1, 2), (1, 2, 4, 12, 50)
SHARES, FEW_SEEDS, FEW_STEPS = (0.5, 0.9, 1.0), (0, 1, 2), 600
PATHS = 500


def chapter(notebook: Path = NOTEBOOK) -> dict[str, Any]:
    """What the chapter's cells tagged "recorded" define."""
    names: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "recorded" in cell["metadata"].get("tags", ()):
            exec(compile("".join(cell["source"]), str(notebook), "exec"), names)
    if not names:
        raise ValueError(f'{notebook} has no cell tagged "recorded"')
    return names


def rounded(x: Tensor, digits: int = 4) -> Any:
    return np.round(x.double().numpy(), digits).tolist()


class Recorder:
    """The experiments; `steps` in the place of their own makes all of them short."""

    def __init__(self, runs: Path = RUNS, steps: int | None = None, samples: int = SAMPLES) -> None:
        self.c, self.runs, self.steps, self.samples = chapter(), runs, steps, samples
        ring, narrow, wide = (self.c[name] for name in ("ring", "NARROW", "WIDE"))
        self.rows = {
            w: [ring(n, w, seed) for seed, n in enumerate((8000, 2000, 4000))]
            for w in (narrow, wide)
        }

    def kept(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The part of that name, made where the file is not there yet."""

        def timed() -> dict[str, Any]:
            start = time.process_time()
            made = make()
            return {**made, "seconds": round(time.process_time() - start, 1)}

        return kept(self.runs / f"{name}.json", timed)

    def seen(self, x: Tensor, width: float, which: int) -> dict[str, Any]:
        """Samples per bell and the energy distance, to validation (1) or held-out points (2)."""
        return {
            "bells": self.c["on_bells"](x, width).tolist(),
            "energy": self.c["energy_distance"](x, self.rows[width][which]),
            "shown": rounded(x[:SHOWN], 2),
        }

    def stacked(
        self, settings: Sequence[Settings], seeds: Sequence[int], width: float, steps: int
    ) -> Tensor:
        """Samples of the ring's pairs, trained all at once: (settings, seeds, samples, 2)."""
        steps = self.steps or steps
        *_, last = sweep(
            self.c["ring_pair"], self.rows[width][0], settings, seeds, steps=steps, every=steps
        )
        return last.sample(self.samples, seed=1).detach()

    def one(self, pair: Any, data: Tensor, settings: Settings, seed: int, steps: int) -> Any:
        steps = self.steps or steps
        *_, last = train(pair, data, settings, steps=steps, every=steps, seed=seed)
        return last

    def searched(
        self,
        places: Mapping[str, tuple[Any, ...]],
        draw: Callable[..., Tensor],
        seeds: Sequence[int],
        width: float,
    ) -> dict[str, Any]:
        """Samples of every place (what `draw` takes before the seed) on one seed, and of the best of
        them on others.
        """
        tried = {
            name: self.c["energy_distance"](draw(*place, TUNING_SEED)[:2000], self.rows[width][1])
            for name, place in places.items()
        }
        chosen = min(tried, key=lambda name: finite(tried[name]))
        runs = [self.seen(draw(*places[chosen], seed), width, 2) for seed in seeds]
        return {"chosen": chosen, "validation": tried, "runs": runs}

    # f-GAN

    def ellipses(self) -> dict[str, Any]:
        """A generator that is one Gaussian; searched and judged by its own exact divergence."""
        exact, settings, wide = (self.c[name] for name in ("exact", "f_settings", "WIDE"))

        def at_the_end(
            choices: Sequence[Settings], seeds: Sequence[int]
        ) -> list[list[dict[str, Any]]]:
            *_, last = sweep(
                self.c["ellipse_pair"],
                self.rows[wide][0],
                choices,
                seeds,
                steps=self.steps or F_STEPS,
                every=F_STEPS,
            )
            weights = last.generator.weights.detach().unflatten(0, (len(choices), len(seeds)))
            found: list[list[dict[str, Any]]] = []
            for row in weights:
                found.append([])
                for numbers in row:
                    W, b = numbers[:4].reshape(2, 2), numbers[4:]
                    values = {name: round(float(value), 4) for name, value in exact(W, b).items()}
                    found[-1].append({"W": rounded(W), "b": rounded(b), "exact": values})
            return found

        tries = [(name, rate) for name in DIVERGENCES for rate in F_RATES]
        tried = at_the_end([settings(*place) for place in tries], [TUNING_SEED])
        own = {place: run[0]["exact"][place[0]] for place, run in zip(tries, tried, strict=True)}
        best = {
            name: min(F_RATES, key=lambda rate: finite(own[name, rate])) for name in DIVERGENCES
        }
        runs = at_the_end([settings(name, best[name]) for name in DIVERGENCES], F_SEEDS)
        return {
            name: {
                "rate": best[name],
                "validation": {f"{rate:g}": own[name, rate] for rate in F_RATES},
                "runs": of,
            }
            for name, of in zip(DIVERGENCES, runs, strict=True)
        }

    def large(self) -> dict[str, Any]:
        """The same three with a generator that is large enough."""
        choices = {
            name: [self.c["f_settings"](name, rate) for rate in F_RATES] for name in DIVERGENCES
        }
        places = [f"{rate:g}" for rate in F_RATES]
        return self.swept(choices, places, F_LARGE_SEEDS, self.c["WIDE"], F_LARGE_STEPS)

    def swept(
        self,
        choices: Mapping[str, Sequence[Settings]],
        places: Sequence[str],
        seeds: Sequence[int],
        width: float,
        steps: int,
    ) -> dict[str, Any]:
        """Every variant's settings on one seed, and the best of each on others, all at once."""
        every = [s for group in choices.values() for s in group]
        x = self.stacked(every, [TUNING_SEED], width, steps)
        tried = [self.c["energy_distance"](rows[0, :2000], self.rows[width][1]) for rows in x]
        searches = dict(
            zip(choices, np.array(tried).reshape(len(choices), -1).tolist(), strict=True)
        )
        best = {
            name: int(np.argmin([finite(v) for v in found])) for name, found in searches.items()
        }
        x = self.stacked([choices[name][best[name]] for name in choices], seeds, width, steps)
        return {
            name: {
                "chosen": places[best[name]],
                "validation": dict(zip(places, searches[name], strict=True)),
                "runs": [self.seen(rows, width, 2) for rows in x[i]],
            }
            for i, name in enumerate(choices)
        }

    # the ablation

    def by_sweep(self) -> dict[str, Any]:
        """The variants whose networks can be stacked."""
        places = [f"{rate:g}, {i}" for rate, i in product(RATES, range(2))]
        return self.swept(self.ring_choices(), places, SEEDS, self.c["NARROW"], STEPS)

    def ring_choices(self) -> dict[str, list[Settings]]:
        """Six settings of each: three rates, and two ratios of the rates or two weights of the penalty."""

        def penalised(base: Any, on_real: bool, on_fake: bool) -> Callable[[float], Any]:
            return lambda gamma: replace(
                base,
                name=f"{base.name}-{on_real}-{on_fake}-{gamma}",
                penalty=zero_centred_penalty(gamma, on_real=on_real, on_fake=on_fake),
            )

        def free(base: Any) -> list[Settings]:
            return [self.ring_settings(base, rate, ratio) for rate, ratio in product(RATES, RATIOS)]

        def held(make: Callable[[float], Any]) -> list[Settings]:
            made = {gamma: make(gamma) for gamma in GAMMAS}
            return [self.ring_settings(made[gamma], rate) for rate, gamma in product(RATES, GAMMAS)]

        return {
            "GAN of 2014": free(NON_SATURATING),
            "R1": held(penalised(NON_SATURATING, True, False)),
            "R1 and R2": held(penalised(NON_SATURATING, True, True)),
            "relativistic": free(RELATIVISTIC),
            "relativistic, R1": held(penalised(RELATIVISTIC, True, False)),
            "R3GAN": held(penalised(RELATIVISTIC, True, True)),
        }

    def ring_settings(self, objective: Any, rate: float, ratio: float = 1) -> Settings:
        calm = partial(adam, betas=(0.0, 0.99))
        return Settings(objective, (calm(ratio * rate), calm(rate)), batch_size=self.c["BATCH"])

    def spectral(self) -> dict[str, Any]:
        """Spectral norm cannot be stacked: one run after the other, with the gain in the place of a penalty."""
        c, width = self.c, self.c["NARROW"]

        def samples(rate: float, gain: float, seed: int) -> Tensor:
            settings = self.ring_settings(NON_SATURATING, rate)
            last = self.one(
                c["limited_pair"](seed, gain), self.rows[width][0], settings, seed, STEPS
            )
            return last.sample(self.samples, seed=1)

        places = {f"{rate:g}, {i}": (rate, gain) for rate in RATES for i, gain in enumerate(GAINS)}
        return self.searched(places, samples, SEEDS, width)

    # distillation

    def teacher(self, seed: int) -> Any:
        """Trained where its weights are not kept yet."""
        path = self.runs / f"teacher-{seed}.pt"
        network = self.c["denoiser"](seed)
        if not path.is_file():
            network = self.c["train_teacher"](seed, **({"steps": self.steps} if self.steps else {}))
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(network.state_dict(), path)
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.requires_grad_(False)

    def teachers(self) -> dict[str, Any]:
        wide = self.c["WIDE"]
        runs = [
            {
                str(k): self.seen(
                    self.c["walk"](self.teacher(seed), self.samples, k, 1000 + seed), wide, 2
                )
                for k in CALLS
            }
            for seed in STUDENT_SEEDS
        ]
        return {"runs": runs}

    def student(self, name: str) -> dict[str, Any]:
        c, wide = self.c, self.c["WIDE"]
        steps = {"steps": self.steps} if self.steps else {}

        def samples(rate: float, seed: int) -> Tensor:
            network = c["distil"](self.teacher(seed), seed, rate, **STUDENTS[name], **steps)
            with torch.no_grad():
                return c["one_call"](network, c["noise"](self.samples, 1000 + seed))

        places = {f"{rate:g}": (rate,) for rate in STUDENT_RATES}
        found = self.searched(places, samples, STUDENT_SEEDS, wide)
        return {"rate": float(found.pop("chosen")), **found}

    # augmentation, mapping

    def turned(self) -> dict[str, Any]:
        """How the samples fall on the four quarter turns of the data."""
        c, calm = self.c, replace(NON_SATURATING, penalty=zero_centred_penalty(0.1))
        found: dict[str, Any] = {}
        for r in SHARES:
            found[f"{r:g}"] = {"runs": []}
            for seed in FEW_SEEDS:
                data = c["two_bells"](8000, 0)
                last = self.one(
                    c["turned_pair"](seed, r), data, self.ring_settings(calm, 1e-3), seed, FEW_STEPS
                )
                x = last.sample(self.samples, seed=1)
                quarters = torch.bincount(c["quarter_of"](x), minlength=4).tolist()
                found[f"{r:g}"]["runs"].append(
                    {"quarters": quarters, "shown": rounded(x[:SHOWN], 2)}
                )
        return found

    def mapped(self) -> dict[str, Any]:
        c, calm = self.c, replace(NON_SATURATING, penalty=zero_centred_penalty(0.1))
        runs = []
        for seed in FEW_SEEDS:
            last = self.one(
                c["mapped_pair"](seed),
                c["three_quarters"](8000, 0),
                self.ring_settings(calm, 1e-3),
                seed,
                FEW_STEPS,
            )
            images = c["paths"](last.generator, PATHS, 1)
            of = {
                space: {"bend": c["bend"](x), "outside": c["outside"](x)}
                for space, x in images.items()
            }
            drawn = {space: rounded(x[:12], 3) for space, x in images.items()}
            of["samples"] = {"outside": c["outside"](last.sample(self.samples, seed=1)[:, None])}
            runs.append({**of, "drawn": drawn, "shown": rounded(last.sample(SHOWN, seed=2), 2)})
        return {"runs": runs}


def finite(value: float) -> float:
    """A number to be small; what is none counts as infinitely large."""
    return value if np.isfinite(value) else float("inf")


def record(
    out: Path, runs: Path = RUNS, *, steps: int | None = None, samples: int = SAMPLES
) -> list[Path]:
    """Write `out`/since-2014.npz and .json. One thread, some ten minutes of a quiet core."""
    torch.set_num_threads(1)
    r = Recorder(runs, steps, samples)
    parts = {
        "ellipses": r.kept("ellipses", r.ellipses),
        "ring": r.kept("ring", r.by_sweep),
        "teacher": r.kept("teacher", r.teachers),
        "students": {
            name: r.kept(f"student-{i}", partial(r.student, name))
            for i, name in enumerate(STUDENTS)
        },
    }
    parts["ring"]["spectral norm"] = r.kept("spectral", r.spectral)
    parts |= {
        "large": r.kept("large", r.large),
        "mapped": r.kept("mapped", r.mapped),
        "turned": r.kept("turned", r.turned),
    }
    clouds: dict[str, np.ndarray] = {}
    seconds = taken_out(parts, "", clouds)
    note = {
        "title": "what has been added to the game since 2014, measured in the plane",
        **provenance("OMP_NUM_THREADS=1 python -m recordings since"),
        "seed": SEEDS[0],
        "seeds": list(SEEDS),
        "tuning_seed": TUNING_SEED,
        "samples": samples,
        "steps": {"ellipses": F_STEPS, "large": F_LARGE_STEPS, "ring": STEPS, "few": FEW_STEPS},
        "seconds": round(seconds),
        **parts,
    }
    return write(out, "since-2014", note, clouds)


def taken_out(part: Any, path: str, clouds: dict[str, np.ndarray]) -> float:
    """Move the points that are shown from the words to the arrays, and add up the seconds."""
    if isinstance(part, list):
        return sum(taken_out(one, f"{path}/{i}", clouds) for i, one in enumerate(part))
    if not isinstance(part, dict):
        return 0.0
    for name in ("shown", "drawn"):
        points = part.pop(name, None)
        if isinstance(points, dict):
            clouds |= {f"{path}/{name}/{k}"[1:]: np.array(v, np.float16) for k, v in points.items()}
        elif points is not None:
            clouds[f"{path}/{name}"[1:]] = np.array(points, np.float16)
    seconds = part.pop("seconds", 0.0)
    return seconds + sum(taken_out(one, f"{path}/{name}", clouds) for name, one in part.items())

"""What came of the small runs on the portraits (`recordings.portraits`) and of a large one: all measures,
arithmetic on z, attributes never seen together, copying, truncation, and pictures to show.

Pictures are read by the judge of emoji-faces, a network that tells who, role and tone; what it says of real
pictures stands beside what it says of samples.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial import recorded
from gan_tutorial._engine import checkpoints
from gan_tutorial._engine.cli import Trained, provenance, trained
from gan_tutorial.data import attributes, draw_labels, flatten, load
from gan_tutorial.metrics import (
    Judge,
    Reference,
    floor_and_ceilings,
    frechet_distance,
    memorising,
    neighbourhoods,
)
from gan_tutorial.networks import Prior, bind
from recordings import portraits
from recordings.portraits import RUNS, SEEDS, SHAPE, STEPS, VARIANTS
from recordings.runs import first_row, levelled, to_bytes, write

LARGE = Path("runs/faces")
SCORED = 2000  # samples that all measures look at
DRAWN = 20_000  # samples among which arithmetic looks for what it adds up
TRIES, AVERAGED = 3, (1, 3, 10)  # z of one kind, and how often others are taken
DIRECTIONS = (1, 2, 4)  # times the difference of all women's and all men's mean z
ASKED, ASKED_SEEN = 20, 5  # samples of each combination that was held out, or seen
PSI = (0.4, 0.6, 0.8, 1.0, 1.2)
QUANTILES = 51
WALK, WALKS, SHEET, GROWTH, PAIRS, SHOWN, EXAMPLES = 8, 3, 40, 6, 6, 3, 5
COMPARED = ("recipe", "unmoved")  # with augmentation, and without
# Noted with each run by itself, since they are trained one after the other.
MADE = ("machine", "date", "versions")


@dataclass(eq=False)
class Faces:
    """The portraits in their three parts, and the judge that reads them."""

    @cached_property
    def parts(self) -> dict[str, Any]:
        return {part: load("emoji-faces", part) for part in ("train", "validation", "test")}

    @cached_property
    def rows(self) -> dict[str, Tensor]:
        return {name: flatten(part.images) for name, part in self.parts.items()}

    @cached_property
    def every(self) -> Tensor:
        """All 762 rows, the training rows first."""
        return torch.cat([*self.rows.values()])

    @cached_property
    def labels(self) -> Tensor:
        return torch.cat([part.labels for part in self.parts.values()])

    @cached_property
    def held_out(self) -> Tensor:
        """Validation and test rows: pictures, and combinations, that no generator was trained on."""
        return torch.cat([self.rows["validation"], self.rows["test"]])

    @cached_property
    def judge(self) -> Judge:
        return recorded.judge("emoji-faces")

    @cached_property
    def reference(self) -> Reference:
        rows = self.rows
        labels = self.parts["train"].labels
        return Reference(self.judge, rows["train"], rows["test"], rows["validation"], labels)

    @cached_property
    def places(self) -> dict[tuple[int, ...], int]:
        """From who, role and tone to the row in `every`."""
        return {tuple(label): row for row, label in enumerate(self.labels.tolist())}

    @cached_property
    def trained_on(self) -> int:
        return len(self.rows["train"])

    @cached_property
    def full_roles(self) -> list[int]:
        """The roles that come with every who and every tone."""
        counts = torch.bincount(self.labels[:, 1])
        return torch.nonzero(counts == counts.max())[:, 0].tolist()

    def new(self, labels: Tensor) -> Tensor:
        """Whether each combination is one of the held-out ones."""
        rows = [self.places.get(tuple(label), 0) for label in labels.tolist()]
        return torch.tensor(rows) >= self.trained_on

    def nearest(self, rows: Tensor, among: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Distance to the nearest of all pictures in pixels, root mean square, and which it is."""
        others = self.every if among is None else among
        squares = torch.cdist(rows.double(), others.double()).square() / rows.shape[1]
        least, row = squares.min(1)
        return least.sqrt(), row

    def tally(self, rows: Tensor, wanted: Tensor) -> dict[str, int]:
        """How many pictures are read as wanted, and to how many the wanted picture is the nearest of all."""
        right = self.judge.classify(rows) == wanted
        whole, new = right.all(1), self.new(wanted)
        places = torch.tensor([self.places[tuple(label)] for label in wanted.tolist()])
        found = {
            "n": len(rows),
            **dict(zip(("who", "role", "tone"), right.sum(0).tolist(), strict=True)),
            "all": whole.sum(),
            "nearest": (self.nearest(rows)[1] == places).sum(),
            "n_new": new.sum(),
            "all_new": (whole & new).sum(),
        }
        return {name: int(number) for name, number in found.items()}


@dataclass(frozen=True, eq=False)
class Drawer:
    """The averaged generator of a run, and its prior."""

    network: torch.nn.Module
    prior: Prior

    def z(self, n: int, seed: int) -> Tensor:
        return self.prior(n, torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def __call__(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Rows of pictures."""
        self.network.eval()
        parts = [slice(i, i + 500) for i in range(0, len(z), 500)]
        rows = [bind(self.network, None if y is None else y[part])(z[part]) for part in parts]
        return torch.cat(rows).float()


def _drawer_of(name: str, seed: int, runs: Path) -> Drawer:
    last = portraits.run(name, seed, runs)
    return Drawer(last.average, last.prior)


def finished(name: str, seed: int, runs: Path) -> bool:
    """Whether a run is there, with all its steps."""
    place = runs / f"{name}-{seed}.pt"
    return place.is_file() and checkpoints.load(place)["step"] == STEPS


def _kept(pictures: Tensor) -> np.ndarray:
    """Pictures to show, (..., h, w, 3) in few levels of each colour, which pack well."""
    return levelled(to_bytes(pictures.unflatten(-1, SHAPE).movedim(-3, -1)))


# --- arithmetic -----------------------------------------------------------------------------------


def cases(faces: Faces) -> list[tuple[Tensor, ...]]:
    """(man, role, tone), (man, plain, tone), (woman, plain, tone), and the answer (woman, role, tone), for
    every role that all have and every tone.
    """
    names = attributes("emoji-faces")
    man, woman = (names["who"].index(who) for who in ("man", "woman"))
    plain = names["role"].index("plain")
    tones = range(len(names["tone"]))
    found = []
    for role, tone in product((role for role in faces.full_roles if role != plain), tones):
        inputs = (man, role, tone), (man, plain, tone), (woman, plain, tone)
        found.append(tuple(torch.tensor(label) for label in (*inputs, (woman, role, tone))))
    return found


def arithmetic(draw: Drawer, faces: Faces, seed: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a - b + c gives, in z and in pixels, where a, b and c are chosen by what the judge reads."""
    z = draw.z(DRAWN, 1000 + seed)
    x = draw(z)
    read = faces.judge.classify(x)
    found: dict[tuple[int, ...], list[int]] = {}
    for row, label in enumerate(read.tolist()):
        found.setdefault(tuple(label), []).append(row)
    asked = cases(faces)
    note: dict[str, Any] = {"drawn": DRAWN, "cases": len(asked)}
    show: dict[str, Tensor] = {}
    for m in AVERAGED:
        parts: list[list[Tensor]] = [[], [], []]  # of each try, the rows of a, of b and of c
        wanted = []
        for *inputs, target in asked:
            rows = [found.get(tuple(label.tolist()), []) for label in inputs]
            for t in range(min(TRIES, *(len(own) // m for own in rows))):
                for part, few in zip(parts, rows, strict=True):
                    part.append(torch.tensor(few[t * m : (t + 1) * m]))
                wanted.append(target)
        if not wanted:
            continue
        targets = torch.stack(wanted)
        rows_of = [torch.stack(part) for part in parts]
        a, b, c = (z[rows].mean(1) for rows in rows_of)
        own: dict[str, Any] = {
            "cases": len({tuple(t.tolist()) for t in targets}),
            "roles": len({int(t[1]) for t in targets}),
            "chance": float(np.mean([len(found.get(tuple(t.tolist()), [])) for t in targets]))
            / DRAWN,
        }
        made = draw(a - b + c)
        own["z"] = faces.tally(made, targets)
        own["z_norm"] = float((a - b + c).norm(dim=1).mean())
        length = z.shape[1] ** 0.5
        back = (a - b + c) / (a - b + c).norm(dim=1, keepdim=True) * length
        own["z_at_full_length"] = faces.tally(draw(back), targets)
        pixels = [x[rows].mean(1) for rows in rows_of]
        by_pixels = (pixels[0] - pixels[1] + pixels[2]).clamp(0, 1)
        own["pixels"] = faces.tally(by_pixels, targets)
        men = targets.clone()
        men[:, 0] = asked[0][0][0]
        own["average_of_a"] = faces.tally(draw(a), men)
        own["copy_of_a"] = faces.tally(x[rows_of[0][:, 0]], targets)
        own["copy_of_c"] = faces.tally(x[rows_of[2][:, 0]], targets)
        if m == 1:
            man, woman = asked[0][0][0], asked[0][2][0]
            across = z[read[:, 0] == woman].mean(0) - z[read[:, 0] == man].mean(0)
            own["direction_norm"] = float(across.norm())
            for times in DIRECTIONS:
                own[f"direction_{times}"] = faces.tally(draw(a + times * across), targets)
        note[str(m)] = own
        if m == 3:
            firsts = torch.linspace(0, len(targets) - 1, EXAMPLES).round().long()
            strips = [draw(part[firsts]) for part in (a, b, c)]
            show["arithmetic"] = torch.stack([*strips, made[firsts], by_pixels[firsts]], 1)
            show["arithmetic_wanted"] = targets[firsts]
            show["arithmetic_read"] = faces.judge.classify(made[firsts])
    return note, show


def arithmetic_on_data(faces: Faces) -> dict[str, Any]:
    """The same on pixels of the real pictures, where the true answer is known; and the real answers read."""
    rows = [[faces.places[tuple(part.tolist())] for part in case] for case in cases(faces)]
    a, b, c, target = (faces.every[list(column)] for column in zip(*rows, strict=True))
    wanted = torch.stack([case[-1] for case in cases(faces)])
    return {
        "pixels": faces.tally((a - b + c).clamp(0, 1), wanted),
        "real": faces.tally(target, wanted),
        "copy_of_a": faces.tally(a, wanted),
    }


# --- composition ----------------------------------------------------------------------------------


def groups(faces: Faces) -> dict[str, Tensor]:
    """Combinations to ask for: those held out, and those of the full design that were trained on."""
    trained_on = faces.parts["train"].labels
    full = torch.isin(trained_on[:, 1], torch.tensor(faces.full_roles))
    held = {part: faces.parts[part].labels for part in ("test", "validation")}
    return {**held, "seen": trained_on[full]}


def composition(draw: Drawer, faces: Faces, seed: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A conditional generator asked for combinations that it never saw, and for those it did."""
    note: dict[str, Any] = {}
    show: dict[str, Tensor] = {}
    for number, (name, labels) in enumerate(groups(faces).items()):
        each = ASKED_SEEN if name == "seen" else ASKED
        asked = labels.repeat_interleave(each, 0)
        made = draw(draw.z(len(asked), 2000 + 10 * seed + number), asked)
        right = (faces.judge.classify(made) == asked).all(1).unflatten(0, (-1, each))
        note[name] = {**faces.tally(made, asked), "each": each}
        if name == "test":
            note[name]["right"] = right.sum(1).tolist()
            shown = torch.linspace(0, len(labels) - 1, 2 * EXAMPLES).round().long()
            show["composition"] = made.unflatten(0, (-1, each))[shown, :SHOWN]
            show["composition_asked"] = labels[shown]
            show["composition_right"] = right[shown, :SHOWN]
    return note, show


def composition_of_data(faces: Faces) -> dict[str, Any]:
    """The judge on the real pictures, and on copies: for each combination the training picture that shares
    two of three values with it and looks most like it.
    """
    note = {}
    for name, labels in groups(faces).items():
        real = faces.every[[faces.places[tuple(label)] for label in labels.tolist()]]
        own = {"real": faces.tally(real, labels)}
        if name != "seen":
            training, trained_on = faces.rows["train"], faces.parts["train"].labels
            copies = []
            for row, label in zip(real, labels, strict=True):
                two = ((trained_on == label).sum(1) == 2).nonzero()[:, 0]
                copies.append(training[two[(training[two] - row).norm(dim=1).argmin()]])
            own["copies"] = faces.tally(torch.stack(copies), labels)
        note[name] = own
    return note


# --- copying --------------------------------------------------------------------------------------


def mirrored(rows: Tensor) -> Tensor:
    return rows.unflatten(1, SHAPE).flip(-1).flatten(1)


def quantiles(values: Tensor) -> list[float]:
    places = torch.linspace(0, 1, QUANTILES, dtype=torch.float64)
    return [round(float(q), 5) for q in values.double().quantile(places)]


def copying(rows: Tensor, faces: Faces) -> dict[str, Any]:
    """How near samples are to training pictures (in pixels; either may be mirrored), whether the nearest of
    all real pictures is one that was trained on, and how many are read as combinations that were held out.
    """
    n, training = len(rows), faces.rows["train"]
    both = torch.cat([training, mirrored(training)])
    sides = torch.cat([faces.every, mirrored(faces.every)])
    distance = faces.nearest(rows, both)[0]
    own = (faces.nearest(rows, sides)[1] % len(faces.every) < faces.trained_on).sum()
    features = faces.judge.features(rows)
    look = faces.judge.features
    test = memorising(look(training), look(faces.held_out), features)
    return {
        "n": n,
        "distance": quantiles(distance),
        "own_in_pixels": int(own),
        "own_in_features": test.own,
        "own_null": test.own_null,
        "own_null_error": test.own_null_error,
        "nearer_in_features": test.nearer,
        "nearer_error": test.nearer_error,
        "read_as_new": int(faces.new(faces.judge.classify(rows)).sum()),
    }


def copying_of_data(faces: Faces) -> dict[str, Any]:
    """The floor: how near held-out real pictures are to training pictures; and how the judge reads both."""
    training = faces.rows["train"]
    both = torch.cat([training, mirrored(training)])
    new = {
        name: int(faces.new(faces.judge.classify(rows)).sum())
        for name, rows in (("training", training), ("held_out", faces.held_out))
    }
    return {
        "distance": quantiles(faces.nearest(faces.held_out, both)[0]),
        "n": len(faces.held_out),
        "n_training": len(training),
        "read_as_new": new,
    }


# --- truncation -----------------------------------------------------------------------------------


def truncation(draw: Drawer, faces: Faces, seed: int) -> list[dict[str, float]]:
    """What z scaled by psi does, beside all 762 pictures: one of each kind is all there is."""
    z, real = draw.z(SCORED, seed), faces.judge.features(faces.every)
    found = []
    for psi in PSI:
        features, read = faces.judge.look(draw(psi * z))
        assert read is not None
        balls = neighbourhoods(real, features[: len(real)])
        distance = frechet_distance(real, features)
        found.append(
            {
                "psi": psi,
                "precision": balls.precision.mean,
                "recall": balls.recall.mean,
                "density": balls.density.mean,
                "coverage": balls.coverage.mean,
                "frechet": distance.value,
                "frechet_error": distance.standard_error,
                "combinations": len(read.unique(dim=0)),
            }
        )
    return found


# --- the record -----------------------------------------------------------------------------------


def short(tree: Any) -> Any:
    """The same numbers with six digits: the record has a thousand of them, and errors of some percent."""
    if isinstance(tree, dict):
        return {name: short(branch) for name, branch in tree.items()}
    if isinstance(tree, list):
        return [short(branch) for branch in tree]
    return float(f"{tree:.6g}") if isinstance(tree, float) else tree


def measured(name: str, seed: int, runs: Path, faces: Faces) -> dict[str, Any]:
    """All that the record has of one small run. What is shown is there for the first seed only."""
    start = time.process_time()
    draw, labels = _drawer_of(name, seed, runs), None
    if VARIANTS[name].conditional:
        labels = draw_labels(faces.parts["train"].labels, SCORED, seed=seed)
    samples = draw(draw.z(SCORED, seed), labels)
    scores = faces.reference.scores(samples)
    made = provenance("")
    note: dict[str, Any] = {"variant": name, "seed": seed}
    note |= {key: made[key] for key in MADE}
    note["scores"] = {name: measure.as_dict() for name, measure in scores.items()}
    show: dict[str, Tensor] = {}
    if name in COMPARED:
        note["copying"] = copying(samples, faces)
        _, rows = faces.nearest(samples[:PAIRS], faces.rows["train"])
        show = {f"{name}_samples": samples[:PAIRS], f"{name}_nearest": rows}
    if name == "recipe":
        note["arithmetic"], _ = arithmetic(draw, faces, seed)
        note["truncation"] = truncation(draw, faces, seed)
    if name == "conditional":
        note["composition"], more = composition(draw, faces, seed)
        show |= more
    note["measuring_seconds"] = round(time.process_time() - start)
    print(f"{name}-{seed}: {note['measuring_seconds']} s", file=sys.stderr, flush=True)
    return {"note": note, "show": show if seed == SEEDS[0] else {}}


def large(folder: Path, faces: Faces) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The scores of a large run of the recipe, a sheet of its samples and how it grew, walks through z, and
    the same noises at other psi.
    """
    run: Trained = trained(folder)
    draw, seed = Drawer(run.generator, run.prior), run.note["seed"]
    state = checkpoints.load(folder / "checkpoint.pt")
    samples = draw(draw.z(SCORED, seed))
    scores = faces.reference.scores(samples)
    note = {
        "recipe": run.recipe.name,
        "seed": seed,
        "steps": state["step"],
        "seconds": round(state["seconds"]),
        **{key: run.note[key] for key in MADE},
        "scores": {name: measure.as_dict() for name, measure in scores.items()},
        "copying": copying(samples, faces),
        "truncation": truncation(draw, faces, seed),
    }
    note["arithmetic"], shown = arithmetic(draw, faces, seed)
    grids = sorted((folder / "samples").glob("*.png"))
    steps = [int(grid.stem) for grid in grids]
    wanted = [0, *(500 * 2**i for i in range(12) if 500 * 2**i < steps[-1])]
    distances = np.abs(np.subtract.outer(wanted, steps))
    kept = sorted({*(steps[i] for i in distances.argmin(1)), steps[-1]})
    growth = [first_row(grids[steps.index(step)], run.shape)[:GROWTH] for step in kept]
    z = draw.z(2 * WALKS + SHEET, 7)
    t = torch.linspace(0, 1, WALK)[:, None]
    walks = torch.stack([draw(torch.lerp(z[2 * i], z[2 * i + 1], t)) for i in range(WALKS)])
    sheet = draw(z[2 * WALKS :])
    psi = torch.stack([draw(p * z[2 * WALKS :][:GROWTH]) for p in PSI])
    arrays = {
        "sheet": _kept(sheet),
        "sheet_nearest": faces.nearest(sheet, faces.rows["train"])[1].numpy(),
        "walks": _kept(walks),
        "truncated": _kept(psi),
        "growth": levelled(np.stack(growth)),
        "growth_steps": np.array(kept),
        "arithmetic": _kept(shown["arithmetic"]),
        "arithmetic_wanted": shown["arithmetic_wanted"].numpy(),
        "arithmetic_read": shown["arithmetic_read"].numpy(),
    }
    return note, arrays


def earlier(out: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The record that `out` holds already, empty where it holds none."""
    place = out / "portraits.json"
    if not place.is_file():
        return {}, {}
    note = json.loads(place.read_text())
    made = {key: note[key] for key in MADE}
    note["runs"] = [{**made, **run} for run in note["runs"]]
    note["faces"] = {**made, **note["faces"]}
    with np.load(place.with_suffix(".npz")) as arrays:
        return note, dict(arrays)


def record(
    out: Path,
    runs: Path = RUNS,
    folder: Path = LARGE,
    *,
    seeds: Sequence[int] = SEEDS,
    done: bool = False,
) -> list[Path]:
    """Write `out`/portraits.npz and .json.

    Runs that `runs` does not hold whole are trained first, a quarter of an hour each. What was measured of a
    run lies beside it and is not measured again. `folder` holds the large run, which is not trained here.
    With `done` nothing is trained: of a run that is not there stays what `out` has recorded of it.
    """
    torch.set_num_threads(1)
    faces = Faces()
    start = time.process_time()
    before, arrays = earlier(out) if done else ({}, {})
    recorded_runs = {(run["variant"], run["seed"]): run for run in before.get("runs", [])}
    found: list[dict[str, Any]] = []
    for name, seed in product(VARIANTS, seeds):
        if done and not finished(name, seed, runs):
            found += [recorded_runs[name, seed]] if (name, seed) in recorded_runs else []
            continue
        keep = runs / f"{name}-{seed}.measured.pt"
        if keep.is_file():
            one = torch.load(keep)
        else:
            one = measured(name, seed, runs, faces)
            content = io.BytesIO()
            torch.save(one, content)
            checkpoints.write(keep, content.getvalue())
        found.append(one["note"])
        for key, values in one["show"].items():
            arrays[key] = _kept(values) if values.is_floating_point() else values.numpy()
    if folder.exists() or not before:
        big, pictures = large(folder, faces)
    else:
        big, pictures = before["faces"], {}
    floor = floor_and_ceilings(faces.reference, SHAPE, SCORED)
    note = {
        "title": "small runs on the portraits, over seeds, and a large one",
        **provenance("OMP_NUM_THREADS=1 python -m recordings portraits"),
        "large": f"python -m gan_tutorial train --recipe {big['recipe']} --out {LARGE}",
        "seed": int(seeds[0]),
        "samples": SCORED,
        "steps": STEPS,
        "data": "emoji-faces",
        "judge": faces.judge.name,
        "seconds": round(time.process_time() - start),
        "runs": found,
        "faces": big,
        "data_arithmetic": arithmetic_on_data(faces),
        "data_composition": composition_of_data(faces),
        "data_copying": copying_of_data(faces),
        "beside": {
            name: {key: measure.as_dict() for key, measure in scores.items()}
            for name, scores in floor.items()
        },
    }
    return write(out, "portraits", short(json.loads(json.dumps(note))), {**arrays, **pictures})

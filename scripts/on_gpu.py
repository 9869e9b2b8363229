"""All that needs a GPU, in one go: `python3 scripts/on_gpu.py --out FOLDER` on a machine that has one.

It asks only for torch, torchvision, numpy, scipy, hypothesis, mpmath, pytest and tqdm. Parts, each
with a log in FOLDER: `tests` that are skipped elsewhere; a `journey`, a run that is trained,
evaluated, carried to the CPU, resumed there and carried back; `benchmarks` beside the usual
scripts; `portraits`, the recorded runs of the recipes "faces" and "faces-conditional" with three
seeds, side by side, stopped in time for their records if they are not done.
`--device cpu --seconds 0.1 --steps 2` tries the script itself where there is no GPU.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = "benchmarks", "checkpoints", "data", "distributions", "divergences", "game", "networks"
TESTED = (
    *NAMES,
    "frechet",
    "judge",
    "kid",
    "neighbours",
    "parzen",
    "pictures",
    "sweep",
    "training",
)
BENCHMARKS = ("convolutions", "training", "sweep", "parzen")
PORTRAITS = [(recipe, seed) for recipe in ("faces", "faces-conditional") for seed in range(3)]
RECORDING = 60.0  # seconds for the portraits' records
PARTS = ("tests", "journey", "benchmarks", "portraits")


class Log:
    """Runs commands one after the other; what they print goes to a file, how they ended to the screen."""

    def __init__(self, path: Path) -> None:
        self.path, self.failed = path, False

    def run(self, *command: str, limit: float, **variables: str) -> None:
        """One command, killed after `limit` seconds, with `variables` in its environment."""
        environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1") | variables
        start = time.perf_counter()
        with self.path.open("a") as file:
            print("$", *command, file=file, flush=True)
            try:
                done = subprocess.run(
                    [sys.executable, *command],
                    cwd=ROOT,
                    env=environment,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                )
                verdict = "ok" if done.returncode == 0 else f"exit {done.returncode}"
            except subprocess.TimeoutExpired:
                verdict = f"stopped after {limit:g} s"
        self.failed |= verdict != "ok"
        print(f"{verdict:9s} {time.perf_counter() - start:6.1f} s  {' '.join(command)}", flush=True)

    def together(self, modules: dict[Path, list[str]], limit: float, **variables: str) -> None:
        """Modules side by side, each with a log of its own; after `limit` seconds, Ctrl-C."""
        environment = dict(os.environ, PYTHONPATH=str(ROOT)) | variables
        running, end = [], time.perf_counter() + limit
        for place, command in modules.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.with_suffix(".log").open("w") as file:
                out = {"stdout": file, "stderr": subprocess.STDOUT}
                words = [sys.executable, "-m", *command]
                running.append(subprocess.Popen(words, cwd=ROOT, env=environment, **out))
        for place, process in zip(modules, running, strict=True):
            try:
                process.wait(max(0.1, end - time.perf_counter()))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)  # training saves, and can be resumed
                process.wait()
            self.failed |= process.returncode not in (0, 130)
            print(f"exit {process.returncode:<5d}         {place.name}", flush=True)


def tests(log: Log) -> None:
    """Everything that is marked as needing CUDA; without CUDA the tests say that they are skipped."""
    files = [f"tests/test_{name}.py" for name in TESTED]
    log.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "cuda", *files, limit=150)


def journey(log: Log, folder: Path, steps: int) -> None:
    """Train on the device, evaluate, go on without it, and back."""
    run, elsewhere = folder / "journey", {"CUDA_VISIBLE_DEVICES": ""}
    train = ("-m", "gan_tutorial", "train", "--recipe", "mnist-short", "--out", str(run))
    steps_and_every = [("--steps", str(n * steps), "--every", str(steps)) for n in (1, 2, 3)]
    log.run(*train, *steps_and_every[0], limit=60)
    grid = str(folder / "grid.png")
    log.run("-m", "gan_tutorial", "sample", str(run), "--count", "16", "--out", grid, limit=30)
    log.run("-m", "gan_tutorial", "evaluate", str(run), limit=60)
    log.run(*train, *steps_and_every[1], "--resume", limit=90, **elsewhere)
    log.run(*train, *steps_and_every[2], "--resume", limit=60)


def benchmarks(log: Log, device: str, folder: Path, seconds: float, names: list[str]) -> None:
    """Beside the usual scripts, in turns."""
    for name in names:
        options = ("--seconds", str(seconds), "--device", device, "--results", str(folder))
        log.run("-m", "benchmarks", name, *options, limit=30 + 12 * seconds)


def portraits(log: Log, folder: Path, limit: float, steps: int | None) -> None:
    """All runs side by side, for at most `limit` seconds, and their records."""
    shorter = [] if steps is None else ["--steps", str(steps)]
    trained, recorded = {}, {}
    for recipe, seed in PORTRAITS:
        run = folder / "runs" / f"{recipe}-{seed}"
        chosen = ["--recipe", recipe, "--seed", str(seed), *shorter]
        trained[run] = ["gan_tutorial", "train", *chosen, "--out", str(run)]
        for what, place in (("weights", "records/weights"), ("run", "records")):
            rest = ["--samples", "2000"] if what == "run" else []
            rest += ["--name", run.name, "--out", str(folder / place)]
            command = ["recordings", what, str(run), *rest]
            recorded[folder / "runs" / f"{run.name}-{what}"] = command
    for commands, seconds in ((trained, limit), (recorded, RECORDING)):
        log.together(commands, seconds, OMP_NUM_THREADS="2")


def main() -> int:
    """0 where all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {PARTS}; default: all")
    parser.add_argument("--out", type=Path, required=True, help="folder of logs and results")
    parser.add_argument("--device", default="cuda", help="default: cuda")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each benchmark")
    parser.add_argument("--benchmarks", nargs="+", default=BENCHMARKS, help="default: all four")
    parser.add_argument("--steps", type=int, help="of the journey's legs, and of the portraits")
    parser.add_argument("--limit", type=float, default=480.0, help="seconds in all; default 480")
    options, end = parser.parse_args(), time.perf_counter()
    end += options.limit
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    folder, parts = options.out.resolve(), options.parts or PARTS
    folder.mkdir(parents=True, exist_ok=True)
    logs = {name: Log(folder / f"{name}.log") for name in parts}
    for name, log in logs.items():
        match name:
            case "tests":
                tests(log)
            case "journey":
                journey(log, folder, options.steps or 300)
            case "benchmarks":
                benchmarks(log, options.device, folder, options.seconds, options.benchmarks)
            case _:
                portraits(log, folder, end - time.perf_counter() - RECORDING, options.steps)
    return int(any(log.failed for log in logs.values()))


if __name__ == "__main__":
    sys.exit(main())

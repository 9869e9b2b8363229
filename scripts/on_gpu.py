"""All that needs a GPU, in one go: `python3 scripts/on_gpu.py --out FOLDER` on a machine that has one.

It asks only for torch, torchvision, numpy, scipy, hypothesis, mpmath, pytest and tqdm. Three parts,
each with a log in FOLDER: the tests that are skipped elsewhere; a run that is trained, evaluated,
carried to the CPU, resumed there and carried back; the benchmarks beside the usual scripts.
`--device cpu --seconds 0.1` tries the script itself where there is no GPU.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = "benchmarks", "checkpoints", "data", "distributions", "divergences", "game", "networks"
TESTED = (*NAMES, "frechet", "judge", "kid", "neighbours", "parzen", "sweep", "training")
BENCHMARKS = ("training", "sweep", "parzen")


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


def tests(log: Log, device: str) -> None:
    """Everything that is marked as needing CUDA; without CUDA the tests say that they are skipped."""
    files = [f"tests/test_{name}.py" for name in TESTED]
    log.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "cuda", *files, limit=150)


def journey(log: Log, device: str, folder: Path, steps: int) -> None:
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


def benchmarks(log: Log, device: str, folder: Path, seconds: float) -> None:
    """Beside the usual scripts, in turns."""
    for name in BENCHMARKS:
        options = ("--seconds", str(seconds), "--device", device, "--results", str(folder))
        log.run("-m", "benchmarks", name, *options, limit=30 + 12 * seconds)


def main() -> int:
    """0 where all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of logs and results")
    parser.add_argument("--device", default="cuda", help="default: cuda")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each benchmark")
    parser.add_argument("--steps", type=int, default=300, help="of each leg of the journey")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    logs = [Log(options.out / f"{name}.log") for name in ("tests", "journey", "benchmarks")]
    tests(logs[0], options.device)
    journey(logs[1], options.device, options.out, options.steps)
    benchmarks(logs[2], options.device, options.out, options.seconds)
    return int(any(log.failed for log in logs))


if __name__ == "__main__":
    sys.exit(main())

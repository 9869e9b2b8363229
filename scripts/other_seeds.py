"""Run notebooks with other seeds than theirs: `make seeds`, or NOTEBOOK=wgan OFFSETS="1 2" for some.

Every seed of first weights, data order, noise and dropout that a chapter passes to the package or
gives its own loops is moved by the offset, in a kernel of its own; what a chapter asserts of its runs
must hold all the same. Generators with a fixed seed, of what is only drawn or measured, stay. The
log of a run has every cell that failed. What passed is noted in _build/seeds and not tried again
until the notebook or the package changes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
import portable

LOGS = portable.ROOT / "_build" / "seeds"
LIMIT = 1800  # seconds for one notebook
STRIDE = 1000  # offsets reach no seed that a chapter uses itself
MOVED = """
import functools, os, sys, traceback

def _move(offset):
    import gan_tutorial.figures, gan_tutorial.metrics, gan_tutorial.recipes, gan_tutorial.sweep
    from gan_tutorial import networks
    from gan_tutorial._engine import run

    sweep = sys.modules["gan_tutorial.sweep"]  # the package's own `sweep` is the function

    def swap(old, new):
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "gan_tutorial":
                for key, value in list(vars(module).items()):
                    if value is old:
                        setattr(module, key, new)

    seeded, swept, begin = networks.seeded, sweep.sweep, run.Randomness.__init__
    swap(seeded, lambda seed: seeded(seed + offset))

    @functools.wraps(swept)
    def moved(build, data, settings, seeds, **options):
        return swept(build, data, settings, [seed + offset for seed in seeds], **options)

    swap(swept, moved)

    def other(self, device, seed, own=0):
        begin(self, device, seed + offset, own)

    run.Randomness.__init__ = other

try:
    _move({offset})
except BaseException:  # IPython would go on without
    traceback.print_exc()
    os._exit(1)
"""


EXECUTE = r"""
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=None, allow_errors=True, kernel_name="python3").execute()
failed = 0
for i, cell in enumerate(notebook.cells):
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            failed += 1
            print("=== cell", i, *output.traceback, sep="\n")
        elif output.output_type == "stream":
            print(output.text)
sys.exit(min(failed, 1))
"""

# What holds with the chapter's own seeds only: numbers that are quoted, a record, a run that is computed again.
OF_ITS_SEEDS = re.compile(
    r"^( *)assert .*  # (?:what the (?:text|caption) says.*|with the record's seeds|with the same seeds)$",
    re.MULTILINE,
)
# A chapter's own: PyTorch's global stream, and the streams that a loop gets with its `seed`.
OWN = re.compile(r"(torch\.|Generator\([^()]*\)\.)manual_seed\(([^()]+)\)")


def trained(notebook: Path) -> bool:
    """Whether a notebook trains anything."""
    text = notebook.read_text(encoding="utf-8")
    return any(f"{word}(" in text for word in ("train", "sweep", "player_run", "seeded", ".step"))


def moved(source: str, offset: int) -> str:
    """A cell with the seeds of its own loops moved, without what holds with these seeds only."""

    def move(found: re.Match[str]) -> str:
        where, seed = found.groups()
        if where != "torch." and "seed" not in seed:
            return found[0]
        return f"{where}manual_seed({seed} + {offset})"

    return OF_ITS_SEEDS.sub(r"\1pass", OWN.sub(move, source))


def attempt(notebook: Path, offset: int, log: Path) -> bool:
    """Whether the notebook passes with its seeds moved; what it says goes to the log."""
    with tempfile.TemporaryDirectory() as scratch:
        startup = Path(scratch) / "profile_default" / "startup"
        startup.mkdir(parents=True)
        code = MOVED.replace("{offset}", str(STRIDE * offset))
        (startup / "00-seeds.py").write_text(code, encoding="utf-8")
        content = nbformat.read(notebook, as_version=4)
        for cell in content.cells:
            if cell.cell_type == "code":
                cell.source = moved(cell.source, STRIDE * offset)
        copy = Path(scratch) / notebook.name
        nbformat.write(content, copy)
        environment = dict(os.environ, IPYTHONDIR=scratch, PYTHONPATH=str(portable.ROOT))
        with log.open("w", encoding="utf-8") as out:
            try:
                done = subprocess.run(
                    [sys.executable, "-c", EXECUTE, str(copy)],
                    cwd=portable.ROOT,
                    env=environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=LIMIT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                out.write(f"stopped after {LIMIT} s\n")
                return False
    return done.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what has not been tried; 1 if a claim failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="by name; default: all that train")
    parser.add_argument("--offsets", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    options = parser.parse_args(arguments)
    known = {p.stem: p for p in sorted((portable.ROOT / "book").glob("*.ipynb")) if trained(p)}
    if unknown := sorted(set(options.notebooks) - set(known)):
        parser.error(f"{', '.join(unknown)} trains nothing; choose of {', '.join(known)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in options.notebooks or known:
        notes, state = portable.Notes(LOGS / f"{name}.passed"), portable.digest(name)
        for offset in options.offsets:
            if notes.passed(str(offset), state):
                continue
            log, begin = LOGS / f"{name}-{offset}.log", time.monotonic()
            good = attempt(known[name], offset, log)
            verdict = "passed" if good else "FAILED"
            print(f"{name:25} {offset:3d} {verdict} {time.monotonic() - begin:6.0f} s", flush=True)
            if good:
                notes.add(str(offset), state)
            else:
                failed.append(log)
    for log in failed:
        print(f"failed: {log.relative_to(portable.ROOT)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

"""Run the tests and the notebooks as on other machines: `make portable`, or VARIANT=no-avx-1 for one.

Each variant is a processor (by what its vector unit is allowed), a number of threads, or a way to be
started. What passed is noted beside the variant's log in _build/portable and is not run again until
a file on which it depends changes, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "_build" / "portable"
LIMIT = 600  # seconds for one notebook
# A browser's verdict does not depend on the vector unit, nor does the making of environments.
NOT_HERE = "not browser and not book and not slow"

# What PyTorch, oneDNN, MKL, OpenBLAS, NumPy and the C library's own functions may use.
NO_AVX = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA",
    "GAN_TUTORIAL_ONEDNN": "0",
    "GAN_TUTORIAL_BFLOAT16": "0",
}
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
    "GAN_TUTORIAL_ONEDNN": "1",  # the other products, on whatever machine this is
    "GAN_TUTORIAL_BFLOAT16": "0",
}
PROCESSORS = {"no-avx": NO_AVX, "avx2": AVX2, "native": {}}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
# Left to a variant: what this shell says of them must not decide.
OWN = {*NO_AVX, *THREADS, "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "MPLCONFIGDIR"}


@dataclass(frozen=True)
class Variant:
    """A way to run: `variables` for the environment, None for those to take away; `interruptible`
    is false where SIGINT is ignored from the start; `folder` is the name of a copy to run in;
    `budget`, in seconds, leaves out the notebooks that take longer by their own word.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    interruptible: bool = True
    folder: str = ""
    budget: float = float("inf")

    def environment(self, tree: Path, scratch: Path) -> dict[str, str]:
        """The whole environment; `scratch` is for Jupyter, which cannot start a kernel without a
        place for its connection file.
        """
        kept = {name: value for name, value in os.environ.items() if name not in OWN}
        jupyter = {f"JUPYTER_{kind}_DIR": str(scratch) for kind in ("RUNTIME", "CONFIG", "DATA")}
        common = {"PYTHONPATH": str(tree), "LANG": "C.UTF-8", **dict.fromkeys(THREADS, "1")}
        merged = kept | common | jupyter | {"IPYTHONDIR": str(scratch)} | self.variables
        return {name: value for name, value in merged.items() if value is not None}


NOWHERE = "/dev/null/home"  # nobody can make a folder there, not even root
VARIANTS = {
    f"{name}-{n}": Variant(processor | dict.fromkeys(THREADS, str(n)))
    for name, processor in PROCESSORS.items()
    for n in (1, 2)
} | {
    # How a process was started changes no number: of the notebooks, the quick ones tell, on one thread.
    "sigint-ignored": Variant(interruptible=False, budget=30),
    "odd-path": Variant(folder="gan 튜토리얼", budget=30),
    "c-locale": Variant({"LC_ALL": "C", "LANG": None}, budget=30),
    "no-home": Variant(dict.fromkeys(HOMES) | {"HOME": NOWHERE}, budget=30),
}


def project_files() -> list[Path]:
    """What git knows or would add, relative to the project's folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = [Path(os.fsdecode(name)) for name in names.split(b"\0") if name]
    return sorted(path for path in paths if (ROOT / path).is_file())


SEEN = ("gan_tutorial/", "pyproject.toml", "requirements.txt", "setup.py")  # by a notebook
TRIED_BY = ("scripts/portable.py", "scripts/other_seeds.py")


def digest(part: str) -> str:
    """Of the files on which a part's verdict depends, by name and content: for a notebook, the
    package and itself; for the tests, all.
    """
    total, seen = hashlib.sha256(), (*SEEN, *TRIED_BY, f"book/{part}.ipynb")
    for path in project_files():
        if part != "tests" and not path.as_posix().startswith(seen):
            continue
        content = hashlib.sha256((ROOT / path).read_bytes()).digest()
        total.update(os.fsencode(path) + b"\0" + content)
    return total.hexdigest()


@contextmanager
def tree_for(variant: Variant) -> Iterator[tuple[Path, Path]]:
    """The folder to run in, a copy of the project where the variant names one, and a scratch one."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / variant.folder if variant.folder else ROOT
        if variant.folder:
            for path in project_files():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, tree / path)
        jupyter = Path(scratch) / "jupyter"
        jupyter.mkdir()
        yield tree, jupyter


def takes(notebook: Path) -> float:
    """The seconds that a notebook says it takes."""
    metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]
    return metadata["gan_tutorial"]["budget_seconds"]


def parts(tree: Path, variant: Variant) -> dict[str, list[str]]:
    """What a variant runs: a name and a command for each."""
    skipped = [f"--ignore=tests/test_{name}.py" for name in ("portable", "launch")]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *skipped]
    execute = [sys.executable, "-c", "from nbclient.cli import main; main()"]
    notebooks = [p for p in sorted((tree / "book").glob("*.ipynb")) if takes(p) <= variant.budget]
    return {"tests": [*pytest, "-m", NOT_HERE]} | {
        path.stem: [*execute, str(path.relative_to(tree))] for path in notebooks
    }


class Notes:
    """Which parts passed, and with which files: a line for each, the part and their digest."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def passed(self, part: str, state: str) -> bool:
        return self.path.is_file() and f"{part} {state}" in self.path.read_text().splitlines()

    def add(self, part: str, state: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{part} {state}\n")


def run(command: Sequence[str], tree: Path, variant: Variant, scratch: Path, log: Path) -> bool:
    """Whether the command passed; what it says goes to the end of the log."""
    ignore = (
        None if variant.interruptible else partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    )
    limit = LIMIT if command[-1].endswith(".ipynb") else None
    with log.open("a", encoding="utf-8") as out:
        out.write(f"\n=== {time.strftime('%F %T')} {' '.join(command)}\n")
        out.flush()
        try:
            done = subprocess.run(
                command,
                cwd=tree,
                env=variant.environment(tree, scratch),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=limit,
                preexec_fn=ignore,
                check=False,
            )
        except subprocess.TimeoutExpired:
            out.write(f"stopped after {LIMIT} s\n")
            return False
    return done.returncode == 0


def try_variant(name: str, work=parts, state=digest) -> list[str]:
    """Run what has not passed yet with the files as they are; the names of the parts that fail."""
    LOGS.mkdir(parents=True, exist_ok=True)
    variant, notes, log = (
        VARIANTS[name],
        Notes(LOGS / f"{name}.passed"),
        LOGS / f"{name}.log",
    )
    failed = []
    with tree_for(variant) as (tree, scratch):
        commands = work(tree, variant)
        states = {part: state(part) for part in commands}  # of what the tree has now
        for part, command in commands.items():
            if notes.passed(part, states[part]):
                continue
            begin = time.monotonic()
            good = run(command, tree, variant, scratch, log)
            print(
                f"{name:15} {part:25} {'passed' if good else 'FAILED'} {time.monotonic() - begin:6.0f} s",
                flush=True,
            )
            if good:
                notes.add(part, states[part])
            else:
                failed.append(part)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named variants, or all; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", help=f"of {', '.join(VARIANTS)}; all by default")
    names = parser.parse_args(arguments).variants or list(VARIANTS)
    if unknown := sorted(set(names) - set(VARIANTS)):
        parser.error(f"no variant {', '.join(unknown)}; choose of {', '.join(VARIANTS)}")
    failed = {name: try_variant(name) for name in names}
    print()
    for name, bad in failed.items():
        print(f"{name:15} {'FAILED: ' + ', '.join(bad) if bad else 'passed'}")
    if any(failed.values()):
        print(f"the failures are told in {LOGS.relative_to(ROOT)}/<variant>.log")
    return int(any(failed.values()))


if __name__ == "__main__":
    sys.exit(main())

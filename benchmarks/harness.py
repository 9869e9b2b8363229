"""Timing in turns, and results that say where, when and with what they were measured."""

import importlib
import json
import os
import pkgutil
import platform
import re
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from statistics import median

import torch

import benchmarks
from gan_tutorial._engine.devices import processor

ROUNDS = 5
PACKAGES = ("torch", "torchvision", "numpy", "scipy", "ipywidgets", "matplotlib", "playwright")


def discover():
    """All benchmarks by name: the `BENCHMARKS` of every module of this package."""
    modules = (
        importlib.import_module(f"benchmarks.{module.name}")
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    )
    found = {}
    for module in modules:
        for name, function in getattr(module, "BENCHMARKS", {}).items():
            if found.setdefault(name, function) is not function:
                raise ValueError(f"two benchmarks are called {name!r}; give each its own name")
    return found


def synchronize(device):
    """Wait until the device has done what was asked of it."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def rate(steps, seconds, device):
    """Steps per second of an iterator that yields how many steps it has just done."""
    done, start = 0, time.perf_counter()
    while not done or time.perf_counter() - start < seconds:
        done += next(steps)
    synchronize(device)
    return done / (time.perf_counter() - start)


def compare(contenders, seconds, device):
    """Median steps/s of each contender, from ROUNDS turns of each in alternation.

    `contenders` maps a name to an iterator (see `rate`). A first, untimed part warms each up.
    """
    turn = seconds / (ROUNDS + 1) / len(contenders)
    for steps in contenders.values():
        rate(steps, turn, device)
    rates = [
        {name: rate(steps, turn, device) for name, steps in contenders.items()}
        for _ in range(ROUNDS)
    ]
    return {name: median(r[name] for r in rates) for name in contenders}


def row(case, unit, ours, usual, usual_way, *, smaller_is_better=False, **extra):
    """One line of the table. `ratio` says how many times better ours is than `usual_way`."""
    ratio = usual / ours if smaller_is_better else ours / usual
    line = {"case": case, "unit": unit, "ours": ours, "usual": usual, "usual_way": usual_way}
    return line | {"ratio": ratio, **extra}


def machine(device):
    """What a reader must know of the machine to compare with theirs."""
    described = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "device": str(device),
    }
    if torch.device(device).type == "cuda":
        described["gpu"] = torch.cuda.get_device_name(device)
    return described


def machine_kind(device):
    """The name of the results' file: one for each kind of machine."""
    if torch.device(device).type == "cuda":
        return "cuda-" + "-".join(torch.cuda.get_device_name(device).lower().split())
    words = re.findall(r"[a-z0-9]+", re.sub(r"\(.*?\)", "", processor()).lower())
    return f"cpu-{'-'.join(words)}-{os.cpu_count()}-cores"


def versions():
    """Python and the packages that matter for speed, as far as they are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def measure(name, function, seconds, device):
    """Run one benchmark and put its circumstances beside its rows."""
    circumstances = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(device),
        "versions": versions(),
        "command": f"python -m benchmarks {name} --seconds {seconds:g} --device {device}",
        "seconds": seconds,
    }
    return circumstances | {"rows": function(seconds, device)}


def save(results, path):
    """Merge results by name into a JSON file, which is replaced whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    merged = json.loads(path.read_text()) if path.exists() else {}
    text = json.dumps(merged | results, indent=2, sort_keys=True, allow_nan=False)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)

"""Trained pairs that come with the package: `pair = load("mnist-long")`, nothing to download.

    python -m gan_tutorial train --recipe mnist-long --out runs/mnist-long
    python -m gan_tutorial.weights runs/mnist-long

The second line reads the folder that the first wrote, and leaves `weights/mnist-long.npz` and a
`.json` that says where it comes from. A matrix is kept as bytes, W ≈ scale·q with one scale for
each row and whole q in [-127, 127]: a quarter of float32, at an error of at most half a scale.
Vectors (biases, batch norm's statistics) stay as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_tutorial import checkpoints
from gan_tutorial.commands import choose
from gan_tutorial.networks import Pair
from gan_tutorial.record import PROVENANCE

FOLDER = Path(__file__).parent / "weights"
LEVELS = 127


def pack(name: str, tensor: Tensor) -> dict[str, np.ndarray]:
    """`tensor` under `name`; a matrix as int8 under `name` and its scales under `name`:scale."""
    values = tensor.detach().cpu().numpy()
    if values.ndim < 2:
        return {name: values}
    scale = np.abs(values).max(axis=1, keepdims=True).astype(np.float32) / LEVELS
    scale[scale == 0] = 1.0
    return {name: np.rint(values / scale).astype(np.int8), f"{name}:scale": scale}


def unpack(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """What `pack` made of each tensor, as a state dict."""
    tensors = {}
    for name, values in arrays.items():
        if not name.endswith(":scale"):
            scale = arrays.get(f"{name}:scale")
            tensors[name] = torch.from_numpy(values if scale is None else scale * values)
    return tensors


def keep(run: Path, out: Path) -> tuple[Path, Path]:
    """Write `out`/RECIPE.npz and .json from the folder `run`: its averaged generator and its
    discriminator. ValueError where the folder holds no run.
    """
    if not (run / "run.json").is_file():
        raise ValueError(f"{run} holds no run: there is no run.json; train one with --out")
    note = json.loads((run / "run.json").read_text())
    state = checkpoints.load(run / "checkpoint.pt")
    networks = {"generator": state["average"], "discriminator": state["discriminator"]["network"]}
    arrays = {}
    for player, tensors in networks.items():
        for name, tensor in tensors.items():
            arrays |= pack(f"{player}.{name}", tensor)
    words = {
        **{key: note[key] for key in (*PROVENANCE, "shape")},
        "command": f"python -m gan_tutorial train --recipe {note['recipe']} "
        f"--seed {note['seed']} --out runs/{note['recipe']} && "
        f"python -m gan_tutorial.weights runs/{note['recipe']}",
        "steps": state["step"],
    }
    out.mkdir(parents=True, exist_ok=True)
    paths = out / f"{note['recipe']}.npz", out / f"{note['recipe']}.json"
    np.savez_compressed(paths[0], **arrays)
    paths[1].write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n")
    return paths


def load(name: str, folder: Path = FOLDER) -> Pair:
    """The trained pair of that name, in evaluation mode, on the CPU, its parameters frozen.

    The generator is the run's average. ValueError names the pairs there are.
    """
    names = sorted(path.stem for path in folder.glob("*.npz"))
    if name not in names:
        raise ValueError(f"name={name!r} has no weights; there are: {', '.join(names) or 'none'}")
    note = json.loads((folder / f"{name}.json").read_text())
    pair = choose(note["recipe"]).build(images=torch.zeros(1, *note["shape"]))
    with np.load(folder / f"{name}.npz") as file:
        state = unpack(dict(file))
    for player in ("generator", "discriminator"):
        network, start = getattr(pair, player), f"{player}."
        mine = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
        network.load_state_dict(mine)
        network.eval().requires_grad_(False)
    return pair


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial.weights",
        description="Keep the networks of a trained run as one small file.",
        epilog="example: python -m gan_tutorial.weights runs/mnist-long",
    )
    parser.add_argument(
        "run", type=Path, help="the folder that `python -m gan_tutorial train` wrote"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="default: the package's weights")
    options = parser.parse_args(arguments)
    try:
        for path in keep(options.run, options.out):
            print(f"{path} ({path.stat().st_size:,} bytes)")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

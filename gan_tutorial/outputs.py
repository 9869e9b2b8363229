"""What a training run leaves on the disk: grids of samples, losses, TensorBoard's events."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

from gan_tutorial.data import import_torchvision
from gan_tutorial.snapshots import Snapshot


def save_grid(samples: Tensor, shape: Sequence[int], path: Path, columns: int = 10) -> None:
    """Write rows in [0, 1] as one PNG, `columns` pictures of `shape` (c, h, w) to a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = samples.float().cpu().unflatten(1, shape)
    import_torchvision()
    from torchvision.utils import save_image

    save_image(pictures, path, nrow=columns)


def write_history(history: dict[str, Tensor], folder: Path) -> None:
    """The losses of every step as `history.csv` and, name by name, as `history.json`."""
    columns = {name: values.tolist() for name, values in history.items()}
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *columns])
        writer.writerows(
            [i, *row] for i, row in enumerate(zip(*columns.values(), strict=True), start=1)
        )
    (folder / "history.json").write_text(json.dumps(columns))


def tensorboard(folder: Path) -> Callable[[Snapshot], None]:
    """A function that passes a snapshot's losses on to TensorBoard, or does nothing without it."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return lambda snapshot: None
    writer = SummaryWriter(folder / "tensorboard")

    def write(snapshot: Snapshot) -> None:
        for name, values in snapshot.history.items():
            if len(values):
                writer.add_scalar(name, values[-1], snapshot.step)
        writer.flush()

    return write

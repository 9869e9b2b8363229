"""The checks at the door of `train`: every message names the argument, what was passed, and what is
allowed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_tutorial import distributed
from gan_tutorial.networks import Pair
from gan_tutorial.objectives import OBJECTIVES, Objective
from gan_tutorial.snapshots import bind, sample


def positive_integer(name: str, value: object, least: int = 1) -> None:
    """Raise ValueError unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")


def check_data(data: Tensor, labels: Tensor | None) -> None:
    """Rows of uint8 or finite floating-point numbers, and one integer label for each row."""
    if not isinstance(data, Tensor) or data.dim() < 2 or len(data) == 0:
        what = f"shape {tuple(data.shape)}" if isinstance(data, Tensor) else type(data).__name__
        raise ValueError(f"data must be a tensor (n, ...) of at least two dimensions, got {what}")
    if data.dtype != torch.uint8 and not data.is_floating_point():
        raise ValueError(f"data must be uint8 (0 to 255) or floating-point, got {data.dtype}")
    if data.is_floating_point() and not data.isfinite().all():
        raise ValueError("data must be finite, got NaN or infinite entries")
    if labels is None:
        return
    tensor = isinstance(labels, Tensor)
    if not tensor or labels.shape != data.shape[:1] or labels.is_floating_point():
        got = f"{labels.dtype} of shape {tuple(labels.shape)}" if tensor else type(labels).__name__
        raise ValueError(
            f"labels must be a tensor of {len(data)} integers, one for each row of data, got {got}"
        )


def check_networks(pair: Pair, data: Tensor, labels: Tensor | None) -> None:
    """The generator turns noise into rows of the data's width, and the discriminator rows into
    logits (n, 1).
    """
    width = data[0].numel()
    y = None if labels is None else torch.stack([labels.min(), labels.max()]).long()
    try:
        fake = sample(pair.generator, pair.prior, 2, labels=y)
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"the generator cannot be called on its prior's noise: {error}") from error
    if fake.shape != (2, width):
        raise ValueError(
            f"the generator's samples have shape {tuple(fake.shape)}, the data need (n, {width})"
        )
    was_training = pair.discriminator.training
    try:
        with torch.no_grad():
            y = None if y is None else y.to(fake.device)
            score = bind(pair.discriminator.eval(), y)(fake)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"the discriminator cannot be called on the samples: {error}") from error
    finally:
        pair.discriminator.train(was_training)
    if score.shape != (2, 1):
        raise ValueError(f"the discriminator must return (n, 1) logits, got {tuple(score.shape)}")


def check_game(objective: Objective, optimizers: Sequence) -> None:
    """An `Objective` and a pair of functions that make optimisers."""
    if not isinstance(objective, Objective):
        names = ", ".join(f"OBJECTIVES[{name!r}]" for name in OBJECTIVES)
        raise ValueError(f"objective must be an Objective, such as {names}; got {objective!r}")
    if not isinstance(optimizers, Sequence) or len(optimizers) != 2:
        raise ValueError(
            "optimizers must be two, the discriminator's and the generator's, such as "
            f"(adam(), adam()); got {optimizers!r}"
        )


def check_batch(batch_size: int, pair: Pair) -> None:
    """A batch that the processes can share equally, and large enough for batch norm."""
    positive_integer("batch_size", batch_size)
    if batch_size % distributed.size():
        raise ValueError(
            f"batch_size must be a multiple of the {distributed.size()} processes, got {batch_size}"
        )
    norms = any(isinstance(m, nn.BatchNorm1d) for net in pair[:2] for m in net.modules())
    if norms and batch_size < 2 * distributed.size():
        raise ValueError(
            f"batch_size must give batch norm 2 samples or more in each process, got {batch_size}"
        )


def check_checkpoint(checkpoint: str | os.PathLike | None, resume: bool) -> None:
    """A path in a folder that exists, not yet taken unless the run is resumed."""
    if checkpoint is None:
        if resume:
            raise ValueError("resume=True needs checkpoint, the file to resume from; got None")
        return
    path = Path(checkpoint)
    if not path.parent.is_dir():
        raise ValueError(f"checkpoint: the folder {path.parent} does not exist; make it first")
    if path.exists() and not resume:
        raise ValueError(
            f"checkpoint: {path} exists; resume=True goes on from it, or name another file"
        )


def stops(every: int | Sequence[int], steps: int) -> list[int]:
    """The steps to yield at: 0, the multiples of `every` (or the steps it lists), and `steps`
    itself.
    """
    if isinstance(every, int):
        positive_integer("every", every)
        wanted = range(0, steps, every)
    elif not isinstance(every, Sequence) or not all(isinstance(step, Integral) for step in every):
        raise ValueError(f"every must be a step count or a sequence of steps, got {every!r}")
    else:
        wanted = [step for step in every if step < steps]
        if list(wanted) != sorted(set(wanted)) or any(step < 0 for step in wanted):
            raise ValueError(f"every must be a step count or an increasing sequence, got {every!r}")
    return sorted({0, *wanted, steps})

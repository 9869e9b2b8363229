"""What cannot work is said before training starts: every message names the argument, what was passed,
and what is allowed.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gan_tutorial._engine import devices
from gan_tutorial._engine.modes import evaluating
from gan_tutorial.networks import Affine, Pair, TwoBranch, bind
from gan_tutorial.objectives import Objective, no_penalty

SEEDS = 2**63  # every seed below is one that PyTorch's generators take


def whole_number(name: str, value: object, least: int = 1, below: int | None = None) -> None:
    """Raise ValueError unless `value` is an integer of at least `least`, and below `below`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if below is not None and value >= below:
        raise ValueError(f"{name} must be below {below}, got {value!r}")


def check_memory(name: str, count: int, numbers: int, device: torch.device) -> None:
    """Raise ValueError where `count` samples of so many float32 `numbers` can never fit."""
    needed = 4 * count * numbers
    if device.type == "cuda":
        there = torch.cuda.mem_get_info(device)[1]
    else:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        raise ValueError(
            f"{name}={count} cannot fit: {count} samples of {numbers} numbers take "
            f"{needed / 2**30:,.0f} GiB, and there are {there / 2**30:,.0f} GiB in all"
        )


def check_batch(batch_size: int, pair: Pair, data: Tensor) -> None:
    """A batch that fits, that the processes can share equally, and large enough for batch norm."""
    size, device = devices.size(), next(pair.generator.parameters()).device
    check_memory("batch_size", batch_size, 2 * data[0].numel(), device)
    if batch_size % size:
        raise ValueError(f"batch_size must be a multiple of the {size} processes, got {batch_size}")
    if any(map(has_batch_norm, pair[:2])) and batch_size < 2 * size:
        raise ValueError(
            f"batch_size must give batch norm 2 samples or more in each process, got {batch_size}"
        )


def has_batch_norm(network: nn.Module) -> bool:
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())


def mixes_samples(discriminator: nn.Module, real: Tensor, y: Tensor | None) -> bool:
    """Whether a sample's score depends on the others of its batch, as with batch norm, minibatch
    discrimination or packs. Where that cannot be found out, True: it costs time and does no harm.

    Without mixing, the derivative of the first score by the other samples is zero, bit for bit. It
    is taken in a copy with drawn weights, of samples drawn within the bounds of `real`: no layer is
    dead there, and the answer does not change while the discriminator learns.
    """
    if has_batch_norm(discriminator):
        return True
    rng = torch.Generator().manual_seed(0)
    low, high = real.aminmax()
    span = torch.where(high > low, high - low, 1.0)
    x = (low + span * torch.rand(real.shape, generator=rng).to(real)).requires_grad_()
    drawing_on = [real.device] if real.is_cuda else []
    try:
        with torch.random.fork_rng(drawing_on), torch.enable_grad():
            network = copy.deepcopy(discriminator).train()
            for weight in network.parameters():
                if weight.is_floating_point():
                    fan_in = weight[0].numel() if weight.dim() > 1 else 1
                    drawn = torch.randn(weight.shape, generator=rng) / fan_in**0.5
                    weight.data.copy_(drawn)
            first = bind(network, y)(x)[0].sum()
            (slopes,) = torch.autograd.grad(first, x, allow_unused=True)
    except Exception:  # a network that cannot be copied, or takes no such samples, is still trained
        return True
    if slopes is None or not (slopes[0].isfinite() & (slopes[0] != 0)).any():
        return True  # a flat place, where nothing can be seen
    return bool((slopes[1:].nan_to_num() != 0).any())


def check_penalty(objective: Objective, discriminator: nn.Module) -> None:
    """A penalty on the slope at one sample means nothing where batch norm mixes a batch's samples."""
    if objective.penalty is not no_penalty and has_batch_norm(discriminator):
        raise ValueError(
            "the discriminator has batch norm, which mixes the samples of a batch, and "
            f"{objective.name} penalises its slope at each sample; leave the norm out, or take "
            "another objective"
        )


def check_place(checkpoint: object, resume: object, note: object) -> None:
    """A path or none, and something to resume from; words to keep with it."""
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise ValueError(f"checkpoint must be a path or None, got {checkpoint!r}")
    if checkpoint is not None and "\0" in str(checkpoint):
        raise ValueError(f"checkpoint must be a path, got {checkpoint!r}")
    if resume and checkpoint is None:
        raise ValueError("resume=True needs checkpoint, the file to resume from; got None")
    if note is not None and not isinstance(note, Mapping):
        raise ValueError(f"note must be a dict of numbers and words, or None, got {note!r}")


def check_data(data: Tensor, labels: Tensor | None) -> None:
    """Rows of uint8 or finite floating-point numbers, and one or more integer labels for each row."""
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
    whole = tensor and not (labels.is_floating_point() or labels.is_complex())
    if not whole or labels.dim() not in (1, 2) or len(labels) != len(data) or not labels.numel():
        got = f"{labels.dtype} of shape {tuple(labels.shape)}" if tensor else type(labels).__name__
        raise ValueError(
            f"labels must be a tensor of {len(data)} integers, one for each row of data (or of "
            f"{len(data)} × attributes), got {got}"
        )


def check_pair(pair: Pair, data: Tensor, labels: Tensor | None, outputs: int = 1) -> None:
    """Raise ValueError unless the pair can play on the data and something is there to learn.

    The data are rows of uint8 or finite floats, with labels that both players know; the generator
    turns noise into rows of the data's width, in a range that the data do not leave; the
    discriminator turns rows into logits (n, 1).
    """
    check_players(pair)
    check_data(data, labels)
    _check_labels(pair, labels)
    width = data[0].numel()
    y = None if labels is None else torch.stack([labels.amin(0), labels.amax(0)]).long()
    fake = _called("generator", pair.generator, "its prior's noise", _noise(pair), y)
    if fake.shape != (2, width):
        raise ValueError(
            f"the generator's samples have shape {tuple(fake.shape)}, the data need (n, {width})"
        )
    score = _called("discriminator", pair.discriminator, "the samples", fake, y)
    if score.shape != (2, outputs):
        raise ValueError(
            f"the discriminator must return (n, {outputs}) logits, got {tuple(score.shape)}"
        )
    _check_range(pair.generator, data)
    if isinstance(_in_order(pair.discriminator)[-1], nn.Sigmoid):
        raise ValueError(
            "the discriminator ends in a sigmoid; the losses here take logits: leave it out"
        )
    if not any(p.requires_grad for network in pair[:2] for p in network.parameters()):
        raise ValueError(
            "pair: no parameter of either player requires a gradient, so nothing can be learnt; of "
            "a pair that is to learn on, network.requires_grad_(True)"
        )


def check_players(pair: object) -> None:
    """Two networks and a prior, of which the generator has parameters (they say on what device)."""
    if not isinstance(pair, Pair) or not all(isinstance(x, nn.Module) for x in pair[:2]):
        raise ValueError(f"pair must be a Pair(generator, discriminator, prior), got {pair!r}")
    if not callable(pair.prior) or next(pair.generator.parameters(), None) is None:
        raise ValueError("pair: the prior must be callable, and the generator have parameters")


def _check_labels(pair: Pair, labels: Tensor | None) -> None:
    if labels is None:
        return
    for name, network in (("generator", pair.generator), ("discriminator", pair.discriminator)):
        _check_classes(name, network, labels)


def _check_classes(name: str, network: nn.Module, labels: Tensor) -> None:
    """As many attributes as the network takes, each within its classes, where it says how many."""
    classes = getattr(network, "classes", None)
    if not classes or not len(labels):
        return
    columns = labels.flatten(1).T if labels.dim() > 1 else labels[None]
    sizes = (classes,) if isinstance(classes, int) else tuple(classes)
    if len(sizes) != len(columns):
        raise ValueError(
            f"labels have {len(columns)} attributes; the {name} takes {len(sizes)}: {sizes}"
        )
    for column, size in zip(columns, sizes, strict=True):
        low, high = int(column.min()), int(column.max())
        if not 0 <= low <= high < size:
            raise ValueError(
                f"labels go from {low} to {high}; the {name} has {size} classes and takes 0 to "
                f"{size - 1}"
            )


def check_asked(generator: nn.Module, labels: object, n: int) -> Tensor | None:
    """The labels that a generator is asked for, int64 and on its device: n of them, or none for one
    that takes none.
    """
    if labels is None:
        classes = getattr(generator, "classes", None)
        if classes:
            raise ValueError(f"labels: the generator has classes ({classes}); give it {n} labels")
        return None
    y = torch.as_tensor(labels)
    y = y if y.numel() else y.long()  # an empty list is one of floats to torch
    if y.is_floating_point() or y.is_complex() or y.dim() not in (1, 2):
        raise ValueError(f"labels must be integers (n,), got {y.dtype} of shape {tuple(y.shape)}")
    if len(y) != n:
        raise ValueError(f"labels must be {n}, one for each sample, got {len(y)}")
    y = y.to(torch.int64)
    _check_classes("generator", generator, y)
    return y.to(next(generator.parameters()).device)


def _noise(pair: Pair) -> Tensor:
    parameter = next(pair.generator.parameters())
    return pair.prior(2, torch.Generator(parameter.device).manual_seed(0)).to(parameter.dtype)


@torch.no_grad()
def _called(name: str, network: nn.Module, on: str, x: Tensor, y: Tensor | None) -> Tensor:
    """network(x) or network(x, y) in evaluation mode; ValueError where it cannot be."""
    try:
        with evaluating(network):
            return bind(network, None if y is None else y.to(x.device))(x)
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"the {name} cannot be called on {on}: {error}") from error


def _check_range(generator: nn.Module, data: Tensor) -> None:
    """Whether the generator's last layers can give the data, as far as can be told from them."""
    ends = output_range(generator)
    if ends is None:
        return
    low, high = (0.0, 1.0) if data.dtype == torch.uint8 else (float(x) for x in data.aminmax())
    if low < ends[0] - 1e-3 or high > ends[1] + 1e-3:
        raise ValueError(
            f"data span [{low:.4g}, {high:.4g}], the generator's last layers can only give "
            f"[{ends[0]:g}, {ends[1]:g}]; scale the data (`data.flatten` does), or change the "
            "generator's output"
        )


def _in_order(network: nn.Module) -> list[nn.Module]:
    """The last layers that a row passes, as far back as their order is known; at least one. A module
    with a `forward` of its own may do anything, but for this one.
    """
    if isinstance(network, TwoBranch):
        return _in_order(network.joined)
    if type(network).forward is not nn.Sequential.forward:
        return [network]
    passed = (child for child in network.children() if not isinstance(child, nn.Identity))
    return [layer for child in passed for layer in _in_order(child)] or [network]


def output_range(network: nn.Module) -> tuple[float, float] | None:
    """The interval that the network's last layers map to, or None where they are not a sigmoid or a
    tanh, with or without an `Affine` after it.
    """
    *_, before, last = [nn.Identity(), *_in_order(network)]
    bounded = before if isinstance(last, Affine) else last
    if not isinstance(bounded, nn.Sigmoid | nn.Tanh):
        return None
    ends = (0.0 if isinstance(bounded, nn.Sigmoid) else -1.0, 1.0)
    if isinstance(last, Affine):
        ends = (last.scale * ends[0] + last.shift, last.scale * ends[1] + last.shift)
    return min(ends), max(ends)

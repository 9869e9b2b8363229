"""Randomness that belongs to one piece of work: the caller's own stays where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def _cuda_index(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index


def _generator_of(device: torch.device) -> torch.Generator:
    if device.type == "cuda":
        return torch.cuda.default_generators[_cuda_index(device)]
    return torch.default_generator


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, PyTorch's global CPU randomness starts from `seed`; afterwards it is as it was
    before.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class Randomness:
    """The two random streams of a training run: `rng` for data and noise, and a private copy of
    PyTorch's global stream for the layers that use it unasked (dropout).

    `with randomness:` puts the private copy in the global one's place, and takes it back at the
    end.
    """

    def __init__(self, device: torch.device, seed: int, own: int = 0) -> None:
        """`seed` drives `rng`; `own` tells apart processes whose dropout must differ."""
        self.rng = torch.Generator(device).manual_seed(seed)
        self._own, self._global, self._callers = own, _generator_of(device), None
        self._private = (
            torch.Generator(device).manual_seed(seed + 1_000_003 * (own + 1)).get_state()
        )

    def __enter__(self) -> None:
        self._callers = self._global.get_state()
        self._global.set_state(self._private)

    def __exit__(self, *exception: object) -> None:
        self._private = self._global.get_state()
        self._global.set_state(self._callers)
        self._callers = None

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Both streams, as byte tensors, inside the `with` block or outside."""
        outside = self._callers is None
        layers = self._private if outside else self._global.get_state()
        return {"rng": self.rng.get_state(), "layers": layers}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.rng.set_state(state["rng"].cpu())
        if self._own == 0:  # the state is rank 0's: the others' dropout goes on differing from it
            self._private = state["layers"].cpu()

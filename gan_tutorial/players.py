"""The two players of the game, each with its optimiser."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gan_tutorial import distributed
from gan_tutorial.optimizers import Factory
from gan_tutorial.schedules import Schedule


class Player:
    """A network, its trainable parameters and their optimiser. One with nothing to train stands
    still.
    """

    def __init__(
        self, network: nn.Module, factory: Factory, schedules: Mapping[str, Schedule]
    ) -> None:
        self.network, self.schedules = network, schedules
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = factory(self.parameters) if self.parameters else None
        groups = self.optimizer.param_groups if self.optimizer else []
        self.initial = [{k: v for k, v in group.items() if k != "params"} for group in groups]

    def descend(self, loss: Tensor) -> None:
        """One optimiser step down the gradient of `loss` in this player's parameters, and in no
        other.
        """
        if self.optimizer is None:
            return
        gradients = torch.autograd.grad(loss, self.parameters)
        distributed.average_(gradients)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # A gradient may come transposed, and fused optimisers read memory in a parameter's order.
            parameter.grad = gradient.contiguous()
        self.optimizer.step()

    def schedule(self, step: int) -> None:
        """Multiply the optimiser's initial options by the schedules' factors at `step`."""
        for group, initial in zip(self._groups(), self.initial, strict=True):
            for option, factor in self.schedules.items():
                if option not in initial:
                    name = type(self.optimizer).__name__
                    raise ValueError(
                        f"schedules: {name} has no option {option!r}, only {sorted(initial)}"
                    )
                value = initial[option] * factor(step)
                if isinstance(group[option], Tensor):
                    group[option].fill_(value)
                else:
                    group[option] = value

    def _groups(self) -> list[dict]:
        return self.optimizer.param_groups if self.optimizer else []

    def make_capturable(self) -> None:
        """Put a scheduled learning rate where a CUDA graph reads it anew at each replay."""
        if "lr" in self.schedules:
            for group in self._groups():
                group["lr"] = torch.tensor(group["lr"], device=self.parameters[0].device)

    def state_dict(self) -> dict:
        """Weights and the optimiser's memory."""
        memory = self.optimizer.state_dict()["state"] if self.optimizer else {}
        return {"network": self.network.state_dict(), "memory": memory}

    def load_state_dict(self, state: dict) -> None:
        """Go on exactly where `state_dict` was taken, but with this run's own options."""
        self.network.load_state_dict(state["network"])
        if self.optimizer:
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": state["memory"], "param_groups": groups})

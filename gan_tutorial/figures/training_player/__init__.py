"""Figure ``training-player``: scrub through recorded training runs, Algorithm 1 at work."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import ClassVar

import traitlets

from ..base import Figure, slider

FRAMES = 51  # the most that a recording may have
RECORDED = "recorded/training-1d.json"


@cache
def _shipped() -> tuple[dict, ...]:
    text = (files("gan_tutorial") / RECORDED).read_text(encoding="utf-8")
    return tuple(json.loads(text)["runs"])


class TrainingPlayer(Figure):
    """Recorded runs of one-dimensional GANs, moment by moment.

    Shows :math:`p_\\text{data}` and :math:`p_g`, the learned :math:`D` beside the exact
    :math:`D^*` of that moment, arrows from z to G(z), the value V(D, G) below its optimum
    :math:`V(D^*, G) = -\\log 4 + 2\\,JSD`, and the JSD, in nats.

    ``runs`` is a list of what :func:`gan_tutorial.line.player_run` gives, each with at most 51
    moments and a name of its own (without it, a short run that comes with the package); ``run`` is
    the name of the one that is shown, ``frame`` counts its moments from 0.
    """

    name = "training-player"
    title = "Recorded training runs: densities, discriminators, generator and losses over time"
    patterns: ClassVar = {"run": ".+"}

    runs = traitlets.List(traitlets.Dict(), help="recordings").tag(sync=True)
    run = traitlets.Unicode(help="name of the run that is shown").tag(sync=True)
    frame = slider(0, 0, FRAMES - 1, 1, "moment of the run, from 0")

    @traitlets.default("runs")
    def _default_runs(self) -> list[dict]:
        return list(_shipped())

    @traitlets.default("run")
    def _first_run(self) -> str:
        return self.runs[0]["name"]

    @traitlets.validate("runs")
    def _check_runs(self, proposal: dict) -> list[dict]:
        runs = proposal["value"]
        names = [run.get("name") for run in runs]
        if not runs or len(set(names)) < len(runs):
            raise traitlets.TraitError(f"runs needs recordings with different names, got {names}")
        for run in runs:
            if not 1 <= len(run["steps"]) <= FRAMES:
                raise traitlets.TraitError(
                    f"runs: {run['name']!r} has {len(run['steps'])} moments, allowed are 1 to "
                    f"{FRAMES} (record fewer snapshots)"
                )
        return runs

    @traitlets.validate("run")
    def _check_run(self, proposal: dict) -> str:
        names = [run["name"] for run in self.runs]
        if proposal["value"] not in names:
            raise traitlets.TraitError(f"run must be one of {names}, got {proposal['value']!r}")
        return proposal["value"]

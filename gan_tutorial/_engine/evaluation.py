"""What `python -m gan_tutorial evaluate` prints: a run's samples beside real rows and hopeless samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_tutorial import recorded
from gan_tutorial.metrics import (
    Judge,
    Reference,
    Scores,
    Share,
    floor_and_ceilings,
    inception_judge,
    score_table,
    untrained_judge,
)

_last: dict[bytes, tuple[Reference, dict[str, Scores]]] = {}  # of the rows that were asked for last


def judge_of(data: str, shape: Sequence[int], inception: Path | None = None) -> Judge:
    """Inception where its weights are given; else the judge that was trained on a data set, or one with
    random weights where there is none.
    """
    if inception is not None:
        return inception_judge(shape, inception)
    if (recorded.FOLDER / f"judge-{data}.json").is_file():
        judge = recorded.judge(data)
        if judge.network.shape == tuple(shape):
            return judge
    return untrained_judge(shape)


def beside(
    judge: Judge, rows: Mapping[str, Tensor], labels: Tensor, shape: Sequence[int]
) -> tuple[Reference, dict[str, Scores]]:
    """What samples are held to, and the columns beside them.

    They do not depend on the run, so whoever evaluates several in one process waits for them once: they
    are kept until other rows are asked for.
    """
    digest = hashlib.sha256(f"{judge.name} {tuple(shape)}".encode())
    for part in (*rows.values(), labels):
        digest.update(part.detach().cpu().contiguous().numpy().tobytes())
    key = digest.digest()
    if key not in _last:
        reference = Reference(judge, rows["training"], rows["held_out"], rows["validation"], labels)
        c, h, w = shape
        columns = floor_and_ceilings(reference, (c, h, w))
        _last.clear()
        _last[key] = reference, columns
    return _last[key]


def as_dict(columns: Mapping[str, Scores]) -> dict[str, Any]:
    """The columns for JSON."""
    return {
        column: {name: measure.as_dict() for name, measure in scores.items()}
        for column, scores in columns.items()
    }


def accuracy(judge: Judge, split: str) -> list[Share]:
    """How well a recorded judge reads each attribute of a split; nothing where that is not recorded."""
    found = judge.note.get("accuracy", {}).get(split, [])
    return [Share(one["mean"], one["n"]) for one in found]


def as_text(
    result: Mapping[str, Any], columns: Mapping[str, Scores], judge: Judge, split: str
) -> str:
    """The columns as a table, under what they are about."""
    read = ", ".join(map(str, accuracy(judge, split)))
    trust = f", which reads {read} of them right" if read else ""
    where = f"the {result['held_out']:,} {split} rows of {result['data']}"
    return "\n".join(
        [
            f"{result['samples']:,} samples of {result['recipe']} against {where}",
            f"features: {result['features']} of {judge.name}{trust}",
            "",
            score_table(columns),
            "",
            "± is one standard error. In brackets: what to expect where samples are distributed as the",
            "data are. Floor: validation rows. Training rows are perfect copies, the rest are ceilings.",
        ]
    )

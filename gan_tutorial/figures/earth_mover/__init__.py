"""Figure ``earth-mover``: optimal transport as blocks to carry by hand."""

from typing import ClassVar

import traitlets

from ..base import Figure, slider

PILES = 4
HIGHEST = 6


def height(value: int, help: str) -> traitlets.Float:
    return slider(value, 0, HIGHEST, 1, help)


MOVE = r"\[[1-4],[1-4],(?:[1-9]|1\d|2[0-4])\]"  # [from, to, blocks], as text


class EarthMover(Figure):
    r"""Blocks in four piles, :math:`P`, to be carried into frames, :math:`Q`, one unit apart.

    Counts the work so far in blocks times steps and shows the plan :math:`\gamma(x, y)` as a
    matrix, the least cost, :math:`W_1` of the two histograms divided by their totals, and the
    area between their distribution functions.

    ``moves`` is the work so far, ``[[from, to, blocks], …]``, with piles counted from 1. A move takes
    blocks from the top of its pile, at most those that are there.
    """

    name = "earth-mover"
    title = "Piles of blocks to be carried into frames, the plan and its cost"
    patterns: ClassVar = {"moves": rf"\[(?:{MOVE}(?:,{MOVE})*)?\]"}

    source = slider(1, 1, PILES, 1, "the pile to take from")
    target = slider(2, 1, PILES, 1, "the pile to bring to")
    blocks = slider(2, 1, HIGHEST, 1, "how many")
    moves = traitlets.List(traitlets.List(traitlets.Int(), minlen=3, maxlen=3)).tag(sync=True)
    p_1 = height(3, "P at 1")
    p_2 = height(2, "P at 2")
    p_3 = height(1, "P at 3")
    p_4 = height(4, "P at 4")
    q_1 = height(1, "Q at 1")
    q_2 = height(2, "Q at 2")
    q_3 = height(4, "Q at 3")
    q_4 = height(3, "Q at 4")

    @traitlets.validate("moves")
    def _moves_lie_between_piles(self, proposal: dict) -> list[list[int]]:
        for source, target, blocks in proposal["value"]:
            if not (1 <= source <= PILES and 1 <= target <= PILES and blocks >= 1):
                raise traitlets.TraitError(
                    f"moves holds [{source}, {target}, {blocks}]; a move is [from, to, blocks] with "
                    f"piles from 1 to {PILES} and at least one block"
                )
        return proposal["value"]

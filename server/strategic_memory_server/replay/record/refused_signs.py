"""Whether losses are refused more often than gains, or less: what is left would then be another record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.number_parts import plain_signs

CHANCE = 0.05
"""What comes by chance less often than this is no chance."""

_EXACT_ROWS = 500
"""Up to so many refused rows the chance is summed up, beyond it is that of a normal distribution."""


class Signs(NamedTuple):
    """How many rows lose and how many gain."""

    losses: int = 0
    gains: int = 0

    def with_others(self, other: Signs) -> Signs:
        """Return the counts of both together."""
        return Signs(self.losses + other.losses, self.gains + other.gains)


def signs_of(pnl: FloatColumn) -> Signs:
    """Count losses and gains; a pnl of 0 or NaN is neither."""
    return Signs(int(np.count_nonzero(pnl < 0.0)), int(np.count_nonzero(pnl > 0.0)))


def signs_of_refused(pnl: FloatColumn, cells: Sequence[Sequence[Cell]], rows: Iterable[int]) -> Signs:
    """Count losses and gains among refused rows: by their pnl, or by the sign in a cell that is no number.

    Args:
        pnl: of all rows of a page; NaN where it could not be read.
        cells: the columns of the page that say a pnl.
        rows: places of the refused rows.
    """
    losses = gains = 0
    for row in rows:
        value = float(pnl[row]) if not math.isnan(pnl[row]) else _sign(column[row] for column in cells)
        losses += value < 0.0
        gains += value > 0.0
    return Signs(losses, gains)


def _sign(cells: Iterable[Cell]) -> float:
    """Return a number of the sign that one of some cells shows; 0 where none shows any."""
    for text in (plain_signs(cell) for cell in cells if isinstance(cell, str)):
        if any(each.isdigit() for each in text):
            return -1.0 if text.startswith(("-", "(")) or text.endswith("-") else 1.0
    return 0.0


def is_one_sided(refused: Signs, used: Signs) -> bool:
    """Tell whether the share that is refused differs between losses and gains by more than chance."""
    count = sum(refused)
    share = (refused.losses + used.losses) / max(count + sum(used), 1)
    if not count or not 0.0 < share < 1.0:
        return False
    if count > _EXACT_ROWS:
        apart = abs(refused.losses - count * share) / math.sqrt(count * share * (1.0 - share))
        return math.erfc(apart / math.sqrt(2.0)) / 2.0 < CHANCE
    chances = [
        math.comb(count, losses) * share**losses * (1.0 - share) ** (count - losses) for losses in range(count + 1)
    ]
    return min(sum(chances[: refused.losses + 1]), sum(chances[refused.losses :])) < CHANCE

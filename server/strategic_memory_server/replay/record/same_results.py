"""Refuses two tables that hold the same results at other times, or rounded otherwise, where no ids tell the trades."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.table_read import TableRead

_FEWEST, _SHARE = 10, 0.9
"""So many results of a table, and this share of them, are no chance where another one has them too."""

_DIFFERENT = 0.5
"""Of so many different sizes they have to be: those of bets are alike by chance."""

_DIGITS = 3
_MOST_TABLES = 16


def require_other_results(entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead]) -> None:
    """Refuse a table of trades nearly all of whose results another one holds too, whatever their times.

    Args:
        entries: entries in any order.
        table_of: the place of the table of each.
        tables: the tables.

    Raises:
        ReplayError: there is one: an export of the same trades in another zone, or with fewer decimals.
    """
    if not 1 < len(tables) <= _MOST_TABLES:
        return
    is_result = (entries.kind == Kind.TRADE) & (entries.trade == 0) & (np.nan_to_num(entries.pnl) != 0.0)
    found = [_rounded(entries.pnl[is_result & (table_of == place)]) for place in range(len(tables))]
    for one, other in combinations(range(len(tables)), 2):
        fewer = min(found[one].size, found[other].size)
        if fewer < _FEWEST:
            continue
        values, alike = _alike(found[one], found[other])
        if alike >= _SHARE * fewer and values >= _DIFFERENT * alike:
            names = " and ".join(f"{tables[place].file} {tables[place].table}".strip() for place in (one, other))
            raise ReplayError(
                f"{names}: {alike:,} of their results are the same to {_DIGITS} digits: the same trades, in another "
                "zone or rounded otherwise? Give one of the two, or a trade_id in both"
            )


def _rounded(pnl: FloatColumn) -> FloatColumn:
    """Return numbers rounded to a few digits."""
    scale = 10.0 ** (np.floor(np.log10(np.abs(pnl))) - (_DIGITS - 1))
    rounded: FloatColumn = np.round(np.round(pnl / scale) * scale, 12)
    return rounded


def _alike(one: FloatColumn, other: FloatColumn) -> tuple[int, int]:
    """Return how many values both have, and how many results these are, each paired with one of the other."""
    values, counts = np.unique(one, return_counts=True)
    others, other_counts = np.unique(other, return_counts=True)
    _, here, there = np.intersect1d(values, others, assume_unique=True, return_indices=True)
    return here.size, int(np.minimum(counts[here], other_counts[there]).sum())

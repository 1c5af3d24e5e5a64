"""Refuses tables of two rows a trade that both say its result: it would count twice, and be known at its opening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.record.entry_columns import EntryColumns
from strategic_memory_server.replay.record.table_read import TableRead

_SHARE = 0.9
"""So many of the results have to stand in twos: some trades may be closed in parts."""

_FEWEST_IN_A_ROW, _FEWEST_APART = 4, 10
"""So many twos are no chance, where each stands one below the other, or anywhere in the table."""


def require_one_row_a_trade(
    entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead], meant: Sequence[bool]
) -> None:
    """Refuse results that each stand twice, at two times, in a table that tells neither openings nor which trade it is.

    Args:
        entries: entries in the order of the files.
        table_of: the place of the table of each.
        tables: the tables; what a tool writes is known.
        meant: of each table, whether the user mapped its results: what is mapped is meant.

    Raises:
        ReplayError: there is such a table.
    """
    # A portfolio may be looked at twice before it changes.
    earned = np.flatnonzero(entries.nameless_results)
    for place, table in enumerate(tables):
        if meant[place] or names.OPENED in table.columns or table.format not in (OWN_COLUMNS.name, COMMON_NAMES.name):
            continue
        rows = earned[table_of[earned] == place]
        result, time_ms = _results(entries, rows), entries.time_ms[rows]
        order = np.argsort(result, kind="stable")
        twos = max(_twos(result, time_ms, _FEWEST_IN_A_ROW), _twos(result[order], time_ms[order], _FEWEST_APART))
        if twos:
            by_map = (
                f"; or say that each row is a trade, --map '{table.map_of_results}'" if table.map_of_results else ""
            )
            raise ReplayError(
                f"{table.called}: {twos:,} of its results stand in it twice, at two times each: are these the entry "
                "and the exit of a trade? It would count twice, and be known when it was opened. Leave out the entries "
                "or map what numbers the trades, --map trade_id=<column>: each id counts once, at its later row"
                f"{by_map}"
            )


def _results(entries: EntryColumns, rows: NDArray[np.intp]) -> NDArray[np.complex128]:
    """Return what rows earned, and as the imaginary part under which policy and regime: under others it is another."""
    return entries.pnl[rows] + 1j * (entries.policy[rows] + 8.0 * entries.regime[rows])


def _twos(result: NDArray[np.complex128], time_ms: IndexColumn, fewest: int) -> int:
    """Return how many results stand twice, one below the other and at two times; 0 where most others do not."""
    starts = np.flatnonzero(np.diff(result, prepend=np.nan) != 0.0)
    twos = starts[np.diff(starts, append=result.size) == 2]
    found = int(np.count_nonzero(time_ms[twos] != time_ms[twos + 1]))
    # Results of which there are few different ones, as of bets, stand in twos by chance.
    are_most = found >= fewest and 2 * found >= _SHARE * result.size and np.unique(result[twos]).size >= _SHARE * found
    return found if are_most else 0

"""Refuses two tables that hold the same results at other times, or rounded otherwise, where no ids tell the trades."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.memory.policy import NO_POLICY
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import EntryColumns
from strategic_memory_server.replay.record.table_read import TableRead

_FEWEST, _SHARE = 10, 0.9
"""So many results of a table, and this share of them, are no chance where another one has them too.

That holds where this share of each table's results differ from each other: what is common is common to all records.
"""

_FEWEST_OF_END = 5
"""So many results at the end of a table, in their order, are no chance where another one begins with them."""

_AS_THEY_ARE, _ROUNDED = 15, 3
"""To so many digits they are compared."""

_MOST_TABLES = 16

_Results = NDArray[np.complex128]
"""What trades earned, and as the imaginary part under which policy: under another one it is another trade."""


def require_other_results(
    entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead], meant: Sequence[bool]
) -> None:
    """Refuse a table of trades nearly all of whose results, or those at an end, another one holds too at any times.

    Args:
        entries: entries in any order.
        table_of: the place of the table of each.
        tables: the tables.
        meant: of each, whether the user mapped its results: two tables that are both mapped are meant.

    Raises:
        ReplayError: there is one: an export of the same trades, or of some, in another zone, or with fewer decimals.
    """
    if not 1 < len(tables) <= _MOST_TABLES:
        return
    nameless = [np.flatnonzero(entries.nameless_results & (table_of == place)) for place in range(len(tables))]
    # Ids tell two tables apart where both have them.
    rows = [
        each if each.size else np.flatnonzero(entries.results_of_trades & (table_of == place))
        for place, each in enumerate(nameless)
    ]
    rows = [each[np.argsort(entries.time_ms[each], kind="stable")] for each in rows]
    for digits in (_AS_THEY_ARE, _ROUNDED):
        results = [_rounded(entries.pnl[each], digits) + 1j * entries.policy[each] for each in rows]
        told = [
            place
            for place, each in enumerate(results)
            if each.size >= _FEWEST and np.unique(each).size >= _SHARE * each.size
        ]
        for pair in combinations(told, 2):
            if all(meant[place] for place in pair) or not any(nameless[place].size for place in pair):
                continue
            alike = _alike(*_comparable(*(results[place] for place in pair)))
            if not alike:
                continue
            names = " and ".join(f"{tables[place].file} {tables[place].table}".strip() for place in pair)
            first = tables[next(place for place in pair if not meant[place])]
            by_map = f"; are they others, map the results of each, --map '{first.file}:{first.map_of_results}'"
            raise ReplayError(
                f"{names}: {alike} to {digits} digits: the same trades, in another "
                "zone or rounded otherwise? Give one of the two, or a trade_id in both"
                f"{by_map if first.map_of_results else ''}"
            )


def _alike(one: _Results, other: _Results) -> str:
    """Say what two tables, each in order of time, have in common that is no chance; empty where nothing is."""
    of_one, of_other = np.unique(one), np.unique(other)
    alike = np.intersect1d(of_one, of_other, assume_unique=True).size
    if alike >= _SHARE * min(of_one.size, of_other.size):
        return f"{alike:,} of their results are the same"
    followed = max(_end_that_begins(one, other), _end_that_begins(other, one))
    return f"the last {followed:,} results of one are the first of the other" if followed else ""


def _end_that_begins(one: _Results, other: _Results) -> int:
    """Return how many results at the end of one table another one begins with, in their order; 0 for too few."""
    end = one[-other.size :]
    # Where the first of them stand, in one pass: there may be millions of results, and few such places.
    starts = np.arange(max(end.size - _FEWEST_OF_END + 1, 0))
    for place in range(_FEWEST_OF_END):
        starts = starts[end[starts + place] == other[place]]
    for start in starts.tolist():
        # One in ten may have been rounded the other way.
        if np.count_nonzero(end[start:] == other[: end.size - start]) >= _SHARE * (end.size - start):
            return int(end.size - start)
    return 0


def _comparable(one: _Results, other: _Results) -> tuple[_Results, _Results]:
    """Return two tables' results, without policies where one of them names none: no policy is no other one."""
    if np.all(one.imag == NO_POLICY) or np.all(other.imag == NO_POLICY):
        return one.real.astype(np.complex128), other.real.astype(np.complex128)
    return one, other


def _rounded(pnl: FloatColumn, digits: int) -> FloatColumn:
    """Return numbers rounded to so many digits."""
    # The scale of the least of numbers is 0.
    with np.errstate(all="ignore"):
        scale = 10.0 ** (np.floor(np.log10(np.abs(pnl))) - (digits - 1))
        rounded: FloatColumn = np.round(pnl / scale) * scale
    return rounded

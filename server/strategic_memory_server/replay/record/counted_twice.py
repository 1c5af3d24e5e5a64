"""Refuses records in which trades would count twice, or of which trades would be left out as if they did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.table_read import TableRead

CONFLICTS_SHARE = 0.01
"""Largest share of the trades whose id another one has that is of another time and earned something else."""

FEWEST_OF_SPAN, SHARE_OF_SPAN = 3, 0.9
"""Exports overlap where another one begins with so many results at the end of one, and with this share of them. Within
one table they do where so many entries, of as many times, stand twice in the same order."""

_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def require_ids_of_trades(entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead]) -> None:
    """Refuse ids that several trades share: those of positions that are closed in parts, or of several markets.

    Args:
        entries: entries in order of time.
        table_of: the place of the table of each.
        tables: what they were read of.

    Raises:
        ReplayError: more than one in a hundred, and two at least, differ from the next of their id in pnl, and in time
            where they are of two tables: a later export may know better what a trade earned.
    """
    given = np.flatnonzero(entries.trade)
    order = given[np.argsort(entries.trade[given], kind="stable")]
    one, other = order[:-1], order[1:]
    differ = (entries.trade[one] == entries.trade[other]) & (entries.pnl[one] != entries.pnl[other])
    differ &= (entries.time_ms[one] != entries.time_ms[other]) | (table_of[one] == table_of[other])
    found = int(np.count_nonzero(differ))
    if found < 2 or found <= CONFLICTS_SHARE * given.size:
        return
    earliest = int(np.flatnonzero(differ)[np.argmin(one[differ])])
    times = entries.time_ms.astype("datetime64[ms]")
    examples = " and ".join(f"{times[row]} with {entries.pnl[row]:g}" for row in (one[earliest], other[earliest]))
    columns = dict.fromkeys(table.columns[names.TRADE_ID] for table in tables if names.TRADE_ID in table.columns)
    raise ReplayError(
        f"{', '.join(columns)}: {found:,} of {given.size:,} trades have the id of another trade that earned something "
        f"else, {examples} for example; only the last of an id would count. Are they parts of one position, or of "
        "several markets? Leave that column out, or make its ids those of single trades"
    )


def require_rows_once(entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead]) -> None:
    """Refuse a table that says again what it has said: an export put below itself, or below one that it overlaps.

    Args:
        entries: entries in the order of the files.
        table_of: the place of the table of each.
        tables: the tables.

    Raises:
        ReplayError: there is one.
    """
    earned = np.flatnonzero((entries.trade == 0) & ~np.isnan(entries.pnl) & (entries.pnl != 0))
    for place, table in enumerate(tables):
        rows = earned[table_of[earned] == place]
        passed = np.diff(entries.time_ms[rows])
        if (passed >= 0).all() or (passed <= 0).all():
            continue
        keys = _keys(entries, rows)
        # Fills of one order may be alike, one below the other.
        new = np.flatnonzero(np.diff(keys, prepend=~keys[:1]) != 0)
        rows, keys = rows[new], keys[new]
        for first, length in _said_again(keys):
            again = rows[first : first + length]
            if np.unique(entries.time_ms[again]).size < FEWEST_OF_SPAN:
                continue
            at = entries.time_ms[again[:1]].astype("datetime64[ms]")[0]
            raise ReplayError(
                f"{f'{table.file} {table.table}'.strip()}: {length:,} of its entries stand in it twice in the same "
                f"order, with the same time, pnl, policy and regime, the first {at} with {entries.pnl[again[0]]:g}: is "
                "it of two exports that overlap? Leave out what comes again, or add a column trade_id"
            )


def _said_again(keys: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield where a run of keys begins that came before, and its length, where the two meet or are all of the ends."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    back = np.zeros(keys.size, dtype=np.intp)
    back[order[same + 1]] = order[same + 1] - order[same]
    starts = np.flatnonzero(np.diff(back, prepend=-1))
    lengths = np.diff(starts, append=keys.size)
    meet = lengths >= back[starts]
    are_ends = (starts == back[starts]) & (starts + lengths == keys.size)
    for run in np.flatnonzero((back[starts] > 0) & (lengths >= FEWEST_OF_SPAN) & (meet | are_ends)).tolist():
        yield int(starts[run]), int(lengths[run])


def require_tables_apart(entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead]) -> None:
    """Refuse a table most of whose results another table holds too, or those at one of its ends, where no id tells it.

    Args:
        entries: entries in any order.
        table_of: the place of the table of each.
        tables: the tables.

    Raises:
        ReplayError: there is one.
    """
    if len(tables) < 2:
        return
    results = np.flatnonzero((entries.kind != Kind.REGIME) & ~np.isnan(entries.pnl) & (entries.pnl != 0))
    table, keys = table_of[results], _keys(entries, results)
    first, last = _tables_of_same(keys, table)
    ids = entries.trade[results]
    first_of_id, last_of_id = _tables_of_same(ids, table)
    # One that another table has under the same id counts once.
    shared = (first != last) & ((ids == 0) | (first_of_id == last_of_id))
    rows = np.bincount(table, minlength=len(tables))
    twice = np.bincount(table[shared], minlength=len(tables))
    for place in np.flatnonzero(twice >= 2).tolist():
        of_it = int(np.flatnonzero(shared & (table == place))[0])
        other = int(last[of_it] if first[of_it] == place else first[of_it])
        if 2 * twice[place] <= rows[place] and not _overlap(
            entries.time_ms[results], shared, table == place, table == other
        ):
            continue
        one, another = (f"{tables[each].file} {tables[each].table}".strip() for each in (place, other))
        under = ", under other ids" if ids[of_it] else ""
        raise ReplayError(
            f"{one}: {twice[place]:,} of its {rows[place]:,} results are in {another} too, with the same time, pnl, "
            f"policy and regime: the same trades twice{under}. Give one of the two, or the same trade_id in both"
        )


def _tables_of_same(
    keys: NDArray[np.int64] | NDArray[np.uint64], table: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each row the first and the last of the tables that have its key."""
    _, key = np.unique(keys, return_inverse=True)
    first, last = np.full(key.size, np.iinfo(np.intp).max, dtype=np.intp), np.full(key.size, -1, dtype=np.intp)
    np.minimum.at(first, key, table)
    np.maximum.at(last, key, table)
    return first[key], last[key]


def _overlap(time_ms: IndexColumn, shared: Mask, one: Mask, other: Mask) -> bool:
    """Tell whether the end of one table is the beginning of another, as of exports that follow each other.

    Args:
        time_ms: of each result.
        shared: whether another table has the same result.
        one: whether it is of one table.
        other: whether it is of another.
    """
    both = time_ms[one & shared]
    begins, ends = both.min(), both.max()
    within = int(np.count_nonzero(one & (time_ms >= begins) & (time_ms <= ends)))
    follow = (ends == time_ms[one].max() and begins == time_ms[other].min()) or (
        begins == time_ms[one].min() and ends == time_ms[other].max()
    )
    return bool(follow) and both.size >= max(FEWEST_OF_SPAN, SHARE_OF_SPAN * within)


def _keys(entries: EntryColumns, rows: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return 64 bits that tell apart what rows say."""
    names_of = entries.policy[rows].astype(np.int64) + 8 * entries.regime[rows].astype(np.int64)
    names_of += 8 * 65_536 * entries.strategy[rows].astype(np.int64)
    columns = (entries.time_ms[rows].astype(np.int64), entries.pnl[rows].view(np.int64), names_of)
    key = np.zeros(rows.size, dtype=np.uint64)
    for column, factor in zip(columns, _FACTORS, strict=True):
        key = (key ^ column.view(np.uint64)) * factor
        key ^= key >> np.uint64(29)
    return key

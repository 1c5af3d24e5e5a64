"""Refuses records whose pnl is money in one place and fractions in another, or of several currencies."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.table_read import TableRead
from strategic_memory_server.replay.written.currencies import CURRENCIES
from strategic_memory_server.replay.written.number_parts import can_be_same
from strategic_memory_server.replay.written.ways import FRACTIONS, Ways

MONEY = "money"
"""The unit of money of which it is not said in which currency."""

_SURELY = "say that they are one unit with --one-unit"
_TIMES_LARGER = 100.0
"""Results of money are so many times those of fractions at least: nobody earns all of his capital with each trade."""


def unit_of(table: TableReading, ways: Ways, *, one_unit: bool = False) -> str:
    """Return the unit of a table's pnl: FRACTIONS, a currency, MONEY, or empty where nothing says it.

    Args:
        table: how it was read, once it was.
        ways: how its columns are written.
        one_unit: whether they are of one unit, whatever they say.

    Raises:
        ReplayError: its columns, or the name of one and its cells, say several.
    """
    read = [ours for ours in (names.PNL, names.REALIZED_PNL, *names.POLICY_PNL) if ours in table.columns]
    said = {f"column {table.columns[ours]!r} is in {unit}": unit for ours in read if (unit := ways.unit(ours))}
    said |= {f"its name says {unit}": unit for ours in read[:1] if (unit := _in_name(table.columns[ours]))}
    told, units = list(said), list(said.values())
    for place, unit in enumerate(units):
        if not _can_be_one(units[0], unit) and not one_unit:
            raise ReplayError(
                f"{table.table.shown}: {told[0]}, and {told[place]}: write both in one unit, or {_SURELY}"
            )
    found = next(iter([*units, *table.currencies]), "")
    if found or not read or read[0] in table.mapped:
        return found
    return next((unit for unit in (MONEY, FRACTIONS) if unit.rstrip("s") in table.format.pnl.partition(",")[0]), "")


def _in_name(column: str) -> str:
    last = re.split(r"[^A-Za-z0-9]+", column.rstrip(")] "))[-1].upper()
    return last if last in CURRENCIES else ""


def require_one_currency(table: TableReading) -> None:
    """Refuse a table whose results are in several currencies, as one of its columns says.

    Raises:
        ReplayError: they are; the message counts them.
    """
    if len(table.currencies) < 2:
        return
    column = table.currency_column
    counted = ", ".join(f"{rows:,} in {currency}" for currency, rows in table.currencies.most_common())
    raise ReplayError(
        f"{table.table.shown}: by column {column!r} the results are in several currencies, {counted}, whose sum means "
        f"nothing: take those of one value of it, --map 'strategy={column}' --strategy <value>, or put those of one "
        f"currency into a file of their own; or {_SURELY}"
    )


def require_one_unit(entries: EntryColumns, table_of: NDArray[np.intp], tables: Sequence[TableRead]) -> None:
    """Refuse tables whose results of one kind are in several units, as they say or as their size shows.

    Args:
        entries: entries in any order.
        table_of: the place of the table of each.
        tables: the tables.

    Raises:
        ReplayError: there are two; the message names them, with a result of each.
    """
    if len(tables) < 2:
        return
    for kind in Kind:
        of_kind = (entries.kind == kind) & (entries.pnl != 0) & ~np.isnan(entries.pnl)
        found = [(table, entries.pnl[of_kind & (table_of == place)]) for place, table in enumerate(tables)]
        found = [(table, pnl) for table, pnl in found if pnl.size]
        for place, (table, pnl) in enumerate(found):
            for other, other_pnl in found[:place]:
                if not _can_be_one(other.unit, table.unit) or _differ_by_size((other, other_pnl), (table, pnl)):
                    raise ReplayError(
                        f"{_shown(other, other_pnl)} and {_shown(table, pnl)}: the sum of both means nothing. Give one "
                        f"of the two, or both in one unit; or {_SURELY}"
                    )


def _can_be_one(one: str, other: str) -> bool:
    return not (one and other) or can_be_same(one, other) or (MONEY in (one, other) and FRACTIONS not in (one, other))


def _differ_by_size(one: tuple[TableRead, FloatColumn], other: tuple[TableRead, FloatColumn]) -> bool:
    """Tell whether of two tables, not both of which say their unit, one looks like fractions, the other like money."""
    if one[0].unit and other[0].unit:
        return False
    sizes = [np.abs(pnl) for _, pnl in (one, other)]
    small, large = sorted(sizes, key=lambda size: float(np.median(size)))
    return bool(small.max() <= 1.0 <= np.median(large) and np.median(large) >= _TIMES_LARGER * np.median(small))


def _shown(table: TableRead, pnl: FloatColumn) -> str:
    unit = {"": "without a unit", FRACTIONS: "in fractions", MONEY: "in money"}.get(table.unit, f"in {table.unit}")
    return f"{table.called} has pnl {unit} ({pnl[0]:g})"

"""Which entries a table holds, and its cells as their columns."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from strategic_memory_client.cli.files.table import FileError, Table
from strategic_memory_client.cli.text import plain
from strategic_memory_client.values.analysis_request import PortfolioColumns, RegimeColumns, TradeColumns
from strategic_memory_client.values.errors import InvalidRequestError
from strategic_memory_client.wire.column_times import EARLIEST_S, LATEST_S, times_ms
from strategic_memory_client.wire.given_columns import exact_times_ms, values_of
from strategic_memory_client.wire.inline_to_wire import OPENING_NOT_KNOWN
from strategic_memory_client.wire.request_values import is_missing

Columns = RegimeColumns | PortfolioColumns | TradeColumns

KINDS: Mapping[str, Callable[..., Columns]] = {
    "regime_observations": RegimeColumns,
    "portfolio_entries": PortfolioColumns,
    "trade_results": TradeColumns,
}
"""The tables of a memory."""

REQUIRED = {"regime_observations": "regime", "portfolio_entries": "pnl", "trade_results": "realized_pnl"}

_COLUMNS = {kind: [field.name for field in dataclasses.fields(made)] for kind, made in KINDS.items()}  # type: ignore[arg-type]  # they are dataclasses
_MARKS = {
    "trade_results": {"realized_pnl", "market_regime", "policy", "strategy"},
    "regime_observations": {"volatility", "trend", "confidence"},
    "portfolio_entries": {"opened_at"},
}
"""Columns that tell a table; the first that has one of its own is it."""

_OTHER_NAMES = {"time": "time_ms", "timestamp": "time_ms", "opened": "opened_at"}
_TRADE_ID = "trade_id"
_NUMBERS = {"pnl", "realized_pnl", "volatility", "trend", "confidence"}
_TIMES = {"time_ms": None, "opened_at": OPENING_NOT_KNOWN}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"\s*[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+\s*")
_WHOLE = re.compile(r"(?<=\d)\.0+$")
"""Behind a whole number, as spreadsheets and data frames write it."""
_NOT_KNOWN = {"", "nan", "na", "n/a", "#n/a", "<na>", "nat", "null", "none"}
"""What programs write for a value that is not known, whatever the case."""


def entries_of(table: Table, kind: str | None) -> tuple[str, Columns, str]:
    """Return which entries a table holds (`kind` where that was said), their columns, and what was read in words.

    Raises:
        FileError: it holds none, or might hold several kinds, or a cell cannot be read.
    """
    found = _known_names(table)
    kind = kind or _kind_of(set(found), table.shown)
    used = {name: column for name, column in found.items() if name in _COLUMNS[kind]}
    if REQUIRED[kind] not in used:
        raise FileError(
            f"{table.shown}: has no column {REQUIRED[kind]}, which {kind} need: it has {_listed(table.columns)}"
        )
    cells = {name: _cells(table, name, table.columns[column]) for name, column in used.items()}
    _require_known(table, REQUIRED[kind], cells[REQUIRED[kind]])
    _require_order(table, cells.get("time_ms", []))
    if kind == "trade_results":
        _require_once(table)
    unused = [column for column in table.columns if column not in used.values()]
    read = f"{table.shown}: {len(table.rows):,} {kind}{_span(cells)}, of the columns {_listed(used.values())}"
    return kind, KINDS[kind](**cells), read + (f"; not used: {_listed(unused)}" if unused else "")


def _known_names(table: Table) -> dict[str, str]:
    """Return the columns of a table that are known, by what they are called here."""
    known = {name for names in _COLUMNS.values() for name in names}
    found: dict[str, str] = {}
    for column in table.columns:
        name = _OTHER_NAMES.get(plain_name := _plain_name(column), plain_name)
        if name in known:
            if name in found:
                raise FileError(
                    f"{table.shown}: has {found[name]!r} and {column!r}, which are both {name}: leave one out"
                )
            found[name] = column
    return found


def _plain_name(column: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", column.strip()).lower()


def _kind_of(names: set[str], shown: str) -> str:
    marked = [kind for kind, marks in _MARKS.items() if names & marks]
    if marked and not (marked[0] == "trade_results" and "regime_observations" in marked):
        return marked[0]
    may_be = [kind for kind in KINDS if REQUIRED[kind] in names]
    if not marked and len(may_be) == 1:
        return may_be[0]
    if marked or may_be:
        raise FileError(
            f"{shown}: may be {' or '.join(marked or may_be)}: say which, as --file {(marked or may_be)[0]}={shown}"
        )
    needs = "; ".join(f"{kind} ({', '.join(columns)})" for kind, columns in _COLUMNS.items())
    raise FileError(f"{shown}: names no column of a memory in its first line: give those of one of {needs}")


def _cells(table: Table, name: str, column: Iterable[object]) -> list[Any]:
    if name in _TIMES:
        return _times(table, name, column)
    read = _number if name in _NUMBERS else _name
    if name in _NUMBERS and table.may_group_by_dots:
        _require_plain(table, name, column)
    cells: list[Any] = []
    try:
        cells.extend(None if _is_missing(cell) else read(cell) for cell in values_of(column, name))
    except (ValueError, OverflowError) as error:  # a type of the file may hold what Python cannot
        raise FileError(f"{table.at(len(cells))}: {name} {error}") from None
    return cells


def _require_plain(table: Table, name: str, column: Iterable[object]) -> None:
    """Raise FileError for numbers of which nothing tells whether their dots are decimal points."""
    dotted = [(index, cell) for index, cell in enumerate(column) if isinstance(cell, str) and "." in cell]
    if dotted and all(_GROUPED.fullmatch(cell) for _, cell in dotted):
        index, cell = dotted[0]
        raise FileError(
            f"{table.at(index)}: {name} is {cell.strip()}, which may be {cell.strip().replace('.', '')} as well: "
            "write it with another number of decimals, or separate the columns by commas"
        )


def _times(table: Table, name: str, column: Iterable[object]) -> list[int]:
    try:
        if exact_times_ms(column) is None:
            column = [None if _is_missing(cell) else cell for cell in values_of(column, name)]
        found = times_ms(column, name, _TIMES[name])
    except InvalidRequestError as error:
        (violation,) = error.violations
        row = int(violation.field.removeprefix(f"{name}[").removesuffix("]"))
        raise FileError(f"{table.at(row)}: {name} {violation.description}") from None
    for index, time_ms in enumerate(found):
        if time_ms != _TIMES[name] and not EARLIEST_S * 1_000 <= time_ms < LATEST_S * 1_000:
            raise FileError(
                f"{table.at(index)}: {name} reads as {time_ms} ms since 1970, which is not from "
                "1990 to 2100: give ISO 8601, or whole seconds, milliseconds, microseconds or nanoseconds, all alike"
            )
    return found


def _span(cells: Mapping[str, list[Any]]) -> str:
    """Return from when to when entries are, in words."""
    if not cells.get("time_ms"):
        return ""
    first, last = (
        datetime.fromtimestamp(time_ms / 1_000, UTC) for time_ms in (cells["time_ms"][0], cells["time_ms"][-1])
    )
    return f" from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"


def _is_missing(cell: object) -> bool:
    return cell.strip().lower() in _NOT_KNOWN if isinstance(cell, str) else is_missing(cell)


def _name(cell: object) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"must be a text, is {cell!r:.80}")
    return cell.strip()


def _number(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    if not _NUMBER.fullmatch(cell.strip()):
        raise ValueError(f"is {cell!r:.80}, which is no number: write it as 1234.5")
    return float(cell)


def _require_known(table: Table, name: str, cells: list[object]) -> None:
    missing = next((index for index, cell in enumerate(cells) if is_missing(cell)), None)
    if missing is not None:
        raise FileError(f"{table.at(missing)}: {name} is not known: leave the row out")


def _require_order(table: Table, times_ms: list[int]) -> None:
    index = next((index for index, (one, next_ms) in enumerate(pairwise(times_ms), 1) if next_ms < one), None)
    if index is not None:
        raise FileError(
            f"{table.at(index)}: time_ms is earlier than in the row above: sort the rows by time, oldest first, and "
            "leave out what an export says that another has said"
        )


def _require_once(table: Table) -> None:
    """Raise FileError for an id that two trades have: the service is not sent the ids, and would count both."""
    ids = next((cells for column, cells in table.columns.items() if _plain_name(column) == _TRADE_ID), ())
    first: dict[str, int] = {}
    for index, cell in enumerate(values_of(ids, _TRADE_ID)):
        if _is_missing(cell):
            continue
        trade = _WHOLE.sub("", str(cell).strip())
        if first.setdefault(trade, index) != index:
            raise FileError(
                f"{table.at(index)}: trade_id is {trade!r:.80}, as in {table.counts} {table.rows[first[trade]]}: a "
                "trade counts once, so leave one of the two out, or the column where its ids are of several trades"
            )


def _listed(names: Iterable[str]) -> str:
    """Return names for a message; those of a file may be long, and many."""
    given = [plain(name.strip() or "one without a name")[:40] for name in names]
    return ", ".join(given[:12]) + (f" and {len(given) - 12} more" if len(given) > 12 else "")

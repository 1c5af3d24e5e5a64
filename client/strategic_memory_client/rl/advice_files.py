"""Files of `strategic-memory-server replay --advice-out`, read by columns."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from strategic_memory_client.parquet_files import ParquetError, read_parquet
from strategic_memory_client.rl.held_advice import POLICIES
from strategic_memory_client.rl.moments import moment_ns
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import FeedbackStatus

NEWEST_VERSION = 1
"""The newest `format_version` that is understood."""

PROBABILITY_BEST = tuple(f"probability_best_{each.name.lower()}" for each in POLICIES)
EFFECTIVE_TRADES = tuple(f"effective_trades_{each.name.lower()}" for each in POLICIES)
"""Columns that there are for each policy, in the order of `POLICIES`."""

_VERSION = "format_version"

Cell: TypeAlias = Any
"""Text of CSV, a value of Parquet."""

Columns = Mapping[str, Sequence[Cell]]


class AdviceFileError(ValueError):
    """A file is no advice that can be used. The message names it, and says what to do."""


def read_columns(file: Path) -> Columns:
    """Return the columns that an agent needs, by name, as values: times in nanoseconds since 1970-01-01 UTC.

    Raises AdviceFileError.
    """
    try:
        rows = _parquet(file) if file.suffix.lower() == ".parquet" else _csv(file)
    except OSError as error:
        raise AdviceFileError(f"{file}: cannot be read: {error.strerror or error}") from None
    # First of all: a later format may lack other columns, and is not made again to have them.
    _values(file, _VERSION, rows.get(_VERSION, ()), _version)
    if missing := [name for name in _NEEDED if name not in rows]:
        raise AdviceFileError(
            f"{file}: has no column {missing[0]!r}; make the file with strategic-memory-server replay --advice-out"
        )
    # Columns that came later: a file from before has none, which says the same as empty cells.
    nothing: Sequence[Any] = [None] * len(rows["known_at"])
    later = {name: rows.get(name, nothing) for name in _LATER}
    return {name: _values(file, name, {**rows, **later}[name], read) for name, read in (_NEEDED | _LATER).items()}


def _csv(file: Path) -> Columns:
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            names, *rows = csv.reader(lines)
    except (ValueError, csv.Error):
        raise AdviceFileError(f"{file}: is no CSV file with a row of names; files end in .csv or .parquet") from None
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise AdviceFileError(f"{file}: names the column {twice!r} twice: leave one of the two out")
    if any(len(row) != len(names) for row in rows):
        raise AdviceFileError(f"{file}: has rows of another length than its names: it was cut off")
    return dict(zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True))


def _parquet(file: Path) -> Columns:
    try:
        with file.open("rb") as content:
            table = read_parquet(content)
    except ParquetError as error:
        raise AdviceFileError(f"{file}: {error}") from None
    return {
        name: table[name].cast("int64").to_numpy() * _NS_PER[unit]
        if name == "known_at" and (unit := getattr(table.schema.field(name).type, "unit", None))
        else table[name].to_pylist()
        for name in table.column_names
        if name in _NEEDED or name in _LATER
    }


_NS_PER = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def _values(file: Path, name: str, cells: Sequence[Any], read: Callable[[Any], object]) -> Sequence[Any]:
    values = []
    for row, cell in enumerate(cells, 1):
        try:
            values.append(read(cell))
        except (ValueError, KeyError, TypeError):
            shown = str(cell)[:40]
            raise AdviceFileError(
                f"{file}, row {row}: {name} {shown!r} is none that is known here; where a later version has written "
                "the file, install that one"
            ) from None
    return values


def _time(cell: Cell) -> int:
    return int(cell) if isinstance(cell, int | np.integer) else moment_ns(datetime.fromisoformat(cell))


def _version(cell: Cell) -> int:
    if not 1 <= int(cell) <= NEWEST_VERSION:
        raise ValueError
    return int(cell)


def _within(low: float, high: float) -> Callable[[Any], float]:
    def read(cell: Cell) -> float:
        number = float(cell)
        if not low <= number <= high:
            raise ValueError
        return number

    return read


def _or_nothing(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda cell: None if cell is None or cell == "" else read(cell)


def _policy(cell: Cell) -> Policy:
    return Policy[cell]


_share = _within(0.0, 1.0)
_leverage = _within(0.0, 1e6)
_NEEDED: dict[str, Callable[[Any], Any]] = {
    _VERSION: _version,
    "known_at": _time,
    "revision": int,
    "status": lambda cell: FeedbackStatus[cell],
    "policy": _policy,
    "confidence": _share,
    "leverage": _leverage,
    "current_regime": str,
    "current_policy": _or_nothing(_policy),
    "current_confidence": _or_nothing(_share),
    "current_leverage": _or_nothing(_leverage),
    **{each: _or_nothing(_share) for each in PROBABILITY_BEST},
    **{each: _or_nothing(_within(0.0, math.inf)) for each in EFFECTIVE_TRADES},
}
_LATER: dict[str, Callable[[Any], Any]] = {"guard_factor": _or_nothing(_share)}

"""Closing prices from files of candles."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path

import numpy as np

from strategic_memory_server.regimes.prices import Prices, PricesError
from strategic_memory_server.replay.files.cell_columns import Refusals, texts
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.file_contents import pages_of, tables_of
from strategic_memory_server.replay.files.page import Cell, TablePage
from strategic_memory_server.replay.files.table import again
from strategic_memory_server.replay.formats.date_and_time import in_two_columns
from strategic_memory_server.replay.formats.name_says import without_zone
from strategic_memory_server.replay.formats.naming import names_told
from strategic_memory_server.replay.formats.one_zone import require_one_zone, zone_of
from strategic_memory_server.replay.written.time_style import NOT_GIVEN
from strategic_memory_server.replay.written.two_passes import read_in_its_way
from strategic_memory_server.replay.written.ways import Declared, Ways

TIME, CLOSE, SYMBOL = "time", "close", "symbol"

NO_CLOSE = "close_missing"

_INDEX = ("index", "unnamed: 0", "__index_level_0__", "")
"""How pandas writes an index."""

KNOWN_NAMES: Mapping[str, Sequence[str]] = {
    TIME: ("time", "timestamp", "date", "datetime", "open_time", "open time", "unix", "ts", *_INDEX),
    CLOSE: (
        "adj close", "adj_close", "adjclose", "adjusted close", "adjusted_close", "adjustedclose",
        "close", "close_price", "closing price", "close/last", "price", "last", "c",
    ),
    SYMBOL: ("symbol", "pair", "ticker", "instrument"),
}  # fmt: skip
"""Column names of candles, without regard to case: the first that a file has is read."""


_PAIR_AND_CANDLE = re.compile(r"(?P<pair>.+?)-[0-9]+[mhdwM](-[a-z_]+)?")
"""The name of a file of candles, as freqtrade gives it."""


FEWEST_IN_A_FILE = 5
"""So many alike distances, and most of all, are the length of the candles of a file."""

MOST_UNUSABLE = 0.01
"""Largest share of rows that are no closes, or have the time of another row and another close."""


def read_prices(paths: Sequence[Path], names: Mapping[str, str], written: Declared | None = None) -> dict[str, Prices]:
    """Read the closes of each symbol from files of candles, in any order.

    The symbol of a candle is in its column, or in the name of the file as freqtrade has it (`BTC_USDT-1h.feather`);
    where neither tells it, it is "".

    Args:
        paths: files of any kind that a replay reads.
        names: the files' names of `time`, `close` and `symbol`, where they have others than `KNOWN_NAMES`.
        written: what is known of how numbers and times are written.

    Raises:
        PricesError: the message says what.
    """
    found: dict[str, dict[int, float]] = {}
    refused: dict[str, int] = {}
    repeated: dict[str, int] = {}
    lengths: dict[str, dict[int, Path]] = {}
    newest: dict[str, tuple[int, Path]] = {}
    how: list[str] = []
    differing = rows = 0
    for path in paths:
        by_name = _PAIR_AND_CANDLE.fullmatch(path.stem)
        of_file = by_name["pair"] if by_name else ""
        in_file: dict[str, set[int]] = {}
        for times, closes, symbols in _rows(path, names, written or Declared(), refused, how):
            for time_ms, close, symbol in zip(times, closes, symbols, strict=True):
                of_symbol = found.setdefault(symbol or of_file, {})
                repeated[symbol or of_file] = repeated.get(symbol or of_file, 0) + (time_ms in of_symbol)
                differing += of_symbol.get(time_ms, close) != close
                rows += 1
                of_symbol[time_ms] = close
                in_file.setdefault(symbol or of_file, set()).add(time_ms)
        for symbol, times_ms in in_file.items():
            last_ms = max(times_ms)
            if last_ms >= newest.get(symbol, (last_ms, path))[0]:
                newest[symbol] = last_ms, path
            if spacing_ms := _one_length(times_ms):
                lengths.setdefault(symbol, {}).setdefault(spacing_ms, path)
    if not found:
        why = "".join(f"; {count} rows: {reason}" for reason, count in sorted(refused.items()))
        raise PricesError(f"no closing price could be read{why}")
    _require_one_market(rows, differing, refused)
    return {
        symbol: _in_order(closes, repeated[symbol], refused, how, lengths.get(symbol, {}), newest[symbol][1])
        for symbol, closes in sorted(found.items())
    }


def _one_length(times_ms: Collection[int]) -> int:
    """Return the distance that most candles of a file have to the next, milliseconds; 0 where most have others."""
    distances, counts = np.unique(np.diff(sorted(times_ms)), return_counts=True)
    most = int(counts.max(initial=0))
    return int(distances[np.argmax(counts)]) if most >= FEWEST_IN_A_FILE and 2 * most > counts.sum() else 0


def _require_one_market(rows: int, differing: int, refused: Mapping[str, int]) -> None:
    """Refuse rows of which many are no closes, or differ from another of their time: a candle without one is common."""
    others = {reason: count for reason, count in refused.items() if reason != NO_CLOSE}
    unusable = sum(others.values())
    if unusable > max(1, MOST_UNUSABLE * (rows + unusable)):
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(others.items()))
        raise PricesError(
            f"{unusable:,} of {rows + unusable:,} rows are no closes: {why}. Another column? --map close="
        )
    if differing > max(1, MOST_UNUSABLE * rows):
        raise PricesError(
            f"{differing:,} of {rows:,} closes have the time of another one that differs: are they of several markets? "
            "Name the column that says which, --map symbol=, or give the files of one"
        )


def _in_order(
    closes: Mapping[int, float],
    repeated: int,
    left_out: Mapping[str, int],
    written: Sequence[str],
    lengths: Mapping[int, Path],
    newest_in: Path,
) -> Prices:
    times_ms = sorted(closes)
    in_order = [closes[time_ms] for time_ms in times_ms]
    return Prices(times_ms, in_order, repeated, left_out, written, lengths, newest_in)


_Rows = tuple[list[int], list[float], list[str]]
"""Times, closes and symbols of some candles."""


def _rows(
    path: Path, names: Mapping[str, str], written: Declared, refused: dict[str, int], how: list[str]
) -> list[_Rows]:
    try:
        declared = {TIME: Declared(zone=_zone_said(path, names, written))}
        pages, said = read_in_its_way(
            str(path), partial(pages_of, path), partial(_usable, path, names), written, declared
        )
    except ReplayError as error:
        raise PricesError(str(error)) from None
    for _, reasons in pages:
        for reason in reasons:
            refused[reason] = refused.get(reason, 0) + 1
    how += [f"{path}: {column}: {words}" for column, words in said.items()]
    return [rows for rows, _ in pages]


def _zone_said(path: Path, names: Mapping[str, str], written: Declared) -> tzinfo | None:
    """Return the zone that the name of the column of times says, which the user may not contradict."""
    columns = [name for table in tables_of(path) for name in table.columns]
    name = names.get(TIME) or _known(columns, TIME) or ""
    said = without_zone(name)[1]
    require_one_zone(str(path), name, said, written.zone)
    return zone_of(said)


def _usable(path: Path, names: Mapping[str, str], page: TablePage, ways: Ways) -> tuple[_Rows, list[str]]:
    """Return the candles of a page, and the reason for each row that is none."""
    reasons = [reason for _, reason in page.broken]
    if not page.columns:
        return ([], [], []), reasons
    refusals = Refusals(page.lines)
    times = ways.times_ms(TIME, _times(path, page, names), refusals)
    refusals.refuse_all(times == NOT_GIVEN, "time_missing")
    closes = ways.numbers(CLOSE, _column(path, page, names, CLOSE), refusals)
    symbols = texts(SYMBOL, _column(path, page, names, SYMBOL, needed=False), refusals)
    for row in np.flatnonzero(~(closes > 0.0)).tolist():
        refusals.refuse(row, NO_CLOSE if math.isnan(closes[row]) else "close_not_above_0")
    kept = np.flatnonzero(refusals.accepted())
    rows = times[kept].tolist(), closes[kept].tolist(), [symbols[row] for row in kept.tolist()]
    return rows, [*reasons, *refusals.reasons.values()]


def _times(path: Path, page: TablePage, names: Mapping[str, str]) -> Sequence[Cell]:
    """Return the times of some candles: those of one column, or a date and a time of day of two."""
    alone = _column(path, page, names, TIME)
    both = in_two_columns(names.get(TIME) or _known(page.columns, TIME) or "", page.columns, ())
    return alone if both is None else both.joined(page.columns)


def _known(columns: Collection[str], ours: str) -> str | None:
    """Return the column that has the first of the names that ours is known by; None where none has.

    Times are read with a zone rather than without one; a `Close (UTC)` beside a `Close` is no price.
    """
    by_name = {name.strip(" <>").lower(): name for name in columns}
    for column in columns:
        name, zone = without_zone(column, clear_ones=True)
        if zone and ours == TIME:
            by_name[name.strip(" <>").lower()] = column
    return next((by_name[known] for known in KNOWN_NAMES[ours] if known in by_name), None)


def _column(path: Path, page: TablePage, names: Mapping[str, str], ours: str, *, needed: bool = True) -> Sequence[Cell]:
    asked = names.get(ours)
    if asked is not None:
        if asked in page.columns:
            return _only(path, page, ours, asked)
        raise PricesError(f"{path}: has no column {asked!r}, which --map names; there are {names_told(page.columns)}")
    known = _known(page.columns, ours)
    if known is not None:
        return _only(path, page, ours, known)
    if not needed:
        return [None] * len(page.lines)
    raise PricesError(
        f"{path}: none of its columns is known as {ours}; there are {names_told(page.columns)}. "
        f"Name it: --map {ours}=<its column>"
    )


def _only(path: Path, page: TablePage, ours: str, name: str) -> Sequence[Cell]:
    """Return the cells of a column whose name comes once."""
    if again(name, 2) in page.columns:
        raise PricesError(f"{path}: names {name} more than once; which one counts? --map '{ours}={again(name, 2)}'")
    return page.columns[name]

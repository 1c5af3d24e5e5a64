"""Columns of data frames, and what of them goes on the wire, as JSON: `frame_columns.py PACKAGE...`.

A program, since not all these packages, nor two releases of one, are installed beside the tests.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strategic_memory_client import InlineMemory, RegimeColumns, TradeColumns
from strategic_memory_client.wire.analysis_to_wire import analyze_request

NAMES, NUMBERS = ["BULL", None, "BEAR"], [0.5, None, 0.25]
OPENED = [datetime(2026, 1, 5, 10, 0, 0, 123_456, tzinfo=UTC), None, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
SECONDS = [datetime(2026, 1, 5, 10, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
ZONE = "Europe/Berlin"
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
Columns = Iterator[tuple[str, str, Any]]
"""What a column holds (names, numbers, openings, days or times), what it is, and the column."""


def of_numpy() -> Columns:
    """Return columns of numpy."""
    import numpy as np

    missing = np.nan
    yield "names", "object", np.array([missing if name is None else name for name in NAMES], dtype=object)
    yield "numbers", "float64", np.array([missing if number is None else number for number in NUMBERS])
    yield "numbers", "masked", np.ma.array([0.5, 9.0, 0.25], mask=[False, True, False])
    text = ["NaT" if time is None else time.replace(tzinfo=None).isoformat() for time in OPENED]
    for unit in ("ms", "us", "ns"):
        times = np.array(text, dtype=f"datetime64[{unit}]")
        yield "openings", f"datetime64[{unit}]", times
        yield "openings", f"list of datetime64[{unit}]", list(times)
    yield "days", "datetime64[D]", np.array(text, dtype="datetime64[D]")
    for unit, in_one in PER_SECOND.items():
        whole = [int(time.timestamp()) * in_one for time in SECONDS]
        yield "times", f"int64 in {unit}", np.array(whole)
        yield "times", f"float64 in {unit}", np.array(whole, dtype=np.float64)
        yield "times", f"uint64 in {unit}", np.array(whole, dtype=np.uint64)
        yield "times", f"list of int64 in {unit}", list(np.array(whole))


def of_pandas() -> Columns:
    """Return columns of the pandas that is installed."""
    import pandas as pd

    for kind in ("object", "string", "string[pyarrow]", "category"):
        yield "names", kind, pd.Series(NAMES, dtype=kind)
    yield "names", "as inferred", pd.Series(NAMES)
    yield "names", "where", (named := pd.Series(NAMES)).where(named.notna(), None)
    for kind in ("float64", "Float64", "double[pyarrow]", "object"):
        yield "numbers", kind, pd.Series(NUMBERS, dtype=kind)
    in_utc = pd.Series(pd.to_datetime(OPENED, utc=True))
    for unit in ("ms", "us", "ns"):
        yield "openings", f"datetime64[{unit}, UTC]", in_utc.astype(f"datetime64[{unit}, UTC]")
        yield "openings", f"datetime64[{unit}]", in_utc.dt.tz_localize(None).astype(f"datetime64[{unit}]")
    yield "openings", ZONE, in_utc.dt.tz_convert(ZONE)
    yield "openings", "index", pd.DatetimeIndex(in_utc)
    yield "openings", "object", in_utc.astype(object)
    yield (
        "openings",
        "timestamp[us][pyarrow]",
        in_utc.dt.tz_localize(None).astype("datetime64[us]").astype("timestamp[us][pyarrow]"),
    )
    yield "openings", "milliseconds as float64", pd.Series([1_767_607_200_123, None, 1_774_747_800_000])
    yield "openings", "milliseconds as Int64", pd.Series([1_767_607_200_123, None, 1_774_747_800_000], dtype="Int64")
    yield "openings", "text", pd.Series([str(time) if time else None for time in OPENED])
    yield "times", "as inferred", pd.Series(SECONDS)
    yield "times", "int64 of datetime64", pd.Series(SECONDS).astype("int64")


def of_polars() -> Columns:
    """Return columns of polars."""
    pl: Any = importlib.import_module("polars")

    yield "names", "String", pl.Series(NAMES)
    yield "names", "Categorical", pl.Series(NAMES, dtype=pl.Categorical)
    yield "numbers", "Float64", pl.Series(NUMBERS)
    yield "numbers", "Float64 with NaN", pl.Series([0.5, float("nan"), 0.25])
    yield "numbers", "Decimal", pl.Series(NUMBERS).cast(pl.Decimal(10, 2))
    naive = [None if time is None else time.replace(tzinfo=None) for time in OPENED]
    for unit in ("ms", "us", "ns"):
        times = pl.Series(naive).cast(pl.Datetime(unit))
        yield "openings", f"Datetime({unit})", times
        yield "openings", f"Datetime({unit}, {ZONE})", times.dt.replace_time_zone("UTC").dt.convert_time_zone(ZONE)
    yield "days", "Date", pl.Series(naive).cast(pl.Date)
    yield "openings", "milliseconds", pl.Series([1_767_607_200_123, None, 1_774_747_800_000])
    yield "times", "nanoseconds", pl.Series([int(time.timestamp()) * 10**9 for time in SECONDS])


def of_pyarrow() -> Columns:
    """Return columns of pyarrow."""
    pa: Any = importlib.import_module("pyarrow")

    yield "names", "string", pa.array(NAMES)
    yield "names", "dictionary", pa.chunked_array([pa.array(NAMES).dictionary_encode()])
    yield "numbers", "double", pa.chunked_array([pa.array(NUMBERS)])
    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC", ZONE):
            given = [time if time is None or zone else time.replace(tzinfo=None) for time in OPENED]
            times = pa.array(given, pa.timestamp("us", zone)).cast(pa.timestamp(unit, zone), safe=False)
            yield "openings", f"timestamp({unit}, {zone})", times
    yield "days", "date32", pa.array([None if time is None else time.date() for time in OPENED])


def of_lists() -> Columns:
    """Return lists of what Python has."""
    yield "names", "NaN", ["BULL", float("nan"), "BEAR"]
    yield "numbers", "None", NUMBERS
    yield "openings", "datetime", OPENED
    yield "days", "date", [time and time.date() for time in OPENED]
    yield "openings", "ISO 8601", ["2026-01-05T11:00:00.123456789+01:00", "", "2026-03-29 01:30"]


PACKAGES: dict[str, Callable[[], Columns]] = {
    "lists": of_lists,
    "numpy": of_numpy,
    "pandas": of_pandas,
    "polars": of_polars,
    "pyarrow": of_pyarrow,
}


def sent(package: str) -> list[tuple[str, str, list[str | float | int | None]]]:
    """Return what goes on the wire of each column of a package; NaN is None."""
    return [(holds, kind, _sent(holds, column)) for holds, kind, column in PACKAGES[package]()]


def _sent(holds: str, column: Any) -> list[str | float | int | None]:  # noqa: ANN401  a column of any package
    if holds == "names":
        trades = analyze_request(InlineMemory(trade_results=TradeColumns(policy=column)), None).inline.trade_results
        return [trades.policy_names[code] for code in trades.policy_code]
    if holds == "numbers":
        regimes = analyze_request(InlineMemory(RegimeColumns(confidence=column)), None).inline.regime_observations
        return [None if number != number else number for number in regimes.confidence]
    columns = TradeColumns(time_ms=column) if holds == "times" else TradeColumns(opened_at=column)
    wire = analyze_request(InlineMemory(trade_results=columns), None).inline.trade_results
    return [*wire.time_ms, *wire.opened_at]


def expected() -> dict[str, list[str | float | int | None]]:
    """Return what is right, by what a column holds."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    in_ms = [0 if time is None else (time - epoch) // timedelta(milliseconds=1) for time in OPENED]
    midnight = [0 if time is None else (_day(time.date()) - epoch) // timedelta(milliseconds=1) for time in OPENED]
    return {
        "names": ["BULL", "", "BEAR"],
        "numbers": list(NUMBERS),
        "openings": [*in_ms],
        "days": [*midnight],
        "times": [int(time.timestamp()) * 1_000 for time in SECONDS],
    }


def _day(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({package: sent(package) for package in sys.argv[1:]}))

"""An inline memory: observations sent with a request, checked column by column and built into a StrategicMemory.

Unlike a producer's entry, a request is refused whole when anything in it is wrong, and the refusal names the column
and the index of the first bad value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.errors import InvalidRequestError, Violation
from strategic_memory_server.inputs.entries import PortfolioEntry, RegimeObservation, TradeResult
from strategic_memory_server.inputs.entry_fields import MAX_MAGNITUDE, RejectionError, normalise_name, policy_of
from strategic_memory_server.inputs.memory_columns import Readings, build_memory
from strategic_memory_server.inputs.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.memory import Context, SourceReport, StrategicMemory
from strategic_memory_server.policy import NO_POLICY
from strategic_memory_server.settings import MAX_WINDOW, WindowSettings
from strategic_memory_server.stream_position import MAX_TIME_MS, MIN_TIME_MS, position_of_time

OUTSIDE_WINDOW = "outside_window"
"""Note: older than the window, so not used."""

AFTER_AS_OF = "after_as_of"
"""Note: later than the moment that is asked about, so not used."""

OLDER_THAN_MAX_AGE = "older_than_max_age"
"""Note: older than what is to be used."""

MAX_DISTINCT_NAMES = 10_000
"""Most different names in one column: each has figures of its own in the answer."""

# Where entries without times stand, so that nothing is found to have been observed by then.
_BEFORE_ALL_TIMES = position_of_time(MIN_TIME_MS) - MAX_WINDOW


EntryT = TypeVar("EntryT")


class ColumnReader:
    """Reads the columns of one table; every one is empty or as long as the leading one."""

    def __init__(self, table: str, length: int, leading: str) -> None:
        self._table = table
        self._length = length
        self._leading = leading
        if length > MAX_WINDOW:
            raise self._refused(leading, f"has {length} values; send at most {MAX_WINDOW}")

    def numbers(self, column: str, values: Sequence[float], *, required: bool = False) -> list[float]:
        """Read numbers; where not required, NaN stands for one that is not known."""
        if not required and not values:
            return [math.nan] * self._length
        self._check_length(column, len(values))
        array = np.asarray(values, dtype=np.float64)
        good = np.abs(array) <= MAX_MAGNITUDE
        if not required:
            good |= np.isnan(array)
        if not good.all():
            index = int(np.argmin(good))
            unknown = "" if required else "; NaN: not known"
            raise self._refused(
                f"{column}[{index}]",
                f"is {array[index]}; give a finite number up to {MAX_MAGNITUDE:g}{unknown}",
            )
        numbers: list[float] = array.tolist()
        return numbers

    def names(self, column: str, values: Sequence[str], *, required: bool = False, upper: bool = True) -> list[str]:
        """Read names, stripped; where not required, an empty one was not given."""
        if not required and not values:
            return [""] * self._length
        self._check_length(column, len(values))
        known: dict[str, str] = {}
        for index, value in enumerate(values):
            if value not in known:
                try:
                    name = normalise_name(column, value)
                except RejectionError as refused:
                    raise self._refused(f"{column}[{index}]", refused.reason.replace("_", " ")) from None
                if required and not name:
                    raise self._refused(f"{column}[{index}]", "is empty; name a regime")
                if len(known) == MAX_DISTINCT_NAMES:
                    raise self._refused(
                        f"{column}[{index}]", f"is one name too many; send at most {len(known)} different"
                    )
                known[value] = name.upper() if upper else name
        return [known[value] for value in values]

    def policies(self, column: str, values: Sequence[str]) -> list[int]:
        """Read policy names; an empty one was not given."""
        policies = []
        for index, name in enumerate(self.names(column, values)):
            policy = policy_of(name)
            if name and policy is None:
                raise self._refused(f"{column}[{index}]", "is none of CONSERVATIVE, BALANCED, AGGRESSIVE")
            policies.append(NO_POLICY if policy is None else int(policy))
        return policies

    def positions(self, column: str, times_ms: Sequence[int]) -> list[int]:
        """Read times, which must not decrease; without any, give the order alone, before all times."""
        if not times_ms:
            return list(range(_BEFORE_ALL_TIMES, _BEFORE_ALL_TIMES + self._length))
        self._check_length(column, len(times_ms))
        array = np.asarray(times_ms, dtype=np.int64)
        possible = (array >= MIN_TIME_MS) & (array <= MAX_TIME_MS)
        if not possible.all():
            raise self._refused(
                f"{column}[{int(np.argmin(possible))}]",
                "is not between the years 1 and 9999; give milliseconds",
            )
        falls = np.flatnonzero(np.diff(array) < 0)
        if falls.size:
            raise self._refused(f"{column}[{int(falls[0]) + 1}]", "is earlier than the one before; sort oldest first")
        return [position_of_time(time_ms) for time_ms in array.tolist()]

    def _check_length(self, column: str, length: int) -> None:
        if length != self._length:
            raise self._refused(column, f"has {length} values where {self._leading} has {self._length}")

    def _refused(self, column: str, description: str) -> InvalidRequestError:
        return InvalidRequestError(Violation(f"inline.{self._table}.{column}", description))


def read_inline_memory(
    message: memory_pb2.InlineMemory, windows: WindowSettings, span: TimeSpan = ALL_TIME
) -> StrategicMemory:
    """Check an inline memory and build it, over the newest entries of a span of time that fit the windows.

    Raises:
        InvalidRequestError: something in it is wrong, or the span means nothing since there are no times.
    """
    timed = _are_timed(message)
    if not timed:
        _require_open(span)
    observed = _Cut(_regime_observations(message.regime_observations), span)
    portfolio = _Cut(_portfolio_entries(message.portfolio_entries), span)
    trades = _Cut(_trade_results(message.trade_results), span)
    readings = Readings(
        regimes=observed.kept.newest(windows.regime),
        portfolio=portfolio.kept.newest(windows.portfolio),
        trades=trades.kept.newest(windows.trades),
        # However old: a regime holds until the next observation.
        observed=observed.earlier if message.regime_observations.time_ms else Timeline((), ()),
    )
    memory = build_memory(readings, Context(max_leverage_hint=_cap(message)), timed=timed)
    reports = [
        _with_unused(report, notes, entries)
        for report, (notes, entries) in zip(
            memory.sources, (cut.unused() for cut in (observed, portfolio, trades)), strict=True
        )
    ]
    return replace(memory, sources=tuple(reports))


class _Cut(Generic[EntryT]):
    """A table cut to a span: `earlier` is up to its end, `kept` within it."""

    def __init__(self, sent: Timeline[EntryT], span: TimeSpan) -> None:
        self._sent = sent
        self.earlier = sent.up_to(span.last_position)
        self.kept = self.earlier.since(span.first_position)

    def unused(self) -> tuple[dict[str, int], int]:
        """Count the entries outside the span by note, and those inside it."""
        sent, earlier, kept = (len(each.entries) for each in (self._sent, self.earlier, self.kept))
        return {AFTER_AS_OF: sent - earlier, OLDER_THAN_MAX_AGE: earlier - kept}, kept


def _require_open(span: TimeSpan) -> None:
    bounds = {"settings.as_of": span.last_ms, "settings.max_age": span.first_ms}
    violations = [
        Violation(field, "needs times: give time_ms in every table of the inline memory that has entries")
        for field, bound in bounds.items()
        if bound is not None
    ]
    if violations:
        raise InvalidRequestError(*violations)


def _regime_observations(table: memory_pb2.RegimeColumns) -> Timeline[RegimeObservation]:
    columns = ColumnReader("regime_observations", len(table.regime), "regime")
    return Timeline(
        [
            RegimeObservation(*row)
            for row in zip(
                columns.names("regime", table.regime, required=True),
                columns.numbers("pnl", table.pnl, required=True),
                columns.numbers("volatility", table.volatility),
                columns.numbers("trend", table.trend),
                columns.numbers("confidence", table.confidence),
                strict=True,
            )
        ],
        columns.positions("time_ms", table.time_ms),
    )


def _portfolio_entries(table: memory_pb2.PortfolioColumns) -> Timeline[PortfolioEntry]:
    columns = ColumnReader("portfolio_entries", len(table.pnl), "pnl")
    regimes, pnl = columns.names("regime", table.regime), columns.numbers("pnl", table.pnl, required=True)
    return Timeline(
        [PortfolioEntry(*row) for row in zip(regimes, pnl, strict=True)],
        columns.positions("time_ms", table.time_ms),
    )


def _trade_results(table: memory_pb2.TradeColumns) -> Timeline[TradeResult]:
    columns = ColumnReader("trade_results", len(table.realized_pnl), "realized_pnl")
    return Timeline(
        [
            TradeResult(*row)
            for row in zip(
                columns.names("market_regime", table.market_regime),
                columns.numbers("realized_pnl", table.realized_pnl, required=True),
                columns.policies("policy", table.policy),
                columns.names("strategy", table.strategy, upper=False),
                strict=True,
            )
        ],
        columns.positions("time_ms", table.time_ms),
    )


def _are_timed(message: memory_pb2.InlineMemory) -> bool:
    """Tell whether every table that has entries has times."""
    tables = (
        (message.regime_observations.regime, message.regime_observations.time_ms),
        (message.portfolio_entries.pnl, message.portfolio_entries.time_ms),
        (message.trade_results.realized_pnl, message.trade_results.time_ms),
    )
    return all(bool(times) or not entries for entries, times in tables)


def _cap(message: memory_pb2.InlineMemory) -> float | None:
    if not message.HasField("max_leverage_hint"):
        return None
    cap = message.max_leverage_hint
    if not 0 <= cap <= MAX_MAGNITUDE:
        raise InvalidRequestError(Violation("inline.max_leverage_hint", f"is {cap}; give a number from 0 up"))
    return cap


def _with_unused(report: SourceReport, outside_span: dict[str, int], in_span: int) -> SourceReport:
    unused = {OUTSIDE_WINDOW: in_span - report.accepted, **outside_span}
    return replace(report, noted={**report.noted, **{note: count for note, count in unused.items() if count}})

"""An inline memory: observations sent with a request, checked column by column and made into a StrategicMemory.

Unlike a producer's entry, a request is refused whole when anything in it is wrong, and the refusal names the column
and the index of the first bad value. Columns go straight into arrays: no entry becomes an object of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

import numpy as np

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE
from strategic_memory_server.entries.notes import CONFIDENCE_OUT_OF_RANGE, OBSERVED_WITHOUT_PNL
from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCap, LeverageCaps
from strategic_memory_server.memory.memory_tallies import out_of_range
from strategic_memory_server.memory.strategic_memory import (
    CLOCK_TOLERANCE_MS,
    Context,
    PortfolioWindow,
    RegimeWindow,
    SourceReport,
    StrategicMemory,
    TradeWindow,
)
from strategic_memory_server.memory.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_columns import ColumnReader
from strategic_memory_server.rpc.inline.inline_join import joined
from strategic_memory_server.rpc.inline.inline_names import SentNames, policy_code, regime_codes, strategy_codes
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.windows.name_table import NameTable

OUTSIDE_WINDOW = "outside_window"
"""Note: older than the window, so not used in it; a trade is evidence all the same."""

AFTER_AS_OF = "after_as_of"
"""Note: later than the moment that is asked about, so not used."""

OLDER_THAN_MAX_AGE = "older_than_max_age"
"""Note: older than what is to be used."""

TIME_IN_FUTURE = "time_in_future"
"""Note: later than now by more than a minute, as local time that is sent as UTC; it is used all the same."""

WindowT = TypeVar("WindowT", RegimeWindow, PortfolioWindow, TradeWindow)


@dataclass(frozen=True, slots=True, eq=False)
class InlineReading:
    """What an inline memory holds.

    Attributes:
        memory: the windows.
        trades: all trades of the span, of which the window has the newest; regimes as in the memory.
    """

    memory: StrategicMemory
    trades: TradeWindow


def read_inline_memory(
    message: memory_pb2.InlineMemory,
    windows: WindowSettings,
    span: TimeSpan = ALL_TIME,
    checkpoint: Checkpoint = go_on,
    now_ms: int | None = None,
) -> InlineReading:
    """Check an inline memory and read the entries of a span of time, with windows over the newest that fit.

    Args:
        message: what was sent.
        windows: lengths of the windows.
        span: which entries count.
        checkpoint: called now and then.
        now_ms: the time now, milliseconds since 1970-01-01 UTC: later entries are noted. None: it does not matter.

    Raises:
        InvalidRequestError: something in it is wrong, or the span means nothing since there are no times.
    """
    timed = _are_timed(message)
    if not timed:
        _require_open(span)
    names, strategies = NameTable(), NameTable()
    latest_ms = now_ms + CLOCK_TOLERANCE_MS if timed and now_ms is not None else None
    sent = _regime_observations(message.regime_observations, names, checkpoint)
    observed = _Cut(sent, span, windows.regime, latest_ms)
    earnings = _portfolio_entries(message.portfolio_entries, names, checkpoint)
    portfolio = _Cut(earnings, span, windows.portfolio, latest_ms)
    results = _trade_results(message.trade_results, names, strategies, checkpoint)
    trades = _Cut(results, span, windows.trades, latest_ms)
    # However old: a regime holds until the next observation. Without times there is nothing to find one by.
    known = observed.up_to_end if message.regime_observations.time_ms else observed.nothing
    checkpoint()
    earned = joined(portfolio.in_span, known, names)
    traded = joined(trades.in_span, known, names)
    memory = StrategicMemory(
        regimes=observed.newest(observed.in_span),
        portfolio=portfolio.newest(earned.window),
        trades=trades.newest(traded.window),
        regime_names=names.names,
        strategy_names=strategies.names,
        context=Context(leverage_caps=_caps(message)),
        sources=(
            observed.report(keys.META_REGIME, notes=_notes_of(observed.newest(observed.in_span))),
            portfolio.report(keys.PORTFOLIO_MEMORY, notes=earned.notes(portfolio.accepted)),
            trades.report(keys.TRADE_RESULTS, notes=traded.notes(trades.accepted)),
        ),
        timed=timed,
    )
    return InlineReading(memory, traded.window)


class _Cut(Generic[WindowT]):
    """A table that was sent, cut to a span of time; `up_to_end` is all of it up to the end of the span."""

    def __init__(self, sent: WindowT, span: TimeSpan, window: int, latest_ms: int | None) -> None:
        times_ms = sent.time_ms
        first, last = span.first_ms, span.last_ms
        end = times_ms.size if last is None else int(np.searchsorted(times_ms, last, side="right"))
        start = 0 if first is None else min(int(np.searchsorted(times_ms, first)), end)
        self.up_to_end: WindowT = _rows(sent, 0, end)
        self.in_span: WindowT = _rows(sent, start, end)
        self.nothing: WindowT = _rows(sent, 0, 0)
        self._window = window
        known = end if latest_ms is None else min(int(np.searchsorted(times_ms, latest_ms, side="right")), end)
        self._in_future = min(end - max(known, start), window)
        self._unused = {AFTER_AS_OF: times_ms.size - end, OLDER_THAN_MAX_AGE: start}

    def newest(self, in_span: WindowT) -> WindowT:
        """Return the newest entries of the span that fit the window."""
        return _rows(in_span, max(in_span.pnl.size - self._window, 0), in_span.pnl.size)

    @property
    def accepted(self) -> int:
        """Number of entries in the window."""
        return min(self.in_span.pnl.size, self._window)

    def report(self, source: str, notes: Mapping[str, int]) -> SourceReport:
        """Say what the table has contributed to its window, what was left out, and what else is worth a note."""
        noted = {**notes, TIME_IN_FUTURE: self._in_future}
        unused = {OUTSIDE_WINDOW: self.in_span.pnl.size - self.accepted, **self._unused}
        found = {note: count for note, count in {**noted, **unused}.items() if count}
        return SourceReport(source, self.accepted, {}, found)


def _notes_of(observed: RegimeWindow) -> dict[str, int]:
    return {
        OBSERVED_WITHOUT_PNL: int(np.count_nonzero(np.isnan(observed.pnl))),
        CONFIDENCE_OUT_OF_RANGE: int(np.count_nonzero(out_of_range(observed.confidence))),
    }


def _rows(window: WindowT, start: int, end: int) -> WindowT:
    return type(window)(*(getattr(window, field.name)[start:end] for field in fields(window)))


def _require_open(span: TimeSpan) -> None:
    bounds = {"settings.as_of": span.last_ms, "settings.max_age": span.first_ms}
    violations = [
        Violation(field, "needs times: give time_ms in every table of the inline memory that has entries")
        for field, bound in bounds.items()
        if bound is not None
    ]
    if violations:
        raise InvalidRequestError(*violations)


def _regime_observations(table: memory_pb2.RegimeColumns, names: NameTable, checkpoint: Checkpoint) -> RegimeWindow:
    regimes = SentNames("regime", table.regime, table.regime_names, table.regime_code)
    columns = ColumnReader("regime_observations", len(regimes), regimes.leading, checkpoint)
    return RegimeWindow(
        regime=columns.codes(regimes, regime_codes(names, required=True)),
        pnl=columns.numbers("pnl", table.pnl),
        volatility=columns.numbers("volatility", table.volatility),
        trend=columns.numbers("trend", table.trend),
        confidence=columns.numbers("confidence", table.confidence),
        time_ms=columns.times_ms("time_ms", table.time_ms),
    )


def _portfolio_entries(table: memory_pb2.PortfolioColumns, names: NameTable, checkpoint: Checkpoint) -> PortfolioWindow:
    regimes = SentNames("regime", table.regime, table.regime_names, table.regime_code)
    columns = ColumnReader("portfolio_entries", len(table.pnl), "pnl", checkpoint)
    times_ms = columns.times_ms("time_ms", table.time_ms)
    return PortfolioWindow(
        regime=columns.codes(regimes, regime_codes(names, required=False)),
        pnl=columns.numbers("pnl", table.pnl, required=True),
        time_ms=times_ms,
        opened_ms=columns.openings_ms("opened_at", table.opened_at, times_ms, timed=bool(table.time_ms)),
    )


def _trade_results(
    table: memory_pb2.TradeColumns, names: NameTable, strategies: NameTable, checkpoint: Checkpoint
) -> TradeWindow:
    regimes = SentNames("market_regime", table.market_regime, table.market_regime_names, table.market_regime_code)
    policies = SentNames("policy", table.policy, table.policy_names, table.policy_code)
    named = SentNames("strategy", table.strategy, table.strategy_names, table.strategy_code)
    columns = ColumnReader("trade_results", len(table.realized_pnl), "realized_pnl", checkpoint)
    times_ms = columns.times_ms("time_ms", table.time_ms)
    return TradeWindow(
        regime=columns.codes(regimes, regime_codes(names, required=False)),
        pnl=columns.numbers("realized_pnl", table.realized_pnl, required=True),
        policy=columns.codes(policies, policy_code),
        strategy=columns.codes(named, strategy_codes(strategies)),
        time_ms=times_ms,
        opened_ms=columns.openings_ms("opened_at", table.opened_at, times_ms, timed=bool(table.time_ms)),
    )


def _are_timed(message: memory_pb2.InlineMemory) -> bool:
    """Tell whether every table that has entries has times."""
    observed, earned, traded = message.regime_observations, message.portfolio_entries, message.trade_results
    tables = (
        (observed.regime or observed.regime_code, observed.time_ms),
        (earned.pnl, earned.time_ms),
        (traded.realized_pnl, traded.time_ms),
    )
    return all(bool(times) or not entries for entries, times in tables)


def _caps(message: memory_pb2.InlineMemory) -> LeverageCaps:
    if not message.HasField("max_leverage_hint"):
        return NO_CAPS
    cap = message.max_leverage_hint
    if not 0 <= cap <= MAX_MAGNITUDE:
        raise InvalidRequestError(Violation("inline.max_leverage_hint", f"is {cap}; give a number from 0 up"))
    return (LeverageCap(keys.LEVERAGE_LIMITS, cap),)

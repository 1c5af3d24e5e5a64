"""MemoryLoader: reads all nine inputs from Redis into one StrategicMemory.

One pipelined round trip at ordinary windows. More are made only where they are needed: for windows longer than a
page, to get past malformed entries, and to find the regime of an entry that is older than the regime window.
Nothing that a producer wrote makes it raise; what cannot be used is counted and described in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import redis.asyncio as redis
from redis.exceptions import NoPermissionError, ResponseError

from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.inputs.asof_join import positions_without_regime
from strategic_memory_server.inputs.entries import (
    PortfolioEntry,
    RegimeObservation,
    TradeResult,
    read_portfolio_entry,
    read_regime_observation,
    read_trade_result,
)
from strategic_memory_server.inputs.entry_fields import RejectionError
from strategic_memory_server.inputs.json_inputs import (
    MAX_BYTES,
    read_leverage_limits,
    read_object,
    read_policy,
    read_regime_name,
    read_regime_stats,
    salvage_leverage_cap,
)
from strategic_memory_server.inputs.memory_columns import Readings, build_memory
from strategic_memory_server.inputs.rejections import RejectedInput, count_by_reason
from strategic_memory_server.inputs.window_scan import WindowScan
from strategic_memory_server.memory import Context, SourceReport, StrategicMemory
from strategic_memory_server.settings import WindowSettings

ValueT = TypeVar("ValueT")
Replies = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadedMemory:
    """One reading.

    Attributes:
        memory: what was read.
        rejected: every input that was rejected on the way.
        read_up_to: id of the newest entry of each stream that can be read, by source.
    """

    memory: StrategicMemory
    rejected: tuple[RejectedInput, ...]
    read_up_to: Mapping[str, str]


class MemoryLoader:
    """Reads the inputs under one key prefix. The client must return bytes (`decode_responses=False`)."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._last_cap: float | None = None

    async def load(self, windows: WindowSettings) -> LoadedMemory:
        """Read everything once.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason that no
                producer has caused.
        """
        regimes = WindowScan(keys.META_REGIME, windows.regime, read_regime_observation)
        portfolio = WindowScan(keys.PORTFOLIO_MEMORY, windows.portfolio, read_portfolio_entry)
        trades = WindowScan(keys.TRADE_RESULTS, windows.trades, read_trade_result)
        scans: tuple[WindowScan[Any], ...] = (regimes, portfolio, trades)

        replies = await self._round_trip(keys.VALUE_SOURCES, scans)
        while pending := [scan for scan in scans if scan.page_size]:
            await self._round_trip((), pending)
        await self._look_back_for_regimes(regimes, portfolio, trades)

        rejected = [entry for scan in scans for entry in scan.rejected]
        context = self._with_lasting_cap(_read_context(replies, rejected), rejected)
        observed = regimes.oldest_first()
        readings = Readings(
            regimes=observed.newest(windows.regime),
            portfolio=portfolio.oldest_first(),
            trades=trades.oldest_first(),
            observed=observed,
        )
        memory = build_memory(readings, context, _value_reports(replies, rejected), rejected)
        read_up_to = {scan.source: scan.newest_id for scan in scans if not scan.unreadable}
        return LoadedMemory(memory, tuple(rejected), read_up_to)

    def _with_lasting_cap(self, context: Context, rejected: Sequence[RejectedInput]) -> Context:
        """Keep the last cap on leverage while the limits cannot be read: no fault of a producer may lift a limit."""
        unreadable = any(entry.source == keys.LEVERAGE_LIMITS for entry in rejected)
        if unreadable and context.max_leverage_hint is None:
            return replace(context, max_leverage_hint=self._last_cap)
        self._last_cap = context.max_leverage_hint
        return context

    async def _look_back_for_regimes(
        self,
        regimes: WindowScan[RegimeObservation],
        portfolio: WindowScan[PortfolioEntry],
        trades: WindowScan[TradeResult],
    ) -> None:
        """Read regime observations older than their window while an entry without a regime needs them."""
        unplaced = [
            *positions_without_regime(portfolio.oldest_first()),
            *positions_without_regime(trades.oldest_first()),
        ]
        while unplaced and not regimes.reaches(min(unplaced)) and regimes.look_further():
            await self._round_trip((), (regimes,))

    async def _round_trip(self, values: Sequence[str], scans: Sequence[WindowScan[Any]]) -> Replies:
        """Read some values and the next page of each scan; feed the scans, give the values by source."""
        pipeline = self._client.pipeline(transaction=False)
        for source in values:
            # No more than is needed to see that a value is too large: another program may have put anything there.
            pipeline.getrange(keys.key_of(self._prefix, source), 0, MAX_BYTES)
        asked = [(scan, scan.page_size) for scan in scans]
        for scan, count in asked:
            pipeline.xrevrange(keys.key_of(self._prefix, scan.source), scan.before, "-", count=count)
        replies = await pipeline.execute(raise_on_error=False)
        for (scan, count), page in zip(asked, replies[len(values) :], strict=True):
            if isinstance(page, Exception):
                scan.give_up(_refusal(scan.source, page))
            else:
                scan.feed(page, count)
        return dict(zip(values, replies, strict=False))


def _refusal(source: str, error: Exception) -> RejectedInput:
    """Describe why Redis gave no value for a key; raise where the fault is not the key's."""
    if isinstance(error, NoPermissionError):
        return RejectedInput(source, "no_permission", str(error))
    if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
        return RejectedInput(source, "wrong_type", "the key holds another Redis type")
    raise error


def _read_context(replies: Replies, rejected: list[RejectedInput]) -> Context:
    def value(source: str, read: Callable[[bytes], ValueT]) -> ValueT | None:
        reply = replies[source]
        if not reply:
            return None
        if isinstance(reply, Exception):
            rejected.append(_refusal(source, reply))
            return None
        try:
            return read(reply)
        except RejectionError as refused:
            rejected.append(RejectedInput(source, refused.reason, refused.excerpt, content_hash=hash(reply)))
            return None

    limits, cap = value(keys.LEVERAGE_LIMITS, read_leverage_limits) or (None, None)
    if limits is None and isinstance(stored := replies[keys.LEVERAGE_LIMITS], bytes):
        cap = salvage_leverage_cap(stored)
    return Context(
        governance_policy=value(keys.GOVERNANCE_POLICY, read_policy),
        governance_preferred_regime=value(keys.GOVERNANCE_PREFERRED_REGIME, read_regime_name),
        regime_stats=value(keys.GOVERNANCE_REGIME_STATS, read_regime_stats),
        exposure_summary=value(keys.EXPOSURE_SUMMARY, read_object),
        leverage_limits=limits,
        exit_statistics=value(keys.EXIT_STATISTICS, read_object),
        max_leverage_hint=cap,
    )


def _value_reports(replies: Replies, rejected: Sequence[RejectedInput]) -> tuple[SourceReport, ...]:
    """Report on the sources that are one value each: there and used, rejected, or not there (or empty)."""
    reports = []
    for source, reply in replies.items():
        refused = count_by_reason(rejected, source)
        reports.append(SourceReport(source, int(bool(reply) and not refused), refused))
    return tuple(reports)

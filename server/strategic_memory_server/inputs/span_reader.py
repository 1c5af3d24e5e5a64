"""SpanReader: reads the windows as they stood at the end of a span of time, once.

It reads the streams backwards from there, so nothing later is ever seen, and keeps nothing. What it gives is what a
loader would give that finds in Redis the entries of the span alone, except that an entry without a regime of its own
takes it from the observation before its opening, however old that one is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import redis.asyncio as redis

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.columns.stream_position import id_order, position_column
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.openings import EARLIEST_MS
from strategic_memory_server.entries.rejections import RejectedInput, count_by_reason, refusal
from strategic_memory_server.inputs.memory_windows import HeldTrades, MemoryWindows
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.older_observations import older_observations
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.stretch import Stretch
from strategic_memory_server.inputs.window_scan import WindowScan
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS, Context, SourceReport, StrategicMemory
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_clock import ASK_TIME, RedisClock
from strategic_memory_server.redis_access.round_trip import Reply, packed, stream_entries
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.rolling_results import with_regimes, without_regime
from strategic_memory_server.windows.rolling_window import RollingWindow

EntryT = TypeVar("EntryT")


@dataclass(frozen=True, slots=True, eq=False)
class SpanReading:
    """What was read of a span.

    Attributes:
        memory: the windows.
        trades: the trades of the window, for whoever sums all trades of the span.
        stretches: which entries the windows hold, by source; streams that cannot be read are left out.
        untimed: an id of each stream none of whose ids is a time, by source: what was written by when is not known
            there. Looked for only where the span has a bound that is a time.
    """

    memory: StrategicMemory
    trades: HeldTrades
    stretches: Mapping[str, Stretch]
    untimed: Mapping[str, str] = field(default_factory=dict)


class SpanReader:
    """Reads one span, once.

    Args:
        client: how Redis is reached; it must return bytes.
        prefix: key prefix.
        windows: lengths of the windows.
        span: which entries count.
        limits: how much is read at once, and looked at in all.
        max_regimes: with more regimes the totals are left out.
        clock: follows the clock of Redis.
        up_to: id up to which each stream is read, by source, in place of the end of the span.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        windows: WindowSettings,
        span: TimeSpan,
        limits: ReadingLimits,
        max_regimes: int,
        clock: RedisClock,
        up_to: Mapping[str, str] | None = None,
    ) -> None:
        self._clock = clock
        self._max_regimes = max_regimes
        self._client = client
        self._prefix = prefix
        self._span = span
        self._limits = limits
        self._windows = kept = MemoryWindows(windows, limits)
        ends = up_to or {}
        self._regimes = _SpanScan(windows.regime, kept.regime_reader, prefix, span, limits, ends)
        self._portfolio = _SpanScan(windows.portfolio, kept.portfolio_reader, prefix, span, limits, ends)
        self._trades = _SpanScan(windows.trades, kept.trade_reader, prefix, span, limits, ends)

    async def read(self, context: Context, value_reports: tuple[SourceReport, ...] = ()) -> SpanReading:
        """Read the windows; the context and the reports of the values go with them as they are.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason that no
                producer has caused.
        """
        scans = (self._regimes, self._portfolio, self._trades)
        clock_ms: int | None = None
        is_alive = False
        while (pending := [scan for scan in scans if scan.page_size]) or clock_ms is None:
            asked_ms = self._clock.elapsed_ms()
            *replies, told = await self._read(pending, is_alive=is_alive)
            is_alive = True
            clock_ms = self._clock.take(told, asked_ms)
            for scan, reply in zip(pending, replies, strict=True):
                scan.feed(reply)
        await self._fill_windows()
        windows = (self._windows.regimes, self._windows.portfolio, self._windows.trades)
        latest_ms = clock_ms + CLOCK_TOLERANCE_MS
        reports = [scan.report(window, latest_ms) for scan, window in zip(scans, windows, strict=True)]
        memory = self._windows.memory(context, (*value_reports, *reports), clock_ms, self._max_regimes)
        stretches = {
            scan.source: Stretch.of(window, scan.newest)
            for scan, window in zip(scans, windows, strict=True)
            if scan.unreadable is None
        }
        return SpanReading(memory, self._windows.held_trades(), stretches, await self._untimed(clock_ms))

    async def _untimed(self, now_ms: int) -> dict[str, str]:
        """Return an id of each stream none of whose ids is a time, where the span has a bound that is one."""
        bounds = [bound for bound in (self._span.first_ms, self._span.last_ms) if bound is not None]
        earliest_ms = min(bounds, default=0)
        if earliest_ms < EARLIEST_MS:
            return {}
        scans = (self._regimes, self._portfolio, self._trades)
        replies = await self._limits.pace.read(self._client, lambda: [each for scan in scans for each in scan.ends()])
        untimed = {}
        for scan, oldest, newest in zip(scans, replies[::2], replies[1::2], strict=True):
            # The stream may be gone by now, or the key something else.
            is_refused = isinstance(oldest, Exception) or isinstance(newest, Exception)
            if scan.unreadable is None and not is_refused and oldest and newest:
                first, last = (reply[0][0].decode() for reply in (oldest, newest))
                is_no_time = id_order(last)[0] < EARLIEST_MS and earliest_ms < now_ms
                if is_no_time or max(earliest_ms, now_ms + CLOCK_TOLERANCE_MS) < id_order(first)[0]:
                    untimed[scan.source] = last
        return untimed

    async def _read(self, scans: Sequence[_SpanScan], *, is_alive: bool) -> list[Reply]:
        return await self._limits.pace.read(
            self._client, lambda: [*(scan.command() for scan in scans), ASK_TIME], is_alive=is_alive
        )

    async def _fill_windows(self) -> None:
        """Fill the windows with what was read; observations come first, for the entries that take theirs from them."""
        for window, scan in (
            (self._windows.regimes, self._regimes),
            (self._windows.portfolio, self._portfolio),
            (self._windows.trades, self._trades),
        ):
            window.buffer.reserve(scan.usable)
        for columns in self._regimes.take_oldest_first():
            self._windows.regimes.append(columns)
            await asyncio.sleep(0)
        read = [
            (self._windows.portfolio, list(self._portfolio.take_oldest_first())),
            (self._windows.trades, list(self._trades.take_oldest_first())),
        ]
        observed = self._windows.observed(await self._look_up([columns for _, pages in read for columns in pages]))
        for results, pages in read:
            for columns in pages:
                results.append(with_regimes(columns, observed))
                await asyncio.sleep(0)

    async def _look_up(self, pages: list[Columns]) -> ObservationLookup:
        """Find the observations from before the regime window that entries take their regime from."""
        observed = self._windows.regimes.positions
        missing = [without_regime(columns) for columns in pages]
        # Nearly in order, but for the place where one stream follows the other: that is what a stable sort is fast at.
        sought: PositionColumn = position_column([])
        if missing:
            sought = np.sort(np.concatenate(missing), kind="stable")
        if observed.size:
            sought = sought[sought < observed[0]]
        if self._regimes.unreadable is not None:
            sought = sought[:0]
        return await older_observations(self._client, self._prefix, sought, self._windows.regime_reader, self._limits)


class _SpanScan:
    """A scan of one stream within a span; a key that cannot be read has no entries."""

    def __init__(
        self,
        window: int,
        reader: PageReader[EntryT],
        prefix: str,
        span: TimeSpan,
        limits: ReadingLimits,
        ends: Mapping[str, str],
    ) -> None:
        self.unreadable: RejectedInput | None = None
        self.source = reader.source
        self.newest = ends.get(reader.source, span.largest_id)
        self._scan = WindowScan(window, reader, limits, newest=self.newest)
        self._key = keys.key_of(prefix, reader.source)
        self._oldest = span.smallest_id
        self._asked = 0

    @property
    def page_size(self) -> int:
        """Number of entries to ask for next; 0 when the scan is complete."""
        return self._scan.page_size if self.unreadable is None else 0

    @property
    def usable(self) -> int:
        """Number of usable entries read so far."""
        return self._scan.usable if self.unreadable is None else 0

    def command(self) -> bytes:
        """Return the command that reads the next page."""
        self._asked = self.page_size
        return packed("XREVRANGE", self._key, self._scan.before, self._oldest, "COUNT", self._asked)

    def ends(self) -> list[bytes]:
        """Return the commands that read the first and the last entry of the stream."""
        return [
            packed("XRANGE", self._key, "-", "+", "COUNT", 1),
            packed("XREVRANGE", self._key, "+", "-", "COUNT", 1),
        ]

    def feed(self, reply: Reply) -> None:
        """Take the reply to it, entries or an error."""
        if isinstance(reply, Exception):
            self.unreadable = refusal(self.source, reply)
        else:
            self._scan.feed(stream_entries(reply), self._asked)

    def take_oldest_first(self) -> Iterator[Columns]:
        """Yield what was read, oldest entry first, and let go of it."""
        return self._scan.take_oldest_first() if self.unreadable is None else iter(())

    def report(self, window: RollingWindow, latest_ms: int) -> SourceReport:
        """Say what the stream has contributed to its window; ids that are later than a time are noted."""
        if self.unreadable is not None:
            return SourceReport(self.source, 0, {self.unreadable.reason: 1})
        rejected = count_by_reason(self._scan.rejected, self.source)
        notes = window.notes(latest_ms)
        return SourceReport(self.source, window.counted, rejected, notes, window.examples(notes))

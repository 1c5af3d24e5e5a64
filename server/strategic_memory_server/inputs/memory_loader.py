"""MemoryLoader: reads all nine inputs from Redis into one StrategicMemory, and keeps what it has read.

The first load reads the windows from the streams, page by page. Each later one reads what is new, in one pipelined
round trip, and its work does not depend on the length of the windows. More round trips are made only where they are
needed: to catch up, to find the regime of an entry that is older than the regime window, or to read the windows again
because what Redis holds is no longer what was read. What it gives is always what a new loader would give.

Nothing that a producer wrote makes it raise; what cannot be used is counted and described in the result.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import redis.asyncio as redis

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.leverage_caps import CAP_COMMANDS, CAP_VALUES, HeldCaps
from strategic_memory_server.inputs.load_log import LoadLog
from strategic_memory_server.inputs.loaded_memory import LoadedMemory
from strategic_memory_server.inputs.memory_apart import with_regimes_apart
from strategic_memory_server.inputs.memory_windows import MemoryWindows
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.older_observations import older_observations
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.inputs.page_trips import PageTrips
from strategic_memory_server.inputs.read_outcome import NewTrades, ReadOutcome
from strategic_memory_server.inputs.reading_limits import MANY_PASSED, ReadingLimits
from strategic_memory_server.inputs.resting_streams import AskedAhead, RestingStreams
from strategic_memory_server.inputs.span_reader import SpanReader, SpanReading
from strategic_memory_server.inputs.stream_follower import StreamFollower
from strategic_memory_server.inputs.stretch import Stretch
from strategic_memory_server.inputs.value_inputs import ReadValues, ValueInputs
from strategic_memory_server.inputs.value_inputs import commands as value_commands
from strategic_memory_server.inputs.window_update import bring_up
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.memory.memory_tallies import totals_of
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS, Context, StrategicMemory
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import MAX_REGIMES, WindowSettings
from strategic_memory_server.redis_access.redis_clock import ASK_TIME, RedisClock
from strategic_memory_server.redis_access.round_trip import Reply
from strategic_memory_server.windows.asof_join import GIVEN
from strategic_memory_server.windows.column_buffer import Columns, joined_columns

VALUES_S = 1.5
"""So long the service takes values other than caps for granted, seconds; while it waits it looks more often."""

RECHECK_S = 60.0
"""Windows that are read in one page are read from the streams again after so long, seconds, whatever has been found."""


class MemoryLoader:
    """Reads the inputs under one key prefix. The client must return bytes (`decode_responses=False`).

    One load at a time.

    Args:
        client: how Redis is reached.
        prefix: key prefix.
        windows: lengths of the windows.
        held: the caps on leverage in force.
        limits: how much is read at once, and looked at in all.
        max_regimes: regimes that are kept apart; the others are OTHER.
        values_s: how long values other than caps are taken for granted, seconds.
        clock: follows the clock of Redis by what each load is told.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        windows: WindowSettings,
        held: HeldCaps | None = None,
        limits: ReadingLimits | None = None,
        max_regimes: int = MAX_REGIMES,
        values_s: float = 0.0,
        clock: RedisClock | None = None,
    ) -> None:
        self._clock = clock or RedisClock()
        self._client = client
        self._prefix = prefix
        self.caps = held or HeldCaps(self._clock.now_ms)
        """The caps on leverage in force, as last read."""
        self._values = ValueInputs(self.caps, values_s)
        self._limits = limits = limits or ReadingLimits()
        self._max_regimes = max_regimes
        self._windows = MemoryWindows(windows, limits)
        longest = max(windows.regime, windows.portfolio, windows.trades)
        self._is_small = longest <= limits.page_entries

        kept = self._windows
        self._regimes = StreamFollower(kept.regimes, kept.regime_reader, prefix, limits, longest)
        self._portfolio = StreamFollower(kept.portfolio, kept.portfolio_reader, prefix, limits, longest)
        self._trades = StreamFollower(kept.trades, kept.trade_reader, prefix, limits, longest)
        self._followers = (self._regimes, self._portfolio, self._trades)
        # Redis may run what is sent at once with something between: no observation that came before a trade is missed.
        self._observations_last = (self._portfolio, self._trades, self._regimes)
        self._ask_values = value_commands(prefix)
        infos = [follower.ask_info for follower in self._observations_last]
        self._ask_behind = [*self.ask_cap_values(), ASK_TIME, *infos]
        self._log = LoadLog()
        self._trips = PageTrips(client, self._followers, limits.pace, self._log)
        self._is_sound = False
        self._recheck_at_s = 0.0
        self._rest = RestingStreams(self._observations_last, self._ask_values, self._clock)

    @property
    def gaps(self) -> Mapping[str, int]:
        """How many readings have found that entries were trimmed before they could be read, by source."""
        return self._log.gaps

    def stretches(self) -> dict[str, Stretch]:
        """Tell which entries the windows hold, by source; streams that cannot be read are left out."""
        readable = [follower for follower in self._followers if follower.unreadable is None]
        return {each.source: Stretch.of(each.window, each.read_up_to) for each in readable}

    def newest(self) -> list[tuple[bytes, Fields]]:
        """Return the entries that the last reading has added, with their ids; none of a window that was read anew."""
        return [entry for follower in self._followers if follower.taken is not None for entry in follower.taken.page]

    def another(self, windows: WindowSettings, caps: LeverageCaps) -> MemoryLoader:
        """Make a loader of the same inputs that has read nothing yet but caps, with other windows."""
        return MemoryLoader(
            self._client, self._prefix, windows, HeldCaps(self._clock.now_ms, caps), self._limits, self._max_regimes
        )

    def ask_caps(self, *, alone: bool = False) -> Sequence[bytes]:
        """Return what asks for the caps on leverage, and unless for them alone, for all values; no stream is read."""
        return self._ask_values[:CAP_COMMANDS] if alone else self._ask_values

    def ask_cap_values(self) -> Sequence[bytes]:
        """Return what reads the values of the keys that hold caps."""
        return self._ask_values[:CAP_VALUES]

    def caps_have_changed(self, replies: Sequence[Reply], asked_s: float) -> bool:
        """Tell by the replies to that whether Redis holds other caps than those in force.

        Args:
            replies: in their order.
            asked_s: when it was asked, by `time.monotonic`.

        Raises:
            redis.exceptions.RedisError: an error that no producer has caused.
        """
        return self._values.caps_have_changed(replies, asked_s)

    def ask_ahead(self) -> AskedAhead | None:
        """Return what tells a load whether there is anything to read; None where there is in any case."""
        return self._rest.ask()

    def ask_behind(self) -> AskedAhead:
        """Return what a load asks that knows what has arrived: Redis can tell it as soon as that comes."""
        return AskedAhead(self._ask_behind, time.monotonic(), self._clock.elapsed_ms())

    async def load_span(self, windows: WindowSettings, span: TimeSpan) -> SpanReading:
        """Read what the streams hold of a span of time, once, whatever else has been read.

        The values beside the streams have no history: they are left out where the span has an end.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason that no
                producer has caused.
        """
        reader = SpanReader(self._client, self._prefix, windows, span, self._limits, self._max_regimes, self._clock)
        if span.last_ms is not None:
            reading = await reader.read(Context())
        else:
            values = self._values.read(await self._read(self._ask_values))
            reading = await reader.read(values.context, values.reports)
        return replace(reading, memory=await self._apart(reading.memory))

    async def load(
        self, *, reread: bool = False, arrived: Mapping[str, Page] | None = None, ahead: AskedAhead | None = None
    ) -> LoadedMemory:
        """Read what there is to read.

        Args:
            reread: read the windows from the streams, whatever is remembered.
            arrived: entries that came after what was read last, oldest first, by source: those that are all there is
                are not read again. Where there are others, they are read in another round trip. None: nothing is known.
            ahead: what was asked a moment ago, all that `ask_ahead` or `ask_behind` asks: where it says that nothing
                is new nothing else is read, and where it is what this load would ask that is not asked again.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason that no
                producer has caused. Whatever it was, the next load starts from what Redis holds then.
        """
        if ahead is not None and self._rest.are_told_unchanged(ahead):
            *of_values, told = ahead.replies[: -len(self._followers)]
            clock_ms = self._clock.take(told, ahead.asked_ms)
            return await self._loaded(self._values.take(of_values, ahead.asked_s), clock_ms, [], None)
        self._rest.forget()
        now_s = time.monotonic()
        # Reading anew would pass over all of them again.
        many_passed = any(follower.window.passed_over > MANY_PASSED for follower in self._followers)
        is_due = self._is_small and now_s >= self._recheck_at_s and not many_passed
        reread = reread or not self._is_sound or is_due
        recheck_at_s = now_s + RECHECK_S if reread else self._recheck_at_s
        self._recheck_at_s = 0.0
        for follower in self._followers:
            new = None if arrived is None else arrived.get(follower.source, [])
            follower.begin(reread=reread, reads_on=many_passed and self._is_small, arrived=new)
        self._log.begin(now_s)
        is_known = self._values.are_granted(now_s)
        asked = [*(self.ask_cap_values() if is_known else self._ask_values), ASK_TIME]
        wanted = [*asked, *(command for follower in self._observations_last for command in follower.commands())]
        if ahead is None or ahead.commands != wanted:
            ahead = AskedAhead(wanted, now_s, self._clock.elapsed_ms())
        *replies, told = await self._trips.round_trip(asked, self._observations_last, told=ahead.replies)
        clock_ms = self._clock.take(told, ahead.asked_ms)
        known = self._values.read_caps_alone(replies) if is_known else self._values.take(replies, now_s)
        values = known or self._values.take(await self._read(self._ask_values), now_s)
        rejected, new_trades = await self._read_streams()
        for follower in self._followers:
            follower.end()
        self._recheck_at_s = recheck_at_s
        loaded = await self._loaded(values, clock_ms, rejected, new_trades)
        self._log.end(
            loaded.memory.sample_count,
            [gap for follower in self._followers if (gap := follower.gaps.found) is not None],
            time.monotonic(),
        )
        if (reread or not self._is_small) and not loaded.is_behind:
            self._rest.were_read(now_s)
        return loaded

    async def _loaded(
        self, values: ReadValues, clock_ms: int, rejected: list[RejectedInput], new_trades: NewTrades | None
    ) -> LoadedMemory:
        rejected.extend(follower.unreadable for follower in self._followers if follower.unreadable is not None)
        reports = [follower.report(clock_ms + CLOCK_TOLERANCE_MS) for follower in self._followers]
        memory = self._windows.memory(values.context, (*values.reports, *reports), clock_ms, self._max_regimes)
        memory = await self._apart(memory)
        read_up_to = {follower.source: follower.read_up_to for follower in self._followers if not follower.unreadable}
        is_behind = any(follower.is_behind for follower in self._followers)
        return LoadedMemory(memory, (*rejected, *values.rejected), read_up_to, is_behind, new_trades)

    async def _apart(self, memory: StrategicMemory) -> StrategicMemory:
        """Keep so many regimes apart. Where there are more, it takes as long as the windows, so not on the loop."""
        if memory.totals is not None:
            return memory

        def apart() -> StrategicMemory:
            found = with_regimes_apart(memory, self._max_regimes)
            return replace(found, totals=totals_of(found))

        return await asyncio.to_thread(apart)

    async def _read_streams(self) -> tuple[list[RejectedInput], NewTrades | None]:
        """Read on until all three streams are read; take over what is new, give what was rejected, and new trades."""
        rejected, at_once = [], self._trades.outcome is not None
        while True:
            await self._trips.until_read()
            if self._regimes.outcome is ReadOutcome.REREAD and self._restart(self._portfolio, self._trades):
                continue
            # Until it is done, the windows do not agree with each other.
            self._is_sound = False
            refused, added = await bring_up(self._windows, self._regimes, self._portfolio, self._trades, self._look_up)
            rejected.extend(refused)
            if self._regimes.fits:
                unfit = [follower for follower in self._followers if not follower.fits]
            else:
                unfit = list(self._followers)
            for follower in self._followers:
                follower.commit()
            if not unfit:
                self._is_sound = True
                return rejected, self._new_trades(added, at_once=at_once)
            for follower in unfit:
                follower.restart()

    def _new_trades(self, added: Sequence[Columns], *, at_once: bool) -> NewTrades | None:
        entries = self._trades.taken
        if entries is None or not added:
            return None
        columns = joined_columns(added)
        # An observation that nobody has read yet may lie between those that were read and the last of these trades.
        if (self._regimes.is_behind or not at_once) and np.any(columns["joined"] != GIVEN):
            return None
        return NewTrades(entries, self._windows.named(columns))

    @staticmethod
    def _restart(*followers: StreamFollower) -> bool:
        """Read windows anew whose entries were joined to observations that have been read anew."""
        joined = [follower for follower in followers if follower.outcome is ReadOutcome.NEW]
        for follower in joined:
            follower.restart()
        return bool(joined)

    async def _look_up(self, positions: PositionColumn) -> ObservationLookup:
        """Find observations from before the regime window for entries at some positions, ascending."""
        return await older_observations(
            self._client, self._prefix, positions, self._windows.regime_reader, self._limits
        )

    async def _read(self, commands: Sequence[bytes]) -> list[Reply]:
        return await self._limits.pace.read(self._client, lambda: commands)

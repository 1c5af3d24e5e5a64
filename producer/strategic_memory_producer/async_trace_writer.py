"""Writes traces, for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self, Unpack

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.exceptions import AuthenticationError
from redis.exceptions import TimeoutError as NoAnswerError

from strategic_memory_producer.answers import ASYNC_PARSER
from strategic_memory_producer.checked_values import Number
from strategic_memory_producer.connection import OUT_OF_REACH, fields_of, pool_options, read_url, without_login
from strategic_memory_producer.entry import Entry
from strategic_memory_producer.errors import TraceError
from strategic_memory_producer.given_entries import checked_entries
from strategic_memory_producer.outbox import Outbox
from strategic_memory_producer.refusals import are_of_a_replica
from strategic_memory_producer.rooted import Rooted
from strategic_memory_producer.traces import (
    ObservationFields,
    PortfolioFields,
    TradeFields,
    portfolio_entry,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.writer_settings import WriterSettings, checked_settings

_TURNS = 10
"""Within so many turns of an event loop that goes on an answer is read that has come meanwhile, and told."""
_TURN_S = 0.05
"""The least time that is given to a turn. A busy loop takes longer."""
_LEFT_WITHIN_S = 0.1
"""So long a connection that is left has to end. Then it ends behind the calls that go on."""


class AsyncTraceWriter(Rooted):
    """Writes what a trading program saw and earned into the input streams of the service, as `TraceWriter` does.

    It belongs to the event loop that it is first used in, and never holds that up. Tasks that share it write one after
    the other. A call that is cancelled may have written its entries.
    """

    def __init__(self, redis_url: str = "redis://127.0.0.1:6379/0", settings: WriterSettings | None = None) -> None:
        self._settings = checked_settings(settings)
        with read_url(redis_url):
            self._pool: Any = redis.asyncio.BlockingConnectionPool.from_url(
                redis_url,
                # A time of the connection would end the reading of an answer that lies there; see `_in_time`.
                **{**pool_options(self._settings, Retry, ASYNC_PARSER), "socket_timeout": None},
            )
        self._client = redis.asyncio.Redis(connection_pool=self._pool)
        self._one_at_a_time = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection."""
        self._take_loop()
        with suppress(*OUT_OF_REACH):
            await self._pool.disconnect()

    async def observe_regime(self, regime: str, **more: Unpack[ObservationFields]) -> str:
        """Write a regime that was observed; return its id."""
        return (await self.write([regime_observation(regime, more)]))[0]

    async def record_trade(self, realized_pnl: Number, **more: Unpack[TradeFields]) -> str:
        """Write how a trade ended; return its id. With a `trade_id` it may be recorded again without harm."""
        return (await self.write([trade_result(realized_pnl, more)]))[0]

    async def record_portfolio(self, pnl: Number, **more: Unpack[PortfolioFields]) -> str:
        """Write what the portfolio earned; return its id."""
        return (await self.write([portfolio_entry(pnl, more)]))[0]

    async def write(self, entries: Iterable[Entry]) -> list[str]:
        """Write entries in their order, in as few round trips as it takes; return their ids.

        Raises UnwrittenError with what Redis did not confirm. The other methods raise that too, and EntryRefusedError
        for a value that is wrong, before anything is sent; so is TraceError in a second event loop.
        """
        self._take_loop()
        outbox = Outbox(self._settings, checked_entries(entries))
        async with self._one_at_a_time:
            while outbox.page():
                pause_s = await self._attempt(outbox)
                await asyncio.sleep(pause_s)
        return outbox.ids()

    def _take_loop(self) -> None:
        self._loop = self._loop or asyncio.get_running_loop()
        if self._loop is not asyncio.get_running_loop():
            raise TraceError("the writer belongs to the event loop that it was first used in: make one in each")

    async def _attempt(self, outbox: Outbox) -> float:
        # A connection that Redis has closed meanwhile is known as such once the loop has looked.
        await asyncio.sleep(0)
        try:
            # Connects where that is needed: an error up to here is one of entries that were not sent.
            async with self._in_time():
                await self._pool.release(await self._pool.get_connection())
        except AuthenticationError as error:
            raise outbox.shut_out(error) from error
        except OUT_OF_REACH as error:
            return outbox.not_sent(without_login(error))
        page = outbox.sent_page()  # it may have ended meanwhile
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for entry in page:
                    pipeline.xadd(self._settings.key(entry), fields_of(entry), maxlen=self._settings.maxlen)
                async with self._in_time():
                    answers = await pipeline.execute(raise_on_error=False)
        except AuthenticationError as error:
            # Who is let in by no login is asked for it at the first entry, and none is taken.
            raise outbox.shut_out(error) from error
        except OUT_OF_REACH as error:
            return outbox.broken_off(error)
        try:
            return outbox.answered(answers)
        finally:
            if are_of_a_replica(answers):
                await self._leave()

    async def _leave(self) -> None:
        """End the connection. A peer that has frozen does not end TLS, and nobody is to wait for that."""
        with suppress(*OUT_OF_REACH):
            async with asyncio.timeout(_LEFT_WITHIN_S):
                await self._pool.disconnect()

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Bound the time that Redis has. Once it is over, what came while the event loop stood still is read yet."""
        loop = asyncio.get_running_loop()
        due: asyncio.TimerHandle

        def over(turns: int) -> None:
            nonlocal due
            if turns:
                due = loop.call_later(_TURN_S, over, turns - 1)
            else:
                limit.reschedule(loop.time())

        try:
            async with asyncio.timeout(None) as limit:
                due = loop.call_later(self._settings.timeout_s, over, _TURNS)
                try:
                    yield
                finally:
                    due.cancel()
        except TimeoutError:
            raise NoAnswerError(f"Redis did not answer within {self._settings.timeout_s:g} s") from None

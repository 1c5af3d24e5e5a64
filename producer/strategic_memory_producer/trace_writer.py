"""Writes traces, for programs without an event loop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, Unpack

import redis
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from strategic_memory_producer.answers import PARSER
from strategic_memory_producer.checked_values import Number
from strategic_memory_producer.connection import fields_of, pool_options, read_url, without_login
from strategic_memory_producer.entry import Entry
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


class TraceWriter(Rooted):
    """Writes what a trading program saw and earned into the input streams of the service.

    A call returns when Redis has given each entry an id; nothing is left waiting. It may be shared by threads, which
    write one after the other. In a program with an event loop use `AsyncTraceWriter`: the calls of this one wait.
    """

    def __init__(self, redis_url: str = "redis://127.0.0.1:6379/0", settings: WriterSettings | None = None) -> None:
        self._settings = checked_settings(settings)
        with read_url(redis_url):
            self._pool: Any = redis.BlockingConnectionPool.from_url(
                redis_url, **pool_options(self._settings, Retry, PARSER)
            )
        self._client = redis.Redis(connection_pool=self._pool)
        # By process: whoever held it when another one was forked off is not there to let it go.
        self._one_at_a_time: dict[int, threading.Lock] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._pool.disconnect()

    def observe_regime(self, regime: str, **more: Unpack[ObservationFields]) -> str:
        """Write a regime that was observed; return its id."""
        return self.write([regime_observation(regime, more)])[0]

    def record_trade(self, realized_pnl: Number, **more: Unpack[TradeFields]) -> str:
        """Write how a trade ended; return its id. With a `trade_id` it may be recorded again without harm."""
        return self.write([trade_result(realized_pnl, more)])[0]

    def record_portfolio(self, pnl: Number, **more: Unpack[PortfolioFields]) -> str:
        """Write what the portfolio earned; return its id."""
        return self.write([portfolio_entry(pnl, more)])[0]

    def write(self, entries: Iterable[Entry]) -> list[str]:
        """Write entries in their order, in as few round trips as it takes; return their ids.

        Raises UnwrittenError with what Redis did not confirm. The other methods raise that too, and EntryRefusedError
        for a value that is wrong, before anything is sent.
        """
        return self.send(self.outbox(checked_entries(entries)))

    def outbox(self, entries: Sequence[Entry], *, have_failed: bool = False) -> Outbox:
        """Return what `send` sends, perhaps again, and what can be asked meanwhile how far that is."""
        return Outbox(self._settings, entries, have_failed=have_failed)

    def send(self, outbox: Outbox) -> list[str]:
        """Write what `outbox` holds, as `write` does."""
        with self._one_at_a_time.setdefault(os.getpid(), threading.Lock()):
            while outbox.page():
                time.sleep(self._attempt(outbox))
        return outbox.ids()

    def _attempt(self, outbox: Outbox) -> float:
        try:
            # Connects where that is needed: an error up to here is one of entries that were not sent.
            self._pool.release(self._pool.get_connection())
        except AuthenticationError as error:
            raise outbox.shut_out(error) from error
        except outbox.breaking_off() as error:
            return outbox.not_sent(without_login(error))
        page = outbox.sent_page()  # it may have ended meanwhile
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for entry in page:
                    pipeline.xadd(self._settings.key(entry), fields_of(entry), maxlen=self._settings.maxlen)
                answers = pipeline.execute(raise_on_error=False)
        except AuthenticationError as error:
            # Who is let in by no login is asked for it at the first entry, and none is taken.
            raise outbox.shut_out(error) from error
        except outbox.breaking_off() as error:
            return outbox.broken_off(error)
        try:
            return outbox.answered(answers)
        finally:
            if are_of_a_replica(answers):
                with suppress(*outbox.breaking_off()):
                    self._pool.disconnect()

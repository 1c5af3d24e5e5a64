"""Writes traces from a thread of its own, for programs that must never wait."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, Unpack

from strategic_memory_producer.checked_values import Number
from strategic_memory_producer.entry import Entry
from strategic_memory_producer.errors import TraceError, UnwrittenError
from strategic_memory_producer.given_entries import checked_entries
from strategic_memory_producer.refusals import Refusal
from strategic_memory_producer.rooted import Rooted
from strategic_memory_producer.trace_writer import TraceWriter
from strategic_memory_producer.traces import (
    ObservationFields,
    PortfolioFields,
    TradeFields,
    portfolio_entry,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.writer_settings import WriterSettings

MOST_WAITING = 100_000
"""Entries that wait for Redis at most."""

_PAUSE_S = 1.0
"""Between two attempts, when the first one was refused."""

_TOLD_AGAIN_S = 3_600.0
"""What lasts for as long is told once more: who does not look may lose all that waits."""

_ANSWERED_WITHIN_S = 0.5
"""So long the end waits, when its time is over, for the answer to what is on its way: it tells what was written."""

_log = logging.getLogger(__name__)


class BackgroundWriter(Rooted):
    """Writes what a trading program saw and earned as `TraceWriter` does, but a call returns at once.

    Values are checked in the call, which raises EntryRefusedError, and UnwrittenError when too many entries wait. What
    Redis does not take waits, in its order, and is tried again until it does; why is logged. What waits is lost when
    the process is killed. `close`, which is called by itself when the program ends, writes what is left.
    """

    def __init__(self, redis_url: str = "redis://127.0.0.1:6379/0", settings: WriterSettings | None = None) -> None:
        self._waiting = _Waiting(TraceWriter(redis_url, settings))
        self._timeout_s = (settings or WriterSettings()).timeout_s
        # It goes with this object and with the interpreter.
        self._close_when_dropped = weakref.finalize(self, self._waiting.close, self._timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """How many entries Redis has not confirmed yet."""
        return len(self._waiting.left())

    def observe_regime(self, regime: str, **more: Unpack[ObservationFields]) -> None:
        """Have a regime written that was observed."""
        self.write([regime_observation(regime, more)])

    def record_trade(self, realized_pnl: Number, **more: Unpack[TradeFields]) -> None:
        """Have it written how a trade ended. With a `trade_id` it may be recorded again without harm."""
        self.write([trade_result(realized_pnl, more)])

    def record_portfolio(self, pnl: Number, **more: Unpack[PortfolioFields]) -> None:
        """Have it written what the portfolio earned."""
        self.write([portfolio_entry(pnl, more)])

    def write(self, entries: Iterable[Entry]) -> None:
        """Have entries written, in their order."""
        self._waiting.add(checked_entries(entries))

    def close(self) -> tuple[Entry, ...]:
        """Write what waits, within the writer's `timeout_s`, and end; return what Redis did not confirm.

        For the answer to what is on its way then it waits half a second more, and then for the end of its connection as
        long at most. What is in doubt, as of observations that Redis gave no answer to, is not among what is returned.
        """
        self._close_when_dropped.detach()
        # Also where another thread is about it, or a signal came amid it: what is left is not known before.
        self._waiting.close(self._timeout_s)
        return tuple(self._waiting.left())


class _Waiting:
    """What Redis has not confirmed, and the thread that writes it."""

    def __init__(self, writer: TraceWriter) -> None:
        self._entries: list[Entry] = []
        self._writer = writer
        self._outbox = writer.outbox(())  # these are the first of the entries until all of it is done
        self._changed = threading.Condition()
        self._is_closed = self._is_over = self._is_told = self._is_doubt_told = False
        self._why = self._fault = ""
        self._told_at_s: dict[str, float] = {}
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="strategic-memory-traces", daemon=True)
        self._thread.start()

    def left(self) -> list[Entry]:
        """Return what Redis has not confirmed: of those that are being sent, and those behind them."""
        if self._is_of_another_process():
            return []
        with self._changed:
            return [*self._outbox.unconfirmed(), *self._entries[len(self._outbox) :]]

    def add(self, entries: Sequence[Entry]) -> None:
        if self._is_of_another_process():  # where its thread may have held the lock
            raise TraceError("the writer belongs to the process that was forked from: make one in each")
        with self._changed:
            if self._is_closed:
                raise TraceError(f"the writer is closed{self._fault}")
            if len(self._entries) + len(entries) > MOST_WAITING:
                raise UnwrittenError(f"{len(self._entries):,} entries wait already: {self._why}", entries, ())
            self._entries += entries
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        if self._is_of_another_process():
            return
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        with self._changed:
            # What is returned as not written is not written afterwards.
            self._is_over = True
            self._outbox.end()
        # What is on its way may be answered already: where this process stood still, the answer lies unread.
        self._thread.join(_ANSWERED_WITHIN_S)
        self._writer.close()
        # And what never was, is in doubt once the thread has met the end of its connection.
        self._thread.join(_ANSWERED_WITHIN_S)
        # Or where it has not, as when this process stood still again.
        self._tell_doubt(self._outbox.doubtful())
        if (left := self.left()) and not self._is_told:
            self._is_told = True
            _log.error("%d entries were not written: %s", len(left), self._why or "Redis did not answer in time")

    def _is_of_another_process(self) -> bool:
        """Whether this one was forked off: what waits, and the connection, are not its own."""
        return self._process != os.getpid()

    def _run(self) -> None:
        try:
            while self._next():
                self._send()
        except Exception as error:  # noqa: BLE001 - it is told, and this thread ends
            self._end_by(error)

    def _send(self) -> None:
        outbox = self._outbox
        try:
            self._writer.send(outbox)
        except UnwrittenError as error:
            self._done(error.entries)
            has_written = len(error.entries) + len(error.in_doubt) < len(outbox)
            self._failed(error, outbox.trouble, has_written=has_written)
        else:
            self._done()
            self._succeeded()

    def _next(self) -> bool:
        """Take what waits, once there is something; return whether there is, and it is not over."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._is_closed)
            if self._entries and not self._is_over:
                self._outbox = self._writer.outbox(list(self._entries), have_failed=bool(self._why))
            return len(self._outbox) > 0

    def _done(self, left: Sequence[Entry] = ()) -> None:
        with self._changed:
            self._entries[: len(self._outbox)] = left
            self._outbox = self._writer.outbox(())

    def _failed(self, error: UnwrittenError, trouble: Refusal, *, has_written: bool) -> None:
        self._tell_doubt(len(error.in_doubt))
        if self._is_over:
            return
        self._why = str(error)
        if has_written or (trouble.is_of_redis and not trouble.passes):
            # One stream may be refused for good: Redis is back then, and what passes is told where it comes again.
            self._told_at_s = {told: at_s for told, at_s in self._told_at_s.items() if told == trouble.kind}
        now_s = time.monotonic()
        if now_s - self._told_at_s.get(trouble.kind, -math.inf) >= _TOLD_AGAIN_S:
            self._told_at_s[trouble.kind] = now_s
            _log.warning("traces wait for Redis: %s", error)
        with self._changed:
            # What is refused once it is closed is not tried again.
            self._is_over = self._is_closed
            self._changed.wait_for(lambda: self._is_closed, _PAUSE_S)

    def _end_by(self, error: Exception) -> None:
        """End by a fault of the program: whoever adds more is told, where it would wait in silence."""
        with self._changed:
            self._is_closed = self._is_over = True
            self._why = f"a fault of the program: {type(error).__name__}: {error}"
            self._fault = f" by {self._why}"
        _log.error("traces are written no more: %s", self._why, exc_info=error)

    def _tell_doubt(self, entries: int) -> None:
        with self._changed:
            if not entries or self._is_doubt_told:
                return
            self._is_doubt_told = self._is_over
        _log.warning("%d entries may have been written or not; they are not sent again", entries)

    def _succeeded(self) -> None:
        if self._why:
            _log.info("traces that waited for Redis were written")
        self._why = ""
        self._told_at_s.clear()

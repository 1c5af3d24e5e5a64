"""ServedPortfolio: what the calls about one portfolio are answered from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from strategic_memory.v1 import service_pb2
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.errors import LogNotReadError, StrategicMemoryError
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_pages import LogPages
from strategic_memory_server.revisions.said_log import SaidLog
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.failed_reads import FailedReads
from strategic_memory_server.rpc.streams.stream_waker import StreamWaker
from strategic_memory_server.rpc.streams.turns import Turn, Turns
from strategic_memory_server.rpc.wire.message_cache import MessageCache, no_problems
from strategic_memory_server.rpc.wire.to_wire import heartbeat_message


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to say of a portfolio, and what its operators have said."""

    hub: FeedbackHub
    changed: ChangeSignal
    log: FeedbackLogReader
    said: SaidLog
    analyst: Analyst
    clock_ms: Callable[[], int]
    problems: Callable[[], Mapping[str, str]] = no_problems
    failed_reads: FailedReads = field(default_factory=FailedReads)


class ServedPortfolio:
    """Says it to any number of callers, each message made once.

    Args:
        sources: what there is to say.
        name: what the portfolio is called; empty: it is the default one.
    """

    def __init__(self, sources: Sources, name: str = DEFAULT) -> None:
        self.sources = sources
        self.name = name
        self.ending: StrategicMemoryError | None = None
        """What its streams end with once they have told what was said; None: they go on."""
        self.streams = 0
        """Streams of feedback that are open."""
        self._without_streams = asyncio.Event()
        self.messages = MessageCache(sources.clock_ms, sources.problems, name)
        turns = Turns(sources.clock_ms, sources.hub, self.messages)
        self.turn = turns.now
        self.waker = StreamWaker(sources.hub, sources.changed, sources.clock_ms)
        self.waker.listen(turns.end)
        self._pages = LogPages(sources.log.read_after)

    @contextmanager
    def streamed(self) -> Iterator[None]:
        """Count a stream until the context is left."""
        self.streams += 1
        self._without_streams.clear()
        try:
            yield
        finally:
            self.streams -= 1
            if not self.streams:
                self.messages.forget()
                self._without_streams.set()

    def in_force(self) -> Feedback:
        """Return the feedback in force."""
        return self.sources.hub.in_force(self.sources.clock_ms())

    def end(self, error: StrategicMemoryError) -> None:
        """Let its streams end with an error, and no more begin."""
        self.ending = error
        self.waker.wake()

    async def ended(self) -> None:
        """Wait until no stream is open."""
        if self.streams:
            await self._without_streams.wait()

    def expect(self, feedback: Feedback) -> None:
        """Make ready the message of a feedback that is about to be said, where there is somebody to hear it."""
        if self.streams:
            self.messages.delivery(feedback, skipped=0)

    def answer(self) -> service_pb2.GetFeedbackResponse:
        """Return the feedback in force."""
        now_ms = self.sources.clock_ms()
        return self.messages.response(self.sources.hub.in_force(now_ms), now_ms)

    def delivery(self, turn: Turn, feedback: Feedback, skipped: int) -> service_pb2.StreamFeedbackResponse:
        """Return the message of a feedback in a turn; `skipped` revisions before it are not sent."""
        if feedback is turn.in_force and not skipped:
            return turn.message
        return self.messages.delivery(feedback, skipped, turn.now_ms)

    def heartbeat(self) -> service_pb2.StreamFeedbackResponse:
        """Return the heartbeat of now."""
        turn = self.turn()
        heartbeat = heartbeat_message(turn.in_force, turn.now_ms)
        return service_pb2.StreamFeedbackResponse(heartbeat=heartbeat, portfolio=self.name)

    async def read_log(self, after_revision: int) -> list[Feedback]:
        """Read the revision of the log that follows one; empty: there is none.

        Raises:
            LogNotReadError: Redis could not be reached or refused.
        """
        try:
            following = await self._pages.next_after(after_revision, self.sources.hub.epoch)
        except (RedisError, OSError) as error:
            self.sources.failed_reads.tell("Feedback log cannot be read for a subscriber", error)
            raise LogNotReadError from error
        return [] if following is None else [following]

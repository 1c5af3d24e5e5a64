"""The three RPCs. What they answer is decided by the hub, the stream cursor and the analysis; this waits and maps."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.errors import DrainingError, LogNotReadError
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_pages import LogPages
from strategic_memory_server.revisions.stream_cursor import Beat, Deliver, ReadLog
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.boundary import CallContext
from strategic_memory_server.rpc.caller import caller_of
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.rpc.streams.fair_turns import FairTurns, Place
from strategic_memory_server.rpc.streams.resume_judgement import open_cursor
from strategic_memory_server.rpc.streams.stream_waker import StreamWaker
from strategic_memory_server.rpc.streams.subscriptions import Subscriptions
from strategic_memory_server.rpc.streams.turn_clock import TurnClock
from strategic_memory_server.rpc.wire.from_wire import stream_order
from strategic_memory_server.rpc.wire.message_cache import MessageCache, no_problems
from strategic_memory_server.rpc.wire.to_wire import heartbeat_message
from strategic_memory_server.rpc.wire.unreceived import Unreceived

# The generated servicer's context is both a synchronous and an asynchronous one; the server passes the latter.

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the RPCs answer from."""

    hub: FeedbackHub
    changed: ChangeSignal
    log: FeedbackLogReader
    clock_ms: Callable[[], int]
    problems: Callable[[], Mapping[str, str]] = no_problems


class StrategicMemoryServicer(service_pb2_grpc.StrategicMemoryServiceServicer):
    """Serves `strategic_memory.v1.StrategicMemoryService`."""

    def __init__(self, sources: Sources, analyst: Analyst, grpc_settings: GrpcSettings) -> None:
        self._subscriptions = Subscriptions(grpc_settings.max_subscribers, grpc_settings.peer_share)
        self._sources = sources
        self._grpc = grpc_settings
        self._analyst = analyst
        self._draining = False
        self._told_s = -math.inf
        self._turn_ms = TurnClock(sources.clock_ms).now_ms
        self._messages = MessageCache(sources.clock_ms, sources.problems)
        self._waker = StreamWaker(sources.hub, sources.changed, sources.clock_ms)
        self._catching_up = FairTurns()
        self._pages = LogPages(sources.log.read_after)

    @property
    def subscribers(self) -> int:
        """Streams of feedback that are open."""
        return self._subscriptions.count

    def expect(self, feedback: Feedback) -> None:
        """Make ready the message of a feedback that is about to be said, where there is somebody to hear it."""
        if self.subscribers:
            self._messages.delivery(feedback, skipped=0)

    def drain(self) -> None:
        """End every stream in a way that its client takes up elsewhere, and admit no more."""
        if self.subscribers and not self._draining:
            self._told_s = time.monotonic()
        self._draining = True
        self._waker.wake()

    async def nobody_comes(self, for_s: float) -> None:
        """Wait until no stream has been told for so many seconds that the server goes away."""
        while True:
            left_s = self._told_s + for_s - time.monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)

    async def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: CallContext
    ) -> service_pb2.GetFeedbackResponse:
        """Answer with the feedback in force, from memory."""
        now_ms = self._sources.clock_ms()
        return self._messages.response(self._sources.hub.in_force(now_ms), now_ms)

    async def StreamFeedback(
        self, request: service_pb2.StreamFeedbackRequest, context: CallContext
    ) -> AsyncIterator[service_pb2.StreamFeedbackResponse]:
        """Send the feedback as it changes, and heartbeats in between."""
        order = stream_order(request, self._grpc.heartbeat_s)
        self._refuse_while_draining()
        with self._subscriptions.admitted(caller_of(context)):
            hub, turn_ms = self._sources.hub, self._turn_ms
            cursor = await open_cursor(hub, self._sources.log, order)
            waiter = self._waker.waiter(order.heartbeat_s)
            place = Place(self._catching_up)
            silent = False
            try:
                while True:
                    waiter.look()
                    self._refuse_while_draining()
                    step = cursor.next(turn_ms())
                    if isinstance(step, ReadLog):
                        step = cursor.take_from_log(await self._read_log(step.after_revision))[0]
                    if isinstance(step, Deliver):
                        # Counted from before it is written: what it says of the validity is as old as that.
                        waiter.put_off()
                        yield self._messages.delivery(step.feedback, step.skipped, turn_ms())
                        if step.feedback.revision < hub.revision:
                            await place.next_turn()
                            continue
                    elif silent or isinstance(step, Beat):
                        waiter.put_off()
                        yield self._heartbeat()
                    place.end_turn()
                    silent = await waiter.wait()
            finally:
                place.end_turn()
                waiter.close()

    async def Analyze(
        self, request: service_pb2.AnalyzeRequest | Unreceived[service_pb2.AnalyzeRequest], context: CallContext
    ) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request."""
        if not isinstance(request, Unreceived):
            raise TypeError("the boundary leaves receiving the request to this method")
        return await self._analyst.answer(request, caller_of(context))

    def _refuse_while_draining(self) -> None:
        if self._draining:
            self._told_s = time.monotonic()
            raise DrainingError

    def _heartbeat(self) -> service_pb2.StreamFeedbackResponse:
        now_ms = self._turn_ms()
        heartbeat = heartbeat_message(self._sources.hub.in_force(now_ms), now_ms)
        return service_pb2.StreamFeedbackResponse(heartbeat=heartbeat)

    async def _read_log(self, after_revision: int) -> list[Feedback]:
        try:
            following = await self._pages.next_after(after_revision, self._sources.hub.epoch)
        except (RedisError, OSError) as error:
            logger.warning("Feedback log cannot be read for a subscriber", error=describe_failure(error))
            raise LogNotReadError from error
        return [] if following is None else [following]

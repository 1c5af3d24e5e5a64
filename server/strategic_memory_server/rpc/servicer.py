"""The three RPCs. What they answer is decided by the hub, the stream cursor and the analysis; this waits and maps."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from redis.exceptions import RedisError

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.errors import (
    DrainingError,
    LogNotReadError,
    MemoryUnreadableError,
    TooManySubscribersError,
)
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.feedback import Feedback
from strategic_memory_server.inputs.inline_memory import read_inline_memory
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.memory import StrategicMemory
from strategic_memory_server.memory_loader import MemoryLoader
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.log_pages import LogPages
from strategic_memory_server.revisions.stream_cursor import Beat, Deliver, ReadLog, StreamCursor
from strategic_memory_server.rpc.fair_turns import FairTurns, Place
from strategic_memory_server.rpc.from_wire import analysis_order, stream_order
from strategic_memory_server.rpc.message_cache import MessageCache
from strategic_memory_server.rpc.stream_waker import StreamWaker
from strategic_memory_server.rpc.to_wire import analysis_message, feedback_message, heartbeat_message
from strategic_memory_server.settings import GrpcSettings, SyncSettings, WindowSettings
from strategic_memory_server.what_if import AnalysisOrder, analyze_memory

ANALYSES_AT_ONCE = 2

# The generated servicer's context is both a synchronous and an asynchronous one; the server passes the latter.
Context = grpc.aio.ServicerContext[Any, Any]

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the RPCs answer from."""

    hub: FeedbackHub
    changed: ChangeSignal
    log: FeedbackLog
    loader: MemoryLoader
    memory_store: MemoryStore
    clock_ms: Callable[[], int]


class StrategicMemoryServicer(service_pb2_grpc.StrategicMemoryServiceServicer):
    """Serves `strategic_memory.v1.StrategicMemoryService`."""

    def __init__(self, sources: Sources, grpc_settings: GrpcSettings, sync_settings: SyncSettings) -> None:
        self.subscribers = 0
        self._sources = sources
        self._grpc = grpc_settings
        self._sync = sync_settings
        self._draining = False
        self._messages = MessageCache()
        self._waker = StreamWaker(sources.hub, sources.changed, sources.clock_ms)
        self._catching_up = FairTurns()
        self._pages = LogPages(sources.log.read_after)
        self._analyses = asyncio.Semaphore(ANALYSES_AT_ONCE)
        # Threads of their own: an analysis whose caller has gone keeps its thread until it ends, and no more start.
        self._threads = ThreadPoolExecutor(ANALYSES_AT_ONCE, thread_name_prefix="analysis")

    def drain(self) -> None:
        """End every stream in a way that its client takes up elsewhere, and admit no more."""
        self._draining = True
        self._waker.wake()

    async def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: Context
    ) -> service_pb2.GetFeedbackResponse:
        """Answer with the feedback in force, from memory."""
        return self._messages.response(self._in_force())

    async def StreamFeedback(
        self, request: service_pb2.StreamFeedbackRequest, context: Context
    ) -> AsyncIterator[service_pb2.StreamFeedbackResponse]:
        """Send the feedback as it changes, and heartbeats in between."""
        order = stream_order(request, self._grpc.heartbeat_s)
        if self._draining:
            raise DrainingError
        if self.subscribers >= self._grpc.max_subscribers:
            raise TooManySubscribersError(self.subscribers)
        hub, clock_ms = self._sources.hub, self._sources.clock_ms
        cursor = StreamCursor(hub, order.delivery, resume_after=order.resume_after, epoch=order.epoch)
        waiter = self._waker.waiter(order.heartbeat_s)
        self.subscribers += 1
        place = Place(self._catching_up)
        silent = False
        try:
            while True:
                waiter.look()
                if self._draining:
                    raise DrainingError
                step = cursor.next(clock_ms())
                if isinstance(step, ReadLog):
                    step = cursor.take_from_log(await self._read_log(step.after_revision))[0]
                if isinstance(step, Deliver):
                    yield self._messages.delivery(step.feedback, step.skipped)
                    waiter.put_off()
                    if step.feedback.revision < hub.revision:
                        await place.next_turn()
                        continue
                elif silent or isinstance(step, Beat):
                    yield self._heartbeat()
                    waiter.put_off()
                place.end_turn()
                silent = await waiter.wait()
        finally:
            place.end_turn()
            waiter.close()
            self.subscribers -= 1

    async def Analyze(self, request: service_pb2.AnalyzeRequest, context: Context) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request."""
        order = analysis_order(request.settings, self._sync)
        in_thread = functools.partial(asyncio.get_running_loop().run_in_executor, self._threads)
        async with self._analyses:
            if request.WhichOneof("memory") == "inline":
                return await in_thread(self._analyze_inline, request, order)
            memory, sums = await self._stored_memory(order.windows)
            return await in_thread(self._analyze, memory, order, sums)

    def _heartbeat(self) -> service_pb2.StreamFeedbackResponse:
        now_ms = self._sources.clock_ms()
        heartbeat = heartbeat_message(self._sources.hub.in_force(now_ms), now_ms)
        return service_pb2.StreamFeedbackResponse(heartbeat=heartbeat)

    def _in_force(self) -> Feedback:
        return self._sources.hub.in_force(self._sources.clock_ms())

    async def _read_log(self, after_revision: int) -> list[Feedback]:
        try:
            following = await self._pages.next_after(after_revision, self._sources.hub.epoch)
        except (RedisError, OSError) as error:
            logger.warning("Feedback log cannot be read for a subscriber", error=describe_failure(error))
            raise LogNotReadError from error
        return [] if following is None else [following]

    async def _stored_memory(self, windows: WindowSettings) -> tuple[StrategicMemory, EvidenceSums]:
        try:
            memory = (await self._sources.loader.another(windows).load()).memory
            return memory, (await self._sources.memory_store.read()).kept.sums
        except (RedisError, OSError) as error:
            logger.warning("Memory cannot be read for an analysis", error=describe_failure(error))
            raise MemoryUnreadableError from error

    def _analyze_inline(self, request: service_pb2.AnalyzeRequest, order: AnalysisOrder) -> service_pb2.AnalyzeResponse:
        return self._analyze(read_inline_memory(request.inline, order.windows), order)

    def _analyze(
        self, memory: StrategicMemory, order: AnalysisOrder, sums: EvidenceSums | None = None
    ) -> service_pb2.AnalyzeResponse:
        found = analyze_memory(memory, order, self._sources.clock_ms(), sums)
        return service_pb2.AnalyzeResponse(
            analysis=analysis_message(found.analysis, memory), feedback=feedback_message(found.feedback)
        )

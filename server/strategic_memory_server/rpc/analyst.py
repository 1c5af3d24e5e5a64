"""What Analyze answers: reads what is to be analysed, and works it out in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from strategic_memory.v1 import service_pb2
from strategic_memory_server.errors import MemoryUnreadableError
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.inputs.inline_memory import read_inline_memory
from strategic_memory_server.inputs.time_span import TimeSpan
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.span_sums import sums_of_span
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory import StrategicMemory
from strategic_memory_server.memory_loader import MemoryLoader
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.rpc.figures_to_wire import add_figures
from strategic_memory_server.rpc.from_wire import analysis_order
from strategic_memory_server.rpc.to_wire import analysis_message, feedback_message
from strategic_memory_server.settings import SyncSettings
from strategic_memory_server.what_if import AnalysisOrder, analyze_memory

ANALYSES_AT_ONCE = 2

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AnalysisSources:
    """What is read for an analysis."""

    loader: MemoryLoader
    memory_store: MemoryStore
    trade_reader: TradeReader
    clock_ms: Callable[[], int]


class Analyst:
    """Answers requests for an analysis, a few at once.

    Args:
        sources: what is read.
        settings: settings of the service, for what a request leaves out.
    """

    def __init__(self, sources: AnalysisSources, settings: SyncSettings) -> None:
        self._sources = sources
        self._settings = settings
        self._places = asyncio.Semaphore(ANALYSES_AT_ONCE)
        # Threads of their own: an analysis whose caller has gone keeps its thread until it ends, and no more start.
        self._threads = ThreadPoolExecutor(ANALYSES_AT_ONCE, thread_name_prefix="analysis")

    async def answer(self, request: service_pb2.AnalyzeRequest) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request.

        Raises:
            InvalidRequestError: something in the request is wrong.
            MemoryUnreadableError: Redis could not be read.
        """
        order = analysis_order(request.settings, self._settings)
        in_thread = functools.partial(asyncio.get_running_loop().run_in_executor, self._threads)
        async with self._places:
            if request.WhichOneof("memory") == "inline":
                return await in_thread(self._analyze_inline, request, order)
            memory, sums = await self._stored_memory(order)
            return await in_thread(self._analyze, memory, order, sums)

    async def _stored_memory(self, order: AnalysisOrder) -> tuple[StrategicMemory, EvidenceSums]:
        span = order.span(self._sources.clock_ms())
        loader = self._sources.loader
        try:
            if span.is_open:
                memory = (await loader.another(order.windows).load()).memory
            else:
                memory = await loader.load_span(order.windows, span)
            return memory, await self._sums(span, order.evidence.decay)
        except (RedisError, OSError) as error:
            logger.warning("Memory cannot be read for an analysis", error=describe_failure(error))
            raise MemoryUnreadableError from error

    async def _sums(self, span: TimeSpan, decay: float) -> EvidenceSums:
        """Give the sums of the long memory, or where those are others than are asked for, of the trade stream."""
        if span.is_open and decay == self._settings.evidence.decay:
            return (await self._sources.memory_store.read()).kept.sums
        return await sums_of_span(self._sources.trade_reader, span, decay, self._settings.trade_id_horizon)

    def _analyze_inline(self, request: service_pb2.AnalyzeRequest, order: AnalysisOrder) -> service_pb2.AnalyzeResponse:
        span = order.span(self._sources.clock_ms())
        return self._analyze(read_inline_memory(request.inline, order.windows, span), order)

    def _analyze(
        self, memory: StrategicMemory, order: AnalysisOrder, sums: EvidenceSums | None = None
    ) -> service_pb2.AnalyzeResponse:
        now_ms = self._sources.clock_ms() if order.as_of_ms is None else order.as_of_ms
        found = analyze_memory(memory, order, now_ms, sums)
        analysis = analysis_message(found.analysis, memory)
        add_figures(analysis, found.deep)
        return service_pb2.AnalyzeResponse(analysis=analysis, feedback=feedback_message(found.feedback))

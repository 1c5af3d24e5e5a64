"""What Analyze answers about one memory: reads what is to be analysed, and works it out in a thread of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from redis.exceptions import RedisError, ResponseError

from strategic_memory.v1 import service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.evidence.exploration import Exploration
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.errors import InvalidRequestError, MemoryUnreadableError, Violation
from strategic_memory_server.inputs.memory_apart import with_regimes_apart
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.group_memory import GroupMemory
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.span_sums import sums_of_span
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.failed_reads import FailedReads
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory
from strategic_memory_server.rpc.wire.figures_to_wire import add_figures
from strategic_memory_server.rpc.wire.from_wire import analysis_order
from strategic_memory_server.rpc.wire.past_advice_to_wire import add_past_advice
from strategic_memory_server.rpc.wire.to_wire import analysis_message, feedback_message
from strategic_memory_server.rpc.wire.unparsed import Unparsed
from strategic_memory_server.waiting.checkpoint import Checkpoint
from strategic_memory_server.what_if.past_advice.log_reader import (
    Decode,
    PastRevisions,
    RevisionOrder,
    RevisionPage,
    read_past_revisions,
)
from strategic_memory_server.what_if.what_if import AnalysisOrder, analyze_memory, sums_of_trades


@dataclass(frozen=True, slots=True)
class AnalysisSources:
    """What is read for an analysis.

    And the caps on leverage in force, for where an input of theirs cannot be read, the advice in force, from which risk
    is added or not, the other portfolios of a group, and who is told where Redis cannot be read.
    """

    loader: MemoryLoader
    memory_store: MemoryStore
    trade_reader: TradeReader
    log: FeedbackLogReader
    clock_ms: Callable[[], int]
    leverage_caps: Callable[[], LeverageCaps] = lambda: NO_CAPS
    in_force: Callable[[], Advice | None] = lambda: None
    group: GroupMemory | None = None
    failed_reads: FailedReads = field(default_factory=FailedReads)


class Analyst:
    """Answers requests for an analysis of one memory.

    Args:
        sources: what is read.
        settings: upon what the service advises, for what a request leaves out.
        threads: where it is worked out.
    """

    def __init__(self, sources: AnalysisSources, settings: AdviceSettings, threads: AnalysisThreads) -> None:
        self._sources = sources
        self._settings = settings
        self._threads = threads

    async def of_stored_memory(self, request: service_pb2.AnalyzeRequest) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory on behalf of this service itself; errors as for `analyze_stored`."""
        async with self._threads.place(0):
            return await self.analyze_stored(request)

    async def analyze_stored(self, request: service_pb2.AnalyzeRequest) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory; whoever asks holds a place for it.

        Raises:
            InvalidRequestError: something in the request is wrong.
            MemoryUnreadableError: Redis could not be read.
        """
        order = analysis_order(request.settings, self._settings)
        memory, sums, exploration = await self._stored_memory(order)
        # What the service is trying, and from whom it borrows, belongs to the evidence as the service weighs it.
        lends = self._sources.group if exploration is not None else None
        group = await lends.read() if lends else None
        past = await self._past_revisions(memory, order)
        # Of another time nothing is said now.
        in_force = self._sources.in_force() if order.is_of_now else None
        answer = await self._threads.run(
            lambda stop: self._analyze(memory, order, stop, sums, exploration, in_force, group)
        )
        if past is not None:
            await self._threads.run(lambda stop: add_past_advice(answer.analysis, past, memory, stop))
        return answer

    async def _stored_memory(self, order: AnalysisOrder) -> tuple[StrategicMemory, EvidenceSums, Exploration | None]:
        span, evidence = order.span(self._sources.clock_ms()), order.advice.evidence
        loader = self._sources.loader.another(order.advice.windows, self._sources.leverage_caps())
        try:
            store = self._sources.memory_store
            has_blocks = store.change or not evidence.change
            if span.is_open and evidence.decay == self._settings.evidence.decay and has_blocks:
                memory = (await loader.load()).memory
                sums, exploration = await store.look()
                return memory, sums, exploration if evidence == self._settings.evidence else None
            # The long memory sums others than are asked for.
            reading = await loader.load_span(order.advice.windows, span)
            _require_times(span, reading.untimed)
            return (
                reading.memory,
                await sums_of_span(
                    self._sources.trade_reader,
                    span,
                    evidence.decay,
                    self._settings.trade_id_horizon,
                    order.advice.max_regimes,
                    reading.trades,
                    change=evidence.change,
                ),
                None,
            )
        except (RedisError, OSError) as error:
            self._sources.failed_reads.tell("Memory cannot be read for an analysis", error)
            raise MemoryUnreadableError from error

    async def _past_revisions(self, memory: StrategicMemory, order: AnalysisOrder) -> PastRevisions | None:
        """Read what was said about the trades; None where that was not asked for, or Redis refuses to read it."""
        if not order.past_revisions:
            return None
        if not memory.trades.opened_ms.size:
            return PastRevisions((), 0)
        first_trade_ms = int(memory.trades.opened_ms.min())
        wanted = RevisionOrder(order.past_revisions, first_trade_ms, order.as_of_ms)

        def in_thread(decode: Decode, entries: StreamEntries) -> Awaitable[RevisionPage]:
            return self._threads.run(lambda _: decode(entries))

        try:
            return await read_past_revisions(self._sources.log, wanted, in_thread)
        except ResponseError as error:
            # Another type, or not permitted: what is asked for first does not depend on it.
            self._sources.failed_reads.tell("Feedback log cannot be read for an analysis", error)
            return None
        except (RedisError, OSError) as error:
            self._sources.failed_reads.tell("Feedback log cannot be read for an analysis", error)
            raise MemoryUnreadableError from error

    def analyze_inline(
        self, request: Unparsed[service_pb2.AnalyzeRequest], checkpoint: Checkpoint
    ) -> service_pb2.AnalyzeResponse:
        """Analyse the observations in a request, in a thread. Raises InvalidRequestError."""
        checkpoint()
        message = request.parse_and_forget()
        order = analysis_order(message.settings, self._settings)
        now_ms = self._sources.clock_ms()
        read = read_inline_memory(message.inline, order.advice.windows, order.span(now_ms), checkpoint, now_ms)
        # What it holds has been copied, and can be as much again as everything that follows takes.
        del message
        sums = sums_of_trades(
            read.trades, read.memory.regime_names, order.advice.evidence, order.advice.max_regimes, checkpoint
        )
        memory = with_regimes_apart(read.memory, order.advice.max_regimes, checkpoint)
        del read
        return self._analyze(memory, order, checkpoint, sums)

    def _analyze(
        self,
        memory: StrategicMemory,
        order: AnalysisOrder,
        checkpoint: Checkpoint,
        sums: EvidenceSums,
        exploration: Exploration | None = None,
        in_force: Advice | None = None,
        group: Group | None = None,
    ) -> service_pb2.AnalyzeResponse:
        now_ms = self._sources.clock_ms() if order.as_of_ms is None else order.as_of_ms
        found = analyze_memory(memory, order, now_ms, sums, exploration, in_force, group, checkpoint)
        checkpoint()
        analysis = analysis_message(found.analysis, memory)
        checkpoint()
        add_figures(analysis, found.deep)
        return service_pb2.AnalyzeResponse(analysis=analysis, feedback=feedback_message(found.feedback))


def _require_times(span: TimeSpan, untimed: Mapping[str, str]) -> None:
    """Refuse to tell by when entries were written whose ids do not say it: later ones would be looked at."""
    if untimed:
        ids = " and ".join(f"{source} (such as {entry_id})" for source, entry_id in untimed.items())
        why = f"needs times, and the ids of {ids} are none: let Redis give the ids, or count milliseconds since 1970"
        bounds = {"settings.as_of": span.last_ms, "settings.max_age": span.first_ms}
        raise InvalidRequestError(*(Violation(name, why) for name, bound in bounds.items() if bound is not None))

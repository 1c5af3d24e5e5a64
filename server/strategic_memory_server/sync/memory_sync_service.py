"""StrategicMemorySync: the loop that reads the memory, works out the advice and publishes it.

Of all servers on one Redis, the one that leads publishes. The others read the memory at the interval all the same, so
that whoever takes over has it at hand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.advice.intervention import ENDS_EARLY_MS
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.faults.told_failures import ToldFailures
from strategic_memory_server.inputs.cap_problems import report_caps, unreadable_sources
from strategic_memory_server.inputs.input_problems import InputProblems
from strategic_memory_server.inputs.loaded_memory import LoadedMemory
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.inputs.rejection_log import RejectionLog
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.long_memory.long_memory import Gathered
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_connection import describe_failure, way_back
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_publisher import LogContestedError
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.write_arguments import DeposedError, MemoryMovedError
from strategic_memory_server.sync.completion_log import log_completion
from strategic_memory_server.sync.joint_reading import JointReading
from strategic_memory_server.sync.publishing import Known, Publishing
from strategic_memory_server.sync.regimes_problem import TOO_MANY_REGIMES, report_regimes
from strategic_memory_server.sync.sync_pace import SyncPace, loop_s
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.sync.sync_status import SyncStatus
from strategic_memory_server.tracing.tracing import NO_CYCLE, Cycle

STANDBY = "standby"
"""Outcome of a cycle of a server that does not lead."""

FIRST_ANSWER_S = 1.0
"""Longest wait for the first answer about the lease, seconds: who leads need not read the memory as a standby first."""

logger = structlog.get_logger(__name__)


class StrategicMemorySync:
    """Runs the cycle at an interval; one cycle never overlaps another.

    Args:
        parts: what to run.
        settings: when, and upon what to advise.
        observe: is told the status after every cycle.
        clock_ms: the time now in milliseconds since 1970-01-01 UTC.
    """

    def __init__(
        self,
        parts: SyncParts,
        settings: SyncSettings,
        observe: Callable[[SyncStatus], None] = lambda status: None,
        clock_ms: Callable[[], int] = unix_time_ms,
    ) -> None:
        self.status = SyncStatus()
        self.rejections = RejectionLedger()
        self._rejection_log = RejectionLog()
        self._parts = parts
        self._settings = settings
        self._observe = observe
        self._clock_ms = clock_ms
        self._reading = JointReading(parts.loader, parts.interventions, parts.long_memory, parts.ask)
        self._pace = SyncPace(
            self._reading, parts.watcher, parts.interventions, parts.leadership, settings, parts.looks_s
        )
        self._read_up_to: Mapping[str, str] = {}
        self._claim: Claim | None = None
        self._is_left = False
        self._publishing = Publishing(parts, settings)
        self._loaded: StrategicMemory | None = None
        self._advised_upon: tuple[Gathered, int] | None = None
        self._group: Group | None = None
        self._input_problems = InputProblems(parts.problems, settings.advice.minimum_samples)
        self._told = ToldFailures()

    def stop(self) -> None:
        """End `run` after the cycle in hand."""
        self._pace.stop()

    def look_at_caps(self) -> None:
        """Look at the caps on leverage now rather than at the pace: they have changed."""
        self._pace.look()

    async def run(self) -> None:
        """Sync now and then at the interval, until stopped. A failed cycle is retried sooner, with growing waits."""
        arrived: Mapping[str, Page] | None = None
        if self._parts.leadership.claim is None:
            await self._parts.leadership.wait_for_answer(FIRST_ANSWER_S)
        while not self._pace.stopping.is_set():
            started_s = loop_s()
            status = await self.cycle(arrived)
            arrived = None
            if status.failure is not None:
                await self._pace.after_failure()
            elif status.outcome == STANDBY and not status.catching_up:
                await self._pace.until_leading(is_left=self._is_left)
            elif status.catching_up:
                # The long memory catches up page by page, windows in a flood likewise; advice is given in between.
                await self._pace.in_between(started_s)
            else:
                ends_in_s = self._parts.interventions.ends_in_s()
                heads = {**self._parts.publisher.heads, **self._parts.interventions.heads}
                arrived = await self._pace.until_due(started_s, self._read_up_to, heads, ends_in_s)

    async def cycle(self, arrived: Mapping[str, Page] | None = None) -> SyncStatus:
        """Run one cycle: publish where this server leads. Whatever goes wrong is logged and kept in the status.

        Args:
            arrived: entries that came after what was read last, by source: where there are none, nothing new is
                expected. None: nothing is known.
        """
        claim = self._parts.leadership.claim
        with self._parts.tracing.cycle(self._parts.portfolio) if claim else NO_CYCLE as trace:
            return await self._cycle(claim, arrived, trace)

    async def _cycle(self, claim: Claim | None, arrived: Mapping[str, Page] | None, trace: Cycle) -> SyncStatus:
        started = time.perf_counter()
        try:
            status = await (self._sync(claim, arrived, trace) if claim else self._stand_by())
        except DeposedError:
            self._is_left = False
            self._parts.long_memory.forget()
            self._parts.leadership.deposed(claim)
            claim, status = None, self._standing_by()
        except (RedisError, OSError, LogContestedError, MalformedFeedbackError, MemoryMovedError) as error:
            self._parts.long_memory.forget()
            self._parts.leadership.refused(error)
            self._failed(describe_failure(error), way_back(error))
            status = self.status
        except Exception as error:
            # A fault of the program: keep serving what is known, and say so loudly. The advice turns stale by itself.
            self._parts.long_memory.forget()
            if self._failed(f"fault of the program: {type(error).__name__}"):
                logger.exception("Memory sync failed by a fault of the program")
            status = self.status
        trace.finished(status.outcome, status.failure)
        elapsed_s = time.perf_counter() - started
        # A cap that cannot be written down acts all the same.
        self._parts.heed_caps(claim is not None and status.failure is not None)
        # Subscribers come before the books: this server's own streams have been woken by what was published.
        await asyncio.sleep(0)
        if self._loaded is not None:
            self._input_problems.look(self._loaded, unreadable_sources(self._parts.loader.caps))
            await self._show_shadow(claim, self._loaded, status)
            self._loaded = None
        if status.failure is None:
            self._completed(status, elapsed_s, led=claim is not None)
        self._observe(self.status)
        return self.status

    async def _stand_by(self) -> SyncStatus:
        """Read the memory and leave it at that."""
        self._parts.long_memory.forget()
        # Where nobody leads, as while Redis is away, nobody else would tell it.
        self._is_left = self._parts.leadership.another_leads
        if self._is_left:
            self._leave_to_the_leader()
        await self._learn_caps()
        loaded = await self._load(ahead=await self._reading.read_ahead())
        return replace(self._standing_by(), sources=loaded.memory.sources, catching_up=loaded.is_behind)

    def _leave_to_the_leader(self) -> None:
        """Tell no more of what this server looks at while it leads: nobody here would see that it is gone."""
        parts = self._parts
        parts.long_memory.stand_by()
        parts.problems.withdraw(TOO_MANY_REGIMES)
        parts.publisher.stand_by()
        if parts.group is not None:
            parts.group.stand_by()
        if parts.shadow is not None:
            parts.shadow.stand_by()

    def _standing_by(self) -> SyncStatus:
        why = self._parts.leadership.standby_reason
        return replace(self.status, failures=0, failure=None, outcome=STANDBY, explanation=why)

    async def _load(self, arrived: Mapping[str, Page] | None = None, ahead: AskedAhead | None = None) -> LoadedMemory:
        loaded = await self._parts.loader.load(arrived=arrived, ahead=ahead)
        self._read_up_to, self._loaded = loaded.read_up_to, loaded.memory
        self._rejection_log.write(self.rejections.record(loaded.rejected), loop_s())
        report_caps(self._parts.problems, self._parts.loader.caps)
        return loaded

    async def _learn_caps(self) -> None:
        """Take over the caps that another server has read: their keys may not be readable now."""
        self._parts.loader.caps.learn(await self._parts.publisher.known_caps())

    async def _take_over(self) -> None:
        """Begin under another claim: another server may have led in between, or Redis may be another process."""
        parts = self._parts
        parts.long_memory.forget()
        await self._learn_caps()
        parts.interventions.learn(await parts.publisher.known_intervention())
        parts.interventions.expire()

    async def _guard(self, claim: Claim, gathered: Gathered, now_ms: int) -> GuardState | None:
        """Return how the drawdown guard stands once it knows the trades that are new; None: it is off."""
        if not self._settings.advice.leverage_guard:
            return None
        return (await self._parts.publisher.guard(claim)).after(gathered.counted, now_ms)

    async def _lent(self, gathered: Gathered) -> Group | None:
        """Return what other portfolios of a group remember; None: this one stands alone."""
        self._group = await self._parts.group.read() if self._parts.group else None
        if self._group is not None and self._group.others:
            # With many others it takes tens of milliseconds, which streams are not to wait for.
            await asyncio.to_thread(self._parts.evidence.believe, gathered.kept.sums, self._group)
        return self._group

    async def _sync(self, claim: Claim, arrived: Mapping[str, Page] | None, trace: Cycle) -> SyncStatus:
        """Load, analyze, recommend, publish."""
        parts, ahead, self._advised_upon = self._parts, self._pace.ahead if arrived else None, None
        if claim != self._claim:
            await self._take_over()
            self._claim, ahead = claim, None
        if arrived is not None and not any(arrived.values()):
            ahead = await self._reading.read_ahead()
        said = await parts.interventions.fresh()
        loaded = await self._load(arrived, ahead)
        trace.found(parts.loader.newest)
        trace.begins("analyse")
        analysis = parts.analyzer.analyze(loaded.memory)
        recommended = parts.feedback.recommend(analysis)
        trace.begins("evidence")
        gathered = await parts.long_memory.gather(loaded.read_up_to.get(input_keys.TRADE_RESULTS), loaded.new_trades)
        now_ms = self._clock_ms()
        self._advised_upon = gathered, now_ms
        report_regimes(parts.problems, loaded.memory, gathered.kept.sums, self._settings.advice.max_regimes)
        status = replace(
            self.status,
            failures=0,
            failure=None,
            trades_remembered=gathered.kept.sums.observations,
            catching_up=loaded.is_behind or not gathered.is_complete,
            samples=analysis.sample_count,
            sources=loaded.memory.sources,
        )
        guard = await self._guard(claim, gathered, now_ms)
        intervention = said.at(now_ms + ENDS_EARLY_MS)
        known = Known(claim, now_ms, loaded.memory, analysis, gathered, intervention, guard, await self._lent(gathered))
        return await self._publishing.say(recommended, known, status, trace)

    async def _show_shadow(self, claim: Claim | None, loaded: StrategicMemory, status: SyncStatus) -> None:
        """Let the shadow advise upon what was read, once what the advice is has been said."""
        shadow, upon = self._parts.shadow, self._advised_upon
        if shadow is None or claim is None or upon is None:
            return
        if status.failure is not None:
            shadow.miss(upon[0])
            return
        if self._group is not None and self._group.others:
            await asyncio.to_thread(shadow.believe, upon[0].kept.sums, self._group)
        shadow.look(claim, loaded, *upon, self._group)

    def _completed(self, status: SyncStatus, elapsed_s: float, *, led: bool) -> None:
        self._pace.retries.reset()
        self._told.are_over()
        self.status = replace(status, elapsed_s=elapsed_s, completed_at_ms=self._clock_ms())
        if led:
            self.status = replace(self.status, iteration=status.iteration + 1)
            log_completion(self.status)

    def _failed(self, failure: str, what_to_do: str | None = None) -> bool:
        """Take note of a failure; tell whether it is news."""
        failures = self.status.failures + 1
        if is_news := self._told.is_news(failure):
            more = {} if what_to_do is None else {"what_to_do": what_to_do}
            logger.warning("Memory sync failed; retrying", error=failure, failures=failures, **more)
        self.status = replace(self.status, failures=failures, failure=failure)
        return is_news

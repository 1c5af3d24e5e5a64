"""The sync loop on a real Redis, with a clock that the test sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import redis
import redis.asyncio
from advice import NOW_MS
from claimed import HOLDER, lease_of, long_memory_of
from patient_redis import patient
from processes import aeventually
from set_clocks import MillisecondsClock

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.advice.settings_by_variable import settings_by_variable
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_watcher import LONGEST_BLOCK_S, InputWatcher
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.interventions import Interventions
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.shadow_publisher import ShadowPublisher
from strategic_memory_server.sync.memory_sync_service import STANDBY, StrategicMemorySync
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.sync.sync_pace import CAPS_S
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.sync.sync_status import SyncStatus

SETTINGS = SyncSettings(interval_s=600.0, validity_s=1_800.0)


class Syncing:
    """A sync loop with its clock, and every status that it has told."""

    def __init__(
        self,
        commands: redis.asyncio.Redis,
        blocking: redis.asyncio.Redis,
        leadership: Leadership,
        settings: SyncSettings,
        shadow: AdviceSettings | None = None,
        looks_s: float = CAPS_S,
    ) -> None:
        advice = settings.advice
        self.leadership = leadership
        self.clock = MillisecondsClock(NOW_MS)
        self.told: list[SyncStatus] = []
        self.problems = Problems()
        self.shadow = None if shadow is None else self._shadow(commands, shadow, settings)
        loader = MemoryLoader(commands, "quantum", advice.windows, max_regimes=advice.max_regimes)
        self.sync = StrategicMemorySync(
            SyncParts(
                loader=loader,
                watcher=InputWatcher(blocking, "quantum", ask=loader.ask_behind),
                analyzer=PatternAnalyzer(),
                feedback=ReinforcementFeedback(),
                publisher=FeedbackPublisher(
                    FeedbackLog(commands, "quantum", retained_revisions=100), is_guarded=advice.leverage_guard
                ),
                leadership=leadership,
                long_memory=long_memory_of(commands, max_regimes=advice.max_regimes, problems=self.problems),
                evidence=EvidenceFeedback(advice.evidence),
                ask=partial(round_trip, commands),
                interventions=Interventions(commands, "quantum", self.problems, self.clock),
                problems=self.problems,
                shadow=self.shadow,
                looks_s=lambda: looks_s,
            ),
            settings,
            observe=self.told.append,
            clock_ms=self.clock,
        )

    def _shadow(self, commands: redis.asyncio.Redis, advice: AdviceSettings, settings: SyncSettings) -> Shadow:
        publisher = ShadowPublisher(
            commands, "quantum", 100, settings_by_variable(advice), is_guarded=advice.leverage_guard
        )
        return Shadow(advice, publisher, round(settings.validity_s * 1000), self.problems)

    def has_told_more_than(self, count: int) -> bool:
        """Whether there were more cycles than that."""
        return len(self.told) > count

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the loop until the context is left."""
        task = asyncio.create_task(self.sync.run())
        try:
            yield
        finally:
            self.sync.stop()
            async with asyncio.timeout(30):
                await task


@asynccontextmanager
async def syncing_with(
    url: str,
    settings: SyncSettings = SETTINGS,
    holder: str = HOLDER,
    shadow: AdviceSettings | None = None,
    looks_s: float = CAPS_S,
) -> AsyncIterator[Syncing]:
    redis_settings = patient(url)
    async with (
        connect(redis_settings) as commands,
        connect(redis_settings, longest_block_s=LONGEST_BLOCK_S) as blocking,
    ):
        leadership = Leadership(lease_of(commands, holder))
        tasks = [asyncio.create_task(leadership.run())]
        try:
            # It leads then, or stands by.
            await aeventually(lambda: leadership.leader, what="the lease has been asked for")
            syncing = Syncing(commands, blocking, leadership, settings, shadow, looks_s)
            if syncing.shadow is not None:
                tasks.append(asyncio.create_task(syncing.shadow.run()))
            yield syncing
        finally:
            for task in tasks:
                task.cancel()


async def cycled(syncing: Syncing, after_s: float = 0.0) -> str:
    """Play a cycle, so long after the last one, that has to succeed as the leader's; its outcome."""
    syncing.clock.now_ms += round(after_s * 1000)
    status = await syncing.sync.cycle()
    assert (status.failure, status.outcome == STANDBY) == (None, False)
    return status.outcome

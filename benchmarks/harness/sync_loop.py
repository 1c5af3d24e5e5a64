"""The service's sync cycle in this process, run one at a time: wired as the service wires it, without its loop."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_watcher import LONGEST_BLOCK_S, InputWatcher
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.interventions import Interventions
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.lease import Lease
from strategic_memory_server.revisions.log_settings import LogSettings
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.sync.sync_settings import SyncSettings

_LEASE_MS = 86_400_000


class CycleFailedError(RuntimeError):
    """A cycle failed, or did something else than it was to be measured at."""


@asynccontextmanager
async def open_sync(redis: RedisSettings, settings: SyncSettings) -> AsyncIterator[StrategicMemorySync]:
    """Open everything that a cycle needs; `run` is not started."""
    advice = settings.advice
    async with (
        connect(redis) as commands,
        connect(redis, longest_block_s=LONGEST_BLOCK_S) as watching,
    ):
        log = FeedbackLog(commands, redis.key_prefix, LogSettings().retained_revisions)
        leadership = Leadership(Lease(commands, redis.key_prefix, "benchmark", _LEASE_MS))
        await leadership.ask()
        try:
            yield StrategicMemorySync(
                SyncParts(
                    loader=MemoryLoader(commands, redis.key_prefix, advice.windows),
                    watcher=InputWatcher(watching, redis.key_prefix),
                    analyzer=PatternAnalyzer(advice.minimum_policy_trades),
                    feedback=ReinforcementFeedback(advice.minimum_samples),
                    publisher=FeedbackPublisher(log),
                    leadership=leadership,
                    long_memory=LongMemory(
                        MemoryStore(commands, redis.key_prefix, advice.evidence.decay, advice.trade_id_horizon),
                        TradeReader(commands, redis.key_prefix),
                    ),
                    evidence=EvidenceFeedback(advice.evidence),
                    ask=partial(round_trip, commands),
                    interventions=Interventions(commands, redis.key_prefix, Problems(), unix_time_ms),
                ),
                settings,
            )
        finally:
            await leadership.release()


async def timed_cycle(sync: StrategicMemorySync, outcome: str) -> float:
    """Run one cycle; seconds that it took.

    Raises:
        CycleFailedError: its outcome was not the expected one ("published" or "confirmed").
    """
    started = time.perf_counter()
    status = await sync.cycle()
    elapsed = time.perf_counter() - started
    if status.failure or status.outcome != outcome:
        raise CycleFailedError(f"the cycle was to be {outcome}, but: {status.failure or status.outcome}")
    return elapsed


@contextmanager
def logging_to_nowhere() -> Iterator[None]:
    """Let the service log as it does, line by line, into the void."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        set_up_logging("INFO", "json")
        yield

"""LapseWatch: puts the safe values into the feedback key once the validity of the newest feedback has passed.

Readers of the key may not look at `valid_until`; what they find must be safe to act upon all the same.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog

LOOK_S = 0.5
"""Shortest time between two looks at the feedback in force, seconds."""

logger = structlog.get_logger(__name__)

Lapse = tuple[str, int, int | None, LeverageCaps]


class LapseWatch:
    """Watches a hub and writes to the key of a log.

    Args:
        log: the log whose key to write.
        hub: what is in force.
        clock_ms: the time now in milliseconds since 1970-01-01 UTC.
        longest_look_s: longest time between two looks while the validity lasts longer than that, seconds.
        changed: tells of changes of the hub, after which the validity may end sooner.
    """

    def __init__(
        self,
        log: FeedbackLog,
        hub: FeedbackHub,
        clock_ms: Callable[[], int],
        longest_look_s: float = LOOK_S,
        changed: ChangeSignal | None = None,
    ) -> None:
        self._longest_look_s = longest_look_s
        self._looks_at_s = math.inf
        self._is_due: asyncio.Future[None] | None = None
        if changed is not None:
            changed.listen(self._look_sooner)
        self._log = log
        self._hub = hub
        self._clock_ms = clock_ms
        self._settled: Lapse | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            loop = asyncio.get_running_loop()
            self._looks_at_s = loop.time() + self._look_in_s()
            self._is_due = loop.create_future()
            timer = loop.call_at(self._looks_at_s, self._look_now)
            try:
                await self._is_due
            finally:
                timer.cancel()

    def _look_in_s(self) -> float:
        now_ms = self._clock_ms()
        lasts_ms = self._hub.valid_for_ms(now_ms)
        lasts_s = math.inf if lasts_ms is None else lasts_ms / 1000
        if lasts_s < 0 and self._settled == _lapse_of(self._hub.in_force(now_ms)):
            return self._longest_look_s
        return min(max(lasts_s, LOOK_S), self._longest_look_s)

    def _look_sooner(self) -> None:
        """Look when the validity ends, where that is sooner than it was."""
        if asyncio.get_running_loop().time() + self._look_in_s() < self._looks_at_s:
            self._look_now()

    def _look_now(self) -> None:
        if self._is_due is not None and not self._is_due.done():
            self._is_due.set_result(None)

    async def look(self) -> None:
        """Write the safe values if the validity has passed and that has not been settled. Nothing is raised."""
        now_ms = self._clock_ms()
        now = self._hub.in_force(now_ms)
        lapse = _lapse_of(now)
        if now.status is not FeedbackStatus.STALE or lapse == self._settled:
            return
        try:
            written = await self._log.lapse(now, now_ms)
        except (RedisError, OSError) as error:
            # Redis is away or refuses: the sync and the tail report that, and the key is looked at again.
            logger.debug("Safe values not written to the feedback key", error=describe_failure(error))
        else:
            if written and (self._settled is None or self._settled[:-1] != lapse[:-1]):
                logger.warning("Feedback has turned stale", revision=now.revision, epoch=now.epoch)
            self._settled = self._settled if written is None else lapse


def _lapse_of(feedback: Feedback) -> Lapse:
    """Tell which lapse it is; under another cap on leverage the key is to be written again."""
    return feedback.epoch, feedback.revision, feedback.times.valid_until_ms, feedback.advice.leverage_caps

"""Requests of a publisher that arrive when it has long made others, under a claim that still holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher, claim_on

from strategic_memory_server.advice.feedback import Feedback, Times
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState

KEYS = LogKeys.under("quantum")
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)
LATER = Times(NOW_MS + 5, NOW_MS + 5, NOW_MS + 180_005)


class DisturbedLog(FeedbackLog):
    """Something is carried out right after the next look at where the log stands."""

    disturb: Callable[[LogState], Awaitable[object]] | None = None

    async def snapshot(self, recent: int) -> LogSnapshot:
        found = await super().snapshot(recent)
        disturb, self.disturb = self.disturb, None
        if disturb and found.state:
            await disturb(found.state)
        return found


async def test_a_withdrawal_holds_though_a_confirmation_came_late(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    log = DisturbedLog(async_client, "quantum", retained_revisions=100)
    publisher = ClaimedPublisher(ClaimedLog(async_client, log=log))
    said = (await publisher.publish(advice("a"), TIMES, NOW_MS)).feedback

    async def confirm(state: LogState) -> None:
        late = Feedback(said.advice, said.status, revision=said.revision, epoch=said.epoch, times=LATER)
        assert await log.confirm(await claim_on(async_client), late, state)

    log.disturb = confirm
    await publisher.withdraw(NOW_MS + 10)
    state = await log.read_state()
    assert state is not None
    assert (state.withdrawn, state.revision, state.times.computed_at_ms) == (True, said.revision, NOW_MS + 5)
    assert not redis_client.exists(KEYS.feedback)

"""Another program has used the highest id of the pulse, which takes nothing more: it is begun anew, and followed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice, feedback
from claimed import KEYS, ClaimedLog, ClaimedPublisher, claim_on
from server.revisions.followed_log import following

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.columns.stream_position import LAST_ID
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_state import LogState

FIRST = LogState("e1", 1, 1, feedback(1).times)
CAPS = (LeverageCap("risk:leverage_limits", 0.5, NOW_MS),)

WRITES: dict[str, Callable[[FeedbackLog, Claim], Awaitable[object]]] = {
    "open": lambda log, claim: log.open(claim, "e9", leaving="e1"),
    "publish": lambda log, claim: log.publish(claim, feedback(2), FIRST),
    "confirm": lambda log, claim: log.confirm(claim, feedback(1), FIRST),
    "withdraw": lambda log, claim: log.withdraw(claim, feedback(1), FIRST),
    "remember": lambda log, claim: log.remember(claim, CAPS, FIRST),
}


def exhaust(client: redis.Redis) -> None:
    client.xadd(KEYS.pulse, {"anything": "else"}, id=LAST_ID)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_what_is_written_is_told_by_the_pulse(
    write: Callable[[FeedbackLog, Claim], Awaitable[object]],
    async_client: redis.asyncio.Redis,
    redis_client: redis.Redis,
) -> None:
    log, claim = FeedbackLog(async_client, "quantum", retained_revisions=100), await claim_on(async_client)
    await log.open(claim, "e1")
    assert await log.publish(claim, feedback(1), expected=LogState("e1", 0))
    exhaust(redis_client)
    await write(log, claim)
    pulses: Any = redis_client.xrange(KEYS.pulse)
    ((entry_id, fields),) = pulses
    assert entry_id != LAST_ID
    assert [fields[b"epoch"], fields[b"revision"]] == redis_client.hmget(KEYS.state, "epoch", "revision")


async def test_whoever_follows_hears_what_is_confirmed(
    redis_server: EmbeddedRedis, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    publisher = ClaimedPublisher(ClaimedLog(async_client))
    said = await publisher.publish(advice("a"), Times(NOW_MS, NOW_MS, NOW_MS + 180_000), NOW_MS)
    exhaust(redis_client)
    async with following(redis_server.url) as follower:
        await follower.hears(said.feedback)
        for longer_ms in (200_000, 220_000):
            times = Times(NOW_MS, NOW_MS, NOW_MS + longer_ms)
            await publisher.publish(advice("a"), times, NOW_MS)
            await follower.hears(replace(said.feedback, times=times))

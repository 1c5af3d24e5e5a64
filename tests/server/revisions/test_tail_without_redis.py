"""FeedbackTail while Redis is away, starts again, or can be looked at and not followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import redis
import redis.asyncio
import structlog
import structlog.testing
from patient_redis import patient
from processes import aeventually
from server.revisions.followed_log import Follower, following

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_tail import FeedbackTail
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")


async def test_redis_killed_and_restarted(fresh_redis: EmbeddedRedis) -> None:
    async with following(fresh_redis.url) as follower:
        said = (await follower.say("a")).feedback
        await follower.hears(said)
        await asyncio.to_thread(fresh_redis.kill)
        await aeventually(lambda: follower.tail.failure)
        assert follower.in_force == said, "what is known is served"
        await asyncio.to_thread(fresh_redis.start)

        async def published() -> bool:
            try:
                await follower.say("b")
            except redis.exceptions.ConnectionError:
                return False
            return True

        attempt: Callable[[], Awaitable[bool]] = published
        await aeventually(attempt)
        await aeventually(lambda: follower.hub.revision == 2)
        assert follower.hub.epoch == said.epoch
        # It is over once the log has been followed again, not with the first look at it.
        await aeventually(lambda: follower.tail.failure is None)


async def test_it_waits_for_a_redis_that_comes_later(fresh_redis: EmbeddedRedis) -> None:
    await asyncio.to_thread(fresh_redis.stop)
    async with following(fresh_redis.url) as follower:
        await aeventually(lambda: follower.tail.failure)
        assert not follower.hub.was_read
        await asyncio.to_thread(fresh_redis.start)
        await aeventually(lambda: follower.hub.was_read)
        await follower.hears((await follower.say("a")).feedback)
        assert follower.tail.failure is None


async def test_a_log_that_another_redis_process_wrote_is_not_served_by_who_never_read_it(
    follower: Follower, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Redis may have come back without what was said last; a server that starts now cannot tell."""
    await follower.say("a")
    newcomer = FeedbackHub("1.0.0", 10)
    redis_client.hset(KEYS.state, "run_id", "0" * 40)
    tail = FeedbackTail(follower.tail._log, async_client, newcomer, ChangeSignal(), 10)
    task = asyncio.create_task(tail.run())
    try:
        await aeventually(lambda: tail.failure)
        assert "vouched" in str(tail.failure)
        assert not newcomer.was_read
        await follower.say("a")
        await aeventually(lambda: newcomer.revision == 1)
        assert tail.failure is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_log_that_can_be_looked_at_and_not_followed_is_one_failure_that_stands(
    follower: Follower, async_client: redis.asyncio.Redis
) -> None:
    said = (await follower.say("a")).feedback
    await follower.hears(said)
    looked, looks = ChangeSignal(), list[None]()
    looked.listen(lambda: looks.append(None))
    async with connect(patient("redis://127.0.0.1:1/0")) as nowhere:
        tail = FeedbackTail(follower.tail._log, nowhere, FeedbackHub("1.0.0", 10), looked, 10)
        with structlog.testing.capture_logs() as lines:
            task = asyncio.create_task(tail.run())
            await aeventually(lambda: len(looks) >= 4)
            task.cancel()
    assert tail.failure
    assert [line["event"] for line in lines].count("Feedback log cannot be followed; serving what is known") == 1
    assert not [line for line in lines if "followed again" in line["event"]]


async def test_where_the_program_is_broken_is_said_once_for_as_long_as_it_is(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = list[None]()

    def breaks(*_: object) -> bool:
        tries.append(None)
        raise ZeroDivisionError

    hub, log = FeedbackHub("1.0.0", 10), follower.tail._log
    monkeypatch.setattr(hub, "load", breaks)
    tail = FeedbackTail(log, log._client, hub, ChangeSignal(), 10)
    with structlog.testing.capture_logs() as lines:
        task = asyncio.create_task(tail.run())
        await aeventually(lambda: len(tries) >= 3)
        task.cancel()
    told = [line["event"] for line in lines]
    assert told.count("Feedback log cannot be followed by a fault of the program") == 1

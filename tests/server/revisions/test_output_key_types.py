"""Output keys that hold another type: the error names the key and what to do, and nothing is written in part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice, feedback
from claimed import ClaimedLog, ClaimedPublisher, said_in

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState

KEYS = LogKeys.under("quantum")
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 1_000)

MAKE_WRONG: dict[str, Callable[[redis.Redis, str], object]] = {
    "string": lambda client, key: client.set(key, "text"),
    "list": lambda client, key: client.rpush(key, "text"),
    "set": lambda client, key: client.sadd(key, "text"),
}
WRONG_FOR_STATE = {**MAKE_WRONG, "stream": lambda client, key: client.xadd(key, {"a": "b"}, id="9-0")}
WRONG_FOR_STREAMS = {**MAKE_WRONG, "hash": lambda client, key: client.hset(key, "epoch", "e1")}
CASES = [
    *[(KEYS.state, kind, make) for kind, make in WRONG_FOR_STATE.items()],
    *[(key, kind, make) for key in (KEYS.log, KEYS.pulse) for kind, make in WRONG_FOR_STREAMS.items()],
]


@pytest.fixture
async def log(async_client: redis.asyncio.Redis) -> ClaimedLog:
    return ClaimedLog(async_client, "quantum", retained_revisions=5)


@pytest.fixture
def publisher(log: ClaimedLog) -> ClaimedPublisher:
    return ClaimedPublisher(log)


async def check_refused(client: redis.Redis, key: str, kind: str, write: Awaitable[object]) -> None:
    before = said_in(client)
    with pytest.raises(redis.exceptions.ResponseError) as refused:
        await write
    assert key in str(refused.value)
    assert kind in str(refused.value)
    assert "rename or delete it" in str(refused.value)
    assert said_in(client) == before


@pytest.mark.parametrize(("key", "kind", "make"), CASES)
async def test_each_script_refuses_before_it_writes(
    redis_client: redis.Redis,
    log: ClaimedLog,
    key: str,
    kind: str,
    make: Callable[[redis.Redis, str], object],
) -> None:
    await log.open("e1")
    assert await log.publish(feedback(1), expected=LogState("e1", 0))
    redis_client.delete(key)
    make(redis_client, key)
    await check_refused(redis_client, key, kind, log.publish(feedback(2), expected=LogState("e1", 1)))
    await check_refused(redis_client, key, kind, log.confirm(feedback(1)))
    if key != KEYS.pulse:
        await check_refused(redis_client, key, kind, log.open("e2"))


@pytest.mark.parametrize(("key", "kind", "make"), CASES)
async def test_the_publisher_names_the_key_and_goes_on_once_it_is_gone(
    redis_client: redis.Redis,
    publisher: ClaimedPublisher,
    key: str,
    kind: str,
    make: Callable[[redis.Redis, str], object],
) -> None:
    await publisher.publish(advice("a"), TIMES, NOW_MS)
    redis_client.rename(key, "kept")
    make(redis_client, key)
    for attempt in range(3):
        with pytest.raises(redis.exceptions.ResponseError, match=key):
            await publisher.publish(advice(f"b{attempt}"), TIMES, NOW_MS)
    redis_client.delete(key)
    redis_client.rename("kept", key)
    publication = await publisher.publish(advice("c"), TIMES, NOW_MS)
    assert publication.is_new
    assert publication.feedback.revision == 2
    assert kind


async def test_a_feedback_key_of_another_type_is_replaced(redis_client: redis.Redis, log: ClaimedLog) -> None:
    redis_client.rpush(KEYS.feedback, "text")
    await log.open("e1")
    assert await log.publish(feedback(1), expected=LogState("e1", 0))
    assert redis_client.type(KEYS.feedback) == b"string"
    redis_client.delete(KEYS.feedback)
    redis_client.sadd(KEYS.feedback, "text")
    assert await log.confirm(feedback(1))
    assert redis_client.type(KEYS.feedback) == b"string"

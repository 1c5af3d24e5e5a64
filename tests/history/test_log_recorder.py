"""The recorder of the log on a real Redis that is killed, emptied, rolled back and misused under it."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable

import pytest
import redis
from history.cancellation import cancel_all
from history.event_budget import EventBudget
from history.log_entries import LOG, STATE, entry
from history.log_recorder import LogRecorder
from history.model import Position
from history.observer_clock import ObserverClock
from patient_redis import PATIENCE_S
from processes import aeventually
from redis.typing import EncodableT, FieldT

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def publish(client: redis.Redis, revision: int, epoch: str = "e", *, regime: str = "BULL", retain: int = 100) -> None:
    entry_id, fields = entry(revision, epoch, regime=regime)
    written: dict[FieldT, EncodableT] = dict(fields.items())
    client.xadd(LOG, written, id=entry_id.decode(), maxlen=retain, approximate=False)


@pytest.fixture
async def recorder(fresh_redis: EmbeddedRedis) -> AsyncIterator[LogRecorder]:
    one = LogRecorder(fresh_redis.url, "quantum", ObserverClock(), EventBudget(1_000))
    task = asyncio.create_task(one.run())
    await aeventually(lambda: one.completed_ms)
    yield one
    await cancel_all([task])


@pytest.fixture
def client(fresh_redis: EmbeddedRedis) -> redis.Redis:
    # What is sent once more after a timeout may have been done before: the log has that id then.
    return redis.Redis.from_url(fresh_redis.url, socket_timeout=PATIENCE_S)


def has_come_to(recorder: LogRecorder, epoch: str, revision: int) -> Callable[[], bool]:
    return lambda: recorder.reading.newest == Position(epoch, revision)


def revisions(recorder: LogRecorder) -> list[tuple[str, int]]:
    return [(each.feedback.position.epoch, each.feedback.position.revision) for each in recorder.reading.publishes]


async def test_it_keeps_what_is_trimmed_and_says_when_it_came(recorder: LogRecorder, client: redis.Redis) -> None:
    clock = ObserverClock()
    for revision in range(1, 6):
        before_ms = clock.now_ms()
        publish(client, revision, retain=2)
        after_ms = clock.now_ms()
        await aeventually(has_come_to(recorder, "e", revision))
        newest = recorder.reading.publishes[-1]
        assert newest.absent_ms <= after_ms + 1
        assert newest.seen_ms >= before_ms - 1
    assert revisions(recorder) == [("e", number) for number in range(1, 6)]
    assert recorder.reading.samples[-1].oldest == 4
    assert recorder.reading.gaps == []


async def test_it_survives_a_restart(recorder: LogRecorder, client: redis.Redis, fresh_redis: EmbeddedRedis) -> None:
    publish(client, 1)
    await aeventually(has_come_to(recorder, "e", 1))
    await asyncio.to_thread(fresh_redis.kill)
    await aeventually(lambda: recorder.failures > 1)
    await asyncio.to_thread(fresh_redis.start)
    publish(client, 2)
    await aeventually(has_come_to(recorder, "e", 2))
    assert recorder.reading.gaps == []
    assert re.fullmatch(r"[A-Za-z]+Error", recorder.failure), "one word, without an address"


async def test_it_survives_a_log_that_is_lost(recorder: LogRecorder, client: redis.Redis) -> None:
    publish(client, 1)
    publish(client, 2)
    await aeventually(has_come_to(recorder, "e", 2))
    client.flushall()
    await aeventually(lambda: recorder.reading.gaps)
    client.hset(STATE, "epoch", "f")
    await aeventually(lambda: recorder.reading.epochs == ["e", "f"])
    publish(client, 1, "f")
    await aeventually(has_come_to(recorder, "f", 1))
    assert revisions(recorder) == [("e", 1), ("e", 2), ("f", 1)]


async def test_it_notices_a_log_that_is_rolled_back(recorder: LogRecorder, client: redis.Redis) -> None:
    for revision in range(1, 5):
        publish(client, revision)
    await aeventually(has_come_to(recorder, "e", 4))
    with client.pipeline(transaction=True) as pipeline:
        pipeline.delete(LOG)
        publish(pipeline, 1)
        publish(pipeline, 2)
        publish(pipeline, 3, regime="BEAR")
        pipeline.execute()
    await aeventually(has_come_to(recorder, "e", 3))
    assert revisions(recorder)[4:] == [("e", 3)]
    assert recorder.reading.gaps[0].after == 4


async def test_it_goes_on_after_a_key_of_the_wrong_type(recorder: LogRecorder, client: redis.Redis) -> None:
    publish(client, 1)
    await aeventually(has_come_to(recorder, "e", 1))
    client.set(STATE, "not a hash")
    await aeventually(lambda: recorder.failures)
    publish(client, 2)
    client.delete(STATE)
    await aeventually(has_come_to(recorder, "e", 2))


async def test_it_leaves_a_master_that_was_replaced_though_that_still_answers(
    fresh_redis: EmbeddedRedis, client: redis.Redis, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    masters = [redis_server.url]
    one = LogRecorder(lambda: masters[-1], "quantum", ObserverClock(), EventBudget(1_000))
    task = asyncio.create_task(one.run())
    publish(redis_client, 1)
    await aeventually(has_come_to(one, "e", 1))
    publish(client, 1)
    publish(client, 2)
    masters.append(fresh_redis.url)
    await aeventually(has_come_to(one, "e", 2))
    await cancel_all([task])
    assert revisions(one) == [("e", 1), ("e", 2)]


async def test_a_long_log_is_read_page_by_page(fresh_redis: EmbeddedRedis, client: redis.Redis) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for revision in range(1, 2_501):
            publish(pipeline, revision, retain=10_000)
        pipeline.execute()
    one = LogRecorder(fresh_redis.url, "quantum", ObserverClock(), EventBudget(10_000))
    task = asyncio.create_task(one.run())
    await aeventually(lambda: one.completed_ms)
    await cancel_all([task])
    assert revisions(one) == [("e", number) for number in range(1, 2_501)]
    assert {each.absent_ms for each in one.reading.publishes} == {-math.inf}


async def test_it_stops_when_there_is_no_room(fresh_redis: EmbeddedRedis, client: redis.Redis) -> None:
    for revision in range(1, 6):
        publish(client, revision)
    full = LogRecorder(fresh_redis.url, "quantum", ObserverClock(), EventBudget(3))
    with pytest.raises(RuntimeError, match="3 events already"):
        await asyncio.wait_for(full.run(), 60)

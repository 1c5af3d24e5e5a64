"""The feedback key once the validity has passed: safe values where a server runs, no key where none does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, feedback, renewed
from claimed import KEYS, ClaimedLog
from processes import aeventually
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.advice.feedback import Feedback, Times
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.lapse_watch import LapseWatch
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.waiting.running_tasks import cancel

END_MS = NOW_MS + 180_000


class Watched:
    """A log with one revision, the hub of a server that follows it, and its watch."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.log = ClaimedLog(client)
        self.now_ms = NOW_MS
        self.hub = FeedbackHub("1.0.0", 10, RedisClock(elapsed_ms=lambda: self.now_ms, wall_ms=lambda: self.now_ms))
        self.watch = LapseWatch(self.log.log, self.hub, lambda: self.now_ms)

    async def follow(self) -> None:
        self.hub.load(await self.log.snapshot(10))


@pytest.fixture
async def watched(async_client: redis.asyncio.Redis) -> Watched:
    watched = Watched(async_client)
    await watched.log.open("e1")
    assert await watched.log.publish(feedback(1), expected=LogState("e1", 0))
    await watched.follow()
    return watched


def key(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.get(KEYS.feedback)
    document: dict[str, Any] = json.loads(raw)
    return document


def let_the_validity_pass(client: redis.Redis) -> None:
    """Move the clock of Redis on, as far as the key can tell."""
    assert client.pexpire(KEYS.feedback, 180_000)


async def test_the_key_gets_the_safe_values_once_the_validity_has_passed(
    watched: Watched, redis_client: redis.Redis
) -> None:
    watched.now_ms = END_MS
    await watched.watch.look()
    assert (key(redis_client)["status"], key(redis_client)["leverage_hint"]) == ("ACTIVE", 1.5)
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    await watched.watch.look()
    lapsed = key(redis_client)
    assert [lapsed[name] for name in ("status", "updated_policy", "confidence_boost", "leverage_hint")] == [
        "STALE",
        "CONSERVATIVE",
        0.0,
        1.0,
    ]
    assert redis_client.pttl(KEYS.feedback) == -1


async def test_the_clock_of_redis_being_set_back_keeps_no_advice_alive(
    watched: Watched, redis_client: redis.Redis
) -> None:
    watched.now_ms = END_MS + 1
    assert redis_client.pexpire(KEYS.feedback, 3_600_000)
    await watched.watch.look()
    assert key(redis_client)["status"] == "STALE"


async def test_it_is_written_once(watched: Watched, redis_client: redis.Redis) -> None:
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    await watched.watch.look()
    redis_client.set(KEYS.feedback, "read and replaced by hand")
    await watched.watch.look()
    assert redis_client.get(KEYS.feedback) == b"read and replaced by hand"


async def test_a_cap_that_is_lowered_after_it_binds_the_key_too(watched: Watched, redis_client: redis.Redis) -> None:
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    await watched.watch.look()
    watched.hub.heed((LeverageCap("risk:leverage_limits", 0.3, NOW_MS),), at_once=True)
    await watched.watch.look()
    lapsed = key(redis_client)
    assert [lapsed[name] for name in ("status", "leverage_hint", "leverage_bound_by")] == [
        "STALE",
        0.3,
        "risk:leverage_limits",
    ]
    watched.hub.heed(())
    await watched.watch.look()
    assert key(redis_client)["leverage_hint"] == 1.0, "the cap was lifted"


@pytest.mark.parametrize("is_clock_set_back", [False, True])
async def test_safe_values_that_come_after_those_under_a_lower_cap_do_not_take_their_place(
    is_clock_set_back: bool, watched: Watched, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_their_way: list[Callable[[], Awaitable[bool | None]]] = []
    lapse = FeedbackLog.lapse

    async def hangs_once(self: FeedbackLog, stale: Feedback, looked_ms: int) -> bool | None:
        if not on_their_way:
            on_their_way.append(partial(lapse, self, stale, looked_ms))
            raise RedisTimeoutError
        return await lapse(self, stale, looked_ms)

    monkeypatch.setattr(FeedbackLog, "lapse", hangs_once)
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    await watched.watch.look()
    watched.now_ms += 3_000
    watched.hub.heed((LeverageCap("risk:leverage_limits", 0.3, NOW_MS),), at_once=True)
    await watched.watch.look()
    assert key(redis_client)["leverage_hint"] == 0.3
    if is_clock_set_back:
        # What Redis has written down of the time is from the future then, and says nothing.
        redis_client.hset(KEYS.state, "lapse_looked_ms", 253_402_300_799_999)
        watched.hub.heed((LeverageCap("risk:leverage_limits", 0.2, NOW_MS),), at_once=True)
        await watched.watch.look()
        assert key(redis_client)["leverage_hint"] == 0.2
    else:
        assert await on_their_way[0]() is None
        assert key(redis_client)["leverage_hint"] == 0.3


async def test_a_validity_that_comes_to_end_sooner_is_heard_of(watched: Watched, redis_client: redis.Redis) -> None:
    changed = ChangeSignal()
    watch = LapseWatch(watched.log.log, watched.hub, lambda: watched.now_ms, 3_600.0, changed)
    watching = asyncio.create_task(watch.run())
    # It has looked, and waits.
    await asyncio.sleep(0)
    assert await watched.log.confirm(renewed(feedback(1), Times(NOW_MS, NOW_MS, NOW_MS + 60_000)))
    await watched.follow()
    watched.now_ms = NOW_MS + 60_001
    let_the_validity_pass(redis_client)
    assert key(redis_client)["status"] == "ACTIVE"
    changed.notify()
    await aeventually(lambda: key(redis_client)["status"] == "STALE", 30.0)
    await cancel(watching)


@pytest.mark.parametrize("since", ["confirmed", "published", "withdrawn", "flushed"])
async def test_a_server_that_is_behind_changes_nothing(since: str, watched: Watched, redis_client: redis.Redis) -> None:
    later = Times(END_MS, END_MS, END_MS + 180_000)
    match since:
        case "confirmed":
            assert await watched.log.confirm(renewed(feedback(1), later))
        case "published":
            assert await watched.log.publish(renewed(feedback(2), later), expected=LogState("e1", 1))
        case "withdrawn":
            assert await watched.log.withdraw(feedback(1))
        case _:
            redis_client.flushall()
    redis_client.pexpire(KEYS.feedback, 180_000)
    before = redis_client.get(KEYS.feedback)
    watched.now_ms = END_MS + 1
    await watched.watch.look()
    assert redis_client.get(KEYS.feedback) == before


async def test_a_server_whose_clock_is_ahead_waits_for_that_of_redis(
    watched: Watched, redis_client: redis.Redis
) -> None:
    watched.now_ms = END_MS + 600_000
    await watched.watch.look()
    assert key(redis_client)["status"] == "ACTIVE"
    let_the_validity_pass(redis_client)
    await watched.watch.look()
    assert key(redis_client)["status"] == "STALE"


async def test_it_looks_again_after_redis_refused(watched: Watched, redis_client: redis.Redis) -> None:
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    redis_client.rename(KEYS.state, "kept")
    redis_client.set(KEYS.state, "text")
    await watched.watch.look()
    assert key(redis_client)["status"] == "ACTIVE"
    redis_client.rename("kept", KEYS.state)
    await watched.watch.look()
    assert key(redis_client)["status"] == "STALE"


async def test_where_there_is_no_room_for_the_safe_values_the_advice_goes_all_the_same(
    watched: Watched, redis_client: redis.Redis
) -> None:
    watched.now_ms = END_MS + 1
    let_the_validity_pass(redis_client)
    redis_client.config_set("maxmemory", 1)
    try:
        await watched.watch.look()
    finally:
        redis_client.config_set("maxmemory", 0)
    # A function writes the safe values all the same.
    found: Any = redis_client.get(KEYS.feedback)
    assert found is None or json.loads(found)["status"] == "STALE"


async def test_where_no_server_runs_the_key_ends_by_itself(watched: Watched, redis_client: redis.Redis) -> None:
    left: Any = redis_client.pttl(KEYS.feedback)
    assert 0 < left <= 2 * 180_000
    assert await watched.log.confirm(renewed(feedback(1), Times(NOW_MS, NOW_MS, NOW_MS + 60_000)))
    left = redis_client.pttl(KEYS.feedback)
    assert 0 < left <= 2 * 60_000

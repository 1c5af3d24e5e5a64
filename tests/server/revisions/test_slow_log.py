"""The feedback log over a link over which many revisions do not arrive in time at once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import redis.asyncio
from advice import feedback
from claimed import ClaimedLog
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from patient_redis import patient
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.log_state import LogState

Value = TypeVar("Value")


async def test_over_a_slow_link_as_much_is_read_at_once_as_arrives_in_time(
    redis_server: EmbeddedRedis, async_client: redis.asyncio.Redis
) -> None:
    near = ClaimedLog(async_client)
    await near.open("e1")
    for revision in range(1, 61):
        assert await near.publish(feedback(revision), expected=LogState("e1", revision - 1))
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        link.throttle(60_000, direction=Direction.TO_CLIENT)
        async with connect(replace(patient(f"redis://{link.address}/0"), command_timeout_s=0.4)) as client:
            far = FeedbackLog(client, "quantum", 100)
            snapshot = await until_in_time(lambda: far.snapshot(60))
            assert 1 <= len(snapshot.recent) < 60
            assert snapshot.recent[-1] == feedback(60)
            assert await until_in_time(lambda: far.read_after(0, 60)) == [feedback(n) for n in range(1, 61)]
            before: str | None = None
            seen = []
            while entries := await until_in_time(functools.partial(far.read_before, before, 60)):
                seen += [entry_id for entry_id, _ in entries]
                before = seen[-1].decode()
            assert seen == [b"%d-0" % n for n in range(60, 0, -1)]


async def until_in_time(read: Callable[[], Awaitable[Value]]) -> Value:
    """Try again as the service does, until what is asked for arrives in time."""
    for _ in range(20):
        with contextlib.suppress(RedisTimeoutError):
            return await read()
    raise AssertionError("it never arrives")

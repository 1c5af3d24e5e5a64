"""The watch of the fencing tokens notices a token that goes back, in a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis
from chaos.fencing_watch import FencingWatch
from chaos.observer_client import ObserverClient
from chaos.write_monitor import WriteMonitor
from history.cancellation import cancel_all
from history.log_entries import STATE
from history.observer_clock import ObserverClock
from processes import aeventually, eventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

LEASE = "quantum:feedback:strategic_memory:lease"


@pytest.fixture
async def watch(redis_server: EmbeddedRedis) -> AsyncIterator[FencingWatch]:
    client = ObserverClient(lambda: redis_server.url)
    one = FencingWatch(client, "quantum", ObserverClock())
    task = asyncio.create_task(one.run())
    await aeventually(lambda: one.newest)
    yield one
    await cancel_all([task])
    await client.close()


async def test_it_sees_who_leads_and_each_term(watch: FencingWatch, redis_client: redis.Redis) -> None:
    redis_client.set(LEASE, "4 machine/321/abcd")
    look = await aeventually(lambda: watch.newest if watch.newest and watch.newest.lease else None)
    assert (look.leader_pid, look.lease_token) == (321, 4)
    redis_client.set(LEASE, "5 machine/322/abcd")
    await aeventually(lambda: len(watch.terms) == 2)
    assert watch.setbacks == []


async def test_a_lease_under_an_older_token_is_told(watch: FencingWatch, redis_client: redis.Redis) -> None:
    redis_client.set(LEASE, "5 machine/321/abcd")
    await aeventually(lambda: watch.terms)
    redis_client.set(LEASE, "4 machine/321/abcd")
    await aeventually(lambda: watch.setbacks)
    assert watch.setbacks[0] == "the lease was granted under token 4 after 5"


def test_a_write_under_an_older_token_is_told(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    write = "return redis.call('HSET', KEYS[1], 'fencing_token', ARGV[1], 'run_id', 'r', 'epoch', 'e', 'revision', '7')"
    with WriteMonitor(lambda: redis_server.url, "quantum") as monitor:
        for token in (4, 5, 4, 5):
            redis_client.eval(write, 1, STATE, token)
        eventually(lambda: monitor.writes == 4)
    assert monitor.setbacks == ["revision 7 of epoch e was written under fencing token 4 after a write under 5"]


def test_a_write_that_was_overtaken_is_told(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    """Only under one token: two servers know the clock of Redis a little apart."""
    fields = "'fencing_token', ARGV[1], 'run_id', 'r', 'epoch', 'e', 'revision', '7', 'computed_at_ms', ARGV[2]"
    write = f"return redis.call('HSET', KEYS[1], {fields})"
    with WriteMonitor(lambda: redis_server.url, "quantum") as monitor:
        for token, computed_at_ms in ((4, 1_000), (4, 1_200), (4, 1_050), (5, 1_000), (5, 1_000)):
            redis_client.eval(write, 1, STATE, token, computed_at_ms)
        eventually(lambda: monitor.writes == 5)
    assert monitor.late == [
        "revision 7 of epoch e was written with a result that was worked out 150 ms before the one that was there"
    ]
    assert monitor.setbacks == []


def test_a_clock_of_redis_that_was_set_back_excuses_one_write_and_no_more() -> None:
    monitor = WriteMonitor(lambda: "", "quantum")

    def write(at_ms: int, computed_at_ms: int) -> int:
        monitor.take(f"HSET {STATE} fencing_token 4 epoch e revision 7 computed_at_ms {computed_at_ms}", at_ms)
        return len(monitor.late)

    assert write(10_000, 9_990) == 0
    assert write(5_000, 4_990) == 0, "it was set back"
    assert write(5_100, 10_090) == 0
    assert write(5_200, 5_190) == 0, "it was set back between working out and writing"
    assert write(5_300, 5_180) == 1
    assert write(5_400, 5_350) == 1
    assert write(5_500, 5_300) == 2


async def test_it_goes_on_after_redis_was_away(fresh_redis: EmbeddedRedis) -> None:
    client = ObserverClient(lambda: fresh_redis.url)
    watch = FencingWatch(client, "quantum", ObserverClock())
    task = asyncio.create_task(watch.run())
    await aeventually(lambda: watch.newest)
    await asyncio.to_thread(fresh_redis.kill)
    await aeventually(lambda: watch.newest is None)
    await asyncio.to_thread(fresh_redis.start)
    await aeventually(lambda: watch.newest)
    await cancel_all([task])
    await client.close()

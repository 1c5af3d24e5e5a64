"""Many who wait for entries of streams, on few connections: each hears of its own, and no fault of one is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import redis.asyncio
from patient_redis import patient
from processes import aeventually
from redis.exceptions import ResponseError

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access import stream_reads
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.stream_reads import IN_A_LANE, LANE_BLOCK_MS, Lanes, SharedReads

pytestmark = pytest.mark.processes

LONG_MS = 60_000


@pytest.fixture
async def client(redis_server: EmbeddedRedis) -> AsyncIterator[redis.asyncio.Redis]:
    async with connect(patient(redis_server.url), longest_block_s=LANE_BLOCK_MS / 1000, most=512) as made:
        yield made


@pytest.fixture
async def lanes(client: redis.asyncio.Redis) -> AsyncIterator[Lanes]:
    made = Lanes(client)
    yield made
    await made.close()


def blocked(client: redis.Redis) -> int:
    found: Any = client.info("clients")
    return int(found["blocked_clients"])


async def in_lanes(readers: list[SharedReads]) -> None:
    await aeventually(lambda: all(each.is_covered for each in readers), 30.0)


async def test_each_hears_of_its_own_streams_whoever_waits_with_it(
    lanes: Lanes, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    readers = [lanes.reads() for _ in range(2 * IN_A_LANE)]
    waits = [
        asyncio.create_task(each.arrived({f"s{number}": "0-0", f"t{number}": "0-0"}, block_ms=LONG_MS))
        for number, each in enumerate(readers)
    ]
    await in_lanes(readers)
    async with connect(patient(redis_server.url)) as writer:
        await aeventually(lambda: blocked(redis_client) <= len(readers) // IN_A_LANE, 30.0)
        for number in (7, 100):
            await writer.xadd(f"t{number}", {"n": number})
        for number in (7, 100):
            found = await asyncio.wait_for(waits[number], 30)
            assert list(found) == [f"t{number}"]
            assert [fields for _, fields in found[f"t{number}"]] == [{b"n": str(number).encode()}]
        assert sum(wait.done() for wait in waits) == 2
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_nothing_is_missed_while_who_waits_goes_to_a_lane_and_back(
    lanes: Lanes, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_reads, "QUIET_S", 0.01)
    monkeypatch.setattr(stream_reads, "SELDOM_S", 0.05)
    monkeypatch.setattr(stream_reads, "OWN_BLOCK_MS", 20)
    monkeypatch.setattr(stream_reads, "LANE_BLOCK_MS", 30)
    entries, random = 30, Random(15)

    async def read_all(name: str) -> list[bytes]:
        reads, cursor, found = lanes.reads(), "0-0", list[bytes]()
        while len(found) < entries:
            arrived = await reads.arrived({name: cursor}, block_ms=random.choice([5, 50, 500]))
            found += [entry_id for entry_id, _ in arrived.get(name, ())]
            cursor = found[-1].decode() if found else cursor
        return found

    async def write_all(writer: redis.asyncio.Redis, name: str) -> list[bytes]:
        written = list[Any]()
        for _ in range(entries):
            await asyncio.sleep(random.random() * 0.1)
            written.append(await writer.xadd(name, {"a": "b"}))
        return written

    names = [f"s{number}" for number in range(20)]
    async with connect(patient(redis_server.url)) as writer, asyncio.timeout(100):
        read = asyncio.gather(*map(read_all, names))
        written = await asyncio.gather(*(write_all(writer, name) for name in names))
        assert await read == written


async def test_who_is_told_something_seldom_stays_in_its_lane(
    lanes: Lanes, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = lanes.reads()
    async with connect(patient(redis_server.url)) as writer:
        for is_seldom, stays in ((True, True), (False, False)):
            monkeypatch.setattr(stream_reads, "SELDOM_S", 0.0 if is_seldom else 3_600.0)
            wait = asyncio.create_task(reads.arrived({"s": "0-0"}, block_ms=LONG_MS))
            await in_lanes([reads])
            added: Any = await writer.xadd("s", {"a": "b"})
            assert await asyncio.wait_for(wait, 30) == {"s": [(added, {b"a": b"b"})]}
            assert (reads.is_covered, dict(reads.cursors)) == (stays, {"s": added.decode()} if stays else {})
            # Who takes longer than the next entry hears of that too.
            more: list[Any] = [await writer.xadd("s", {"c": "d"}) for _ in range(2)]
            heard, cursor = list[bytes](), added
            while len(heard) < len(more):
                found = await asyncio.wait_for(reads.arrived({"s": cursor.decode()}, block_ms=LONG_MS), 30)
                heard += [entry_id for entry_id, _ in found["s"]]
                cursor = heard[-1]
            assert heard == more
            await writer.delete("s")


async def test_a_lane_reads_nothing_for_who_has_gone(lanes: Lanes, redis_server: EmbeddedRedis) -> None:
    reads = lanes.reads()
    wait = asyncio.create_task(reads.arrived({"s": "0-0"}, block_ms=LONG_MS))
    await in_lanes([reads])
    async with connect(patient(redis_server.url)) as writer:
        await writer.xadd("s", {"a": "b"})
        assert await asyncio.wait_for(wait, 30)
        assert reads.is_covered
        reads.interrupt()
        # The lane ends with its last member.
        await aeventually(lambda: not lanes._tasks, 30.0)


async def test_a_key_that_is_no_stream_fails_its_own_reader_alone(lanes: Lanes, redis_server: EmbeddedRedis) -> None:
    good, bad = lanes.reads(), lanes.reads()
    waits = [
        asyncio.create_task(each.arrived({name: "0-0"}, block_ms=LONG_MS))
        for each, name in ((good, "good"), (bad, "bad"))
    ]
    await in_lanes([good, bad])
    async with connect(patient(redis_server.url)) as writer:
        await writer.set("bad", "no stream")
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await asyncio.wait_for(waits[1], 30)
        await in_lanes([good])
        await writer.xadd("good", {"a": "b"})
        assert list(await asyncio.wait_for(waits[0], 30)) == ["good"]


async def test_a_redis_that_goes_away_is_told_to_each(fresh_redis: EmbeddedRedis) -> None:
    async with connect(patient(fresh_redis.url), longest_block_s=LANE_BLOCK_MS / 1000) as client:
        own = Lanes(client)
        readers = [own.reads() for _ in range(10)]
        waits = [
            asyncio.create_task(each.arrived({f"s{n}": "0-0"}, block_ms=LONG_MS)) for n, each in enumerate(readers)
        ]
        await in_lanes(readers)
        await asyncio.to_thread(fresh_redis.kill)
        failures = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 60)
        assert all(isinstance(each, redis.exceptions.RedisError | OSError) for each in failures)
        await own.close()


async def test_a_long_wait_can_be_ended(lanes: Lanes) -> None:
    reads = lanes.reads()
    wait = asyncio.create_task(reads.arrived({"s": "0-0"}, block_ms=LONG_MS))
    await in_lanes([reads])
    reads.interrupt()
    assert await asyncio.wait_for(wait, 30) == {}


async def test_a_wait_that_ends_once_misses_nothing_and_the_next_one_lasts(
    lanes: Lanes, redis_server: EmbeddedRedis
) -> None:
    reads = lanes.reads()
    wait = asyncio.create_task(reads.arrived({"s": "0-0"}, block_ms=LONG_MS))
    await in_lanes([reads])
    reads.interrupt_once()
    assert await asyncio.wait_for(wait, 30) == {}
    assert reads.is_covered, "its lane reads on"
    reads.interrupt_once()
    assert await asyncio.wait_for(reads.arrived({"s": "0-0"}, block_ms=LONG_MS), 30) == {}
    async with connect(patient(redis_server.url)) as writer:
        await writer.xadd("s", {"a": "b"})
    assert list(await asyncio.wait_for(reads.arrived({"s": "0-0"}, block_ms=LONG_MS), 30)) == ["s"]


async def test_where_many_wait_on_their_own_the_others_are_taken_along(
    lanes: Lanes, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_reads, "MOST_ON_THEIR_OWN", 3)
    monkeypatch.setattr(stream_reads, "QUIET_S", 3_600.0)
    readers = [lanes.reads() for _ in range(20)]
    waits = [asyncio.create_task(each.arrived({f"s{n}": "0-0"}, block_ms=LONG_MS)) for n, each in enumerate(readers)]
    await in_lanes(readers[3:])
    async with connect(patient(redis_server.url)) as writer:
        for number in range(20):
            await writer.xadd(f"s{number}", {"a": "b"})
        for number, wait in enumerate(waits):
            assert list(await asyncio.wait_for(wait, 30)) == [f"s{number}"]

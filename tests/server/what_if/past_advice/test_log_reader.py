"""Reading past revisions from a real log: which ones, in which order, and past entries that are none of ours."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio
from expected_past_advice import said_ms
from past_log import LogEntry, entry_of, random_log, said, write_log
from redis.exceptions import ResponseError

from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.what_if.past_advice import log_reader
from strategic_memory_server.what_if.past_advice.log_reader import (
    PAGE_ENTRIES,
    Decode,
    PastRevisions,
    RevisionOrder,
    RevisionPage,
    read_past_revisions,
)

LOG = "quantum:stream:strategic_feedback"
ALL = RevisionOrder(most=10_000, in_force_ms=0)


async def decode_here(decode: Decode, entries: StreamEntries) -> RevisionPage:
    return decode(entries)


async def read(client: redis.asyncio.Redis, order: RevisionOrder = ALL) -> PastRevisions:
    return await read_past_revisions(FeedbackLog(client, "quantum", retained_revisions=100), order, decode_here)


def numbers(found: PastRevisions) -> list[int]:
    return [one.revision for one in found.revisions]


def of_times(*times_ms: int) -> list[LogEntry]:
    return [entry_of(said(number, time_ms)) for number, time_ms in enumerate(times_ms, start=1)]


async def test_an_empty_log_has_said_nothing(async_client: redis.asyncio.Redis) -> None:
    assert await read(async_client) == PastRevisions((), 0)


async def test_a_long_log_is_read_page_by_page(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    count = 3 * PAGE_ENTRIES + 17
    write_log(redis_client, of_times(*range(1, count + 1)))
    assert numbers(await read(async_client)) == list(range(1, count + 1))
    for most in (1, PAGE_ENTRIES, PAGE_ENTRIES + 1):
        found = await read(async_client, RevisionOrder(most, in_force_ms=0))
        assert numbers(found) == list(range(count - most + 1, count + 1))


async def test_no_more_is_read_than_was_in_force(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    write_log(redis_client, of_times(10, 20, 30, 40))
    for in_force_ms, expected in ((41, [4]), (40, [3, 4]), (31, [3, 4]), (30, [2, 3, 4]), (10, [1, 2, 3, 4])):
        assert numbers(await read(async_client, RevisionOrder(100, in_force_ms))) == expected


async def test_what_was_said_later_is_not_seen(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    entries = [*of_times(10, 20, 30), entry_of(said(4, 25, seen_ms=40)), entry_of(said(5, 50))]
    write_log(redis_client, entries)
    for last_ms, expected in ((50, [1, 2, 3, 4, 5]), (40, [1, 2, 3, 4]), (39, [1, 2, 3]), (20, [1, 2]), (9, [])):
        assert numbers(await read(async_client, RevisionOrder(100, 0, last_ms))) == expected
    assert numbers(await read(async_client, RevisionOrder(2, 0, 39))) == [2, 3]


async def test_they_come_in_the_order_of_their_times_across_epochs(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """The server that went on with the next epoch had a clock that ran behind."""
    said_so = [said(1, 10), said(2, 30), said(3, 20, epoch="e2"), said(4, 30, epoch="e2")]
    write_log(redis_client, [entry_of(each) for each in said_so])
    found = await read(async_client)
    assert [(one.epoch, one.revision) for one in found.revisions] == [("e1", 1), ("e2", 3), ("e1", 2), ("e2", 4)]


async def test_entries_of_others_are_passed_over_and_counted(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    entries = random_log(5, 3 * PAGE_ENTRIES, 1_000, 2_000)
    ours = [entry.feedback for entry in entries if entry.feedback is not None]
    write_log(redis_client, entries)
    redis_client.xadd(LOG, {"no": "feedback"}, id="5000-0")
    redis_client.xadd(LOG, {b"\xff": b"\xfe", b"feedback": b"\xff\xfe"}, id="5000-1")
    found = await read(async_client)
    assert numbers(found) == [one.revision for one in sorted(ours, key=lambda one: (said_ms(one), one.revision))]
    assert found.left_out == len(entries) - len(ours) + 2
    assert found.left_out > PAGE_ENTRIES // 10


async def test_only_what_lies_among_those_of_a_moment_is_counted(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """What somebody has written since must not change the answer about a moment."""
    one, two, three = of_times(10, 20, 30)
    entries = [
        LogEntry("0-5", "none of ours", None),
        one,
        LogEntry("1-5", "nor this", None),
        two,
        LogEntry("2-5", "nor this", None),
        three,
        LogEntry("3-5", "nor this", None),
    ]
    write_log(redis_client, entries)
    assert (await read(async_client, RevisionOrder(100, 0, 20))).left_out == 2
    assert (await read(async_client, RevisionOrder(2, 0, 20))).left_out == 1
    assert (await read(async_client, RevisionOrder(1, 0, 20))).left_out == 0
    assert (await read(async_client, RevisionOrder(100, 0, 5))) == PastRevisions((), 0)
    assert (await read(async_client)).left_out == 4
    assert (await read(async_client, RevisionOrder(1, 0))).left_out == 1


async def test_a_search_that_finds_nothing_comes_to_an_end(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "MOST_LOOKED_AT", 2 * PAGE_ENTRIES)
    write_log(redis_client, of_times(1, *[100] * (2 * PAGE_ENTRIES)))
    assert await read(async_client, RevisionOrder(10, 0, 50)) == PastRevisions((), 0)
    monkeypatch.setattr(log_reader, "MOST_LOOKED_AT", 2 * PAGE_ENTRIES + 1)
    assert numbers(await read(async_client, RevisionOrder(10, 0, 50))) == [1]


async def test_a_caller_that_has_gone_ends_the_reading(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    write_log(redis_client, of_times(*range(1, 3 * PAGE_ENTRIES + 1)))
    pages: list[int] = []

    async def decode_and_leave(decode: Decode, entries: StreamEntries) -> RevisionPage:
        pages.append(len(entries))
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            # The Redis client may lose a cancellation just like this.
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return decode(entries)
        pytest.fail("the task was not cancelled")

    reading = read_past_revisions(FeedbackLog(async_client, "quantum", 100), ALL, decode_and_leave)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(reading)
    assert pages == [PAGE_ENTRIES]


async def test_a_key_of_another_type_is_refused(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    redis_client.set(LOG, "text")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await read(async_client)

"""FeedbackLog on a real Redis: what one write leaves in each key, and what is refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, feedback, renewed
from claimed import ClaimedLog, claim_on, said_in
from redis_events import subscribed
from server.revisions.own_log import publish

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.feedback_json import decode_feedback
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import STATE_FIELDS, LogState

KEYS = LogKeys.under("quantum")
LATER = Times(NOW_MS + 60_000, NOW_MS + 59_000, NOW_MS + 240_000)


def stream(client: redis.Redis, key: str) -> list[tuple[str, dict[str, str]]]:
    entries: Any = client.xrange(key)
    return [
        (entry_id.decode(), {name.decode(): value.decode() for name, value in fields.items()})
        for entry_id, fields in entries
    ]


def state(client: redis.Redis) -> dict[str, str]:
    fields: Any = client.hgetall(KEYS.state)
    return {name.decode(): value.decode() for name, value in fields.items()}


def times_of(fields: dict[str, str]) -> Times:
    return Times(int(fields["computed_at_ms"]), int(fields["data_as_of_ms"]), int(fields["valid_until_ms"]))


def test_the_names_of_the_outputs_are_those_of_the_contract() -> None:
    assert KEYS.feedback == "quantum:feedback:strategic_memory"
    assert KEYS.events == "quantum:events:strategic_feedback"
    assert KEYS.log == "quantum:stream:strategic_feedback"


async def test_a_new_log_gets_the_epoch_and_keeps_it(redis_client: redis.Redis, log: ClaimedLog) -> None:
    assert await log.read_state() is None
    assert await log.open("e1") == LogState("e1", 0)
    assert await log.open("e2") == LogState("e1", 0) == await log.read_state()
    assert list(said_in(redis_client)) == [KEYS.state.encode()]


async def test_a_publication_is_in_every_output_when_its_event_arrives(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await log.open("e1")
    with subscribed(redis_client, KEYS.events) as events:
        await publish(log, 1)
        event = events.next()
    assert (event["event"], event["revision"], event["epoch"]) == ("strategic_feedback_updated", 1, "e1")
    said = feedback(1)
    stored: Any = redis_client.get(KEYS.feedback)
    assert decode_feedback(stored) == said
    ((entry_id, entry),) = stream(redis_client, KEYS.log)
    assert (entry_id, entry["revision"], entry["epoch"]) == ("1-0", "1", "e1")
    assert decode_feedback(entry["feedback"].encode()) == said
    ((_, pulse),) = stream(redis_client, KEYS.pulse)
    for fields in (pulse, state(redis_client)):
        assert (fields["epoch"], fields["revision"], fields["oldest_revision"]) == ("e1", "1", "1")
        assert times_of(fields) == said.times
    assert await log.read_state() == LogState("e1", 1, 1, said.times, leverage_caps=())


async def test_a_confirmation_moves_the_times_everywhere_and_adds_no_revision(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await log.open("e1")
    await publish(log, 1, 2)
    entries = stream(redis_client, KEYS.log)
    with subscribed(redis_client, KEYS.events) as events:
        assert await log.confirm(renewed(feedback(2), LATER))
        assert events.none_has_arrived()
    assert stream(redis_client, KEYS.log) == entries
    stored: Any = redis_client.get(KEYS.feedback)
    assert decode_feedback(stored) == renewed(feedback(2), LATER)
    for fields in (stream(redis_client, KEYS.pulse)[-1][1], state(redis_client)):
        assert (fields["epoch"], fields["revision"], fields["oldest_revision"]) == ("e1", "2", "1")
        assert times_of(fields) == LATER
    assert await log.read_state() == LogState("e1", 2, 1, LATER, leverage_caps=())


@pytest.mark.parametrize("expected", [LogState("e1", 1), LogState("e1", 3), LogState("e2", 2), LogState("", 0)])
async def test_who_is_wrong_about_where_the_log_stands_writes_nothing(
    redis_client: redis.Redis, log: ClaimedLog, expected: LogState
) -> None:
    await log.open("e1")
    await publish(log, 1, 2)
    before = said_in(redis_client)
    with subscribed(redis_client, KEYS.events) as events:
        assert not await log.publish(feedback(expected.revision + 1, expected.epoch), expected=expected)
        assert not await log.confirm(feedback(expected.revision, expected.epoch))
        assert events.none_has_arrived()
    assert said_in(redis_client) == before


async def test_what_rests_on_an_opening_before_the_newest_writes_nothing(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    """It was sent before the log was opened again, and another connection was faster."""
    await log.open("e1")
    await publish(log, 1)
    first, again = await log.open("x"), await log.open("x")
    before = said_in(redis_client)
    assert not await log.publish(feedback(2), first)
    assert not await log.confirm(renewed(feedback(1), LATER), first)
    assert not await log.withdraw(feedback(1), first)
    assert not await log.log.remember(
        await claim_on(log.client), (LeverageCap("exposure:summary", 0.3, NOW_MS),), first
    )
    assert said_in(redis_client) == before
    assert await log.confirm(renewed(feedback(1), LATER), again)


async def test_a_confirmation_that_was_sent_twice_sets_no_time_back(redis_client: redis.Redis, log: ClaimedLog) -> None:
    """A later one was carried out between the two, under the same opening."""
    await log.open("e1")
    await publish(log, 1)
    first = LogState("e1", 1, 1, feedback(1).times)
    assert await log.confirm(renewed(feedback(1), LATER), first)
    before = said_in(redis_client)
    assert not await log.confirm(renewed(feedback(1), Times(NOW_MS + 1, NOW_MS, NOW_MS + 2)), first)
    assert not await log.withdraw(feedback(1), first)
    assert said_in(redis_client) == before
    assert await log.confirm(feedback(1), LogState("e1", 1, 1, LATER))


@pytest.mark.parametrize("revision", [1, 2])
async def test_a_revision_that_the_log_has_held_is_not_written_again(
    redis_client: redis.Redis, log: ClaimedLog, revision: int
) -> None:
    """The state alone was set back; the stream remembers."""
    await log.open("e1")
    await publish(log, 1, 2)
    redis_client.xdel(KEYS.log, "2-0")
    redis_client.hset(KEYS.state, "revision", 0)
    before = said_in(redis_client)
    assert not await log.publish(feedback(revision), expected=LogState("e1", 0))
    assert said_in(redis_client) == before


async def test_nobody_publishes_into_a_log_that_was_never_opened(redis_client: redis.Redis, log: ClaimedLog) -> None:
    assert not await log.publish(feedback(1), expected=LogState("e1", 0))
    assert not await log.confirm(feedback(0))
    assert said_in(redis_client) == {}


async def test_the_log_keeps_the_newest_revisions_and_tells_the_oldest(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await log.open("e1")
    await publish(log, *range(1, 21))
    assert [entry_id for entry_id, _ in stream(redis_client, KEYS.log)] == [f"{n}-0" for n in range(16, 21)]
    assert state(redis_client)["oldest_revision"] == "16"
    assert stream(redis_client, KEYS.pulse)[-1][1]["oldest_revision"] == "16"
    assert await log.open("x") == LogState("e1", 20, 16, feedback(20).times, leverage_caps=())
    assert len(stream(redis_client, KEYS.pulse)) <= 8


async def test_what_came_after_a_revision_is_read_page_by_page(log: ClaimedLog) -> None:
    await log.open("e1")
    await publish(log, 1, 2, 3, 4)
    assert await log.read_after(1, 2) == [feedback(2), feedback(3)]
    assert await log.read_after(3, 2) == [feedback(4)]
    assert await log.read_after(4, 2) == []
    assert await log.read_after(0, 100) == [feedback(n) for n in (1, 2, 3, 4)]


async def test_a_snapshot_is_the_log_at_one_moment(redis_client: redis.Redis, log: ClaimedLog) -> None:
    empty = await log.snapshot(3)
    assert (empty.state, empty.recent, empty.log_cursor, empty.pulse_cursor) == (None, (), "0-0", "0-0")
    await log.open("e1")
    await publish(log, 1, 2, 3, 4)
    await log.confirm(renewed(feedback(4), LATER))
    snapshot = await log.snapshot(3)
    assert snapshot.state == LogState("e1", 4, 1, LATER, leverage_caps=())
    assert snapshot.recent == (feedback(2), feedback(3), feedback(4))
    assert snapshot.log_cursor == "4-0"
    assert snapshot.pulse_cursor == stream(redis_client, KEYS.pulse)[-1][0]


async def test_a_snapshot_holds_nothing_of_another_epoch_and_nothing_before_a_gap(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await log.open("e1")
    await publish(log, 1, 2)
    assert await log.publish(feedback(3, "e2"), expected=LogState("e1", 2))
    assert (await log.snapshot(10)).recent == (feedback(3, "e2"),)
    await publish(log, 4, 5, epoch="e2")
    redis_client.xdel(KEYS.log, "4-0")
    assert (await log.snapshot(10)).recent == (feedback(5, "e2"),)
    redis_client.xdel(KEYS.log, "5-0")
    assert (await log.snapshot(10)).recent == ()


async def test_the_oldest_revision_is_the_oldest_of_the_epoch(redis_client: redis.Redis, log: ClaimedLog) -> None:
    await log.open("e1")
    await publish(log, 1, 2)
    assert await log.publish(feedback(3, "e2"), expected=LogState("e1", 2))
    assert state(redis_client)["oldest_revision"] == "3"
    await publish(log, 4, 5, 6, 7, 8, epoch="e2")
    assert state(redis_client)["oldest_revision"] == "4"


async def test_scripts_that_redis_has_forgotten_are_sent_again(redis_client: redis.Redis, log: ClaimedLog) -> None:
    await log.open("e1")
    redis_client.script_flush()
    await publish(log, 1)
    redis_client.script_flush()
    assert await log.confirm(renewed(feedback(1), LATER))
    redis_client.script_flush()
    assert await log.open("x") == LogState("e1", 1, 1, LATER, leverage_caps=())


async def test_times_that_are_not_known_stay_so(log: ClaimedLog) -> None:
    await log.open("e1")
    assert await log.publish(renewed(feedback(1), Times(NOW_MS)), expected=LogState("e1", 0))
    assert await log.read_state() == LogState("e1", 1, 1, Times(NOW_MS), leverage_caps=())


def test_the_fields_of_a_pulse_are_those_of_the_state() -> None:
    replies = {"epoch": b"e1", "revision": b"7", "epoch_start": b"2", "oldest_revision": b"3", "computed_at_ms": b"1"}
    read = LogState.from_replies([replies.get(name) for name in STATE_FIELDS])
    assert read == LogState("e1", 7, 3, Times(1), epoch_start=2)


async def test_a_new_epoch_goes_on_above_what_was_said(log: ClaimedLog) -> None:
    assert await log.open("e1", above=7) == LogState("e1", 7, epoch_start=8)
    assert await log.publish(feedback(8), expected=LogState("e1", 7))
    assert await log.open("e2", above=99) == LogState("e1", 8, 8, feedback(8).times, epoch_start=8, leverage_caps=())

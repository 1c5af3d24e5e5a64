"""History that Redis has lost: whatever is lost, no epoch and revision ever stand for two different feedbacks."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from claimed import ClaimedPublisher
from redis_contents import Contents, contents_of, put_back
from server.revisions.historian import Historian

from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.feedback_publisher import Publication
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")


def places(*publications: Publication) -> list[tuple[str, int]]:
    return [(one.feedback.epoch, one.feedback.revision) for one in publications]


async def test_everything_deleted(historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis) -> None:
    before = [await historian.say(publisher, label) for label in "abc"]
    redis_client.flushall()
    after = await historian.say(publisher, "c")
    assert after.is_new
    assert after.feedback.epoch != before[-1].feedback.epoch
    assert after.feedback.revision > before[-1].feedback.revision


async def test_the_state_deleted(historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis) -> None:
    before = [await historian.say(publisher, label) for label in "abc"]
    redis_client.delete(KEYS.state)
    after = await historian.say(publisher, "c")
    assert after.is_new
    assert after.feedback.epoch != before[-1].feedback.epoch
    assert after.feedback.revision == 4


@pytest.mark.parametrize("empty", [True, False])
async def test_the_log_deleted_or_emptied(
    empty: bool, historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    if empty:
        redis_client.xtrim(KEYS.log, maxlen=0, approximate=False)
    else:
        redis_client.delete(KEYS.log)
    assert (await historian.say(publisher, "d")).feedback.revision == 4
    assert (await historian.say(ClaimedPublisher(historian.log), "e")).feedback.revision == 5


async def test_the_log_emptied_and_the_state_deleted(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    redis_client.xtrim(KEYS.log, maxlen=0, approximate=False)
    redis_client.delete(KEYS.state)
    restarted = ClaimedPublisher(historian.log)
    assert (await historian.say(restarted, "d")).feedback.revision == 4


@pytest.mark.parametrize("said_again", ["a", "b", "c", "new"])
async def test_a_failover_that_lost_the_newest_revisions(
    said_again: str, historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    """Also where the advice is the one that the log has gone back to: its later revisions were said all the same."""
    first = await historian.say(publisher, "a")
    replicated = contents_of(redis_client)
    for label in "bc":
        await historian.say(publisher, label)
    put_back(redis_client, replicated)
    after = await historian.say(publisher, said_again)
    assert after.is_new
    assert after.feedback.epoch != first.feedback.epoch
    assert after.feedback.revision > 3
    for label in "xyz":
        assert (await historian.say(publisher, label)).feedback.epoch == after.feedback.epoch


async def test_a_failover_to_before_the_first_revision(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    await publisher.open()
    replicated = contents_of(redis_client)
    before = await historian.say(publisher, "a")
    put_back(redis_client, replicated)
    after = await historian.say(publisher, "b")
    assert after.feedback.epoch != before.feedback.epoch
    assert after.feedback.revision > 1


async def test_a_log_that_is_set_back_to_an_epoch_that_was_left(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    """Two data sets that take turns in one process, as with SWAPDB: neither goes on from what was said since."""
    before = [await historian.say(publisher, label) for label in "ab"]
    aside = contents_of(redis_client)
    redis_client.flushall()
    between = await historian.say(publisher, "c")
    swapped = contents_of(redis_client)
    said = [*before, between]
    for contents, label in ((aside, "b"), (swapped, "c"), (aside, "b")):
        put_back(redis_client, contents)
        said.append(await historian.say(publisher, label))
        assert said[-1].is_new
    assert len({one.feedback.epoch for one in said}) == 5
    revisions = [one.feedback.revision for one in said]
    assert revisions == sorted(set(revisions)), "revisions go on above everything that was ever said"


async def test_a_data_set_of_another_time_is_another_history(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    """Its epoch was never heard of, and it began where others had gone on from."""
    await historian.say(ClaimedPublisher(historian.log), "elsewhere")
    elsewhere = contents_of(redis_client)
    redis_client.flushall()
    before = [await historian.say(publisher, label) for label in "abc"]
    put_back(redis_client, elsewhere)
    after = await historian.say(publisher, "elsewhere")
    assert after.is_new
    assert after.feedback.revision > before[-1].feedback.revision


@pytest.mark.parametrize("field", ["epoch", "revision"])
async def test_a_state_that_somebody_else_wrote_is_another_history(
    field: str, historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    before = await historian.say(publisher, "a")
    redis_client.hset(KEYS.state, field, "999")
    after = await historian.say(publisher, "a")
    assert after.is_new
    assert after.feedback.epoch not in (before.feedback.epoch, "999")


@pytest.mark.parametrize("said_again", ["a", "b"])
async def test_an_entry_that_was_put_in_the_place_of_the_newest_one(
    said_again: str, historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    """The same id and the same place, and another document."""
    before = (await historian.say(publisher, "a")).feedback
    forged = replace(before, advice=replace(before.advice, leverage_hint=2.0))
    redis_client.delete(KEYS.log)
    fields = {"revision": "1", "epoch": before.epoch, "feedback": encode_feedback(forged)}
    redis_client.xadd(KEYS.log, dict(fields.items()), id="1-0")
    assert (await historian.say(publisher, said_again)).feedback.epoch != before.epoch


@pytest.mark.parametrize("entry_id", ["2-0", "1-5", "999-0", "*", f"{2**63}-0", f"{2**64 - 1}-{2**64 - 1}"])
@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_stray_entry_stops_nothing(
    entry_id: str, is_deleted: bool, historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    before = (await historian.say(publisher, "a")).feedback
    stray: Any = redis_client.xadd(KEYS.log, {"feedback": encode_feedback(before)}, id=entry_id)
    if is_deleted:
        redis_client.xdel(KEYS.log, stray)
    after = await historian.say(publisher, "a")
    assert after.is_new
    assert (await historian.say(publisher, "b")).feedback.revision == after.feedback.revision + 1
    assert after.feedback.epoch != before.epoch


async def test_a_failover_that_only_lost_a_confirmation_changes_nothing(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    before = await historian.say(publisher, "a")
    replicated = contents_of(redis_client)
    await historian.say(publisher, "a")
    put_back(redis_client, replicated)
    assert places(await historian.say(publisher, "a")) == places(before)


async def test_one_failover_after_another(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    """Each time the log goes back to the same old place, and goes on from it under another name."""
    await historian.say(publisher, "a")
    replicated = contents_of(redis_client)
    epochs = set()
    for round_number in range(4):
        for label in "bcd":
            epochs.add((await historian.say(publisher, f"{label}{round_number}")).feedback.epoch)
        put_back(redis_client, replicated)
    assert len(epochs) == 4


async def test_what_another_publisher_said_is_not_said_again_in_other_words(
    historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis
) -> None:
    other = ClaimedPublisher(historian.log)
    await historian.say(publisher, "a")
    replicated = contents_of(redis_client)
    await historian.say(other, "b")
    assert (await publisher.open()).revision == 2
    put_back(redis_client, replicated)
    await historian.say(publisher, "c")


@pytest.mark.parametrize("seed", range(40))
async def test_random_losses(seed: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    """One publisher, and every kind of loss at every moment."""
    random = Random(seed)
    historian = Historian(async_client)
    publisher = ClaimedPublisher(historian.log)
    saved: list[Contents] = []
    revision = 0
    for step in range(80):
        match random.choice(["say", "say", "repeat", "repeat", "save", "put back", "flush", "state", "log", "trim"]):
            case "say":
                revision = (await historian.say(publisher, f"{seed}/{step}")).feedback.revision
            case "repeat":
                await historian.say(publisher, random.choice("ab"))
            case "save":
                saved.append(contents_of(redis_client))
            case "put back" if saved:
                put_back(redis_client, random.choice(saved))
            case "flush" if random.random() < 0.3:
                redis_client.flushall()
            case "state":
                redis_client.delete(KEYS.state)
            case "log":
                redis_client.delete(KEYS.log)
            case "trim":
                redis_client.xtrim(KEYS.log, maxlen=1, approximate=False)
            case _:
                pass
    assert revision > 0

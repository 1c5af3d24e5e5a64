"""FeedbackPublisher on a real Redis: what is a revision, and where the log stands."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher, claim_on, lease_of, said_in
from patient_redis import patient
from redis_events import subscribed
from server.revisions.said_advice import place, say, times

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.feedback_json import decode_feedback
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import (
    FeedbackPublisher,
)
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import HIGHEST_OPENED, LogState

KEYS = LogKeys.under("quantum")


@pytest.fixture
async def log(async_client: redis.asyncio.Redis) -> ClaimedLog:
    return ClaimedLog(async_client, "quantum", retained_revisions=100)


@pytest.fixture
def publisher(log: ClaimedLog) -> ClaimedPublisher:
    return ClaimedPublisher(log, mint=epochs())


def epochs() -> Callable[[], str]:
    """Mints e1, e2 and so on."""
    numbers = count(1)
    return lambda: f"e{next(numbers)}"


async def test_each_change_is_the_next_revision(publisher: ClaimedPublisher, log: ClaimedLog) -> None:
    for revision, label in enumerate("abcab", 1):
        assert place(await say(publisher, label)) == ("e1", revision, True)
    logged = await log.read_after(0, 10)
    assert [said.revision for said in logged] == [1, 2, 3, 4, 5]
    assert [said.advice.current_regime for said in logged] == list("abcab")
    assert all(said.status is FeedbackStatus.ACTIVE for said in logged)


async def test_the_same_advice_is_confirmed(
    publisher: ClaimedPublisher, log: ClaimedLog, redis_client: redis.Redis
) -> None:
    await say(publisher, "a")
    publication = await say(publisher, "a", NOW_MS + 60_000)
    assert place(publication) == ("e1", 1, False)
    assert publication.feedback.times == times(NOW_MS + 60_000)
    state = await log.read_state()
    assert state is not None
    assert state.times == times(NOW_MS + 60_000)
    stored: Any = redis_client.get(KEYS.feedback)
    assert decode_feedback(stored) == publication.feedback
    assert [said.times for said in await log.read_after(0, 10)] == [times()]


async def test_an_advice_that_has_lapsed_is_a_new_revision_when_it_is_said_again(publisher: ClaimedPublisher) -> None:
    await say(publisher, "a")
    valid_until_ms = times().valid_until_ms
    assert valid_until_ms is not None
    assert place(await say(publisher, "a", valid_until_ms)) == ("e1", 1, False)
    assert place(await say(publisher, "a", valid_until_ms + 180_001)) == ("e1", 2, True)


async def test_an_advice_is_confirmed_for_as_long_as_three_of_the_longest_intervals(
    publisher: ClaimedPublisher, log: ClaimedLog
) -> None:
    day_ms = 86_400_000
    for days, writer in enumerate((publisher, publisher, ClaimedPublisher(log))):
        now_ms = NOW_MS + days * day_ms
        said = await writer.publish(advice("a"), times(now_ms, 3 * day_ms), now_ms)
        assert place(said) == ("e1", 1, days == 0)
        assert (await ClaimedPublisher(log).open()).times == said.feedback.times


async def test_it_has_lapsed_for_a_publisher_that_was_started_since(
    publisher: ClaimedPublisher, log: ClaimedLog
) -> None:
    await say(publisher, "a")
    assert place(await say(ClaimedPublisher(log), "a", NOW_MS + 180_001)) == ("e1", 2, True)


async def test_a_restart_goes_on_where_the_log_stands(publisher: ClaimedPublisher, log: ClaimedLog) -> None:
    await say(publisher, "a")
    await say(publisher, "b")
    restarted = ClaimedPublisher(log)
    assert (await restarted.open()).revision == 2
    assert place(await say(restarted, "b")) == ("e1", 2, False)
    assert place(await say(ClaimedPublisher(log), "c")) == ("e1", 3, True)


async def test_two_servers_take_turns(log: ClaimedLog, async_client: redis.asyncio.Redis) -> None:
    servers = [(FeedbackPublisher(log.log), lease_of(async_client, holder)) for holder in ("one", "other")]
    said = []
    for (publisher, lease), label in zip(servers * 3, "abcdef", strict=True):
        claim = await lease.take()
        assert isinstance(claim, Claim)
        said.append(place(await publisher.publish(claim, advice(label), times(), NOW_MS)))
        await lease.release(claim)
    assert said == [(said[0][0], revision, True) for revision in range(1, 7)]
    assert [said.advice.current_regime for said in await log.read_after(0, 10)] == list("abcdef")


async def test_two_publishers_that_agree_confirm_each_other(publisher: ClaimedPublisher, log: ClaimedLog) -> None:
    other = ClaimedPublisher(log)
    await say(publisher, "a")
    assert place(await say(other, "a")) == ("e1", 1, False)
    assert place(await say(publisher, "a")) == ("e1", 1, False)


async def test_what_is_to_be_a_new_revision_is_told_while_it_is_written(async_client: redis.asyncio.Redis) -> None:
    told: list[Feedback] = []
    publisher, claim = (
        FeedbackPublisher(ClaimedLog(async_client).log, expecting=told.append),
        await claim_on(async_client),
    )
    first = await publisher.publish(claim, advice("a"), times(), NOW_MS)
    await publisher.publish(claim, advice("a"), times(NOW_MS + 1), NOW_MS + 1)
    assert len(told) == 1
    assert told[0] is first.feedback, "its message is kept by its identity"


async def test_opening_writes_no_feedback(publisher: ClaimedPublisher, redis_client: redis.Redis) -> None:
    assert await publisher.open() == LogState("e1", 0)
    assert await publisher.open() == LogState("e1", 0)
    assert list(said_in(redis_client)) == [KEYS.state.encode()]


async def test_opening_makes_an_epoch_again_after_everything_was_deleted(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await say(publisher, "a")
    redis_client.flushall()
    await publisher.open()
    state = await log.read_state()
    assert state is not None
    assert state.epoch not in ("", "e1")


async def test_a_newest_entry_that_cannot_be_read_is_followed_by_a_new_revision(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await say(publisher, "a")
    redis_client.xdel(KEYS.log, "1-0")
    assert place(await say(ClaimedPublisher(log), "a")) == ("e1", 2, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("computed_at_ms", "nan"),
        ("data_as_of_ms", "-" + "9" * 20),
        ("valid_until_ms", "x"),
        ("valid_until_ms", str(NOW_MS + 2**40)),
        ("oldest_revision", "\x1b[2J"),
    ],
)
async def test_whoever_opens_a_log_whose_state_another_program_spoilt_goes_on_from_it(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog, field: str, value: str
) -> None:
    await say(publisher, "a")
    redis_client.hset(KEYS.state, field, value)
    assert place(await say(ClaimedPublisher(log), "b")) == ("e1", 2, True)


@pytest.mark.parametrize(
    "revision",
    [
        *("007", "00"),
        *("4503599627370497", "9007199254740989", "9007199254740990", "9007199254740991", "9007199254740993"),
        "18446744073709551615",
    ],
)
async def test_a_revision_that_no_script_writes_is_none_and_another_epoch_begins(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog, revision: str
) -> None:
    await say(publisher, "a")
    redis_client.hset(KEYS.state, "revision", revision)
    epoch, number, _ = place(await say(ClaimedPublisher(log), "b"))
    assert epoch != "e1"
    assert (await log.snapshot(10)).recent[-1].revision == number == 2


@pytest.mark.parametrize("start", ["1", "9007199254740990"])
async def test_nobody_goes_on_above_a_revision_that_leaves_no_room_also_once_it_was_read(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog, start: str
) -> None:
    """Numbers from there on are counted exactly neither by Redis nor by whoever reads them as JSON."""
    await say(publisher, "a")
    forged = 2**53 - 2
    redis_client.xadd(KEYS.log, {"revision": forged, "epoch": "e1", "feedback": "{}"}, id=f"{forged}-0")
    redis_client.hset(KEYS.state, mapping={"revision": forged, "epoch_start": start})
    history = KnownHistory()
    history.observe("e1", forged)
    another = ClaimedPublisher(log, known_history=lambda: history)
    said = [place(await say(another, label)) for label in "bcc"]
    assert [(epoch != "e1", revision, is_new) for epoch, revision, is_new in said] == [
        (True, 1, True),
        (True, 2, True),
        (True, 2, False),
    ]
    assert "feedback_log_lost" in another.problems.standing
    assert place(await say(ClaimedPublisher(log), "d"))[1] == 3


async def test_the_highest_revision_that_a_log_is_opened_at_leaves_room_for_as_many_again(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await say(publisher, "a")
    redis_client.hset(KEYS.state, "revision", HIGHEST_OPENED)
    another = ClaimedPublisher(log)
    assert [place(await say(another, label))[:2] for label in "bc"] == [
        ("e1", HIGHEST_OPENED + 1),
        ("e1", HIGHEST_OPENED + 2),
    ]
    assert (await log.snapshot(10)).recent[-1].revision == HIGHEST_OPENED + 2
    # Whoever opens it now finds it beyond that.
    epoch, revision, _ = place(await say(ClaimedPublisher(log), "d"))
    assert (epoch != "e1", revision) == (True, 1)


async def test_a_confirmation_is_of_an_entry_that_the_log_still_holds(
    publisher: ClaimedPublisher, redis_client: redis.Redis, log: ClaimedLog
) -> None:
    """Otherwise a server that starts afterwards would find no feedback until the advice changes."""
    await say(publisher, "a")
    redis_client.delete(KEYS.log)
    assert place(await say(publisher, "a")) == ("e1", 2, True)
    assert [said.revision for said in (await log.snapshot(10)).recent] == [2]


async def test_a_user_who_may_not_use_the_channel_still_publishes(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    redis_client.acl_setuser(
        "mute",
        enabled=True,
        passwords=["+pass"],
        commands=["+@all"],
        keys=["quantum:*"],
        reset=True,
        reset_channels=True,
    )
    url = redis_server.url.replace("redis://", "redis://mute:pass@")
    problems = Problems()
    async with connect(patient(url)) as client:
        log = FeedbackLog(client, "quantum", 100, problems)
        publisher = ClaimedPublisher(ClaimedLog(client, log=log))
        for revision in (1, 2):
            publication = await say(publisher, revision)
            assert (publication.feedback.revision, publication.is_new) == (revision, True)
    assert list(problems.standing) == ["events_not_sent"]
    FeedbackPublisher(log).stand_by()
    assert list(problems.standing) == [], "whoever leads by now finds out whether it is mended"
    redis_client.acl_deluser("mute")
    shown = capsys.readouterr().out
    assert "quantum:events:strategic_feedback" in shown
    assert shown.count("Feedback event not sent") == 1, "not with each revision: it may stay so for a year"


async def test_events_are_sent_for_revisions_alone(publisher: ClaimedPublisher, redis_client: redis.Redis) -> None:
    with subscribed(redis_client, KEYS.events) as events:
        await say(publisher, "a")
        assert events.next()["revision"] == 1
        await say(publisher, "a")
        assert events.none_has_arrived()
        await say(publisher, "b")
        assert events.next()["revision"] == 2

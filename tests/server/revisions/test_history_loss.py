"""History that Redis has lost: whatever is lost, no epoch and revision ever stand for two different feedbacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher
from redis_contents import Contents, contents_of, put_back

from strategic_memory_server.advice.feedback import Advice, Times
from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import Publication
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_opening import LogOpening

KEYS = LogKeys.under("quantum")
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)


class Historian:
    """Publishes, and holds every place in the history to one advice for ever."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.log = ClaimedLog(client, "quantum", 100)
        self.said: dict[tuple[str, int], Advice] = {}

    async def say(self, publisher: ClaimedPublisher, label: object) -> Publication:
        publication = await publisher.publish(advice(label), TIMES, NOW_MS)
        found = publication.feedback
        assert self.said.setdefault((found.epoch, found.revision), found.advice) == found.advice
        state = await self.log.read_state()
        assert state is not None
        assert (state.epoch, state.revision) == (found.epoch, found.revision)
        assert (await self.log.snapshot(1)).recent[-1].advice == advice(label)
        return publication


@pytest.fixture
async def historian(async_client: redis.asyncio.Redis) -> Historian:
    return Historian(async_client)


@pytest.fixture
def publisher(historian: Historian) -> ClaimedPublisher:
    return ClaimedPublisher(historian.log)


def places(*publications: Publication) -> list[tuple[str, int]]:
    return [(one.feedback.epoch, one.feedback.revision) for one in publications]


async def test_everything_deleted(historian: Historian, publisher: ClaimedPublisher, redis_client: redis.Redis) -> None:
    before = [await historian.say(publisher, label) for label in "abc"]
    redis_client.flushall()
    after = await historian.say(publisher, "c")
    assert after.is_new
    assert after.feedback.epoch != before[-1].feedback.epoch
    assert after.feedback.revision > before[-1].feedback.revision


@pytest.mark.parametrize(
    ("happens", "problem"),
    [
        (lambda client: client.flushall(), "feedback_log_lost"),
        (lambda client: client.delete(KEYS.state), "feedback_log_lost"),
        (lambda client: client.delete(KEYS.log), "feedback_log_entries_lost"),
        (lambda client: client.xadd(KEYS.log, {"by": "hand"}, id="9-0"), "feedback_log_foreign"),
        (lambda client: client.hset(KEYS.state, "epoch", "another"), "feedback_log_replaced"),
    ],
)
async def test_what_is_lost_or_written_by_others_is_told(
    historian: Historian,
    publisher: ClaimedPublisher,
    redis_client: redis.Redis,
    happens: Callable[[redis.Redis], object],
    problem: str,
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    assert list(publisher.problems.standing) == []
    happens(redis_client)
    await historian.say(publisher, "d")
    assert list(publisher.problems.standing) == [problem]


@pytest.mark.parametrize(
    ("happens", "problem"),
    [
        (lambda client: client.flushall(), "feedback_log_lost"),
        (lambda client: client.xadd(KEYS.log, {"by": "hand"}, id="9-0"), "feedback_log_foreign"),
        (lambda client: client.hset(KEYS.state, "epoch", "another"), "feedback_log_replaced"),
    ],
)
async def test_it_is_told_also_where_the_answer_is_lost_that_another_epoch_was_begun(
    historian: Historian,
    publisher: ClaimedPublisher,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[redis.Redis], object],
    problem: str,
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    happens(redis_client)
    opens = FeedbackLog.open

    async def unanswered(*given: object, **more: object) -> LogOpening:
        if (opening := await opens(*given, **more)).begun:  # type: ignore[arg-type]
            raise ConnectionResetError
        return opening

    monkeypatch.setattr(FeedbackLog, "open", unanswered)
    with pytest.raises(ConnectionResetError):
        await historian.say(publisher, "d")
    begun = redis_client.hget(KEYS.state, "epoch")
    monkeypatch.setattr(FeedbackLog, "open", opens)
    await historian.say(publisher, "d")
    assert list(publisher.problems.standing) == [problem]
    assert redis_client.hget(KEYS.state, "epoch") == begun
    redis_client.hset(KEYS.state, "begun", "by another program")
    await historian.say(ClaimedPublisher(historian.log), "e")


async def test_who_leads_again_in_an_epoch_whose_beginning_got_no_answer_tells_of_no_loss(
    historian: Historian, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one has led meanwhile, and said something in it."""
    heard, opens = KnownHistory(), FeedbackLog.open
    publisher = ClaimedPublisher(historian.log, known_history=lambda: heard)

    async def unanswered(*given: object, **more: object) -> LogOpening:
        await opens(*given, **more)  # type: ignore[arg-type]
        raise ConnectionResetError

    monkeypatch.setattr(FeedbackLog, "open", unanswered)
    with pytest.raises(ConnectionResetError):
        await historian.say(publisher, "a")
    monkeypatch.setattr(FeedbackLog, "open", opens)
    others = [await historian.say(ClaimedPublisher(historian.log), label) for label in "abc"]
    heard.observe(others[-1].feedback.epoch, others[-1].feedback.revision)
    again = await historian.say(publisher, "d")
    assert (again.feedback.epoch, again.feedback.revision) == (others[-1].feedback.epoch, 4)
    assert not publisher.problems.standing


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

"""What is told of history that Redis has lost, or that others have written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from claimed import ClaimedPublisher
from server.revisions.historian import Historian

from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_opening import LogOpening

KEYS = LogKeys.under("quantum")

Happens = Callable[[redis.Redis], object]
BEGINS_ANOTHER: list[tuple[Happens, str]] = [
    (lambda client: client.flushall(), "feedback_log_lost"),
    (lambda client: client.delete(KEYS.state), "feedback_log_lost"),
    (lambda client: client.xadd(KEYS.log, {"by": "hand"}, id="9-0"), "feedback_log_foreign"),
    (lambda client: client.hset(KEYS.state, "epoch", "another"), "feedback_log_replaced"),
]
GOES_ON: list[tuple[Happens, str]] = [(lambda client: client.delete(KEYS.log), "feedback_log_entries_lost")]


@contextmanager
def beginnings_get_no_answer() -> Iterator[None]:
    """Within this context whoever begins an epoch is not told so."""
    opens = FeedbackLog.open

    async def unanswered(*given: object, **more: object) -> LogOpening:
        if (opening := await opens(*given, **more)).begun:  # type: ignore[arg-type]
            raise ConnectionResetError
        return opening

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeedbackLog, "open", unanswered)
        yield


@pytest.mark.parametrize(("happens", "problem"), BEGINS_ANOTHER + GOES_ON)
async def test_what_is_lost_or_written_by_others_is_told(
    historian: Historian,
    publisher: ClaimedPublisher,
    redis_client: redis.Redis,
    happens: Happens,
    problem: str,
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    assert list(publisher.problems.standing) == []
    happens(redis_client)
    await historian.say(publisher, "d")
    assert list(publisher.problems.standing) == [problem]


@pytest.mark.parametrize(("happens", "problem"), BEGINS_ANOTHER)
async def test_it_is_told_also_where_the_answer_is_lost_that_another_epoch_was_begun(
    historian: Historian,
    publisher: ClaimedPublisher,
    redis_client: redis.Redis,
    happens: Happens,
    problem: str,
) -> None:
    for label in "abc":
        await historian.say(publisher, label)
    happens(redis_client)
    with beginnings_get_no_answer(), pytest.raises(ConnectionResetError):
        await historian.say(publisher, "d")
    begun = redis_client.hget(KEYS.state, "epoch")
    await historian.say(publisher, "d")
    assert list(publisher.problems.standing) == [problem]
    assert redis_client.hget(KEYS.state, "epoch") == begun
    redis_client.hset(KEYS.state, "begun", "by another program")
    await historian.say(ClaimedPublisher(historian.log), "e")


async def test_who_leads_again_in_an_epoch_whose_beginning_got_no_answer_tells_of_no_loss(historian: Historian) -> None:
    """Another one has led meanwhile, and said something in it."""
    heard = KnownHistory()
    publisher = ClaimedPublisher(historian.log, known_history=lambda: heard)
    with beginnings_get_no_answer(), pytest.raises(ConnectionResetError):
        await historian.say(publisher, "a")
    others = [await historian.say(ClaimedPublisher(historian.log), label) for label in "abc"]
    heard.observe(others[-1].feedback.epoch, others[-1].feedback.revision)
    again = await historian.say(publisher, "d")
    assert (again.feedback.epoch, again.feedback.revision) == (others[-1].feedback.epoch, 4)
    assert not publisher.problems.standing

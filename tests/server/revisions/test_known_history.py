"""KnownHistory by hand: what goes back, what goes on, and what is another history altogether."""

from __future__ import annotations

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import claim_on, lease_of
from redis_contents import contents_of, put_back

from strategic_memory_server.advice.feedback import Feedback, Times
from strategic_memory_server.revisions import known_history
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.known_history import REMEMBERED_EPOCHS, KnownHistory
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState

TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)


def known(*heard: tuple[str, int]) -> KnownHistory:
    history = KnownHistory()
    for epoch, revision in heard:
        history.observe(epoch, revision)
    return history


@pytest.mark.parametrize(
    ("state", "goes_back", "goes_on"),
    [
        (LogState("b", 9, epoch_start=6), False, True),
        (LogState("b", 10, epoch_start=6), False, True),
        (LogState("b", 8, epoch_start=6), True, False),
        (LogState("a", 5, epoch_start=1), True, False),
        (LogState("a", 4, epoch_start=1), True, False),
        # More was said in an epoch that was left than was heard of: nothing of it is said in other words, and whoever
        # publishes does not go on from there all the same.
        (LogState("a", 6, epoch_start=1), False, False),
        (LogState("c", 9, epoch_start=10), False, True),
        # It was never heard of, and it began where others had gone on from.
        (LogState("c", 12, epoch_start=9), False, False),
    ],
)
def test_what_redis_holds_is_held_against_what_was_said(state: LogState, goes_back: bool, goes_on: bool) -> None:
    history = known(("a", 5), ("b", 9))
    assert (history.goes_back(state), history.goes_on(state)) == (goes_back, goes_on)


def test_what_was_disowned_goes_back_for_ever_also_where_it_is_learnt() -> None:
    heard = known(("a", 5))
    heard.disown("a")
    history = KnownHistory()
    history.merge(heard)
    assert history.highest == 5
    assert history.goes_back(LogState("a", 6))
    assert not history.goes_back(LogState("b", 6, epoch_start=6))


def test_old_epochs_are_forgotten_and_the_highest_revision_is_not() -> None:
    history = known(*((f"e{number}", number) for number in range(REMEMBERED_EPOCHS + 5)))
    assert "e4" not in history
    assert "e5" in history
    history.observe("low", 1)
    assert history.highest == REMEMBERED_EPOCHS + 4


def test_what_was_forgotten_is_not_learnt_again_from_who_still_knows_it() -> None:
    """Whoever publishes hears of its own epochs from the log a moment later, for as long as the process runs."""
    said, heard = KnownHistory(), KnownHistory()
    for number in range(REMEMBERED_EPOCHS + 5):
        revision, epoch = 10 * number, f"e{number}"
        said.observe(epoch, revision)
        for _ in range(2):
            said.merge(heard)
            revision += 1
            said.observe(epoch, revision)
        said.merge(heard)
        state = LogState(epoch, revision, epoch_start=10 * number + 1)
        assert (said.goes_back(state), said.goes_on(state)) == (False, True), epoch
        heard.observe(epoch, revision)
    assert "e4" not in said


def test_what_another_server_has_said_is_learnt_however_many_epochs_are_known() -> None:
    history = known(*((f"e{number}", number) for number in range(REMEMBERED_EPOCHS + 5)))
    history.merge(known(("e9", 9), ("of another", REMEMBERED_EPOCHS + 5), ("e10", REMEMBERED_EPOCHS + 6)))
    assert history.highest == history.newest_of("e10") == REMEMBERED_EPOCHS + 6
    assert history.goes_back(LogState("of another", REMEMBERED_EPOCHS + 4))


async def test_after_more_epochs_than_are_remembered_another_one_begins_only_where_it_has_to(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes to the log again and again, and each time another epoch begins; then it is stopped."""
    monkeypatch.setattr(known_history, "REMEMBERED_EPOCHS", 8)
    heard, epochs = KnownHistory(), dict[str, int]()
    publisher = FeedbackPublisher(FeedbackLog(async_client, "quantum", 100), known_history=lambda: heard)

    async def say(label: int) -> Feedback:
        claim = await claim_on(async_client)
        return (await publisher.publish(claim, advice(label), TIMES, NOW_MS)).feedback

    for number in range(20):
        await say(2 * number)
        said = await say(2 * number + 1)
        epochs[said.epoch] = said.revision
        heard.observe(said.epoch, said.revision)
        redis_client.xadd(LogKeys.under("quantum").log, {"by": "hand"}, id=f"{said.revision + 5}-0")
    assert len(epochs) == 20
    last = await say(40)
    for label in (41, 42):
        await publisher.withdraw(await claim_on(async_client), NOW_MS)
        assert (await say(label)).epoch == last.epoch


UNHEARD = "an earlier epoch, in which more was said than was heard of"


@pytest.mark.parametrize(
    "set_back_to", ["earlier in its epoch", "an earlier epoch", UNHEARD, "a data set of another time"]
)
async def test_a_set_back_is_seen_under_a_new_claim_too(
    set_back_to: str, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """The lease went with the data set: whoever leads then knows by what it has said or read before."""
    log = FeedbackLog(async_client, "quantum", 100)
    publisher = FeedbackPublisher(log)
    said: list[Feedback] = []

    async def say(label: str, with_: FeedbackPublisher = publisher) -> None:
        claim = await lease_of(async_client, f"holder of {label}").take(len(said))
        assert isinstance(claim, Claim)
        said.append((await with_.publish(claim, advice(label), TIMES, NOW_MS)).feedback)
        redis_client.delete("quantum:feedback:strategic_memory:lease")

    if set_back_to == "a data set of another time":
        await say("elsewhere", FeedbackPublisher(log))
        said.clear()
    else:
        await say("a")
    if set_back_to == UNHEARD:
        await say("elsewhere", FeedbackPublisher(log))
    aside = contents_of(redis_client)
    if set_back_to != "earlier in its epoch":
        redis_client.flushall()
    for label in "bcd":
        await say(label)
    put_back(redis_client, aside)
    redis_client.hdel("quantum:feedback:strategic_memory:state", "fencing_token")
    await say("a")
    assert said[-1].epoch not in {one.epoch for one in said[:-1]}
    assert said[-1].revision == said[-2].revision + 1

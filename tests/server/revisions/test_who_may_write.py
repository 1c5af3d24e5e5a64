"""Who may write to the log: under an old claim nothing is written, whatever the claim's holder believes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice, feedback
from claimed import KEYS, claim_on, lease_of
from redis_contents import contents_of

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.write_arguments import DeposedError

Redis = redis.asyncio.Redis
FIRST = LogState("e1", 1, 1, feedback(1).times)
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)

WRITES: dict[str, Callable[[FeedbackLog, Claim], Awaitable[object]]] = {
    "open": lambda log, claim: log.open(claim, "e9"),
    "publish": lambda log, claim: log.publish(claim, feedback(2), FIRST),
    "confirm": lambda log, claim: log.confirm(claim, feedback(1), FIRST),
    "withdraw": lambda log, claim: log.withdraw(claim, feedback(1), FIRST),
}


@pytest.fixture
def log(async_client: Redis) -> FeedbackLog:
    return FeedbackLog(async_client, "quantum", retained_revisions=100)


@pytest.fixture
async def claim(async_client: Redis, log: FeedbackLog) -> Claim:
    """A claim under which the log was opened and one revision written."""
    claim = await claim_on(async_client)
    await log.open(claim, "e1")
    assert await log.publish(claim, feedback(1), expected=LogState("e1", 0))
    return claim


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("lost", ["ended", "taken over", "another type"])
async def test_nothing_is_written_under_a_lost_claim(
    write: Callable[[FeedbackLog, Claim], Awaitable[object]],
    lost: str,
    log: FeedbackLog,
    claim: Claim,
    async_client: Redis,
    redis_client: redis.Redis,
) -> None:
    redis_client.delete(KEYS.lease)
    if lost == "taken over":
        await lease_of(async_client, "other").take()
    if lost == "another type":
        redis_client.rpush(KEYS.lease, "text")
    before = contents_of(redis_client)
    with pytest.raises(DeposedError, match="2 other" if lost == "taken over" else None):
        await write(log, claim)
    assert contents_of(redis_client) == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_an_older_token_is_refused_even_where_redis_has_lost_the_newer_lease(
    write: Callable[[FeedbackLog, Claim], Awaitable[object]],
    log: FeedbackLog,
    claim: Claim,
    redis_client: redis.Redis,
) -> None:
    redis_client.hset(KEYS.state, "fencing_token", claim.fencing_token + 1)
    before = contents_of(redis_client)
    with pytest.raises(DeposedError):
        await write(log, claim)
    assert contents_of(redis_client) == before


async def test_a_publisher_that_was_deposed_and_leads_again_learns_what_was_said_since(
    log: FeedbackLog, async_client: Redis, redis_client: redis.Redis
) -> None:
    first, second = FeedbackPublisher(log), FeedbackPublisher(log)
    claims = [await claim_on(async_client)]
    await first.publish(claims[0], advice("a"), TIMES, NOW_MS)
    for publisher, label, holder in ((second, "b", "b"), (first, "c", "tests")):
        redis_client.delete(KEYS.lease)
        taken = await lease_of(async_client, holder).take()
        assert isinstance(taken, Claim)
        claims.append(taken)
        await publisher.publish(taken, advice(label), TIMES, NOW_MS)
    assert [said.advice.current_regime for said in await log.read_after(0, 10)] == list("abc")
    assert [one.fencing_token for one in claims] == [1, 2, 3]


def restarted(claim: Claim) -> Claim:
    """The claim as another Redis process grants it."""
    return replace(claim, run_id="f" * 40)


async def test_after_a_restart_of_redis_the_one_that_said_it_goes_on(log: FeedbackLog, async_client: Redis) -> None:
    claim, publisher = await claim_on(async_client), FeedbackPublisher(log)
    before = await publisher.publish(claim, advice("a"), TIMES, NOW_MS)
    after = await publisher.publish(restarted(claim), advice("b"), TIMES, NOW_MS)
    assert (after.feedback.epoch, after.feedback.revision) == (before.feedback.epoch, 2)


async def test_after_a_restart_of_redis_nobody_else_vouches_for_what_was_said(
    log: FeedbackLog, async_client: Redis, redis_client: redis.Redis
) -> None:
    """The server has gone with Redis, which may have come back without its newest revisions."""
    claim = await claim_on(async_client)
    before = await FeedbackPublisher(log).publish(claim, advice("a"), TIMES, NOW_MS)
    newcomer = FeedbackPublisher(log)
    state = await newcomer.open(restarted(claim))
    assert state.epoch != before.feedback.epoch
    assert redis_client.get(KEYS.feedback) is None
    after = await newcomer.publish(restarted(claim), advice("a"), TIMES, NOW_MS)
    assert (after.feedback.epoch, after.feedback.revision, after.is_new) == (state.epoch, 2, True)
    again = await FeedbackPublisher(log).publish(restarted(claim), advice("b"), TIMES, NOW_MS)
    assert (again.feedback.epoch, again.feedback.revision) == (state.epoch, 3)


@pytest.mark.parametrize("known", [True, False])
async def test_without_a_run_id_a_restart_cannot_be_seen(log: FeedbackLog, async_client: Redis, known: bool) -> None:
    claim = await claim_on(async_client)
    before = await FeedbackPublisher(log).publish(claim, advice("a"), TIMES, NOW_MS)
    state = await FeedbackPublisher(log).open(replace(claim, run_id=claim.run_id if known else ""))
    assert state.epoch == before.feedback.epoch


async def test_what_was_read_from_the_log_is_not_said_again_in_other_words(
    log: FeedbackLog, async_client: Redis, redis_client: redis.Redis
) -> None:
    """Another server said it, this one read it, and Redis has lost it since."""
    claim = await claim_on(async_client)
    heard = KnownHistory()
    publisher = FeedbackPublisher(log, known_history=lambda: heard)
    first = await publisher.publish(claim, advice("a"), TIMES, NOW_MS)
    heard.observe(first.feedback.epoch, 5)
    await publisher.open(claim)
    after = await publisher.publish(claim, advice("b"), TIMES, NOW_MS)
    assert after.feedback.epoch != first.feedback.epoch
    assert after.feedback.revision > 5
    assert redis_client.exists(KEYS.log)


async def test_a_withdrawn_feedback_leaves_no_key_and_the_same_advice_is_a_new_revision(
    log: FeedbackLog, async_client: Redis, redis_client: redis.Redis
) -> None:
    claim, publisher = await claim_on(async_client), FeedbackPublisher(log)
    said = await publisher.publish(claim, advice("a"), TIMES, NOW_MS)
    await publisher.withdraw(claim, NOW_MS)
    state = await log.read_state()
    assert state is not None
    assert (state.withdrawn, state.revision) == (True, said.feedback.revision)
    assert state.times.valid_until_ms == NOW_MS - 1
    assert redis_client.get(KEYS.feedback) is None
    pulses = redis_client.xlen(KEYS.pulse)
    await publisher.withdraw(claim, NOW_MS)
    assert redis_client.xlen(KEYS.pulse) == pulses, "it is withdrawn once"
    again = await publisher.publish(claim, advice("a"), TIMES, NOW_MS)
    assert (again.feedback.revision, again.is_new) == (2, True)
    state = await log.read_state()
    assert state is not None
    assert not state.withdrawn

"""Requests of a publisher that arrive when it has long made others, under a claim that still holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher, claim_on
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_contents import contents_of, put_back
from server.revisions.said_advice import place, say

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.memory.leverage_cap import LeverageCap, LeverageCaps
from strategic_memory_server.revisions.beside import NOTHING_BESIDE, Beside
from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState

KEYS = LogKeys.under("quantum")
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)
LATER = Times(NOW_MS + 5, NOW_MS + 5, NOW_MS + 180_005)


class DisturbedLog(FeedbackLog):
    """A write may be on its way for long: no answer comes, and another connection is faster."""

    is_slow = False
    on_its_way: Callable[[], Awaitable[bool]]
    """Let what was sent while it was slow arrive; tells whether it was written."""
    arrived: bool | None = None
    """Whether what arrived at a look was written; None: nothing has."""
    _arrives_at_the_next_look = False

    async def publish(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        rests_on: str = "",
    ) -> bool:
        if self.is_slow:
            self._written = encode_feedback(feedback).encode(), feedback
        return await self._send(partial(super().publish, claim, feedback, expected, beside, expecting, rests_on))

    async def confirm(
        self, claim: Claim, feedback: Feedback, expected: LogState, beside: Beside = NOTHING_BESIDE
    ) -> bool:
        return await self._send(partial(super().confirm, claim, feedback, expected, beside))

    async def withdraw(
        self, claim: Claim, feedback: Feedback, expected: LogState, beside: Beside = NOTHING_BESIDE
    ) -> bool:
        return await self._send(partial(super().withdraw, claim, feedback, expected, beside))

    async def remember(
        self, claim: Claim, caps: LeverageCaps, expected: LogState, beside: Beside = NOTHING_BESIDE
    ) -> bool:
        return await self._send(partial(super().remember, claim, caps, expected, beside))

    async def left_on_its_way(self, said: Awaitable[object]) -> None:
        """Say something of which what is written does not arrive, and of which no answer comes."""
        self.is_slow = True
        with pytest.raises(RedisTimeoutError):
            await said

    def arrives_at_the_next_look(self) -> None:
        """Let it arrive right after the next look at where the log stands."""
        self._arrives_at_the_next_look = True

    async def snapshot(self, recent: int) -> LogSnapshot:
        found = await super().snapshot(recent)
        if self._arrives_at_the_next_look:
            self._arrives_at_the_next_look = False
            self.arrived = await self.on_its_way()
        return found

    async def _send(self, write: Callable[[], Awaitable[bool]]) -> bool:
        if not self.is_slow:
            return await write()
        self.is_slow, self.on_its_way = False, write
        raise RedisTimeoutError


def disturbed(client: redis.asyncio.Redis) -> tuple[DisturbedLog, ClaimedPublisher]:
    log = DisturbedLog(client, "quantum", retained_revisions=100)
    return log, ClaimedPublisher(ClaimedLog(client, log=log))


WRITES: dict[str, Callable[[ClaimedPublisher, int], Awaitable[object]]] = {
    "a revision": lambda publisher, now_ms: say(publisher, "b", now_ms),
    "a confirmation": lambda publisher, now_ms: say(publisher, "a", now_ms),
    "a withdrawal": lambda publisher, now_ms: publisher.withdraw(now_ms),
}


@pytest.mark.parametrize("late", WRITES)
@pytest.mark.parametrize("since", WRITES)
@pytest.mark.parametrize("is_within", [True, False])
async def test_what_was_overtaken_writes_nothing(
    async_client: redis.asyncio.Redis, late: str, since: str, *, is_within: bool
) -> None:
    """It arrives once the log was opened for the next write: between that and the write, or after both."""
    log, publisher = disturbed(async_client)
    await say(publisher, "a")
    await log.left_on_its_way(WRITES[late](publisher, NOW_MS + 1_000))
    if is_within:
        log.arrives_at_the_next_look()
    await WRITES[since](publisher, NOW_MS + 4_000)
    assert (log.arrived if is_within else await log.on_its_way()) is False
    state = await log.read_state()
    assert state is not None
    ends_ms = NOW_MS + 3_999 if since == "a withdrawal" else NOW_MS + 184_000
    revisions = [1, 2] if since == "a revision" else [1]
    assert (state.times.valid_until_ms, state.withdrawn) == (ends_ms, since == "a withdrawal")
    assert [said.revision for said in await log.read_after(0, 10)] == revisions
    assert state.revision == revisions[-1]
    assert not publisher.problems.standing


async def test_a_look_that_arrives_late_brings_no_write_back(async_client: redis.asyncio.Redis) -> None:
    """What was sent twice, one of which stood still: each look leaves a mark that none has left before."""
    log, claim = FeedbackLog(async_client, "quantum", 100), await claim_on(async_client)
    await log.open(claim, "e1")
    first, _ = (await log.open(claim, "e2")).state, (await log.open(claim, "e3")).state
    await log.open(claim, "e2")
    said = Feedback(advice("a"), FeedbackStatus.ACTIVE, revision=1, epoch="e1", times=TIMES)
    assert not await log.publish(claim, said, first)


async def test_of_two_that_are_on_their_way_only_the_later_one_is_written(async_client: redis.asyncio.Redis) -> None:
    log, publisher = disturbed(async_client)
    epoch = (await say(publisher, "a")).feedback.epoch
    await log.left_on_its_way(say(publisher, "b"))
    earlier = log.on_its_way
    await log.left_on_its_way(say(publisher, "c"))
    assert not await earlier()
    assert await log.on_its_way()
    assert place(await say(publisher, "c")) == (epoch, 2, False)
    assert not publisher.problems.standing


async def test_a_revision_that_came_late_is_no_other_programs(async_client: redis.asyncio.Redis) -> None:
    """A proxy stood still with one of several connections, and the advice is by now what it was before."""
    log, publisher = disturbed(async_client)
    epoch = (await say(publisher, "a")).feedback.epoch
    await log.left_on_its_way(say(publisher, "b"))

    assert await log.on_its_way()
    assert place(await say(publisher, "a")) == (epoch, 3, True)
    assert not publisher.problems.standing
    assert [said.advice.current_regime for said in await log.read_after(0, 10)] == ["a", "b", "a"]


async def test_a_revision_that_was_sent_twice_is_no_other_programs(async_client: redis.asyncio.Redis) -> None:
    """What is between this server and Redis sends it again, and only that is answered: the log has moved."""

    class SentTwice(DisturbedLog):
        async def _send(self, write: Callable[[], Awaitable[bool]]) -> bool:
            await write()
            return await write()

    publisher = ClaimedPublisher(ClaimedLog(async_client, log=SentTwice(async_client, "quantum", 100)))
    epoch = (await say(publisher, "a")).feedback.epoch
    assert place(await say(publisher, "b")) == (epoch, 2, False)
    assert not publisher.problems.standing


async def test_another_programs_entry_in_place_of_one_that_is_on_its_way_is_found(
    async_client: redis.asyncio.Redis,
) -> None:
    log, publisher = disturbed(async_client)
    epoch = (await say(publisher, "a")).feedback.epoch
    await log.left_on_its_way(say(publisher, "b"))
    assert place(await say(publisher, "a")) == (epoch, 1, False)
    state = await log.read_state()
    assert state is not None
    other = Feedback(advice("x"), FeedbackStatus.ACTIVE, revision=2, epoch=epoch, times=LATER)
    assert await log.publish(await claim_on(async_client), other, state)
    assert (await say(publisher, "a")).feedback.epoch != epoch
    assert "feedback_log_replaced" in publisher.problems.standing


async def test_caps_that_are_written_down_late_lift_none_that_was_said_since(
    async_client: redis.asyncio.Redis,
) -> None:
    """A cap is lifted and set again while there is too little to advise upon, and then there is enough."""
    log = DisturbedLog(async_client, "quantum", retained_revisions=100)
    publisher, claim = FeedbackPublisher(log), await claim_on(async_client)
    caps = (LeverageCap("risk:leverage_limits", 1.9, NOW_MS),)
    await publisher.withdraw(claim, NOW_MS, caps)
    await log.left_on_its_way(publisher.withdraw(claim, NOW_MS))
    said = replace(advice("a"), leverage_caps=caps)
    epoch = (await publisher.publish(claim, said, TIMES, NOW_MS)).feedback.epoch
    assert not await log.on_its_way()
    state = await log.read_state()
    assert state is not None
    assert (state.epoch, state.revision, state.leverage_caps) == (epoch, 1, caps)


async def test_of_two_caps_that_are_written_down_the_later_one_holds(async_client: redis.asyncio.Redis) -> None:
    """While there is too little to advise upon: nothing else tells the two apart."""
    log = DisturbedLog(async_client, "quantum", retained_revisions=100)
    publisher, claim = FeedbackPublisher(log), await claim_on(async_client)
    await publisher.withdraw(claim, NOW_MS)
    before, later = ((LeverageCap("risk:leverage_limits", value, NOW_MS),) for value in (1.9, 0.3))
    await log.left_on_its_way(publisher.withdraw(claim, NOW_MS + 1_000, before))
    await publisher.withdraw(claim, NOW_MS + 2_000, later)
    assert not await log.on_its_way()
    state = await log.read_state()
    assert state is not None
    assert state.leverage_caps == later


async def test_what_came_late_is_not_said_over_what_is_written_down(async_client: redis.asyncio.Redis) -> None:
    log = DisturbedLog(async_client, "quantum", retained_revisions=100)
    publisher, claim = FeedbackPublisher(log), await claim_on(async_client)
    await publisher.withdraw(claim, NOW_MS)
    await log.left_on_its_way(publisher.publish(claim, advice("a"), TIMES, NOW_MS))

    log.arrives_at_the_next_look()
    caps = (LeverageCap("risk:leverage_limits", 1.9, NOW_MS),)
    await publisher.withdraw(claim, NOW_MS + 10, caps)
    assert log.arrived is False
    state = await log.read_state()
    assert state is not None
    assert (state.revision, state.leverage_caps) == (0, caps)


async def test_an_epoch_that_is_begun_late_takes_the_place_of_no_other(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Redis was set back, and what begins another epoch stands still on its way."""
    log = FeedbackLog(async_client, "quantum", retained_revisions=100)
    publisher, claim = ClaimedPublisher(ClaimedLog(async_client, log=log)), await claim_on(async_client)
    left = (await say(publisher, "a")).feedback.epoch
    before = contents_of(redis_client)
    await say(publisher, "b")
    put_back(redis_client, before)
    said = (await say(publisher, "c")).feedback
    assert said.epoch != left
    late = await log.open(claim, "late", said.revision, left, leaving=left)
    assert (late.begun, late.state.epoch, late.state.revision) == (None, said.epoch, said.revision)
    assert place(await say(publisher, "c")) == (said.epoch, said.revision, False)

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
    """Something is carried out right after the next look at where the log stands; a write may be on its way long."""

    disturb: Callable[[LogState], Awaitable[object]] | None = None
    is_slow = False
    on_its_way: Callable[[], Awaitable[bool]]
    """Let what was said while it was slow arrive; tells whether it was written."""

    async def publish(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        rests_on: str = "",
    ) -> bool:
        if not self.is_slow:
            return await super().publish(claim, feedback, expected, beside, expecting, rests_on)
        self.is_slow, self._written = False, (encode_feedback(feedback).encode(), feedback)
        self.on_its_way = partial(super().publish, claim, feedback, expected, beside, expecting, rests_on)
        raise RedisTimeoutError

    async def remember(
        self, claim: Claim, caps: LeverageCaps, expected: LogState, beside: Beside = NOTHING_BESIDE
    ) -> bool:
        if not self.is_slow:
            return await super().remember(claim, caps, expected, beside)
        self.is_slow, self.on_its_way = False, partial(super().remember, claim, caps, expected, beside)
        raise RedisTimeoutError

    async def left_on_its_way(self, said: Awaitable[object]) -> None:
        """Say something of which what is written does not arrive, and of which no answer comes."""
        self.is_slow = True
        with pytest.raises(RedisTimeoutError):
            await said

    def arrives_at_the_next_look(self) -> None:
        """Let it be written right after the next look at where the log stands."""

        async def arrive(_state: LogState) -> None:
            assert await self.on_its_way()

        self.disturb = arrive

    async def snapshot(self, recent: int) -> LogSnapshot:
        found = await super().snapshot(recent)
        disturb, self.disturb = self.disturb, None
        if disturb and found.state:
            await disturb(found.state)
        return found


def disturbed(client: redis.asyncio.Redis) -> tuple[DisturbedLog, ClaimedPublisher]:
    log = DisturbedLog(client, "quantum", retained_revisions=100)
    return log, ClaimedPublisher(ClaimedLog(client, log=log))


async def test_a_withdrawal_holds_though_a_confirmation_came_late(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    log, publisher = disturbed(async_client)
    said = (await publisher.publish(advice("a"), TIMES, NOW_MS)).feedback

    async def confirm(state: LogState) -> None:
        late = Feedback(said.advice, said.status, revision=said.revision, epoch=said.epoch, times=LATER)
        assert await log.confirm(await claim_on(async_client), late, state)

    log.disturb = confirm
    await publisher.withdraw(NOW_MS + 10)
    state = await log.read_state()
    assert state is not None
    assert (state.withdrawn, state.revision, state.times.computed_at_ms) == (True, said.revision, NOW_MS + 5)
    assert not redis_client.exists(KEYS.feedback)


@pytest.mark.parametrize("is_withdrawn", [True, False])
async def test_a_revision_that_was_overtaken_is_not_said(
    async_client: redis.asyncio.Redis, *, is_withdrawn: bool
) -> None:
    """What it was to replace was confirmed or withdrawn while it was on its way: it is the older of the two."""
    log, publisher = disturbed(async_client)
    await say(publisher, "a")
    await log.left_on_its_way(say(publisher, "b", NOW_MS + 1_000))
    if is_withdrawn:
        await publisher.withdraw(NOW_MS + 4_000)
    else:
        assert not (await say(publisher, "a", NOW_MS + 4_000)).is_new
    assert not await log.on_its_way()
    state = await log.read_state()
    assert state is not None
    assert (state.revision, state.withdrawn) == (1, is_withdrawn)
    assert not publisher.problems.standing


async def test_a_revision_that_came_late_is_no_other_programs(async_client: redis.asyncio.Redis) -> None:
    """A proxy stood still with one of several connections, and the advice is by now what it was before."""
    log, publisher = disturbed(async_client)
    epoch = (await say(publisher, "a")).feedback.epoch
    await log.left_on_its_way(say(publisher, "b"))

    log.arrives_at_the_next_look()
    assert place(await say(publisher, "a")) == (epoch, 3, True)
    assert not publisher.problems.standing
    assert [said.advice.current_regime for said in await log.read_after(0, 10)] == ["a", "b", "a"]


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


async def test_what_is_written_down_goes_on_from_what_came_late(async_client: redis.asyncio.Redis) -> None:
    log = DisturbedLog(async_client, "quantum", retained_revisions=100)
    publisher, claim = FeedbackPublisher(log), await claim_on(async_client)
    await publisher.withdraw(claim, NOW_MS)
    await log.left_on_its_way(publisher.publish(claim, advice("a"), TIMES, NOW_MS))

    log.arrives_at_the_next_look()
    caps = (LeverageCap("risk:leverage_limits", 1.9, NOW_MS),)
    await publisher.withdraw(claim, NOW_MS + 10, caps)
    state = await log.read_state()
    assert state is not None
    assert (state.withdrawn, state.revision, state.leverage_caps) == (True, 1, caps)


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

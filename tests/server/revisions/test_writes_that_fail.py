"""FeedbackPublisher on a real Redis where others write as well, or the connection is lost: before a write or after."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis.asyncio
from claimed import ClaimedLog, ClaimedPublisher
from redis.exceptions import ConnectionError as RedisConnectionError
from server.revisions.said_advice import place, say

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.revisions.beside import NOTHING_BESIDE, Beside
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import ATTEMPTS, LogContestedError
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_state import LogState


class ContestedLog(FeedbackLog):
    """Somebody else writes just before each of our writes."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        super().__init__(client, "quantum", 100)
        self.rival = ClaimedPublisher(ClaimedLog(client, "quantum", 100))
        self.contested = 0

    async def publish(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        rests_on: str = "",
    ) -> bool:
        self.contested += 1
        await say(self.rival, f"rival {self.contested}")
        return await super().publish(claim, feedback, expected, beside, expecting, rests_on)


async def test_a_log_that_changes_under_every_attempt_is_given_up(async_client: redis.asyncio.Redis) -> None:
    contested = ContestedLog(async_client)
    with pytest.raises(LogContestedError, match="does not hold the lease"):
        await say(ClaimedPublisher(ClaimedLog(async_client, log=contested)), "a")
    assert contested.contested == ATTEMPTS
    said = await contested.read_after(0, 100)
    assert [one.advice.current_regime for one in said] == ["rival 1", "rival 2", "rival 3"]


class UnreliableLog(FeedbackLog):
    """Loses the connection before or after a write."""

    lose_before = False
    lose_after = False

    async def publish(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        rests_on: str = "",
    ) -> bool:
        if self.lose_before:
            raise RedisConnectionError("lost before")
        written = await super().publish(claim, feedback, expected, beside, expecting, rests_on)
        if self.lose_after:
            raise RedisConnectionError("lost after")
        return written


@pytest.fixture
async def unreliable(async_client: redis.asyncio.Redis) -> UnreliableLog:
    return UnreliableLog(async_client, "quantum", 100)


async def test_a_lost_reply_doubles_nothing(unreliable: UnreliableLog, async_client: redis.asyncio.Redis) -> None:
    publisher = ClaimedPublisher(ClaimedLog(async_client, log=unreliable))
    await say(publisher, "a")
    unreliable.lose_after = True
    with pytest.raises(RedisConnectionError):
        await say(publisher, "b")
    unreliable.lose_after = False
    publication = await say(publisher, "b")
    assert (publication.feedback.revision, publication.is_new) == (2, False)
    assert (await say(publisher, "c")).feedback.revision == 3
    assert [said.revision for said in await unreliable.read_after(0, 10)] == [1, 2, 3]


async def test_a_write_that_was_never_made_loses_nothing(
    unreliable: UnreliableLog, async_client: redis.asyncio.Redis
) -> None:
    publisher = ClaimedPublisher(ClaimedLog(async_client, log=unreliable))
    epoch = (await say(publisher, "a")).feedback.epoch
    unreliable.lose_before = True
    for label in "bcd":
        with pytest.raises(RedisConnectionError):
            await say(publisher, label)
    unreliable.lose_before = False
    assert place(await say(publisher, "b")) == (epoch, 2, True)

"""FeedbackTail where Redis has lost some of the log, or all of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from claimed import said_in
from processes import aeventually
from redis_contents import put_back
from server.revisions.followed_log import NOTICED_S, Follower

from strategic_memory_server.advice.feedback import FeedbackStatus
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")
WENT_BACK = "feedback_log_went_back"

Loss = Callable[[redis.Redis], object]
LOSSES: dict[str, Loss] = {
    "everything deleted": lambda client: client.flushall(),
    "state deleted": lambda client: client.delete(KEYS.state),
    "state of another epoch": lambda client: client.hset(KEYS.state, "epoch", "elsewhere"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
async def test_a_loss_is_noticed_though_nothing_is_published(
    loss: Loss, follower: Follower, redis_client: redis.Redis
) -> None:
    await follower.hears((await follower.say("a")).feedback)
    epoch = follower.hub.epoch
    loss(redis_client)
    await aeventually(lambda: follower.hub.epoch != epoch, NOTICED_S)
    assert follower.in_force.status is FeedbackStatus.WARMING_UP


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
async def test_what_is_published_after_a_loss_is_followed(
    loss: Loss, follower: Follower, redis_client: redis.Redis
) -> None:
    for label in "ab":
        await follower.hears((await follower.say(label)).feedback)
    loss(redis_client)
    for label in "bcc":
        await follower.hears((await follower.say(label)).feedback)
    await aeventually(lambda: follower.hub.oldest_retained == follower.hub.epoch_start)


async def test_a_deleted_log_does_not_disturb_it(follower: Follower, redis_client: redis.Redis) -> None:
    for label in "ab":
        await follower.hears((await follower.say(label)).feedback)
    redis_client.delete(KEYS.log)
    publication = await follower.say("c")
    await follower.hears(publication.feedback)
    assert publication.feedback.revision == 3
    await aeventually(lambda: follower.hub.oldest_retained == 3)
    assert follower.tail.failure is None


async def test_what_is_known_is_served_while_redis_lacks_the_newest_entry(
    follower: Follower, redis_client: redis.Redis
) -> None:
    """The log was evicted just after an entry that was not read here, and where it stands was not."""
    problems = follower.tail._problems
    for label in "ab":
        await follower.hears((await follower.say(label)).feedback)
    known = follower.in_force
    redis_client.delete(KEYS.log)
    redis_client.hset(KEYS.state, "revision", 3)
    await aeventually(lambda: "no readable entry of revision 3" in problems.standing.get(WENT_BACK, ""), NOTICED_S)
    assert follower.in_force == known
    await follower.hears((await follower.say("c")).feedback)
    await aeventually(lambda: WENT_BACK not in problems.standing)


async def test_a_failover_that_lost_the_newest_is_followed(follower: Follower, redis_client: redis.Redis) -> None:
    first = (await follower.say("a")).feedback
    replicated = said_in(redis_client)
    second = (await follower.say("b")).feedback
    await follower.hears(second)
    changes = follower.changed.changes
    put_back(redis_client, replicated)
    await aeventually(lambda: follower.changed.changes > changes, NOTICED_S, what="what Redis fell back to is read")
    assert follower.in_force == second, "nothing older comes under the same epoch"
    after = (await follower.say("c")).feedback
    await follower.hears(after)
    assert after.epoch != first.epoch

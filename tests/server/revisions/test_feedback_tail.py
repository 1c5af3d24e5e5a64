"""FeedbackTail on a real Redis: it follows what is published and confirmed, and notices what was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import redis
import redis.asyncio
import structlog
import structlog.testing
from advice import NOW_MS, advice
from claimed import ClaimedLog, ClaimedPublisher, said_in
from processes import aeventually
from redis_contents import put_back

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions import feedback_tail
from strategic_memory_server.revisions.change_signal import ChangeSignal, Waiter
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_publisher import Publication
from strategic_memory_server.revisions.feedback_tail import FeedbackTail
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")
BLOCK_MS = 200
NOTICED_S = BLOCK_MS / 1000 + 5.0
"""Time in which a loss is noticed: one blocking read, and room for a busy machine."""


@pytest.fixture(autouse=True)
def short_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocking reads of a fifth of their length, so that the tests need not wait for the end of long ones."""
    monkeypatch.setattr(feedback_tail, "BLOCK_MS", BLOCK_MS)


@dataclass(slots=True)
class Follower:
    """A tail at work, what it feeds, and a publisher beside it."""

    tail: FeedbackTail
    hub: FeedbackHub
    changed: ChangeSignal
    publisher: ClaimedPublisher

    @property
    def in_force(self) -> Feedback:
        return self.hub.in_force(NOW_MS)

    async def say(self, label: object, valid_ms: int = 180_000) -> Publication:
        return await self.publisher.publish(advice(label), Times(NOW_MS, NOW_MS, NOW_MS + valid_ms), NOW_MS)

    async def hears(self, said: Feedback, within_s: float = NOTICED_S) -> None:
        await aeventually(lambda: self.in_force == said, within_s)


@asynccontextmanager
async def following(url: str, ring: int = 8) -> AsyncIterator[Follower]:
    """Follow a log until the context is left."""
    settings = RedisSettings(url=url, connect_timeout_s=1.0, command_timeout_s=1.0)
    async with connect(settings) as commands, connect(settings, longest_block_s=BLOCK_MS / 1000) as blocking:
        log = ClaimedLog(commands, "quantum", retained_revisions=100)
        hub, changed = FeedbackHub("1.0.0", ring), ChangeSignal()
        tail = FeedbackTail(log.log, blocking, hub, changed, ring)
        task = asyncio.create_task(tail.run())
        try:
            yield Follower(tail, hub, changed, ClaimedPublisher(log))
        finally:
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=0.1)


@pytest.fixture
async def follower(redis_server: EmbeddedRedis) -> AsyncIterator[Follower]:
    async with following(redis_server.url) as found:
        yield found


async def test_it_follows_what_is_published(follower: Follower) -> None:
    for label in "abc":
        publication = await follower.say(label)
        await follower.hears(publication.feedback, 5)
    assert follower.hub.recent(1) is not None
    await aeventually(lambda: follower.hub.oldest_retained == 1)


async def test_a_publication_is_heard_at_once_and_not_at_the_next_poll(follower: Follower) -> None:
    await follower.say("a")
    await aeventually(lambda: follower.hub.revision == 1)
    loop = asyncio.get_running_loop()
    fastest_s = NOTICED_S
    for label in range(5):
        started_s = loop.time()
        await follower.hears((await follower.say(label)).feedback)
        fastest_s = min(fastest_s, loop.time() - started_s)
    assert fastest_s < BLOCK_MS / 1000 / 2


async def test_what_this_server_wrote_is_served_as_it_was_and_what_others_wrote_as_the_log_has_it(
    follower: Follower, redis_server: EmbeddedRedis
) -> None:
    first = (await follower.say("first")).feedback
    async with following(redis_server.url) as other:
        await follower.hears(first)
        await other.hears(first)
        for writer, reader in ((follower, other), (other, follower)):
            written = (await writer.say(writer is other)).feedback
            await writer.hears(written)
            await reader.hears(written)
            assert writer.hub.recent(written.revision) is written
            assert reader.hub.recent(written.revision) is not written


async def test_it_reads_what_was_there_before_it(follower: Follower, redis_server: EmbeddedRedis) -> None:
    await follower.say("a")
    await follower.say("b")
    newest = (await follower.say("c")).feedback
    async with following(redis_server.url, ring=2) as late:
        await late.hears(newest)
        assert late.hub.recent(1) is None
        assert late.hub.recent(2) is not None


async def test_it_follows_confirmations(follower: Follower) -> None:
    await follower.say("a")
    publication = await follower.say("a", valid_ms=999_000)
    assert not publication.is_new
    await follower.hears(publication.feedback, 5)
    assert follower.in_force.times.valid_until_ms == NOW_MS + 999_000


async def test_each_change_wakes_who_waits(follower: Follower) -> None:
    await follower.say("a")
    await aeventually(lambda: follower.hub.revision == 1)
    for label in "bb":
        waiter = Waiter(follower.changed)
        await follower.say(label)
        async with asyncio.timeout(5):
            await waiter.wait()


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


async def test_a_foreign_entry_is_passed_over(follower: Follower, redis_client: redis.Redis) -> None:
    await follower.hears((await follower.say("a")).feedback)
    redis_client.xadd(KEYS.log, {"feedback": b"\xff"}, id="1-1")
    await follower.hears((await follower.say("b")).feedback)
    assert follower.tail.failure is None


async def test_a_foreign_pulse_is_passed_over(follower: Follower, redis_client: redis.Redis) -> None:
    await follower.hears((await follower.say("a")).feedback)
    redis_client.xadd(KEYS.pulse, {"hello": "by hand"})
    await follower.hears((await follower.say("b")).feedback)
    await aeventually(lambda: follower.tail.failure is None)


@pytest.mark.parametrize("key", [KEYS.log, KEYS.pulse, KEYS.state])
async def test_a_key_of_another_type_is_named_until_it_is_mended(
    key: str, follower: Follower, redis_client: redis.Redis
) -> None:
    said = (await follower.say("a")).feedback
    await follower.hears(said)
    redis_client.rename(key, "kept")
    redis_client.rpush(key, "text")
    await aeventually(lambda: key in (follower.tail.failure or ""), NOTICED_S)
    assert follower.in_force == said, "what is known is served"
    redis_client.delete(key)
    redis_client.rename("kept", key)
    await follower.hears((await follower.say("b")).feedback)
    await aeventually(lambda: follower.tail.failure is None)


async def test_redis_killed_and_restarted(fresh_redis: EmbeddedRedis) -> None:
    async with following(fresh_redis.url) as follower:
        said = (await follower.say("a")).feedback
        await follower.hears(said)
        await asyncio.to_thread(fresh_redis.kill)
        await aeventually(lambda: follower.tail.failure)
        assert follower.in_force == said, "what is known is served"
        await asyncio.to_thread(fresh_redis.start)

        async def published() -> bool:
            try:
                await follower.say("b")
            except redis.exceptions.ConnectionError:
                return False
            return True

        attempt: Callable[[], Awaitable[bool]] = published
        await aeventually(attempt)
        await aeventually(lambda: follower.hub.revision == 2)
        assert follower.hub.epoch == said.epoch
        # It is over once the log has been followed again, not with the first look at it.
        await aeventually(lambda: follower.tail.failure is None)


async def test_it_waits_for_a_redis_that_comes_later(fresh_redis: EmbeddedRedis) -> None:
    await asyncio.to_thread(fresh_redis.stop)
    async with following(fresh_redis.url) as follower:
        await aeventually(lambda: follower.tail.failure)
        assert not follower.hub.was_read
        await asyncio.to_thread(fresh_redis.start)
        await aeventually(lambda: follower.hub.was_read)
        await follower.hears((await follower.say("a")).feedback)
        assert follower.tail.failure is None


async def test_a_log_that_another_redis_process_wrote_is_not_served_by_who_never_read_it(
    follower: Follower, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Redis may have come back without what was said last; a server that starts now cannot tell."""
    await follower.say("a")
    newcomer = FeedbackHub("1.0.0", 10)
    redis_client.hset(KEYS.state, "run_id", "0" * 40)
    tail = FeedbackTail(follower.tail._log, async_client, newcomer, ChangeSignal(), 10)
    task = asyncio.create_task(tail.run())
    try:
        await aeventually(lambda: tail.failure)
        assert "vouched" in str(tail.failure)
        assert not newcomer.was_read
        await follower.say("a")
        await aeventually(lambda: newcomer.revision == 1)
        assert tail.failure is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_log_that_can_be_looked_at_and_not_followed_is_one_failure_that_stands(
    follower: Follower, async_client: redis.asyncio.Redis
) -> None:
    said = (await follower.say("a")).feedback
    await follower.hears(said)
    looked, looks = ChangeSignal(), list[None]()
    looked.listen(lambda: looks.append(None))
    async with connect(RedisSettings(url="redis://127.0.0.1:1/0")) as nowhere:
        tail = FeedbackTail(follower.tail._log, nowhere, FeedbackHub("1.0.0", 10), looked, 10)
        with structlog.testing.capture_logs() as lines:
            task = asyncio.create_task(tail.run())
            await aeventually(lambda: len(looks) >= 4)
            task.cancel()
    assert tail.failure
    assert [line["event"] for line in lines].count("Feedback log cannot be followed; serving what is known") == 1
    assert not [line for line in lines if "followed again" in line["event"]]

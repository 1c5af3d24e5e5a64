"""FeedbackTail on a real Redis: it follows what is published and confirmed, and notices what was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
import redis
import redis.asyncio
from advice import NOW_MS
from processes import aeventually
from server.revisions.followed_log import NOTICED_S, Follower, following

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access import own_reads
from strategic_memory_server.redis_access.round_trip import Entry, arrived_after
from strategic_memory_server.revisions.change_signal import Waiter
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")


async def test_it_follows_what_is_published(follower: Follower) -> None:
    for label in "abc":
        publication = await follower.say(label)
        await follower.hears(publication.feedback, 30)
    assert follower.hub.recent(1) is not None
    await aeventually(lambda: follower.hub.oldest_retained == 1)


async def test_a_publication_is_heard_at_once_and_not_at_the_next_poll(redis_server: EmbeddedRedis) -> None:
    async with following(redis_server.url, block_ms=60_000) as follower:
        for label in range(5):
            await follower.hears((await follower.say(label)).feedback)


async def test_what_this_server_wrote_is_served_as_it_was_and_what_others_wrote_as_the_log_has_it(
    redis_server: EmbeddedRedis,
) -> None:
    # With short reads one of them could compare the state in the moment of a publication, and read the log whole.
    async with (
        following(redis_server.url, block_ms=60_000) as follower,
        following(redis_server.url, block_ms=60_000) as other,
    ):
        first = (await follower.say("first")).feedback
        await follower.hears(first)
        await other.hears(first)
        for writer, reader in ((follower, other), (other, follower)):
            written = (await writer.say(writer is other)).feedback
            await writer.hears(written)
            await reader.hears(written)
            assert writer.hub.recent(written.revision) is written
            assert reader.hub.recent(written.revision) is not written


@dataclass
class HeldReads:
    """Blocking reads of a tail whose replies are held until one is let go, or all are; `change` alters them."""

    may_go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    holds: bool = False
    held: int = 0
    let_go: int = 0
    change: Callable[[dict[str, list[Entry]]], None] = lambda entries: None

    async def read(
        self, client: redis.asyncio.Redis, cursors: Mapping[str, str], *, block_ms: int, count: int | None
    ) -> object:
        entries = await arrived_after(client, cursors, block_ms=block_ms, count=count)
        if self.holds:
            self.held += 1
            await self.may_go.acquire()
        self.change(entries)
        return entries

    async def hold(self) -> None:
        """Hold replies from now on, and wait for one: who compares the state meanwhile may find itself in doubt."""
        self.holds = True
        await aeventually(lambda: self.held > self.let_go)

    async def let_one_go(self) -> None:
        """Let a reply go, and wait for the next one."""
        await aeventually(lambda: self.held > self.let_go)
        self.let_go += 1
        self.may_go.release()
        await aeventually(lambda: self.held > self.let_go)

    def let_all_go(self) -> None:
        self.holds = False
        self.may_go.release()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> HeldReads:
    held = HeldReads()
    monkeypatch.setattr(own_reads, "arrived_after", held.read)
    return held


@pytest.fixture
def snapshots(follower: Follower, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was asked of each snapshot that the tail has taken since."""
    taken: list[int] = []
    log = follower.tail._log
    snapshot = log.snapshot

    async def counted(recent: int) -> LogSnapshot:
        taken.append(recent)
        return await snapshot(recent)

    monkeypatch.setattr(log, "snapshot", counted)
    return taken


async def publish_here(follower: Follower, label: str) -> Feedback:
    said = (await follower.say(label)).feedback
    follower.tail.published(said)
    return said


async def test_what_this_server_publishes_is_served_before_it_is_read_back(
    reads: HeldReads, follower: Follower, snapshots: list[int]
) -> None:
    await follower.hears(await publish_here(follower, "a"))
    await reads.hold()
    snapshots.clear()
    for label in "bcd":
        changes = follower.changed.changes
        said = await publish_here(follower, label)
        assert follower.in_force is said
        assert follower.changed.changes == changes + 1
        if label != "d":
            # What the tail has read by then is of before the next one.
            await reads.let_one_go()
    await follower.say("d", valid_ms=999_000)
    reads.let_all_go()
    await aeventually(lambda: follower.in_force.times.valid_until_ms == NOW_MS + 999_000)
    assert follower.in_force.revision == 4
    assert not snapshots, "the tail was never in doubt"


async def test_a_log_that_holds_something_else_than_was_published_is_read_again(
    reads: HeldReads, follower: Follower, snapshots: list[int]
) -> None:
    await follower.hears(await publish_here(follower, "a"))
    await reads.hold()
    snapshots.clear()

    def exchange(entries: dict[str, list[Entry]]) -> None:
        for _, fields in entries.get(KEYS.log, ()):
            fields[b"feedback"] = fields[b"feedback"].replace(b'"confidence_boost": 0.', b'"confidence_boost": 0.1')

    reads.change = exchange
    said = await publish_here(follower, "b")
    reads.let_all_go()
    await aeventually(lambda: snapshots, NOTICED_S)
    assert follower.in_force == said


async def test_a_snapshot_from_before_a_publication_is_taken_again(
    follower: Follower, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follower.hears(await publish_here(follower, "a"))
    log, said = follower.tail._log, list[Feedback]()
    snapshot = log.snapshot

    async def overtaken(recent: int) -> LogSnapshot:
        taken = await snapshot(recent)
        if not said:
            said.append(await publish_here(follower, "b"))
        return taken

    monkeypatch.setattr(log, "snapshot", overtaken)
    redis_client.xadd(KEYS.pulse, {"hello": "by hand"})
    await aeventually(lambda: said, NOTICED_S)
    assert follower.in_force == said[0]
    await follower.hears((await follower.say("c")).feedback)
    assert not follower.tail._problems.standing


async def test_what_does_not_go_on_from_what_is_known_is_left_to_the_tail(reads: HeldReads, follower: Follower) -> None:
    first = await publish_here(follower, "a")
    await follower.hears(first)
    await reads.hold()
    await follower.say("b")
    third = await publish_here(follower, "c")
    assert follower.in_force == first, "there is a gap"
    reads.let_all_go()
    await follower.hears(third)


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
    await follower.hears(publication.feedback, 30)
    assert follower.in_force.times.valid_until_ms == NOW_MS + 999_000


async def test_each_change_wakes_who_waits(follower: Follower) -> None:
    await follower.say("a")
    await aeventually(lambda: follower.hub.revision == 1)
    for label in "bb":
        waiter = Waiter(follower.changed)
        await follower.say(label)
        async with asyncio.timeout(30):
            await waiter.wait()


async def test_a_foreign_entry_and_a_foreign_pulse_are_passed_over(
    follower: Follower, redis_client: redis.Redis
) -> None:
    await follower.hears((await follower.say("a")).feedback)
    redis_client.xadd(KEYS.log, {"feedback": b"\xff"}, id="1-1")
    await follower.hears((await follower.say("b")).feedback)
    assert follower.tail.failure is None
    redis_client.xadd(KEYS.pulse, {"hello": "by hand"})
    await follower.hears((await follower.say("c")).feedback)
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

"""What is being tried, beside the sums in a real Redis: written in one step with what is said, and never twice."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, claim_on, long_memory_of
from redis_contents import Contents, contents_of, put_back
from redis_inputs import add_trade
from structlog.testing import capture_logs

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration, Trial
from strategic_memory_server.long_memory import long_memory
from strategic_memory_server.long_memory.exploration_document import exploration_text
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher, Publication
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.write_arguments import MemoryMovedError

KEYS = MemoryKeys.under("quantum")
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)
TRIED = Exploration({"BULL": Trial(Policy.AGGRESSIVE, 3), "BEAR": Trial(Policy.BALANCED, 0)})
OTHER = Exploration({"BULL": Trial(Policy.BALANCED, 9)})


class Explorer:
    """A long memory and a publisher that write down what is being tried, as the sync loop has them."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._publisher = FeedbackPublisher(ClaimedLog(client).log)
        self.memory: LongMemory = long_memory_of(client)

    async def sync(self, exploration: Exploration, label: object = "a", *, reply_is_lost: bool = False) -> Publication:
        gathered = await self.memory.gather()
        note = gathered.note_with(exploration)
        published = await self._publisher.publish(
            await claim_on(self._client), advice(label), TIMES, NOW_MS, Beside(note)
        )
        if not reply_is_lost:
            self.memory.written(note)
        return published

    async def withdraw(self, exploration: Exploration) -> None:
        note = (await self.memory.gather()).note_with(exploration)
        await self._publisher.withdraw(await claim_on(self._client), NOW_MS, beside=Beside(note))
        self.memory.written(note)

    async def believed(self) -> Exploration:
        return (await self.memory.gather()).stored.exploration


@pytest.fixture
def explorer(async_client: redis.asyncio.Redis) -> Explorer:
    return Explorer(async_client)


def stored(client: redis.Redis) -> bytes:
    raw: Any = client.hget(KEYS.evidence, "trials")
    return raw or b""


async def test_it_is_written_also_where_no_trade_is_new_and_nothing_else_changes(
    explorer: Explorer, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    add_trade(redis_client, "BULL", 1.0, trade_id="t")
    first = await explorer.sync(NOTHING_TRIED)
    before: Any = redis_client.hgetall(KEYS.evidence)
    assert b"trials" not in before, "off, the memory is as it was before there was exploring"
    second = await explorer.sync(TRIED)
    assert (first.is_new, second.is_new) == (True, False), "what is tried is no revision by itself"
    assert second.feedback.revision == first.feedback.revision
    after: Any = redis_client.hgetall(KEYS.evidence)
    assert after.pop(b"trials") == exploration_text(TRIED)
    assert after == before
    assert await explorer.believed() == TRIED
    assert await Explorer(async_client).believed() == TRIED
    await explorer.sync(NOTHING_TRIED, "b")
    assert redis_client.hgetall(KEYS.evidence) == before
    assert redis_client.zcard(KEYS.trade_ids) == 1


async def test_it_is_written_with_trades_of_the_same_step(explorer: Explorer, redis_client: redis.Redis) -> None:
    for number in range(3):
        add_trade(redis_client, "BULL", 1.0, trade_id=f"t{number}")
        await explorer.sync(TRIED if number else OTHER)
        assert stored(redis_client) == exploration_text(TRIED if number else OTHER)
    assert (await explorer.memory.gather()).kept.sums.observations == 3
    assert redis_client.zcard(KEYS.trade_ids) == 3


async def test_what_has_not_changed_is_not_written_again(explorer: Explorer) -> None:
    await explorer.sync(TRIED)
    gathered = await explorer.memory.gather()
    assert gathered.note_with(TRIED) is None
    assert gathered.note_with(OTHER) is not None


async def test_what_goes_on_to_be_tried_is_written_out_with_no_sync(
    explorer: Explorer, async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand trials, where a producer puts a time into the name of a regime, took milliseconds of each."""
    await explorer.sync(TRIED)
    for each in (explorer, Explorer(async_client)):
        gathered = await each.memory.gather()
        with monkeypatch.context() as counted:
            counted.setattr(long_memory, "exploration_text", lambda _: pytest.fail("written out"))
            assert gathered.note_with(gathered.stored.exploration) is None
        assert gathered.note_with(NOTHING_TRIED) is not None


async def test_a_server_that_believes_something_else_is_tried_writes_nothing(
    explorer: Explorer, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Also where both stand at the same trade."""
    rival = Explorer(async_client)
    await rival.sync(TRIED)
    await explorer.sync(OTHER)
    before = contents_of(redis_client)
    with pytest.raises(MemoryMovedError):
        await rival.sync(NOTHING_TRIED, "b")
    after = contents_of(redis_client)
    # It looks where the log stands, which leaves a mark there.
    for contents in (before, after):
        contents[LogKeys.under("quantum").state.encode()].held.pop(b"opening")
    assert {key for key in after if after[key] != before[key]} == set()
    rival.memory.forget()
    assert await rival.believed() == OTHER


async def test_it_is_kept_where_there_is_nothing_to_say(explorer: Explorer, redis_client: redis.Redis) -> None:
    await explorer.withdraw(TRIED)
    assert stored(redis_client) == exploration_text(TRIED)
    await explorer.sync(TRIED)
    await explorer.withdraw(OTHER)
    assert stored(redis_client) == exploration_text(OTHER)


@pytest.mark.parametrize(
    "spoilt",
    [b"not JSON", b"\xff\xfe", b"[]", b'{"BULL": 3}', b'{"BULL": {"policy": "BOLD", "since": 1}}', b"[" * 100_000],
)
async def test_a_malformed_state_starts_afresh_with_a_warning_and_harms_nothing_else(
    spoilt: bytes, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_trade(redis_client, "BULL", 1.0)
    await Explorer(async_client).sync(TRIED)
    before: Any = redis_client.hgetall(KEYS.evidence)
    redis_client.hset(KEYS.evidence, "trials", spoilt)
    explorer = Explorer(async_client)
    with capture_logs() as logged:
        assert await explorer.believed() == NOTHING_TRIED
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == [
        "What was being tried cannot be read; exploring starts afresh"
    ]
    await explorer.sync(OTHER)
    before[b"trials"] = exploration_text(OTHER)
    assert redis_client.hgetall(KEYS.evidence) == before
    assert await Explorer(async_client).believed() == OTHER


async def test_a_malformed_state_goes_away_where_nothing_is_explored(
    explorer: Explorer, redis_client: redis.Redis
) -> None:
    redis_client.hset(KEYS.evidence, "trials", b"junk")
    await explorer.sync(NOTHING_TRIED)
    assert stored(redis_client) == b""


async def test_what_an_earlier_version_tries_is_taken_up_and_left_to_it(
    explorer: Explorer, redis_client: redis.Redis
) -> None:
    alone = b'{"BEAR": {"policy": "BALANCED", "since": 0}, "BULL": {"policy": "AGGRESSIVE", "since": 3}}'
    redis_client.hset(KEYS.evidence, "exploration", alone)
    assert await explorer.believed() == TRIED
    await explorer.sync(TRIED)
    assert stored(redis_client) == exploration_text(TRIED)
    await explorer.sync(OTHER)
    assert (stored(redis_client), redis_client.hget(KEYS.evidence, "exploration")) == (exploration_text(OTHER), alone)
    await explorer.sync(NOTHING_TRIED)
    assert (stored(redis_client), redis_client.hget(KEYS.evidence, "exploration")) == (b"", None)


async def test_what_a_later_version_tries_is_left_to_it(explorer: Explorer, redis_client: redis.Redis) -> None:
    later = b'{"version": 2, "of": "a kind that is not known"}'
    redis_client.hset(KEYS.evidence, "trials", later)
    add_trade(redis_client, "BULL", 1.0)
    believed = await explorer.believed()
    await explorer.sync(believed)
    add_trade(redis_client, "BULL", 1.0)
    await explorer.sync(believed.ended(), "b")
    assert stored(redis_client) == later
    assert (await explorer.memory.gather()).kept.sums.observations == 2


@pytest.mark.parametrize("seed", range(8))
async def test_what_redis_holds_is_always_what_was_said_last(
    seed: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Through restarts, lost replies, other leaders and failovers, and no trade counts twice on the way."""
    random, explorers = Random(seed), [Explorer(async_client), Explorer(async_client)]
    leads, said, trades = 0, NOTHING_TRIED, 0
    saved: list[tuple[Contents, Exploration, int]] = []
    for step in range(100):
        match random.choice(["trade", "sync", "sync", "sync", "leader", "restart", "lost reply", "save", "put back"]):
            case "trade":
                add_trade(redis_client, "BULL", 1.0)
                trades += 1
            case "sync":
                said = Exploration({"BULL": Trial(random.choice(list(Policy)), random.randrange(4))})
                await explorers[leads].sync(said, step)
            case "lost reply":
                said = Exploration({"BULL": Trial(random.choice(list(Policy)), random.randrange(4))})
                await explorers[leads].sync(said, step, reply_is_lost=True)
                explorers[leads].memory.forget()
            case "leader":
                leads = 1 - leads
                explorers[leads].memory.forget()
            case "restart":
                explorers[leads] = Explorer(async_client)
            case "save":
                saved.append((contents_of(redis_client), said, trades))
            case "put back" if saved:
                contents, said, trades = random.choice(saved)
                put_back(redis_client, contents)
                explorers[leads].memory.forget()
            case _:
                pass
        assert stored(redis_client) == exploration_text(said)
    last = Explorer(async_client)
    await last.sync(OTHER, "last")
    assert (await last.memory.gather()).kept.sums.observations == trades

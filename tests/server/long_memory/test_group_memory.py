"""What the other portfolios of a group remember, read from a real Redis."""

from __future__ import annotations

import asyncio
import json
from random import Random
from unittest.mock import AsyncMock

import pytest
import redis
import redis.asyncio
from patient_redis import patient
from structlog.testing import capture_logs

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.plain_sums import to_plain
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.group_memory import MOST_OTHERS, PROBLEM, UNITS_MIXED, GroupMemory
from strategic_memory_server.long_memory.lender import KEPT_S, Lender
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.redis_access.redis_connection import connect

DECAY = 0.998
HOLDS_S = 180.0


class Desk:
    """Portfolios whose memories are written by hand, and a group that reads them at a clock of its own."""

    def __init__(self, client: redis.asyncio.Redis, written: redis.Redis) -> None:
        self._client, self._written = client, written
        self.names: list[str] = []
        self.problems = Problems()
        self.now_s = 0.0
        self.group = GroupMemory("fx", lambda: {name: self._lender(name) for name in self.names}, self.problems)
        self._turns = asyncio.Semaphore(2)
        self._lenders: dict[str, Lender] = {}

    def _lender(self, name: str) -> Lender:
        if name not in self._lenders:
            store = MemoryStore(self._client, name, DECAY, 100)
            self._lenders[name] = Lender(store, self._turns, HOLDS_S, lambda: self.now_s)
        return self._lenders[name]

    def remembers(self, name: str, trades: int, decay: float = DECAY) -> EvidenceSums:
        random = Random(name)
        sums = batch(decay, ["BULL"] * trades, [0] * trades, [random.gauss(0, 1) for _ in range(trades)])
        self.writes(name, sums)
        return sums

    def writes(self, name: str, sums: EvidenceSums) -> None:
        self._written.hset(
            MemoryKeys.under(name).evidence,
            mapping={"read_up_to": "5-0", "sums": json.dumps(to_plain(sums)), "duplicates": 0, "numbered": 0},
        )
        if name not in self.names:
            self.names.append(name)


@pytest.fixture
def desk(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> Desk:
    return Desk(async_client, redis_client)


async def test_it_reads_the_others_in_the_order_of_their_names_and_now_and_then(desk: Desk) -> None:
    beta, alpha = desk.remembers("beta", 3), desk.remembers("alpha", 2)
    found = await desk.group.read()
    assert found.others == (alpha, beta)
    more = desk.remembers("alpha", 4)
    assert await desk.group.read() is found, "it was read a moment ago"
    desk.now_s += 3.0
    assert (await desk.group.read()).others == (more, beta)


async def test_what_another_portfolio_tries_is_not_looked_at(desk: Desk, redis_client: redis.Redis) -> None:
    """It lends no trial. While its trials are of a later version, each reading, every two seconds, was a warning."""
    desk.remembers("alpha", 2)
    redis_client.hset(MemoryKeys.under("alpha").evidence, "trials", '{"version": 2}')
    with capture_logs() as logged:
        assert len((await desk.group.read()).others) == 1
    assert logged == []


async def test_it_is_the_same_object_while_nothing_has_changed(desk: Desk) -> None:
    desk.remembers("alpha", 2)
    found = await desk.group.read()
    desk.now_s += 3.0
    assert await desk.group.read() is found


async def test_others_come_and_go(desk: Desk) -> None:
    desk.remembers("alpha", 2)
    await desk.group.read()
    desk.names = ["gamma"]
    desk.now_s += 3.0
    assert (await desk.group.read()).others == ()
    assert desk.problems.standing == {}, "a portfolio without a memory is none that cannot be read"


async def test_trades_in_another_unit_are_told_to_whoever_borrows_them_for_as_long_as_they_are_lent(
    desk: Desk,
) -> None:
    desk.remembers("alpha", 2)
    desk.writes("beta", batch(DECAY, ["BULL"] * 9, [0, 1, 2] * 3, [0.1, -0.2, 0.3, 0.1, -0.1, 0.2, 0.1, 0.1, 1e14]))
    await desk.group.read()
    assert list(desk.problems.standing) == [UNITS_MIXED]
    said = desk.problems.standing[UNITS_MIXED]
    assert "portfolio beta of group fx" in said
    assert "'BULL' under AGGRESSIVE" in said
    desk.writes("beta", batch(DECAY, ["BULL"] * 3, [0, 1, 2], [0.1, -0.2, 0.3]))
    desk.now_s += 3.0
    await desk.group.read()
    assert desk.problems.standing == {}


async def test_one_that_cannot_be_read_is_told_and_lends_nothing(desk: Desk, redis_client: redis.Redis) -> None:
    alpha = desk.remembers("alpha", 2)
    desk.remembers("beta", 2)
    redis_client.delete(MemoryKeys.under("beta").evidence)
    redis_client.set(MemoryKeys.under("beta").evidence, "a text")
    assert (await desk.group.read()).others == (alpha,)
    assert "portfolio beta of group fx cannot be read" in desk.problems.standing[PROBLEM]
    redis_client.delete(MemoryKeys.under("beta").evidence)
    desk.now_s += 3.0
    await desk.group.read()
    assert desk.problems.standing == {}


async def test_the_default_portfolio_is_told_by_name(desk: Desk, redis_client: redis.Redis) -> None:
    """One may be called default too."""
    desk.remembers("", 2)
    redis_client.hset(MemoryKeys.under("").evidence, "sums", "no JSON")
    await desk.group.read()
    assert "portfolio (default) of group fx cannot be read" in desk.problems.standing[PROBLEM]


TOO_HEAVY = json.dumps({"decay": DECAY, "regimes": {"BULL": [[5, 1e308, 5, 0, 0]] * 3}})
TOO_LONG = json.dumps({"decay": DECAY, "regimes": {"BULL": [[5, 5.0, 5.0, 10**308, 1.0]] * 3}})


@pytest.mark.parametrize("sums", ["no JSON", '{"decay": NaN}', TOO_HEAVY, TOO_LONG])
async def test_sums_that_cannot_be_read_are_told_and_not_as_if_this_portfolio_built_them_anew(
    desk: Desk, redis_client: redis.Redis, sums: str
) -> None:
    alpha = desk.remembers("alpha", 2)
    desk.remembers("beta", 2)
    redis_client.hset(MemoryKeys.under("beta").evidence, "sums", sums)
    with capture_logs() as lines:
        assert (await desk.group.read()).others == (alpha,)
    assert [line["event"] for line in lines] == ["Problem"]
    assert "portfolio beta of group fx cannot be read" in desk.problems.standing[PROBLEM]


async def test_that_one_has_another_decay_is_logged_once(async_client: redis.asyncio.Redis, desk: Desk) -> None:
    desk.remembers("alpha", 2, decay=0.9)
    store = MemoryStore(async_client, "alpha", DECAY, 100)
    with capture_logs() as lines:
        assert not [sums for sums in (await store.lent(), await store.lent()) if sums.observations]
    assert [line["kept"] for line in lines] == [0.9]


async def test_one_that_decays_otherwise_lends_nothing(desk: Desk) -> None:
    desk.remembers("alpha", 2, decay=0.9)
    assert (await desk.group.read()).others == ()


async def test_of_many_those_with_the_most_trades_lend(desk: Desk) -> None:
    for number in range(MOST_OTHERS + 3):
        desk.remembers(f"p{number:02}", number + 1)
    found = await desk.group.read()
    assert [each.observations for each in found.others] == list(range(4, MOST_OTHERS + 4))


@pytest.mark.processes
async def test_what_was_read_is_lent_on_for_a_while_where_redis_cannot_be_asked() -> None:
    with EmbeddedRedis() as own, redis.Redis.from_url(own.url) as written:
        async with connect(patient(own.url)) as client:
            desk = Desk(client, written)
            alpha = desk.remembers("alpha", 2)
            assert (await desk.group.read()).others == (alpha,)
            own.stop()
            # Syncs are a minute apart where nothing comes: one reading that fails changes no advice there either.
            desk.now_s += 2 * KEPT_S
            assert (await desk.group.read()).others == (alpha,)
            assert desk.problems.standing == {}
            desk.now_s += KEPT_S - 1
            assert (await desk.group.read()).others == (alpha,)
            desk.now_s += 3.0
            assert (await desk.group.read()).others == ()
            assert "portfolio alpha of group fx cannot be read" in desk.problems.standing[PROBLEM]


async def test_what_was_read_longer_ago_than_advice_holds_is_not_lent_where_redis_does_not_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portfolio is led by another server for a day, and by this one again."""
    alpha = desk.remembers("alpha", 2)
    assert (await desk.group.read()).others == (alpha,)
    with monkeypatch.context() as away:
        away.setattr(MemoryStore, "lent", AsyncMock(side_effect=redis.TimeoutError("Timeout reading from Redis")))
        desk.now_s += HOLDS_S + 1.0
        assert (await desk.group.read()).others == ()
        assert "portfolio alpha of group fx cannot be read" in desk.problems.standing[PROBLEM]
    desk.now_s += KEPT_S
    assert (await desk.group.read()).others == (alpha,)


async def test_after_a_reading_that_succeeds_what_was_read_is_lent_on_for_as_long_again(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(async_client, redis_client)
    alpha = desk.remembers("alpha", 2)
    lent = MemoryStore.lent

    async def is_not_answered(_store: MemoryStore) -> EvidenceSums:
        raise redis.TimeoutError("Timeout reading from Redis")

    for _ in range(3):
        monkeypatch.setattr(MemoryStore, "lent", lent)
        assert (await desk.group.read()).others == (alpha,)
        desk.now_s += KEPT_S
        monkeypatch.setattr(MemoryStore, "lent", is_not_answered)
        assert (await desk.group.read()).others == (alpha,)
        desk.now_s += KEPT_S - 1

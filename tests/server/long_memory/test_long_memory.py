"""The long memory on a real Redis: every trade counts exactly once, whatever happens in between."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import ClaimedLog, claim_on, long_memory_of
from redis_contents import Contents, contents_of, put_back
from redis_inputs import add_regime, add_trade

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.exploration import NOTHING_TRIED
from strategic_memory_server.evidence.plain_sums import to_plain
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.finding import NewEntries
from strategic_memory_server.long_memory.long_memory import Gathered, LongMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import PAGE_ENTRIES
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.revisions.feedback_log import MemoryMovedError
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher

KEYS = MemoryKeys.under("quantum")
TRADES = "quantum:stream:trade.results"
TIMES = Times(NOW_MS, NOW_MS, NOW_MS + 180_000)
DECAY = 0.998


class Keeper:
    """A long memory and a publisher that writes it down, as the sync loop has them."""

    def __init__(self, client: redis.asyncio.Redis, horizon: int = 100) -> None:
        self._client = client
        self._publisher = FeedbackPublisher(ClaimedLog(client).log)
        self.problems = Problems()
        self.memory: LongMemory = long_memory_of(client, DECAY, horizon, problems=self.problems)

    async def sync(self, label: object = "a", newest_trade: str | None = None) -> Gathered:
        gathered = await self.memory.gather(newest_trade)
        await self._publisher.publish(await claim_on(self._client), advice(label), TIMES, NOW_MS, gathered.note)
        self.memory.written(gathered.note)
        return gathered

    async def sums(self) -> EvidenceSums:
        """Sync until nothing is left; what is remembered."""
        while not (gathered := await self.sync()).is_complete:
            pass
        return gathered.kept.sums


@pytest.fixture
def keeper(async_client: redis.asyncio.Redis) -> Keeper:
    return Keeper(async_client)


def full_sums(client: redis.Redis) -> EvidenceSums:
    """All trades of the stream that have a regime and a policy, summed at once."""
    entries: Any = client.xrange(TRADES)
    trades = [
        (fields[b"market_regime"].decode(), Policy[fields[b"policy"].decode()], float(fields[b"realized_pnl"]))
        for _, fields in entries
        if b"policy" in fields
    ]
    return batch(
        DECAY, [regime for regime, _, _ in trades], [policy for _, policy, _ in trades], [pnl for _, _, pnl in trades]
    )


def same(found: EvidenceSums, expected: EvidenceSums) -> bool:
    for regime in expected.regimes:
        for ours, theirs in zip(found.of(regime), expected.of(regime), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-9)
    return set(found.regimes) == set(expected.regimes)


async def test_trades_are_summed_and_written_down(keeper: Keeper, redis_client: redis.Redis) -> None:
    for pnl in (1.0, -2.0, 0.5):
        add_trade(redis_client, "BULL", pnl, policy="AGGRESSIVE")
    assert same(await keeper.sums(), full_sums(redis_client))
    newest: Any = redis_client.xrevrange(TRADES, count=1)
    assert redis_client.hget(KEYS.evidence, "read_up_to") == newest[0][0]


async def test_another_server_goes_on_where_the_memory_stands(
    keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Also where the stream has been trimmed meanwhile: the sums are the memory."""
    for _ in range(5):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED")
    before = await keeper.sums()
    redis_client.xtrim(TRADES, maxlen=0, approximate=False)
    add_trade(redis_client, "BULL", 2.0, policy="BALANCED")
    after = await Keeper(async_client).sums()
    assert after.observations == before.observations + 1 == 6


async def test_a_long_stream_is_read_page_by_page(keeper: Keeper, redis_client: redis.Redis) -> None:
    pipeline = redis_client.pipeline()
    for number in range(PAGE_ENTRIES * 2 + 7):
        pipeline.xadd(TRADES, {"market_regime": "BEAR", "realized_pnl": number % 7, "policy": "BALANCED"})
    pipeline.execute()
    assert not (await keeper.sync()).is_complete
    assert same(await keeper.sums(), full_sums(redis_client))


async def test_a_trade_that_is_sent_twice_counts_once_also_after_a_restart(
    keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for trade_id in ("t1", "t2", "t1"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
    assert (await keeper.sums()).observations == 2
    for trade_id in ("t2", "t3", "t3"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
    restarted = Keeper(async_client)
    assert (await restarted.sums()).observations == 3
    assert redis_client.hget(KEYS.evidence, "duplicates") == b"3"


@pytest.mark.parametrize("horizon", [0, 3])
async def test_ids_are_remembered_up_to_the_horizon(
    horizon: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    keeper = Keeper(async_client, horizon)
    for trade_id in ("a", "b", "c", "d", "e"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
        await keeper.sums()
    for trade_id in ("a", "e", "e"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
    assert (await keeper.sums()).observations == (6 if horizon else 8)
    assert redis_client.zcard(KEYS.trade_ids) == horizon


async def test_trades_without_a_regime_take_the_one_observed_and_without_a_policy_count_not(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    redis_client.xadd(TRADES, {"realized_pnl": "1", "policy": "BALANCED"}, id="1-0")
    add_regime(redis_client, "RANGE", entry_id="2-0")
    redis_client.xadd("quantum:stream:meta.regime", {"regime": "BULL", "pnl": "nan"}, id="3-0")
    redis_client.xadd(TRADES, {"realized_pnl": "1", "policy": "BALANCED"}, id="4-0")
    redis_client.xadd(TRADES, {"realized_pnl": "1", "market_regime": "BULL"}, id="5-0")
    redis_client.xadd(TRADES, {"realized_pnl": "junk", "policy": "BALANCED", "market_regime": "BULL"}, id="6-0")
    sums = await keeper.sums()
    assert {name: sum(cell.observations for cell in cells) for name, cells in sums.regimes.items()} == {
        "UNKNOWN": 1,
        "RANGE": 1,
    }
    assert redis_client.hget(KEYS.evidence, "read_up_to") == b"6-0"


async def test_two_that_believe_to_stand_elsewhere_write_nothing(
    keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    rival = Keeper(async_client)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED")
    await keeper.sums()
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED")
    stale = await keeper.memory.gather()
    await rival.sums()
    before = contents_of(redis_client)
    with pytest.raises(MemoryMovedError):
        await keeper._publisher.publish(await claim_on(async_client), advice("b"), TIMES, NOW_MS, stale.note)
    assert contents_of(redis_client)[KEYS.evidence.encode()] == before[KEYS.evidence.encode()]
    keeper.memory.forget()
    assert (await keeper.sums()).observations == 2


async def test_entries_that_were_read_already_count_where_they_go_on_from_the_memory(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED")
    after = (await keeper.sync()).kept.read_up_to
    add_trade(redis_client, "BULL", 2.0, policy="BALANCED")
    add_trade(redis_client, "RANGE", 3.0, policy="BALANCED")
    entries: Any = redis_client.xrange(TRADES, min=f"({after}")
    newest, untold = entries[-1][0].decode(), NewEntries(after, entries[:1], is_all=False)
    first = await keeper.memory.gather(newest, untold)
    assert (first.kept.sums.observations, first.is_complete) == (2, False), "they are not read again"
    elsewhere = await keeper.memory.gather(newest, NewEntries("0-1", entries[1:], is_all=True))
    assert same(elsewhere.kept.sums, full_sums(redis_client)), "what does not go on from the memory is read"


async def test_ids_that_are_gone_when_the_memory_is_written_are_found_out_there(
    keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for trade_id in ("a", "b"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
    await keeper.sums()
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id="c")
    gathered = await keeper.memory.gather()
    redis_client.delete(KEYS.trade_ids)
    with pytest.raises(MemoryMovedError):
        await keeper._publisher.publish(await claim_on(async_client), advice("b"), TIMES, NOW_MS, gathered.note)
    keeper.memory.forget()
    assert (await keeper.sums()).observations == 3
    assert redis_client.zrange(KEYS.trade_ids, 0, -1) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("spoilt", ["text", "decay", "deleted"])
async def test_a_memory_that_cannot_be_gone_on_from_is_built_anew(
    spoilt: str, keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED")
    await keeper.sums()
    match spoilt:
        case "text":
            redis_client.hset(KEYS.evidence, "sums", "not JSON")
        case "decay":
            raw: Any = redis_client.hget(KEYS.evidence, "sums")
            redis_client.hset(KEYS.evidence, "sums", raw.replace(b"0.998", b"0.5"))
        case _:
            redis_client.delete(KEYS.evidence, KEYS.trade_ids)
    assert same(await Keeper(async_client).sums(), full_sums(redis_client))


async def test_ids_from_before_a_memory_was_built_anew_push_no_new_ones_out(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for trade_id in ("a", "b", "c", "d", "e"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id=trade_id)
    await Keeper(async_client, horizon=3).sums()
    redis_client.delete(KEYS.evidence)
    redis_client.xtrim(TRADES, maxlen=0, approximate=False)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id="f")
    assert (await Keeper(async_client, horizon=3).sums()).observations == 1
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", trade_id="f")
    assert (await Keeper(async_client, horizon=3).sums()).observations == 1


@pytest.mark.parametrize("seed", range(12))
async def test_every_trade_counts_once_through_restarts_and_failovers(
    seed: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """A failover sets memory and stream back together; what was lost with the stream is not in the sums either."""
    random = Random(seed)
    keeper = Keeper(async_client)
    saved: list[Contents] = []
    for _ in range(60):
        match random.choice(["trade", "trade", "trade", "sync", "sync", "restart", "lost reply", "save", "put back"]):
            case "trade":
                policy = random.choice(["CONSERVATIVE", "BALANCED", "AGGRESSIVE"])
                add_trade(redis_client, random.choice(["BULL", "BEAR"]), random.gauss(0, 1), policy=policy)
            case "sync":
                await keeper.sync(random.random())
            case "restart":
                keeper = Keeper(async_client)
            case "lost reply":
                gathered = await keeper.memory.gather()
                claim = await claim_on(async_client)
                await keeper._publisher.publish(claim, advice(random.random()), TIMES, NOW_MS, gathered.note)
                keeper = Keeper(async_client)
            case "save":
                saved.append(contents_of(redis_client))
            case "put back" if saved:
                put_back(redis_client, random.choice(saved))
                keeper.memory.forget()
            case _:
                pass
    assert same(await keeper.sums(), full_sums(redis_client))


async def test_a_stream_that_was_made_anew_with_lower_ids_is_read_too(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE")
    await keeper.sync()
    redis_client.delete(TRADES)
    assert (await keeper.sync(newest_trade="0-0")).note is None
    for number in range(1, 6):
        add_trade(redis_client, "BULL", -1.0, policy="AGGRESSIVE", entry_id=f"{number}-0")
    gathered = await keeper.sync(newest_trade="5-0")
    assert (gathered.kept.sums.observations, gathered.kept.read_up_to) == (8, "5-0")
    newest = add_trade(redis_client, "BULL", -1.0, policy="AGGRESSIVE", entry_id="6-0")
    assert (await keeper.sync(newest_trade=newest)).kept.sums.observations == 9


def add_trades(client: redis.Redis, numbers: range, *, named: bool) -> None:
    """Trades with ids of their own in the stream, and names of their own where asked for."""
    for number in numbers:
        name = {"trade_id": f"T-{number}"} if named else {}
        add_trade(client, "BULL", float(number), policy="BALANCED", entry_id=f"{1_000 + number}-0", **name)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("how", ["restore", "the same ids again", "fewer and then more"])
async def test_a_stream_that_was_set_back_counts_nothing_again(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, how: str, named: bool
) -> None:
    keeper = Keeper(async_client)
    add_trades(redis_client, range(30), named=named)
    dump: Any = redis_client.dump(TRADES)
    add_trades(redis_client, range(30, 40), named=named)
    whole: Any = redis_client.dump(TRADES)
    await keeper.sync(newest_trade="1039-0")
    expected = full_sums(redis_client)
    for _ in range(2):
        redis_client.delete(TRADES)
        if how == "restore":
            redis_client.restore(TRADES, 0, dump)
        else:
            add_trades(redis_client, range(30 if how == "the same ids again" else 12), named=named)
        newest = "1029-0" if how != "fewer and then more" else "1011-0"
        gathered = await keeper.sync(newest_trade=newest)
        assert (gathered.kept.sums.observations, gathered.kept.read_up_to) == (40, newest)
        assert "trades were left out" in keeper.problems.standing["trade_stream_set_back"]
        keeper = Keeper(async_client)
        assert (await keeper.sync(newest_trade=newest)).kept.sums.observations == 40, "nor after a restart"
        redis_client.restore(TRADES, 0, whole, replace=True)
        assert (await keeper.sync(newest_trade="1039-0")).kept.sums.observations == 40, "nor when it is set forward"
        assert same((await keeper.sync(newest_trade="1039-0")).kept.sums, expected)
    add_trades(redis_client, range(40, 45), named=named)
    assert (await keeper.sync(newest_trade="1044-0")).kept.sums.observations == 45
    assert dict(keeper.problems.standing) == {}
    assert same((await keeper.sync(newest_trade="1044-0")).kept.sums, full_sums(redis_client))


async def test_an_id_that_was_never_seen_proves_a_trade_new(keeper: Keeper, redis_client: redis.Redis) -> None:
    add_trades(redis_client, range(40), named=True)
    await keeper.sync(newest_trade="1039-0")
    redis_client.delete(TRADES)
    add_trades(redis_client, range(5), named=True)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id="1005-0", trade_id="another")
    assert (await keeper.sync(newest_trade="1005-0")).kept.sums.observations == 41


async def test_a_memory_that_does_not_say_what_it_has_read_has_read_everything_before(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    add_trades(redis_client, range(40), named=False)
    await keeper.sync(newest_trade="1039-0")
    raw: Any = redis_client.hget(KEYS.evidence, "sums")
    document = json.loads(raw)
    del document["counted_ids"]
    redis_client.hset(KEYS.evidence, "sums", json.dumps(document))
    redis_client.delete(TRADES)
    add_trades(redis_client, range(3), named=False)
    keeper.memory.forget()
    assert (await keeper.sync(newest_trade="1002-0")).kept.sums.observations == 40


async def test_newest_trades_that_were_deleted_make_no_new_stream(keeper: Keeper, redis_client: redis.Redis) -> None:
    older, _, newest = (add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE") for _ in range(3))
    await keeper.sync(newest_trade=newest)
    redis_client.xdel(TRADES, newest)
    gathered = await keeper.sync(newest_trade=older)
    assert (gathered.kept.sums.observations, gathered.note) == (3, None)
    newest = add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE")
    assert (await keeper.sync(newest_trade=newest)).kept.sums.observations == 4


@pytest.mark.parametrize("somebody_elses", ["", "abc", "5", "-1-0", "7-x"])
async def test_a_place_that_is_none_has_the_memory_built_anew(
    keeper: Keeper, redis_client: redis.Redis, somebody_elses: str
) -> None:
    for _ in range(3):
        add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE")
    await keeper.sync()
    redis_client.hset(KEYS.evidence, "read_up_to", somebody_elses)
    keeper.memory.forget()
    newest = add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE")
    assert (await keeper.sync(newest_trade=newest)).kept.sums.observations == 4
    assert redis_client.hget(KEYS.evidence, "read_up_to") == newest.encode()


@pytest.mark.parametrize("key", [KEYS.evidence, KEYS.trade_ids])
async def test_a_key_of_another_type_is_named(keeper: Keeper, redis_client: redis.Redis, key: str) -> None:
    redis_client.set(key, "somebody else's")
    with pytest.raises(redis.exceptions.ResponseError, match=f"^WRONGTYPE {key} .*rename or delete it"):
        await keeper.memory.gather()


async def test_looking_asks_for_no_trade_ids(
    keeper: Keeper, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """There can be a million of them, and only going on from the sums takes them."""
    store = MemoryStore(async_client, "quantum", DECAY, 100)
    assert await store.look() == (EvidenceSums(DECAY), NOTHING_TRIED)
    add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE", trade_id="t1")
    sums = await keeper.sums()
    redis_client.set(KEYS.trade_ids, "somebody else's")
    assert await store.look() == (sums, NOTHING_TRIED)


async def test_a_memory_of_too_many_regimes_is_brought_down_and_goes_on_the_same_on_every_server(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, keeper: Keeper
) -> None:
    unbounded = batch(DECAY, [f"R{n % 500}" for n in range(1_500)], [n % 3 for n in range(1_500)], [0.1] * 1_500)
    older = {name: value for name, value in to_plain(unbounded).items() if name != "newest_last"}
    redis_client.hset(KEYS.evidence, mapping={"read_up_to": "5-0", "sums": json.dumps(older)})
    before = contents_of(redis_client)
    found = []
    for attempt in range(2):
        put_back(redis_client, before)
        other_server = Keeper(async_client)
        for number in range(40):
            add_trade(redis_client, f"R{number * 7 % 11}", 0.2, entry_id=f"{number + 6}-0")
            await (keeper if attempt and number % 3 else other_server).sync(number)
            keeper.memory.forget()
            other_server.memory.forget()
        found.append(redis_client.hget(KEYS.evidence, "sums"))
    assert found[0] == found[1]
    sums = (await keeper.memory.gather()).kept.sums
    assert len(sums.regimes) == MAX_REGIMES + 1
    assert sums.observations == 1_540
    assert [name for name in sums.regimes if name != "OTHER"][-1] == "R9"

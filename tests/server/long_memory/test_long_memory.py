"""The long memory on a real Redis: trades are summed, written down, and gone on from."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import claim_on, long_memory_of
from redis_contents import contents_of, put_back
from redis_inputs import add_regime, add_trade
from server.long_memory.memory_keeper import DECAY, KEYS, TIMES, TRADES, Keeper, full_sums, same
from set_clocks import SecondsClock

from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.exploration import NOTHING_TRIED
from strategic_memory_server.evidence.plain_sums import to_plain
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.inputs.memory_windows import HeldTrades
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.inputs.read_outcome import NewEntries, NewTrades
from strategic_memory_server.long_memory.long_memory import SET_BACK
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_columns import identified_trades
from strategic_memory_server.long_memory.trade_reader import PAGE_ENTRIES
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.write_arguments import MemoryMovedError
from strategic_memory_server.windows.name_table import NameTable


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
        await keeper.publisher.publish(await claim_on(async_client), advice("b"), TIMES, NOW_MS, Beside(stale.note))
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
    newest = entries[-1][0].decode()
    first = await keeper.memory.gather(newest, new_trades(after, entries[:1], is_all=False))
    assert (first.kept.sums.observations, first.is_complete) == (2, False), "they are not read again"
    elsewhere = await keeper.memory.gather(newest, new_trades("0-1", entries[1:], is_all=True))
    assert same(elsewhere.kept.sums, full_sums(redis_client)), "what does not go on from the memory is read"


def new_trades(after: str, entries: Page, *, is_all: bool) -> NewTrades:
    """Trades with regimes of their own, as their window reads them."""
    names = NameTable()
    columns = identified_trades(names).read(entries).columns
    return NewTrades(NewEntries(after, entries, is_all), HeldTrades(columns, names.names))


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


async def test_trades_in_another_unit_are_told_for_as_long_as_they_are_remembered(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """They have left the windows after thirty trades, and the evidence rests on them for hundreds."""
    problems = Problems()
    memory = long_memory_of(async_client, problems=problems)
    for number in range(30):
        add_trade(redis_client, "BULL", 0.1 + number % 7, policy=("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[number % 3])
    await memory.gather()
    assert problems.standing == {}
    add_trade(redis_client, "BULL", 1e14, policy="BALANCED")
    for number in range(60):
        add_trade(redis_client, "BULL", 0.1 + number % 7, policy="AGGRESSIVE")
    await memory.gather()
    assert "'BULL' under BALANCED" in problems.standing["memory_units_mixed"]
    redis_client.xtrim(TRADES, maxlen=60, approximate=False)
    memory.forget()
    await memory.gather()
    assert problems.standing == {}


async def test_what_happened_to_trades_is_told_for_a_while_by_a_server_that_leads_no_more(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Whether it is mended the next leader sees, who may not know that it happened."""
    clock = SecondsClock()
    problems = Problems(clock)
    keeper = Keeper(async_client)
    keeper.memory = memory = long_memory_of(async_client, problems=problems)
    for entry_id in ("4-0", "5-0"):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id=entry_id)
    await keeper.sync()
    redis_client.delete(TRADES)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id="4-0")
    await keeper.sync(newest_trade="4-0")
    assert list(problems.standing) == [SET_BACK]
    for _ in range(2):
        memory.stand_by()
        clock.now_s += TOLD_FOR_S / 2 - 1.0
        assert list(problems.standing) == [SET_BACK]
    clock.now_s += 2.0
    assert problems.standing == {}
    # It leads again, and nothing new has come.
    memory.forget()
    await keeper.sync(newest_trade="4-0")
    clock.now_s += 2 * TOLD_FOR_S
    assert list(problems.standing) == [SET_BACK]
    memory.stand_by()
    memory.forget()
    clock.now_s += TOLD_FOR_S
    # Another server has read on meanwhile.
    other = Keeper(async_client)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id="6-0")
    await other.sync(newest_trade="6-0")
    await keeper.sync(newest_trade="6-0")
    assert problems.standing == {}

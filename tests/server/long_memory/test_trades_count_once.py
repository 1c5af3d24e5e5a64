"""Every trade counts exactly once: sent twice, after restarts and failovers, with ids forgotten."""

from __future__ import annotations

from random import Random

import pytest
import redis
import redis.asyncio
from advice import NOW_MS, advice
from claimed import claim_on
from redis_contents import Contents, contents_of, put_back
from redis_inputs import add_trade
from server.long_memory.memory_keeper import KEYS, TIMES, TRADES, Keeper, full_sums, same

from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.write_arguments import MemoryMovedError


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
        await keeper.publisher.publish(await claim_on(async_client), advice("b"), TIMES, NOW_MS, Beside(gathered.note))
    keeper.memory.forget()
    assert (await keeper.sums()).observations == 3
    assert redis_client.zrange(KEYS.trade_ids, 0, -1) == [b"a", b"b", b"c"]


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
                await keeper.publisher.publish(claim, advice(random.random()), TIMES, NOW_MS, Beside(gathered.note))
                keeper = Keeper(async_client)
            case "save":
                saved.append(contents_of(redis_client))
            case "put back" if saved:
                put_back(redis_client, random.choice(saved))
                keeper.memory.forget()
            case _:
                pass
    assert same(await keeper.sums(), full_sums(redis_client))

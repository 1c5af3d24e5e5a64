"""Ids of trades that Redis has lost, or that were set back, are told and taken from the trade stream."""

from __future__ import annotations

import pytest
import redis
import redis.asyncio
from redis_inputs import add_trade
from server.long_memory.loss_keeper import KEYS, TRADES, Keeper, write

from strategic_memory_server.long_memory.trade_reader import TradeReader


@pytest.fixture
def keeper(async_client: redis.asyncio.Redis) -> Keeper:
    return Keeper(async_client)


async def test_ids_that_are_lost_are_taken_from_the_stream_and_written_down(
    keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.delete(KEYS.trade_ids)
    assert await keeper.sync() == 10
    assert redis_client.zrange(KEYS.trade_ids, 0, -1) == [f"T{number}".encode() for number in range(10)]
    assert "10 were taken" in keeper.problems.standing["trade_ids_lost"]
    redis_client.delete(KEYS.trade_ids)
    newcomer = Keeper(async_client)
    write(redis_client, 3, 10, 9)
    assert await newcomer.sync() == 11, "a trade counts once"
    assert redis_client.zcard(KEYS.trade_ids) == 11
    assert redis_client.zrange(KEYS.trade_ids, -1, -1, withscores=True) == [(b"T10", 11.0)]


async def test_ids_of_which_the_stream_has_none_are_looked_for_once(
    keeper: Keeper, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its producer has given none for months: all of a long stream was read with each retry."""
    write(redis_client, *range(3))
    await keeper.sync()
    redis_client.xtrim(TRADES, maxlen=0)
    add_trade(redis_client, realized_pnl=0.1)
    redis_client.delete(KEYS.trade_ids)
    looked_for: list[int] = []
    ids_until = TradeReader.ids_until

    async def counted(self: TradeReader, entry_id: str, count: int) -> list[str]:
        looked_for.append(count)
        return await ids_until(self, entry_id, count)

    monkeypatch.setattr(TradeReader, "ids_until", counted)
    for _ in range(3):
        keeper.memory.forget()
        assert await keeper.sync() == 4
    assert looked_for == [3]
    assert "0 were taken" in keeper.problems.standing["trade_ids_lost"]
    write(redis_client, 3)
    assert await keeper.sync() == 5
    redis_client.delete(KEYS.trade_ids)
    assert await keeper.sync() == 5
    assert looked_for == [3, 4]
    assert redis_client.zrange(KEYS.trade_ids, 0, -1, withscores=True) == [(b"T3", 4.0)]


@pytest.mark.parametrize("is_junk_there", [False, True])
async def test_a_memory_that_is_set_back_alone_counts_again_what_it_has_lost(
    is_junk_there: bool, keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """The ids that are there know trades which are not in its sums."""
    write(redis_client, *range(10))
    await keeper.sync()
    saved = redis_client.dump(KEYS.evidence) or b""
    write(redis_client, *range(10, 15))
    assert await keeper.sync() == 15
    redis_client.restore(KEYS.evidence, 0, saved, replace=True)
    if is_junk_there:
        redis_client.zadd(KEYS.trade_ids, {b"\xff": 1e9})
    write(redis_client, 9, 15)
    assert await keeper.sync() == 16
    assert keeper.problems.standing == {}, "the stream holds all"
    write(redis_client, *range(16))
    for server in (keeper, Keeper(async_client)):
        assert await server.sync() == 16, "a trade counts once"


@pytest.mark.parametrize("kept_in_stream", [15, 3])
async def test_ids_that_are_set_back_alone_are_taken_from_the_stream(
    kept_in_stream: int, keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    saved = redis_client.dump(KEYS.trade_ids) or b""
    write(redis_client, *range(10, 15))
    assert await keeper.sync() == 15
    redis_client.xtrim(TRADES, maxlen=kept_in_stream, approximate=False)
    redis_client.restore(KEYS.trade_ids, 0, saved, replace=True)
    write(redis_client, 0, 12, 14, 15)
    assert await keeper.sync() == 16, "a trade counts once"
    assert f"{kept_in_stream} were taken" in keeper.problems.standing["trade_ids_lost"]
    newcomer = Keeper(async_client)
    assert await newcomer.sync() == 16
    assert newcomer.problems.standing == {}


@pytest.mark.parametrize("is_junk_there", [False, True])
async def test_ids_that_are_set_back_are_told_though_nothing_new_comes(
    is_junk_there: bool, keeper: Keeper, redis_client: redis.Redis
) -> None:
    write(redis_client, *range(4))
    await keeper.sync()
    if is_junk_there:
        redis_client.zadd(KEYS.trade_ids, {b"\xff": 1e9})
    saved = redis_client.dump(KEYS.trade_ids) or b""
    write(redis_client, *range(4, 7))
    assert await keeper.sync() == 7
    assert await keeper.sync() == 7
    assert keeper.problems.standing == {}
    redis_client.restore(KEYS.trade_ids, 0, saved, replace=True)
    if is_junk_there:
        # Beneath it nobody looks for what is missing.
        redis_client.zrem(KEYS.trade_ids, b"\xff")
    await keeper.sync()
    assert "7 were taken" in keeper.problems.standing["trade_ids_lost"]
    assert redis_client.zscore(KEYS.trade_ids, "T6") == 7.0
    keeper.problems.withdraw("trade_ids_lost")
    await keeper.sync()
    await keeper.sync()
    assert keeper.problems.standing == {}

"""What Redis has lost of the long memory is told, with how many trades."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
import redis.asyncio
from redis_inputs import add_trade
from server.long_memory.loss_keeper import KEYS, TRADES, Keeper, write
from set_clocks import SecondsClock
from structlog.testing import capture_logs

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.long_memory.memory_loss import MemoryLoss


@pytest.fixture
def keeper(async_client: redis.asyncio.Redis) -> Keeper:
    return Keeper(async_client)


LOSSES: dict[str, Callable[[redis.Redis], object]] = {
    "deleted": lambda client: client.delete(KEYS.evidence),
    "deleted with its ids": lambda client: client.delete(KEYS.evidence, KEYS.trade_ids),
    "overwritten": lambda client: client.hset(KEYS.evidence, "read_up_to", "0-1"),
    "no text at all": lambda client: client.hset(KEYS.evidence, mapping={"read_up_to": b"\xff\x00", "sums": b"\xff"}),
    "where it stands is no id that Redis has": lambda client: client.hset(KEYS.evidence, "read_up_to", "9" * 30 + "-0"),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("kept_in_stream", [10, 4])
async def test_how_many_trades_are_lost_is_told_though_nothing_new_comes(
    keeper: Keeper, redis_client: redis.Redis, lose: Callable[[redis.Redis], object], kept_in_stream: int
) -> None:
    write(redis_client, *range(10))
    assert await keeper.sync() == 10
    redis_client.xtrim(TRADES, maxlen=kept_in_stream, approximate=False)
    lose(redis_client)
    if lose is LOSSES["overwritten"]:
        redis_client.hdel(KEYS.evidence, "sums")
    assert await keeper.sync() == kept_in_stream
    assert keeper.loss.trades_lost == 10 - kept_in_stream
    if kept_in_stream == 10:
        assert list(keeper.problems.standing) == []
    else:
        sentence = keeper.problems.standing["long_memory_lost"]
        assert "10 trades" in sentence
        assert "6 of them are lost" in sentence
        assert "rebuild-memory" in sentence
    write(redis_client, 10)
    assert await keeper.sync() == kept_in_stream + 1


def test_a_loss_that_is_not_made_good_yet_is_told_again_by_who_leads_again() -> None:
    clock = SecondsClock()
    problems = Problems(clock)
    loss = MemoryLoss(problems)
    loss.read(10)
    loss.read(2)
    loss.stand_by()
    clock.now_s += TOLD_FOR_S
    assert problems.standing == {}
    loss.read(4)
    loss.gathered(6, 0, is_complete=False)
    clock.now_s += 2 * TOLD_FOR_S
    assert "it had 10 trades, and is built" in problems.standing["long_memory_lost"]
    loss.stand_by()
    clock.now_s += TOLD_FOR_S
    # Another one has built it to the end.
    with capture_logs() as logs:
        loss.read(10)
        assert logs == []
        loss.gathered(10, 0, is_complete=True)
    assert (problems.standing, loss.trades_lost) == ({}, 0)


async def test_everything_lost_is_told(keeper: Keeper, redis_client: redis.Redis) -> None:
    write(redis_client, *range(7))
    assert await keeper.sync() == 7
    redis_client.flushall()
    assert await keeper.sync() == 0
    assert keeper.loss.trades_lost == 7


async def test_a_server_that_has_just_started_knows_by_the_ids_that_are_left(
    keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.xtrim(TRADES, maxlen=3, approximate=False)
    redis_client.delete(KEYS.evidence)
    newcomer = Keeper(async_client)
    assert await newcomer.sync() == 3
    assert newcomer.loss.trades_lost == 7


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("kept_in_stream", [10, 4])
async def test_a_trade_with_an_id_and_without_a_policy_is_not_lost_with_the_sums(
    keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis, kept_in_stream: int, is_new: bool
) -> None:
    """It has a number, as the others that have an id, and is in no sum."""
    for number in range(10):
        fields: Any = {"market_regime": "BULL", "realized_pnl": "0.1", "trade_id": f"T{number}"}
        redis_client.xadd(TRADES, fields if number % 2 else {**fields, "policy": "BALANCED"})
    assert await keeper.sync() == 5
    redis_client.xtrim(TRADES, maxlen=kept_in_stream, approximate=False)
    redis_client.delete(KEYS.evidence)
    keeper = Keeper(async_client) if is_new else keeper
    assert await keeper.sync() == kept_in_stream // 2
    assert ("long_memory_lost" in keeper.problems.standing, keeper.loss.trades_lost) == (
        kept_in_stream < 10,
        10 - kept_in_stream,
    )


@pytest.mark.parametrize("score", [0, 1e9, float("inf"), float("-inf")])
@pytest.mark.parametrize("field", ["read_up_to", "sums"])
async def test_what_another_program_has_put_there_is_no_fault_and_what_is_lost_is_told(
    field: str, score: float, keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.zadd(KEYS.trade_ids, {b"\xff\xfe": score})
    assert await Keeper(async_client).sync() == 10
    write(redis_client, 3)
    assert await Keeper(async_client).sync() == 10, "a trade counts once"
    redis_client.xtrim(TRADES, maxlen=4, approximate=False)
    redis_client.zrem(KEYS.trade_ids, b"\xff\xfe")
    redis_client.hset(KEYS.evidence, field, b"\xff\xfe")
    newcomer = Keeper(async_client)
    lost = 6 if field == "sums" else 0
    assert await newcomer.sync() == 10 - lost
    assert newcomer.loss.trades_lost == lost
    assert not lost or "6 of them are lost" in newcomer.problems.standing["long_memory_lost"]
    write(redis_client, 11)
    assert await newcomer.sync() == 11 - lost


@pytest.mark.parametrize("score", [2.0**53, 1e9, float("inf"), float("-inf"), -5.0])
async def test_an_id_that_another_program_has_numbered_changes_how_many_are_lost_by_one_at_most(
    score: float, keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.xtrim(TRADES, maxlen=4, approximate=False)
    redis_client.zadd(KEYS.trade_ids, {"junk": score})
    redis_client.delete(KEYS.evidence)
    newcomer = Keeper(async_client)
    assert await newcomer.sync() == 4
    assert newcomer.loss.trades_lost in (6, 7)


@pytest.mark.parametrize("count", ["18446744073709551616", "9" * 400, "-5", "0", "junk", "1e9", b"\xff"])
@pytest.mark.parametrize("field", ["numbered", "duplicates"])
async def test_a_count_that_another_program_has_changed_ends_no_sync_and_loses_nothing(
    field: str, count: str | bytes, keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.xtrim(TRADES, maxlen=4, approximate=False)
    redis_client.hset(KEYS.evidence, field, count)
    newcomer = Keeper(async_client)
    assert await newcomer.sync() == 10
    write(redis_client, 3, 11, 12)
    assert await newcomer.sync() == 12, "a trade counts once"
    assert newcomer.problems.standing == {}
    assert [redis_client.zcount(KEYS.trade_ids, number, number) for number in range(1, 14)] == [1] * 12 + [0]


async def test_an_id_with_a_number_that_is_none_ends_no_sync(keeper: Keeper, redis_client: redis.Redis) -> None:
    redis_client.zadd(KEYS.trade_ids, {"": float("-inf")})
    write(redis_client, *range(3))
    assert await keeper.sync() == 3


async def test_sums_that_do_not_say_what_is_in_them_are_not_gone_on_from(
    keeper: Keeper, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """A memory of an older version has counted what is before the place where it stands, and that is gone."""
    for number in range(4):
        add_trade(redis_client, realized_pnl=0.1 * number)
    await keeper.sync()
    sums = json.loads(redis_client.hget(KEYS.evidence, "sums") or b"")
    del sums["counted_ids"]
    redis_client.hset(KEYS.evidence, mapping={"sums": json.dumps(sums), "read_up_to": "nowhere"})
    assert await Keeper(async_client).sync() == 4


async def test_what_could_not_be_written_down_is_not_lost(keeper: Keeper, redis_client: redis.Redis) -> None:
    write(redis_client, *range(3))
    await keeper.sync()
    write(redis_client, 3)
    assert (await keeper.memory.gather()).kept.sums.observations == 4
    keeper.memory.forget()
    with capture_logs() as logs:
        assert await keeper.sync() == 4
    assert logs == [], "Redis has lost nothing: what it refused was never there"


async def test_a_loss_counts_once_however_often_what_is_left_cannot_be_written_down(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    """A Redis that is full has deleted the memory and takes no new one; the ids of its trades tell of it again."""
    write(redis_client, *range(10))
    await keeper.sync()
    redis_client.xtrim(TRADES, maxlen=4, approximate=False)
    redis_client.delete(KEYS.evidence)
    for _ in range(3):
        keeper.memory.forget()
        assert (await keeper.memory.gather()).kept.sums.observations == 4
    keeper.memory.forget()
    redis_client.xtrim(TRADES, maxlen=3, approximate=False)
    assert await keeper.sync() == 3
    assert keeper.loss.trades_lost == 7
    assert "7 of them are lost" in keeper.problems.standing["long_memory_lost"]
    redis_client.delete(KEYS.evidence, KEYS.trade_ids)
    redis_client.xtrim(TRADES, maxlen=1, approximate=False)
    assert await keeper.sync() == 1
    assert keeper.loss.trades_lost == 7 + 2, "what is lost after that is another loss"

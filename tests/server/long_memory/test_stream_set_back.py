"""A stream of trades that was made anew, set back or cut short: what was counted is not counted again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
import redis.asyncio
from redis_inputs import add_trade
from server.long_memory.memory_keeper import KEYS, TRADES, Keeper, full_sums, same
from structlog.testing import capture_logs

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.memory.policy import Policy


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


async def test_a_stream_that_was_made_anew_and_is_empty_is_said_once_to_have_gone_back(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    """A consumer group makes one (XGROUP CREATE ... MKSTREAM), and the next trade may come in days."""

    async def times_said(syncs: int, newest_trade: str) -> int:
        with capture_logs() as lines:
            for _ in range(syncs):
                await keeper.sync(newest_trade=newest_trade)
        return sum(line["event"].startswith("Trade stream has gone back to lower ids") for line in lines)

    newest = add_trade(redis_client, "BULL", 1.0, policy="AGGRESSIVE")
    dump: Any = redis_client.dump(TRADES)
    assert await times_said(1, newest) == 0
    for _ in range(2):
        redis_client.delete(TRADES)
        redis_client.xgroup_create(TRADES, "readers", mkstream=True)
        assert await times_said(3, "0-0") == 1
        redis_client.restore(TRADES, 0, dump, replace=True)
        assert await times_said(1, newest) == 0


def add_trades(client: redis.Redis, numbers: range, *, named: bool) -> None:
    """Trades with ids of their own in the stream, and names of their own where asked for."""
    for number in numbers:
        name = {"trade_id": f"T-{number}"} if named else {}
        add_trade(client, "BULL", float(number), policy="BALANCED", entry_id=f"{1_000 + number}-0", **name)


@pytest.mark.parametrize(("named", "horizon"), [(False, 100), (True, 100), (True, 0)])
@pytest.mark.parametrize("how", ["restore", "the same ids again", "fewer and then more"])
async def test_a_stream_that_was_set_back_counts_nothing_again(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, how: str, named: bool, horizon: int
) -> None:
    """Nor does it where no names of trades are remembered."""
    keeper = Keeper(async_client, horizon=horizon)
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
        keeper = Keeper(async_client, horizon=horizon)
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
    guard = GuardState().saying(Policy.BALANCED, 0).after((await keeper.sync(newest_trade="1039-0")).counted, 1)
    redis_client.delete(TRADES)
    add_trades(redis_client, range(5), named=True)
    add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id="1005-0", trade_id="another")
    gathered = await keeper.sync(newest_trade="1005-0")
    assert gathered.kept.sums.observations == 41
    assert guard.after(gathered.counted, 2).results == 41, "to the drawdown guard too"


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


@pytest.mark.parametrize("at_once", [True, False])
async def test_ids_that_count_something_else_for_a_while_keep_nothing_from_counting(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, at_once: bool
) -> None:
    """Redis takes milliseconds after microseconds only where the stream is made anew; whose trades are others."""
    keeper = Keeper(async_client)
    began_ms = 1_767_225_600_000
    ids = [(began_ms + 1_000 * number) * (1_000 if number > 5 else 1) for number in range(12)]
    for entry_id in ids:
        add_trade(redis_client, "BULL", 0.5, policy="BALANCED", entry_id=f"{entry_id}-0")
        if not at_once:
            await keeper.sync(newest_trade=f"{entry_id}-0")
    await keeper.sync(newest_trade=f"{ids[-1]}-0")
    wrong: Any = redis_client.dump(TRADES)
    redis_client.delete(TRADES)
    for number in range(12, 16):
        add_trade(redis_client, "BULL", 0.5, policy="BALANCED", entry_id=f"{began_ms + 1_000 * number}-0")
    newest = f"{began_ms + 15_000}-0"
    assert (await keeper.sync(newest_trade=newest)).kept.sums.observations == 16
    assert dict(keeper.problems.standing) == {}
    redis_client.restore(TRADES, 0, wrong, replace=True)
    again = await Keeper(async_client).sync(newest_trade=f"{ids[-1]}-0")
    assert again.kept.sums.observations == 16, "what was counted is not counted again"

"""A long memory that a later version has written, and servers that went back: what it holds is not written over."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
import redis.asyncio
from server.long_memory.test_memory_loss import KEYS, TRADES, Keeper, write

from strategic_memory_server.evidence.plain_sums import VERSION, version_of
from strategic_memory_server.long_memory.long_memory import LATER
from strategic_memory_server.memory.json_types import JsonValue


def of_a_later_version(sums: bytes) -> str:
    """Sums as no server of this version can read them."""
    plain = json.loads(sums)
    regimes = {name: [[*cell, 0.5] for cell in cells] for name, cells in plain["regimes"].items()}
    return json.dumps({**plain, "regimes": regimes, "version": VERSION + 1})


async def test_it_is_there_for_that_version_once_servers_of_it_are_back(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    went_along = Keeper(async_client)
    write(redis_client, *range(10))
    assert await went_along.sync() == 10
    redis_client.xtrim(TRADES, maxlen=4, approximate=False)
    ours: Any = redis_client.hget(KEYS.evidence, "sums")
    redis_client.hset(KEYS.evidence, "sums", of_a_later_version(ours))
    stood = redis_client.hgetall(KEYS.evidence), redis_client.zrange(KEYS.trade_ids, 0, -1, withscores=True)
    for number, keeper in enumerate((Keeper(async_client), went_along, Keeper(async_client)), 10):
        write(redis_client, number, 6)
        keeper.memory.forget()
        assert await keeper.sync() == 4 + number - 9, "what the stream holds, each once"
        assert list(keeper.problems.standing) == [LATER]
        assert keeper.loss.trades_lost == 0
    assert (redis_client.hgetall(KEYS.evidence), redis_client.zrange(KEYS.trade_ids, 0, -1, withscores=True)) == stood
    # A server of that version reads what it has written.
    redis_client.hset(KEYS.evidence, "sums", ours)
    went_along.memory.forget()
    assert await went_along.sync() == 13
    assert went_along.problems.standing == {}


@pytest.mark.parametrize("plain", [None, [], {}, {"version": "2"}, {"version": None}, {"version": 0}])
def test_what_says_nothing_of_its_version_is_of_this_one(plain: JsonValue) -> None:
    assert version_of(plain) == VERSION

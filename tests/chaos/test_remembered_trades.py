"""A trade that the long memory has left out, or counted twice, is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from chaos.remembered_trades import miscounted_trades, still_miscounted_trades
from conftest import StartService
from processes import eventually
from redis_inputs import add_trade

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

EVIDENCE = "quantum:feedback:strategic_memory:evidence"


def add_trades(client: redis.Redis, count: int) -> None:
    for number in range(count):
        add_trade(client, "BULL", 1.0, policy="BALANCED", trade_id=f"t{number % 4}")


def test_what_was_counted_is_compared_with_what_was_written(
    start_service: StartService, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    add_trades(redis_client, 6)
    info: Any = redis_client.xinfo_stream("quantum:stream:trade.results")
    if "entries-added" not in info:
        pytest.skip("this Redis does not tell how many entries were added: it is older than 7.0")
    assert miscounted_trades(redis_client, "quantum") == "6 trades were written, and the long memory has counted 0"
    service = start_service(redis_url=redis_server.url)
    eventually(lambda: not miscounted_trades(redis_client, "quantum"))
    add_trades(redis_client, 1)
    assert still_miscounted_trades(redis_client, "quantum", 60.0) == "", "a trade that came last counts a little later"
    service.kill()
    redis_client.xtrim("quantum:stream:trade.results", maxlen=0, approximate=False)
    assert still_miscounted_trades(redis_client, "quantum", 0.0) == ""
    raw: Any = redis_client.hget(EVIDENCE, "sums")
    plain = json.loads(raw)
    plain["regimes"]["BULL"][1][0] += 1
    redis_client.hset(EVIDENCE, "sums", json.dumps(plain))
    assert miscounted_trades(redis_client, "quantum") == "7 trades were written, and the long memory has counted 8"

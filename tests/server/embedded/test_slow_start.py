"""EmbeddedRedis that has much to read before it answers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import redis

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence
from strategic_memory_server.embedded.redis_binary import find_redis_server

pytestmark = pytest.mark.processes


def test_a_server_that_reads_its_data_for_long_is_waited_for(tmp_path: Path) -> None:
    slow = tmp_path / "slow-redis"
    slow.write_text(f'#!/bin/sh\nexec {find_redis_server()} "$@" --key-load-delay 400\n')
    slow.chmod(0o755)
    kept = partial(EmbeddedRedis, directory=tmp_path, persistence=Persistence.EVERY_SECOND)
    with kept() as server, redis.Redis.from_url(server.url) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(15_000):
            pipeline.rpush("list", number)
        pipeline.execute()
    with kept(binary=slow, start_timeout_s=4.0) as server, redis.Redis.from_url(server.url) as client:
        assert client.llen("list") == 15_000

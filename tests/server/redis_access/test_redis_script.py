"""Scripts are called by their digest, and learnt by a Redis that does not know them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis
from patient_redis import patient
from processes import aeventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_script import RedisScript, ScriptText
from strategic_memory_server.redis_access.round_trip import round_trip

COUNT = ScriptText("return {redis.call('INCRBY', keys.counter, args.by), args.word}", ("counter",), ("by", "word"))
KEYS = {"counter": "counter"}


async def test_it_runs_once_whether_or_not_redis_knows_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with connect(patient(redis_server.url)) as client:
        script = RedisScript(client, COUNT)
        redis_client.script_flush()
        assert await script(KEYS, {"by": 1, "word": "first"}) == [1, b"first"]
        assert await script(KEYS, {"word": "größer", "by": 2}) == [3, "größer".encode()]
        redis_client.script_flush()
        assert await script(KEYS, {"by": 4, "word": ""}) == [7, b""]
    assert redis_client.get("counter") == b"7"


async def test_a_call_that_was_refused_while_another_one_loaded_it_runs_too(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_loaded = asyncio.Event()
    asked = 0

    async def late(*arguments: Any, **more: Any) -> list[Any]:  # noqa: ANN401  as it is called
        nonlocal asked
        asked += 1
        is_first = asked == 1
        replies = await round_trip(*arguments, **more)
        if is_first:
            await is_loaded.wait()
        return replies

    monkeypatch.setattr("strategic_memory_server.redis_access.redis_script.round_trip", late)
    async with connect(patient(redis_server.url)) as client:
        script = RedisScript(client, COUNT)
        redis_client.script_flush()
        refused = asyncio.create_task(script(KEYS, {"by": 1, "word": "late"}))
        await aeventually(lambda: asked == 1)
        await script(KEYS, {"by": 1, "word": ""})
        is_loaded.set()
        assert await refused == [2, b"late"]


async def test_a_known_script_is_not_sent_again(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    async with connect(patient(redis_server.url)) as client:
        script = RedisScript(client, COUNT)
        await script(KEYS, {"by": 1, "word": ""})
        redis_client.config_resetstat()
        await script(KEYS, {"by": 1, "word": ""})
    calls = redis_client.info("commandstats")
    assert calls["cmdstat_evalsha"]["calls"] == 1
    assert "cmdstat_script" not in calls
    assert "cmdstat_script|load" not in calls


async def test_what_goes_wrong_in_it_is_raised(redis_server: EmbeddedRedis) -> None:
    async with connect(patient(redis_server.url)) as client:
        with pytest.raises(redis.ResponseError, match="own words"):
            await RedisScript(client, ScriptText("return redis.error_reply('ERR own words')"))({}, {})
        with pytest.raises(redis.ResponseError, match="compiling"):
            await RedisScript(client, ScriptText("this is no script"))({}, {})

"""RedisRisks on a real Redis in each of the states that it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from patient_redis import patient
from processes import eventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_risks import (
    EVICTED,
    EVICTS,
    NOT_PERSISTENT,
    UNSAVED_S,
    RedisRisks,
    not_persistent,
)


@pytest.fixture
def configured(redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """The shared Redis, whose configuration is put back."""
    yield redis_client
    for name, value in {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "no"}.items():
        redis_client.config_set(name, value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, []),
        ({"maxmemory-policy": "allkeys-lru"}, [EVICTS]),
        ({"maxmemory-policy": "volatile-ttl"}, [EVICTS]),
        ({"save": ""}, [NOT_PERSISTENT]),
        ({"save": "", "maxmemory-policy": "allkeys-lfu"}, [EVICTS, NOT_PERSISTENT]),
        ({"save": "", "appendonly": "yes"}, []),
    ],
)
async def test_settings_under_which_redis_can_lose_keys_are_told(
    configured: redis.Redis, async_client: redis.asyncio.Redis, settings: dict[str, str], told: list[str]
) -> None:
    problems = Problems()
    risks = RedisRisks(async_client, problems, asks_config=True)
    for name, value in settings.items():
        configured.config_set(name, value)
    await risks.look()
    assert list(problems.standing) == told
    chosen = Problems()
    await RedisRisks(async_client, chosen, asks_config=True, is_in_memory=True).look()
    assert list(chosen.standing) == [name for name in told if name != NOT_PERSISTENT]
    for name, value in {"save": "86400 1", "maxmemory-policy": "noeviction"}.items():
        configured.config_set(name, value)
    await risks.look()
    assert list(problems.standing) == [], "it is over when it is mended"


async def test_evicted_keys_are_told(configured: redis.Redis, async_client: redis.asyncio.Redis) -> None:
    configured.config_resetstat()
    problems = Problems()
    risks = RedisRisks(async_client, problems, asks_config=True)
    await risks.look()
    assert EVICTED not in problems.standing
    for number in range(20):
        configured.set(f"filler:{number}", "x" * 1_000)
    configured.config_set("maxmemory-policy", "allkeys-random")
    configured.config_set("maxmemory", 1)
    configured.get("filler:0")
    configured.config_set("maxmemory", 0)
    info: Any = configured.info("stats")
    if info["evicted_keys"]:
        await risks.look()
        assert str(info["evicted_keys"]) in problems.standing[EVICTED]


@pytest.mark.parametrize(
    ("info", "saves", "is_told"),
    [
        ({}, None, False),
        ({"aof_enabled": 1}, None, False),
        ({"aof_enabled": 0, "rdb_changes_since_last_save": 5, "rdb_last_save_time": 0}, "3600 1", False),
        ({"aof_enabled": 0, "rdb_changes_since_last_save": 5, "rdb_last_save_time": 0}, None, True),
        ({"aof_enabled": 0, "rdb_changes_since_last_save": 0, "rdb_last_save_time": 0}, None, False),
        ({"aof_enabled": 0, "rdb_changes_since_last_save": 5, "rdb_last_save_time": 9_999}, None, False),
        ({"aof_enabled": 0}, "", True),
    ],
)
def test_without_the_configuration_what_was_not_saved_tells(
    info: dict[str, object], saves: str | None, is_told: bool
) -> None:
    assert (not_persistent(info, saves, 10_000.0 + UNSAVED_S - 5_000) is not None) == is_told


@pytest.mark.processes
async def test_snapshots_that_fail_are_told(tmp_path: Path) -> None:
    folder, problems = tmp_path / "redis", Problems()
    settings = ["save 86400 1", "stop-writes-on-bgsave-error no"]
    with RedisProcess(folder, free_port(), settings) as server, redis.Redis.from_url(server.url) as client:
        async with connect(patient(server.url)) as asked:
            risks = RedisRisks(asked, problems, asks_config=True)

            def saved() -> str:
                client.bgsave()
                eventually(lambda: said(client)["rdb_bgsave_in_progress"] == 0)
                return str(said(client)["rdb_last_bgsave_status"])

            # Nothing takes the place of a folder.
            (folder / "dump.rdb").mkdir()
            assert saved() == "err"
            await risks.look()
            assert "rdb_last_bgsave_status is err" in problems.standing[NOT_PERSISTENT]
            (folder / "dump.rdb").rmdir()
            assert saved() == "ok"
            await risks.look()
            assert list(problems.standing) == [], "it is over when it is mended"


def said(client: redis.Redis) -> dict[str, Any]:
    info: Any = client.info("persistence")
    found: dict[str, Any] = info
    return found


def test_an_append_only_file_that_cannot_be_written_is_told() -> None:
    failing = {"aof_enabled": 1, "aof_last_write_status": "err", "rdb_last_bgsave_status": "ok"}
    assert "aof_last_write_status is err" in (not_persistent(failing, "", 0.0) or "")
    assert not_persistent(failing | {"aof_last_write_status": "ok", "rdb_last_bgsave_status": "err"}, "", 0.0) is None


def test_an_append_only_file_that_grows_without_bound_is_told(redis_client: redis.Redis) -> None:
    """For want of memory for a fork, say: nothing else tells of it until the disk is full, weeks later."""
    assert said(redis_client)["aof_last_bgrewrite_status"] == "ok"
    failing = {"aof_enabled": 1, "aof_last_write_status": "ok", "aof_last_bgrewrite_status": "err"}
    assert "aof_last_bgrewrite_status is err" in (not_persistent(failing, "", 0.0) or "")
    assert not_persistent(failing | {"aof_enabled": 0}, "3600 1", 0.0) is None
    assert not_persistent(failing | {"aof_last_bgrewrite_status": "ok"}, "", 0.0) is None


async def test_a_redis_that_is_busy_for_a_moment_is_asked_for_its_configuration_again(
    configured: redis.Redis, async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_busy(*_: object) -> None:
        raise redis.ResponseError("BUSY Redis is busy running a script.")

    problems = Problems()
    risks = RedisRisks(async_client, problems, asks_config=True)
    configured.config_set("appendonly", "no")
    configured.config_set("save", "")
    with monkeypatch.context() as busy:
        busy.setattr(async_client, "config_get", is_busy)
        await risks.look()
    assert NOT_PERSISTENT not in problems.standing
    await risks.look()
    assert NOT_PERSISTENT in problems.standing
    configured.config_set("save", "86400 1")


async def test_a_user_with_few_permissions_is_left_alone(configured: redis.Redis, redis_server: EmbeddedRedis) -> None:
    configured.acl_setuser("plain", enabled=True, nopass=True, commands=["+@all", "-info", "-config"], reset=True)
    problems = Problems()
    async with connect(patient(redis_server.url.replace("redis://", "redis://plain:any@"))) as client:
        await RedisRisks(client, problems, asks_config=True).look()
    configured.acl_deluser("plain")
    assert list(problems.standing) == []

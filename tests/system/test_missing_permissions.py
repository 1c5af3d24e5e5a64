"""A user that lacks a permission: it is named, nothing is written until it is there, and it goes on by itself then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from least_user import prepare
from patient_redis import patient
from processes import eventually
from redis_contents import contents_of
from redis_inputs import add_regime, add_trade
from redis_kinds.documented import acl_rules
from redis_kinds.programs import KINDS, require_program
from service_calls import get_feedback, get_json

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import ClientOptions, FeedbackStatus, StrategicMemoryClient
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.permissions import Permissions

pytestmark = pytest.mark.system

NOT_NEEDED_TO_WRITE = {"+publish", "+info", "+fcall"}
COMMANDS = [rule for rule in acl_rules() if rule.startswith("+") and rule not in NOT_NEEDED_TO_WRITE]
STALE = feedback_pb2.FEEDBACK_STATUS_STALE
FEEDBACK = "quantum:feedback:strategic_memory"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str, tmp_path: Path) -> Iterator[RedisProcess]:
    with (
        RedisProcess(tmp_path / "redis", free_port(), program=require_program(kind)) as process,
        redis.Redis.from_url(process.url) as client,
    ):
        prepare(client)
        yield process


UNWRITTEN = (f"~{FEEDBACK}:lease", f"~{FEEDBACK}:other_settings", "~quantum:stream:strategic_feedback:override")
"""Keys that are not there just now."""


def allow(client: redis.Redis, *rules: str) -> None:
    # The library has no type for it.
    cast("Any", client).execute_command("ACL", "SETUSER", *rules)


def url_of(server: RedisProcess) -> str:
    return server.url.replace("redis://", "redis://strategic-memory:change-me@")


async def _missing(server: RedisProcess) -> list[str]:
    async with connect(patient(url_of(server))) as client:
        return await Permissions(client, "quantum").missing()


def test_each_is_named_and_looking_for_it_writes_nothing(
    kind: str, server: RedisProcess, start_service: StartService
) -> None:
    with redis.Redis.from_url(server.url) as client:
        assert asyncio.run(_missing(server)) == []
        assert client.keys("*") == []
        # The key with the feedback must not end meanwhile.
        service = start_service(url_of(server), sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "600"})
        for number in range(3):
            add_regime(client)
            add_trade(client, trade_id=f"T{number}")
        eventually(lambda: client.zcard(f"{FEEDBACK}:trade_ids") == 3)
        eventually(lambda: client.hget(f"{FEEDBACK}:state", "lease_ms"))
        service.terminate()
        assert service.wait() == 0
        # One that could not be released in time ends by itself, which is no writing either.
        eventually(lambda: not client.exists(f"{FEEDBACK}:lease"))
        before = contents_of(client)
        for rule in COMMANDS:
            # A part of a command cannot be taken away in Redis 6.2.
            allow(client, *acl_rules(kind=kind), rule.replace("+", "-").partition("|")[0])
            assert asyncio.run(_missing(server)) == [rule]
        for name in ("strategic_memory:trade_ids", "strategic_memory:lease", "strategic_memory"):
            keys = [f"~{key.decode()}" for key in before if key.decode() != f"quantum:feedback:{name}"]
            allow(client, *acl_rules(kind=kind), "resetkeys", *keys, *UNWRITTEN)
            expected = [] if name == "strategic_memory:lease" else [f"~quantum:feedback:{name}"]
            assert asyncio.run(_missing(server)) == expected
        command = "evalsha" if kind == "redis-6.2" else "fcall"
        allow(client, *acl_rules(kind=kind), f"-{command}")
        [said] = asyncio.run(_missing(server))
        assert command in said.lower()
        assert contents_of(client) == before


def test_a_command_that_redis_does_not_know_is_named_before_anything_is_written(
    kind: str, tmp_path: Path, start_service: StartService
) -> None:
    renamed = [f'rename-command {command} ""' for command in ("ZADD", "ZREMRANGEBYRANK")]
    program = require_program(kind)
    with (
        RedisProcess(tmp_path / "renamed", free_port(), ["save 86400 1", *renamed], program=program) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        for number in range(3):
            add_regime(client)
            add_trade(client, trade_id=f"T{number}")
        inputs = contents_of(client)
        service = start_service(server.url, sync_interval_s=0.1)
        [problem] = eventually(lambda: get_json(service)["problems"])
        assert "this Redis does not know ZADD, ZREMRANGEBYRANK" in problem
        assert "rename-command" in problem
        assert contents_of(client) == inputs


def test_nothing_is_written_until_it_is_there(server: RedisProcess, start_service: StartService) -> None:
    with redis.Redis.from_url(server.url) as client:
        allow(client, "strategic-memory", "-zadd", "-zremrangebyrank")
        for number in range(3):
            add_regime(client)
            add_trade(client, trade_id=f"T{number}")
        inputs = contents_of(client)
        service = start_service(url_of(server), sync_interval_s=0.1)
        [problem] = eventually(lambda: get_json(service)["problems"])
        assert "+zadd" in problem
        assert "+zremrangebyrank" in problem
        assert contents_of(client) == inputs
        allow(client, "strategic-memory", "+zadd", "+zremrangebyrank")
        eventually(lambda: get_json(service)["status"] == "active")
        before = get_feedback(service)
        eventually(lambda: get_json(service)["problems"] == [])
        # What is taken away later is found out by a write that is refused.
        allow(client, "strategic-memory", "-zadd")
        add_trade(client, trade_id="T9")
        eventually(lambda: any("+zadd" in problem for problem in get_json(service)["problems"]))
        held = client.get(FEEDBACK), client.xlen("quantum:stream:strategic_feedback")
        add_trade(client, trade_id="T10")
        allow(client, "strategic-memory", "+zadd")
        eventually(lambda: client.zcard(f"{FEEDBACK}:trade_ids") == 5)
        eventually(lambda: get_json(service)["status"] == "active")
        # Redis holds it a moment before the service has the answer to its write, and says it.
        eventually(lambda: get_feedback(service).revision > before.revision)
        assert held[1] <= 2 + before.revision


@pytest.mark.parametrize("why", ["no permission", "full"])
def test_a_lowered_cap_acts_though_nothing_can_be_written(
    kind: str, why: str, server: RedisProcess, start_service: StartService
) -> None:
    """What is served ends early, under the cap; once it can be written, it is a revision."""
    with redis.Redis.from_url(server.url) as client:
        client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 1.2}')
        for number in range(4):
            add_regime(client, "BULL", 0.5)
            add_trade(client, "BULL", 0.4 + 0.1 * (number % 3), policy="AGGRESSIVE")
        env = {"STRATEGIC_MEMORY_VALIDITY": "600"}
        service = start_service(url_of(server), sync_interval_s=200, env=env)
        before = eventually(lambda: said if (said := get_feedback(service)).leverage_hint == 1.2 else None)
        command = "evalsha" if kind == "redis-6.2" else "fcall"
        lacking = why == "no permission"
        if lacking:
            allow(client, "strategic-memory", f"-{command}")
        with StrategicMemoryClient(service.grpc_address, options=ClientOptions(timeout_s=30.0)) as subscriber:
            subscriber.follow()
            assert subscriber.wait_for_newest().leverage_hint == 1.2
            # A Redis that is full takes no cap either, so both come in one step.
            with client.pipeline() as step:
                step.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
                if not lacking:
                    step.config_set("maxmemory", 1)
                step.execute()
            eventually(lambda: subscriber.newest.leverage_hint == 0.3)
            assert subscriber.newest.status is FeedbackStatus.STALE
            said = get_feedback(service)
            assert (said.status, said.leverage_hint) == (STALE, 0.3)
            assert (said.epoch, said.revision) == (before.epoch, before.revision)
            assert said.leverage_bound_by == "risk:leverage_limits"
            told = eventually(lambda: [each for each in get_json(service)["problems"] if "cap not in force" in each])
            assert "risk:leverage_limits says 0.3" in told[0]
            allow(client, "strategic-memory", f"+{command}")
            client.config_set("maxmemory", 0)
            eventually(lambda: subscriber.newest.status is FeedbackStatus.ACTIVE)
            assert subscriber.newest.leverage_hint == 0.3
            assert subscriber.newest.revision == before.revision + 1
        eventually(lambda: get_json(service)["problems"] == [])

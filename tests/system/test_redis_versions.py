"""The whole service on Redis 6.2, on Redis 7 or newer, and on Valkey."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner
from conftest import StartService
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_kinds.programs import KINDS, require_program
from redis_kinds.whole_service import publishes_what_is_written
from service_calls import get_feedback, get_json

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.cli.export_command import export_memory
from strategic_memory_server.exporting.folder import MANIFEST

pytestmark = pytest.mark.system


def has_loaded(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.BusyLoadingError:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_the_service_syncs_publishes_and_goes_on_after_restarts(
    kind: str, tmp_path: Path, start_service: StartService
) -> None:
    program = require_program(kind)
    persistent = ("appendonly yes", "appendfsync always", "save ''")
    with (
        RedisProcess(tmp_path / "redis", free_port(), persistent, program=program) as server,
        server.client() as client,
    ):
        service = start_service(server.url)
        first = publishes_what_is_written(service, client)
        service.kill()
        service = start_service(server.url)
        second = publishes_what_is_written(service, client)
        server.kill()
        server.start()
        eventually(partial(has_loaded, client))
        third = publishes_what_is_written(service, client)
        assert first.epoch == second.epoch == third.epoch
        assert first.revision < second.revision < third.revision
        eventually(lambda: get_json(service)["problems"] == [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_starts_on_a_full_redis_says_what_holds(
    kind: str, tmp_path: Path, start_service: StartService
) -> None:
    """Redis up to 7.0 refuses even reads in a transaction while it is full."""
    lasting = {"STRATEGIC_MEMORY_VALIDITY": "600"}
    with (
        RedisProcess(tmp_path / "redis", free_port(), program=require_program(kind)) as server,
        server.client() as client,
    ):
        service = start_service(server.url, env=lasting)
        said = publishes_what_is_written(service, client)
        service.kill()
        client.config_set("maxmemory", 1)
        for role in ("sync", "serve"):
            service = start_service(server.url, env={**lasting, "STRATEGIC_MEMORY_ROLE": role})
            held = eventually(partial(get_feedback_of, service, said.revision), what="the advice that holds")
            assert (held.epoch, held.status) == (said.epoch, feedback_pb2.FEEDBACK_STATUS_ACTIVE)
            service.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_redis_is_exported(kind: str, tmp_path: Path, start_service: StartService) -> None:
    with (
        RedisProcess(tmp_path / "redis", free_port(), program=require_program(kind)) as server,
        server.client() as client,
    ):
        service = start_service(server.url)
        publishes_what_is_written(service, client)
        service.kill()
        client.config_set("maxmemory", 1)
        done = CliRunner(env=PATIENT).invoke(export_memory, [str(tmp_path / "export"), "--redis-url", server.url])
        assert done.exit_code == 0, done.output
        assert (tmp_path / "export" / MANIFEST).exists()


def get_feedback_of(service: ServiceProcess, revision: int) -> feedback_pb2.Feedback | None:
    found = get_feedback(service)
    return found if found.revision == revision else None


@pytest.mark.parametrize(("kind", "database"), [("valkey", 3), ("redis-7", 3)])
def test_a_numbered_database_of_a_cluster(
    kind: str, database: int, tmp_path: Path, start_service: StartService
) -> None:
    """Valkey 9 has them; elsewhere the service says so."""
    databases = ("cluster-databases 4",) if kind == "valkey" else ()
    program = require_program(kind)
    with RedisProcess(tmp_path / "node", free_port(), ("cluster-enabled yes", *databases), program=program) as node:
        with node.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            eventually(lambda: re.search(r"cluster_state\W+ok", str(client.execute_command("CLUSTER INFO"))))
        service = start_service(
            f"redis+cluster://127.0.0.1:{node.port}/{database}", env={"STRATEGIC_MEMORY_KEY_PREFIX": "{quantum}"}
        )
        if kind == "valkey":
            with redis.Redis(port=node.port, db=database) as producer:
                publishes_what_is_written(service, producer, "{quantum}")
        else:
            eventually(lambda: "database 0 only" in str(get_json(service)["problems"]))

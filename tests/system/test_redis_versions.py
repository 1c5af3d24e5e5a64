"""The whole service on Redis 6.2, on Redis 7 or newer, and on Valkey."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from processes import eventually
from redis_kinds.programs import KINDS, require_program
from redis_kinds.whole_service import publishes_what_is_written
from service_calls import get_json

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

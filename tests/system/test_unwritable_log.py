"""A log that cannot be written any more: the service goes on, and health says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from processes import command_path, eventually, service_environment
from redis_inputs import add_regime
from service_calls import get_json_from

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.least_user]


@contextmanager
def service_with_a_pipe(redis_url: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A service whose log goes into a pipe that nobody reads any more, and its HTTP address."""
    environment = service_environment({"REDIS_URL": redis_url, "MEMORY_SYNC_INTERVAL": "0.1"})
    with subprocess.Popen(
        [command_path("strategic-memory-server"), "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            ready: dict[str, Any] = next(
                line for line in map(json.loads, process.stdout) if line["event"] == "Service ready"
            )
            process.stdout.close()
            yield process, ready["http_address"]
        finally:
            process.kill()


def first_problem(http_address: str) -> str:
    return next(iter(get_json_from(http_address)["problems"]), "")


def test_it_goes_on_when_the_reader_of_its_log_goes_away(redis_server: EmbeddedRedis) -> None:
    with (
        redis.Redis.from_url(redis_server.url) as client,
        service_with_a_pipe(redis_server.url) as (process, http_address),
    ):
        eventually(lambda: first_problem(http_address).startswith("log of the service: Broken pipe; "))
        for _ in range(3):
            add_regime(client)
        eventually(lambda: get_json_from(http_address)["status"] == "active", what="it still syncs")
        before = get_json_from(http_address)["metrics"]["sync"]["iteration"]
        eventually(lambda: get_json_from(http_address)["metrics"]["sync"]["iteration"] > before + 2)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b"strategic-memory-server: the log cannot be written: Broken pipe\n"

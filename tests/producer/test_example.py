"""The example of an agent that learns from its own trades runs, and the service learns from it."""

from __future__ import annotations

import subprocess
import sys

import redis
from conftest import StartService
from processes import REPOSITORY, eventually
from service_calls import get_feedback

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def test_the_agent_records_what_it_traded(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, start_service: StartService
) -> None:
    service = start_service()
    example = str(REPOSITORY / "examples" / "closed_loop.py")
    where = ["--address", service.grpc_address, "--redis", redis_server.url]
    done = subprocess.run(
        [sys.executable, "-W", "error", example, *where, "--trades", "120", "--pause", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "120 trades earned" in done.stdout
    assert redis_client.xlen("quantum:stream:trade.results") == 120
    eventually(lambda: get_feedback(service).preferred_regime == "BULL")

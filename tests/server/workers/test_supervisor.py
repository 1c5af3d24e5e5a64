"""A worker that answers nothing is killed and started again; one that answers is left alone."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
import structlog
from processes import aeventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.workers.reserved_port import reserved
from strategic_memory_server.workers.supervisor import Supervisor

FROZEN_S = 6.0


@pytest.mark.processes
async def test_a_worker_that_is_frozen_for_long_is_killed_and_started_again_and_the_other_is_left_alone(
    redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("STRATEGIC_MEMORY_"):
            monkeypatch.delenv(name)
    stop = asyncio.Event()
    with (
        structlog.testing.capture_logs() as lines,
        reserved("127.0.0.1:0", "STRATEGIC_MEMORY_GRPC_ADDRESS") as grpc_address,
        reserved("127.0.0.1:0", "STRATEGIC_MEMORY_HTTP_ADDRESS") as http_address,
    ):
        settings = {
            "redis_url": redis_server.url,
            "grpc_address": grpc_address,
            "http_address": http_address,
            "workers": 2,
        }
        supervisor = Supervisor(2, settings, frozen_s=FROZEN_S)
        running = asyncio.create_task(supervisor.run(stop))
        try:
            frozen, other = supervisor.workers
            await aeventually(lambda: frozen.is_ready and other.is_ready, 60.0)
            first, stays = frozen.pid, other.pid
            assert first is not None
            os.kill(first, signal.SIGSTOP)
            await aeventually(lambda: frozen.is_ready and frozen.pid not in (None, first), 60.0)
            assert (frozen.restarts, other.pid, other.restarts) == (1, stays, 0)
        finally:
            stop.set()
            await running
    killed = [line for line in lines if line["event"] == "Worker answers nothing, and is killed"]
    assert [(line["worker"], line["pid"], line["for_s"]) for line in killed] == [(0, first, FROZEN_S)]
    assert [line["how"] for line in lines if line["event"] == "Worker ended"] == ["was killed by signal 9"]

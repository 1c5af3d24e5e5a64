"""A service whose traces go nowhere serves as ever, and one that is asked for none has none of it."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from processes import eventually
from system.trace_collector import QUICKLY, collecting

pytestmark = [pytest.mark.system, pytest.mark.processes]

LOG = "quantum:stream:strategic_feedback"
ENDPOINT = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4317"}


def trade(pnl: float) -> dict[Any, Any]:
    return {"market_regime": "BULL", "realized_pnl": f"{pnl:.4f}", "policy": "BALANCED"}


def has_entries(client: redis.Redis, count: int) -> bool:
    return int(client.xlen(LOG)) >= count


@pytest.mark.parametrize("hangs", [False, True])
def test_a_collector_that_is_dead_or_hangs_harms_nothing(
    start_service: StartService, redis_client: redis.Redis, hangs: bool
) -> None:
    with collecting(hangs=hangs) as collector:
        dead = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
        # Less than what the trades of this test cause.
        few = {"OTEL_BSP_MAX_QUEUE_SIZE": "40", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10"}
        hanging = collector.variables | {"OTEL_EXPORTER_OTLP_TIMEOUT": "60"}
        service = start_service(env=QUICKLY | few | (hanging if hangs else dead))
        for number in range(30):
            redis_client.xadd("quantum:stream:trade.results", trade(number / 100))
            # The first two are too few for an advice.
            eventually(partial(has_entries, redis_client, number - 1))
        if not hangs:
            (told,) = eventually(lambda: [line for line in service.log_lines() if "cannot be sent" in line["event"]])
            # With a second to connect, an overloaded machine finds the deadline before the refusal.
            assert "Failed to export traces to 127.0.0.1" in told["error"]
        service.terminate()
        # The exporter would wait for 60 s, and whoever ends it for 30.
        assert service.wait(20) == 0
    events = [line["event"] for line in service.log_lines()]
    assert events[-1] == "Service stopped"
    assert sum("cannot be sent" in event for event in events) <= 1


def test_where_the_extra_is_missing_the_log_says_what_to_install(start_service: StartService, tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    missing = "raise ModuleNotFoundError(\"No module named 'opentelemetry'\", name='opentelemetry')"
    (tmp_path / "opentelemetry" / "__init__.py").write_text(missing)
    service = start_service(env=ENDPOINT | {"PYTHONPATH": str(tmp_path)})
    (line,) = [line for line in service.log_lines() if line["event"] == "There are no traces"]
    assert line["level"] == "warning"
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT asks for them" in line["error"]
    assert "pip install 'strategic-memory[otel]'" in line["error"]


IMPORTED = """
import asyncio, os, signal, sys, threading, time
from strategic_memory_server.cli.serve import run_serve
OURS = ("strategic_memory_server.tracing", "opentelemetry.sdk.trace", "opentelemetry.exporter")
def look():
    while not any("Service ready" in line for line in open(sys.argv[1])):
        time.sleep(0.01)
    print(*sorted(name for name in list(sys.modules) if name.startswith(OURS)), file=sys.stderr)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=look, daemon=True).start()
sys.exit(run_serve({"grpc_address": "127.0.0.1:0", "http_address": "127.0.0.1:0"}, own_redis=None))
"""


@pytest.mark.parametrize("forbidden", [{}, ENDPOINT | {"OTEL_SDK_DISABLED": "true"}])
def test_nothing_of_it_is_imported_where_nobody_asks(tmp_path: Path, forbidden: dict[str, str]) -> None:
    """Of the API and of metrics the client of Redis imports something by itself where they are installed."""
    log = tmp_path / "log"
    with log.open("wb") as lines:
        ran = subprocess.run(
            [sys.executable, "-c", IMPORTED, str(log)], stdout=lines, stderr=subprocess.PIPE, timeout=30, check=True,
            env={"REDIS_URL": "redis://127.0.0.1:1/0", **forbidden},
        )  # fmt: skip
    ours = [
        "strategic_memory_server.tracing",
        *(f"strategic_memory_server.tracing.{name}" for name in ("asked", "tracing")),
    ]
    assert ran.stderr.decode().split() == ours

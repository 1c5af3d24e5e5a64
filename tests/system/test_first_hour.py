"""A newcomer's first hour: a service with a Redis of its own, regimes from prices, an imported past, a producer."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import commands
import pytest
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from server.regimes.made_up_prices import FALLING, RISING, STILL, closes_of
from service_calls import get_json
from system.soundness import await_syncs

from strategic_memory_producer import TraceWriter

pytestmark = [pytest.mark.system, pytest.mark.processes]

POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")


def run(command: str, *arguments: str) -> str:
    done = commands.run(command, *arguments, environment={**os.environ, **PATIENT})
    assert done.code == 0, done.err
    return done.out


def advice(service: ServiceProcess) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(run("strategic-memory", "get", "--address", service.grpc_address))
    return said


def trades_remembered(said: dict[str, Any]) -> int:
    return int(sum(each["observations"] for each in said["evidence"]["policies"])) if said["evidence"] else 0


def write_past(folder: Path) -> tuple[Path, Path]:
    """Files of 600 daily candles, and of a trade at noon of each day."""
    closes = closes_of((STILL, 200), (RISING, 200), (FALLING, 100), (RISING, 100))
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=closes.size)
    prices, trades, source = folder / "prices.csv", folder / "trades.csv", Random(2)
    days = [begin + timedelta(days=day) for day in range(closes.size)]
    rows = [f"{day.isoformat()},{close}" for day, close in zip(days, closes.tolist(), strict=True)]
    prices.write_text("\n".join(["date,close", *rows]) + "\n")
    rows = [
        f"{(day + timedelta(hours=12)).isoformat()},{source.gauss(0.2, 1.0):.3f},{POLICIES[number % 3]},p{number}"
        for number, day in enumerate(days)
    ]
    trades.write_text("\n".join(["time,realized_pnl,policy,trade_id", *rows]) + "\n")
    return prices, trades


def test_a_first_hour(start_service: StartService, tmp_path: Path) -> None:
    memory, labels = tmp_path / "memory", tmp_path / "regimes.csv"
    prices, trades = write_past(tmp_path)
    assert "500 labels from 600 closes" in run("strategic-memory-server", "regimes", str(prices), "--out", str(labels))
    own = ("--embedded-redis", str(memory))
    service = start_service("redis://redis.invalid/0", arguments=own)
    redis_url = (memory / "redis.env").read_text().strip().removeprefix("REDIS_URL=").strip("'")

    told = run("strategic-memory-server", "import", str(labels), str(trades), "--redis-url", redis_url)
    assert "600 entries to write" in told
    # Advice is given while the past is written, too; of two syncs from here on the second one reads all of it.
    await_syncs(service, 2)
    eventually(lambda: not get_json(service)["metrics"]["sync"]["catching_up"])
    said = eventually(lambda: found if (found := advice(service))["status"] == "ACTIVE" else None, within_s=60)
    assert said["current_regime"] == "BULL"
    assert said["evidence"]["recommended_policy"] in POLICIES
    before = trades_remembered(said)
    assert before > 0

    with TraceWriter(redis_url) as writer:
        for number in range(5):
            writer.record_trade(0.5, regime="BULL", policy="BALANCED", trade_id=f"live{number}")
    eventually(lambda: trades_remembered(advice(service)) == before + 5, within_s=60)
    epoch = advice(service)["epoch"]

    service.send_signal(signal.SIGKILL)
    service.wait()
    again = start_service("redis://redis.invalid/0", arguments=own)
    found = eventually(lambda: now if (now := advice(again))["status"] == "ACTIVE" else None, within_s=60)
    assert (found["epoch"], trades_remembered(found)) == (epoch, before + 5)
    redis_url = (memory / "redis.env").read_text().strip().removeprefix("REDIS_URL=").strip("'")
    assert "0 entries to write, 600 are there already" in run(
        "strategic-memory-server", "import", str(labels), str(trades), "--redis-url", redis_url
    )

"""Trains agents of stable-baselines3 with the advice and without, and prints what came of it: `make rl`, some minutes.

The exit code is 1 where the advice stayed away after the service was started again, or where something is left open.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
from faults.free_ports import free_port
from processes import REPOSITORY, ServiceProcess, eventually, service_environment
from records.environments import ToolError, installed
from records.pinned import Tool
from redis_inputs import add_regime, add_trade
from replay_files import random_rows, write_csv
from service_calls import get_feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.cli.commands import app
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

SB3 = Tool("stable-baselines3", "2.9.2", "", is_adapted=True)
AWAY_S = 2.0

Row = dict[str, Any]


def main() -> int:
    """Train, print the table; return the exit code."""
    try:
        python = installed(SB3)
    except ToolError as error:
        sys.stderr.write(f"{SB3.requirement}: {error}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="strategic-memory-rl-") as folder:
        rows = trained(python, Path(folder))
    for row in rows:
        sys.stdout.write(told(row) + "\n")
    live = next(row for row in rows if "active" in row)
    left = next(row for row in rows if "left_threads" in row)
    is_well = live["active"] == [1, 0, 1] and not left["left_threads"] and not left["left_descriptors"]
    sys.stdout.write("all as promised\n" if is_well else "NOT as promised\n")
    return 0 if is_well else 1


def trained(python: Path, folder: Path) -> list[Row]:
    """Run the training beside a service, which is killed and started again in the middle of it."""
    record, advice = write_csv(folder / "record.csv", random_rows(5, 300)), folder / "advice.csv"
    app(["replay", str(record), "--advice-out", str(advice), "--out", str(folder / "report"), "--quiet"],
        standalone_mode=False)  # fmt: skip
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        for _ in range(4):
            add_regime(client, "BULL", 0.4)
            add_trade(client, "BULL", 0.3)
        address = f"127.0.0.1:{free_port()}"
        service = _serve(server.url, address, folder / "first")
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tests"), "GRPC_VERBOSITY": "NONE"}
        command = [str(python), "-m", "rl_training.run_sb3", str(advice), address]
        training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
        assert training.stdout is not None
        rows = []
        try:
            for line in training.stdout:
                row = json.loads(line)
                if row.get("event") != "training":
                    rows.append(row)
                    continue
                time.sleep(AWAY_S)
                service.kill()
                service.wait()
                time.sleep(AWAY_S)
                service = _serve(server.url, address, folder / "again")
            if training.wait() != 0:
                raise SystemExit(f"the training ended with exit code {training.returncode}")
        finally:
            training.kill()
            service.kill()
    return rows


def _serve(redis_url: str, address: str, folder: Path) -> ServiceProcess:
    folder.mkdir()
    settings = service_environment({"REDIS_URL": redis_url, "MEMORY_SYNC_INTERVAL": "0.5"})
    service = ServiceProcess(folder, settings, ("--grpc-address", address), anew=True)
    service.ready_line()
    eventually(lambda: get_feedback(service).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE, 30)
    return service


def told(row: Row) -> str:
    """Return a row of the table."""
    what = f"{row.pop('what'):<46} {row.pop('policy'):<17}"
    if "without" in row:
        share = row["with_advice"] / row["without"]
        return f"{what} {row['without']:>6} steps/s without, {row['with_advice']:>6} with advice ({share:.2f})"
    return f"{what} {', '.join(f'{name} {value}' for name, value in row.items())}"


if __name__ == "__main__":
    sys.exit(main())

"""Standard streams of the server's commands that are closed, or lead to a full disk: told for what they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from each_case import each_case
from patient_redis import PATIENT
from processes import command_path

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

TRADES = "time,realized_pnl\n2024-01-05,1\n2024-01-06,-0.5\n"
COMMANDS = [
    "replay trades.csv",
    "import trades.csv --dry-run --redis-url {url}",
    "rebuild-memory --yes --redis-url {url}",
    "export memory --redis-url {url}",
    "--help",
]


def ended(folder: Path, command: str, streams: str) -> subprocess.CompletedProcess[str]:
    (folder / "trades.csv").write_text(TRADES)
    line = f'"$0" {command} {streams}'
    return subprocess.run(
        ["/bin/sh", "-c", line, command_path("strategic-memory-server")],
        cwd=folder, env=os.environ | PATIENT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@each_case("command", COMMANDS)
def test_output_that_cannot_be_written_is_told(command: str, redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    url = redis_server.url
    ended(tmp_path, f"import trades.csv --redis-url {url}", "")
    full = ended(tmp_path, command.format(url=url), "> /dev/full")
    assert full.returncode == 1
    assert full.stderr.endswith("Error: the output cannot be written: No space left on device\n")
    assert "Traceback" not in full.stderr
    assert "Redis at" not in full.stderr


def test_closed_streams_are_nothing(redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    for command in ("replay trades.csv", "replay --formats"):
        closed = ended(tmp_path, command, "<&- >&-")
        assert (closed.returncode, closed.stderr) == (0, "")
    asked = ended(tmp_path, f"rebuild-memory --redis-url {redis_server.url}", "<&-")
    assert asked.returncode == 1
    assert asked.stderr.endswith("Aborted!\n")


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    assert ended(tmp_path, "replay --formats", "| head -c 1").stderr == ""

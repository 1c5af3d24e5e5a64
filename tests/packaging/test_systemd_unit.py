"""The unit for systemd, by systemd's own measure of how exposed a service is."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import filtered_by_unit
import pytest
from processes import REPOSITORY, do_without, require_tool

pytestmark = pytest.mark.processes

UNIT = REPOSITORY / "deploy" / "strategic-memory.service"

MOST_EXPOSED = "15"
"""Tenths of systemd's level: 0 is nothing, 100 everything."""


def test_it_is_as_closed_as_it_can_be() -> None:
    command = require_tool("systemd-analyze")
    done = subprocess.run(
        [command, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_it_may_call_what_it_needs(tmp_path: Path) -> None:
    """Numpy asks for memory of a node as it is imported, and the service was killed for that at its start."""
    require_tool("systemd-analyze")
    try:
        ctypes.CDLL(filtered_by_unit.LIBRARY)
    except OSError:
        do_without("seccomp", f"{filtered_by_unit.LIBRARY} is not there")
    command = [sys.executable, "-m", "strategic_memory_server", "serve", "--embedded-redis", str(tmp_path / "redis")]
    addresses = {"STRATEGIC_MEMORY_GRPC_ADDRESS": "127.0.0.1:0", "STRATEGIC_MEMORY_HTTP_ADDRESS": "127.0.0.1:0"}
    own = {name: value for name, value in os.environ.items() if not name.startswith(("STRATEGIC_MEMORY_", "REDIS_"))}
    with subprocess.Popen(
        [sys.executable, filtered_by_unit.__file__, str(UNIT), *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**own, **addresses},
    ) as process:
        assert process.stdout is not None
        too_late = threading.Timer(90, process.kill)
        too_late.start()
        try:
            ready = next((line for line in process.stdout if "Service ready" in line), "")
            process.send_signal(signal.SIGTERM)
            assert (process.wait(), bool(ready)) == (0, True)
        finally:
            process.kill()
            too_late.cancel()

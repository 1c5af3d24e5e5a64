"""The unit for systemd, by systemd's own measure of how exposed a service is."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from processes import REPOSITORY

pytestmark = pytest.mark.processes

MOST_EXPOSED = "15"
"""Tenths of systemd's level: 0 is nothing, 100 everything."""


def test_it_is_as_closed_as_it_can_be() -> None:
    if (command := shutil.which("systemd-analyze")) is None:
        pytest.skip("no systemd here")
    unit = REPOSITORY / "deploy" / "strategic-memory.service"
    done = subprocess.run(
        [command, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr

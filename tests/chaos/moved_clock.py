"""MovedClockRedis: a Redis whose wall clock can be moved while it runs, by libfaketime; its other clocks go on."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from chaos.deadline import RECOVERS_WITHIN_S
from chaos.redis_under_test import SingleRedis
from faults.free_ports import free_port
from faults.moved_time import MovedTime, find_libfaketime

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence
from strategic_memory_server.embedded.redis_binary import program_in_wheel


def find_program() -> Path | None:
    """Return a server program that bears the library; None where there is none.

    One with jemalloc does not: that asks for the time before the library is ready.
    """
    candidates = (shutil.which("valkey-server"), shutil.which("redis-server"), program_in_wheel())
    for found in (each for each in candidates if each is not None):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
        if "malloc=libc" in version:
            return Path(found)
    return None


def why_no_clock() -> str:
    """Say why the clock of no Redis can be moved here; "" when it can."""
    if find_libfaketime() is None:
        return "libfaketime is not installed"
    return "" if find_program() else "there is no server program without jemalloc"


class MovedClockRedis(SingleRedis):
    """One Redis under libfaketime."""

    def __init__(self) -> None:
        server = find_program()
        assert server is not None, why_no_clock()
        self._folder = tempfile.TemporaryDirectory(prefix="moved-clock-")
        folder = Path(self._folder.name)
        self._time = MovedTime(folder / "shift")
        program = folder / "redis-server"
        environment = " ".join(f"{name}={shlex.quote(value)}" for name, value in self._time.environment.items())
        program.write_text(f'#!/bin/sh\nexec env {environment} {server} "$@"\n')
        program.chmod(0o755)
        self.process = EmbeddedRedis(
            binary=program, port=free_port(), persistence=Persistence.ALWAYS, start_timeout_s=RECOVERS_WITHIN_S
        ).start()

    def move_clock(self, seconds: int) -> None:
        """Let its clock be so far ahead of the machine's; negative: behind."""
        self._time.move(seconds)

    def close(self) -> None:
        """End it."""
        super().close()
        self._folder.cleanup()

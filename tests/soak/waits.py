"""Waits: how long a server let those wait who asked it while something happened."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from processes import REPOSITORY
from soak.probe import CALL, HEALTH, READY

QUIET = "(quiet)"


class Waits:
    """What probes have printed, by what happened meanwhile."""

    def __init__(self) -> None:
        self._by_event: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._event = QUIET

    @property
    def events(self) -> Sequence[str]:
        """What has happened so far."""
        return list(self._by_event)

    def longest_health_ms(self, event: str) -> float:
        """Longest wait for the health of a server, by gRPC or HTTP, milliseconds; infinite where it did not come."""
        found = self._by_event[event]
        return max([*found[HEALTH], *found[READY]], default=math.nan)

    def call_p99_ms(self, event: str) -> float:
        """99th percentile of the waits for the feedback, milliseconds."""
        found = sorted(self._by_event[event][CALL])
        return found[min(int(len(found) * 0.99), len(found) - 1)] if found else math.nan

    @contextmanager
    def during(self, event: str) -> Iterator[None]:
        """Let what is printed belong to an event until the context is left."""
        self._event = event
        try:
            yield
        finally:
            self._event = QUIET

    @asynccontextmanager
    async def probing(self, grpc_address: str, http_address: str) -> AsyncIterator[None]:
        """Probe a server until the context is left."""
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")}
        command = (sys.executable, str(Path(__file__).with_name("probe.py")), grpc_address, http_address)
        probe = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
        )
        assert probe.stdout is not None
        reading = asyncio.create_task(self._read(probe.stdout))
        try:
            yield
        finally:
            probe.kill()
            await probe.wait()
            await reading

    async def _read(self, printed: asyncio.StreamReader) -> None:
        with contextlib.suppress(ValueError):
            while line := await printed.readline():
                kind, waited_ms = line.decode().split()
                self._by_event[self._event][kind].append(float(waited_ms))

"""WorkerProcess: one of the processes that serve, as the one that starts them sees it: started, asked, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog

from strategic_memory_server.monitoring.joined_metrics import Counted, Families
from strategic_memory_server.waiting.running_tasks import cancel
from strategic_memory_server.workers.link import IS_THERE, Answer, Link, NoAnswerError, Said

MODULE = "strategic_memory_server.cli.worker"

ANSWERS_WITHIN_S = 1.0
"""How long a worker has to say how it is; whoever asks for the health of all waits for the slowest."""

logger = structlog.get_logger(__name__)


class WorkerFailedError(Exception):
    """A worker has ended at its first start by itself, and would do so again. `code` is its exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class WorkerProcess:
    """One worker, in all of its lives.

    Args:
        number: which one, from 0 on.
        settings: what it is told instead of its environment, by the names of settings.
        answers: what it may ask.
        event_loop: on which it runs; it is told its settings there.
    """

    def __init__(
        self, number: int, settings: Mapping[str, Any], answers: Mapping[str, Answer], event_loop: str
    ) -> None:
        self.number = number
        self.restarts = -1
        """How often it was started again."""
        self.is_ready = False
        self.was_ready = asyncio.Event()
        """Set once it has served for the first time."""
        self.away = "has not been started yet"
        """Why there is no process, in words."""
        self.counted = Counted()
        self._settings = settings
        self._answers = answers
        self._event_loop = event_loop
        self._process: asyncio.subprocess.Process | None = None
        self._link: Link | None = None
        self._failure: WorkerFailedError | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while there is none."""
        return None if self._process is None else self._process.pid

    async def live(self) -> float:
        """Start it and wait for its end; give for how long it served, seconds.

        Raises:
            WorkerFailedError: it ended by itself before it has ever served.
        """
        self.restarts += 1
        ours, its = socket.socketpair()
        try:
            process = self._process = await _started(its, self._event_loop)
        except OSError as error:
            ours.close()
            self.away = f"cannot be started: {error.strerror or error}"
            if not self.was_ready.is_set():
                raise WorkerFailedError(f"worker {self.number} {self.away}", 1) from error
            return 0.0
        self._link = await Link.over(ours, {"settings": self._told_settings, **self._answers}, self._heard)
        asking = asyncio.create_task(self._link.run())
        started_s = time.monotonic()
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            # What it has said last is read before its end counts.
            await asyncio.wait([asking], timeout=ANSWERS_WITHIN_S)
            await cancel(asking)
            self._process, self._link, self.is_ready = None, None, False
            self.counted.end()
        self._ended(code)
        return time.monotonic() - started_s

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def ask(self, what: str, about: str = "") -> Said:
        """Ask it something.

        Raises:
            NoAnswerError: it does not answer.
        """
        if self._link is None or not self.is_ready:
            raise NoAnswerError("is starting" if self._process is not None else self.away)
        try:
            return await self._link.ask(what, ANSWERS_WITHIN_S, about)
        except NoAnswerError as error:
            raise NoAnswerError(f"process {self.pid} does not answer: {error}") from None

    async def is_silent(self, within_s: float) -> bool:
        """Ask it whether it is there; give whether it says nothing within so many seconds."""
        if (link := self._link) is None:
            return False
        try:
            await link.ask(IS_THERE, within_s)
        except NoAnswerError:
            # One that has gone is no silent one: its end is waited for.
            return link.is_open
        return False

    async def families(self) -> Families | None:
        """Ask for its metrics; None: it does not answer."""
        try:
            families: Families = await self.ask("metrics")
        except NoAnswerError:
            return None
        self.counted.take(families)
        return families

    def waits(self, why: str, again_s: float) -> None:
        """Take that it is started again after so long."""
        self.away = f"{why} and is started again within {again_s:.1f} s"

    async def _told_settings(self, _about: str) -> dict[str, Any]:
        return {"worker": self.number, "settings": dict(self._settings)}

    def _heard(self, what: str, value: Said) -> None:
        if what == "ready":
            self.is_ready = True
            self.was_ready.set()
        elif what == "failed":
            self._failure = WorkerFailedError(value["sentence"], value["code"])

    def _ended(self, code: int) -> None:
        failure, self._failure = self._failure, None
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self.away = f"{how} ({failure})" if failure else how
        if not self.was_ready.is_set() and code > 0:
            raise failure or WorkerFailedError(f"worker {self.number} {how} before it served; see what it wrote", code)


async def _started(its: socket.socket, event_loop: str) -> asyncio.subprocess.Process:
    """Start a process that has this end of the pair, and close it here."""
    with its:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE, str(its.fileno()), event_loop),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(its.fileno(),),
            # It finds what this process found, wherever that was started.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl-C is for this process, which tells the workers.
            process_group=0,
        )

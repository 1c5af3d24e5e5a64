"""Link: questions and answers between two processes, as lines of JSON over a pair of sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import structlog

from strategic_memory_server.faults.errors import StrategicMemoryError
from strategic_memory_server.waiting.last_look import is_done_within

LARGEST_LINE_BYTES = 64 * 1024 * 1024
"""Metrics have some 50 KB, and 2 KB more for each portfolio with metrics of its own, more where much is refused."""

IS_THERE = "is there"
"""What every process answers, with nothing, for as long as its event loop runs."""

TOLD_EVERY_S = 3_600.0
"""So often it is said of an answer that it is too long, seconds: it is asked for with each scrape."""

Said: TypeAlias = Any
"""Values of JSON."""

Answer = Callable[[str], Awaitable[Said]]
"""Gives an answer about a portfolio, where what is asked is about one."""

logger = structlog.get_logger(__name__)


class NoAnswerError(Exception):
    """The process at the other end has gone, does not answer in time or cannot."""


class Link:
    """One end.

    Args:
        reader: where lines come from.
        writer: where they go.
        answers: how to answer, by what is asked.
        heard: called with what is told without a question, and its value.
        clock_s: a clock that only goes forward, seconds.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: Mapping[str, Answer],
        heard: Callable[[str, Any], None] = lambda _what, _value: None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.answers = {IS_THERE: _here, **answers}
        self._reader = reader
        self._writer = writer
        self._heard = heard
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._clock_s = clock_s
        self._too_long_told_s = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether the other end is there, as far as is known."""
        return not self._writer.is_closing()

    @classmethod
    async def over(
        cls,
        end: socket.socket,
        answers: Mapping[str, Answer],
        heard: Callable[[str, Any], None] = lambda _what, _value: None,
    ) -> Link:
        """Return the link over an end of a pair of sockets."""
        end.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LARGEST_LINE_BYTES)
        return cls(reader, writer, answers, heard)

    async def run(self) -> None:
        """Answer and take answers until the other end is closed."""
        try:
            with suppress(OSError):
                while line := await self._reader.readline():
                    self._take(json.loads(line))
        finally:
            self._writer.close()
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(NoAnswerError("the other process has gone"))

    async def ask(self, what: str, within_s: float, about: str = "") -> Said:
        """Return the answer.

        Raises:
            NoAnswerError: there is none.
        """
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._write({"ask": what, "about": about, "number": number})
            if not await is_done_within(answer, within_s):
                raise NoAnswerError(f"no answer within {within_s:g} s")
            return answer.result()
        finally:
            del self._asked[number]

    async def tell(self, what: str, value: Said = None) -> None:
        """Say something that has no answer, and wait until it is on its way."""
        self._write({"tell": what, "value": value})
        with suppress(OSError):
            await self._writer.drain()

    def _take(self, said: dict[str, Any]) -> None:
        if "ask" in said:
            task = asyncio.create_task(self._answer(said["ask"], said["about"], said["number"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif "tell" in said:
            self._heard(said["tell"], said["value"])
        elif (asked := self._asked.get(said["number"])) is not None and not asked.done():
            if "failed" in said:
                asked.set_exception(NoAnswerError(said["failed"]))
            else:
                asked.set_result(said["answer"])

    async def _answer(self, what: str, about: str, number: int) -> None:
        try:
            said = {"answer": await self.answers[what](about)}
        except (StrategicMemoryError, NoAnswerError) as error:
            said = {"failed": str(error)}
        except Exception as error:
            logger.warning("A question of another process cannot be answered", what=what, exc_info=error)
            said = {"failed": type(error).__name__}
        line = _line({**said, "number": number})
        if len(line) > LARGEST_LINE_BYTES:
            # The other end would read no more of this one, and either would take the other for gone.
            told = f"its answer has {len(line)} bytes, and {LARGEST_LINE_BYTES} are taken"
            if (now_s := self._clock_s()) - self._too_long_told_s >= TOLD_EVERY_S:
                self._too_long_told_s = now_s
                logger.warning("A question of another process cannot be answered", what=what, why=told)
            line = _line({"failed": told, "number": number})
        if self.is_open:
            self._writer.write(line)

    def _write(self, said: dict[str, Any]) -> None:
        if self.is_open:
            self._writer.write(_line(said))
        elif "ask" in said:
            raise NoAnswerError("the other process has gone")


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


async def _here(_about: str) -> Said:
    return None

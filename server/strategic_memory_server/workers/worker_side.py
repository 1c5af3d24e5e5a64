"""WorkerSide: what a worker knows of the process that has started it, and how it answers for all workers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from strategic_memory_server.faults.errors import StrategicMemoryError
from strategic_memory_server.monitoring.joined_metrics import Families, families_of
from strategic_memory_server.monitoring.pages import NotGatheredError, OwnPages
from strategic_memory_server.waiting.last_look import is_done_within
from strategic_memory_server.waiting.running_tasks import cancel
from strategic_memory_server.workers.link import Link, NoAnswerError

SETTINGS_WITHIN_S = 60.0

GATHERED_WITHIN_S = 3.0
"""How long the health of all may take; each worker is waited for a third of that."""

BEGUN_WITHIN_S = 0.5
"""So long a worker that is asked by that process waits for a portfolio that it has only just opened, seconds: less than
it has for its answer."""

SEEN_FOR_S = 1.0
"""After so long the health of all is asked for anew where a page shows it, seconds."""

SHOWN_FOR_S = 10.0
"""As it was longer ago no page shows it, seconds; asking takes less than that."""


class WorkerSide:
    """What one worker says of itself, and asks of the process that has started it.

    Args:
        link: to the process that has started it.
    """

    def __init__(self, link: Link) -> None:
        self.gone = asyncio.Event()
        """Set once the process that has started this one has gone, however it ended."""
        self._link = link
        self._begins: set[asyncio.Task[dict[str, Any]]] = set()

    async def settings(self) -> tuple[int, dict[str, Any]]:
        """Return the number of this worker, and what it is told instead of its environment.

        Raises:
            NoAnswerError: the other process has gone.
        """
        said = await self._link.ask("settings", SETTINGS_WITHIN_S)
        return said["worker"], said["settings"]

    async def ready(self) -> None:
        """Say that this worker serves."""
        await self._link.tell("ready")

    async def failed(self, sentence: str, code: int) -> None:
        """Say why this worker ends."""
        await self._link.tell("failed", {"sentence": sentence, "code": code})

    def pages_of(self, own: OwnPages) -> WholePages:
        """Return the pages of all workers; the other process asks this one for its own."""

        async def metrics(_about: str) -> Families:
            return families_of(await own.collected())

        async def health(portfolio: str) -> dict[str, Any]:
            # A worker that has only just begun answers in time, too: whoever was asked has waited already.
            if not portfolio:
                return own.seen()
            begins = asyncio.create_task(own.health(portfolio))
            if await is_done_within(begins, BEGUN_WITHIN_S):
                return begins.result()
            # It goes on being opened, and what comes of that the next one hears who asks.
            self._begins.add(begins)
            begins.add_done_callback(self._has_begun)
            return own.seen(portfolio)

        self._link.answers.update({"health": health, "metrics": metrics})
        return WholePages(self._link, own)

    def _has_begun(self, begins: asyncio.Task[dict[str, Any]]) -> None:
        self._begins.discard(begins)
        if not begins.cancelled():
            begins.exception()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Ask and answer until the context is left."""
        asking = asyncio.create_task(self._link.run(), name="link")
        asking.add_done_callback(lambda _task: self.gone.set())
        try:
            yield
        finally:
            await cancel(asking)


class WholePages:
    """The pages of all workers, put together by the process that has started them.

    Args:
        link: to it.
        own: those of this worker.
    """

    def __init__(self, link: Link, own: OwnPages) -> None:
        self._link = link
        self._own = own
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health of all; where that is not to be had, the own one, and that it is no more."""
        own = await self._own.health(portfolio)
        try:
            said: dict[str, Any] = await self._link.ask("health", GATHERED_WITHIN_S, portfolio)
        except NoAnswerError as error:
            lone = f"workers: this is one worker alone, for the process that starts them does not tell of all: {error}"
            return {**own, "problems": [lone, *own["problems"]]}
        return said

    async def metrics(self) -> bytes:
        """Return the metrics of all.

        Raises:
            NotGatheredError: they are not to be had; those of one worker would look as if the others had never counted.
        """
        try:
            text: str = await self._link.ask("metrics", GATHERED_WITHIN_S)
        except NoAnswerError as error:
            sentence = f"there are no metrics of all workers, for the process that starts them does not answer: {error}"
            raise NotGatheredError(sentence) from None
        return text.encode()

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health of all at once, as it was within the last seconds; the own one while it is not known."""
        own = self._own.seen(portfolio)
        at_s, said = self._seen.get(portfolio, (-math.inf, own))
        ago_s = time.monotonic() - at_s
        if portfolio not in self._looking and ago_s > SEEN_FOR_S:
            self._looking[portfolio] = asyncio.create_task(self._look(portfolio))
        return said if ago_s <= SHOWN_FOR_S else own

    async def _look(self, portfolio: str) -> None:
        try:
            self._seen[portfolio] = time.monotonic(), await self.health(portfolio)
        except StrategicMemoryError:
            # It is closed by now.
            self._seen.pop(portfolio, None)
        finally:
            del self._looking[portfolio]

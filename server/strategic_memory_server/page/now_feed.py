"""NowFeed: what is in force and how the service is, as server-sent events: made once for all open pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

from strategic_memory_server.revisions.change_signal import ChangeSignal

TICK_S = 1.0
"""Each page hears something so often, seconds: it knows within two of these that nobody is there any more."""

TOGETHER_S = 0.05
"""Changes within so long are told together, seconds: the streams come first, and a flood costs no more than this."""


class OpenPages:
    """Counts the pages of all portfolios.

    Args:
        most: pages at once.
    """

    def __init__(self, most: int) -> None:
        self.open = 0
        """Pages that are open."""
        self._most = most

    @property
    def is_full(self) -> bool:
        """Whether there are as many pages as there may be."""
        return self.open >= self._most


class NowFeed:
    """Gives every open page of a portfolio the same bytes.

    Args:
        say: gives the state as JSON values: in `now` what changes with the advice or the service, in `clock` what moves
            with time alone.
        changed: tells of changes of the advice.
        pages: counts the pages.
        is_over: tells that there is nothing more to say, ever.
    """

    def __init__(
        self,
        say: Callable[[], dict[str, Any]],
        changed: ChangeSignal,
        pages: OpenPages,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.pages = pages
        self._is_over = is_over
        self._say = say
        self._changed = changed
        self._told: tuple[object, bytes, bytes] = (None, b"", b"")
        self._last = ""
        self._number = 0

    async def events(self, takes_on: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        """Yield events for one page until it is closed, or nothing more is to be said.

        Args:
            takes_on: called after each event that the page has taken.
        """
        if self.pages.is_full:
            # Many that came at once were let in together, as after the process stood still; their next try is refused.
            return
        self.pages.open += 1
        seen = -1
        loop = asyncio.get_running_loop()
        try:
            while not self._is_over():
                number, whole, tick = self._newest(loop.time())
                yield tick if number == seen else whole
                seen = number
                takes_on()
                await self._until_due(loop)
        finally:
            self.pages.open -= 1

    async def _until_due(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for a change, or until a tick is due."""
        changed: asyncio.Future[bool] = loop.create_future()
        self._changed.add(changed)
        try:
            async with asyncio.timeout(TICK_S):
                await changed
        except TimeoutError:
            return
        finally:
            self._changed.discard(changed)
        await asyncio.sleep(TOGETHER_S)

    def _newest(self, now_s: float) -> tuple[int, bytes, bytes]:
        """Return the number of the newest state, the event that has all of it, and the one that has the clock alone."""
        moment = self._changed.changes, round(now_s / TOGETHER_S)
        if self._told[0] != moment:
            said = self._say()
            now = json.dumps(said["now"])
            if now != self._last:
                self._last, self._number = now, self._number + 1
            clock = json.dumps(said["clock"])
            self._told = moment, _event("now", f'{{"now": {now}, "clock": {clock}}}'), _event("clock", clock)
        return self._number, self._told[1], self._told[2]


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()

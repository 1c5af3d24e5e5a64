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


class NowFeed:
    """Gives every open page the same bytes.

    Args:
        say: gives the state as JSON values: in `now` what changes with the advice or the service, in `clock` what moves
            with time alone.
        changed: tells of changes of the advice.
        most: pages at once.
    """

    def __init__(self, say: Callable[[], dict[str, Any]], changed: ChangeSignal, most: int) -> None:
        self.open = 0
        """Pages that are open."""
        self.most = most
        self._say = say
        self._changed = changed
        self._told: tuple[object, bytes, bytes] = (None, b"", b"")
        self._last = ""
        self._number = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many pages as there may be."""
        return self.open >= self.most

    async def events(self, takes_on: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        """Yield events for one page until it is closed.

        Args:
            takes_on: called after each event that the page has taken.
        """
        self.open += 1
        seen = -1
        loop = asyncio.get_running_loop()
        try:
            while True:
                number, whole, tick = self._newest(loop.time())
                yield tick if number == seen else whole
                seen = number
                takes_on()
                await self._until_due(loop)
        finally:
            self.open -= 1

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

"""ChangeSignal: wakes everybody who waits for a change, and Waiter: one who waits no longer than for so long."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class ChangeSignal:
    """Tells of changes.

    Everybody waits on a future of their own, so that who is cancelled takes nobody along.
    """

    def __init__(self) -> None:
        self.changes = 0
        """Changes so far."""
        self._waiting: set[asyncio.Future[bool]] = set()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function at each change from now on."""
        self._listeners.append(listener)

    def notify(self) -> None:
        """Tell of a change."""
        self.changes += 1
        for listener in self._listeners:
            listener()
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(False)

    def add(self, future: asyncio.Future[bool]) -> None:
        """Set a future to False at the next change."""
        self._waiting.add(future)

    def discard(self, future: asyncio.Future[bool]) -> None:
        """Forget a future."""
        self._waiting.discard(future)


class Waiter:
    """One who waits for changes of a signal, and now and then for a time to have passed.

    Call `look` before looking at the state and `wait` afterwards: a change in between is not missed. Putting the time
    off costs no timer: the timer is looked after when it rings.

    Args:
        signal: tells of changes.
        draw_s: gives the time, seconds, counted from `put_off`; asked again whenever it has passed.
    """

    __slots__ = (
        "_draw_s",
        "_due_at_s",
        "_future",
        "_is_due",
        "_loop",
        "_patience_s",
        "_rings_at_s",
        "_seen",
        "_signal",
        "_timer",
    )

    def __init__(self, signal: ChangeSignal, draw_s: Callable[[], float] = lambda: math.inf) -> None:
        self._signal = signal
        self._draw_s = draw_s
        self._patience_s = draw_s()
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at_s = 0.0
        self._seen = signal.changes
        self.put_off()

    def look(self) -> None:
        """Take note of the changes so far."""
        self._seen = self._signal.changes

    def put_off(self) -> None:
        """Count the time from now."""
        self._due_at_s = self._loop.time() + self._patience_s
        self._is_due = False

    async def wait(self) -> bool:
        """Wait for a change since `look`, or for the time to pass; True: it has passed."""
        if self._is_due:
            self._patience_s = self._draw_s()
            return True
        if self._seen != self._signal.changes:
            return False
        if self._timer is None and self._due_at_s < math.inf:
            self._set_timer()
        future: asyncio.Future[bool] = self._loop.create_future()
        self._future = future
        self._signal.add(future)
        try:
            return await future
        finally:
            self._signal.discard(future)

    def close(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        self._rings_at_s = self._due_at_s
        self._timer = self._loop.call_at(self._rings_at_s, self._ring)

    def _ring(self) -> None:
        if self._due_at_s > self._rings_at_s:
            self._set_timer()
            return
        self._timer, self._is_due = None, True
        if self._future is not None and not self._future.done():
            self._patience_s = self._draw_s()
            self._future.set_result(True)

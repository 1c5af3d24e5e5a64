"""ChangeSignal: wakes everybody who waits for a change, and Waiter: one who waits no longer than a pace allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from strategic_memory_server.revisions.heartbeat_pace import HeartbeatPace


class ChangeSignal:
    """Tells of changes.

    Everybody waits on a future of their own, so that who is cancelled takes nobody along.
    """

    def __init__(self) -> None:
        self.changes = 0
        """Changes so far."""
        self._waiting: dict[asyncio.Future[bool], None] = {}
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function at each change from now on."""
        self._listeners.append(listener)

    def notify(self) -> None:
        """Tell of a change."""
        self.changes += 1
        for listener in self._listeners:
            listener()
        waiting, self._waiting = self._waiting, {}
        for future in waiting:
            if not future.done():
                future.set_result(False)

    def add(self, future: asyncio.Future[bool]) -> None:
        """Set a future to False at the next change."""
        self._waiting[future] = None

    def discard(self, future: asyncio.Future[bool]) -> None:
        """Forget a future."""
        self._waiting.pop(future, None)


class Waiter:
    """One who waits for changes of a signal, and now and then for a heartbeat to be due.

    Call `look` before looking at the state and `wait` afterwards: a change in between is not missed. Putting the
    heartbeat off costs no timer: the timer is looked after when it rings. Close it in the end.

    Args:
        signal: tells of changes. A change of the pace has to be one of them.
        pace: says when a heartbeat is due; None: never.
    """

    __slots__ = ("_future", "_is_due", "_loop", "_pace", "_rings_at_s", "_seen", "_signal", "_timer")

    def __init__(self, signal: ChangeSignal, pace: HeartbeatPace | None = None) -> None:
        self._signal = signal
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at_s = 0.0
        self._seen = signal.changes
        self.put_off(self._loop.time())

    def look(self) -> None:
        """Take note of the changes so far."""
        self._seen = self._signal.changes

    def put_off(self, now_s: float) -> None:
        """Count from now, by the clock of the event loop, when a heartbeat is due."""
        self._is_due = False
        if self._pace is not None:
            self._pace.sent_at_s = now_s

    def wait(self) -> asyncio.Future[bool]:
        """Return what is done with a change since `look`, or once a heartbeat is due: True, it is."""
        # Thousands of streams come here at each change, so there is no coroutine between them and the future.
        future: asyncio.Future[bool] = self._loop.create_future()
        if self._is_due or self._seen != self._signal.changes:
            future.set_result(self._is_due)
            return future
        if self._pace is not None and (self._timer is None or self._pace.has_changed()):
            self._set_timer(self._pace.due_at_s())
        self._future = future
        self._signal.add(future)
        return future

    def close(self) -> None:
        """Wait no more."""
        if self._future is not None:
            self._signal.discard(self._future)
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, due_at_s: float) -> None:
        if self._timer is not None:
            if due_at_s >= self._rings_at_s:
                return
            self._timer.cancel()
        self._rings_at_s = due_at_s
        self._timer = self._loop.call_at(due_at_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._pace is not None and (due_at_s := self._pace.due_at_s()) > self._rings_at_s:
            self._set_timer(due_at_s)
            return
        self._is_due = True
        if self._pace is not None:
            self._pace.spread()
        if self._future is not None and not self._future.done():
            self._signal.discard(self._future)
            self._future.set_result(True)

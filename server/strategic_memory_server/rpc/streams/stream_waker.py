"""StreamWaker: wakes the streams when there is something to tell them, and lets them sleep otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.revisions.change_signal import ChangeSignal, Waiter
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.heartbeat_pace import HeartbeatPace, validity_s


class StreamWaker:
    """Looks at the hub once for all streams.

    A sync that only renews the times wakes nobody. A feedback whose validity passes changes without a word from the
    hub, so a timer watches it.

    Args:
        hub: what there is to tell.
        changed: tells when the hub has changed.
        clock_ms: gives the time, milliseconds since 1970-01-01 UTC.
    """

    def __init__(self, hub: FeedbackHub, changed: ChangeSignal, clock_ms: Callable[[], int]) -> None:
        self._hub = hub
        self._clock_ms = clock_ms
        self._signal = ChangeSignal()
        self._told: tuple[object, ...] = ()
        self._validity_s = _holds_for_s(hub.in_force(clock_ms()))
        self._alarm: asyncio.TimerHandle | None = None
        changed.listen(self._look)

    def waiter(self, heartbeat_s: float) -> Waiter:
        """Return what one stream waits by: for something to tell, and for a heartbeat to be due."""
        return Waiter(self._signal, HeartbeatPace(heartbeat_s, lambda: self._validity_s))

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever there is something to tell, before any stream is woken."""
        self._signal.listen(listener)

    def wake(self) -> None:
        """Wake all streams."""
        self._signal.notify()

    def _look(self) -> None:
        # Where the process stands still in between, the alarm goes off at once and not by that much too late.
        at_s, now_ms = asyncio.get_running_loop().time(), self._clock_ms()
        in_force = self._hub.in_force(now_ms)
        self._watch_validity(in_force, at_s, now_ms)
        self._validity_s = _holds_for_s(in_force)
        # Where the validity is another one, heartbeats may be due sooner than anybody waits for.
        caps = in_force.advice.leverage_caps
        tells = (self._hub.was_read, self._hub.epoch, in_force.revision, in_force.status, self._validity_s, caps)
        if tells != self._told:
            self._told = tells
            self.wake()

    def _watch_validity(self, in_force: Feedback, at_s: float, now_ms: int) -> None:
        """Look again when something else is in force than at a time: at another one nothing may be left of that."""
        if self._alarm is not None:
            self._alarm.cancel()
        holds = in_force.status is FeedbackStatus.ACTIVE
        # Where nothing holds any more, caps that nobody publishes are about to act all the same.
        left_ms = self._hub.valid_for_ms(now_ms) if holds else self._hub.heeds_in_ms(now_ms)
        if left_ms is not None:
            self._alarm = asyncio.get_running_loop().call_at(at_s + (left_ms + 1) / 1000, self._look)


def _holds_for_s(in_force: Feedback) -> float | None:
    """Return the validity that heartbeats keep up with, seconds; None where nothing holds.

    What was ended early, by a withdrawal or a cap that nobody publishes, may have held for a moment.
    """
    return validity_s(in_force.times) if in_force.status is FeedbackStatus.ACTIVE else None

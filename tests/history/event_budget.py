"""EventBudget: bounds what a recording may hold, so that a runaway test fails instead of eating the machine."""

from __future__ import annotations


class HistoryTooLongError(RuntimeError):
    """More happened than a history may hold."""


class EventBudget:
    """Counts events of one history.

    Args:
        events: how many it may hold. One takes about 150 bytes.
    """

    def __init__(self, events: int) -> None:
        self._events = events
        self._left = events

    @property
    def spent(self) -> int:
        """How many there are."""
        return self._events - self._left

    def spend(self) -> None:
        """Count one event.

        Raises:
            HistoryTooLongError: there are as many as there may be.
        """
        if self._left == 0:
            raise HistoryTooLongError(
                f"the history has {self._events:,} events already: record for a shorter time, fewer subscribers "
                "or longer heartbeat intervals, or allow more events"
            )
        self._left -= 1

"""ToldFailures: which failures of one outage the log has said already. Synchronous, without I/O."""

from __future__ import annotations

MOST = 16
"""So many different ones of one outage are said."""


class ToldFailures:
    """Tells which failures are news.

    What fails is tried again every moment, and may fail in other words each time: a connection that is refused, then
    one that is closed. Each is news once, until it is over.
    """

    # There are thousands.
    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._told)

    def is_news(self, failure: str) -> bool:
        """Take note of a failure; tell whether it was not said yet."""
        if failure in self._told or len(self._told) >= MOST:
            return False
        self._told = (*self._told, failure)
        return True

    def are_over(self) -> None:
        """Take note that it succeeds again: whatever fails from now on is news."""
        self._told = ()

"""What is logged about lost streams."""

from __future__ import annotations

import logging

from strategic_memory_client.values.events import Disconnected

_AGAIN_AFTER_S = 3_600.0
_log = logging.getLogger("strategic_memory_client")


class DisconnectionLog:
    """Logs an outage as a warning, once and then each hour that it lasts, and other failed attempts for debugging.

    Why it began is seldom why it lasts: a server that goes away may come back with a certificate that nobody takes.
    Times are seconds on a clock that never goes back.
    """

    __slots__ = ("_told_at_s",)

    def __init__(self) -> None:
        self._told_at_s: float | None = None

    def heard(self) -> None:
        """Take that a message came: what is lost from now on is another outage."""
        self._told_at_s = None

    def lost(self, disconnected: Disconnected, now_s: float) -> None:
        """Log that a stream was lost, or could not be opened."""
        is_due = self._told_at_s is None or now_s - self._told_at_s >= _AGAIN_AFTER_S
        if is_due:
            self._told_at_s = now_s
        _log.log(
            logging.WARNING if is_due else logging.DEBUG,
            "no stream from %s, next attempt in %.2f s: %s",
            disconnected.address,
            disconnected.retry_in_s,
            disconnected.error,
        )

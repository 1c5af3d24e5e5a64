"""What is told of lost streams."""

from __future__ import annotations

import logging

from strategic_memory_client.values.events import Disconnected

_AGAIN_AFTER_S = 3_600.0
_log = logging.getLogger("strategic_memory_client")


class Disconnections:
    """Says when to tell of an outage: once, and then each hour that it lasts.

    Why it began is seldom why it lasts: a server that goes away may come back with a certificate that nobody takes.
    Times are seconds on a clock that never goes back.
    """

    __slots__ = ("_told_at_s",)

    def __init__(self) -> None:
        self._told_at_s: float | None = None

    def heard(self) -> None:
        """Take that a message came: what is lost from now on is another outage."""
        self._told_at_s = None

    def is_to_be_told(self, now_s: float) -> bool:
        """Take that a stream was lost, or could not be opened; return whether to tell of it."""
        if self._told_at_s is not None and now_s - self._told_at_s < _AGAIN_AFTER_S:
            return False
        self._told_at_s = now_s
        return True


def log_disconnection(disconnected: Disconnected, *, is_told: bool) -> None:
    """Log that a stream was lost: as a warning where it is to be told, and else for debugging."""
    _log.log(
        logging.WARNING if is_told else logging.DEBUG,
        "no stream from %s, next attempt in %.2f s: %s",
        disconnected.address,
        disconnected.retry_in_s,
        disconnected.error,
    )

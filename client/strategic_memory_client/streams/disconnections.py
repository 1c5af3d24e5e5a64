"""What is logged about lost streams."""

from __future__ import annotations

import logging

from strategic_memory_client.values.events import Disconnected

_log = logging.getLogger("strategic_memory_client")


def log_disconnection(disconnected: Disconnected, *, is_new: bool) -> None:
    """Log that a stream was lost: once as a warning, and the failures to open it again for debugging."""
    _log.log(
        logging.WARNING if is_new else logging.DEBUG,
        "no stream from %s, next attempt in %.2f s: %s",
        disconnected.address,
        disconnected.retry_in_s,
        disconnected.error,
    )

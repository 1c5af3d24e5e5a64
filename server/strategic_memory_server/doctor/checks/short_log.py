"""A feedback log that is trimmed so short that a subscriber cannot resume after a short absence."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.revisions.log_keys import LogKeys

ABSENCE_S = 600.0
"""So long may a subscriber be away while its machine is restarted, seconds."""


def check(examined: Examined) -> Iterator[Finding]:
    """Look at a log that is full: a shorter one has lost nothing."""
    log, retained = examined.redis.log, examined.settings.log.retained_revisions
    if log.info is None or log.spans_s is None or log.info.length < retained or log.spans_s >= ABSENCE_S:
        return
    yield Finding(
        "short_log",
        Severity.WARNING,
        f"the log retains {retained} revisions, which were published in {log.spans_s:.3g} s: a subscriber that is away "
        "for longer cannot resume. Raise STRATEGIC_MEMORY_RETAINED_REVISIONS",
        examined.redis_cli("XINFO", "STREAM", LogKeys.under(examined.settings.redis.key_prefix).log),
    )

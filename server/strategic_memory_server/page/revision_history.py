"""RevisionHistory: the newest revisions of the log as columns, read once and then kept up."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.page.shared_work import SharedWork
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader

SHOWN = 1_000
"""Newest revisions that are shown."""

_AT_ONCE = 50
"""Entries that are taken apart before others have their turn."""


class PastAdviceRow(NamedTuple):
    """What the page shows of one revision."""

    revision: int
    said_ms: int | None
    policy: int
    confidence: float
    leverage: float
    preferred: str
    current: str


class RevisionHistory:
    """The newest revisions, for all pages that are open.

    Args:
        log: the log.
        hub: what this server knows of it.
    """

    def __init__(self, log: FeedbackLogReader, hub: FeedbackHub) -> None:
        self._log = log
        self._hub = hub
        self._rows: deque[PastAdviceRow] = deque(maxlen=SHOWN)
        self._epoch = ""
        self._encoded = ("", -1), b""
        self._reading = SharedWork(self._reload)

    async def newest(self) -> bytes:
        """Return the newest revisions of the epoch as JSON, a column for each of their values, oldest first.

        Raises:
            redis.exceptions.RedisError, OSError: they have to be read, and Redis could not be reached or refused.
        """
        if not self._go_on(self._hub.recent):
            await self._reading.done()
            self._go_on(self._hub.recent)
        stands_at = self._epoch, self._rows[-1].revision if self._rows else 0
        if self._encoded[0] != stands_at:
            columns = {name: [getattr(row, name) for row in self._rows] for name in PastAdviceRow._fields}
            said = {"epoch": self._epoch, "policies": [policy.name for policy in Policy], **columns}
            self._encoded = stands_at, json.dumps(said).encode()
        return self._encoded[1]

    def _go_on(self, recent: Callable[[int], Feedback | None]) -> bool:
        """Add what came since the last look; False where that is not known."""
        if self._epoch != self._hub.epoch or not self._epoch:
            return False
        # An epoch without a publication stands where the one before has ended.
        last = self._rows[-1].revision if self._rows else self._hub.epoch_start - 1
        since: list[PastAdviceRow] = []
        for revision in range(last + 1, self._hub.revision + 1):
            # Where nobody has looked for long, the first is not known any more, and millions come after it.
            if (feedback := recent(revision)) is None:
                return False
            since.append(_row(feedback))
        self._rows.extend(since)
        return True

    async def _reload(self) -> None:
        rows: list[tuple[str, PastAdviceRow]] = []
        entries, left = await self._log.read_before(None, SHOWN), SHOWN
        while entries:
            for start in range(0, len(entries), _AT_ONCE):
                rows += ((each.epoch, _row(each)) for each in self._log.decode(entries[start : start + _AT_ONCE]))
                await asyncio.sleep(0)
            # Where Redis was slow once, less arrives than was asked for.
            left -= len(entries)
            entries = await self._log.read_before(entries[-1][0].decode(), left) if left else []
        # Another epoch may have begun meanwhile.
        epoch = self._epoch = self._hub.epoch
        self._rows = deque((row for of, row in reversed(rows) if of == epoch), maxlen=SHOWN)


def _row(feedback: Feedback) -> PastAdviceRow:
    advice = feedback.advice
    return PastAdviceRow(
        feedback.revision,
        feedback.times.computed_at_ms,
        advice.updated_policy.value,
        advice.confidence_boost,
        advice.leverage_hint,
        advice.preferred_regime,
        advice.current_regime,
    )

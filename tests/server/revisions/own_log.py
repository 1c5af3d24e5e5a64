"""Publishing in a log that nobody else writes to."""

from __future__ import annotations

from advice import feedback
from claimed import ClaimedLog

from strategic_memory_server.revisions.log_state import LogState


async def publish(log: ClaimedLog, *revisions: int, epoch: str = "e1") -> None:
    """Publish feedbacks one after the other; the log stands before the first one."""
    for revision in revisions:
        assert await log.publish(feedback(revision, epoch), expected=LogState(epoch, revision - 1))

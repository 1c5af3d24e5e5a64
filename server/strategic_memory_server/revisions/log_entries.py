"""Entries of the feedback log, read back into feedbacks."""

from __future__ import annotations

import structlog

from strategic_memory_server.feedback import Feedback
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError, decode_feedback
from strategic_memory_server.revisions.log_state import LogState

logger = structlog.get_logger(__name__)


def decode_entries(entries: StreamEntries, known: tuple[bytes, Feedback] | None = None) -> list[Feedback]:
    """Read log entries; those that are not a feedback are left out, and the first of them is logged.

    Args:
        entries: as Redis gives them.
        known: a document and what it says.
    """
    feedbacks = []
    unreadable = []
    for entry_id, fields in entries:
        document = fields.get(b"feedback", b"")
        try:
            feedbacks.append(known[1] if known and document == known[0] else decode_feedback(document))
        except MalformedFeedbackError as error:
            unreadable.append((entry_id.decode(), str(error)))
    if unreadable:
        first_id, why = unreadable[0]
        logger.warning("Feedback log entry is not readable", entry_id=first_id, error=why, entries=len(unreadable))
    return feedbacks


def contiguous_tail(feedbacks: list[Feedback], state: LogState | None) -> tuple[Feedback, ...]:
    """Keep the newest feedbacks that end at the state's revision, follow each other and share its epoch."""
    kept: list[Feedback] = []
    revision = state.revision if state else 0
    for feedback in reversed(feedbacks):
        if state is None or feedback.epoch != state.epoch or feedback.revision != revision:
            break
        kept.append(feedback)
        revision -= 1
    return tuple(reversed(kept))

"""Entries of the feedback log, read back into feedbacks."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.contract_bounds import outside_contract
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError, decode_feedback
from strategic_memory_server.revisions.log_state import LogState

logger = structlog.get_logger(__name__)


def decode_entry(entry_id: bytes, fields: dict[bytes, bytes], known: tuple[bytes, Feedback] | None = None) -> Feedback:
    """Read a log entry; `known` is a document and what it says, which is not taken apart again.

    Raises:
        MalformedFeedbackError: it is not an entry of this service: no feedback, outside the bounds of the contract, or
            its id or its fields say something else than its document.
    """
    document = fields.get(b"feedback", b"")
    is_known = known is not None and document == known[0]
    feedback = known[1] if known and is_known else decode_feedback(document)
    revision, epoch = b"%d" % feedback.revision, feedback.epoch.encode()
    told = fields.get(b"revision", revision), fields.get(b"epoch", epoch)
    if entry_id != revision + b"-0" or told != (revision, epoch):
        raise MalformedFeedbackError("its id, revision and epoch do not agree")
    if not is_known and (wrong := outside_contract(feedback)) is not None:
        raise MalformedFeedbackError(wrong)
    return feedback


def decode_entries(
    entries: StreamEntries,
    known: tuple[bytes, Feedback] | None = None,
    refuse: Callable[[str, str], None] = lambda entry_id, why: None,
) -> list[Feedback]:
    """Read log entries; those that are not entries of this service are left out, and the first of them is logged.

    Args:
        entries: as Redis gives them.
        known: a document and what it says.
        refuse: is told id and reason of the first that is left out.
    """
    feedbacks = []
    unreadable = []
    for entry_id, fields in entries:
        try:
            feedbacks.append(decode_entry(entry_id, fields, known))
        except MalformedFeedbackError as error:
            unreadable.append((entry_id.decode(), str(error)))
    if unreadable:
        first_id, why = unreadable[0]
        logger.warning("Feedback log entry is not readable", entry_id=first_id, error=why, entries=len(unreadable))
        refuse(first_id, why)
    return feedbacks


def contiguous_tail(feedbacks: list[Feedback], state: LogState | None) -> tuple[Feedback, ...]:
    """Keep the newest feedbacks that end at the state's revision, follow each other and share its epoch.

    What stands after that was written by somebody else, since this service writes the state in the same step.
    """
    kept: list[Feedback] = []
    revision = state.revision if state else 0
    for feedback in reversed(feedbacks):
        if state is not None and feedback.revision > state.revision:
            continue
        if state is None or feedback.epoch != state.epoch or feedback.revision != revision:
            break
        kept.append(feedback)
        revision -= 1
    return tuple(reversed(kept))

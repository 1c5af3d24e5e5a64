"""The entry of a revision, as the log still holds it, and what was said before it."""

from __future__ import annotations

from dataclasses import dataclass

import redis.asyncio as redis

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.basis.basis import Basis, basis_of_text
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip, stream_entries
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.log_entries import decode_entry
from strategic_memory_server.revisions.log_keys import LogKeys


class EntryGoneError(Exception):
    """The log does not hold the revision, or not what it rests on; the text is a sentence."""


class EntryForeignError(Exception):
    """The entry is none that this service has written; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """The entry of a revision.

    Attributes:
        feedback: what it says.
        document: the same as it stands there.
        basis: what it rests on.
        before: what the entry before it says, in the same epoch; None: there is none.
        is_before_gone: whether there was one, in whichever epoch, that the log does not hold any more.
    """

    feedback: Feedback
    document: bytes
    basis: Basis
    before: Feedback | None
    is_before_gone: bool


async def read_entry(client: redis.Redis, prefix: str, revision: int, epoch: str | None) -> LogEntry:
    """Read the entry of a revision.

    Args:
        client: how Redis is reached.
        prefix: what the keys start with.
        revision: its number.
        epoch: its epoch; None: any.

    Raises:
        EntryGoneError, EntryForeignError: there is none to compute again.
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    key = LogKeys.under(prefix).log
    command = packed("XRANGE", key, f"{revision - 1}-0", f"{revision}-0")
    (reply,) = await round_trip(client, [command])
    entries = dict(stream_entries(checked(reply, key, "stream")))
    fields = entries.get(b"%d-0" % revision)
    if fields is None:
        raise EntryGoneError(f"{key} holds no revision {revision}: it was trimmed, or never said")
    try:
        feedback = decode_entry(b"%d-0" % revision, fields)
    except MalformedFeedbackError as error:
        raise EntryForeignError(str(error)) from error
    if epoch not in (None, feedback.epoch):
        raise EntryGoneError(f"{key} holds revision {revision} of the epoch {feedback.epoch}, and none of {epoch}")
    if not (text := fields.get(b"rests_on", b"")):
        raise EntryGoneError("its entry does not say what it rests on: a version from before that wrote it")
    try:
        basis = basis_of_text(text)
    except ValueError as error:
        raise EntryForeignError("its field rests_on is none that this service has written") from error
    before_id = b"%d-0" % (revision - 1)
    try:
        before = decode_entry(before_id, entries[before_id])
    except (KeyError, MalformedFeedbackError):
        return LogEntry(feedback, fields[b"feedback"], basis, None, is_before_gone=revision > 1)
    said = before if before.epoch == feedback.epoch else None
    return LogEntry(feedback, fields[b"feedback"], basis, said, is_before_gone=False)

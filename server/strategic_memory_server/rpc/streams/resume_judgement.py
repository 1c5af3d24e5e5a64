"""Judging a resume point: what this server has read of the log can lag behind, and then it must not be refused.

Who resumes here may have been told elsewhere what this server has yet to read.
"""

from __future__ import annotations

from redis.exceptions import RedisError

from strategic_memory_server.faults.errors import LogNotReadError, ResumePointError, ResumeRefusal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import StreamCursor
from strategic_memory_server.rpc.wire.from_wire import StreamOrder


async def open_cursor(hub: FeedbackHub, log: FeedbackLogReader, order: StreamOrder) -> StreamCursor:
    """Begin a stream; where it is to be refused, the log itself is asked first.

    Args:
        hub: what this server can say.
        log: the log.
        order: how the subscriber wants its stream.

    Raises:
        ResumePointError: the stream cannot go on from the resume point, as the log itself says.
        LogNotReadError: this server cannot judge that: it lags behind the log, or cannot read it now.
    """
    try:
        return StreamCursor(
            hub, order.delivery, resume_after=order.resume_after, epoch=order.epoch, send_current=order.send_current
        )
    except ResumePointError as refused:
        # What was trimmed stays so, however much was published since.
        if refused.refusal is not ResumeRefusal.REVISION_COMPACTED and not _confirms(await _state(log), refused, order):
            raise LogNotReadError from refused
        raise


async def _state(log: FeedbackLogReader) -> LogState | None:
    try:
        return await log.read_state()
    except (RedisError, OSError, MalformedFeedbackError):
        return None


def _confirms(state: LogState | None, refused: ResumePointError, order: StreamOrder) -> bool:
    """Whether the log does not hold the resume point, and is the one that the refusal speaks of."""
    if state is None or state.epoch != refused.epoch:
        return False
    return order.epoch not in ("", state.epoch) or state.revision < (order.resume_after or 0)

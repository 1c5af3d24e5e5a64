"""A hub that has read a log, and what a cursor sends of it."""

from __future__ import annotations

from advice import NOW_MS, feedback

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import Step, StreamCursor

RING = 3


def snapshot(*recent: Feedback, state: LogState | None = None) -> LogSnapshot:
    """A snapshot of a log whose newest entries these are."""
    if state is None and recent:
        newest = recent[-1]
        state = LogState(newest.epoch, newest.revision, recent[0].revision, newest.times)
    return LogSnapshot(state, recent, "0-0", "0-0")


def load(hub: FeedbackHub, *revisions: int, epoch: str = "e1", oldest: int = 1, epoch_start: int = 1) -> None:
    """Let the hub read a log whose newest revisions these are."""
    recent = tuple(feedback(revision, epoch) for revision in revisions)
    state = LogState(epoch, revisions[-1], oldest, recent[-1].times, epoch_start)
    hub.load(LogSnapshot(state, recent, "0-0", "0-0"))


def load_unpublished(hub: FeedbackHub, epoch: str, above: int = 0) -> None:
    """Let the hub read an epoch without a publication."""
    hub.load(LogSnapshot(LogState(epoch, above, epoch_start=above + 1), (), "0-0", "0-0"))


def next_step(cursor: StreamCursor, now_ms: int = NOW_MS) -> Step | None:
    """What a cursor does next at a time."""
    return cursor.next(cursor._hub.in_force(now_ms))


def sent(cursor: StreamCursor, now_ms: int = NOW_MS) -> list[tuple[int, int]]:
    """Revision and skipped revisions of everything that is sent without reading the log."""
    steps = []
    while isinstance(step := next_step(cursor, now_ms), Feedback):
        steps.append((step.revision, cursor.skipped))
    return steps

"""FIRST: without a resume point, or with one and `send_current`, the first message is a feedback (contract 5.2).

Without a resume point, and where nothing came after it, that is the feedback in force.

In force at a server is at least what it has told anybody before, and, while nothing is wrong, what the log has held
for longer than a server may lag.
"""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, streams
from history.model import HeartbeatMessage, Position, Stream
from history.promises import Promise, Violation


def first(evidence: Evidence) -> Iterator[Violation]:
    """Find streams that began with something else than the feedback in force."""
    for where, _, stream in streams(evidence.history):
        resume = stream.opening.resume_after
        if not stream.messages or (resume is not None and not stream.opening.send_current):
            continue
        message = stream.messages[0]
        if isinstance(message, HeartbeatMessage):
            yield Violation(Promise.FIRST, where, "began with a heartbeat")
            continue
        here = message.feedback.position
        if resume is not None and here.revision > resume.revision:
            continue  # what came after the resume point: GAP_FREE and LATEST look at that
        known = _known_to_be_in_force(stream, here, evidence)
        if evidence.log.rank(here) < evidence.log.rank(known):
            what = f"began with revision {here}, and {known} was in force"
            yield Violation(Promise.FIRST, where, what)


def _known_to_be_in_force(stream: Stream, here: Position, evidence: Evidence) -> Position:
    """Return a position that the first message must not be behind; the lowest one when there is none."""
    opened_ms, lag_ms = stream.opening.opened_ms, evidence.tolerances.serving_lag_ms
    nothing = Position("", 0)
    if here.revision and not evidence.log.knows(here.epoch):
        return nothing
    # A server that was started again knows nothing until it has read the log, and says so: epoch "".
    told = evidence.servers.told_before(stream.opening.address, opened_ms) if here.epoch else nothing
    if evidence.log.fault_during(opened_ms - lag_ms, stream.messages[0].at_ms):
        return told
    return max(told, evidence.log.newest_position_at(opened_ms - lag_ms), key=evidence.log.rank)

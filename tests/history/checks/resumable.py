"""RESUMABLE: after a resume point comes only what came after it; one that is trimmed away, in the future or of another
epoch is refused with the truth about why (contract 5.2, 5.5)."""

from __future__ import annotations

from collections.abc import Iterator

from history.checks.refusals import untruth
from history.evidence import Evidence, feedbacks, streams
from history.model import End, Position, Stream
from history.promises import Promise, Violation
from history.server_view import position_of


def resumable(evidence: Evidence) -> Iterator[Violation]:
    """Find streams that went on from another place than was asked for, and refusals that are not true."""
    for where, _, stream in streams(evidence.history):
        if stream.opening.resume_after is not None and stream.messages:
            problem = _wrong_start(stream, stream.opening.resume_after, evidence)
            if problem:
                yield Violation(Promise.RESUMABLE, where, problem)
        if stream.end is not None and stream.end.code == "OUT_OF_RANGE":
            problem = _refusal(stream, stream.end, evidence)
            if problem:
                yield Violation(Promise.RESUMABLE, where, problem)


def _wrong_start(stream: Stream, resume: Position, evidence: Evidence) -> str:
    begun = position_of(stream.messages[0])
    if resume.epoch and begun.epoch != resume.epoch:
        return f"was resumed after revision {resume} and began with {begun} instead of a refusal"
    message = next(feedbacks(stream), None)
    lowest = resume.revision + (not stream.opening.send_current)
    if message is not None and message.feedback.position.revision < lowest:
        return f"was resumed after revision {resume} and began with {message.feedback.position}"
    ever = evidence.log.newest_at(begun.epoch, float("inf"))
    if resume.revision > ever and not evidence.log.may_have_been_missed(
        Position(begun.epoch, resume.revision), stream.messages[0].at_ms
    ):
        return f"was resumed after revision {resume}, which was never published, instead of refused"
    return ""


def _refusal(stream: Stream, end: End, evidence: Evidence) -> str:
    reached = max((message.feedback.position for message in feedbacks(stream)), key=evidence.log.rank, default=None)
    asked = reached or stream.opening.resume_after
    if asked is None:
        return "was refused with OUT_OF_RANGE, and had no resume point"
    if end.refusal is None:
        return f"was refused after revision {asked} without an ErrorInfo"
    problem = untruth(end.refusal, asked, stream, evidence)
    return f"was refused after revision {asked} with {end.refusal}: {problem}" if problem else ""

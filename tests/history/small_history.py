"""Builds small histories by hand, for single cases. Times are seconds after a fixed start."""

from __future__ import annotations

from history.checker import check
from history.model import (
    Advice,
    Answer,
    Delivery,
    End,
    Fault,
    Feedback,
    FeedbackMessage,
    HeartbeatMessage,
    History,
    LogGap,
    LogSample,
    Message,
    Opening,
    Position,
    Publish,
    Refusal,
    Restart,
    Status,
    Stream,
    Subscriber,
)
from history.promises import Promise

START_MS = 1_700_000_000_000.0
SERVER = "127.0.0.1:1001"
LONG_S = 3_600.0


def at(seconds: float) -> float:
    """Return a time of a small history in milliseconds."""
    return START_MS + seconds * 1_000


def said(
    revision: int, epoch: str = "e", *, valid_until_s: float = LONG_S, status: Status = Status.ACTIVE, text: str = ""
) -> Feedback:
    """Return a feedback whose content follows from its revision."""
    position = Position(epoch, revision)
    if revision == 0:
        safe = Advice("POLICY_CONSERVATIVE", 0.0, 1.0)
        return Feedback(position, Status.WARMING_UP, safe, (("regime", "UNKNOWN"),), None)
    bold = Advice("POLICY_BALANCED", revision / 100, 1.2)
    advice = bold if status is Status.ACTIVE else Advice("POLICY_CONSERVATIVE", 0.0, 1.0)
    return Feedback(position, status, advice, (("regime", text or f"REGIME {revision}"),), at(valid_until_s))


def published(revision: int, at_s: float, epoch: str = "e", *, absent_s: float | None = None) -> Publish:
    """Return an entry of the log, seen 10 ms after it was last seen to be absent."""
    return Publish(said(revision, epoch), at(at_s - 0.01 if absent_s is None else absent_s), at(at_s))


def brought(revision: int, at_s: float, epoch: str = "e", *, skipped: int = 0) -> FeedbackMessage:
    """Return a feedback on a stream."""
    return FeedbackMessage(at(at_s), said(revision, epoch), skipped)


def beat(
    revision: int, at_s: float, epoch: str = "e", *, status: Status = Status.ACTIVE, valid_until_s: float = LONG_S
) -> HeartbeatMessage:
    """Return a heartbeat on a stream."""
    return HeartbeatMessage(at(at_s), Position(epoch, revision), status, at(valid_until_s), at(at_s))


def stream(
    opened_s: float,
    *messages: Message,
    delivery: Delivery = Delivery.LATEST,
    resume: tuple[str, int] | None = None,
    end: End | None = None,
    address: str = SERVER,
    send_current: bool = False,
) -> Stream:
    """Return a stream."""
    after = None if resume is None else Position(*resume)
    return Stream(Opening(address, at(opened_s), delivery, after, send_current), messages, end)


def refused(at_s: float, reason: str, oldest: int, current: int, epoch: str = "e") -> End:
    """Return the end of a stream whose resume point is refused."""
    refusal = Refusal("strategic_memory.v1", reason, oldest, current, epoch)
    return End(at(at_s), "OUT_OF_RANGE", "refused", refusal)


def answered(revision: int, asked_s: float, epoch: str = "e", *, valid_until_s: float = LONG_S) -> Answer:
    """Return what GetFeedback answered within 10 ms."""
    return Answer(SERVER, at(asked_s), at(asked_s + 0.01), said(revision, epoch, valid_until_s=valid_until_s))


THREE = (published(1, 1), published(2, 2), published(3, 3))
"""A log of three revisions, one a second."""

FAULT = (Fault("cut off", at(0), at(100)),)
"""A fault for as long as a small history takes."""


def broken(
    *streams: Stream,
    slow: bool = False,
    publishes: tuple[Publish, ...] = THREE,
    epochs: tuple[str, ...] = ("e",),
    samples: tuple[LogSample, ...] = (),
    gaps: tuple[LogGap, ...] = (),
    answers: tuple[Answer, ...] = (),
    faults: tuple[Fault, ...] = (),
    settled_ms: float | None = None,
    restarts: tuple[Restart, ...] = (),
    shared: tuple[str, ...] = (),
) -> set[Promise]:
    """Check one subscriber's streams against a log of three revisions, unless another one is given."""
    subscribers = (Subscriber("s", streams, slow),)
    history = History(publishes, samples, gaps, epochs, subscribers, answers, faults, settled_ms, restarts, shared)
    return {violation.promise for violation in check(history)}

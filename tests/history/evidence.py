"""Evidence: one history with the views that the checks look at it through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from history.log_view import LogView
from history.model import Answer, Feedback, FeedbackMessage, History, Message, Position, Stream, Subscriber
from history.promises import Tolerances, Violation
from history.server_view import ServerView


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check is given."""

    history: History
    log: LogView
    servers: ServerView
    tolerances: Tolerances


Check = Callable[[Evidence], Iterator[Violation]]
"""Gives the violations of one promise."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A feedback that somebody was told: when, and where in the history."""

    at_ms: float
    where: str
    feedback: Feedback


def gather(history: History, tolerances: Tolerances) -> Evidence:
    """Look at a history."""
    log = LogView(history)
    return Evidence(history, log, ServerView(history, log), tolerances)


def streams(history: History) -> Iterator[tuple[str, Subscriber, Stream]]:
    """Yield each stream, with its place in the history in words."""
    for subscriber in history.subscribers:
        for number, stream in enumerate(subscriber.streams, 1):
            yield f"{subscriber.name}, stream {number} at {stream.opening.address}", subscriber, stream


def feedbacks(stream: Stream) -> Iterator[FeedbackMessage]:
    """Yield the feedbacks of a stream."""
    return (message for message in stream.messages if isinstance(message, FeedbackMessage))


def messages(history: History) -> Iterator[tuple[str, Message | Answer]]:
    """Yield whatever came from a server, heartbeats too, with its place in the history in words."""
    for where, _, stream in streams(history):
        for message in stream.messages:
            yield where, message
    for answer in history.answers:
        yield f"GetFeedback at {answer.address}", answer


def sightings(history: History) -> Iterator[Sighting]:
    """Yield everything that a server said: on streams, and as answers."""
    for where, _, stream in streams(history):
        for message in feedbacks(stream):
            yield Sighting(message.at_ms, where, message.feedback)
    for answer in history.answers:
        yield Sighting(answer.at_ms, f"GetFeedback at {answer.address}", answer.feedback)


def final_position(subscriber: Subscriber) -> Position | None:
    """Return the last place that a subscriber came to, received or resumed from; None when it has none."""
    for stream in reversed(subscriber.streams):
        received = (message.feedback.position for message in feedbacks(stream))
        last = max(received, key=lambda position: position.revision, default=stream.opening.resume_after)
        if last is not None:
            return last
    return None


def left_behind(evidence: Evidence, subscriber: Subscriber) -> Position | None:
    """Return where a subscriber has stopped short of the newest revision of its epoch once all had settled, or None."""
    final, newest = final_position(subscriber) or Position("", 0), evidence.log.newest
    if evidence.history.settled_ms is None or not newest.revision:
        return None
    behind = final.epoch in ("", newest.epoch) and final.revision < newest.revision
    return final if behind else None

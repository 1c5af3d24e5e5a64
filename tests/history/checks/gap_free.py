"""GAP_FREE: DELIVERY_EVERY brings every revision, also across the streams of one subscriber (contract 5.4, 5.7)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, feedbacks, left_behind, streams
from history.log_view import LogView
from history.model import Delivery, Position
from history.promises import Promise, Violation


def gap_free(evidence: Evidence) -> Iterator[Violation]:
    """Find revisions that a subscriber to every one was not sent."""
    yield from _gaps(evidence)
    for subscriber in evidence.history.subscribers:
        if subscriber.streams and subscriber.streams[-1].opening.delivery is Delivery.EVERY:
            final = left_behind(evidence, subscriber)
            if final is not None:
                what = f"stopped at revision {final}, and {evidence.log.newest.revision} is the newest"
                yield Violation(Promise.GAP_FREE, subscriber.name, what)


def _gaps(evidence: Evidence) -> Iterator[Violation]:
    of_subscriber, reached = "", None
    for where, subscriber, stream in streams(evidence.history):
        if stream.opening.delivery is not Delivery.EVERY:
            continue
        if subscriber.name != of_subscriber or stream.opening.resume_after is None:
            # Who starts afresh has given up what lies between, and knows it.
            of_subscriber, reached = subscriber.name, stream.opening.resume_after
        elif reached is None:
            reached = stream.opening.resume_after
        for message in feedbacks(stream):
            here = message.feedback.position
            if not here.epoch:
                # A server that has not read the log yet: no place in it, and what follows is what is in force then.
                continue
            if message.skipped:
                yield Violation(Promise.GAP_FREE, where, f"revision {here} came with {message.skipped} skipped")
            if reached is not None and _leaves_out(reached, here, evidence.log):
                yield Violation(Promise.GAP_FREE, where, f"revision {here} came after {reached.revision}")
            if reached is None or not _same_epoch(reached, here) or here.revision > reached.revision:
                reached = here


def _leaves_out(reached: Position, here: Position, log: LogView) -> bool:
    """Whether something lies between two places of one epoch; what is of another epoch is not compared."""
    if not _same_epoch(reached, here) or here.revision <= reached.revision + 1:
        return False
    return reached.revision > 0 or here.revision != log.start(here.epoch)


def _same_epoch(one: Position, other: Position) -> bool:
    return not one.epoch or one.epoch == other.epoch

"""ORDERED: on one stream revisions strictly grow (contract 5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, feedbacks, streams
from history.model import Position
from history.promises import Promise, Violation


def ordered(evidence: Evidence) -> Iterator[Violation]:
    """Find feedbacks that came again or late on their stream; what is of another epoch is not compared."""
    for where, _, stream in streams(evidence.history):
        highest: Position | None = None
        for message in feedbacks(stream):
            here = message.feedback.position
            if highest is not None and highest.epoch == here.epoch and here.revision <= highest.revision:
                yield Violation(Promise.ORDERED, where, f"revision {here} came after {highest.revision}")
            else:
                highest = here

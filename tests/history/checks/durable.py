"""DURABLE: a revision comes with its durable write, so what was said was in the log first (contract 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, Sighting, sightings
from history.model import Position
from history.promises import Promise, Violation


def durable(evidence: Evidence) -> Iterator[Violation]:
    """Find revisions that were said without having been in the log, or before they were."""
    first: dict[Position, Sighting] = {}
    for sighting in sightings(evidence.history):
        position = sighting.feedback.position
        if position.revision and (position not in first or sighting.at_ms < first[position].at_ms):
            first[position] = sighting
    for position, sighting in first.items():
        publish = evidence.log.published.get(position)
        if publish is None:
            if not evidence.log.may_have_been_missed(position, sighting.at_ms):
                what = f"revision {position} was said, and was never in the log"
                yield Violation(Promise.DURABLE, sighting.where, what)
        elif publish.absent_ms > sighting.at_ms and not evidence.log.may_have_been_missed(position, sighting.at_ms):
            early_ms = publish.absent_ms - sighting.at_ms
            what = f"revision {position} was said at least {early_ms:.0f} ms before it was in the log"
            yield Violation(Promise.DURABLE, sighting.where, what)

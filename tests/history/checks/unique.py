"""UNIQUE: two different feedbacks never share epoch and revision (contract 5.1).

Two renderings of a revision are the documented exceptions (docs/streams.md). A STALE one has other advice, and says the
same about what was seen. One that is withdrawn, since too few entries are left, is WARMING_UP with the safe values, to
which SAFE holds it. Revision 0 is no feedback of the log, so it may say something else each time.
"""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, Sighting, sightings
from history.model import Feedback, History, Position, Status
from history.promises import Promise, Violation

LOG = "the log"


def unique(evidence: Evidence) -> Iterator[Violation]:
    """Compare everything that was said with the first that was said under the same position, the log before all."""
    originals: dict[Position, Sighting] = {}
    renderings: dict[Position, Sighting] = {}
    for sighting in _everything(evidence.history):
        position = sighting.feedback.position
        is_withdrawn = sighting.where != LOG and position in originals and _is_withdrawn(sighting.feedback)
        if not position.revision or is_withdrawn:
            continue
        same_kind = renderings if sighting.feedback.status is Status.STALE else originals
        known = same_kind.setdefault(position, sighting)
        difference = _difference(known.feedback, sighting.feedback)
        if same_kind is renderings and not difference and position in originals:
            known = originals[position]
            difference = _difference_of_seen(known.feedback, sighting.feedback)
        if difference:
            yield Violation(
                Promise.UNIQUE,
                sighting.where,
                f"revision {position} says {difference[1]} where {known.where} said {difference[0]}",
            )


def _is_withdrawn(feedback: Feedback) -> bool:
    return feedback.status is Status.WARMING_UP and ("preferred_regime", '"UNKNOWN"') in feedback.seen


def _everything(history: History) -> Iterator[Sighting]:
    for publish in history.publishes:
        yield Sighting(publish.seen_ms, LOG, publish.feedback)
    yield from sightings(history)


def _difference(one: Feedback, other: Feedback) -> tuple[str, str] | None:
    """Return the first thing in which two feedbacks of the same kind differ, as each says it."""
    if one is other:
        return None
    if one.status is not other.status:
        return f"status {one.status.name}", f"status {other.status.name}"
    # As text, since a number that is none is the same as itself here.
    if str(one.advice) != str(other.advice):
        return str(one.advice), str(other.advice)
    return _difference_of_seen(one, other)


def _difference_of_seen(one: Feedback, other: Feedback) -> tuple[str, str] | None:
    if one.seen == other.seen:
        return None
    first, second = dict(one.seen), dict(other.seen)
    for name in {**first, **second}:
        if first.get(name) != second.get(name):
            return f"{name} {first.get(name)}", f"{name} {second.get(name)}"
    return "the same fields in one order", "in another order"

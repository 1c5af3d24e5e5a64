"""ENDED: a stream ends only in a documented way, for its client to go on elsewhere (contract 5.7, docs/streams.md)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, streams
from history.model import End, Stream
from history.promises import Promise, Violation

DOCUMENTED = {"UNAVAILABLE", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED"}

_CUT_BY_TRANSPORT = {"INTERNAL", "CANCELLED"}


def ended(evidence: Evidence) -> Iterator[Violation]:
    """Find streams that the server has ended without an error, or with one that is its own fault."""
    for where, _, stream in streams(evidence.history):
        end = stream.end
        if end is None or end.by_observer or end.code in DOCUMENTED or _is_not_named(end, evidence):
            continue
        if _is_of_a_fault(stream, end, evidence):
            continue
        expected = ", ".join(sorted(DOCUMENTED))
        yield Violation(Promise.ENDED, where, f"ended with {end.code} ({end.detail}), which is none of {expected}")


def _is_not_named(end: End, evidence: Evidence) -> bool:
    """Whether there was no such portfolio, or a server may not have noticed yet that there is one again."""
    if end.code != "NOT_FOUND" or end.refusal is None or end.refusal.reason != "UNKNOWN_PORTFOLIO":
        return False
    return any(absence.from_ms <= end.at_ms <= absence.known_ms for absence in evidence.history.absences)


def _is_of_a_fault(stream: Stream, end: End, evidence: Evidence) -> bool:
    """Whether gRPC itself has made this status of a connection or server that was broken or ended on purpose."""
    # A stream that is opened just as its server ends reaches no handler: gRPC cancels it.
    never_begun = end.code == "CANCELLED" and not stream.messages
    if end.code not in _CUT_BY_TRANSPORT or not (never_begun or "RST_STREAM" in end.detail):
        return False
    return evidence.log.fault_during(end.at_ms - evidence.tolerances.serving_lag_ms, end.at_ms) is not None

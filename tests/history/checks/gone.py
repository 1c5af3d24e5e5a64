"""GONE: once a portfolio is named no more, its streams end with NOT_FOUND, and nothing is said of it (contract 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, messages, streams
from history.model import Absence, History, Stream
from history.promises import Promise, Violation

_MAY_END_WITH = {"NOT_FOUND", "OUT_OF_RANGE"}
"""Or a log whose history was lost just then: other checks look at that."""


def gone(evidence: Evidence) -> Iterator[Violation]:
    """Find streams that ended otherwise, and messages and answers of a time in which there was no such portfolio."""
    history = evidence.history
    for absence in history.absences:
        for where, _, stream in streams(history):
            if code := _ended_otherwise(stream, absence, history):
                yield Violation(Promise.GONE, where, f"ended with {code} as the portfolio was named no more")
        for where, message in messages(history):
            if absence.gone_ms < message.at_ms < absence.until_ms:
                late_ms = message.at_ms - absence.gone_ms
                yield Violation(Promise.GONE, where, f"spoke {late_ms:.0f} ms after every server had noticed")


def _ended_otherwise(stream: Stream, absence: Absence, history: History) -> str:
    """Return the code of a running stream that a server has ended since the portfolio went; "" for one that may be."""
    end, opening = stream.end, stream.opening
    until_ms = min(absence.gone_ms, absence.until_ms)
    if end is None or end.by_observer or not stream.messages or not absence.from_ms < end.at_ms < until_ms:
        return ""
    was_killed = any(each.address == opening.address and each.at_ms > opening.opened_ms for each in history.restarts)
    return "" if end.code in _MAY_END_WITH or was_killed else end.code

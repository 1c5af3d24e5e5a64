"""GONE: once every server has noticed that a portfolio is named no more, nothing is said of it (contract 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, messages
from history.promises import Promise, Violation


def gone(evidence: Evidence) -> Iterator[Violation]:
    """Find messages and answers of a time in which there was no such portfolio."""
    for absence in evidence.history.absences:
        for where, message in messages(evidence.history):
            if absence.gone_ms < message.at_ms < absence.until_ms:
                late_ms = message.at_ms - absence.gone_ms
                yield Violation(Promise.GONE, where, f"spoke {late_ms:.0f} ms after every server had noticed")

"""APART: what is said is about the portfolio that was asked for (contract 4.5).

That it is of its log, too, follows from DURABLE and UNIQUE: an epoch of another log was never in this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, messages
from history.promises import Promise, Violation


def apart(evidence: Evidence) -> Iterator[Violation]:
    """Find messages and answers about another portfolio."""
    asked = evidence.history.portfolio
    for where, message in messages(evidence.history):
        if message.portfolio != asked:
            yield Violation(Promise.APART, where, f"{asked!r} was asked for, and {message.portfolio!r} answered")

"""Finding: one thing that is wrong, how much harm it does, and the command that shows it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.IntEnum):
    """How much harm a finding does; the larger, the more."""

    WARNING = 1
    """The advice is right now, and may be wrong or gone one day."""

    CRITICAL = 2
    """The advice is wrong or missing, or rests on what is not there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        check: name of the check that found it.
        severity: how much harm it does.
        sentence: what is wrong and what to do; text from outside in it is printable and cut.
        command: shows it; empty: there is none.
    """

    check: str
    severity: Severity
    sentence: str
    command: str = ""


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Put what does most harm first; of the same harm, what was found first."""
    return sorted(findings, key=lambda finding: -finding.severity)

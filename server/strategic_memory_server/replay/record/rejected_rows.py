"""RejectedRows: how many rows of the files were not used, why, and where the first of them are."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_LINES = 5
"""So many lines are named for each reason."""


@dataclass(slots=True)
class RejectedReason:
    """Rows refused for one reason: their number, and the lines of the first few."""

    rows: int = 0
    first_lines: list[str] = field(default_factory=list)


class RejectedRows:
    """Refused rows by reason."""

    def __init__(self) -> None:
        self.by_reason: dict[str, RejectedReason] = {}

    @property
    def rows(self) -> int:
        """Number of all of them."""
        return sum(reason.rows for reason in self.by_reason.values())

    def add(self, file: str, line: int, reason: str) -> None:
        """Count a row."""
        counted = self.by_reason.setdefault(reason, RejectedReason())
        counted.rows += 1
        if len(counted.first_lines) < FIRST_LINES:
            counted.first_lines.append(f"{file}:{line}")

    def told(self) -> str:
        """Say them in one line."""
        told = []
        for reason, counted in sorted(self.by_reason.items(), key=lambda item: (-item[1].rows, item[0])):
            more = ", ..." if counted.rows > FIRST_LINES else ""
            told.append(f"{reason}: {counted.rows} ({', '.join(counted.first_lines)}{more})")
        return "; ".join(told)

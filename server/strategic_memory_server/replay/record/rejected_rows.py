"""RejectedRows: how many rows of the files were not used, why, and where the first of them are."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.refused_signs import Signs, is_one_sided

REFUSED_SHARE = 0.01
"""Largest share of rows that is refused without a word from the user."""

FIRST_LINES = 5
"""So many lines are named for each reason."""


@dataclass(slots=True)
class RejectedReason:
    """Rows refused for one reason.

    Attributes:
        rows: how many.
        first_lines: the lines of the first few.
        example: what the first of them has in the cell that is the reason, as a message shows it, or what mends a line
            that is no row; empty without one.
    """

    rows: int = 0
    first_lines: list[str] = field(default_factory=list)
    example: str = ""


class RejectedRows:
    """Refused rows by reason.

    Attributes:
        by_reason: them.
        signs: how many of them lose, and how many gain, as far as they show it.
        used_signs: the same of the rows that were used.
    """

    def __init__(self) -> None:
        self.by_reason: dict[str, RejectedReason] = {}
        self.signs, self.used_signs = Signs(), Signs()

    @property
    def rows(self) -> int:
        """Number of all of them."""
        return sum(reason.rows for reason in self.by_reason.values())

    def add(self, file: str, line: int, reason: str, example: str = "") -> None:
        """Count a row."""
        counted = self.by_reason.setdefault(reason, RejectedReason())
        counted.rows += 1
        counted.example = counted.example or example
        if len(counted.first_lines) < FIRST_LINES:
            counted.first_lines.append(f"{file}:{line}")

    def describe(self) -> str:
        """Return one line: each reason, how often, and where first."""
        told = []
        for reason, counted in sorted(self.by_reason.items(), key=lambda item: (-item[1].rows, item[0])):
            more = ", ..." if counted.rows > FIRST_LINES else ""
            more += f"; {counted.example}" if counted.example else ""
            told.append(f"{reason}: {counted.rows} ({', '.join(counted.first_lines)}{more})")
        return "; ".join(told)


def require_few_refused(rows: int, rejected: RejectedRows, accepted_share: float | None) -> None:
    """Refuse files of which too much was refused, or more of the losses than of the gains.

    Args:
        rows: number of rows that can be used.
        rejected: those that cannot.
        accepted_share: share of all rows that may be refused, 0 to 1, whatever they are; None: one in a hundred, where
            it does not differ between losses and gains by more than chance.

    Raises:
        ReplayError: it is more.
    """
    share = rejected.rows / max(rejected.rows + rows, 1)
    one_sided = accepted_share is None and is_one_sided(rejected.signs, rejected.used_signs)
    if share <= (REFUSED_SHARE if accepted_share is None else accepted_share) and not one_sided:
        return
    signs = f", {rejected.signs.losses:,} losses and {rejected.signs.gains:,} gains among them," if one_sided else ""
    raise ReplayError(
        f"{rejected.rows:,} of {rejected.rows + rows:,} rows ({share:.1%}){signs} cannot be used: "
        f"{rejected.describe()}. What is left may be another record than the one you have: mend the rows, map other "
        f"columns with --map, or say how much may be left out: --accept-refused {min(share + 0.01, 1.0):.2f}"
    )

"""By how much the clock of this machine is off, as one call to the service tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TOLERATED_S = 2.0
"""By more than this the clock of this machine is told to be off, seconds."""


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """By how much this machine is ahead of the service, which counts by the clock of Redis; below 0: behind.

    Attributes:
        skew_s: the best guess, seconds.
        uncertainty_s: the truth is no further from it than this, seconds: half of what the call took.
    """

    skew_s: float
    uncertainty_s: float

    @property
    def sentence(self) -> str | None:
        """Say that it is off; None where it is not, or that is not sure."""
        if abs(self.skew_s) - self.uncertainty_s <= TOLERATED_S:
            return None
        apart = f"{abs(self.skew_s):.1f} s {'ahead of' if self.skew_s > 0 else 'behind'}"
        return (
            f"the clock of this machine is {apart} that of Redis, by which the service counts. What clients of this "
            "library do with advice does not depend on it; a program that compares valid_until with it is wrong by "
            "as much"
        )


def clock_skew(sent_at: datetime | None, asked_at: datetime, answered_at: datetime) -> ClockSkew | None:
    """Work out the skew of this machine from a call; None where the answer does not tell when it was sent.

    Args:
        sent_at: when it was sent, by the service.
        asked_at: when the call began, by this machine.
        answered_at: when the answer was there, by this machine.
    """
    if sent_at is None:
        return None
    half_s = (answered_at - asked_at).total_seconds() / 2
    return ClockSkew((asked_at - sent_at).total_seconds() + half_s, abs(half_s))

"""What the service promises, what breaks a promise, and what does not yet."""

from __future__ import annotations

import enum
from dataclasses import dataclass

CLOCK_SET_FORWARD = "clock of redis set forward"
"""Name of a fault: once it is right again, nobody can tell how old is what was said meanwhile, and it is STALE."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What is no violation yet.

    Attributes:
        clock_ms: how far the observer's clock and a message that is on its way may disagree with a server's clock.
        serving_lag_ms: how far a server that nothing is wrong with may lag behind the log.
    """

    clock_ms: float = 500.0
    serving_lag_ms: float = 1_000.0


class Promise(enum.Enum):
    """What the service promises (contract 4.5, 5, 6)."""

    ORDERED = "on one stream revisions strictly grow"
    UNIQUE = "two different feedbacks never share epoch and revision"
    GAP_FREE = "DELIVERY_EVERY brings every revision"
    LATEST = "DELIVERY_LATEST counts what it skips and ends at the newest"
    RESUMABLE = "after a resume point comes what came after it, or the truth about why not"
    FIRST = "the first message is the feedback in force, also of who resumes and asks for it where nothing is new"
    EPOCH_HONEST = "within an epoch the revision grows by one and never goes back, and no stream outlives its epoch"
    VALID = "nothing is ACTIVE after its validity, and heartbeats keep order with feedback"
    SAFE = "STALE and WARMING_UP carry the safe values"
    DURABLE = "what was said was in the log first"
    ENDED = "a stream ends only in a documented way"
    APART = "what is said is about the portfolio that was asked for"
    GONE = "a portfolio that is named no more ends its streams so, and nothing more is said of it"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, where in the history, and how."""

    promise: Promise
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise.name} ({self.promise.value}): {self.where}: {self.what}"

"""ResumePolicy: where a well-behaved subscriber opens its next stream, and from which place (docs/streams.md).

Synchronous: who drives it opens the stream, hands over what comes, and waits as long as it says.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from history.model import End, Position

_LAGGING_REPLICA_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait between two attempts: doubling from the first to the longest, less up to half by lot."""

    first_s: float = 0.02
    longest_s: float = 0.5


class ResumePolicy:
    """State of one subscriber between its streams.

    Args:
        addresses: the servers, in the order in which they are tried; not empty.
        backoff: how long to wait after a failure.
        source: draws the waits.
        resumes: whether it resumes; otherwise each stream starts with the feedback in force.
    """

    def __init__(
        self, addresses: tuple[str, ...], backoff: Backoff, source: random.Random, *, resumes: bool = True
    ) -> None:
        self.position: Position | None = None
        """The last place that it has come to in an epoch; None: it has none to go on from."""
        self._addresses = addresses
        self._backoff = backoff
        self._source = source
        self._resumes = resumes
        self._turn = 0
        self._failures = 0
        self._lagging = 0

    @property
    def address(self) -> str:
        """Where to open the next stream."""
        return self._addresses[self._turn % len(self._addresses)]

    @property
    def resume_after(self) -> Position | None:
        """What to resume after; None: start with the feedback in force."""
        return self.position if self._resumes else None

    def received(self, position: Position) -> None:
        """Take note of a feedback."""
        self._failures = self._lagging = 0
        # Without an epoch a revision is no place to resume from.
        if position.epoch:
            self.position = position

    def ended(self, end: End) -> float:
        """Take note of the end of a stream; give the seconds to wait before the next is opened."""
        if end.code == "OUT_OF_RANGE" and not self._may_only_lag(end):
            self.position, self._lagging = None, 0
            return 0.0
        self._turn += 1
        delay_s = min(self._backoff.longest_s, self._backoff.first_s * (1 << self._failures))
        self._failures = min(self._failures + 1, 30)
        return delay_s * self._source.uniform(0.5, 1.0)

    def _may_only_lag(self, end: End) -> bool:
        """Whether another server, or this one in a moment, may know the revision that this one has not come to."""
        if end.refusal is None or end.refusal.reason != "REVISION_IN_FUTURE":
            return False
        self._lagging += 1
        return self._lagging <= _LAGGING_REPLICA_ATTEMPTS

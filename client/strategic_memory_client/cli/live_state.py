"""LiveState: what the live view knows. Synchronous; whoever feeds it says what time it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from strategic_memory_client.cli.standing_advice import StandingAdvice
from strategic_memory_client.values.analysis import Analysis
from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.results import Feedback, FeedbackStatus

KEPT = 240
"""Advices that the courses of leverage and confidence go back."""


class LiveState:
    """Takes what happens to a subscription."""

    def __init__(self) -> None:
        self.advice: Feedback | None = None
        """The advice that stands; None before the first."""
        self.first: Feedback | None = None
        """The first one that stood."""
        self.came_at: datetime | None = None
        """When it came, or was confirmed, by the clock here."""
        self.analysis: Analysis | None = None
        """What the memory says of the regimes; None where that is not known."""
        self.leverages: deque[float] = deque(maxlen=KEPT)
        self.confidences: deque[float] = deque(maxlen=KEPT)
        self.reconnects = 0
        self.skipped = 0
        self.epochs = 0
        self.lost = ""
        """Why no server is heard now; empty while one is."""
        self.standing = StandingAdvice()

    def take(self, event: SubscriptionEvent, now: datetime, waited_s: float = 0.0) -> None:
        """Take an event that is read now (aware), and may have waited unread for so many seconds."""
        match event:
            case Disconnected(address, error):
                self.reconnects += not self.lost
                self.lost = f"{address}: {error}"
            case EpochChanged():
                self.epochs += 1
            case FeedbackReceived(_, skipped_revisions):
                self.skipped += skipped_revisions
        if not isinstance(event, Disconnected):
            self.lost, self.came_at = "", now - timedelta(seconds=waited_s)
        if (advice := self.standing.take(event, now, waited_s)) is not None:
            self.show(advice)

    def left_s(self, now: datetime) -> float:
        """Return for how long the advice still holds, seconds; 0 where it does not."""
        until = self.standing.holds_until
        is_active = self.advice is not None and self.advice.status is FeedbackStatus.ACTIVE
        return max((until - now).total_seconds(), 0.0) if is_active and until is not None else 0.0

    def advice_at(self, now: datetime) -> Feedback | None:
        """Return the advice that stands: with the safe values once it holds no more."""
        advice = self.advice
        if advice is None or advice.status is not FeedbackStatus.ACTIVE or self.left_s(now):
            return advice
        return advice.as_stale()

    def recall(self, past: Iterable[Feedback]) -> None:
        """Put what was advised before this view began, oldest first, in front of the courses."""
        first = self.first
        before = [each for each in past if first and each.epoch == first.epoch and each.revision < first.revision]
        self.leverages = deque((*(each.leverage_hint for each in before), *self.leverages), KEPT)
        self.confidences = deque((*(each.confidence_boost for each in before), *self.confidences), KEPT)

    def show(self, advice: Feedback) -> None:
        """Let an advice stand."""
        self.first = self.first or advice
        self.advice = advice
        self.leverages.append(advice.leverage_hint)
        self.confidences.append(advice.confidence_boost)

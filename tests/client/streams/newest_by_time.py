"""`newest` as it is read so long after T0, by a clock that the test sets."""

from __future__ import annotations

from client.feedback_samples import T0
from set_clocks import SecondsClock

from strategic_memory_client import (
    Feedback,
    FeedbackReceived,
    FeedbackStatus,
    Policy,
)
from strategic_memory_client.streams.newest import NewestFeedback

SILENCE_S = 45.0
NOW_S = T0.timestamp()


def take(newest: NewestFeedback, what: Feedback, at_s: float = 0.0) -> None:
    """Take a feedback in, so long after T0, seconds."""
    assert newest.take(FeedbackReceived(what), NOW_S + at_s, at_s) is False


def status_after(newest: NewestFeedback, clock: SecondsClock, seconds: float) -> FeedbackStatus:
    """Read the status so long after T0, seconds."""
    clock.now_s = NOW_S + seconds
    return newest.held.read().status


def assert_safe(feedback: Feedback) -> None:
    """Assert that it advises nothing."""
    assert feedback.updated_policy is Policy.CONSERVATIVE
    assert (feedback.confidence_boost, feedback.leverage_hint) == (0.0, 1.0)

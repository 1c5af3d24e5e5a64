"""Which lines a reader of `strategic-memory watch` gets when advice turns stale, is confirmed, and is lost sight of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from client.feedback_samples import T0, feedback, heartbeat

from strategic_memory_client import (
    Disconnected,
    Feedback,
    FeedbackReceived,
    FeedbackStatus,
    HeartbeatReceived,
    ServiceUnavailableError,
    SubscriptionEvent,
)
from strategic_memory_client.cli.standing_advice import StandingAdvice

STALE = FeedbackStatus.STALE
LATER = T0 + timedelta(minutes=9)
SAID = FeedbackReceived(feedback(skipped=2), 2)
WITHHELD = FeedbackReceived(feedback().as_stale())
CONFIRM = HeartbeatReceived(heartbeat(valid_until=LATER))
WITHDRAW = HeartbeatReceived(heartbeat(status=STALE))
OLDER = HeartbeatReceived(heartbeat(0))
LOST = Disconnected("a:1", ServiceUnavailableError("gone"), 1.0)

CONFIRMED = replace(feedback(), valid_until=LATER)
WITHDRAWN = feedback().as_stale()


def told(*events: SubscriptionEvent, minutes: float = 0.0) -> list[Feedback | None]:
    standing = StandingAdvice()
    return [standing.take(event, T0 + timedelta(minutes=minutes)) for event in events]


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ((SAID, CONFIRM, CONFIRM), [feedback(), None, None]),
        ((SAID, WITHDRAW, WITHDRAW, CONFIRM, CONFIRM), [feedback(), WITHDRAWN, None, CONFIRMED, None]),
        ((SAID, WITHDRAW, OLDER), [feedback(), WITHDRAWN, None]),
        ((WITHHELD, CONFIRM), [WITHDRAWN, None]),
        ((WITHDRAW, CONFIRM, SAID), [None, None, feedback()]),
        ((SAID, LOST, CONFIRM), [feedback(), None, None]),
    ],
)
def test_a_line_for_each_change(events: tuple[SubscriptionEvent, ...], lines: list[Feedback | None]) -> None:
    assert told(*events) == lines


def test_a_confirmation_counts_for_a_lost_connection() -> None:
    assert told(SAID, LOST, LOST, CONFIRM, minutes=4) == [feedback(), WITHDRAWN, None, CONFIRMED]
    assert told(SAID, CONFIRM, LOST, minutes=4) == [feedback(), None, None]


def test_what_is_missing_before_it_is_told_once() -> None:
    first, withdrawn, again = told(SAID, WITHDRAW, CONFIRM)
    assert first is not None
    assert withdrawn is not None
    assert again is not None
    assert [each.skipped_revisions for each in (first, withdrawn, again)] == [2, 0, 0]


def test_withheld_values_are_told_once_they_were_fetched() -> None:
    standing = StandingAdvice()
    standing.take(WITHHELD, T0)
    assert standing.is_withheld(CONFIRM)
    assert not standing.is_withheld(OLDER)
    assert standing.fetched(feedback().as_stale()) is None
    assert standing.fetched(feedback(2)) is None
    assert standing.fetched(feedback()) == feedback()
    assert not standing.is_withheld(CONFIRM)

"""`newest` where clocks disagree or are set: nothing is believed for longer than the server said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from client.feedback_samples import T0, feedback, heartbeat
from client.streams.newest_by_time import NOW_S, SILENCE_S, status_after, take
from set_clocks import SecondsClock

from strategic_memory_client import (
    Disconnected,
    FeedbackStatus,
    HeartbeatReceived,
    ServiceUnavailableError,
)
from strategic_memory_client.streams.newest import NewestFeedback


def test_a_clock_that_runs_late_does_not_prolong_the_validity(newest: NewestFeedback, clock: SecondsClock) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(seconds=30)))
    by_the_server = T0 + timedelta(hours=2)
    beat = heartbeat(valid_until=by_the_server + timedelta(seconds=10), timestamp=by_the_server)
    newest.take(HeartbeatReceived(beat), NOW_S, 0.0)
    assert status_after(newest, clock, 9.9) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 10.0) is FeedbackStatus.STALE


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("ahead", [timedelta(), HOUR, -HOUR, timedelta(days=400)], ids=str)
def test_the_clock_here_neither_prolongs_nor_ends_what_the_server_says(
    newest: NewestFeedback, clock: SecondsClock, ahead: timedelta
) -> None:
    """The server's clock is `ahead` of ours (ours is behind), or behind it."""
    theirs = T0 + ahead
    sent = replace(feedback(valid_until=theirs + timedelta(seconds=30)), sent_at=theirs)
    take(newest, sent)
    assert newest.held.read() is sent
    assert status_after(newest, clock, 29.9) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 30.0) is FeedbackStatus.STALE
    later = theirs + timedelta(seconds=30)
    beat = heartbeat(valid_until=later + timedelta(seconds=10), timestamp=later)
    newest.take(HeartbeatReceived(beat), clock.now_s, 30.0)
    assert status_after(newest, clock, 39.9) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 40.0) is FeedbackStatus.STALE


def test_a_server_that_does_not_tell_its_time_is_believed_no_longer_than_it_ever_advises(
    newest: NewestFeedback, clock: SecondsClock
) -> None:
    computed = replace(feedback(valid_until=T0 + HOUR + timedelta(seconds=30)), timestamp=T0 + HOUR)
    take(newest, computed)
    assert status_after(newest, clock, 29.9) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 30.0) is FeedbackStatus.STALE


def test_a_clock_of_the_server_that_was_set_back_since_prolongs_nothing(
    newest: NewestFeedback, clock: SecondsClock
) -> None:
    old = replace(feedback(valid_until=T0 + HOUR + timedelta(seconds=30)), timestamp=T0 + HOUR, sent_at=T0)
    take(newest, old)
    assert status_after(newest, clock, 29.9) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 30.0) is FeedbackStatus.STALE


@pytest.mark.parametrize("set_by_s", [-86_400.0, 0.0, 86_400.0])
def test_a_clock_that_is_set_does_not_prolong_what_was_heard(
    newest: NewestFeedback, clock: SecondsClock, monkeypatch: pytest.MonkeyPatch, set_by_s: float
) -> None:
    steady = SecondsClock(NOW_S)
    monkeypatch.setattr("strategic_memory_client.streams.shown.monotonic", steady)
    take(newest, replace(feedback(valid_until=T0 + timedelta(seconds=30)), sent_at=T0))
    clock.now_s += set_by_s
    steady.now_s += 29.9
    assert newest.held.read().status is (FeedbackStatus.STALE if set_by_s > 0 else FeedbackStatus.ACTIVE)
    steady.now_s += 0.2
    assert newest.held.read().status is FeedbackStatus.STALE


def test_a_clock_that_is_set_back_while_the_server_is_away_does_not_prolong(
    newest: NewestFeedback, clock: SecondsClock
) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(hours=1)))
    clock.now_s = NOW_S - 86_400
    lost = Disconnected("a:1", ServiceUnavailableError("gone"), 1.0)
    newest.take(lost, clock.now_s, SILENCE_S - 1)
    assert newest.held.read().status is FeedbackStatus.ACTIVE
    newest.take(lost, clock.now_s, SILENCE_S)
    assert newest.held.read().status is FeedbackStatus.STALE


def test_what_waited_unread_holds_for_less_also_where_the_clock_is_set_back_after_it(
    newest: NewestFeedback, clock: SecondsClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = SecondsClock(NOW_S)
    monkeypatch.setattr("strategic_memory_client.streams.shown.monotonic", steady)
    waited_s = 20.0
    clock.now_s += waited_s
    steady.now_s += waited_s
    take(newest, replace(feedback(valid_until=T0 + timedelta(seconds=30)), sent_at=T0))
    clock.now_s -= 3600.0
    steady.now_s += 9.9
    assert newest.held.read().status is FeedbackStatus.ACTIVE
    steady.now_s += 0.2
    assert newest.held.read().status is FeedbackStatus.STALE

"""What `newest` answers, moment by moment; the wall clock is set by the test."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import timedelta
from types import FrameType

import pytest
from client.feedback_samples import T0, feedback, heartbeat
from client.streams.newest_by_time import NOW_S, SILENCE_S, assert_safe, status_after, take
from set_clocks import SecondsClock

from strategic_memory_client import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    FeedbackStatus,
    HeartbeatReceived,
    LeverageCap,
    Policy,
    ServiceUnavailableError,
    StrategicMemoryClient,
    SubscriptionEvent,
)
from strategic_memory_client.streams.newest import NewestFeedback


def test_before_anything_arrived_it_is_warming_up_and_safe(newest: NewestFeedback, clock: SecondsClock) -> None:
    assert newest.held.read().status is FeedbackStatus.WARMING_UP
    assert_safe(newest.held.read())
    newest.expire()
    newest.take(Disconnected("a:1", ServiceUnavailableError("gone"), 1.0), NOW_S, 1e9)
    assert status_after(newest, clock, 1e9) is FeedbackStatus.WARMING_UP


def test_it_is_safe_from_valid_until_on(newest: NewestFeedback, clock: SecondsClock) -> None:
    sent = feedback(valid_until=T0 + timedelta(seconds=30))
    take(newest, sent)
    assert status_after(newest, clock, 29.9) is FeedbackStatus.ACTIVE
    assert newest.held.read() is sent
    assert status_after(newest, clock, 30.0) is FeedbackStatus.STALE
    assert_safe(newest.held.read())


def test_it_is_safe_when_the_server_is_silent(newest: NewestFeedback, clock: SecondsClock) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(hours=1)))
    assert status_after(newest, clock, SILENCE_S - 0.1) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, SILENCE_S) is FeedbackStatus.STALE


def test_an_active_feedback_without_validity_is_never_answered(newest: NewestFeedback) -> None:
    take(newest, feedback(valid_until=None))
    assert newest.held.read().status is FeedbackStatus.STALE


def test_a_heartbeat_moves_the_validity_on(newest: NewestFeedback, clock: SecondsClock) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(seconds=30)))
    beat = heartbeat(valid_until=T0 + timedelta(seconds=50))
    assert newest.take(HeartbeatReceived(beat), NOW_S + 15, 15.0) is False
    assert status_after(newest, clock, 49.9) is FeedbackStatus.ACTIVE
    assert newest.held.read().valid_until == beat.valid_until
    assert status_after(newest, clock, 50.0) is FeedbackStatus.STALE


def test_a_heartbeat_that_says_stale_ends_the_validity_and_an_active_one_restores_it(
    newest: NewestFeedback, clock: SecondsClock
) -> None:
    take(newest, feedback())
    newest.take(HeartbeatReceived(heartbeat(status=FeedbackStatus.STALE)), NOW_S, 0.0)
    assert newest.held.read().status is FeedbackStatus.STALE
    assert_safe(newest.held.read())
    assert newest.take(HeartbeatReceived(heartbeat()), NOW_S, 0.0) is False
    assert newest.held.read().updated_policy is Policy.AGGRESSIVE


def test_values_that_came_as_stale_are_fetched_once_they_are_in_force_again(newest: NewestFeedback) -> None:
    take(newest, feedback(status=FeedbackStatus.STALE))
    assert newest.take(HeartbeatReceived(heartbeat()), NOW_S, 0.0) is True
    assert newest.held.read().status is FeedbackStatus.STALE
    take(newest, feedback())
    assert newest.held.read().status is FeedbackStatus.ACTIVE


@pytest.mark.parametrize(("revision", "epoch", "fetch"), [(2, "e1", True), (1, "e2", True), (0, "e1", False)])
def test_a_heartbeat_about_another_feedback_prolongs_nothing(
    newest: NewestFeedback, clock: SecondsClock, revision: int, epoch: str, *, fetch: bool
) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(seconds=30)))
    assert newest.take(HeartbeatReceived(heartbeat(revision, epoch)), NOW_S + 15, 15.0) is fetch
    assert status_after(newest, clock, 29.0) is FeedbackStatus.ACTIVE
    assert status_after(newest, clock, 30.0) is FeedbackStatus.STALE


def test_warming_up_stays_warming_up_while_the_server_says_so(newest: NewestFeedback, clock: SecondsClock) -> None:
    warming_up = FeedbackStatus.WARMING_UP
    take(newest, feedback(0, status=warming_up, valid_until=None))
    beat = heartbeat(0, status=warming_up, valid_until=None, timestamp=T0)
    newest.take(HeartbeatReceived(beat), NOW_S + 30, 30.0)
    assert status_after(newest, clock, 74.0) is warming_up
    assert status_after(newest, clock, 76.0) is FeedbackStatus.STALE


@pytest.mark.parametrize("revision", [0, 5])
def test_warming_up_stays_warming_up_where_the_log_has_begun_since(
    newest: NewestFeedback, clock: SecondsClock, revision: int
) -> None:
    warming_up = FeedbackStatus.WARMING_UP
    take(newest, feedback(0, "", status=warming_up, valid_until=None))
    caps = (LeverageCap("exposure:summary", 0.25),)
    beat = replace(heartbeat(revision, "begun", status=warming_up, valid_until=None), leverage_caps=caps)
    for at_s in (10.0, 20.0):
        assert newest.take(HeartbeatReceived(beat), NOW_S + at_s, at_s) is False
        assert status_after(newest, clock, at_s) is warming_up
        said = newest.held.read()
        assert (said.epoch, said.revision, said.leverage_hint) == ("begun", revision, 0.25)


def test_an_older_feedback_of_a_replica_that_lags_behind_is_not_taken(newest: NewestFeedback) -> None:
    take(newest, feedback(5))
    take(newest, feedback(4))
    assert newest.held.read().revision == 5
    take(newest, feedback(1, epoch="e2"))
    assert newest.held.read().revision == 1


def test_a_connection_that_is_lost_soon_after_a_heartbeat_changes_nothing_yet(newest: NewestFeedback) -> None:
    take(newest, feedback(valid_until=T0 + timedelta(hours=1)))
    newest.take(HeartbeatReceived(heartbeat(valid_until=T0 + timedelta(hours=1))), NOW_S, SILENCE_S)
    newest.take(Disconnected("a:1", ServiceUnavailableError("gone"), 1.0), NOW_S, SILENCE_S + 1)
    assert newest.held.read().status is FeedbackStatus.ACTIVE


def test_a_changed_epoch_waits_for_the_feedback_that_comes_with_it(newest: NewestFeedback) -> None:
    take(newest, feedback())
    assert newest.take(EpochChanged("e1", 1, "e2", 1), NOW_S, 0.0) is False
    assert newest.held.read().revision == 1


ACTIVE, STALE = FeedbackStatus.ACTIVE, FeedbackStatus.STALE
LATER = T0 + timedelta(minutes=9)
CONFIRM = HeartbeatReceived(heartbeat(valid_until=LATER))
WITHDRAW = HeartbeatReceived(heartbeat(status=STALE))
SAID = FeedbackReceived(feedback())
WITHHELD = FeedbackReceived(feedback().as_stale())


@pytest.mark.parametrize(
    "events",
    [
        (SAID, WITHDRAW, CONFIRM),
        (SAID, WITHDRAW, WITHDRAW, CONFIRM),
        (SAID, CONFIRM, WITHDRAW, CONFIRM),
        (SAID, WITHHELD, CONFIRM),
        (SAID, WITHDRAW, WITHHELD, CONFIRM),
        (WITHHELD, SAID, WITHDRAW, CONFIRM),
        (SAID, Disconnected("a:1", ServiceUnavailableError("gone"), 1.0), WITHHELD, WITHDRAW, CONFIRM),
    ],
    ids=lambda events: "-".join(type(each).__name__[:5] for each in events),
)
def test_a_confirmation_restores_what_was_said_and_nothing_else(
    newest: NewestFeedback, clock: SecondsClock, events: tuple[SubscriptionEvent, ...]
) -> None:
    for event in events:
        assert newest.take(event, NOW_S, 0.0) is False, "the values are known"
    assert newest.held.read() == replace(feedback(), valid_until=LATER)
    assert status_after(newest, clock, SILENCE_S) is STALE


@pytest.mark.parametrize("last", [WITHDRAW, WITHHELD])
def test_what_was_withdrawn_last_is_safe(newest: NewestFeedback, last: SubscriptionEvent) -> None:
    for event in (SAID, CONFIRM, WITHDRAW, CONFIRM, last):
        newest.take(event, NOW_S, 0.0)
    assert newest.held.read().status is STALE
    assert_safe(newest.held.read())


def test_values_that_never_came_are_not_made_up(newest: NewestFeedback) -> None:
    newest.take(WITHHELD, NOW_S, 0.0)
    assert newest.take(CONFIRM, NOW_S, 0.0) is True, "they have to be fetched"
    assert_safe(newest.held.read())
    newest.feedback(feedback().as_stale(), NOW_S, 0.0)
    assert newest.take(CONFIRM, NOW_S, 0.0) is True
    assert newest.held.read().status is STALE


def test_a_replica_that_still_has_the_epoch_before_does_not_lead_back(newest: NewestFeedback) -> None:
    take(newest, feedback(9, valid_until=T0 + timedelta(seconds=100)))
    take(newest, feedback(2, epoch="e2", valid_until=T0 + timedelta(seconds=110)))
    take(newest, feedback(9, valid_until=T0 + timedelta(seconds=100)))
    assert (newest.held.read().epoch, newest.held.read().revision) == ("e2", 2)
    past = HeartbeatReceived(heartbeat(9, valid_until=T0 + timedelta(seconds=100)))
    assert newest.take(past, NOW_S, 0.0) is False
    assert newest.held.read().epoch == "e2"
    take(newest, feedback(9, valid_until=T0 + timedelta(seconds=120)))
    assert newest.held.read().epoch == "e1", "it syncs again"


def test_a_replica_that_has_not_read_the_log_takes_nothing_away(newest: NewestFeedback) -> None:
    take(newest, feedback(9))
    take(newest, feedback(0, epoch="", status=FeedbackStatus.WARMING_UP, valid_until=None))
    assert newest.held.read().revision == 9


def test_reading_it_calls_two_clocks_and_nothing_else() -> None:
    called: list[object] = []

    def count(frame: FrameType, event: str, called_in_c: object) -> None:
        if event in ("call", "c_call"):
            called.append(called_in_c if event == "c_call" else frame.f_code.co_name)

    with StrategicMemoryClient() as client:
        sys.setprofile(count)
        try:
            _ = client.newest
        finally:
            sys.setprofile(None)
    assert called == ["newest", time.time, time.monotonic, sys.setprofile]


def test_a_cap_that_was_heard_binds_what_the_library_answers_by_itself(
    newest: NewestFeedback, clock: SecondsClock
) -> None:
    caps = (LeverageCap("exposure:summary", 0.3, T0), LeverageCap("risk:leverage_limits", 1.2))
    for hint, safe in ((1.5, 0.3), (0.2, 0.2)):
        said = replace(feedback(2 if hint > 1 else 3), leverage_hint=hint, leverage_caps=caps)
        take(newest, said)
        clock.now_s = NOW_S
        assert newest.held.read().leverage_hint == hint
        clock.now_s = NOW_S + 1_000.0
        assert (newest.held.read().status, newest.held.read().leverage_hint) == (FeedbackStatus.STALE, safe)


def test_a_heartbeat_tells_a_cap_where_nothing_is_published(newest: NewestFeedback, clock: SecondsClock) -> None:
    warming_up = FeedbackStatus.WARMING_UP
    nothing = replace(feedback(0, status=warming_up, valid_until=None), leverage_hint=1.0)
    take(newest, nothing)
    for cap, leverage in ((0.3, 0.3), (0.1, 0.1), (1.5, 1.0), (0.0, 0.0)):
        caps = (LeverageCap("exposure:summary", cap, T0),)
        beat = replace(heartbeat(0, status=warming_up, valid_until=None), leverage_caps=caps)
        newest.take(HeartbeatReceived(beat), NOW_S, 0.0)
        read = newest.held.read()
        assert (read.status, read.leverage_hint, read.leverage_caps) == (warming_up, leverage, caps)
        assert read.leverage_bound_by == ("exposure:summary" if leverage < 1.0 else None)
    # What was said is withdrawn: it is answered as STALE, within the caps that are in force by now.
    take(newest, feedback(1))
    caps = (LeverageCap("exposure:summary", 0.25, T0),)
    beat = replace(heartbeat(1, status=warming_up, valid_until=None), leverage_caps=caps)
    newest.take(HeartbeatReceived(beat), NOW_S, 0.0)
    assert (newest.held.read().status, newest.held.read().leverage_hint) == (FeedbackStatus.STALE, 0.25)
    clock.now_s = NOW_S + 1_000.0
    assert newest.held.read().leverage_hint == 0.25


def test_a_heartbeat_tells_a_cap_where_what_was_said_has_turned_stale(newest: NewestFeedback) -> None:
    take(newest, feedback(1).as_stale())
    for cap, leverage in ((0.3, 0.3), (0.1, 0.1), (0.0, 0.0)):
        caps = (LeverageCap("exposure:summary", cap, T0),)
        newest.take(HeartbeatReceived(replace(heartbeat(1, status=STALE), leverage_caps=caps)), NOW_S, 0.0)
        read = newest.held.read()
        assert (read.status, read.leverage_hint, read.leverage_caps) == (STALE, leverage, caps)


def test_what_is_withheld_is_bound_by_the_caps_that_it_came_with(newest: NewestFeedback) -> None:
    take(newest, feedback(1))
    caps = (LeverageCap("exposure:summary", 0.25, T0),)
    take(newest, replace(feedback(1, status=FeedbackStatus.STALE), leverage_hint=0.25, leverage_caps=caps))
    assert (newest.held.read().status, newest.held.read().leverage_hint) == (FeedbackStatus.STALE, 0.25)


def test_advice_that_is_confirmed_again_has_its_own_caps(newest: NewestFeedback) -> None:
    said = replace(feedback(1), leverage_caps=(LeverageCap("risk:leverage_limits", 1.6),))
    lower = (LeverageCap("risk:leverage_limits", 0.3),)
    for withheld in (
        FeedbackReceived(replace(said.as_stale(), leverage_caps=lower)),
        HeartbeatReceived(replace(heartbeat(1, status=STALE), leverage_caps=lower)),
    ):
        take(newest, said)
        newest.take(withheld, NOW_S, 0.0)
        newest.take(Disconnected("a:1", ServiceUnavailableError("gone"), 1.0), NOW_S, SILENCE_S)
        assert newest.held.read().leverage_hint == 0.3
        newest.take(HeartbeatReceived(replace(heartbeat(1), leverage_caps=said.leverage_caps)), NOW_S, SILENCE_S)
        assert newest.held.read() == said

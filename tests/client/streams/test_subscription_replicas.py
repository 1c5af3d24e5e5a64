"""A subscription among replicas: one that is behind is no loss of history, and is left where there are others."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from client.feedback_samples import T0, feedback, heartbeat

from strategic_memory_client import (
    Delivery,
    EpochChanged,
    Feedback,
    FeedbackReceived,
    FeedbackStatus,
    ResumePoint,
    ResumePointError,
    ServiceUnavailableError,
)
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings

LOST = ServiceUnavailableError("gone")
two_servers = partial(SubscriptionSettings, addresses=("a:1", "b:2"), catch_up_s=10.0)


def subscription(given: SubscriptionSettings) -> Subscription:
    return Subscription(given, random.Random(7))


def refusal(reason: str, *, current: int = 9, epoch: str = "e1") -> ResumePointError:
    return ResumePointError("refused", reason=reason, oldest=5, current=current, epoch=epoch)


def revisions(events: tuple[object, ...]) -> list[int]:
    return [event.feedback.revision for event in events if isinstance(event, FeedbackReceived)]


def received_10(delivery: Delivery) -> Subscription:
    state = subscription(two_servers(delivery=delivery))
    state.connect(0.0)
    state.received(feedback(10))
    state.failed(LOST, 1.0)
    return state


def remembered_10(delivery: Delivery) -> Subscription:
    state = subscription(two_servers(delivery=delivery, resume_after=ResumePoint(10, "e1")))
    state.connect(0.0)
    state.failed(LOST, 1.0)
    return state


both_deliveries = pytest.mark.parametrize("delivery", list(Delivery))
both_pasts = pytest.mark.parametrize("at_10", [received_10, remembered_10])


@both_deliveries
@both_pasts
def test_a_replica_that_is_behind_is_given_time_and_the_others_are_asked(
    at_10: Callable[[Delivery], Subscription], delivery: Delivery
) -> None:
    state = at_10(delivery)
    asked = []
    for tenths in range(20, 120):
        attempt = state.connect(tenths / 10)
        assert attempt.resume_after == ResumePoint(10, "e1")
        asked.append(attempt.address)
        state.failed(refusal("REVISION_IN_FUTURE", current=9), tenths / 10)
    assert asked[:4] == ["b:2", "a:1", "b:2", "a:1"]


@both_pasts
def test_every_reports_what_no_replica_has_caught_up_with(at_10: Callable[[Delivery], Subscription]) -> None:
    state = at_10(Delivery.EVERY)
    for at_s in (2.0, 3.0, 11.9):
        state.connect(at_s)
        state.failed(refusal("REVISION_IN_FUTURE"), at_s)
    state.connect(12.0)
    with pytest.raises(ResumePointError):
        state.failed(refusal("REVISION_IN_FUTURE"), 12.0)


def test_latest_starts_afresh_when_no_replica_has_caught_up_and_brings_nothing_twice() -> None:
    state = received_10(Delivery.LATEST)
    for at_s in (2.0, 3.0, 12.0):
        assert state.connect(at_s).resume_after == ResumePoint(10, "e1")
        state.failed(refusal("REVISION_IN_FUTURE"), at_s)
    assert state.connect(13.0).resume_after is None
    with pytest.raises(ServiceUnavailableError, match="is behind"):
        state.received(feedback(9))
    state.failed(LOST, 13.0)
    state.connect(14.0)
    assert revisions(state.received(feedback(11))) == [11]


def test_each_server_is_asked_however_late_it_is() -> None:
    state = received_10(Delivery.EVERY)
    state.connect(2.0)
    state.failed(refusal("REVISION_IN_FUTURE"), 2.0)
    state.connect(500.0)
    state.failed(refusal("REVISION_IN_FUTURE"), 500.0)
    state.connect(501.0)
    assert revisions(state.received(feedback(11))) == [11]


@both_deliveries
def test_time_is_given_anew_once_a_server_had_caught_up(delivery: Delivery) -> None:
    state = received_10(delivery)
    for at_s in (2.0, 9.0, 11.0):
        state.connect(at_s)
        state.failed(refusal("REVISION_IN_FUTURE"), at_s)
    state.connect(11.5)
    state.received(heartbeat(10))
    state.failed(LOST, 13.0)
    for at_s in (13.0, 14.0, 22.0):
        assert state.connect(at_s).resume_after == ResumePoint(10, "e1")
        state.failed(refusal("REVISION_IN_FUTURE"), at_s)


def test_a_place_without_its_epoch_may_never_have_been_one_of_this_log() -> None:
    state = subscription(two_servers(delivery=Delivery.EVERY, resume_after=ResumePoint(1000)))
    state.connect(0.0)
    with pytest.raises(ResumePointError):
        state.failed(refusal("REVISION_IN_FUTURE"), 0.0)


def test_another_epoch_is_told_at_once() -> None:
    state = received_10(Delivery.EVERY)
    state.connect(2.0)
    with pytest.raises(ResumePointError):
        state.failed(refusal("EPOCH_CHANGED", epoch="e2"), 2.0)


def test_a_replica_that_still_has_the_epoch_before_is_behind_and_no_new_loss() -> None:
    state = received_10(Delivery.LATEST)
    state.connect(2.0)
    state.failed(refusal("EPOCH_CHANGED", epoch="e2"), 2.0)
    state.connect(2.0)
    changed, _ = state.received(feedback(3, epoch="e2"))
    assert changed == EpochChanged("e1", 10, "e2", 3)
    state.failed(LOST, 3.0)
    assert state.connect(3.0).resume_after == ResumePoint(3, "e2")
    state.failed(refusal("EPOCH_CHANGED", epoch="e1", current=10), 3.0)
    assert state.connect(4.0).resume_after == ResumePoint(3, "e2"), "it goes on in the new epoch elsewhere"


@pytest.mark.parametrize(
    "behind",
    [
        feedback(9),
        feedback(0, epoch="", status=FeedbackStatus.WARMING_UP),
        feedback(4, epoch="e0", valid_until=T0 + timedelta(minutes=3)),
    ],
    ids=["an older revision", "a log that was not read", "an epoch that was left"],
)
def test_who_wants_the_present_leaves_a_replica_that_is_behind(behind: Feedback) -> None:
    state = subscription(two_servers(always_afresh=True))
    state.connect(0.0)
    state.received(feedback(4, epoch="e0"))
    state.received(feedback(10))
    state.received(heartbeat(10, valid_until=T0 + timedelta(minutes=4)))
    state.failed(LOST, 1.0)
    assert state.connect(1.0).address == "b:2"
    with pytest.raises(ServiceUnavailableError) as caught:
        state.received(behind)
    assert (caught.value.reason, caught.value.address) == ("BEHIND", "b:2")
    state.failed(caught.value, 1.0)
    assert state.connect(1.0).address == "a:1"
    assert revisions(state.received(feedback(10))) == [10]


def test_who_has_one_server_alone_stays_with_it() -> None:
    state = subscription(SubscriptionSettings(("a:1",), always_afresh=True))
    state.connect(0.0)
    state.received(feedback(10))
    state.failed(LOST, 1.0)
    state.connect(1.0)
    assert state.received(feedback(9)) == ()
    assert revisions(state.received(feedback(11))) == [11]


def test_who_wants_the_present_follows_back_into_an_epoch_that_syncs_again() -> None:
    state = subscription(two_servers(always_afresh=True))
    state.connect(0.0)
    state.received(feedback(10))
    state.received(feedback(3, epoch="e2"))
    state.failed(LOST, 1.0)
    state.connect(1.0)
    changed, back = state.received(feedback(10, valid_until=T0 + timedelta(minutes=5)))
    assert changed == EpochChanged("e2", 3, "e1", 10)
    assert revisions((back,)) == [10]


def test_an_epoch_may_begin_above_revision_1() -> None:
    state = subscription(two_servers(delivery=Delivery.EVERY))
    state.connect(0.0)
    state.received(feedback(0, status=FeedbackStatus.WARMING_UP))
    (first,) = state.received(feedback(500))
    assert isinstance(first, FeedbackReceived)
    assert (first.feedback.revision, first.skipped_revisions) == (500, 0)

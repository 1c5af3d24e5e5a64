"""The subscription's promises, one by one."""

from __future__ import annotations

import random
from functools import partial

import pytest
from client.feedback_samples import feedback, heartbeat

from strategic_memory_client import (
    Delivery,
    EpochChanged,
    FeedbackReceived,
    FeedbackStatus,
    HeartbeatReceived,
    ResumePoint,
    ResumePointError,
    RevisionGapError,
    ServiceUnavailableError,
)
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings

LOST = ServiceUnavailableError("gone")


settings = partial(SubscriptionSettings, addresses=("a:1",))


def subscription(given: SubscriptionSettings | None = None) -> Subscription:
    return Subscription(given or settings(), random.Random(7))


def refusal(reason: str, *, current: int = 9, epoch: str = "e1") -> ResumePointError:
    return ResumePointError("refused", reason=reason, oldest=5, current=current, epoch=epoch)


def revisions(events: tuple[object, ...]) -> list[int]:
    return [event.feedback.revision for event in events if isinstance(event, FeedbackReceived)]


def test_starts_with_the_feedback_in_force_and_resumes_after_what_it_got() -> None:
    state = subscription()
    assert state.connect(0.0).resume_after is None
    state.received(feedback(4))
    state.failed(LOST, 1.0)
    assert state.connect(2.0).resume_after == ResumePoint(4, "e1")


def test_asks_to_resume_after_the_point_that_was_given() -> None:
    state = subscription(settings(resume_after=ResumePoint(3, "e1"), delivery=Delivery.EVERY))
    attempt = state.connect(0.0)
    assert (attempt.resume_after, attempt.delivery) == (ResumePoint(3, "e1"), Delivery.EVERY)


def test_revision_0_is_handed_out_and_resumed_after() -> None:
    state = subscription()
    state.connect(0.0)
    assert revisions(state.received(feedback(0, status=FeedbackStatus.WARMING_UP))) == [0]
    state.failed(LOST, 1.0)
    assert state.connect(1.0).resume_after == ResumePoint(0, "e1")
    assert revisions(state.received(feedback(1))) == [1]


def test_a_feedback_without_epoch_is_no_place_to_resume_from() -> None:
    state = subscription(settings(delivery=Delivery.EVERY))
    state.connect(0.0)
    assert revisions(state.received(feedback(0, epoch="", status=FeedbackStatus.WARMING_UP))) == [0]
    assert state.received(feedback(0, epoch="", status=FeedbackStatus.WARMING_UP)) == ()
    state.failed(LOST, 1.0)
    assert state.connect(1.0).resume_after is None
    assert revisions(state.received(feedback(6))) == [6]


def test_a_double_is_not_handed_out() -> None:
    state = subscription()
    state.connect(0.0)
    assert revisions(state.received(feedback(4))) == [4]
    assert state.received(feedback(4)) == ()
    assert state.received(feedback(3)) == ()
    assert revisions(state.received(feedback(5))) == [5]


def test_nothing_up_to_a_given_resume_point_is_handed_out() -> None:
    state = subscription(settings(resume_after=ResumePoint(4)))
    state.connect(0.0)
    assert state.received(feedback(4)) == ()
    assert revisions(state.received(feedback(5))) == [5]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("epoch", ["", "e1"])
def test_the_feedback_of_a_given_resume_point_is_handed_out_once_where_it_is_asked_for(
    delivery: Delivery, epoch: str
) -> None:
    state = subscription(settings(resume_after=ResumePoint(4, epoch), delivery=delivery, send_current=True))
    assert state.connect(0.0).send_current
    state.failed(LOST, 1.0)
    attempt = state.connect(2.0)
    assert (attempt.resume_after, attempt.send_current) == (ResumePoint(4, epoch), True)
    assert state.received(feedback(3)) == ()
    assert state.received(feedback(4)) == (FeedbackReceived(feedback(4), 0),)
    assert state.received(feedback(4)) == ()
    state.failed(LOST, 3.0)
    attempt = state.connect(4.0)
    assert (attempt.resume_after, attempt.send_current) == (ResumePoint(4, "e1"), False)
    assert state.received(feedback(4)) == ()
    assert revisions(state.received(feedback(5))) == [5]


def test_a_server_that_knows_nothing_of_it_sends_what_came_after_the_resume_point() -> None:
    state = subscription(settings(resume_after=ResumePoint(4, "e1"), delivery=Delivery.EVERY, send_current=True))
    state.connect(0.0)
    assert revisions(state.received(feedback(5))) == [5]
    assert state.received(feedback(4)) == ()


def test_skipped_revisions_are_counted_across_a_reconnection() -> None:
    state = subscription()
    state.connect(0.0)
    state.received(feedback(4, skipped=2))
    state.failed(LOST, 1.0)
    state.connect(1.0)
    (event,) = state.received(feedback(9))
    assert isinstance(event, FeedbackReceived)
    assert (event.skipped_revisions, event.feedback.skipped_revisions) == (4, 4)
    assert event.feedback.epoch_changed is False


def test_the_first_feedback_carries_what_the_server_counted() -> None:
    state = subscription()
    state.connect(0.0)
    (event,) = state.received(feedback(4, skipped=2))
    assert isinstance(event, FeedbackReceived)
    assert event.skipped_revisions == 2


def test_latest_says_that_the_epoch_changed_and_starts_afresh() -> None:
    state = subscription()
    state.connect(0.0)
    state.received(feedback(4))
    state.failed(LOST, 1.0)
    state.connect(2.0)
    disconnected = state.failed(refusal("EPOCH_CHANGED", current=2, epoch="e2"), 3.0)
    assert isinstance(disconnected.error, ResumePointError)
    assert state.connect(4.0).resume_after is None
    changed, received = state.received(feedback(2, epoch="e2"))
    assert changed == EpochChanged("e1", 4, "e2", 2)
    assert isinstance(received, FeedbackReceived)
    assert received.feedback.epoch_changed


def test_latest_counts_what_was_trimmed_away() -> None:
    state = subscription(settings(resume_after=ResumePoint(2, "e1")))
    state.connect(0.0)
    state.failed(refusal("REVISION_COMPACTED"), 1.0)
    assert state.connect(1.0).resume_after is None
    (event,) = state.received(feedback(9))
    assert isinstance(event, FeedbackReceived)
    assert event.skipped_revisions == 6


def test_latest_forgets_a_given_point_that_was_never_in_the_log() -> None:
    state = subscription(settings(resume_after=ResumePoint(1000)))
    state.connect(0.0)
    state.failed(refusal("REVISION_IN_FUTURE"), 1.0)
    assert state.connect(1.0).resume_after is None
    assert revisions(state.received(feedback(9))) == [9]


@pytest.mark.parametrize("reason", ["REVISION_COMPACTED", "REVISION_IN_FUTURE", "EPOCH_CHANGED"])
def test_every_raises_for_a_refused_resume_point(reason: str) -> None:
    state = subscription(settings(resume_after=ResumePoint(2), delivery=Delivery.EVERY))
    state.connect(0.0)
    with pytest.raises(ResumePointError) as caught:
        state.failed(refusal(reason), 1.0)
    assert caught.value.reason == reason


def test_after_a_fresh_start_it_resumes_again() -> None:
    state = subscription(settings(resume_after=ResumePoint(2, "e1")))
    state.connect(0.0)
    state.failed(refusal("REVISION_COMPACTED"), 1.0)
    state.connect(1.0)
    state.received(feedback(9))
    state.failed(LOST, 2.0)
    assert state.connect(2.0).resume_after == ResumePoint(9, "e1")


def test_every_that_has_no_place_yet_may_start_afresh() -> None:
    state = subscription(settings(delivery=Delivery.EVERY))
    state.connect(0.0)
    state.received(feedback(0, epoch="", status=FeedbackStatus.WARMING_UP))
    state.failed(refusal("REVISION_COMPACTED"), 1.0)
    assert state.connect(1.0).resume_after is None
    assert revisions(state.received(feedback(9))) == [9]


def test_every_raises_for_a_gap() -> None:
    state = subscription(settings(delivery=Delivery.EVERY))
    state.connect(0.0)
    state.received(feedback(4))
    with pytest.raises(RevisionGapError) as caught:
        state.received(feedback(6))
    assert (caught.value.expected, caught.value.received) == (5, 6)
    with pytest.raises(RevisionGapError):
        state.failed(caught.value, 1.0)


def test_every_raises_for_an_epoch_that_changes_within_a_stream() -> None:
    state = subscription(settings(delivery=Delivery.EVERY))
    state.connect(0.0)
    state.received(feedback(4))
    with pytest.raises(ResumePointError) as caught:
        state.received(feedback(5, epoch="e2"))
    assert (caught.value.reason, caught.value.epoch) == ("EPOCH_CHANGED", "e2")


def test_every_goes_on_into_another_epoch_while_nothing_was_published_in_the_first() -> None:
    state = subscription(settings(delivery=Delivery.EVERY))
    state.connect(0.0)
    state.received(feedback(0, status=FeedbackStatus.WARMING_UP))
    changed, received = state.received(feedback(1, epoch="e2"))
    assert changed == EpochChanged("e1", 0, "e2", 1)
    assert revisions((received,)) == [1]


def test_an_epoch_that_was_left_does_not_bring_doubles_when_it_comes_back() -> None:
    state = subscription()
    state.connect(0.0)
    state.received(feedback(4))
    state.received(feedback(1, epoch="e2"))
    assert state.received(feedback(4)) == ()
    assert revisions(state.received(feedback(2, epoch="e2"))) == [2]


def test_heartbeats_are_handed_out_and_do_not_move_the_place() -> None:
    state = subscription()
    state.connect(0.0)
    state.received(feedback(4))
    assert state.received(heartbeat(7)) == (HeartbeatReceived(heartbeat(7)),)
    assert state.position == ResumePoint(4, "e1")


def test_an_unknown_kind_of_message_means_nothing() -> None:
    state = subscription()
    state.connect(0.0)
    assert state.received(None) == ()


def test_who_wants_the_present_gets_it_on_each_connection() -> None:
    state = subscription(settings(always_afresh=True))
    state.connect(0.0)
    state.received(feedback(4))
    state.failed(LOST, 1.0)
    assert state.connect(1.0).resume_after is None
    assert revisions(state.received(feedback(4))) == [4]
    assert state.received(feedback(3)) == (), "that comes from a replica that lags behind"

"""What the client library hands out becomes a history that the checker can judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from chaos.client_history import ClientHistory
from chaos.client_values import feedback_of_client
from client.feedback_samples import feedback, feedback_message, with_evidence
from history.checker import check
from history.event_budget import EventBudget
from history.from_wire import feedback_of
from history.model import Delivery, History, LogGap, Position
from history.observer_clock import ObserverClock
from history.promises import Promise

from strategic_memory_client import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    ResumePointError,
    RevisionGapError,
    ServiceUnavailableError,
    StrategicMemoryError,
    SubscriptionEvent,
)
from strategic_memory_client.wire.from_wire import feedback_from_wire

LOST = Disconnected("127.0.0.1:1001", ServiceUnavailableError("gone"), 0.01)


def received(revision: int, epoch: str = "e1", skipped: int = 0) -> FeedbackReceived:
    valid_until = datetime.now(UTC) + timedelta(minutes=3)
    return FeedbackReceived(feedback(revision, epoch, valid_until=valid_until), skipped)


def broken(delivery: Delivery, events: Sequence[SubscriptionEvent | StrategicMemoryError]) -> set[Promise]:
    """Check a subscription to a log of which nothing else is known."""
    history = ClientHistory("client", delivery, ObserverClock(), EventBudget(100))
    for event in events:
        if isinstance(event, StrategicMemoryError):
            history.ended(event)
        else:
            history.take(event)
    gaps = tuple(LogGap(epoch, 0, None, 0.0) for epoch in ("e1", "e2"))
    recorded = History(epochs=("e1", "e2"), gaps=gaps, subscribers=(history.recorded(),))
    return {violation.promise for violation in check(recorded)}


@pytest.mark.parametrize("delivery", Delivery)
def test_what_is_complete_breaks_no_promise(delivery: Delivery) -> None:
    assert broken(delivery, [received(1), received(2), LOST, received(3)]) == set()


def test_what_is_lost_over_a_disconnection_is_seen() -> None:
    assert broken(Delivery.EVERY, [received(1), LOST, received(3)]) == {Promise.GAP_FREE}
    assert broken(Delivery.LATEST, [received(1), LOST, received(3)]) == {Promise.LATEST}
    assert broken(Delivery.LATEST, [received(1), LOST, received(3, skipped=1)]) == set()
    assert broken(Delivery.LATEST, [received(1), LOST, received(1)]) == {Promise.ORDERED}


def test_another_epoch_has_to_be_told() -> None:
    told: list[SubscriptionEvent] = [received(5), EpochChanged("e1", 5, "e2", 6), received(6, "e2")]
    assert broken(Delivery.LATEST, told) == set()
    assert broken(Delivery.LATEST, [told[0], told[2]]) == {Promise.EPOCH_HONEST}


def test_a_refused_resume_point_is_no_fault_and_a_gap_is_one() -> None:
    refused = ResumePointError("refused", reason="EPOCH_CHANGED", epoch="e2")
    assert broken(Delivery.EVERY, [received(5), refused, received(8, "e2")]) == set()
    gap = RevisionGapError("a gap", expected=6, received=7)
    assert broken(Delivery.EVERY, [received(5), gap, received(7)]) == {Promise.ENDED}


def test_the_last_place_is_kept() -> None:
    history = ClientHistory("client", Delivery.EVERY, ObserverClock(), EventBudget(100))
    assert (history.position, history.is_open) == (None, False)
    history.take(received(0, ""))
    assert (history.position, history.is_open) == (None, True)
    history.take(received(3))
    history.take(LOST)
    assert (history.position, history.is_open) == (Position("e1", 3), False)


def test_the_evidence_says_what_the_message_said() -> None:
    message = with_evidence(feedback_message(7))
    assert feedback_of_client(feedback_from_wire(message)) == feedback_of(message)


def test_values_say_what_the_message_said() -> None:
    value = feedback_of_client(feedback(7))
    assert (value.position, value.advice.policy) == (Position("e1", 7), "POLICY_AGGRESSIVE")
    assert dict(value.seen)["preferred_regime"] == '"BULL"'

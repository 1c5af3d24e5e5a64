"""Which lines a reader of `strategic-memory watch` gets when advice turns stale, is confirmed, and is lost sight of."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from client.feedback_samples import T0, feedback, heartbeat

from strategic_memory_client import (
    Disconnected,
    Feedback,
    FeedbackReceived,
    FeedbackStatus,
    HeartbeatReceived,
    LeverageCap,
    ServiceUnavailableError,
    StrategicMemoryClient,
    SubscriptionEvent,
)
from strategic_memory_client.cli import live_watch, watch
from strategic_memory_client.cli.standing_advice import StandingAdvice
from strategic_memory_client.streams.arrivals import Moment, moment
from strategic_memory_client.values.results import WARMING_UP

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


def test_what_has_waited_unread_holds_for_less() -> None:
    said = FeedbackReceived(replace(feedback(), sent_at=T0))
    valid_s = (said.feedback.valid_until - T0).total_seconds()  # type: ignore[operator]  # it has one
    standing = StandingAdvice()
    assert standing.take(said, T0, 50.0) == feedback()
    assert standing.left_s(T0) == pytest.approx(valid_s - 50.0)
    assert standing.take(CONFIRM, T0, 8 * 60.0) is None
    assert standing.left_s(T0) == pytest.approx(60.0)
    # For longer than it held: it is no advice, and none again.
    assert standing.take(CONFIRM, T0, 10 * 60.0) == replace(CONFIRMED, status=STALE).as_safe()
    assert standing.take(CONFIRM, T0, 10 * 60.0) is None
    assert standing.take(CONFIRM, T0, 1.0) == CONFIRMED
    assert StandingAdvice().take(said, T0, valid_s) == WITHDRAWN


def test_whoever_watches_tells_of_no_advice_that_waited_while_the_machine_slept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, is_told, asleep_s = datetime.now(UTC), threading.Event(), [0.0]
    until = now + timedelta(minutes=5)
    said = FeedbackReceived(replace(feedback(valid_until=until), sent_at=now, timestamp=now))
    confirm = HeartbeatReceived(heartbeat(valid_until=until, timestamp=now))

    def stream() -> Iterator[SubscriptionEvent]:
        yield said
        assert is_told.wait(30)
        asleep_s[0] = 600.0
        yield confirm

    monkeypatch.setattr(watch, "moment", lambda: Moment(moment().steady_s, moment().wall_s + asleep_s[0]))
    with StrategicMemoryClient() as client:
        lines = watch.advice_lines(stream(), client, lambda _: is_told.set(), as_json=True)
        assert [json.loads(line)["status"] for line in lines] == ["ACTIVE", "STALE"]


def test_the_live_view_shows_no_advice_that_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    said = FeedbackReceived(replace(feedback(valid_until=now + timedelta(minutes=5)), sent_at=now, timestamp=now))
    looked, asleep_s, looks = threading.Event(), [0.0], count()

    def told_moment() -> Moment:
        told = Moment(moment().steady_s, moment().wall_s + asleep_s[0])
        if next(looks):
            looked.set()
        return told

    def stream() -> Iterator[SubscriptionEvent]:
        # Whatever the terminal takes: nobody draws here.
        assert looked.wait(30)
        asleep_s[0] = 600.0
        yield said

    monkeypatch.setattr(live_watch, "moment", told_moment)
    with StrategicMemoryClient() as client:
        ear = live_watch.Ear(client, stream())
        looking = threading.Thread(target=ear.look, daemon=True)
        looking.start()
        ear.listen()
        looking.join(30)
    assert not looking.is_alive()
    assert ear.failure is None
    assert ear.state.advice is not None
    assert ear.state.advice.status is STALE


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


def capped(status: FeedbackStatus, cap: float | None) -> HeartbeatReceived:
    caps = () if cap is None else (LeverageCap("risk:leverage_limits", cap),)
    return HeartbeatReceived(replace(heartbeat(status=status), leverage_caps=caps))


@pytest.mark.parametrize(
    ("said", "caps", "leverages"),
    [
        (feedback(), (0.3, 0.3), [0.3, None]),
        (feedback(), (None, 0.3, None), [1.0, 0.3, 1.0]),
        (feedback().as_stale(), (0.3, 0.5, 0.2), [0.3, None, 0.2]),
        (replace(WARMING_UP, revision=1, epoch="e1"), (0.3, 0.5, None), [0.3, 0.5, 1.0]),
        pytest.param(WARMING_UP, (0.3, 0.5, None), [0.3, 0.5, 1.0], id="the log has begun since"),
    ],
)
def test_the_safe_values_are_told_under_the_cap_of_now(
    said: Feedback, caps: tuple[float | None, ...], leverages: list[float | None]
) -> None:
    status = STALE if said.status is FeedbackStatus.ACTIVE else said.status
    _, *lines = told(FeedbackReceived(said), *(capped(status, cap) for cap in caps))
    assert [each and each.leverage_hint for each in lines] == leverages


def test_a_cap_that_was_withheld_for_does_not_stay_once_it_is_confirmed() -> None:
    assert told(SAID, capped(STALE, 0.3), CONFIRM)[-1] == CONFIRMED

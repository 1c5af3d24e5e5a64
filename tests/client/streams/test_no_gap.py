"""With a server that confirms, `newest` is never without its advice: the server's pace and the client, on one clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from client.feedback_samples import feedback, heartbeat

from strategic_memory_client import FeedbackReceived, FeedbackStatus, HeartbeatReceived, SubscriptionEvent
from strategic_memory_client.streams.newest import NewestFeedback
from strategic_memory_client.streams.subscription_settings import following_settings
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_server.revisions.heartbeat_pace import HeartbeatPace

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
INTERVALS_S = (0.2, 0.5, 1.0, 3.0, 5.0, 20.0, 60.0, 600.0, 3600.0)
ASKED_S = (0.1, 1.0, 15.0, 300.0, 3600.0)
MESSAGES = 60


def said(interval_s: float, asked_s: float, source: random.Random) -> Iterator[tuple[float, SubscriptionEvent]]:
    """Yield what a server says, and when: it syncs at each interval, a tenth early or late, and nothing changes."""
    validity_s, now_s, confirmed_s, next_sync_s = 3 * interval_s, 0.0, 0.0, interval_s
    pace = HeartbeatPace(asked_s, lambda: validity_s, lambda: source.uniform(0.8, 1.0))
    begun = replace(feedback(valid_until=BEGAN + timedelta(seconds=validity_s)), sent_at=BEGAN)
    yield now_s, FeedbackReceived(begun)
    for _ in range(MESSAGES):
        pace.sent_at_s = now_s
        pace.spread()
        now_s = pace.due_at_s()
        while next_sync_s <= now_s:
            confirmed_s = next_sync_s
            next_sync_s += interval_s * source.uniform(0.9, 1.1)
        until = BEGAN + timedelta(seconds=confirmed_s + validity_s)
        yield now_s, HeartbeatReceived(heartbeat(valid_until=until, timestamp=BEGAN + timedelta(seconds=now_s)))


@pytest.mark.parametrize("skew_s", [0.0, -3600.0, 3600.0], ids=["in step", "an hour behind", "an hour ahead"])
def test_no_gap_at_any_interval_whatever_was_asked(monkeypatch: pytest.MonkeyPatch, skew_s: float) -> None:
    source = random.Random(8)
    now_s = 0.0
    monkeypatch.setattr("strategic_memory_client.streams.shown.monotonic", lambda: now_s)
    monkeypatch.setattr("strategic_memory_client.streams.shown.time", lambda: BEGAN.timestamp() + skew_s + now_s)
    for interval_s in INTERVALS_S:
        for asked_s in ASKED_S:
            options = ClientOptions(heartbeat_interval_s=asked_s, missed_heartbeats=1)
            newest = NewestFeedback(following_settings(("a:1",), options).silence_timeout_s)
            slowest_s = 0.05 * min(interval_s, max(asked_s, 1.0))  # what a message takes at most
            for sent_s, event in said(interval_s, asked_s, source):
                now_s = sent_s + source.uniform(0.0, slowest_s)
                is_first = newest.is_warming_up
                assert is_first or newest.held.read().status is FeedbackStatus.ACTIVE, (interval_s, asked_s, sent_s)
                newest.take(event, BEGAN.timestamp() + skew_s + now_s, now_s)

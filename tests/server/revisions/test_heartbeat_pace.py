"""HeartbeatPace: no subscriber sees a gap in validity while the server confirms; and what that may cost."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from advice import NOW_MS, feedback

import strategic_memory_client as client
from strategic_memory_client.streams.newest import NewestFeedback
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings
from strategic_memory_client.wire.from_wire import feedback_from_wire, heartbeat_from_wire
from strategic_memory_server.advice.feedback import Feedback, Times
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.heartbeat_pace import (
    LEAST_PACE_S,
    SHORTEST_SHARE,
    HeartbeatPace,
    longest_silence_s,
    validity_s,
)
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.rpc.wire.to_wire import feedback_message, heartbeat_message

INTERVALS_S = [0.2, 0.5, 1.0, 1.3, 3.0, 5.0, 14.9, 15.0, 45.0, 60.0, 600.0, 3_600.0]
ASKED_S = [0.1, 1.0, 15.0, 60.0, 3_600.0]
SYNCS = 60


class Serving:
    """A hub that is told of each sync, at a time of its own; every fourth sync is another revision."""

    def __init__(self, validity_s: float) -> None:
        self._validity_ms = round(validity_s * 1000)
        self.hub = FeedbackHub("1.0.0", 8)
        self._revision = 0

    def sync(self, number: int, now_ms: int) -> Feedback | None:
        """Take a sync; give the feedback that a stream is to be sent, None for a confirmation."""
        times = Times(now_ms, now_ms, now_ms + self._validity_ms)
        if number % 4 == 0:
            self._revision += 1
            new = feedback(self._revision, computed_at_ms=now_ms, valid_until_ms=times.valid_until_ms)
            if self._revision == 1:
                self.hub.load(LogSnapshot(LogState("e1", 1, 1, times), (new,), "0-0", "0-0"))
            else:
                assert self.hub.append(new)
            return new
        assert self.hub.confirm(LogState("e1", self._revision, 1, times))
        return None


class Subscriber:
    """The client library's own judgement of one stream, and how long it was without advice, seconds."""

    def __init__(self, asked_s: float) -> None:
        settings = SubscriptionSettings(addresses=("a:1",), heartbeat_interval_s=asked_s)
        self._newest = NewestFeedback(settings.silence_timeout_s)
        self.gaps_s: list[float] = []
        self.messages = 0

    def observe(self, at_s: float, message: client.Feedback | client.Heartbeat) -> None:
        held = self._newest.held
        if self.messages and held.good_until_s < at_s:
            self.gaps_s.append(at_s - held.good_until_s)
        if isinstance(message, client.Heartbeat):
            self._newest.heartbeat(message, at_s, at_s)
        else:
            self._newest.feedback(message, at_s, at_s)
        self.messages += 1


def sync_times(interval_s: float, late_s: float, source: random.Random) -> list[float]:
    """Syncs at the interval, each a little late; from one on, all are so much later."""
    slow = source.randrange(8, SYNCS - 8)
    return [
        number * interval_s + (late_s if number >= slow else 0) + source.uniform(0, 0.05) * interval_s
        for number in range(SYNCS)
    ]


def watch(serving: Serving, syncs_s: list[float], asked_s: float, source: random.Random) -> Subscriber:
    """Play one stream by a clock of its own; each message is on its way for a little while."""
    subscriber, began_s = Subscriber(asked_s), NOW_MS / 1000
    longest_way_s = min(0.05 * syncs_s[-1] / SYNCS, 0.2)
    pace = HeartbeatPace(
        asked_s, lambda: validity_s(serving.hub.in_force(NOW_MS).times), lambda: source.uniform(SHORTEST_SHARE, 1)
    )
    for at_s, said in events(serving, pace, syncs_s):
        now_ms = round((began_s + at_s) * 1000)
        heard_s = began_s + at_s + source.uniform(0, longest_way_s)
        if said is None:
            subscriber.observe(heard_s, heartbeat_from_wire(heartbeat_message(serving.hub.in_force(now_ms), now_ms)))
        else:
            subscriber.observe(heard_s, feedback_from_wire(feedback_message(said)))
    return subscriber


def events(serving: Serving, pace: HeartbeatPace, syncs_s: list[float]) -> Iterator[tuple[float, Feedback | None]]:
    """Yield when a feedback, or a heartbeat (None), goes out."""
    for number, sync_s in enumerate(syncs_s):
        while number and (due_s := pace.due_at_s()) < sync_s:
            pace.sent_at_s = due_s
            pace.spread()
            yield due_s, None
        said = serving.sync(number, round(NOW_MS + sync_s * 1000))
        if said is not None:
            pace.sent_at_s = sync_s
            yield sync_s, said


@pytest.mark.parametrize("interval_s", INTERVALS_S)
def test_no_subscriber_sees_a_gap_while_the_server_confirms(interval_s: float) -> None:
    """Also when a sync fails, so that the next comes an interval later; and at the shortest validity."""
    source = random.Random(f"pace {interval_s}")
    for asked_s in (asked_s for asked_s in ASKED_S if asked_s >= interval_s / 100):
        for validity_in_intervals, late in ((3.0, 1.0), (1.5, 0.0)):
            syncs_s = sync_times(interval_s, late * interval_s, source)
            subscriber = watch(Serving(validity_in_intervals * interval_s), syncs_s, asked_s, source)
            assert subscriber.gaps_s == [], (interval_s, asked_s, validity_in_intervals)
            assert subscriber.messages >= SYNCS / 4


@pytest.mark.parametrize(
    ("asked_s", "validity", "longest_s"),
    [
        (15.0, 180.0, 15.0),
        (15.0, 3.0, 0.75),
        (0.1, 180.0, 1.0),
        (0.1, 3.0, 0.75),
        (3_600.0, 180.0, 45.0),
        (0.1, None, 1.0),
        (15.0, None, 15.0),
        (15.0, 0.0, LEAST_PACE_S),
        (15.0, -5.0, LEAST_PACE_S),
    ],
)
def test_the_validity_shortens_what_was_asked_for(asked_s: float, validity: float | None, longest_s: float) -> None:
    assert longest_silence_s(asked_s, validity) == longest_s


def test_heartbeats_spread_below_the_longest_silence_and_never_above() -> None:
    pace, drawn = HeartbeatPace(15.0, lambda: None), set[float]()
    pace.sent_at_s = 100.0
    for _ in range(200):
        pace.spread()
        drawn.add(pace.due_at_s())
    assert len(drawn) > 150
    assert 100 + SHORTEST_SHARE * 15 <= min(drawn) < 113
    assert 114 < max(drawn) <= 115


def test_another_validity_counts_at_once() -> None:
    validity = 180.0
    pace = HeartbeatPace(15.0, lambda: validity, lambda: 1.0)
    pace.sent_at_s = 100.0
    assert pace.due_at_s() == 115
    assert not pace.has_changed()
    validity = 3.0
    assert pace.has_changed()
    assert pace.due_at_s() == 100.75

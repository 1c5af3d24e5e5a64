"""An advice holds as long as it was meant to from when it was computed, whatever happens to the clock of Redis."""

from __future__ import annotations

import pytest
from advice import NOW_MS, feedback
from server.revisions.read_log import RING, snapshot

from strategic_memory_server.advice.feedback import FeedbackStatus, Times
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.log_state import LogState

HOUR_MS = 3_600_000


class World:
    """A hub, a clock that nobody sets, and that of Redis, which stands at NOW_MS at first."""

    def __init__(self) -> None:
        self.elapsed_ms = 0
        self.clock = RedisClock(elapsed_ms=lambda: self.elapsed_ms)
        self.hub = FeedbackHub("1.0.0", RING, self.clock)
        self.redis_tells(NOW_MS)

    def redis_tells(self, time_ms: int) -> None:
        seconds, rest_ms = divmod(time_ms, 1000)
        self.clock.take([b"%d" % seconds, b"%d" % (rest_ms * 1000)], self.elapsed_ms)

    def shows(self, left_ms: int, status: FeedbackStatus) -> bool:
        return (self.left_ms, self.status) == (left_ms, status)

    @property
    def left_ms(self) -> int | None:
        return self.hub.valid_for_ms(self.hub.now_ms())

    @property
    def status(self) -> FeedbackStatus:
        return self.hub.in_force(self.hub.now_ms()).status


@pytest.mark.parametrize("set_by_ms", [0, HOUR_MS, -HOUR_MS])
def test_a_clock_that_is_set_prolongs_nothing_and_cuts_nothing_short(set_by_ms: int) -> None:
    world = World()
    times = Times(NOW_MS, None, NOW_MS + 1_000)
    world.hub.load(snapshot(feedback(5, computed_at_ms=NOW_MS, valid_until_ms=NOW_MS + 1_000)))
    world.redis_tells(NOW_MS + set_by_ms)
    assert world.shows(1_000, FeedbackStatus.ACTIVE)
    world.elapsed_ms = 1_000
    assert world.shows(0, FeedbackStatus.ACTIVE)
    # What a message says of its sending goes by the clock of the advice: its receiver sees what is left.
    assert world.hub.now_ms() == times.valid_until_ms
    world.elapsed_ms = 1_001
    stale = world.hub.in_force(world.hub.now_ms())
    assert (stale.status, stale.advice.leverage_hint) == (FeedbackStatus.STALE, 1.0)
    world.redis_tells(NOW_MS - HOUR_MS)
    assert world.shows(-1, FeedbackStatus.STALE), "what has lapsed is not revived"
    world.hub.confirm(LogState("e1", 5, 5, times))
    assert world.shows(-1, FeedbackStatus.STALE), "to read the same again confirms nothing"
    now_ms = world.clock.now_ms()
    assert world.hub.confirm(LogState("e1", 5, 5, Times(now_ms, None, now_ms + 1_000)))
    assert world.shows(1_000, FeedbackStatus.ACTIVE), "a sync by the new clock does"
    world.elapsed_ms += 1_001
    assert world.shows(-1, FeedbackStatus.STALE)


def test_what_is_heard_of_late_holds_for_the_rest() -> None:
    world = World()
    assert world.hub.valid_for_ms(NOW_MS) is None
    world.hub.load(snapshot(feedback(5, computed_at_ms=NOW_MS - 60_000, valid_until_ms=NOW_MS + 120_000)))
    assert world.shows(120_000, FeedbackStatus.ACTIVE)
    world.elapsed_ms = 120_000
    assert world.shows(0, FeedbackStatus.ACTIVE)
    world.elapsed_ms = 120_001
    assert world.shows(-1, FeedbackStatus.STALE)


def test_what_was_computed_later_than_now_is_not_relied_upon() -> None:
    """The clock was set back since: nobody can tell how old it is."""
    for ahead_ms, status in ((2_000, FeedbackStatus.ACTIVE), (2_010, FeedbackStatus.STALE)):
        world = World()
        computed_ms = NOW_MS + ahead_ms
        world.hub.load(snapshot(feedback(5, computed_at_ms=computed_ms, valid_until_ms=computed_ms + 1_000)))
        assert world.status is status, ahead_ms
        world.elapsed_ms = 1_001
        left_ms = world.left_ms
        assert left_ms is not None
        assert left_ms < 0, "and never for longer than its validity"

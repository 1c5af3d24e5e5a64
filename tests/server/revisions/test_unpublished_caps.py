"""Caps that a server has read act on what it serves, whether or not anybody can write them into the log."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from advice import NOW_MS, advice, feedback
from server.revisions.read_log import RING, next_step, snapshot

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.cap_comparison import PASS_S
from strategic_memory_server.memory.leverage_cap import LeverageCap, LeverageCaps
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.contract_bounds import outside_contract
from strategic_memory_server.revisions.feedback_hub import PUBLISHING_MS, FeedbackHub
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import Beat, Delivery, StreamCursor
from strategic_memory_server.revisions.unpublished_caps import PROBLEM, UnpublishedCaps

LIMITS = "risk:leverage_limits"
ACTIVE, STALE, WARMING_UP = FeedbackStatus.ACTIVE, FeedbackStatus.STALE, FeedbackStatus.WARMING_UP
FIELD = b"max_leverage_hint"


class Server:
    """A hub with what tells it of caps, by a clock that the test moves."""

    def __init__(self) -> None:
        self.elapsed_ms = 0
        clock = RedisClock(elapsed_ms=lambda: self.elapsed_ms)
        clock.take([b"%d" % (NOW_MS // 1000), b"%d" % (NOW_MS % 1000 * 1000)], 0)
        self.hub, self.changed, self.problems = FeedbackHub("1.0.0", RING, clock), ChangeSignal(), Problems()
        self.caps = UnpublishedCaps(self.hub, self.changed, self.problems)
        self._stands = b""

    def reads(self, written: float | bytes) -> bool:
        """The key is read."""
        before, self._stands = self._stands, written if isinstance(written, bytes) else b'{"%b": %g}' % (FIELD, written)
        return self.caps.take([b"", self._stands], not self.caps.were_read or self._stands != before)

    @property
    def said(self) -> Feedback:
        return self.hub.in_force(self.hub.now_ms())


def caps(*values: float) -> LeverageCaps:
    return tuple(LeverageCap(LIMITS, value, NOW_MS) for value in values)


def under(cap: float, leverage: float, revision: int = 5) -> Feedback:
    said = advice(leverage_hint=leverage)
    held = replace(
        said, leverage_caps=caps(cap), current=said.current and replace(said.current, leverage_hint=leverage)
    )
    return replace(feedback(revision, computed_at_ms=NOW_MS, valid_until_ms=NOW_MS + 60_000), advice=held)


@pytest.fixture
def server() -> Server:
    server = Server()
    newest = under(1.75, 1.5)
    server.hub.load(snapshot(newest, state=LogState("e1", 5, 5, newest.times, leverage_caps=caps(1.75))))
    assert not server.reads(1.75)
    return server


def test_a_cap_that_could_not_be_published_acts_at_once(server: Server) -> None:
    cursor = StreamCursor(server.hub, Delivery.EVERY)
    assert isinstance(next_step(cursor, server.hub.now_ms()), Feedback)
    changes = server.changed.changes
    assert server.reads(0.3)
    assert server.said.status is ACTIVE
    server.caps.heed(could_not_publish=True)
    assert server.changed.changes == changes + 2
    said = server.said
    assert (said.status, said.advice.leverage_hint, said.advice.leverage_bound_by) == (STALE, 0.3, LIMITS)
    assert (said.revision, said.epoch, said.advice.leverage_caps) == (5, "e1", caps(0.3))
    assert any(reason.code == "LEVERAGE_CAPPED" for reason in said.advice.reasons)
    assert said.times.valid_until_ms == NOW_MS - 1
    assert outside_contract(replace(said, status=ACTIVE)) is None
    assert server.said is said, "the same object, so that what is derived from it is kept"
    assert next_step(cursor, server.hub.now_ms()) == Beat()
    assert next_step(cursor, server.hub.now_ms()) is None
    assert f"{LIMITS} says 0.3" in server.problems.standing[PROBLEM]
    # The key says what the log says until its validity ends, and the safe values with the cap after that.
    server.elapsed_ms = 60_001
    late = server.said
    assert (late.status, late.advice.leverage_hint, late.times.valid_until_ms) == (STALE, 0.3, NOW_MS + 60_000)
    server.hub.append(under(0.3, 0.3, 6))
    assert server.said == under(0.3, 0.3, 6).at(server.hub.now_ms())
    assert not server.reads(0.3)
    assert PROBLEM not in server.problems.standing


def test_whoever_leads_has_time_to_publish_it(server: Server) -> None:
    assert server.reads(0.3)
    assert (server.said.status, server.hub.valid_for_ms(server.hub.now_ms())) == (ACTIVE, PUBLISHING_MS)
    assert PROBLEM not in server.problems.standing
    server.elapsed_ms = PUBLISHING_MS
    assert server.said.status is ACTIVE
    server.elapsed_ms = PUBLISHING_MS + 1
    assert (server.said.status, server.said.advice.leverage_hint) == (STALE, 0.3)
    assert server.hub.valid_for_ms(server.hub.now_ms()) == 59_999 - PUBLISHING_MS
    assert server.reads(0.3)
    assert PROBLEM in server.problems.standing
    assert not server.reads(1.75), "it was raised again"
    assert server.said.status is ACTIVE


def test_a_cap_that_was_published_raised_ends_nothing(server: Server) -> None:
    """It is in the log before it is read again, at the next comparison."""
    server.hub.append(under(1.9, 1.8, 6))
    assert server.hub.unpublished_caps == caps(1.75)
    server.elapsed_ms = round(1000 * PASS_S) + PUBLISHING_MS
    assert server.said.status is ACTIVE
    assert not server.reads(1.9)
    assert server.hub.valid_for_ms(server.hub.now_ms()) == 60_000 - server.elapsed_ms


def test_what_it_does_not_lower_goes_on(server: Server) -> None:
    server.caps.heed(could_not_publish=True)
    assert server.reads(1.6)
    assert (server.said.status, server.said.advice.leverage_hint) == (ACTIVE, 1.5)


def test_nothing_published_is_bound_too(server: Server) -> None:
    server.hub.load(snapshot(state=LogState("e2", 5, epoch_start=6, leverage_caps=())))
    server.caps.heed(could_not_publish=True)
    assert server.reads(0.3)
    said = server.said
    assert (said.status, said.advice.leverage_hint, said.advice.leverage_bound_by) == (WARMING_UP, 0.3, LIMITS)
    assert server.hub.confirm(LogState("e2", 5, epoch_start=6, leverage_caps=caps(0.3)))
    assert not server.hub.unpublished_caps
    assert server.said.advice.leverage_hint == 0.3


def test_by_its_first_reading_a_server_waits_for_nobody() -> None:
    """It has told nobody anything yet; whoever leads may hang since long."""
    server, newest = Server(), under(1.75, 1.5)
    server.hub.load(snapshot(newest, state=LogState("e1", 5, 5, newest.times, leverage_caps=caps(1.75))))
    assert server.reads(0.3)
    assert (server.said.status, server.said.advice.leverage_hint) == (STALE, 0.3)
    server.caps.heed(could_not_publish=False)
    server.elapsed_ms = PUBLISHING_MS - 1
    assert server.reads(0.3)
    assert PROBLEM not in server.problems.standing, "whoever leads may be about to publish it"
    server.elapsed_ms = PUBLISHING_MS
    assert server.reads(0.3)
    assert PROBLEM in server.problems.standing


def test_a_cap_of_a_rejected_value_lowers_and_one_that_is_only_kept_is_not_what_the_key_says(server: Server) -> None:
    assert server.reads(b'{"%b": 0.3, "gross": NaN}' % FIELD)
    assert [cap.value for cap in server.hub.unpublished_caps] == [0.3]
    (cap,) = server.hub.unpublished_caps
    server.elapsed_ms = 10
    assert server.reads(b'{"%b": "0.3"}' % FIELD)
    assert server.hub.unpublished_caps == (cap,), "since when it stands there, too"
    assert not server.reads(b"null")
    assert server.reads(0.3)
    assert not server.reads(b"")


def test_one_that_cannot_be_read_any_more_is_held_until_whoever_leads_has_said_something(server: Server) -> None:
    server.elapsed_ms = 10
    assert server.reads(0.3)
    server.caps.heed(could_not_publish=True)
    for written, cap in ((b"null", 0.3), (b'{"%b": 0.2, "gross": NaN}' % FIELD, 0.2), (b"[]", 0.2)):
        assert server.reads(written)
        assert (server.said.status, server.said.advice.leverage_hint) == (STALE, cap)
    later = Times(NOW_MS + 20, NOW_MS, NOW_MS + 60_020)
    assert server.hub.confirm(LogState("e1", 5, 5, later, leverage_caps=caps(1.75)))
    assert not server.reads(b"[]"), "whoever leads did not read it"
    assert (server.said.status, server.said.advice.leverage_hint) == (ACTIVE, 1.5)


def test_one_that_whoever_leads_has_seen_raised_since_is_not_held(server: Server) -> None:
    """Before the first advice, too, when nothing was said; the key was not compared in between."""
    server.hub.load(snapshot(state=LogState("e2", 5, epoch_start=6, leverage_caps=caps(1.75))))
    server.elapsed_ms = 10
    assert server.reads(0.3)
    raised = LeverageCap(LIMITS, 0.9, NOW_MS + 20)
    assert server.hub.confirm(LogState("e2", 5, epoch_start=6, leverage_caps=(raised,)))
    server.elapsed_ms = 30
    assert not server.reads(b"null")
    assert (server.hub.all_leverage_caps, server.said.advice.leverage_hint) == ((raised,), 0.9)


def test_nothing_is_taken_from_an_error_of_no_producer(server: Server) -> None:
    assert server.reads(0.3)
    with pytest.raises(redis.ResponseError):
        server.caps.take([b"", redis.ResponseError("LOADING")], True)
    assert [cap.value for cap in server.hub.unpublished_caps] == [0.3]

"""StreamCursor step by step; `test_stream_promises.py` tries it in random histories."""

from __future__ import annotations

import pytest
from advice import NOW_MS, feedback
from server.revisions.read_log import RING, load, load_unpublished, next_step, sent

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.faults.errors import LogNotReadError, ResumePointError, ResumeRefusal
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import Beat, Delivery, ReadLog, StreamCursor

LATEST, EVERY = Delivery.LATEST, Delivery.EVERY


def refusal_of(hub: FeedbackHub, resume_after: int, epoch: str = "", delivery: Delivery = LATEST) -> ResumePointError:
    with pytest.raises(ResumePointError) as refused:
        StreamCursor(hub, delivery, resume_after=resume_after, epoch=epoch)
    return refused.value


@pytest.mark.parametrize("delivery", Delivery)
def test_the_first_message_is_the_feedback_in_force(hub: FeedbackHub, delivery: Delivery) -> None:
    cursor = StreamCursor(hub, delivery)
    assert sent(cursor) == [(6, 0)]
    assert next_step(cursor) is None
    hub.append(feedback(7))
    assert sent(cursor) == [(7, 0)]


def test_latest_jumps_and_tells_how_far(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, LATEST)
    sent(cursor)
    for revision in range(7, 13):
        hub.append(feedback(revision))
    assert sent(cursor) == [(12, 5)]


def test_every_goes_step_by_step(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, EVERY)
    sent(cursor)
    for revision in (7, 8, 9):
        hub.append(feedback(revision))
    assert sent(cursor) == [(7, 0), (8, 0), (9, 0)]


@pytest.mark.parametrize(("after", "messages"), [(6, []), (5, [(6, 0)]), (4, [(6, 1)]), (1, [(6, 4)])])
def test_latest_resumes(hub: FeedbackHub, after: int, messages: list[tuple[int, int]]) -> None:
    assert sent(StreamCursor(hub, LATEST, resume_after=after, epoch="e1")) == messages


@pytest.mark.parametrize(("after", "messages"), [(6, []), (5, [(6, 0)]), (3, [(4, 0), (5, 0), (6, 0)])])
def test_every_resumes_from_memory(hub: FeedbackHub, after: int, messages: list[tuple[int, int]]) -> None:
    assert sent(StreamCursor(hub, EVERY, resume_after=after)) == messages


@pytest.mark.parametrize(
    ("delivery", "after", "messages"),
    [(LATEST, 6, [(6, 0)]), (EVERY, 6, [(6, 0)]), (LATEST, 4, [(6, 1)]), (EVERY, 4, [(5, 0), (6, 0)])],
)
def test_the_feedback_in_force_comes_first_where_nothing_came_after_the_resume_point(
    hub: FeedbackHub, delivery: Delivery, after: int, messages: list[tuple[int, int]]
) -> None:
    cursor = StreamCursor(hub, delivery, resume_after=after, epoch="e1", send_current=True)
    assert sent(cursor) == messages
    assert next_step(cursor) is None
    hub.append(feedback(7))
    assert sent(cursor) == [(7, 0)]


def test_the_feedback_in_force_is_sent_once_where_nothing_was_published() -> None:
    hub = FeedbackHub("1.0.0", RING)
    load_unpublished(hub, "e2", above=10)
    cursor = StreamCursor(hub, EVERY, resume_after=0, epoch="e2", send_current=True)
    assert sent(cursor) == [(0, 0)]
    assert next_step(cursor) is None


def test_every_resumes_from_the_log_where_memory_does_not_reach(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, EVERY, resume_after=1)
    assert next_step(cursor) == ReadLog(1)
    steps = cursor.take_from_log([feedback(2), feedback(3)])
    assert [step.revision for step in steps] == [2, 3]
    assert sent(cursor) == [(4, 0), (5, 0), (6, 0)]


def test_the_newest_comes_with_its_present_times_although_the_log_has_the_old_ones(hub: FeedbackHub) -> None:
    times = Times(NOW_MS + 60_000, NOW_MS, NOW_MS + 240_000)
    hub.confirm(LogState("e1", 6, 2, times))
    cursor = StreamCursor(hub, EVERY, resume_after=1)
    assert next_step(cursor) == ReadLog(1)
    steps = cursor.take_from_log([feedback(revision) for revision in range(2, 7)])
    assert [step.revision for step in steps] == [2, 3, 4, 5]
    newest = next_step(cursor)
    assert isinstance(newest, Feedback)
    assert newest.times == times


def test_a_cap_that_changes_where_nothing_is_published_is_told_at_once() -> None:
    hub = FeedbackHub("1.0.0", RING)
    hub.load(LogSnapshot(LogState("e1", 0, leverage_caps=()), (), "0-0", "0-0"))
    cursor = StreamCursor(hub, LATEST)
    first = next_step(cursor)
    assert isinstance(first, Feedback)
    assert (first.advice.leverage_hint, next_step(cursor)) == (1.0, None)
    for cap, leverage in ((0.3, 0.3), (0.2, 0.2), (1.5, 1.0)):
        assert hub.confirm(LogState("e1", 0, leverage_caps=(LeverageCap("exposure:summary", cap, NOW_MS),)))
        assert (next_step(cursor), next_step(cursor)) == (Beat(), None)
        assert hub.in_force(NOW_MS).advice.leverage_hint == leverage


def test_a_log_that_is_ahead_of_the_server_is_read_as_far_as_it_goes() -> None:
    hub = FeedbackHub("1.0.0", RING)
    load(hub, 2, oldest=2)
    cursor = StreamCursor(hub, EVERY, resume_after=1)
    assert [step.revision for step in cursor.take_from_log([feedback(2), feedback(3)])] == [2]


@pytest.mark.parametrize("page", [[], [feedback(3)], [feedback(2, "e2")], [feedback(1)]])
def test_a_gap_in_the_log_is_an_error(hub: FeedbackHub, page: list[Feedback]) -> None:
    cursor = StreamCursor(hub, EVERY, resume_after=1)
    assert next_step(cursor) == ReadLog(1)
    with pytest.raises(ResumePointError) as refused:
        cursor.take_from_log(page)
    assert refused.value.refusal is ResumeRefusal.REVISION_COMPACTED
    assert "revision 2 is no longer retained" in str(refused.value)


def test_a_gap_later_in_a_page_is_an_error_when_it_is_reached(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, EVERY, resume_after=1)
    next_step(cursor)
    assert [step.revision for step in cursor.take_from_log([feedback(2), feedback(4)])] == [2]
    assert next_step(cursor) == ReadLog(2)
    with pytest.raises(ResumePointError, match="revision 3 is no longer retained; retained are 4 to 6"):
        cursor.take_from_log([feedback(4)])


@pytest.mark.parametrize("delivery", Delivery)
def test_resume_points_that_are_trimmed_away(hub: FeedbackHub, delivery: Delivery) -> None:
    refused = refusal_of(hub, 0, delivery=delivery)
    assert refused.refusal is ResumeRefusal.REVISION_COMPACTED
    assert (refused.oldest, refused.current, refused.epoch) == (2, 6, "e1")
    assert "Open the stream without resume_after_revision" in str(refused)
    StreamCursor(hub, delivery, resume_after=1)


def test_resume_points_in_the_future(hub: FeedbackHub) -> None:
    refused = refusal_of(hub, 7)
    assert refused.refusal is ResumeRefusal.REVISION_IN_FUTURE
    assert "revision 7 has not been published" in str(refused)
    assert refusal_of(hub, 2**64 - 1).refusal is ResumeRefusal.REVISION_IN_FUTURE


def test_resume_points_of_another_epoch(hub: FeedbackHub) -> None:
    assert refusal_of(hub, 5, "e0").refusal is ResumeRefusal.EPOCH_CHANGED
    assert refusal_of(hub, 99, "e0").refusal is ResumeRefusal.EPOCH_CHANGED
    assert refusal_of(hub, 0, "e0").refusal is ResumeRefusal.EPOCH_CHANGED


def test_a_resume_point_is_not_judged_before_the_log_was_read() -> None:
    with pytest.raises(LogNotReadError):
        StreamCursor(FeedbackHub("1.0.0", RING), LATEST, resume_after=0)


@pytest.mark.parametrize("delivery", Delivery)
def test_turning_stale_is_told_once_and_at_once(delivery: Delivery) -> None:
    hub = FeedbackHub("1.0.0", RING)
    load(hub, 1)
    cursor = StreamCursor(hub, delivery)
    assert sent(cursor) == [(1, 0)]
    late_ms = NOW_MS + 180_001
    assert next_step(cursor, late_ms - 1) is None
    assert next_step(cursor, late_ms) == Beat()
    assert next_step(cursor, late_ms) is None
    assert next_step(cursor, late_ms + 5) is None
    hub.confirm(LogState("e1", 1, 1, Times(late_ms, NOW_MS, late_ms + 100)))
    assert next_step(cursor, late_ms) == Beat()
    assert next_step(cursor, late_ms) is None


def test_a_stream_that_begins_when_it_is_stale_says_so_in_the_first_message() -> None:
    hub = FeedbackHub("1.0.0", RING)
    load(hub, 1)
    late_ms = NOW_MS + 180_001
    cursor = StreamCursor(hub, LATEST)
    step = next_step(cursor, late_ms)
    assert isinstance(step, Feedback)
    assert step.status is FeedbackStatus.STALE
    assert next_step(cursor, late_ms) is None


def test_a_resumed_stream_without_news_is_told_the_status(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, LATEST, resume_after=6, epoch="e1")
    assert next_step(cursor) == Beat()
    assert next_step(cursor) is None


def test_a_log_that_has_fallen_back_sends_nothing_twice(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, LATEST)
    sent(cursor)
    load(hub, 4)
    assert next_step(cursor) is None
    load(hub, 6, 7, epoch="e2", oldest=7, epoch_start=7)
    with pytest.raises(ResumePointError):
        next_step(cursor)

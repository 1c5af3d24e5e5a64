"""StreamCursor where the epoch of the log changes, begins or goes on."""

from __future__ import annotations

import pytest
from advice import feedback
from server.revisions.read_log import RING, load, load_unpublished, next_step, sent

from strategic_memory_server.faults.errors import LogNotReadError, ResumePointError, ResumeRefusal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import Delivery, StreamCursor

LATEST, EVERY = Delivery.LATEST, Delivery.EVERY


@pytest.mark.parametrize("delivery", Delivery)
def test_another_epoch_ends_a_stream_that_was_sent_something(hub: FeedbackHub, delivery: Delivery) -> None:
    cursors = [StreamCursor(hub, delivery), StreamCursor(hub, delivery, resume_after=6)]
    sent(cursors[0])
    load(hub, 7, epoch="e2", oldest=7, epoch_start=7)
    for cursor in cursors:
        with pytest.raises(ResumePointError) as refused:
            next_step(cursor)
        assert refused.value.refusal is ResumeRefusal.EPOCH_CHANGED
        assert (refused.value.oldest, refused.value.current, refused.value.epoch) == (7, 7, "e2")
    never_read = StreamCursor(hub, delivery)
    assert sent(never_read) == [(7, 0)]


def test_a_log_that_is_gone_ends_a_stream_whose_next_epoch_nobody_knows(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, LATEST)
    sent(cursor)
    hub.load(LogSnapshot(None, (), "0-0", "0-0"))
    with pytest.raises(LogNotReadError):
        next_step(cursor)


def test_a_stream_that_was_sent_nothing_yet_takes_the_epoch_that_comes(hub: FeedbackHub) -> None:
    cursor = StreamCursor(hub, LATEST)
    load(hub, 7, epoch="e2", oldest=7, epoch_start=7)
    assert sent(cursor) == [(7, 0)]


@pytest.mark.parametrize("delivery", Delivery)
def test_a_stream_that_began_before_the_log_was_read_starts_with_what_is_in_force_then(delivery: Delivery) -> None:
    """Not with the whole history, and not with an error because its beginning is trimmed away."""
    hub = FeedbackHub("1.0.0", RING)
    cursor = StreamCursor(hub, delivery)
    assert sent(cursor) == [(0, 0)]
    load(hub, 98, 99, 100, oldest=50)
    assert sent(cursor) == [(100, 0)]
    hub.append(feedback(101))
    assert sent(cursor) == [(101, 0)]


def test_a_stream_that_began_on_an_empty_log_gets_every_revision() -> None:
    hub = FeedbackHub("1.0.0", RING)
    hub.load(LogSnapshot(None, (), "0-0", "0-0"))
    cursors = {delivery: StreamCursor(hub, delivery) for delivery in Delivery}
    assert [sent(cursor) for cursor in cursors.values()] == [[(0, 0)], [(0, 0)]]
    load(hub, 1, 2, 3)
    assert sent(cursors[EVERY]) == [(1, 0), (2, 0), (3, 0)]
    assert sent(cursors[LATEST]) == [(3, 2)]


def test_an_epoch_that_goes_on_above_another_hides_no_revision_and_invents_none() -> None:
    """Revisions 1 to 5 are of another epoch: between the start of this one and its revision 6 nothing was skipped."""
    hub = FeedbackHub("1.0.0", RING)
    load_unpublished(hub, "e2", above=5)
    cursors = {
        "latest": StreamCursor(hub, LATEST),
        "every": StreamCursor(hub, EVERY),
        "from the start": StreamCursor(hub, EVERY, resume_after=0, epoch="e2"),
        "from its place": StreamCursor(hub, EVERY, resume_after=5, epoch="e2"),
    }
    assert sent(cursors["latest"]) == sent(cursors["every"]) == [(0, 0)]
    hub.append(feedback(6, "e2"))
    hub.confirm(LogState("e2", 6, 6, feedback(6).times, 6))
    for cursor in cursors.values():
        assert sent(cursor) == [(6, 0)]
    assert sent(StreamCursor(hub, LATEST, resume_after=0, epoch="e2")) == [(6, 0)]

"""FeedbackHub fed by hand: what is in force, what is recent, and what does not fit."""

from __future__ import annotations

import pytest
from advice import NOW_MS, feedback, renewed
from server.revisions.read_log import snapshot

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.log_state import LogState

RING = 3


@pytest.fixture
def hub() -> FeedbackHub:
    return FeedbackHub("1.0.0", RING)


def revisions_known(hub: FeedbackHub) -> list[int]:
    return [revision for revision in range(20) if hub.recent(revision)]


def test_before_the_log_was_read_it_says_the_safe_values(hub: FeedbackHub) -> None:
    in_force = hub.in_force(NOW_MS)
    assert (in_force.status, in_force.revision, in_force.epoch) == (FeedbackStatus.WARMING_UP, 0, "")
    assert (hub.epoch, hub.revision, hub.oldest_retained, hub.was_read) == ("", 0, 0, False)
    assert revisions_known(hub) == []


def test_a_snapshot_takes_the_place_of_everything(hub: FeedbackHub) -> None:
    hub.load(snapshot(*[feedback(n) for n in (4, 5, 6)]))
    assert (hub.epoch, hub.revision, hub.oldest_retained, hub.was_read) == ("e1", 6, 4, True)
    assert revisions_known(hub) == [4, 5, 6]
    hub.load(snapshot(feedback(9, "e2")))
    assert (hub.epoch, hub.revision, hub.oldest_retained) == ("e2", 9, 9)
    assert revisions_known(hub) == [9]
    hub.load(snapshot())
    assert (hub.epoch, hub.revision, hub.oldest_retained) == ("", 0, 0)
    assert hub.in_force(NOW_MS).status is FeedbackStatus.WARMING_UP


def test_a_log_that_fell_back_is_left_until_its_epoch_changes(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(5), feedback(6)))
    hub.load(snapshot(feedback(4), feedback(5)))
    assert (hub.revision, revisions_known(hub)) == (6, [5, 6])
    hub.load(snapshot(feedback(5), feedback(6), feedback(7)))
    assert hub.revision == 7
    hub.load(snapshot(state=LogState("e2", 7, epoch_start=8)))
    assert (hub.epoch, hub.revision) == ("e2", 7)
    hub.load(snapshot(feedback(7)))
    assert hub.epoch == "e2", "an epoch that was left does not come back"
    hub.load(snapshot(feedback(8)))
    assert (hub.epoch, hub.revision) == ("e1", 8), "unless somebody goes on in it"


def test_a_log_that_says_something_else_under_a_revision_is_left_until_its_epoch_changes(hub: FeedbackHub) -> None:
    """A backup was put back, and a server that did not know what had been said went on from it."""
    said = [feedback(5), feedback(6)]
    assert hub.load(snapshot(*said))
    others = [feedback(revision, label="another") for revision in (6, 7)]
    assert not hub.load(snapshot(feedback(5), *others))
    assert hub.in_force(NOW_MS) == said[-1]
    assert not hub.load(snapshot(feedback(8)))
    assert hub.load(snapshot(feedback(9, "e2")))


def test_a_log_that_was_away_and_came_back_whole_is_taken(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(5)))
    hub.load(snapshot())
    hub.load(snapshot(feedback(5)))
    assert (hub.epoch, hub.revision) == ("e1", 5)


def test_the_times_of_the_newest_are_those_of_the_state(hub: FeedbackHub) -> None:
    times = Times(NOW_MS + 5, NOW_MS + 4, NOW_MS + 9)
    hub.load(snapshot(feedback(5), feedback(6), state=LogState("e1", 6, 1, times)))
    assert hub.in_force(NOW_MS) == renewed(feedback(6), times)


def test_times_that_another_program_took_out_of_the_state_prolong_nothing(hub: FeedbackHub) -> None:
    state = LogState("e1", 6, 1, Times())
    hub.load(snapshot(feedback(6), state=state))
    assert hub.agrees_with(state)
    assert hub.in_force(NOW_MS + 180_000) == feedback(6)
    assert hub.in_force(NOW_MS + 180_001).status is FeedbackStatus.STALE


def test_an_epoch_without_a_publication_has_a_place_and_the_safe_values(hub: FeedbackHub) -> None:
    hub.load(snapshot(state=LogState("e2", 5, epoch_start=6)))
    in_force = hub.in_force(NOW_MS)
    assert (in_force.status, in_force.revision, in_force.epoch) == (FeedbackStatus.WARMING_UP, 0, "e2")
    assert (hub.revision, hub.epoch_start) == (5, 6)
    assert hub.append(feedback(6, "e2"))


def test_a_newest_entry_that_cannot_be_read_leaves_the_safe_values_without_times(hub: FeedbackHub) -> None:
    times = Times(NOW_MS, NOW_MS, NOW_MS + 9)
    hub.load(snapshot(state=LogState("e1", 5, 1, times)))
    assert hub.confirm(LogState("e1", 5, 1, times))
    in_force = hub.in_force(NOW_MS)
    assert (in_force.status, in_force.revision, in_force.times) == (FeedbackStatus.WARMING_UP, 0, Times())


@pytest.mark.parametrize("revision", [6, 7])
def test_a_log_that_has_lost_its_newest_entry_takes_nothing_back(hub: FeedbackHub, revision: int) -> None:
    """It was evicted or deleted, and where the log stands was not."""
    hub.load(snapshot(feedback(5), feedback(6)))
    lost = LogState("e1", revision, 5, feedback(6).times)
    assert not hub.load(snapshot(state=lost))
    assert hub.in_force(NOW_MS) == feedback(6)
    assert (hub.epoch, hub.revision) == ("e1", 6)
    assert hub.load(snapshot(feedback(revision + 1)))
    assert hub.in_force(NOW_MS) == feedback(revision + 1)


def test_what_follows_is_taken_and_the_oldest_of_the_ring_forgotten(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(1)))
    for revision in range(2, 9):
        assert hub.append(feedback(revision))
        assert hub.in_force(NOW_MS) == feedback(revision)
    assert revisions_known(hub) == [6, 7, 8]
    assert hub.recent(7) == feedback(7)


@pytest.mark.parametrize("stranger", [feedback(1), feedback(2), feedback(4), feedback(3, "e2"), feedback(0)])
def test_what_does_not_follow_is_not_taken(hub: FeedbackHub, stranger: Feedback) -> None:
    hub.load(snapshot(feedback(1), feedback(2)))
    assert not hub.append(stranger)
    assert hub.in_force(NOW_MS) == feedback(2)
    assert revisions_known(hub) == [1, 2]


def test_a_confirmation_moves_the_times_and_the_oldest_retained(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(1), feedback(2)))
    times = Times(NOW_MS + 60_000, NOW_MS + 59_000, NOW_MS + 240_000)
    assert hub.confirm(LogState("e1", 2, 2, times))
    assert hub.in_force(NOW_MS) == renewed(feedback(2), times)
    assert hub.oldest_retained == 2


@pytest.mark.parametrize("state", [LogState("e1", 1), LogState("e1", 3), LogState("e2", 2), LogState("", 0)])
def test_a_confirmation_of_something_else_is_not_taken(hub: FeedbackHub, state: LogState) -> None:
    hub.load(snapshot(feedback(1), feedback(2)))
    assert not hub.confirm(state)
    assert hub.in_force(NOW_MS) == feedback(2)


def test_it_turns_stale_by_itself_and_back_when_confirmed(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(1, valid_until_ms=NOW_MS)))
    assert hub.in_force(NOW_MS).status is FeedbackStatus.ACTIVE
    assert hub.in_force(NOW_MS + 1).status is FeedbackStatus.STALE
    assert hub.in_force(NOW_MS).status is FeedbackStatus.ACTIVE, "a clock that was set back"
    assert hub.confirm(LogState("e1", 1, 1, Times(NOW_MS, NOW_MS, NOW_MS + 9)))
    assert hub.in_force(NOW_MS + 1).status is FeedbackStatus.ACTIVE


def test_it_gives_the_same_object_until_something_changes(hub: FeedbackHub) -> None:
    hub.load(snapshot(feedback(1, valid_until_ms=NOW_MS)))
    assert hub.in_force(NOW_MS - 1) is hub.in_force(NOW_MS)
    stale = hub.in_force(NOW_MS + 1)
    assert stale is hub.in_force(NOW_MS + 2)
    hub.append(feedback(2))
    assert hub.in_force(NOW_MS + 1) is not stale
    assert hub.in_force(NOW_MS + 1).revision == 2
    late = hub.in_force(NOW_MS + 180_001)
    assert (late.revision, late.status) == (2, FeedbackStatus.STALE)


@pytest.mark.parametrize(("cap", "left", "bound_by"), [(0.2, 0.2, "exposure:summary"), (1.4, 1.0, None)])
def test_caps_outlive_the_advice_that_they_bound(
    hub: FeedbackHub, cap: float, left: float, bound_by: str | None
) -> None:
    hub.load(snapshot(feedback(5)))
    caps = (LeverageCap("exposure:summary", cap, NOW_MS),)
    times = Times(NOW_MS, NOW_MS, NOW_MS - 1)
    assert hub.confirm(LogState("e1", 5, 5, times, withdrawn=True, leverage_caps=caps))
    withdrawn = hub.in_force(NOW_MS)
    assert withdrawn.status is FeedbackStatus.WARMING_UP
    found = withdrawn.advice
    assert (found.preferred_regime, found.leverage_hint) == ("UNKNOWN", left)
    assert (found.leverage_bound_by, found.leverage_caps) == (bound_by, caps)
    # A log that is gone, or a leader of an older version, says nothing of caps: those last heard of hold.
    hub.load(snapshot())
    assert hub.in_force(NOW_MS).advice.leverage_hint == left
    hub.load(snapshot(state=LogState("e2", 5, epoch_start=6, leverage_caps=())))
    assert hub.in_force(NOW_MS).advice.leverage_hint == 1.0
    assert hub.confirm(LogState("e2", 5, epoch_start=6, leverage_caps=caps))
    assert (hub.in_force(NOW_MS).advice.leverage_hint, hub.epoch) == (left, "e2")
    assert hub.in_force(NOW_MS).epoch == "e2"

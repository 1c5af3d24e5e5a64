"""OwnWrites by hand: what is remembered of attempts that were never answered."""

from __future__ import annotations

from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.own_writes import TRIED_EPOCHS, OwnWrites


def explains(own: OwnWrites, epoch: str) -> bool:
    state = LogState(epoch, 1)
    return own.explain(state, LogSnapshot(state, (), "0-0", "0-0"))


def test_of_epochs_that_were_tried_without_an_answer_the_newest_are_remembered() -> None:
    """Each attempt has a name of its own, and where a key is in the way there is one every few seconds for weeks."""
    own = OwnWrites()
    own.stand_at("e", 1, "")
    for attempt in range(TRIED_EPOCHS + 1):
        own.try_epoch(f"tried-{attempt}")
    assert [explains(own, f"tried-{attempt}") for attempt in (0, 1, TRIED_EPOCHS)] == [False, True, True]
    own.opened()
    assert not explains(own, f"tried-{TRIED_EPOCHS}")
    assert explains(own, "e")

"""What a run excuses: another epoch where another server leads after a restart of Redis, a clock that was ahead, and
what was in the log when nobody looked."""

from __future__ import annotations

import pytest
from chaos.fencing_watch import Look
from chaos.history_faults import clock_of_redis_set_forward
from chaos.run import Epochs, epoch_problems, name_of
from chaos.unread_revisions import with_unread
from history.checker import check
from history.model import Fault, History, Position, Subscriber
from history.promises import CLOCK_SET_FORWARD, Promise
from history.small_history import FAULT, brought, published, refused, stream

RESTART = Fault("redis killed", 100.0, 200.0)


def term(at_ms: float, pid: int) -> Look:
    return Look(at_ms, f"{at_ms:.0f} host/{pid}/name", "e", 1, 0, 0)


@pytest.mark.parametrize(
    ("terms", "faults", "epochs"),
    [
        ([], (RESTART,), 1),
        ([term(1, 7), term(150, 7)], (RESTART,), 1),
        ([term(1, 7), term(150, 8)], (RESTART,), 2),
        ([term(1, 7), term(150, 8), term(160, 7)], (RESTART,), 2),
        ([term(1, 7), term(99, 8), term(201, 7)], (RESTART,), 1),
        ([term(1, 7), term(150, 8)], (Fault("leader killed", 100.0, 200.0),), 1),
        ([term(1, 7), term(150, 8), term(350, 7)], (RESTART, Fault("redis killed", 300.0, 400.0)), 3),
    ],
)
def test_the_epoch_stays_unless_another_server_leads_after_a_restart(
    terms: list[Look], faults: tuple[Fault, ...], epochs: int
) -> None:
    for count in range(5):
        history = History(faults=faults, epochs=("e",) * count)
        assert (epoch_problems(Epochs.ONE, history, terms) == []) is (1 <= count <= epochs), count
        assert (epoch_problems(Epochs.SEVERAL, history, terms) == []) is (count >= 2)
        assert epoch_problems(Epochs.ANY, history, terms) == []


def test_the_checker_knows_the_fault_by_its_name() -> None:
    assert name_of(clock_of_redis_set_forward) == CLOCK_SET_FORWARD


def test_an_epoch_that_came_and_went_unread_is_excused_where_redis_was_seen_to_add_it() -> None:
    to_f = stream(2, resume=("e", 1), end=refused(2.1, "EPOCH_CHANGED", 2, 2, "f"))
    seen = Subscriber("s", (stream(0.5, brought(1, 1.1)), to_f, stream(2.2, brought(2, 2.3, "f")), stream(3.2)))
    history = History((published(1, 1), published(3, 3, "g")), epochs=("e", "g"), subscribers=(seen,), faults=FAULT)
    added = [Position("e", 1), Position("f", 2), Position("g", 3)]

    def broken(with_these: list[Position]) -> set[Promise]:
        return {violation.promise for violation in check(with_unread(history, with_these))}

    assert broken([]) == broken([added[0], added[2]]) == {Promise.DURABLE, Promise.RESUMABLE}
    assert broken(added) == set()
    assert with_unread(history, added).epochs == ("e", "f", "g")

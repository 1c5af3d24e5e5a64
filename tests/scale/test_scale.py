"""A desk with few portfolios from a fixed seed, so that scale runs cannot rot; and what their table says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from scale import desk_run
from scale.desk import DeskSettings
from scale.figures import Part, table
from scale.observed_portfolio import REFUSED

SEED = 1
FEW = DeskSettings(
    portfolios=5,
    changed=1,
    servers=2,
    entries_a_second=15.0,
    heartbeat_s=1.0,
    server={"STRATEGIC_MEMORY_LEASE": "1", "MEMORY_SYNC_INTERVAL": "2"},
    measured_s=0.0,
)


@pytest.mark.system
@pytest.mark.processes
def test_a_killed_server_and_portfolios_that_come_and_go_break_no_promise_of_any(tmp_path: Path) -> None:
    part, histories = asyncio.run(desk_run.play(FEW, SEED, tmp_path, node_fails=False))
    assert part.problems == [], table([part])
    assert len(histories) == FEW.portfolios + FEW.changed
    assert len({history.portfolio for history in histories}) == len(histories)
    assert all(len(history.publishes) > 1 and len(history.epochs) == 1 for history in histories)
    assert all(subscriber.streams for history in histories for subscriber in history.subscribers)
    # The one that went was refused and never settled; the one that came was refused at first.
    came_or_went = [history for history in histories if history.absences]
    assert len(came_or_went) == 2 * FEW.changed
    followers = [subscriber for history in came_or_went for subscriber in history.subscribers]
    assert all(REFUSED in {stream.end.code for stream in each.streams if stream.end} for each in followers)
    assert sum(history.settled_ms is not None for history in histories) == FEW.portfolios


def test_the_table_says_what_was_held_and_what_is_wrong() -> None:
    part = Part("some portfolios")
    part.tell("commands a second", "12")
    part.compare("memory", 1_600.0, 1_500.0, "MiB")
    part.compare("of a core", 0.25, 0.3)
    part.count("with advice", 3, 4)
    assert table([part]).splitlines()[1:] == [
        "some portfolios",
        "  commands a second  12",
        "  memory             1,600 MiB  at most 1,500 MiB  missed",
        "  of a core          0.25       at most 0.3        held",
        "  with advice        3 of 4     all                missed",
        "",
        "0 problems",
    ]
    part.problems = [f"wrong {number}" for number in range(50)]
    lines = table([part]).splitlines()
    assert "    some portfolios: wrong 0" in lines
    assert lines[-1] == "    and 10 more"

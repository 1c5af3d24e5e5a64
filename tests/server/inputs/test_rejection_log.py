"""What is rejected is said in a few lines, however much it is and however often there is more."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.rejection_log import INPUTS_SHOWN, PERIOD_S, RejectionLog


def rejected(count: int) -> list[RejectedInput]:
    return [RejectedInput("stream:trade.results", "pnl_missing", "x", f"{number}-0") for number in range(count)]


def written(log: RejectionLog, count: int, now_s: float) -> list[Any]:
    """What the log says of this many inputs: an id for each shown, a number for the rest."""
    with capture_logs() as lines:
        log.write(rejected(count), now_s)
    assert all(line["log_level"] == "warning" for line in lines)
    return [line["count"] if line["event"] == "More inputs rejected" else line["entry_id"] for line in lines]


def test_a_few_are_shown_one_by_one() -> None:
    assert written(RejectionLog(), 2, 0.0) == ["0-0", "1-0"]


def test_many_are_shown_in_part_and_counted() -> None:
    assert written(RejectionLog(), 1_000, 0.0) == ["0-0", "1-0", "2-0", "3-0", "4-0", 1_000 - INPUTS_SHOWN]


def test_the_limit_is_for_a_time_not_for_a_load() -> None:
    log = RejectionLog()
    assert written(log, 3, 0.0) == ["0-0", "1-0", "2-0"]
    assert written(log, 4, 1.0) == ["0-0", "1-0", 2]
    for step in range(50):
        assert written(log, 100, 2.0 + step / 10) == []
    assert written(log, 0, PERIOD_S) == [5_000], "what was not told is counted when the time is over"
    assert written(log, 6, PERIOD_S + 1) == ["0-0", "1-0", "2-0", "3-0", "4-0"]
    assert written(log, 0, 2 * PERIOD_S) == [1]
    assert written(log, 0, 9 * PERIOD_S) == []

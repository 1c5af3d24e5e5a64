"""A Redis that is restarted, comes back empty or older, or counts its ids otherwise, while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.short_run import play_short

pytestmark = pytest.mark.system


def test_a_restart_that_loses_nothing_is_no_other_epoch(tmp_path: Path) -> None:
    """Unless another server leads afterwards, which the run knows of."""
    play_short("Redis restarted", tmp_path)


@pytest.mark.parametrize("name", ["Redis emptied", "Redis older"])
def test_lost_history_is_told(name: str, tmp_path: Path) -> None:
    outcome = play_short(name, tmp_path)
    assert len(outcome.history.epochs) > outcome.faults.total() / 2


def test_ids_that_count_microseconds_break_no_promise(tmp_path: Path) -> None:
    play_short("ids in microseconds", tmp_path)

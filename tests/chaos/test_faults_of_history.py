"""Keys that are deleted or evicted, a history that is replaced, a clock that is moved, while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.moved_clock import why_no_clock
from chaos.short_run import play_short
from processes import do_without

pytestmark = pytest.mark.system


def test_deleted_keys_are_told_or_made_anew(tmp_path: Path) -> None:
    play_short("keys deleted", tmp_path)


def test_evicted_keys_are_made_anew(tmp_path: Path) -> None:
    play_short("keys evicted", tmp_path)


def test_a_history_that_is_replaced_or_written_to_is_another_epoch(tmp_path: Path) -> None:
    assert len(play_short("history replaced", tmp_path).history.epochs) > 3


def test_a_clock_of_redis_that_is_moved_keeps_nobody_from_leading(tmp_path: Path) -> None:
    if why := why_no_clock():
        do_without("libfaketime", why)
    play_short("clock of Redis moved", tmp_path)

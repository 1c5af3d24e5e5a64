"""A Redis that is killed, frozen, full, busy, emptied, comes back older, or fails over, while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.moved_clock import why_no_clock
from chaos.short_run import play_short
from faults.deployment_support import why_no_cluster, why_no_sentinel
from processes import do_without

pytestmark = pytest.mark.system


def test_a_restart_that_loses_nothing_is_no_other_epoch(tmp_path: Path) -> None:
    assert len(play_short("Redis restarted", tmp_path).history.epochs) == 1


@pytest.mark.parametrize("name", ["Redis emptied", "Redis older"])
def test_lost_history_is_told(name: str, tmp_path: Path) -> None:
    outcome = play_short(name, tmp_path)
    assert len(outcome.history.epochs) > outcome.faults.total() / 2


def test_a_redis_that_is_slow_full_or_busy_breaks_no_promise(tmp_path: Path) -> None:
    assert len(play_short("Redis in trouble", tmp_path).history.epochs) == 1


def test_deleted_keys_are_told_or_made_anew(tmp_path: Path) -> None:
    play_short("keys deleted", tmp_path)


def test_evicted_keys_are_made_anew(tmp_path: Path) -> None:
    play_short("keys evicted", tmp_path)


def test_ids_that_count_microseconds_break_no_promise(tmp_path: Path) -> None:
    assert len(play_short("ids in microseconds", tmp_path).history.epochs) == 1


def test_a_history_that_is_replaced_or_written_to_is_another_epoch(tmp_path: Path) -> None:
    assert len(play_short("history replaced", tmp_path).history.epochs) > 3


def test_a_clock_of_redis_that_is_moved_keeps_nobody_from_leading(tmp_path: Path) -> None:
    if why := why_no_clock():
        do_without("libfaketime", why)
    play_short("clock of Redis moved", tmp_path)


def test_a_failover_that_loses_revisions_is_told(tmp_path: Path) -> None:
    if why := why_no_sentinel():
        pytest.skip(f"this Redis cannot be a sentinel: {why}")
    assert len(play_short("sentinels", tmp_path).history.epochs) > 1


def test_a_cluster_that_loses_a_node_goes_on(tmp_path: Path) -> None:
    if why := why_no_cluster():
        pytest.skip(f"this Redis cannot be a cluster: {why}")
    play_short("cluster", tmp_path)

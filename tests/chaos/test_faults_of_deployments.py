"""A Redis with sentinels, or a cluster of them, that loses its master while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.short_run import play_short
from faults.deployment_support import why_no_cluster, why_no_sentinel

pytestmark = pytest.mark.system


def test_a_failover_that_loses_revisions_is_told(tmp_path: Path) -> None:
    if why := why_no_sentinel():
        pytest.skip(f"this Redis cannot be a sentinel: {why}")
    assert len(play_short("sentinels", tmp_path).history.epochs) > 1


def test_a_cluster_that_loses_a_node_goes_on(tmp_path: Path) -> None:
    if why := why_no_cluster():
        pytest.skip(f"this Redis cannot be a cluster: {why}")
    play_short("cluster", tmp_path)

"""A Redis that is slow, full or busy while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.short_run import play_short

pytestmark = pytest.mark.system


def test_a_redis_that_is_slow_full_or_busy_breaks_no_promise(tmp_path: Path) -> None:
    assert len(play_short("Redis in trouble", tmp_path).history.epochs) == 1

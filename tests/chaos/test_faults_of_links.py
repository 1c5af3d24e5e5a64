"""Links to Redis that break, and subscribers that never read, while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.short_run import play_short

pytestmark = pytest.mark.system


def test_bad_links_to_redis_break_no_promise(tmp_path: Path) -> None:
    play_short("bad links", tmp_path)


def test_subscribers_that_never_read_disturb_nobody(tmp_path: Path) -> None:
    play_short("unread streams", tmp_path)

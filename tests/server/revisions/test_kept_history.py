"""What was said is known again after the file was opened anew, whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from strategic_memory_server.revisions.kept_history import KeptHistory
from strategic_memory_server.revisions.log_state import LogState


def test_the_newest_revision_is_known_by_the_next(tmp_path: Path) -> None:
    first = KeptHistory(tmp_path / "said")
    for epoch, revision in (("aaaa", 99), ("aaaa", 100), ("aaaa", 7), ("bb-b_", 101)):
        first.observe(epoch, revision)
    again = KeptHistory(tmp_path / "said")
    assert (dict(again), again.highest) == ({"bb-b_": 101}, 101)
    assert again.goes_back(LogState("bb-b_", 100, 101))
    assert not again.goes_back(LogState("bb-b_", 101, 101))


@pytest.mark.parametrize("content", [b"", b"aaaa", b"aaaa x\n", b"a b 3\n", b"\xff" * 200, b"aaaa 12"])
def test_a_file_that_says_nothing_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "said").write_bytes(content)
    history = KeptHistory(tmp_path / "said")
    assert (dict(history), history.highest) == ({}, 0)
    history.observe("cccc", 3)
    assert KeptHistory(tmp_path / "said").highest == 3

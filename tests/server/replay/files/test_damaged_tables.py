"""Tables of Arrow that are damaged where only their content shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
import replay_records

from strategic_memory_server.replay.files.errors import ReplayError


def test_a_damaged_column_is_told_with_its_name(tmp_path: Path) -> None:
    arrow, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    columns = {"time": ["2024-01-05"] * 5, "realized_pnl": [0.5] * 5, "strategy": ["carry"] * 5}
    path = tmp_path / "trades.feather"
    feather.write_feather(arrow.table(columns), str(path), compression="uncompressed")
    assert len(replay_records.read([path])) == 5
    whole = path.read_bytes()
    assert whole.count(b"carry" * 5) == 1
    # No text in UTF-8, which is checked for before anything else is made of the column.
    path.write_bytes(whole.replace(b"carry" * 5, b"c\xff\xffry" * 5))
    with pytest.raises(ReplayError, match="column 'strategy' is damaged"):
        replay_records.read([path])

"""JSON as pandas writes a frame or a series, whatever names its rows have."""

from __future__ import annotations

import json
from pathlib import Path

import replay_records

TRADES = {"ts_opened": "2025-01-06", "ts_closed": "2025-01-07", "realized_pnl": "1.50 USDT", "realized_return": 0.1}
POSITIONS = {f"BTCUSDT-{number}": {**TRADES, "avg_px_open": 1.0, "avg_px_close": 2.0} for number in range(3)}
BY_COLUMN = {name: {row: cells[name] for row, cells in POSITIONS.items()} for name in POSITIONS["BTCUSDT-0"]}


def test_rows_with_names_are_read_by_row_and_by_column(tmp_path: Path) -> None:
    for document in (POSITIONS, BY_COLUMN):
        (tmp_path / "positions.json").write_text(json.dumps(document))
        record = replay_records.read([tmp_path / "positions.json"])
        assert record.entries.pnl.tolist() == [1.5] * 3


def test_a_series_by_its_dates_is_one_of_returns(tmp_path: Path) -> None:
    (tmp_path / "returns.json").write_text(json.dumps({"1736121600000": None, "1736208000000": 0.5}))
    record = replay_records.read([tmp_path / "returns.json"])
    assert (record.entries.pnl.tolist(), record.entries.time_ms.tolist()) == ([0.5], [1736208000000])

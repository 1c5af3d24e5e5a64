"""Objects of JSON with other names than the first have: their columns are read, or end the replay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from each_case import each_case
from replay_files import write_json_lines
from replay_records import record_of, refused

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS
from strategic_memory_server.replay.record.entry_columns import Kind


def observations(count: int) -> list[dict[str, object]]:
    return [{"time": 1_700_000_000 + row, "regime": "BULL"} for row in range(count)]


TRADES: list[dict[str, object]] = [{"time": 1_750_000_000, "realized_pnl": 3, "policy": "BALANCED"}] * 2


def written(folder: Path, ending: str, rows: list[dict[str, object]]) -> Path:
    if ending == "jsonl":
        return write_json_lines(folder / "record.jsonl", rows)
    (folder / "record.json").write_text(json.dumps(rows, indent=1))
    return folder / "record.json"


@each_case("ending", ["jsonl", "json"])
def test_columns_of_later_objects_are_read(ending: str, tmp_path: Path) -> None:
    record = record_of(written(tmp_path, ending, observations(300) + TRADES))
    assert (record.by_kind[Kind.REGIME], record.by_kind[Kind.TRADE], refused(record)) == (300, 2, {})
    assert record.entries.policy[-2:].tolist() == [1, 1]
    rows: list[dict[str, object]] = [{**row, "pnl": 1} for row in observations(300)] + [
        {"time": 1_750_000_000, "regime": "BULL", "profit": 3}
    ]
    with pytest.raises(ReplayError, match="has pnl and profit; which one is the result"):
        record_of(written(tmp_path, ending, rows))


def test_a_column_that_comes_too_late_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = written(tmp_path, "jsonl", observations(PAGE_ROWS + 5) + TRADES)
    with pytest.raises(ReplayError, match=f"row {PAGE_ROWS + 6} has 'policy', which none of .*: put a row with all"):
        record_of(path)


def test_rows_with_a_name_that_comes_late_and_holds_nothing_are_read(tmp_path: Path) -> None:
    late: list[dict[str, object]] = [{**row, "policy": None} for row in observations(5)]
    path = written(tmp_path, "jsonl", observations(PAGE_ROWS) + late)
    assert len(record_of(path)) == PAGE_ROWS + 5

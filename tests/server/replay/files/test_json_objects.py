"""JSON as pandas writes a frame or a series, whatever names its rows have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import replay_records
from each_case import each_case

from strategic_memory_server.replay.files.errors import ReplayError

TRADES = {"ts_opened": "2025-01-06", "ts_closed": "2025-01-07", "realized_pnl": "1.50 USDT", "realized_return": 0.1}
POSITIONS = {f"BTCUSDT-{number}": {**TRADES, "avg_px_open": 1.0, "avg_px_close": 2.0} for number in range(3)}
BY_COLUMN = {name: {row: cells[name] for row, cells in POSITIONS.items()} for name in POSITIONS["BTCUSDT-0"]}


def test_rows_with_names_are_read_by_row_and_by_column(tmp_path: Path) -> None:
    for document in (POSITIONS, BY_COLUMN):
        (tmp_path / "positions.json").write_text(json.dumps(document))
        record = replay_records.read([tmp_path / "positions.json"])
        assert record.entries.pnl.tolist() == [1.5] * 3


BY_TIME: dict[str, dict[str, object]] = {
    f"2024-01-{day:02}T09:30:00.000": {"regime": "BULL", "realized_pnl": day} for day in range(1, 10)
}
SPLIT = {
    "columns": ["regime", "realized_pnl"],
    "index": list(BY_TIME),
    "data": [list(row.values()) for row in BY_TIME.values()],
}
ALONE = {**SPLIT, "columns": ["realized_pnl"], "data": [[row["realized_pnl"]] for row in BY_TIME.values()]}


@each_case(
    "frame",
    [(BY_TIME, "(one without a name)"), (SPLIT, "index"), (ALONE, "index")],
)
def test_times_that_name_the_rows_of_a_frame_are_a_column(frame: tuple[dict[str, object], str], tmp_path: Path) -> None:
    document, called = frame
    (tmp_path / "frame.json").write_text(json.dumps(document))
    record = replay_records.read([tmp_path / "frame.json"], {"time": called})
    assert record.entries.pnl.tolist() == list(range(1, 10))
    assert record.entries.time_ms[:2].tolist() == [1_704_101_400_000, 1_704_187_800_000]
    with pytest.raises(ReplayError, match=re.escape(f"Columns found: {called}, ")):
        replay_records.read([tmp_path / "frame.json"])


def test_numbers_that_name_the_rows_of_a_frame_are_none(tmp_path: Path) -> None:
    frame = {"columns": list(RESULTS[0]), "index": list(range(9)), "data": [list(each.values()) for each in RESULTS]}
    (tmp_path / "frame.json").write_text(json.dumps(frame))
    record = replay_records.read([tmp_path / "frame.json"])
    assert (record.entries.pnl.tolist(), record.tables[0].format) == (list(range(1, 10)), "our own columns")


def test_a_series_by_its_dates_is_one_of_returns(tmp_path: Path) -> None:
    (tmp_path / "returns.json").write_text(json.dumps({"1736121600000": None, "1736208000000": 0.5}))
    record = replay_records.read([tmp_path / "returns.json"])
    assert (record.entries.pnl.tolist(), record.entries.time_ms.tolist()) == ([0.5], [1736208000000])


RESULTS = [{"time": f"2024-01-{day:02}", "realized_pnl": day, "regime": "BULL"} for day in range(1, 10)]
BY_NAME = {f"trade {number}": result for number, result in enumerate(RESULTS)}


@each_case("depth", [1, 4, 28])
@each_case("results", [RESULTS, BY_NAME])
def test_results_are_found_however_many_names_lead_to_them(
    results: Sequence[object] | Mapping[str, object], depth: int, tmp_path: Path
) -> None:
    document: object = results
    for number in range(depth):
        document = {"settings": {"a": 1}, f"name {number}": document}
    (tmp_path / "results.json").write_text(json.dumps(document))
    record = replay_records.read([tmp_path / "results.json"])
    assert record.entries.pnl.tolist() == list(range(1, 10))


def test_rows_by_their_numbers_are_no_columns(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(dict(enumerate(RESULTS))))
    record = replay_records.read([tmp_path / "results.json"])
    assert (len(record), record.tables[0].notes) == (9, ())


def test_lists_are_rows_below_the_names_in_the_first(tmp_path: Path) -> None:
    rows = [list(result.values()) for result in RESULTS]
    (tmp_path / "results.json").write_text(json.dumps([list(RESULTS[0]), *rows]))
    assert replay_records.read([tmp_path / "results.json"]).entries.pnl.tolist() == list(range(1, 10))
    (tmp_path / "results.json").write_text(json.dumps(rows))
    with pytest.raises(ReplayError, match="no row names the columns"):
        replay_records.read([tmp_path / "results.json"])


def test_results_by_name_beside_a_list_of_results_are_part_of_the_record(tmp_path: Path) -> None:
    late = [{**result, "time": f"2024-02-{day:02}"} for day, result in enumerate(RESULTS, start=1)]
    (tmp_path / "results.json").write_text(json.dumps({"new": late, "old": {"by id": BY_NAME}}))
    record = replay_records.read([tmp_path / "results.json"])
    assert [table.table for table in record.tables] == ["new", "old, by id"]
    assert len(record) == 18


def test_results_by_name_that_nobody_knows_are_told(tmp_path: Path) -> None:
    others = {"a": {"when": 1}, "b": {"when": 2, "why": "x"}}
    (tmp_path / "results.json").write_text(
        json.dumps({"new": RESULTS, "old": {"by id": others}, "one": {"a": {"b": 1}}})
    )
    record = replay_records.read([tmp_path / "results.json"])
    assert record.tables[0].notes == ("not read: old, by id (2 rows, no column is known as the time)",)

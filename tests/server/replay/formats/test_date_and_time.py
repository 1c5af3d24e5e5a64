"""A date and a time of day in two columns are one time, or refused: a day is no midnight beside a time of day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from each_case import each_case
from replay_records import record_of, refused
from server.replay.written_files import write_workbook

AT_MS = 1_704_447_000_000
HOUR_MS = 3_600_000

TABLES = [
    ("Date,Time,Profit", "2024-01-05,09:30,1", "Date and Time"),
    ("date,time,pnl", "05.01.2024,9:30:00 AM,1", "date and time"),
    ("Date,Time (UTC+2),Profit", "2024-01-05,11:30:00,1", "Date and Time (UTC+2)"),
    ("Exit Date,Exit Time,Profit", "01/05/2024,09:30,1\n01/25/2024,09:30,1", "Exit Date and Exit Time"),
    ("Symbol,TradeDate,TradeTime,FifoPnlRealized", "X,20240105,093000,1", "TradeDate and TradeTime"),
    ("Date,Time,Profit", "45296,0.395833333,1", "Date and Time"),
    ("Date,Time,Profit", "2024-01-05T00:00:00,09:30:00,1", "Date and Time"),
    ("Date,Time,Profit", "2024-01-05,930,1", "Date and Time"),
    # One of the two holds whole times.
    ("date,timestamp,pnl", "2024-01-05,1704447000,1", ""),
    ("Date,Time,Profit", "2024-01-05,2024-01-05 09:30:00,1", ""),
    ("Symbol,TradeDate,TradeTime,FifoPnlRealized", "X,20240105,20240105;093000,1", "TradeDate and TradeTime"),
]


@each_case("table", TABLES)
def test_a_date_and_a_time_of_day_are_one_time(table: tuple[str, str, str], tmp_path: Path) -> None:
    header, row, told = table
    (tmp_path / "record.csv").write_text(f"{header}\n{row}\n")
    record = record_of(tmp_path / "record.csv")
    assert record.entries.time_ms[0] == AT_MS
    assert record.tables[0].notes == ((f"{told} put together",) if told else ())


def test_a_trade_has_both_of_its_times_in_two_columns(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(
        "Entry Date,Entry Time,Exit Date,Exit Time,Profit\n2024-01-04,22:30,2024-01-05,09:30,1\n"
    )
    entries = record_of(tmp_path / "record.csv").entries
    assert (entries.opened_ms.tolist(), entries.time_ms.tolist()) == ([AT_MS - 11 * HOUR_MS], [AT_MS])
    (tmp_path / "record.csv").write_text(
        "Date,Entry Time,Exit Time,Profit\n2024-01-05,08:30,09:30,1\n2024-01-05,23:30,09:30,1\n"
    )
    record = record_of(tmp_path / "record.csv")
    assert (record.entries.opened_ms.tolist(), record.entries.time_ms.tolist()) == ([AT_MS - HOUR_MS], [AT_MS])
    assert refused(record) == {"opened_after_time": (1, ["record.csv:3"])}


def test_a_day_is_no_midnight_where_a_time_of_day_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(
        "Symbol,TradeDate,TradeTime,FifoPnlRealized\nX,20240105,09:30,1\nX,20240105,,1\nX,20240105,late,1\n"
    )
    record = record_of(tmp_path / "record.csv")
    assert record.entries.time_ms.tolist() == [AT_MS]
    assert refused(record) == {"time_not_a_time": (2, ["record.csv:3", "record.csv:4"])}
    assert record.rejected.by_reason["time_not_a_time"].example == "'20240105 without a time'"
    (tmp_path / "record.csv").write_text("Date,Time,pnl\n2024-01-05,09:30,1\n")
    assert record_of(tmp_path / "record.csv", names={"time": "Date"}).entries.time_ms.tolist() == [AT_MS]


def test_dates_and_times_of_a_workbook_are_put_together(tmp_path: Path) -> None:
    day, clock = 45_296, 9.5 / 24
    write_workbook(tmp_path / "record.xlsx", {"Trades": [["Date", "Time", "Profit"], [day, clock, 1.5]]})
    times = record_of(tmp_path / "record.xlsx").entries.time_ms.tolist()
    assert times == [round(datetime(2024, 1, 5, 9, 30, tzinfo=UTC).timestamp() * 1000)]

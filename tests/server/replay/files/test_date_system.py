"""Workbooks that count their days from 1904: a number in one of their columns of times is that day."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from each_case import each_case
from replay_records import record_of
from server.replay.written_files import write_workbook

from strategic_memory_server.replay.files.date_system import counts_from_1904
from strategic_memory_server.replay.files.source import source_of

FROM_1904 = '<workbookPr showObjects="all" date1904="1"/>'
ROWS: list[list[object]] = [["time", "pnl"], [43_834, 1], [43_834.125, 43_834]]
DAY_MS = 86_400_000
JANUARY_5_2024_MS = 1_704_412_800_000


@each_case(
    "settings",
    [FROM_1904, FROM_1904.replace('"1"', "'true'"), "", '<workbookPr date1904="0"/>', '<workbookPr date1904="false"/>'],
)
def test_days_count_from_the_day_that_the_workbook_says(settings: str, tmp_path: Path) -> None:
    write_workbook(tmp_path / "book.xlsx", {"One": ROWS}, settings)
    record = record_of(tmp_path / "book.xlsx")
    is_since_1904 = "1904" in settings and "0" not in settings.partition("1904")[2] and "false" not in settings
    begin_ms = JANUARY_5_2024_MS - (0 if is_since_1904 else 1_462 * DAY_MS)
    assert record.entries.time_ms.tolist() == [begin_ms, begin_ms + DAY_MS // 8]
    assert record.entries.pnl.tolist() == [1, 43_834], "of a column of numbers nothing is moved"
    assert record.tables[0].notes == (("its workbook counts days from 1904",) if is_since_1904 else ())


def test_a_date_and_a_time_of_day_in_two_columns_count_from_it_too(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Date", "Time", "pnl"], [43_834, "03:00", 1], [43_835, "04:30", 2]]
    write_workbook(tmp_path / "book.xlsx", {"One": rows}, FROM_1904)
    hours = [(each - JANUARY_5_2024_MS) / 3_600_000 for each in record_of(tmp_path / "book.xlsx").entries.time_ms]
    assert hours == [3.0, 28.5]


def test_times_that_are_no_days_are_left(tmp_path: Path) -> None:
    first, second = [1_704_412_800, "2024-01-04", 1], [1_704_412_801, "2024-01-05", 2]
    rows: list[list[object]] = [["time", "opened", "pnl"], first, second]
    write_workbook(tmp_path / "book.xlsx", {"One": rows}, FROM_1904)
    record = record_of(tmp_path / "book.xlsx")
    assert record.entries.time_ms.tolist() == [JANUARY_5_2024_MS, JANUARY_5_2024_MS + 1000]
    assert record.tables[0].notes == ()


def zipped(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize("flag", [0, 1])
def test_every_kind_of_workbook_says_it(flag: int, tmp_path: Path) -> None:
    # The first record of the part, and the one of its settings: what it is, how long, and the flags.
    settings = b"\x83\x01\x00" + b"\x99\x01\x0c" + bytes([0x20 | flag]) + b"\0" * 11
    null_date = b'<table:null-date table:date-value="1904-01-01"/>' if flag else b"<table:null-date/>"
    records = b"\xd0\xcf\x11\xe0" + b"\0" * 600 + b"\x22\0\2\0" + bytes([flag, 0]) + b"\x0e\0\2\0\1\0"
    (tmp_path / "book.xls").write_bytes(records)
    for path in (
        zipped(tmp_path / "book.xlsb", "xl/workbook.bin", settings),
        zipped(tmp_path / "book.ods", "content.xml", b"<office:spreadsheet>" + null_date),
        tmp_path / "book.xls",
    ):
        assert counts_from_1904(source_of(path)) == bool(flag), path.name

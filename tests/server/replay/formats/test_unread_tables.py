"""Tables of which nothing is read: told, and refused where they look like more of the record."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path
from typing import TypeAlias

import pytest
from each_case import each_case
from replay_records import record_of
from server.replay.formats.tool_exports import BACKTESTING
from server.replay.written_files import csv_text, write_sqlite, write_workbook

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.record import Record

Sheet: TypeAlias = list[list[object]]

NAMES: list[object] = ["time", "pnl", "note"]


def days(first: int, last: int) -> Sheet:
    return [[f"2024-01-{day:02}", day + 0.5, "x"] for day in range(first, last)]


TRADES: Sheet = [NAMES, *days(1, 5)]
MORE = {
    "time, result, note": "no column is known as a pnl or a regime",
    "when, pnl, note": "no column is known as the time",
    "when, result, remark": "no column is known as the time",
    "time, equity": "no column is known as a pnl or a regime",
}
OTHERS: dict[str, Sheet] = {
    "Settings": [["Key", "Value", "Unit"], ["fee", 0.1, "%"]],
    "Cover": [["Account", 12345, ""], ["Owner", 678, ""]],
    "Prices": [["time", "open", "high", "low", "close"], ["2024-01-05", 1, 3, 0.5, 2]],
    "Nothing": [["time", "result", "note"]],
}


def book(folder: Path, **sheets: Sheet) -> Path:
    write_workbook(folder / "book.xlsx", sheets)
    return folder / "book.xlsx"


def archive(folder: Path, **members: str) -> Path:
    with zipfile.ZipFile(folder / "book.zip", "w") as packed:
        for name, text in members.items():
            packed.writestr(name.replace("_", "."), text)
    return folder / "book.zip"


def notes(record: Record) -> list[str]:
    return [note for table in record.tables for note in table.notes]


@each_case(("head", "why"), list(MORE.items()))
def test_a_table_that_looks_like_more_of_the_record_is_an_error(head: str, why: str, tmp_path: Path) -> None:
    names: list[object] = [*head.split(", ")]
    more = [row[: len(names)] for row in [names, *days(8, 12)]]
    beside = f"(4 rows) is not read, since {why}, and looks like more of"
    for path in (
        book(tmp_path, First=TRADES, Other=more),
        archive(tmp_path, a_csv=text_of(TRADES), b_csv=text_of(more)),
        lists(tmp_path, {"first": TRADES, "other": more}),
    ):
        with pytest.raises(ReplayError, match=rf"{re.escape(beside)} .* its columns are {head}\. Say which .* --map"):
            record_of(path)
    mapped = dict(zip(("time", "realized_pnl"), head.split(", "), strict=False))
    record = record_of(book(tmp_path, First=TRADES, Other=more), names=mapped)
    assert record.entries.pnl.sum() == sum(day + 0.5 for day in (*range(1, 5), *range(8, 12)))


def text_of(sheet: Sheet) -> str:
    return csv_text([str(name) for name in sheet[0]], sheet[1:])


def lists(folder: Path, named: dict[str, Sheet]) -> Path:
    found = {name: [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]] for name, rows in named.items()}
    (folder / "record.json").write_text(json.dumps(found))
    return folder / "record.json"


def test_a_sheet_without_names_that_looks_like_more_of_the_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"Other \(4 rows\) is not read, since no row names its columns"):
        record_of(book(tmp_path, First=TRADES, Other=days(8, 12)))
    with pytest.raises(ReplayError, match=r"book\.xlsx: no row names the columns: a number or a time stands in each"):
        record_of(book(tmp_path, First=[[*NAMES, 12.5], *TRADES[1:]]))


def test_other_tables_are_told(tmp_path: Path) -> None:
    record = record_of(book(tmp_path, First=TRADES, **OTHERS))
    assert len(record) == 4
    (note,) = notes(record)
    assert note == (
        "not read: Settings (1 rows, no column is known as the time), Cover (2 rows, no row names its columns), "
        "Prices (1 rows, no column is known as a pnl or a regime)"
    )
    assert "not read: Settings" in record.tables[0].describe()
    write_sqlite(tmp_path / "bot.sqlite", ("time", "pnl"), [("2024-01-05", 1)])
    assert notes(record_of(tmp_path / "bot.sqlite")) == []


def test_a_table_of_a_tool_with_one_name_changed_is_an_error(tmp_path: Path) -> None:
    rows: Sheet = [[*row] for row in csv.reader(BACKTESTING.splitlines())]
    changed: Sheet = [[name if name != "PnL" else "Result" for name in rows[0]], *rows[1:]]
    with pytest.raises(ReplayError, match=r"Other \(1 rows\) is not read, .* looks like more of First"):
        record_of(book(tmp_path, First=rows, Other=changed))
    record = record_of(book(tmp_path, First=rows, Other=[["Date", "Profit", "note"], *days(1, 5)]))
    assert len(record) == 1
    assert notes(record) == ["not read: Other (4 rows, beside a table of a tool)"]


def test_a_member_that_cannot_be_read_is_told_or_an_error(tmp_path: Path) -> None:
    whole = json.dumps([{"time": "2024-01-05", "pnl": 1}])
    path = archive(tmp_path, a_json=whole, b_json=whole[:-4], c_pdf="%PDF-1.7")
    with pytest.raises(ReplayError, match=r"b\.json\): its JSON is broken: .*; a\.json beside it is read"):
        record_of(path)
    with pytest.raises(ReplayError, match=r"b\.json\): is empty: .*; a\.json beside it is read"):
        record_of(archive(tmp_path, a_json=whole, b_json=""))
    record = record_of(archive(tmp_path, a_json=whole, c_pdf="%PDF-1.7"))
    (note,) = notes(record)
    assert re.fullmatch(r"not read: .*book\.zip \(c\.pdf\): is a PDF: .*", note)


def test_trades_that_are_still_open_by_the_name_of_their_table_are_told(tmp_path: Path) -> None:
    for name in ("Open Positions", "open_trades", "open"):
        record = record_of(book(tmp_path, **{"Closed": TRADES, name: [NAMES, *days(8, 12)]}))
        assert (len(record), notes(record)) == (4, [f"not read: {name} (4 rows, trades still open, by its name)"])
    assert len(record_of(book(tmp_path, Open=TRADES))) == 4

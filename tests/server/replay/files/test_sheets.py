"""Sheets and reports as people keep them: words between rows, cells that stand alone, tables beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest
from each_case import each_case
from replay_records import record_of, refused
from server.replay.written_files import write_workbook

from strategic_memory_server.replay.files.errors import ReplayError

Sheet: TypeAlias = list[list[object]]

NAMES: list[object] = ["time", "pnl", "note"]
EMPTY: list[object] = ["", "", ""]
FIRST: Sheet = [["2024-01-05", 1, "x"], ["2024-01-06", 2, ""]]
SECOND: Sheet = [["2024-01-15", 3, "x"], ["2024-01-16", 4, ""]]


def book(folder: Path, sheet: Sheet) -> Path:
    write_workbook(folder / "book.xlsx", {"One": sheet})
    return folder / "book.xlsx"


@each_case(
    "words",
    [
        [["Week 2", "", ""]],
        [["Week 2", "", "a good one"]],
        [["Subtotal", "see note", ""], EMPTY],
        [["", "moved to another broker", "at last"]],
    ],
)
def test_rows_below_words_are_read(words: Sheet, tmp_path: Path) -> None:
    record = record_of(book(tmp_path, [NAMES, *FIRST, EMPTY, *words, *SECOND]))
    assert (record.entries.pnl.tolist(), refused(record)) == ([1.0, 2.0, 3.0, 4.0], {})


def test_words_that_could_name_the_rows_below_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"the table of Week 2, quite, good \(2 rows\) is not read"):
        record_of(book(tmp_path, [NAMES, *FIRST, EMPTY, ["Week 2", "quite", "good"], *SECOND]))


def test_a_time_or_a_number_alone_is_a_row_and_no_title(tmp_path: Path) -> None:
    sheet: Sheet = [["Report", "", ""], [2024, "", ""], NAMES, *FIRST, ["2024-01-07", "", ""], ["", 9, ""], *SECOND]
    record = record_of(book(tmp_path, sheet))
    assert record.entries.pnl.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert refused(record) == {
        "pnl_missing": (1, ["book.xlsx:6"]),
        "time_missing": (1, ["book.xlsx:7"]),
    }


def test_a_hidden_sheet_that_is_read_is_told(tmp_path: Path) -> None:
    write_workbook(tmp_path / "book.xlsx", {"New": [NAMES, *SECOND], "Old": [NAMES, *FIRST]}, hidden=["Old"])
    record = record_of(tmp_path / "book.xlsx")
    assert [table.notes for table in record.tables] == [(), ("its sheet is hidden in the workbook",)]


def html(*tables: Sheet) -> str:
    rows = ("".join(f"<tr><td>{'</td><td>'.join(map(str, row))}</td></tr>" for row in table) for table in tables)
    return "<html>" + "".join(f"<table>{each}</table>" for each in rows) + "</html>"


def test_tables_of_a_report_are_not_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html([NAMES, *FIRST], [["Day", "Fees", "Kept"], *[[day, 7, 1] for day, *_ in SECOND]]))
    with pytest.raises(ReplayError, match=r"the table of Day, Fees, Kept \(2 rows\) is not read"):
        record_of(path)
    path.write_text(html([["Key", "Value"], ["fee", 1]], [NAMES, *FIRST], SECOND))
    record = record_of(path)
    assert record.entries.pnl.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert record.tables[0].notes == ("not read: the table of Key, Value (1 rows, no column is known as the time)",)

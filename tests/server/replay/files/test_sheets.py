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


SPANNED = [
    ("<tr><td rowspan=2>{0}<td>A<td>1<td>9<tr><td>B<td>2<td>9", [1.0, 2.0]),
    ("<tr><td>{0}<td rowspan=2>A<td>1<td>9<tr><td>{1}<td>2<td>9", [1.0, 2.0]),
    ("<tr><td>{0}<td>A<td>1<td rowspan=3>9<tr><td>{1}<td>B<td>2<tr><td>{1}<td>C<td>3", [1.0, 2.0, 3.0]),
    ("<tr><td>{0}<td>A<td>1<td>9<tr><td colspan=2>{1}<td>2<td>9", [1.0, 2.0]),
    ("<tr><td>{0}<td class=hidden><h3>x</h3></td><td><h4>A</h4><td>1<td>9<tr><td>{1}<td>B<td>2<td>9", [1.0, 2.0]),
    ("<tr><td>{0}<td>A<td>1<td>9<tr><td colspan=x rowspan=0>{1}<td>B<td>2<td>9", [1.0, 2.0]),
    ("<tr><td rowspan=2>{0}<td rowspan=2>A<td rowspan=2>1<td>9</tr><tr></tr><tr><td>{1}<td>B<td>2<td>9", [1.0, 2.0]),
    ("<tr><td rowspan=2>{0}<td>A<td>1<td>9<tr><td class=hidden>x<tr><td>{1}<td>B<td>2<td>9", [1.0, 2.0]),
]


@each_case("spanned", SPANNED)
def test_cells_that_go_over_rows_and_columns_move_no_others(spanned: tuple[str, list[float]], tmp_path: Path) -> None:
    body, pnl = spanned
    names = "<tr><th rowspan=2>closed at<th rowspan=2>symbol<th colspan=2>in USD<tr><th>profit<th>fee"
    rows = body.format("2024-01-05<br>09:30", "2024-01-06 09:30")
    (tmp_path / "report.html").write_text(f"<html><table>{names}{rows}</table></html>")
    record = record_of(tmp_path / "report.html")
    assert record.entries.pnl.tolist() == pnl
    assert record.first_time_ms == 1_704_447_000_000


def test_tables_of_a_page_are_called_as_their_headings_say(tmp_path: Path) -> None:
    names, closed, still_open = ([NAMES], FIRST, SECOND)
    first, second = (
        html([*names, *rows]).removeprefix("<html>").removesuffix("</html>") for rows in (closed, still_open)
    )
    captioned = second.replace("<table>", "<table><caption>Open <b>trades</b></caption>")
    for page in (f"<h2>Closed</h2>{first}<h2>Open<br>positions</h2>{second}", first + captioned):
        (tmp_path / "report.html").write_text(f"<html><h1>Account 7</h1>{page}</html>")
        record = record_of(tmp_path / "report.html")
        assert record.entries.pnl.tolist() == [1.0, 2.0]
        assert "(2 rows, trades still open, by its name)" in record.tables[0].notes[-1]


def test_a_result_that_goes_over_several_rows_counts_once(tmp_path: Path) -> None:
    names = "<tr><th>closed at<th>fill<th>net profit"
    rows = "".join(
        f"<tr><td rowspan=3>2024-01-{day:02} 09:30<td>entry<td rowspan=3>{profit}<tr><td>part<tr><td>exit"
        for day, profit in ((5, "$1"), (6, "$ -2.50"), (7, "$ 3"))
    )
    (tmp_path / "report.html").write_text(f"<html><table>{names}{rows}</table></html>")
    assert record_of(tmp_path / "report.html").entries.pnl.tolist() == [1.0, -2.5, 3.0]


def test_a_heading_that_is_a_date_is_no_row_of_the_table_below(tmp_path: Path) -> None:
    page = f"<table><tr><td>Account</td></tr></table><h3>2024-01-01</h3>{html([NAMES, *FIRST])}"
    (tmp_path / "report.html").write_text(page)
    assert record_of(tmp_path / "report.html").entries.pnl.tolist() == [1.0, 2.0]


def test_a_cell_that_goes_beyond_its_table_is_no_part_of_the_next(tmp_path: Path) -> None:
    names = "<tr><th>closed at<th>symbol<th>profit"
    closed = f"<table>{names}<tr><td rowspan=9>2024-01-05 09:30<td>A<td>1</table>"
    still_open = f"<h2>Open trades</h2><table>{names}<tr><td>2024-01-06 09:30<td>B<td>77</table>"
    (tmp_path / "report.html").write_text(f"<html>{closed}{still_open}</html>")
    assert record_of(tmp_path / "report.html").entries.pnl.tolist() == [1.0]


@each_case(
    ("rows", "why"),
    [
        ("<T a='1'><pnl>2</pnl></T><T a='1' pnl='2'/>", "1 of 2 elements T hold values as elements"),
        ("<T><time>1</time><pnl>2</pnl></T>", "1 elements T hold values as elements"),
        ("<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Row/></Workbook>", "as Excel 2003 wrote it"),
    ],
)
def test_xml_whose_values_are_elements_says_so(rows: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "trades.xml").write_text(f"<Trades>{rows}</Trades>")
    with pytest.raises(ReplayError, match=why):
        record_of(tmp_path / "trades.xml")


def test_parts_of_xml_that_hold_no_values_are_none(tmp_path: Path) -> None:
    rows = "<S a='1'><T time='2024-01-05' pnl='2'/></S><S a='2'/><S a='3'><Trades/></S>"
    (tmp_path / "trades.xml").write_text(f"<Trades>{rows}</Trades>")
    assert record_of(tmp_path / "trades.xml").entries.pnl.tolist() == [2.0]


def test_a_row_of_xml_that_holds_elements_is_refused(tmp_path: Path) -> None:
    rows = "<T time='2024-01-05' pnl='1'/><T time='2024-01-06' pnl='2'><Leg a='1'/></T><T time='2024-01-07' pnl='3'/>"
    (tmp_path / "trades.xml").write_text(f"<Trades>{rows}</Trades>")
    record = record_of(tmp_path / "trades.xml")
    assert record.entries.pnl.tolist() == [1.0, 3.0]
    assert record.rejected.describe().startswith("holds_elements: 1 (trades.xml:2; rows are elements with attributes")

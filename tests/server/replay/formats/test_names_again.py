"""Names of columns further down in a table, or below its first rows: nothing is read by the names of other columns."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest
from each_case import each_case
from replay_records import csv_of, record_of, refused
from server.replay.formats.tool_exports import BACKTRADER
from server.replay.written_files import write_sqlite, write_workbook

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS

HEAD = "time,regime,realized_pnl,fees\n"
AGAIN = "lines that name the columns again"


def rows(count: int) -> str:
    return "".join(f"{1_700_000_000 + row},BULL,1,7\n" for row in range(count))


@each_case("count", [3, 300, PAGE_ROWS + 9])
def test_names_that_come_again_are_passed_over_and_told(count: int, tmp_path: Path) -> None:
    text = HEAD + rows(count) + HEAD.upper() + "1800000000,BULL,2,7\n" + HEAD.replace(",", ", ") + "1800000001,,3,7\n"
    record = csv_of(tmp_path, text)
    assert record.entries.pnl.tolist() == [1.0] * count + [2.0, 3.0]
    assert refused(record) == {}
    assert [table.left_out for table in record.tables] == [{AGAIN: 2}]


def test_names_are_seen_behind_the_mark_at_the_start_of_a_file_that_was_joined(tmp_path: Path) -> None:
    record = csv_of(tmp_path, f"\ufeff{HEAD}{rows(3)}\ufeff{HEAD}1800000000,BULL,2,7\n")
    assert (record.entries.pnl.tolist(), refused(record)) == ([1.0, 1.0, 1.0, 2.0], {})
    with pytest.raises(ReplayError, match="line 5 looks like names of columns, others than those above or in another"):
        csv_of(tmp_path, f"\ufeff{HEAD}{rows(3)}\ufeffregime,time,realized_pnl,fees\nBULL,1800000000,2,7\n")


def test_names_that_come_again_in_an_export_of_a_run_are_those_of_the_same_run(tmp_path: Path) -> None:
    head, row = BACKTRADER.splitlines()[:2]
    for between in ("", "\n"):
        record = csv_of(tmp_path, f"{head}\n{row}\n{between}{head}\n{row.replace('-123.5', '7')}\n")
        assert [table.left_out for table in record.tables] == [{AGAIN: 1}]
        assert record.entries.pnl.tolist() == [-123.5, 7.0]
    with pytest.raises(ReplayError, match=r"holds the trades of 2 strategies, .*More"):
        csv_of(tmp_path, f"{head}\n{row}\nMore\n{head}\n{row}\n")


@each_case("count", [3, 300, PAGE_ROWS + 9])
@each_case("head", ["time,regime,fees,realized_pnl", "fees,realized_pnl,regime,time", "Date,Regime,Fees,Profit"])
def test_names_in_another_order_are_an_error_that_names_the_line(head: str, count: int, tmp_path: Path) -> None:
    text = f"{HEAD}{rows(count)}{head}\n1800000000,BULL,7,1\n"
    if head.startswith("time") and count == 3:
        assert csv_of(tmp_path, text).entries.pnl.tolist() == [1.0] * count + [1.0]
        return
    with pytest.raises(
        ReplayError, match=rf"record\.csv: line {count + 2} looks like names of columns, .*: {head[:4]}"
    ):
        csv_of(tmp_path, text)


@each_case("above", ["", "\n", ",,,\n", "Open positions\n"])
def test_words_that_nobody_knows_are_names_where_no_other_row_has_them(above: str, tmp_path: Path) -> None:
    text = HEAD + rows(300) + above + "when,state,unrealized,costs\n"
    line = text.count("\n")
    with pytest.raises(ReplayError, match=rf"line {line} looks like names of columns, .*: when, state, unrealized"):
        csv_of(tmp_path, text + "1800000000,BULL,7,1\n")
    # Below it is no row.
    assert len(csv_of(tmp_path, text)) == 300
    # One of its words is that of other rows, which have numbers where it has words all the same.
    with pytest.raises(ReplayError, match=rf"line {line} looks like names of columns, .*: when, BULL, unrealized"):
        csv_of(tmp_path, text.replace("state", "BULL") + "1800000000,BULL,7,1\n")


def test_words_that_come_in_turns_are_names_too(tmp_path: Path) -> None:
    other = "when,state,unrealized,costs\n1800000000,BULL,7,1\n"
    with pytest.raises(ReplayError, match="line 302 looks like names of columns"):
        csv_of(tmp_path, HEAD + rows(300) + other + HEAD + rows(9) + other)
    observed = "time,regime\n" + "".join(f"{1_700_000_000 + row},BULL\n" for row in range(300))
    with pytest.raises(ReplayError, match="line 302 looks like names of columns"):
        csv_of(tmp_path, observed + "when,state\n1800000000,BULL\n" * 2)


def test_the_last_row_of_a_page_may_be_names(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=f"line {PAGE_ROWS + 1} looks like names of columns"):
        csv_of(tmp_path, HEAD + rows(PAGE_ROWS - 1) + "when,BULL,unrealized,costs\n1800000000,BULL,7,1\n")


@each_case("row", ["pending,BULL,1,7", "pending,BULL,,7", "pending,BULL,n/a,7", "pending,BEAR,1,n/a"])
def test_a_row_without_a_time_is_a_bad_row_where_it_has_a_number(row: str, tmp_path: Path) -> None:
    record = csv_of(tmp_path, HEAD + rows(300) + row + "\n1800000000,BULL,1,7\n")
    assert (len(record), list(refused(record).values())) == (301, [(1, ["record.csv:302"])])


def test_rows_of_nothing_are_no_rows(tmp_path: Path) -> None:
    record = csv_of(tmp_path, HEAD + ",,,\n" + rows(3) + ",,,\n" + rows(6)[-60:] + ",,,\n" * 9)
    assert (record.entries.pnl.tolist(), refused(record)) == ([1.0] * 6, {})


def test_rows_that_are_no_results_are_looked_at_too(tmp_path: Path) -> None:
    first, second = "time,realized_pnl,status,fees\n", "time,fees,status,realized_pnl\n"
    with pytest.raises(ReplayError, match="line 252 looks like names of columns"):
        csv_of(tmp_path, first + "2024-01-05,1,closed,7\n" * 250 + second + "2024-01-05,7,closed,1\n")


def test_a_database_and_a_sheet_are_looked_at_too(tmp_path: Path) -> None:
    table = [["2024-01-05", "1", "7"]] * 9 + [["time", "fees", "pnl"], ["2024-01-06", "7", "1"]]
    write_sqlite(tmp_path / "bot.sqlite", ("time", "pnl", "fees"), table)
    write_workbook(tmp_path / "book.xlsx", {"One": [["closed at", "pnl", "fees"], *table]})
    for name, line in (("bot.sqlite", 10), ("book.xlsx", 11)):
        with pytest.raises(ReplayError, match=f"line {line} looks like names of columns"):
            record_of(tmp_path / name)


Sheet: TypeAlias = list[list[object]]

NAMES: list[object] = ["time", "regime", "pnl"]
DATA: Sheet = [["2024-01-05", "BULL", 1], ["2024-01-06", "", 2]]


def written(folder: Path, sheet: Sheet) -> list[Path]:
    """The same rows as CSV and as a workbook."""
    (folder / "record.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in sheet))
    write_workbook(folder / "record.xlsx", {"One": sheet})
    return [folder / "record.csv", folder / "record.xlsx"]


@each_case("above", [DATA[:1], DATA])
@each_case("below", [[], DATA])
def test_rows_above_the_names_are_an_error_that_names_both_lines(below: Sheet, above: Sheet, tmp_path: Path) -> None:
    for path in written(tmp_path, [*above, NAMES, *below]):
        with pytest.raises(ReplayError, match=rf"line 1 looks like .* in line {len(above) + 1}: put the names first"):
            record_of(path)


def test_what_else_stands_above_the_names_is_passed_over(tmp_path: Path) -> None:
    above: Sheet = [["Account", 12345, ""], ["From", "2024-01-01", "2024-02-01"], ["Sum", "", 3]]
    for path in written(tmp_path, [*above, NAMES, *DATA]):
        record = record_of(path)
        assert record.entries.pnl.tolist() == [1.0, 2.0]
        assert record.tables[0].notes == ("3 lines before the column names",)

"""Totals are no results, whether they have a time or not."""

from __future__ import annotations

from pathlib import Path

from each_case import each_case
from replay_records import csv_of, record_of, refused
from server.replay.written_files import write_workbook

HEAD = "time,pnl,symbol\n"
ROWS = "2024-01-05,1,X\n2024-01-06,2,Y\n"


@each_case(
    "total",
    [
        "2024-01-06,3,Total",
        "Total,3,",
        "TOTAL:,3,",
        "Sum,3,",
        ",3,Grand total",
        "2024-01-06,3,Subtotal:",
        "2024-01-06,3,Daily total",
        "2024-01-06,3,X Total",
        "Net total:,3,",
    ],
)
def test_totals_are_left_out_and_told(total: str, tmp_path: Path) -> None:
    text = f"{HEAD}{ROWS}{total}\n2024-01-07,4,Z\n"
    write_workbook(tmp_path / "book.xlsx", {"One": [line.split(",") for line in text.splitlines()]})
    for record in (csv_of(tmp_path, text), record_of(tmp_path / "book.xlsx")):
        assert record.entries.pnl.tolist() == [1.0, 2.0, 4.0]
        assert (record.tables[0].left_out, refused(record)) == ({"totals": 1}, {})


@each_case("total", ["2024-01-07,Total,3,,", "2024-01-07,TOTAL,3,,", "2024-01-07,,3,Total:,", "2024-01-07,,3,,Sum"])
def test_totals_among_names_are_left_out_and_told(total: str, tmp_path: Path) -> None:
    rows = "2024-01-05,BULL,1,BALANCED,a\n2024-01-06,BEAR,2,BALANCED,b\n"
    record = csv_of(tmp_path, f"time,market_regime,realized_pnl,policy,trade_id\n{rows}{total}\n")
    assert (record.entries.pnl.tolist(), record.tables[0].left_out) == ([1.0, 2.0], {"totals": 1})


def test_what_stands_beside_the_rows_of_a_sheet_is_no_total_of_them(tmp_path: Path) -> None:
    rows = [["2024-01-05", 1, "X", "", "Sum"], *(["2024-01-06", 2, "Y", "", ""] for _ in range(4))]
    head = ["time", "pnl", "symbol", "", "Metric"]
    for last, left_out in (([], {}), ([["2024-01-07", 9, "", "", "Total"]], {"totals": 1})):
        write_workbook(tmp_path / "book.xlsx", {"One": [head, *rows, *last]})
        record = record_of(tmp_path / "book.xlsx")
        assert (record.entries.pnl.tolist(), record.tables[0].left_out) == ([1.0, 2.0, 2.0, 2.0, 2.0], left_out)


def test_names_that_read_as_totals_are_none(tmp_path: Path) -> None:
    for text in (ROWS.replace("X", "TOTAL"), ROWS.replace("X", "Total").replace("Y", "Total")):
        assert len(csv_of(tmp_path, HEAD + text)) == 2
    assert len(csv_of(tmp_path, HEAD.replace("symbol", "strategy") + ROWS.replace("X", "total"))) == 2
    assert len(csv_of(tmp_path, HEAD.replace("symbol", "note") + ROWS.replace("X", "closed half of the total"))) == 2


@each_case("name", ["Cierre total", "BTC TOTAL", "Fechamento total:"])
def test_rows_that_are_whole_and_no_sums_are_trades(name: str, tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02},{day % 5 - 1.5},{name if day % 3 == 1 else 'X'}\n" for day in range(1, 13)]
    for text in ("".join(rows), "".join(rows[1:5])):
        record = csv_of(tmp_path, HEAD + text)
        assert (len(record), record.tables[0].left_out) == (text.count("\n"), {})
    record = csv_of(tmp_path, "time,market_regime,realized_pnl\n2024-01-05,bull,1\n2024-01-06,risk total,2\n")
    assert (len(record), record.tables[0].left_out) == (2, {})


def test_a_total_of_each_day_is_one_by_its_sum(tmp_path: Path) -> None:
    days = [f"2024-01-{day:02},{day},X\n2024-01-{day:02},-0.5,Y\n" for day in range(1, 6)]
    text = "".join(f"{rows}2024-01-{day:02},{day - 0.5},Daily total\n" for day, rows in enumerate(days, 1))
    record = csv_of(tmp_path, HEAD + text)
    assert (len(record), record.tables[0].left_out) == (10, {"totals": 5})

"""Files are known by their content: the same rows come out of every kind of file."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from pathlib import Path

import pytest
from each_case import each_case
from server.replay.written_files import KINDS, csv_text, write_workbook

from strategic_memory_server.replay.files.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.files.file_contents import tables_of

HEADER = ("time", "regime", "pnl")
ROWS = [("2024-01-05", "BULL", 0.5), ("2024-01-06", "Bär", -1.25), ("2024-01-07", "RANGE", 2)]


def rows_of(path: Path) -> list[tuple[str, ...]]:
    """The rows of the table with our columns, as text."""
    (table,) = [each for each in tables_of(path) if set(HEADER) <= set(each.columns)]
    return [
        tuple(f"{cell:g}" if isinstance(cell, int | float) else str(cell) for cell in row)
        for _ in range(2)  # A table is read as often as needed.
        for page in table.pages()
        for row in zip(*(page.columns[name] for name in HEADER), strict=True)
    ]


@each_case("kind", list(KINDS))
def test_the_same_rows_come_out_of_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    KINDS[kind](path, HEADER, ROWS)
    assert (
        rows_of(path)
        == [tuple(f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row) for row in ROWS] * 2
    )


def test_what_is_packed_more_than_once_is_read(tmp_path: Path) -> None:
    packed = gzip.compress(gzip.compress(csv_text(HEADER, ROWS).encode()))
    (tmp_path / "rows.csv.gz").write_bytes(packed)
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("rows.csv.gz", packed)
    (tmp_path / "rows.csv").write_text(csv_text(HEADER, ROWS))
    assert rows_of(tmp_path / "rows.csv.gz") == rows_of(tmp_path / "rows.zip") == rows_of(tmp_path / "rows.csv")


@each_case("ending", ["\u2028", "\u2029", "\x85", "\x1e"])
def test_a_text_may_hold_what_python_takes_for_the_end_of_a_line(ending: str, tmp_path: Path) -> None:
    noted = [{"note": f"a{ending}b", **dict(zip(HEADER, row, strict=True))} for row in ROWS]
    (tmp_path / "rows.json").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in noted))
    (tmp_path / "rows.csv").write_text(csv_text(("note", *HEADER), [tuple(row.values()) for row in noted]))
    (tmp_path / "named.csv").write_text(csv_text((f"a{ending}2024,b", *HEADER), [tuple(row.values()) for row in noted]))
    for name in ("rows.json", "rows.csv", "named.csv"):
        assert rows_of(tmp_path / name)[2] == ("2024-01-07", "RANGE", "2")


PREAMBLE = 'Account report\n"Name, first";x\n\n'


@each_case(
    "text",
    [
        csv_text(HEADER, ROWS),
        PREAMBLE + csv_text(HEADER, ROWS),
        PREAMBLE.replace("\n", "\r\n") + csv_text(HEADER, ROWS).replace("\n", "\r\n"),
        csv_text(HEADER, ROWS).replace("pnl", '"p\nn\nl"'),
        csv_text(("Entry_SMA(C;10)", *HEADER), [("a;b,c", *row) for row in ROWS], ";"),
        "trades,trades,trades\n" + csv_text(HEADER, ROWS),
        "sep=,\n# " + csv_text(HEADER, ROWS),
        csv_text(HEADER, ROWS).replace("\n", ",\n").replace("pnl,", "pnl"),
        csv_text((*HEADER, "Cur.", "Cur."), [(*row, "x", "y") for row in ROWS]),
    ],
)
def test_the_line_that_names_the_columns_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(text.replace('"p\nn\nl"', '"pnl\n"'), newline="")
    assert rows_of(tmp_path / "record.csv")[2] == ("2024-01-07", "RANGE", "2")
    (table,) = tables_of(tmp_path / "record.csv")
    assert table.notes == {
        "Acc": ("2 lines before the column names",),
        "sep": ("1 lines before the column names",),
        "tra": ("1 lines before the column names",),
    }.get(text[:3], ())
    (page,) = table.pages()
    assert list(page.lines)[-1] == len(text.splitlines()) - (1 if '"p\n' in text else 0)


@each_case(
    ("header", "rows", "delimiter"),
    [
        ("a;b;c", ["1,5;2,5;3,5"] * 4, ";"),
        ("a;b;c", ["2024-01-05 10:00;x;-1,5"] * 4, ";"),
        ("a,b", ["x|y,1", "x|y|z,2"] * 9, ","),
        ("a\tb", ["1,5\tx;y"] * 2, "\t"),
        ("a,b,c", ["1,2", "1,2,3,4", "1,2,3"], ","),
    ],
)
def test_what_stands_between_fields_is_told_by_all_first_lines(
    header: str, rows: list[str], delimiter: str, tmp_path: Path
) -> None:
    (tmp_path / "record.csv").write_text("\n".join([header, *rows]))
    assert tables_of(tmp_path / "record.csv")[0].columns == tuple(header.split(delimiter))


def test_a_name_that_comes_twice_is_a_column_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("a, a ,b,a\n1,2,3,4\n")
    (table,) = tables_of(tmp_path / "record.csv")
    (page,) = table.pages()
    assert {name: list(cells) for name, cells in page.columns.items()} == {
        "a": ["1"], "a (2)": ["2"], "b": ["3"], "a (3)": ["4"]
    }  # fmt: skip


def test_a_sheet_holds_several_tables_one_below_the_other(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Report"], ["Positions"], ["Time", "Profit"], ["2024.01.05", 1.5], ["2024.01.06", 2],
        ["Deals"], ["Time", "Deal", "Direction"], ["2024.01.05", 7, "out"], ["", "", ""],
    ]  # fmt: skip
    write_workbook(tmp_path / "report.xlsx", {"Sheet": rows})
    positions, deals = tables_of(tmp_path / "report.xlsx")
    assert positions.notes == ("2 lines before the column names",)
    assert (positions.path, positions.columns) == (("Positions",), ("Time", "Profit"))
    assert (deals.path, deals.columns) == (("Deals",), ("Time", "Deal", "Direction"))
    assert [list(page.columns["Profit"]) for page in positions.pages()] == [[1.5, 2]]
    assert [page.lines for page in deals.pages()] == [[8]]


def test_a_row_of_words_is_a_bad_row_and_no_header(tmp_path: Path) -> None:
    rows = ["2024-01-05,BULL,1", "unknown,BULL,none", "2024-01-06,BULL,2", "", "2024-01-07,BULL,3"]
    (tmp_path / "record.csv").write_text("\n".join(["time,regime,pnl", *rows]))
    write_workbook(tmp_path / "record.xlsx", {"Sheet": [line.split(",") for line in ["time,regime,pnl", *rows]]})
    for name in ("record.csv", "record.xlsx"):
        (table,) = tables_of(tmp_path / name)
        assert [cell for page in table.pages() for cell in page.columns["pnl"]] == ["1", "none", "2", "3"]


def test_a_csv_file_may_hold_several_tables(tmp_path: Path) -> None:
    text = (
        "id,time,pnl\n1,2024-01-05,1,234\n2,2024-01-05\nid,time,fee,pnl\n2,2024-01-06,0,2\n\ncash,end\n5,2024-01-07\n"
    )
    (tmp_path / "record.csv").write_text(text)
    assert [table.columns for table in tables_of(tmp_path / "record.csv")] == [
        ("id", "time", "pnl"), ("id", "time", "fee", "pnl"), ("cash", "end")
    ]  # fmt: skip
    (page,) = tables_of(tmp_path / "record.csv")[0].pages()
    assert (page.lines, page.broken) == ([], [(3, "too_few_fields"), (2, "too_many_fields")])


def test_a_statement_has_a_table_for_each_section_and_header(tmp_path: Path) -> None:
    text = (
        "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Activity\n"
        "Trades,Header,Symbol,Realized P/L\nTrades,Data,X,1\nTrades,SubTotal,X,1\n"
        'Trades,Header,Symbol,Date/Time,Realized P/L\nTrades,Data,EUR,"2024-01-05, 10:00:00",2\n'
    )  # fmt: skip
    (tmp_path / "statement.csv").write_text(text)
    statement, stocks, forex = tables_of(tmp_path / "statement.csv")
    assert (statement.path, stocks.path, forex.path) == (("Statement",), ("Trades",), ("Trades (2)",))
    assert [list(page.columns["Realized P/L"]) for page in stocks.pages()] == [["1"]]
    assert [list(page.columns["Date/Time"]) for page in forex.pages()] == [["2024-01-05, 10:00:00"]]
    (tmp_path / "statement.csv").write_text(text.replace("Trades,Header,Symbol,Realized P/L\n", ""))
    with pytest.raises(ReplayError, match=r"statement\.csv: line 3 looks like a row .* named in line 5: put the names"):
        tables_of(tmp_path / "statement.csv")


@each_case(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 x", "is a PDF: export"),
        (b"\x80\x04\x95", "is a pickle, which can run any program"),
        (b"\x00\x01\x02\x03", r"is no text .* CSV, JSON lines"),
        (b"PAR1 and no more", "is no Parquet file"),
        (b"ARROW1 and no more", "is no feather file"),
        (b"SQLite format 3\0 and no more", "is no SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more", "is no workbook"),
        (b"PK\x03\x04 and no more", r"is no \.zip"),
        (b'A,Header,x,y\nA,Data,1,"' + b"2" * 200_000 + b'"\n', "a line is no CSV"),
        (gzip.compress(b"time,pnl\n" * 999)[:-20], r"is no \.gz"),
        (b"{} {}", "its JSON is broken: .* comes after its end"),
        (b'{"trades": [{"a": 1}', "its JSON is broken: it ends too soon"),
        (b"<Flex><Trade a='1'></Flex>", "its XML is broken"),
    ],
)
def test_what_cannot_be_read_says_what_it_is(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_bytes(content)
    with pytest.raises(ReplayError, match=rf"record\.csv: {says}"):
        [list(table.pages()) for table in tables_of(tmp_path / "record.csv")]


def test_an_archive_that_is_encrypted_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "record.zip", "w") as archive:
        archive.writestr("record.json", json.dumps([{"time": 1}]))
    held = bytearray((tmp_path / "record.zip").read_bytes())
    held[held.index(b"PK\x01\x02") + 8] |= 1  # The flag in the archive's list of members.
    (tmp_path / "record.zip").write_bytes(held)
    with pytest.raises(ReplayError, match=r"record\.json: is encrypted: unpack it with its password"):
        tables_of(tmp_path / "record.zip")


def test_a_workbook_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_workbook(tmp_path / "record.xlsx", {"Sheet": [["time", "pnl"], [1_700_000_000, 1]]})
    assert len(tables_of(tmp_path / "record.xlsx")) == 1
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(NotInstalledError, match=r"python-calamine, .* pip install 'strategic-memory\[replay\]'"):
        tables_of(tmp_path / "record.xlsx")

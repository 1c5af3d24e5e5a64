"""Reading records: every row and file that cannot be used is counted, or ends it, with the reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import replay_records
from each_case import each_case
from replay_records import csv_of, refused
from replay_records import record_of as read

from strategic_memory_server.replay.files.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS
from strategic_memory_server.replay.formats.column_map import ColumnMap, parse_map
from strategic_memory_server.replay.record import few_enough, record_reading


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "record.parquet").write_bytes(b"PAR1")
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotInstalledError, match=r"pip install 'strategic-memory\[replay\]'"):
        read(tmp_path / "record.parquet")


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "record.parquet").write_bytes(b"PAR1not at all")
    with pytest.raises(ReplayError, match="is no Parquet file"):
        read(tmp_path / "record.parquet")


def test_too_many_refused_rows_are_an_error_that_says_how_many_and_why(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl\n" + "1,1\n" * 95 + "1,-1R\x1b\n" * 5)
    with pytest.raises(
        ReplayError, match=r"5 of 100 rows \(5.0%\) .*pnl_not_a_number: 5 .*; '-1R\\x1b'\).*--accept-refused 0.06"
    ):
        record_reading.read_record(
            [tmp_path / "record.csv"], ColumnMap(), None, replay_records.silent, accept_refused=0.04
        )
    assert (
        len(
            record_reading.read_record(
                [tmp_path / "record.csv"], ColumnMap(), None, replay_records.silent, accept_refused=0.05
            )
        )
        == 95
    )


@pytest.mark.parametrize(
    ("cell", "reads_as"),
    [("17", "1970-01-01 00:00:17"), ("2611-05-21", "2611-05-21"), ("1601-01-01 00:00:01", "1601-01-01 00:00:01")],
)
def test_a_time_that_nobody_means_is_an_error_that_says_what_it_would_be(
    cell: str, reads_as: str, tmp_path: Path
) -> None:
    (tmp_path / "record.csv").write_text(f"time,pnl\n2024-01-05,1\n{cell},2\n")
    within = (631_152_000_000, 1_800_000_000_000)
    with pytest.raises(ReplayError, match=f"1 rows have a time in time before 1990 .* would read as {reads_as}"):
        record_reading.read_record(
            [tmp_path / "record.csv"], ColumnMap(), None, replay_records.silent, within_ms=within
        )


@pytest.mark.parametrize("content", ["[]", "{}", '{"strategy": {"One": {"trades": []}}}'])
def test_json_that_is_no_export_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "backtest.json").write_text(content)
    with pytest.raises(ReplayError, match="freqtrade backtest export"):
        read(tmp_path / "backtest.json")


MALFORMED = [
    ("", "time_missing"),
    ("soon", "time_not_a_time"),
    ("nan", "time_missing"),
    ("1e300", "time_not_a_time"),
    ("1.70445E+12", "time_has_lost_its_digits"),
    ("999999999999999999999999", "time_out_of_range"),
]


@pytest.mark.parametrize(("cell", "reason"), MALFORMED)
def test_a_malformed_time_is_counted(cell: str, reason: str, tmp_path: Path) -> None:
    assert refused(csv_of(tmp_path, f"time,pnl\n{cell},1\n5,1\n")) == {reason: (1, ["record.csv:2"])}


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e400", "1_0", "0x1", "one", "1e16", "\udcff"])
def test_a_malformed_number_is_counted(cell: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(f"time,pnl\n1,1\n2,{cell}\n3,2\n", errors="surrogateescape")
    record = read(tmp_path / "record.csv")
    assert record.entries.pnl.tolist() == [1.0, 2.0]
    ((reason, counted),) = refused(record).items()
    assert reason.startswith("pnl_")
    assert counted == (1, ["record.csv:3"])


def test_each_malformed_row_is_counted_once_with_its_line(tmp_path: Path) -> None:
    text = "time,kind,regime,pnl,policy\n"
    rows = [
        "1,regime,BULL,1,", "2,trade,BULL,,", "3,regime,,1,", "4,what,BULL,1,", "5,trade,BULL",
        "6,trade,BULL,1,BALANCED,x", f"7,trade,{'x' * 65},1,", "8,trade,B\x07L,1,", "9,trade,BULL,x,", "",
        "10,trade,bull ,1,HODL",
    ]  # fmt: skip
    record = csv_of(tmp_path, text + "\n".join(rows) + "\n")
    assert refused(record) == {
        "pnl_missing": (1, ["record.csv:3"]),
        "regime_missing": (1, ["record.csv:4"]),
        "kind_unknown": (1, ["record.csv:5"]),
        "too_few_fields": (1, ["record.csv:6"]),
        "too_many_fields": (1, ["record.csv:7"]),
        "regime_too_long": (1, ["record.csv:8"]),
        "regime_not_printable": (1, ["record.csv:9"]),
        "pnl_not_a_number": (1, ["record.csv:10"]),
    }
    assert len(record) == 2
    assert record.regime_names[record.entries.regime[1]] == "BULL"
    assert record.notes == {"policy_unrecognised": 1}
    assert "Friday, 05/17/2024, needs quotes" in record.rejected.by_reason["too_many_fields"].example


def test_only_the_first_lines_are_named(tmp_path: Path) -> None:
    rows = PAGE_ROWS + 50
    record = csv_of(tmp_path, "time,pnl\n" + "x,1\n" * rows + "1,1\n")
    assert refused(record) == {"time_not_a_time": (rows, [f"record.csv:{line}" for line in range(2, 7)])}


def test_lines_that_are_no_json_object_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text('{"time": 1, "pnl": 1}\n\n[1]\n{"time": 2\n{"time": 3, "pnl": true}\n{"time": 4, "pnl": NaN}\n')
    assert refused(read(path)) == {
        "not_an_object": (1, ["record.jsonl:3"]),
        "not_json": (1, ["record.jsonl:4"]),
        "pnl_not_a_number": (1, ["record.jsonl:5"]),
        "pnl_missing": (1, ["record.jsonl:6"]),
    }


def test_an_object_that_gives_a_name_twice_is_refused(tmp_path: Path) -> None:
    objects = ['{"time": 1, "pnl": 1}', '{"time": 2, "pnl": 99, "pnl": 2}', '{"time": 3, "pnl": 3}']
    (tmp_path / "record.jsonl").write_text("\n".join(objects) + "\n")
    record = read(tmp_path / "record.jsonl")
    assert record.entries.pnl.tolist() == [1.0, 3.0]
    assert refused(record) == {"name_given_twice": (1, ["record.jsonl:2"])}
    whole = "[" + ",".join(objects) + "]"
    for document in (whole, f'{{"strategy": {{"One": {{"trades": {whole}}}}}}}', f'{{"0": {objects[1]}}}'):
        (tmp_path / "record.json").write_text(document)
        with pytest.raises(ReplayError, match="one object gives 'pnl' twice"):
            read(tmp_path / "record.json")


def test_a_document_that_gives_a_list_of_trades_twice_is_refused(tmp_path: Path) -> None:
    trades = '[{"time": %d, "realized_pnl": 1}]'
    for name, value in (("trades", trades), ("2024", f'{{"trades": {trades}}}')):
        (tmp_path / "record.json").write_text(f'{{"{name}": {value % 1}, "{name}": {value % 2}}}')
        with pytest.raises(ReplayError, match=rf"record\.json: its JSON is broken: one object gives '{name}' twice"):
            read(tmp_path / "record.json")


def test_rows_of_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [tmp_path / folder / "record.csv" for folder in ("one", "other")]
    for file in files:
        file.parent.mkdir()
        file.write_text("time,pnl\n1,1\n2,x\n")
    assert refused(read(*files)) == {"pnl_not_a_number": (2, [f"{file}:3" for file in files])}


@pytest.mark.parametrize("text", ["pnl", "pnl=", "=profit", "profit=pnl"])
def test_a_wrong_map_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ReplayError, match="--map"):
        parse_map([text])


@each_case(
    "texts",
    [["time=a,time=b"], ["time=a", "time=b"], ["one.csv:time=a,time=b"], ["one.csv:time=a", "one.csv:time=b"]],
)
def test_a_map_that_says_two_columns_is_refused(texts: list[str]) -> None:
    with pytest.raises(ReplayError, match="time=b': time is 'a' already; give one of the two"):
        parse_map(texts)
    assert parse_map(["time=a", "time=a,one.csv:time=b"]).of(Path("one.csv")) == {"time": "b"}


@pytest.mark.parametrize("text", ["", "time,pnl\n", "a,b\n1,2\n"])
def test_a_file_without_a_usable_row_says_what_is_needed(text: str, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"name the columns|needed are: time") as error:
        csv_of(tmp_path, text)
    assert "record.csv" in str(error.value)


def test_a_column_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"record\.csv: names pnl more than once"):
        csv_of(tmp_path, "time,pnl,policy,pnl\n1,2,BALANCED,3\n")


def test_a_column_of_ids_is_no_column_of_regimes(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"--map regime="):
        csv_of(tmp_path, "time,regime,pnl\n" + "".join(f"1,R{row},1\n" for row in range(1_100)))


def test_more_rows_than_are_held_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_enough, "MAX_ROWS", 10)
    text = "time,pnl\n" + "".join(f"{row},1\n" for row in range(6))
    for name in ("one.csv", "other.csv"):
        (tmp_path / name).write_text(text)
    assert len(csv_of(tmp_path, text + "x,1\n" * 9 + "7,1\n" * 4)) == 10
    with pytest.raises(ReplayError, match=r"other\.csv: .*more than 10 rows.* take a shorter span of time"):
        read(tmp_path / "one.csv", tmp_path / "other.csv")

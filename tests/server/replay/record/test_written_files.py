"""Files with numbers and times as people write them: what the record holds of them, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import replay_records
from each_case import each_case

from strategic_memory_server.importing.past import read_pasts
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS
from strategic_memory_server.replay.formats.column_map import ColumnMap, parse_map
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record
from strategic_memory_server.replay.record.refused_signs import Signs, is_one_sided
from strategic_memory_server.replay.written.ways import Declared

WITHIN_MS = (631_152_000_000, 1_900_000_000_000)


def read(path: Path, declared: Declared | None = None) -> Record:
    return read_record([path], ColumnMap(), None, replay_records.silent, within_ms=WITHIN_MS, declared=declared)


def file_of(folder: Path, rows: Sequence[Sequence[str]], head: str = "time;opened;realized_pnl") -> Path:
    path = folder / "trades.csv"
    path.write_text("\n".join([head, *(";".join(row) for row in rows)]) + "\n")
    return path


def test_each_column_is_read_in_its_own_way_and_that_is_told(tmp_path: Path) -> None:
    rows = [
        ("05.01.2024 09:30", "1704360600000", "-1.230,50 €"),
        ("13.01.2024 09:30", "1704360600001", "(470) €"),
        ("12.01.2024 09:30", "", "0"),
    ]
    path = file_of(tmp_path, rows)
    record = read(path)
    assert record.entries.pnl.tolist() == [-1230.5, 0.0, -470.0]
    assert [datetime.fromtimestamp(at / 1000, UTC).day for at in record.entries.time_ms.tolist()] == [5, 12, 13]
    assert record.entries.opened_ms.tolist()[::2] == [1_704_360_600_000, 1_704_360_600_001]
    assert record.written == {
        str(path): {
            "time": "dates and times, day first, those without a zone read as UTC "
            "('05.01.2024 09:30' is 2024-01-05 09:30:00 UTC)",
            "opened": "milliseconds since 1970 ('1704360600000' is 2024-01-04 09:30:00 UTC)",
            "realized_pnl": "decimal comma, thousands by dot, in EUR, minuses of other forms "
            "('-1.230,50 €' is -1230.5)",
        }
    }


def test_the_order_of_the_dates_of_a_file_is_one(tmp_path: Path) -> None:
    record = read(file_of(tmp_path, [("02/02/2024", "31/01/2024", "1.5"), ("03/02/2024", "01/02/2024", "2.5")]))
    assert [datetime.fromtimestamp(at / 1000, UTC).month for at in record.entries.time_ms.tolist()] == [2, 2]
    with pytest.raises(ReplayError, match=r"time has the month first and opened has the day first: write"):
        read(file_of(tmp_path, [("02/27/2024", "31/01/2024", "1.5")]))
    # A spreadsheet took all of the one column for its own, and none of the other.
    with pytest.raises(ReplayError, match=r"time and opened: .*'2024-05-06T09:30:00' .* and '31/01/2024' .* two ways"):
        read(file_of(tmp_path, [("2024-05-06T09:30:00", "31/01/2024", "1.5")]))


def test_a_value_beyond_the_first_page_decides(tmp_path: Path) -> None:
    rows = [(str(1_704_447_000_000 + row), "", "1.234") for row in range(PAGE_ROWS)]
    with pytest.raises(ReplayError, match=r"trades\.csv: realized_pnl: '1.234' \(line 2\) is 1234 or 1.234"):
        read(file_of(tmp_path, rows))
    last = (str(1_704_447_000_000 + PAGE_ROWS), "", "7,5")
    assert set(read(file_of(tmp_path, [*rows, last])).entries.pnl.tolist()) == {1234.0, 7.5}
    assert set(read(file_of(tmp_path, rows), Declared(decimal=".")).entries.pnl.tolist()) == {1.234}


def test_what_is_refused_is_called_as_in_the_file_too(tmp_path: Path) -> None:
    path = file_of(tmp_path, [("1704447000", "12", "-1.230")], head="Close Time;bars;Net Profit")
    names = parse_map(["realized_pnl=Net Profit", "opened=bars"])
    with pytest.raises(ReplayError, match=r"realized_pnl \(column 'Net Profit'\): '-1.230' \(line 2\) is"):
        read_record([path], names, None, replay_records.silent)
    decided = Declared(decimal=".")
    with pytest.raises(ReplayError, match=r"a time in opened \(column 'bars'\) before 1990 .* '12' \(line 2\)"):
        read_record([path], names, None, replay_records.silent, within_ms=WITHIN_MS, declared=decided)


def test_each_file_has_its_own_way(tmp_path: Path) -> None:
    paths = []
    for name, cell in (("one", "1.234,5"), ("other", "1,234.5")):
        (tmp_path / name).mkdir()
        paths.append(file_of(tmp_path / name, [("1704447000", "", cell)]))
    record = read_record(paths, ColumnMap(), None, replay_records.silent)
    assert record.entries.pnl.tolist() == [1234.5, 1234.5]
    assert [said["realized_pnl"][:13] for said in record.written.values()] == ["decimal comma", "decimal point"]


def test_how_each_of_several_tables_without_titles_is_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("time;pnl\n2024-01-01;1,5\n2024-01-02;-2,5\n\ntime;pnl;policy\n2025-01-01;1.5;\n2025-01-02;1e-7;\n")
    written = replay_records.read([path], ColumnMap({"realized_pnl": "pnl"})).written
    assert [(called, said.get("realized_pnl", "")[:13]) for called, said in written.items()] == [
        (str(path), "decimal comma"),
        (f"{path}: table 2", ""),
    ]


def test_rows_are_counted_once_however_often_a_file_is_read(tmp_path: Path) -> None:
    head = "time,market_regime,realized_pnl,policy"
    rows = [
        "1704447000,bull,1.5,HODL",
        "1704447001,bear,x\x1b[1m,HODL",
        "1704447002,range,N/A,",
        "1704447003,up,\u22122,",
    ]
    (tmp_path / "trades.csv").write_text("\n".join([head, *rows]) + "\n")
    record = read(tmp_path / "trades.csv")
    assert record.entries.pnl.tolist() == [1.5, -2.0]
    assert record.notes == {"policy_unrecognised": 1}
    assert record.rejected.rows == 2
    assert record.rejected.by_reason["realized_pnl_not_a_number"].example == r"'x\x1b[1m'"
    assert record.rejected.by_reason["pnl_missing"].first_lines == ["trades.csv:4"]


@pytest.mark.parametrize("word", ["NaN", "None", "N/A", "null", "-", "<NA>"])
def test_words_for_nothing_are_no_names(word: str, tmp_path: Path) -> None:
    head = "time,regime,pnl,confidence,policy,strategy,trade_id"
    rows = [f"1704447000,BULL,1,{word},{word},{word},{word}", f"1704447001,{word},2,0.5,{word},{word},{word}"]
    (tmp_path / "mixed.csv").write_text("\n".join([head, *rows]) + "\n")
    record = read(tmp_path / "mixed.csv")
    assert record.entries.kind.tolist() == [0, 1], "no row is a trade"
    assert record.regime_names == ("BULL", "UNKNOWN")
    assert record.strategy_names == ()
    assert record.entries.trade.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (
            ("0", "1", "2"),
            r"trades\.csv: 3 rows have a time in time before 1990 .* '0' \(line 2\), .* Numbers of bars are no times",
        ),
        (("1704447000", "0", "12"), r"2 rows .* '0' \(line 3\), would read as 1970-01-01 00:00:00"),
        (("2024-01-05", "2124-01-05", "2024-01-06"), r"would read as 2124-01-05 .* Is it another column"),
    ],
)
def test_times_that_nobody_means_are_refused_by_replay_and_import(
    times: Sequence[str], why: str, tmp_path: Path
) -> None:
    path = file_of(tmp_path, [(time, "", "1.5") for time in times])
    with pytest.raises(ReplayError, match=why):
        read(path)
    with pytest.raises(ReplayError, match=why):
        read_pasts([path], ColumnMap(), None, replay_records.silent, within_ms=WITHIN_MS)


def test_an_opening_that_nobody_means_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"1 rows have a time in opened .* '1970-01-01' \(line 2\)"):
        read(file_of(tmp_path, [("2024-01-05", "1970-01-01", "1.5")]))


def test_import_refuses_too_many_rows_as_replay_does(tmp_path: Path) -> None:
    path = file_of(tmp_path, [("1704447000", "", "1.5"), ("1704447001", "", "much")])
    with pytest.raises(ReplayError, match=r"1 of 2 rows .* 'much'\).*--accept-refused 0.51"):
        read_pasts([path], ColumnMap(), None, replay_records.silent, accept_refused=0.4)
    assert len(read_pasts([path], ColumnMap(), None, replay_records.silent, accept_refused=0.5).streams[0]) == 1


def test_times_and_numbers_of_a_table_are_what_they_are(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    winter_ns = [1_704_447_000_000_000_999, 1_704_533_400_000_000_000]
    table = arrow.table(
        {
            "time": arrow.array(winter_ns, arrow.timestamp("ns")),
            "opened": arrow.array(winter_ns, arrow.timestamp("ns", tz="America/New_York")),
            "realized_pnl": arrow.array([Decimal("1.234"), Decimal("-2.500")], arrow.decimal128(9, 3)),
        }
    )
    parquet.write_table(table, tmp_path / "trades.parquet")
    record = read(tmp_path / "trades.parquet")
    assert record.entries.pnl.tolist() == [1.234, -2.5]
    assert (
        record.entries.time_ms.tolist() == record.entries.opened_ms.tolist() == [1_704_447_000_000, 1_704_533_400_000]
    )
    assert record.written == {
        str(tmp_path / "trades.parquet"): {
            "time": "ISO 8601, those without a zone read as UTC",
            "opened": "ISO 8601",
        }
    }
    west = Declared(zone=ZoneInfo("America/New_York"))
    assert read(tmp_path / "trades.parquet", west).entries.time_ms.tolist() == [1_704_465_000_000, 1_704_551_400_000]


def test_losses_that_are_refused_more_often_than_gains_are_an_error_however_few(tmp_path: Path) -> None:
    def rows(refused: Sequence[str]) -> Path:
        used = [(str(1_704_447_000 + row), "", f"{1.5 if row % 2 else -1.5}") for row in range(1_200)]
        return file_of(tmp_path, [*used, *((str(1_704_440_000 + row), "", cell) for row, cell in enumerate(refused))])

    def reading(path: Path, accept_refused: float | None) -> Record:
        return read_record([path], ColumnMap(), None, replay_records.silent, accept_refused=accept_refused)

    one_sided = rows(["\u22121.5R"] * 8)
    with pytest.raises(ReplayError, match=r"8 of 1,208 rows \(0.7%\), 8 losses and 0 gains among them, cannot be used"):
        reading(one_sided, None)
    assert len(reading(one_sided, 0.01)) == 1_200, "whoever says how much may be left out means all rows"
    assert len(reading(rows(["-1.5R", "1.5R"] * 4), None)) == 1_200
    with pytest.raises(ReplayError, match=r"0 losses and 9 gains among them"):
        reading(rows(["2R"] * 9), None)


@each_case("losses", range(0, 61, 5))
def test_what_comes_by_chance_is_not_one_sided(losses: int) -> None:
    # Of 60 among many, half of them losses, chance leaves 24 to 36 in nineteen of twenty cases on each side.
    refused, used = Signs(losses, 60 - losses), Signs(50_000, 50_000)
    assert is_one_sided(refused, used) == (not 23 < losses < 37)
    many = Signs(losses * 100, (60 - losses) * 100)
    assert is_one_sided(many, used) == (losses != 30)
    assert not is_one_sided(Signs(losses, 0), Signs(100, 0)), "there are no gains"

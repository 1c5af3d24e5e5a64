"""What the name of a column says of its cells: the zone of times, and that numbers are percent."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import replay_records
from each_case import each_case
from replay_records import record_of
from server.replay.written_files import write_workbook

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record
from strategic_memory_server.replay.written.ways import Declared

AT_MS = 1_704_447_000_000
HOUR_MS = 3_600_000


def read(folder: Path, header: str, row: str, known: Declared | None = None, **names: str) -> Record:
    (folder / "record.csv").write_text(f"{header}\n{row}\n")
    return read_record([folder / "record.csv"], ColumnMap(names), None, replay_records.silent, declared=known)


ZONED = [
    ("Time (UTC+2),pnl", "2024-01-05 11:30,1", "UTC+02:00"),
    ("Close time (GMT+3),pnl", "2024-01-05 12:30:00,1", "UTC+03:00"),
    ("Gmt time,pnl", "2024-01-05 09:30,1", "UTC"),
    ("Date(UTC),pnl", "2024-01-05 09:30,1", "UTC"),
    ("closed_at_utc,pnl", "2024-01-05 09:30,1", "UTC"),
    ("Exit Time [Europe/Berlin],pnl", "2024-01-05 10:30,1", "Europe/Berlin"),
    ("UTC-5 time,pnl", "20240105043000,1", "UTC-05:00"),
    ("Time (UTC+2),pnl", "2024-01-05 11:30+02:00,1", ""),
    ("Time (UTC),pnl", "1704447000,1", ""),
    ("Time,Time (UTC),pnl", "2024-01-05 11:30,2024-01-05 09:30,1", "UTC"),
    ("close_date_utc,close_date,pnl", "2024-01-05 09:30,2024-01-05 11:30,1", "UTC"),
]


@each_case("zoned", ZONED)
def test_times_are_of_the_zone_that_the_name_of_their_column_says(zoned: tuple[str, str, str], tmp_path: Path) -> None:
    header, row, zone = zoned
    record = read(tmp_path, header, row)
    assert record.entries.time_ms.tolist() == [AT_MS]
    ((_, written),) = record.written.items()
    assert zone in written["time"]


def test_each_column_of_times_has_the_zone_of_its_own_name(tmp_path: Path) -> None:
    record = read(tmp_path, "Open time (GMT+3),Close time (GMT+3),Profit", "2024-01-05 11:30,2024-01-05 12:30,1")
    assert (record.entries.time_ms.tolist(), record.entries.opened_ms.tolist()) == ([AT_MS], [AT_MS - HOUR_MS])


CONTRADICTED = [
    ("2024-01-05 11:30", Declared(zone=ZoneInfo("Europe/Berlin")), r"'Time \(UTC\+2\)' says the zone .*--zone Europe"),
    ("2024-01-05 11:30+01:00", None, r"'2024-01-05 11:30\+01:00' .* is not of the zone that the name"),
    ("2024-01-05 11:30Z", None, "is not of the zone that the name"),
    ("1704447000000", None, "counts from 1970 in UTC, and is not of the zone that the name"),
]


@each_case("contradicted", CONTRADICTED)
def test_another_zone_than_that_of_the_name_is_refused(
    contradicted: tuple[str, Declared | None, str], tmp_path: Path
) -> None:
    cell, known, why = contradicted
    with pytest.raises(ReplayError, match=why):
        read(tmp_path, "Time (UTC+2),pnl", f"{cell},1", known)


def test_a_cell_far_down_that_names_another_zone_is_found(tmp_path: Path) -> None:
    rows = "\n".join(f"2024-01-05 11:{minute:02}+02:00,1" for minute in range(60))
    with pytest.raises(ReplayError, match=r"'2024-01-05 11:00\+03:00' \(line 62\)"):
        read(tmp_path, "Time (UTC+2),pnl", f"{rows}\n2024-01-05 11:00+03:00,1")


def test_the_same_zone_by_another_name_is_no_other(tmp_path: Path) -> None:
    for zone in (ZoneInfo("Africa/Johannesburg"), timezone(timedelta(hours=2))):
        record = read(tmp_path, "Time (UTC+2),pnl", "2024-01-05 11:30,1", Declared(zone=zone))
        assert record.entries.time_ms.tolist() == [AT_MS]


def test_a_name_of_any_length_is_looked_at_in_no_time(tmp_path: Path) -> None:
    record = read(tmp_path, f"time,pnl,{'_' * 100_000}", "1704447000,1,x")
    assert record.entries.time_ms.tolist() == [AT_MS]


def test_letters_in_a_name_that_stand_for_several_zones_need_a_word(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"'Time \(EST\)' says EST, .* --zone America/New_York"):
        read(tmp_path, "Time (EST),pnl", "2024-01-05 04:30,1", time="Time (EST)")
    east = Declared(zone=timezone(timedelta(hours=-5)))
    record = read(tmp_path, "Time (EST),pnl", "2024-01-05 04:30,1", east, time="Time (EST)")
    assert record.entries.time_ms.tolist() == [AT_MS]


@each_case("name", ["Profit %", "pnl_pct", "Return [%]", "PNL Percent", "ReturnPct"])
def test_numbers_are_percent_where_the_name_of_their_column_says_so(name: str, tmp_path: Path) -> None:
    for cells in (("1.25", "-0.5"), ("1.25%", "-0.5")):
        record = read(tmp_path, f"time,{name}", f"1,{cells[0]}\n2,{cells[1]}", realized_pnl=name)
        assert record.entries.pnl.tolist() == [0.0125, -0.005]
        ((_, written),) = record.written.items()
        assert written["realized_pnl"].startswith("percent by its name, read as fractions ('1.25")


def test_numbers_of_json_are_percent_by_their_name_too(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('[{"time": 1, "Profit %": 1.25}, {"time": 2, "Profit %": null}]')
    record = record_of(tmp_path / "record.json", names={"pnl": "Profit %"})
    assert record.entries.pnl.tolist() == [0.0125]


def test_names_of_tools_that_say_percent_and_hold_fractions_are_known(tmp_path: Path) -> None:
    header = ",Size,EntryBar,ExitBar,EntryPrice,ExitPrice,PnL,ReturnPct,EntryTime,ExitTime"
    row = "0,1,1,2,10,11,1.0,0.1,2024-01-04,2024-01-05"
    assert read(tmp_path, header, row, realized_pnl="ReturnPct").entries.pnl.tolist() == [0.1]
    assert read(tmp_path, "date,pct_change", "2024-01-05,-0.01").entries.pnl.tolist() == [-0.01]


def test_a_number_of_a_workbook_that_may_be_shown_as_percent_is_refused(tmp_path: Path) -> None:
    for cell in (0.0125, "1.25%"):
        write_workbook(tmp_path / "record.xlsx", {"Trades": [["time", "Profit %"], ["2024-01-05", cell]]})
        if cell == "1.25%":
            assert record_of(tmp_path / "record.xlsx", names={"pnl": "Profit %"}).entries.pnl.tolist() == [0.0125]
        else:
            with pytest.raises(ReplayError, match=r"'Profit %' says percent, .* save the sheet as CSV"):
                record_of(tmp_path / "record.xlsx", names={"pnl": "Profit %"})


def test_a_column_of_zones_that_is_not_read_is_told(tmp_path: Path) -> None:
    header, row = "Date,Timezone,P&L", "2024-01-05 09:30,{},1"
    told = ("column 'Timezone' says EST, and is not read: say --zone",)
    west = Declared(zone=ZoneInfo("America/New_York"))
    for zone, known, notes in (("EST", None, told), ("EST", west, ()), ("UTC", None, ()), ("", None, ())):
        assert read(tmp_path, header, row.format(zone), known).tables[0].notes == notes

"""What is strange about a record is told, though all of it is used."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from each_case import each_case
from replay_records import record_of, silent

from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.record.record_reading import read_record
from strategic_memory_server.replay.written.ways import Declared

HOUR = 3_600


def labels(regimes: str, first: int = 0) -> str:
    names = {"U": "BULL", "E": "BEAR"}
    rows = (f"{1_700_000_000 + HOUR * (first + hour)},regime,{names[each]}\n" for hour, each in enumerate(regimes))
    return "time,kind,regime\n" + "".join(rows)


def trades(count: int, first: int = 0, *, earn: float = 1.0) -> str:
    rows = (f"{1_700_001_000 + HOUR * (first + hour)},{earn + hour}\n" for hour in range(count))
    return "time,realized_pnl\n" + "".join(rows)


def by_policy(*pnl: str) -> str:
    head = "time,market_regime,policy,realized_pnl,pnl_conservative,pnl_balanced,pnl_aggressive\n"
    return head + "".join(f"{1_700_000_000 + row},BULL,BALANCED,{each}\n" for row, each in enumerate(pnl))


def earned(*pnl: float) -> str:
    return "time,market_regime,realized_pnl\n" + "".join(
        f"{1_700_000_000 + row},BULL,{each}\n" for row, each in enumerate(pnl)
    )


@each_case(
    ("files", "noted"),
    [
        ([labels("UUEE"), trades(4)], {}),
        ([labels("UUEE"), labels("UEEU"), trades(4)], {"observed_otherwise": 2, "same_as_before": 2}),
        ([labels("UUEE"), labels("EE", 2), trades(4)], {"same_as_before": 2}),
        ([labels("UUEE"), trades(30)], {"regime_observed_long_before": 7}),
        ([labels("UUEE" * 8), trades(30)], {}),
        ([by_policy("1,0.5,1,2", "-2,-1,-2,-4", "0,0,0,0", "3,,3,", "4,1,,2")], {}),
        ([by_policy("1,0.5,1,2", "-2,-1,2,-4", "3,3000,3000,3000", "1.2,0,1,0")], {"pnl_apart_from_policy": 2}),
        ([earned(*[0.3, -0.2] * 5, 30.1, -40.0)], {"units_mixed": 2}),
        ([earned(*[0.3, -0.2] * 5, 29.0, 0.0, 0.0)], {}),
    ],
)
def test_what_is_strange_is_counted(files: list[str], noted: dict[str, int], tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(len(files))]
    for path, text in zip(paths, files, strict=True):
        path.write_text(text)
    notes = dict(record_of(*paths).notes)
    notes.pop("regime_as_of_close", None)
    assert notes == noted


@each_case(
    ("opened", "closed", "found"),
    [
        # The first two were opened before anything closed on their day; the own day without an hour is refused.
        ("2024-03-{:02} 09:30", "2024-03-{:02}", 8),
        ("2024-03-{:02} 09:30", "2024-03-{:02} 00:00:00", 8),
        ("2024-03-{:02} 09:30", "2024-03-{:02} 16:00", 0),
        ("2024-03-{:02} 00:00", "2024-03-{:02}", 0),
        ("2024-03-{:02}", "2024-03-{:02}", 0),
    ],
)
def test_openings_on_days_at_whose_midnight_others_closed_are_counted(
    opened: str, closed: str, found: int, tmp_path: Path
) -> None:
    rows = "".join(f"{opened.format(day)},{closed.format(day + 2)},{day}\n" for day in range(1, 11))
    path = tmp_path / "trades.csv"
    path.write_text(f"opened,time,realized_pnl\n{rows}")
    for zone in (None, ZoneInfo("America/New_York")):
        record = read_record([path], ColumnMap({}), None, silent, declared=Declared(zone=zone))
        assert record.notes.get("opened_on_days_of_closes", 0) == found


def test_it_is_told_in_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [labels("UUEE"), labels("UEEU"), trades(30), by_policy("3,3000,3000,3000"), earned(*[0.3] * 10, 400_000.0)]
    paths = [tmp_path / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert run_replay(ReplayOptions(files=tuple(paths), out=tmp_path / "report"), quiet=False) == 0
    summary = capsys.readouterr().out
    for told in (
        "2 rows are observations of another regime than one of the same time",
        "2 rows have the time, pnl, policy and regime of the one before",
        "7 rows have a regime that was observed long before they were opened",
        "1 rows earned something else than the pnl of the policy that they name",
        "rows earned or lost a hundred times more than usual",
    ):
        assert told in summary, summary

"""Which columns are read: as the user maps them, and by the names that most tables have for them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import replay_records
from each_case import each_case

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.record.record import Record

DOCUMENTED = Path(__file__).parents[4] / "docs" / "formats.md"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


def kinds_of(record: Record) -> dict[str, int]:
    return {kind: count for table in record.tables for kind, count in table.by_kind.items()}


@each_case(
    ("header", "maps", "kinds"),
    [
        ("t,p", ["time=t,pnl=p", "time=t,realized_pnl=p", "time=t,PNL=p"], {"trade": 1}),
        ("t,p,r", ["time=t,pnl=p,regime=r", "time=t,realized_pnl=p,market_regime=r"], {"trade": 1}),
        ("time,pnl,r", ["regime=r", "market_regime=r"], {"regime": 1}),
        ("time,x,r", ["regime=r", "market_regime=r"], {"regime": 1}),
        ("time,pnl", [""], {"portfolio": 1}),
        ("time,Profit", [""], {"trade": 1}),
        (",Profit", ["time=(one without a name)"], {"trade": 1}),
    ],
)
def test_what_a_row_is_does_not_depend_on_the_spelling_of_a_map(
    header: str, maps: list[str], kinds: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "record.csv").write_text(f"{header}\n2025-01-10,5,BULL"[: None if header.count(",") > 1 else -5] + "\n")
    for text in maps:
        if "PNL" in text:
            with pytest.raises(ReplayError, match="'PNL' is no column here"):
                parse_map([text])
        else:
            assert kinds_of(replay_records.read([tmp_path / "record.csv"], parse_map([text]))) == kinds


def test_a_map_may_hold_for_one_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("time,later,pnl,market_regime\n2025-01-01,2025-01-02,1,BULL\n")
    other.write_text("time,later,pnl,market_regime\n2025-01-03,2025-01-04,2,BEAR\n")
    for key in ("other.csv", str(other)):
        record = replay_records.read([one, other], parse_map([f"{key}:time=Later,strategy=market_regime"]))
        assert record.entries.time_ms.tolist() == [ms("2025-01-01T00:00"), ms("2025-01-04T00:00")]
        assert record.strategy_names == ("BEAR",)
    with pytest.raises(ReplayError, match=r"no file is called 'othr\.csv'; is it 'other\.csv'\?"):
        replay_records.read([one, other], parse_map(["othr.csv:time=later"]))
    with pytest.raises(ReplayError, match=r"time=late: other\.csv has not a column 'late'; is it 'later'\?"):
        replay_records.read([one, other], parse_map(["other.csv:time=late"]))


def test_a_name_of_a_column_may_hold_a_comma(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text('"Entry_SMA(C,10)",time,pnl\n7,2025-01-01,1\n')
    record = replay_records.read([tmp_path / "record.csv"], parse_map(["confidence=Entry_SMA(C,10),regime=pnl"]))
    assert record.entries.confidence.tolist() == [7.0]


def test_a_column_that_comes_twice_is_chosen_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl,pnl\n2025-01-01,1,2\n")
    with pytest.raises(ReplayError, match=r"names pnl more than once.*--map 'pnl=pnl \(1\)' or 'pnl=pnl \(2\)'"):
        replay_records.read([tmp_path / "record.csv"])
    for number in (1, 2):
        record = replay_records.read([tmp_path / "record.csv"], parse_map([f"pnl=pnl ({number})"]))
        assert record.entries.pnl.tolist() == [float(number)]


def test_a_number_that_a_name_has_itself_is_no_other_column(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl,pnl (2),pnl\n2025-01-01,1,2,3\n")
    for number in (1, 2, 3):
        record = replay_records.read([tmp_path / "record.csv"], parse_map([f"pnl=pnl ({number})"]))
        assert record.entries.pnl.tolist() == [float(number)]


def test_names_that_differ_in_nothing_that_counts_come_twice(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,Time,pnl,note,Note\n2025-01-01,2025-01-02,1,a,b\n")
    with pytest.raises(ReplayError, match=r"names time more than once.*--map 'time=time' or 'time=Time'"):
        replay_records.read([tmp_path / "record.csv"])
    for name, day in (("time", "01"), ("Time", "02")):
        record = replay_records.read([tmp_path / "record.csv"], parse_map([f"time={name}"]))
        assert record.entries.time_ms.tolist() == [ms(f"2025-01-{day}T00:00")]


@each_case(
    ("header", "read"),
    [
        ("Exit Time,Profit (USD)", True),
        ("Close Time (UTC),Net P&L $", True),
        ("TIME CLOSED,Realised-PnL", True),
        ("Date(UTC),PnL USDT", True),
        ("Closed Date,Gain/Loss ($)", True),
        ("Date Sold,Realized Gain/Loss", True),
        ("closeTime,profitLoss", True),
        ("Exit Time,Profit (%)", False),
        ("Exit Time,Profit factor", False),
        ("Exit Time,Profit pips", False),
        ("Exit Time (EST),Profit", False),
    ],
)
def test_common_names_are_known_with_a_currency_and_utc(header: str, *, read: bool, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(f"{header}\n2025-01-10,5\n")
    if read:
        assert kinds_of(replay_records.read([tmp_path / "record.csv"])) == {"trade": 1}
    else:
        with pytest.raises(ReplayError, match=r"no usable row in .* replay --formats"):
            replay_records.read([tmp_path / "record.csv"])


def test_columns_that_could_each_be_the_result_are_refused(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("Close Time,Profit,Net Profit\n2025-01-01,1,2\n")
    with pytest.raises(ReplayError, match=r"has Net Profit and Profit; which one is the result\? --map realized_pnl="):
        replay_records.read([tmp_path / "record.csv"])
    record = replay_records.read([tmp_path / "record.csv"], {"realized_pnl": "Net Profit"})
    assert record.entries.pnl.tolist() == [2.0]


@each_case(
    ("header", "told"),
    [
        ("Exit Time,Profit,Commission", ("nothing says whether Commission is taken from it",)),
        ("time,realized_pnl,fees", ("nothing says whether fees is taken from it",)),
        ("time,pnl,Funding Fee", ("nothing says whether Funding Fee is taken from it",)),
        ("time,pnl,Commission (USD)", ("nothing says whether Commission (USD) is taken from it",)),
        ("Exit Time,Net Profit,Commission", ()),
        ("Exit Time,Profit,Comment", ()),
    ],
)
def test_costs_beside_a_pnl_are_told_where_nothing_says_whether_they_are_in_it(
    header: str, told: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "record.csv").write_text(f"{header}\n2025-01-10,5,1\n")
    assert replay_records.read([tmp_path / "record.csv"]).tables[0].notes == told


def test_all_costs_beside_a_pnl_are_told(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,swap,pnl,fee,swapped\n2025-01-10,1,5,1,1\n")
    (table,) = replay_records.read([tmp_path / "record.csv"]).tables
    assert table.notes == ("nothing says whether fee and swap are taken from it",)

"""Which of the tables that a file holds are read."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import replay_records
from each_case import each_case
from server.replay.formats.tool_exports import BACKTESTING, FLEX, MT5_DEALS, MT5_POSITIONS, MT5_PYTHON, TRADINGVIEW
from server.replay.written_files import write_workbook

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.record_reading import read_record
from strategic_memory_server.replay.written.ways import Declared

DOCUMENTED = Path(__file__).parents[4] / "docs" / "formats.md"

OPENED = "2025-01-09T05:00"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


def test_a_report_of_positions_and_deals_counts_each_trade_once(tmp_path: Path) -> None:
    rows = [["Trade History Report"], ["Positions"]]
    rows += [line.split("\t") for line in MT5_POSITIONS.splitlines()]
    rows += [["Deals"], *(line.split("\t") for line in MT5_DEALS.splitlines())]
    write_workbook(tmp_path / "report.xlsx", {"Report": rows})
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    (tmp_path / "report.html").write_text(f"<html><table>{cells}</table></html>", "utf-16")
    for name in ("report.xlsx", "report.html"):
        record = replay_records.read([tmp_path / name])
        assert [table.format for table in record.tables] == ["MetaTrader 5 positions"]
        assert record.entries.pnl.tolist() == [-123.5]
        assert record.entries.opened_ms.tolist() == [ms(OPENED)]


def bot_database(path: Path, strategies: Sequence[str]) -> Path:
    """A database of a bot with a closed and an open trade of each strategy."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE trades (id INTEGER, pair, stake_amount, is_open BOOLEAN, close_profit FLOAT, "
            "close_profit_abs FLOAT, open_date DATETIME, close_date DATETIME, strategy, enter_tag)"
        )
        database.execute("CREATE TABLE orders (id INTEGER, price FLOAT, order_date DATETIME, cost FLOAT)")
        for number, strategy in enumerate(strategies, start=1):
            for is_open in (0, 1):
                row = (
                    number, "BTC/USDT", 10.0, is_open, None if is_open else number / 8, 1.0,
                    "2025-01-09 05:00:00.000000", None if is_open else "2025-01-10 02:00:00.000000", strategy, "BULL",
                )  # fmt: skip
                database.execute("INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return path


def test_strategies_of_a_database_are_not_pooled(tmp_path: Path) -> None:
    path = bot_database(tmp_path / "tradesv3.sqlite", ["One", "Two"])
    with pytest.raises(ReplayError, match=r"trades of 2 strategies, One, Two; .* choose one with --strategy"):
        replay_records.read([path])
    with pytest.raises(ReplayError, match="has no strategy 'Three'; it holds One, Two"):
        replay_records.read([path], strategy="Three")
    record = replay_records.read([path], {"regime": "enter_tag"}, strategy="Two")
    assert record.entries.pnl.tolist() == [0.25]
    assert record.strategy_names == ("Two",)
    assert record.tables[0].left_out == {"trades still open": 2, "trades of other strategies": 1}


def test_exports_in_one_archive_are_not_pooled(tmp_path: Path) -> None:
    trade = {"pair": "X", "profit_abs": 1.0, "open_date": "2025-01-09", "close_date": "2025-01-10 02:00:00+00:00"}
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for number, name in enumerate(("a.json", "b.json"), start=1):
            trades = {"trades": [{**trade, "profit_ratio": number / 8}]}
            archive.writestr(name, json.dumps({"strategy": {"Same": trades}}))
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(ReplayError, match=r"2 strategies, Same \(a\.json\), Same \(b\.json\); .* --strategy"):
        replay_records.read([tmp_path / "both.zip"])
    assert replay_records.read([tmp_path / "both.zip"], strategy="b.json").entries.pnl.tolist() == [0.25]


def test_strategies_in_files_of_their_own_are_not_pooled(tmp_path: Path) -> None:
    trade = {"pair": "X", "profit_abs": 1.0, "open_date": "2025-01-09", "profit_ratio": 0.5}
    for day, name in enumerate(("Trend", "Mirror", "Trend")):
        run = {name: {"trades": [{**trade, "close_date": f"2025-01-1{day} 02:00:00+00:00"}]}}
        (tmp_path / f"{day}.json").write_text(json.dumps({"strategy": run}))
    with pytest.raises(
        ReplayError, match=r"0\.json holds .* of the strategy Trend, and .*1\.json those of Mirror; .* replay each by"
    ):
        replay_records.read([tmp_path / "0.json", tmp_path / "1.json"])
    assert len(replay_records.read([tmp_path / "0.json", tmp_path / "2.json"])) == 2
    bots = [bot_database(tmp_path / f"{name}.sqlite", [name]) for name in ("One", "Two")]
    with pytest.raises(ReplayError, match=r"of the strategy One, and .*Two\.sqlite those of Two"):
        replay_records.read(bots)


@each_case(
    ("content", "says"),
    [
        ({"latest_backtest": "backtest-result-1.zip"}, "its newest backtest; .* give the .zip that it names"),
        ({"One": {"run_id": "x", "backtest_start_time": 1}}, r"\.meta\.json\); .* give the .zip of the same name"),
        ([{"Date(UTC)": 1, "Pair": 2, "Side": 3, "Price": 4, "Executed": 5, "Fee": 6}], "it holds fills"),
    ],
)
def test_a_file_beside_the_export_says_what_to_give(content: object, says: str, tmp_path: Path) -> None:
    (tmp_path / "backtest.meta.json").write_text(json.dumps(content))
    with pytest.raises(ReplayError, match=says):
        replay_records.read([tmp_path / "backtest.meta.json"])


def test_trades_in_several_currencies_without_a_rate_are_refused(tmp_path: Path) -> None:
    (tmp_path / "flex.csv").write_text(FLEX.replace("FXRateToBase", "Multiplier"))
    with pytest.raises(ReplayError, match=r"flex\.csv: the trades are in EUR, USD, .* FXRateToBase"):
        replay_records.read([tmp_path / "flex.csv"])


def test_a_month_in_one_currency_is_in_that_of_the_account_as_one_in_several_is(tmp_path: Path) -> None:
    in_dollars = (row for row in FLEX.splitlines(keepends=True) if '"EUR","1"' not in row)
    for text in (FLEX, "".join(in_dollars)):
        (tmp_path / "flex.csv").write_text(text)
        assert replay_records.read([tmp_path / "flex.csv"]).entries.pnl.tolist() == [-123.5]


@pytest.mark.parametrize("rate", ["", "0", "n/a"])
def test_a_trade_without_a_rate_is_refused_among_those_of_several_currencies(rate: str, tmp_path: Path) -> None:
    (tmp_path / "flex.csv").write_text(
        FLEX.replace('"0.5","STK","AAPL","20250110', f'"{rate}","STK","AAPL","20250110', 1)
    )
    with pytest.raises(ReplayError, match=f"realized_pnl_not_a_number: 1 .*-247 at the rate '{rate}'"):
        replay_records.read([tmp_path / "flex.csv"])


def test_deals_of_the_package_count_by_the_clock_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(MT5_PYTHON)
    for zone, apart_h in ((UTC, 0), (ZoneInfo("Europe/Athens"), 2), (timezone(timedelta(hours=-5)), -5)):
        record = read_record(
            [tmp_path / "deals.csv"], ColumnMap(), None, replay_records.silent, declared=Declared(zone=zone)
        )
        assert record.entries.time_ms.tolist() == [ms("2025-01-10T02:00") - apart_h * 3_600_000]
        ((_, written),) = record.written.items()
        assert (f"by the clocks of {zone}" in written["time"]) == bool(apart_h)


def test_lists_of_trades_that_were_joined_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(TRADINGVIEW + TRADINGVIEW.replace("2025", "2024"))
    with pytest.raises(
        ReplayError, match=r"list\.csv: trade . is entered at 2025-.* and at 2024-.*; make a file of each"
    ):
        replay_records.read([tmp_path / "list.csv"])
    (tmp_path / "list.csv").write_text(TRADINGVIEW)
    assert len(replay_records.read([tmp_path / "list.csv"])) == 1


def test_tables_that_would_count_twice_are_refused(tmp_path: Path) -> None:
    trades: list[list[object]] = [["Exit Time", "Profit"], ["2025-01-10", 1.0]]
    daily: list[list[object]] = [["Date", "Profit", "Trades"], ["2025-01-10", 1.0, 1]]
    regimes: list[list[object]] = [["Date", "Regime"], ["2025-01-09", "BULL"]]
    write_workbook(tmp_path / "both.xlsx", {"Trades": trades, "Daily": daily})
    with pytest.raises(ReplayError, match=r"both\.xlsx: holds several tables .*: Trades; Daily\."):
        replay_records.read([tmp_path / "both.xlsx"])
    write_workbook(tmp_path / "months.xlsx", {"January": trades, "February": trades, "Regimes": regimes})
    record = replay_records.read([tmp_path / "months.xlsx"])
    assert record.entries.pnl[1:].tolist() == [1.0, 1.0]
    assert [table.by_kind for table in record.tables] == [{"trade": 1}, {"trade": 1}, {"regime": 1}]


def test_tables_of_which_the_column_without_a_name_is_mapped_are_meant(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("one.csv", ",Profit\n2025-01-10,1\n")
        archive.writestr("other.csv", ",Profit,note\n2025-01-11,2,x\n")
    record = replay_records.read([tmp_path / "both.zip"], {"time": "(one without a name)"})
    assert record.entries.pnl.tolist() == [1.0, 2.0]


def test_columns_of_two_formats_are_refused_by_the_names_of_both(tmp_path: Path) -> None:
    one, other = "pnl,open_dt,close_dt,rt_returns", "closedPnl,avgEntryPrice,avgExitPrice,updatedTime"
    (tmp_path / "both.csv").write_text(f"{one},{other}\n1,2025-01-09,2025-01-10,0.1,2,3,4,1736474400000\n")
    with pytest.raises(
        ReplayError, match="are those of pyfolio round trips and of Bybit closed pnl, of its interface: say"
    ):
        replay_records.read([tmp_path / "both.csv"])
    record = replay_records.read([tmp_path / "both.csv"], {"time": "close_dt", "realized_pnl": "closedPnl"})
    assert record.entries.pnl.tolist() == [2.0]


def test_names_in_a_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_bytes(b"time,p\x1b[2J\xff" + b"x" * 500 + b"\n2025-01-09,1\n")
    with pytest.raises(ReplayError, match=r"Columns found: time, p\\x1b\[2J\\udcffx{54}; needed"):
        replay_records.read([tmp_path / "record.csv"])
    (tmp_path / "\x1b[31m.csv").write_text("time,pnl\n2025-01-09,1\n")
    (table,) = replay_records.read([tmp_path / "\x1b[31m.csv"]).tables
    assert "\\x1b[31m.csv: our own columns" in table.describe()


def test_regimes_beside_an_export_in_one_archive_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("trades.csv", BACKTESTING)
        archive.writestr("regimes.csv", "Date,Regime\n2025-01-08,BULL\n")
    record = replay_records.read([tmp_path / "both.zip"])
    assert [record.regime_names[code] for code in record.entries.regime.tolist()] == ["BULL", "BULL"]


def test_what_is_open_is_known_however_it_is_written(tmp_path: Path) -> None:
    head = "profit_ratio,open_date,close_date,is_open\n"
    (tmp_path / "trades.csv").write_text(head + "0.5,2025-01-09,2025-01-10,False\n0.7,2025-01-09,,True\n")
    assert replay_records.read([tmp_path / "trades.csv"]).entries.pnl.tolist() == [0.5]


def test_a_trade_without_a_timestamp_has_its_date(tmp_path: Path) -> None:
    head, no = "profit_ratio,close_date,close_timestamp,is_open\n", "False"
    (tmp_path / "trades.csv").write_text(f"{head}0.5,2025-01-10,,{no}\n0.7,2025-01-11,1736553600000,{no}\n")
    record = replay_records.read([tmp_path / "trades.csv"])
    assert record.entries.time_ms.tolist() == [1_736_467_200_000, 1_736_553_600_000]


def test_a_regime_and_a_policy_beside_the_columns_of_a_tool_are_read(tmp_path: Path) -> None:
    head, row = BACKTESTING.splitlines()
    (tmp_path / "trades.csv").write_text(f"{head},Market_Regime,POLICY\n{row},BULL,BALANCED\n")
    record = replay_records.read([tmp_path / "trades.csv"])
    assert [record.regime_names[code] for code in record.entries.regime.tolist()] == ["BULL"]
    assert record.entries.policy.tolist() == [1]

"""Every format is known by its columns alone, and says which of its rows are results."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import replay_records
from click.testing import CliRunner
from each_case import each_case
from server.replay.formats.tool_exports import (
    ACTIVITY,
    BACKTESTING,
    BACKTRADER,
    BINANCE_INCOME,
    BINANCE_POSITIONS,
    BINANCE_TRADES,
    BINANCE_TRANSACTIONS,
    BYBIT,
    BYBIT_INTERFACE,
    BYBIT_NEW,
    FLEX,
    FLEX_XML,
    FTMO,
    FX_BLUE,
    JESSE,
    MT4,
    MT5_DEALS,
    MT5_POSITIONS,
    MT5_PYTHON,
    NAUTILUS,
    PYBROKER,
    PYFOLIO,
    RETURNS,
    TRADINGVIEW,
    TRADINGVIEW_OLD,
    TRADINGVIEW_PNL,
    TRADOVATE,
    VECTORBT,
    ZIPLINE,
)

from strategic_memory_server.cli.replay import replay
from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.known import FORMATS

DOCUMENTED = Path(__file__).parents[4] / "docs" / "formats.md"

NO_RESULT, ENTRIES = "deals that open, and changes of the balance", "entries, whose exits say the result"
OPENED, CLOSED = "2025-01-09T05:00", "2025-01-10T02:00"


@each_case(
    ("name", "text", "opened", "left_out"),
    [
        ("backtesting.py trades", BACKTESTING, OPENED, {}),
        ("vectorbt records", VECTORBT, OPENED, {"trades still open": 1}),
        ("nautilus_trader positions", NAUTILUS, OPENED, {"positions still open": 1}),
        ("backtrader trades", BACKTRADER, OPENED, {"trades still open": 1}),
        ("PyBroker trades", PYBROKER, OPENED, {}),
        ("pyfolio round trips", PYFOLIO, OPENED, {}),
        ("zipline performance", ZIPLINE, CLOSED, {}),
        ("jesse trades", JESSE, OPENED, {}),
        ("series of returns", RETURNS, "2025-01-10T00:00", {"periods without a return": 1}),
        ("MetaTrader 5 positions", MT5_POSITIONS, OPENED, {}),
        ("MetaTrader 5 deals", MT5_DEALS, CLOSED, {NO_RESULT: 2}),
        ("MetaTrader 5 deals, of its Python package", MT5_PYTHON, CLOSED, {NO_RESULT: 1}),
        ("MetaTrader 4 closed trades", MT4, OPENED, {"changes of the balance, and orders": 1}),
        ("TradingView list of trades", TRADINGVIEW, OPENED, {ENTRIES: 2, "trades still open": 1}),
        ("TradingView list of trades", TRADINGVIEW_OLD, OPENED, {ENTRIES: 1}),
        ("TradingView list of trades", TRADINGVIEW_PNL, OPENED, {ENTRIES: 2, "trades still open": 1}),
        ("Tradovate performance", TRADOVATE, OPENED, {}),
        ("FTMO trades", FTMO, OPENED, {}),
        ("FX Blue history", FX_BLUE, OPENED, {"positions still open, orders, changes of the balance": 1}),
        (
            "Interactive Brokers Flex trades", FLEX, CLOSED,
            {"rows that say the same in more or less detail": 1, "trades that open": 2},
        ),
        ("Interactive Brokers Flex trades", FLEX_XML, CLOSED, {"trades that open": 1}),
        (
            "Interactive Brokers activity statement", ACTIVITY, CLOSED,
            {"rows that say the same in more or less detail": 1, "trades that open": 1},
        ),
        ("Binance futures trades", BINANCE_TRADES, CLOSED, {"fills that open": 1}),
        ("Binance futures positions", BINANCE_POSITIONS, OPENED, {"positions still open": 1}),
        ("Binance futures transactions", BINANCE_TRANSACTIONS, CLOSED, {"fees, funding and transfers": 1}),
        ("Binance futures income, of its interface", BINANCE_INCOME, CLOSED, {}),
        ("Bybit closed pnl", BYBIT, CLOSED, {}),
        ("Bybit closed pnl", BYBIT_NEW, CLOSED, {}),
        ("Bybit closed pnl", BYBIT.replace("Trade Time(UTC+0)", "Filled/Settlement Time(UTC+0)"), CLOSED, {}),
        ("Bybit closed pnl, of its interface", BYBIT_INTERFACE, CLOSED, {}),
    ],
)  # fmt: skip
def test_a_format_is_known_by_its_columns(
    name: str, text: str, opened: str, left_out: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "export").write_text(text)
    for path in (tmp_path / "export", shouted(tmp_path, text)):
        record = replay_records.read([path])
        (table,) = record.tables
        assert (table.format, table.left_out, record.rejected.rows) == (name, left_out, 0)
        assert record.entries.pnl.tolist() == [-123.5]
        closed = "2025-01-10T00:00" if text == RETURNS else CLOSED
        assert record.entries.time_ms.tolist() == [ms(closed)]
        assert record.entries.opened_ms.tolist() == [ms(opened)]
        kind = "portfolio" if text in (RETURNS, ZIPLINE) else "trade"
        assert table.by_kind == {kind: 1}
        assert not set(record.strategy_names) - {"0", "S-0", "Crossing"}, "a column is read as one thing alone"
        assert table.describe().startswith(f"{path}")
        assert f"{name}, 1 {kind} rows, time at " in table.describe()


@each_case(
    "head",
    [
        "EnteredAt,ExitedAt,PnL", "Open Datetime,Close Datetime,Net P&L", "Open time,Close time,Net P/L",
        "Position Opening Time(UTC),Position Closing Time(UTC),Realized PNL",
    ],
)  # fmt: skip
def test_names_that_many_have_for_times_and_results_are_known(head: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_text(f"{head}\n{OPENED},{CLOSED},-123.5\n")
    entries = replay_records.read([tmp_path / "export"]).entries
    assert (entries.opened_ms.tolist(), entries.time_ms.tolist()) == ([ms(OPENED)], [ms(CLOSED)])
    assert entries.pnl.tolist() == [-123.5]


@each_case("head", ["time,regime,Net P&L", "Date,regime,Net P&L", "time,market_regime,profit", "time,Regime,pnl_usd"])
def test_a_result_by_a_common_name_is_read_beside_columns_of_ours(head: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_text(f"{head}\n{CLOSED},BULL,-123.5\n{CLOSED},BEAR,7\n")
    record = replay_records.read([tmp_path / "export"])
    assert (record.entries.pnl.tolist(), record.tables[0].by_kind) == ([-123.5, 7.0], {"trade": 2})
    assert record.regime_names[:2] == ("BULL", "BEAR")
    # A map that is meant for another file changes nothing.
    (tmp_path / "other").write_text(f"time,earned\n{OPENED},1\n")
    both = replay_records.read([tmp_path / "export", tmp_path / "other"], {"realized_pnl": "earned"})
    assert both.entries.pnl.tolist() == [1.0, -123.5, 7.0]


@each_case(
    ("head", "asked", "told"),
    [
        ("time,regime,pnl_pct", {}, True),
        ("time,regime,Trade_Return", {}, True),
        ("time,regime,P/L pips", {}, True),
        ("time,regime,pnl_pct", {"realized_pnl": "pnl_pct"}, False),
        ("time,regime,plan", {}, False),
        ("time,pnl,profit factor", {}, False),
    ],
)
def test_a_column_that_may_be_the_result_is_told_where_none_is_read(
    head: str, asked: dict[str, str], told: bool, tmp_path: Path
) -> None:
    (tmp_path / "export").write_text(f"{head}\n{CLOSED},{'1' if 'regime' not in head else 'BULL'},-0.5\n")
    (table,) = replay_records.read([tmp_path / "export"], asked).tables
    name = head.rpartition(",")[2]
    assert (f"read without a pnl: is {name} what was earned? --map 'realized_pnl={name}'" in table.notes) is told


def test_dates_of_a_tool_from_before_there_was_any_are_in_another_order(tmp_path: Path) -> None:
    for text in (BINANCE_TRADES, BINANCE_POSITIONS):
        dates = re.sub(r"(?:20)?25-01-(\d\d)", r"\1-01-25", text)
        (tmp_path / "export").write_text(dates)
        with pytest.raises(ReplayError, match=r"reads as 2010-01-25 02:00:00.* none before 2019: .* years in full"):
            replay_records.read([tmp_path / "export"])


def test_rows_of_a_list_of_trades_in_another_language_are_told(tmp_path: Path) -> None:
    (tmp_path / "export").write_text(TRADINGVIEW.replace("1,Exit long", "1,Ausstieg Long"))
    with pytest.raises(ReplayError, match=r"the type 'Ausstieg Long' of trade 1 is neither an entry nor an exit"):
        replay_records.read([tmp_path / "export"])


@each_case("deleted", [("is_deleted", "True", "False"), ("deleted", "1", "0"), ("deletedAt", "2025-01-11", "NULL")])
def test_trades_that_were_deleted_in_a_database_are_no_results(deleted: tuple[str, str, str], tmp_path: Path) -> None:
    name, yes, no = deleted
    (tmp_path / "export").write_text(f"time,pnl,policy,{name}\n{OPENED},1,,{yes}\n{CLOSED},-2,BALANCED,{no}\n")
    record = replay_records.read([tmp_path / "export"])
    assert (record.entries.pnl.tolist(), record.tables[0].left_out) == ([-2.0], {"trades that were deleted": 1})


@each_case("names", ["status,status", "Status,status", "status,state", "state,Trade Status", "type,Type"])
def test_each_column_that_says_of_a_row_that_it_is_no_result_counts(names: str, tmp_path: Path) -> None:
    rows = "2025-01-10,1,buy,open\n2025-01-11,-2,sell,sell\n2025-01-12,4,open,buy\n"
    (tmp_path / "export").write_text(f"time,realized_pnl,{names}\n{rows}")
    record = replay_records.read([tmp_path / "export"])
    assert (record.entries.pnl.tolist(), sum(record.tables[0].left_out.values())) == ([-2.0], 2)


@each_case("nothing", sorted(NOTHING | {"NaT", "NULL", "N/A"}))
def test_a_trade_that_has_closed_at_nothing_is_open_however_nothing_is_written(tmp_path: Path, nothing: str) -> None:
    (tmp_path / "export").write_text(NAUTILUS.replace(",,94.1", f",{nothing},94.1"))
    record = replay_records.read([tmp_path / "export"])
    assert (record.tables[0].left_out, record.rejected.rows) == ({"positions still open": 1}, 0)
    assert record.entries.pnl.tolist() == [-123.5]


def shouted(folder: Path, text: str) -> Path:
    """The same text with its first line, which names the columns, in upper case."""
    head, _, rest = text.partition("\n")
    path = folder / "shouted"
    path.write_text(text if text[0] in "{[<" or "BOF" in head or "Header" in head else f"{head.upper()}\n{rest}")
    return path


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


def test_every_format_is_documented() -> None:
    text = DOCUMENTED.read_text()
    assert [known.name for known in FORMATS if known.name not in text] == []


def test_the_formats_are_printed_as_a_table() -> None:
    done = CliRunner().invoke(replay, ["--formats"])
    assert done.exit_code == 0
    assert [known.name for known in FORMATS if known.name.split()[0] not in done.output] == []
    assert "known by" in done.output

"""Every format is known by its columns alone, and says which of its rows are results."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import replay_records
from click.testing import CliRunner
from each_case import each_case
from written_files import write_workbook

from strategic_memory_server.cli.replay import replay
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.formats.known import FORMATS
from strategic_memory_server.replay.record.record import Record

DOCUMENTED = Path(__file__).parents[4] / "docs" / "replay.md"

BACKTESTING = """\
,Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commission,ReturnPct,EntryTime,ExitTime,Duration,Tag,"SMA(C,10)"
0,51,77,98,96.3,94.1,,,-123.5,9.7,-0.025,2025-01-09 05:00:00,2025-01-10 02:00:00,21:00:00,up,95.7
"""
VECTORBT = """\
,Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Exit Timestamp,Avg Exit Price,PnL,Return,Direction,Status
0,0,0,50.0,2025-01-09 05:00:00,96.3,2025-01-10 02:00:00,94.1,-123.5,-0.025,Long,Closed
1,1,0,50.0,2025-01-10 01:00:00,94.1,2025-01-12 19:00:00,89.9,200.0,0.04,Short,Open
"""
NAUTILUS = """\
position_id,strategy_id,side,ts_init,ts_opened,ts_closed,avg_px_open,avg_px_close,realized_return,realized_pnl
P-1,S-0,FLAT,1736398800000000000,1736398800000000000,1736474400000000000,96.3,94.1,-0.02,-123.50 USDT
P-2,S-0,LONG,1736474400000000000,1736474400000000000,,94.1,,0.0,-1.65690000 USDT
"""
BACKTRADER = """\
ref,dtopen,dtclose,price,pnl,pnlcomm
1,739260.2083333334,739261.0833333334,96.3,-111.5,-123.5
2,739262.0,0.0,94.1,0.0,-4.7
"""
PYFOLIO = """\
,pnl,open_dt,close_dt,long,rt_returns,symbol
0,-123.5,2025-01-09 05:00:00+00:00,2025-01-10 02:00:00+00:00,True,-0.025,AAPL
"""
JESSE = json.dumps(
    {
        "trades": [
            {
                "id": "a-1", "strategy_name": "Crossing", "symbol": "BTC-USDT", "PNL": -123.5, "PNL_percentage": -5.1,
                "holding_period": 75600.0, "opened_at": 1736398800000.0, "closed_at": 1736474400000.0,
            }
        ],
        "considering_timeframes": ["1h"],
    }
)  # fmt: skip
MT5_POSITIONS = """\
Time\tPosition\tSymbol\tType\tVolume\tPrice\tS / L\tT / P\tTime\tPrice\tCommission\tSwap\tProfit
2025.01.09 05:00:00\t7\tEURUSD\tbuy\t0.1\t1.1\t\t\t2025.01.10 02:00:00\t1.2\t-1.00\t0.00\t-123.50
"""
MT4 = """\
Ticket\tOpen Time\tType\tSize\tItem\tPrice\tS / L\tT / P\tClose Time\tPrice\tCommission\tTaxes\tSwap\tProfit
6\t2025.01.08 00:00\tbalance\t\t\t\t\t\t\t\t\t\t\t10000
7\t2025.01.09 05:00\tbuy\t0.1\teurusd\t1.1\t0\t0\t2025.01.10 02:00\t1.2\t-1.00\t0.00\t0.00\t-123.50
"""
MT5_DEALS = """\
Time\tDeal\tSymbol\tType\tDirection\tVolume\tPrice\tOrder\tCommission\tFee\tSwap\tProfit\tBalance\tComment
2025.01.08 00:00:00\t1\t\tbalance\t\t\t\t\t0.00\t0.00\t0.00\t10 000.00\t10 000.00\t
2025.01.09 05:00:00\t2\tEURUSD\tbuy\tin\t0.1\t1.1\t2\t0.00\t0.00\t0.00\t0.00\t10 000.00\t
2025.01.10 02:00:00\t3\tEURUSD\tsell\tout\t0.1\t1.2\t3\t0.00\t0.00\t0.00\t-123.50\t9 876.50\t
"""
MT5_PYTHON = """\
ticket,order,time,time_msc,type,entry,position_id,volume,price,commission,swap,profit,fee,symbol
1,0,1736398800,1736398800000,0,0,7,0.1,1.1,0,0,0.0,0,EURUSD
2,0,1736474400,1736474400000,1,1,7,0.1,1.2,0,0,-123.5,0,EURUSD
"""
TRADINGVIEW = """\
Trade #,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net P&L USD,Net P&L %,Cumulative P&L USD
2,Exit long,2025-01-12 00:00,Open,100,1,100,7,7,-116.5
2,Entry long,2025-01-11 00:00,Long,100,1,100,7,7,-116.5
1,Exit long,2025-01-10 02:00,Stop,100,1,100,-123.5,-12,-123.5
1,Entry long,2025-01-09 05:00,Long,100,1,100,-123.5,-12,-123.5
"""
TRADINGVIEW_OLD = """\
Trade #,Type,Signal,Date/Time,Price USDT,Contracts,Profit USDT,Profit %,Cum. Profit USDT,Cum. Profit %
1,Entry Long,Long,2025-01-09 05:00,100,1,,,,
1,Exit Long,Stop,2025-01-10 02:00,100,1,-123.5,-12,-123.5,-12
"""
FLEX = """\
"BOF","U1","trades","1","20250101","20250131"
"BOS","TRNT","Trades; trade date basis"
"ClientAccountID","CurrencyPrimary","FXRateToBase","AssetClass","Symbol","DateTime","Open/CloseIndicator",\
"FifoPnlRealized","TransactionID","LevelOfDetail"
"U1","USD","0.5","STK","AAPL","20250109;050000","O","0","11","EXECUTION"
"U1","USD","0.5","STK","AAPL","20250110;020000","C","-247","12","EXECUTION"
"U1","USD","0.5","STK","AAPL","20250110;020000","C","-247","","CLOSED_LOT"
"U1","EUR","1","STK","SAP","20250109;060000","O","0","13","EXECUTION"
"EOS","TRNT","4"
"BOS","CRTT","Cash report"
"ClientAccountID","CurrencyPrimary","FromDate","ToDate","EndingCash"
"U1","EUR","20250101","20250131","7"
"EOF"
"""
FLEX_XML = """\
<FlexQueryResponse><FlexStatements count="1"><FlexStatement accountId="U1"><Trades>
<Trade currency="USD" symbol="AAPL" dateTime="20250109;050000" fifoPnlRealized="0" tradeID="1" />
<Trade currency="USD" symbol="AAPL" dateTime="20250110;020000" fifoPnlRealized="-123.5" tradeID="2" />
<Lot currency="USD" symbol="AAPL" dateTime="20250110;020000" openDateTime="20250109;050000" fifoPnlRealized="-123.5" />
<SymbolSummary currency="USD" symbol="AAPL" dateTime="20250110" fifoPnlRealized="-123.5" />
</Trades></FlexStatement></FlexStatements></FlexQueryResponse>
"""
ACTIVITY = """\
Statement,Header,Field Name,Field Value
Statement,Data,Title,Activity Statement
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Comm/Fee,Realized P/L,Code
Trades,Data,Order,Stocks,USD,AAPL,"2025-01-09, 05:00:00",100,150,-1,0,O
Trades,Data,Order,Stocks,USD,AAPL,"2025-01-10, 02:00:00","-1,100",149,-1,-123.5,C
Trades,Data,ClosedLot,Stocks,USD,AAPL,"2025-01-09, 05:00:00",100,150,,-123.5,ST
Trades,SubTotal,,Stocks,USD,AAPL,,0,,-2,-123.5,
"""
BINANCE_TRADES = """\
Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID
9,25-01-09 05:00:00,BTCUSDT,BUY,68000,0.1,6800,3.4 USDT,0,true,false,1001,5001
9,25-01-10 02:00:00,BTCUSDT,SELL,66765,0.1,6676,3.3 USDT,-123.5,false,false,1002,5002
"""
BINANCE_POSITIONS = """\
Symbol,Margin Mode,Position Side,Entry Price,Avg. Close Price,Closed Vol.,Closing PNL,Opened,Closed,Status
BTCUSDT,Cross,Long,73645.8,73698.2,0.001,-123.5,2025-01-09 05:00:00,2025-01-10 02:00:00,Closed
SOLUSDT,Cross,Long,65.31,64.49,1.00,-2.2,2025-01-10 02:05:10,2025-01-11 07:43:52,Open
"""
BINANCE_TRANSACTIONS = """\
Time,Type,Amount,Asset,Symbol,Transaction ID
2025-01-10 02:00:00,REALIZED_PNL,-123.5,USDT,BTCUSDT,1
2025-01-10 02:00:00,COMMISSION,-0.5,USDT,BTCUSDT,2
"""
BINANCE_INCOME = json.dumps(
    [{"symbol": "X", "incomeType": "REALIZED_PNL", "income": "-123.5", "time": 1736474400000, "tranId": 1}]
)
BYBIT = """\
Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L,Exit Type,Trade Time(UTC+0),Order No.,Create Time
BTCUSDT,Close Long,0.5,60000,60500,-123.5,Trade,2025-01-10 02:00:00,9871b976,2025-01-10 01:00:00
"""
BYBIT_NEW = """\
Market,Order Quantity,Entry Price,Exit Price,Opening Fee,Closing Fee,Funding Fee,Trade Type,Realized P&L,Trade time
BTCUSDT,1,100,120,1,1.5,0,Trade,-123.5,02:00 2025-01-10
"""
BYBIT_INTERFACE = json.dumps(
    {
        "result": {
            "list": [
                {
                    "symbol": "X", "avgEntryPrice": "1", "avgExitPrice": "2", "closedPnl": "-123.5",
                    "createdTime": "1736398800000", "updatedTime": "1736474400000",
                }
            ]
        }
    }
)  # fmt: skip
RETURNS = "Date,Strategy\n2025-01-09,\n2025-01-10,-123.5\n"
ZIPLINE = """\
,period_open,period_close,pnl,returns,portfolio_value,positions
2025-01-10,2025-01-09 14:31:00+00:00,2025-01-10 02:00:00+00:00,5.0,-123.5,1005.0,"[{'sid': 1, 'cost': 1e999}]"
"""

NO_RESULT, ENTRIES = "deals that open, and changes of the balance", "entries, whose exits say the result"
OPENED, CLOSED = "2025-01-09T05:00", "2025-01-10T02:00"


@each_case(
    ("name", "text", "opened", "left_out"),
    [
        ("backtesting.py trades", BACKTESTING, OPENED, {}),
        ("vectorbt records", VECTORBT, OPENED, {"trades still open": 1}),
        ("nautilus_trader positions", NAUTILUS, OPENED, {"positions still open": 1}),
        ("backtrader trades", BACKTRADER, OPENED, {"trades still open": 1}),
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
        assert table.told().startswith(f"{path}")
        assert f"{name}, 1 {kind} rows, time at " in table.told()


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


def test_a_regime_and_a_policy_beside_the_columns_of_a_tool_are_read(tmp_path: Path) -> None:
    head, row = BACKTESTING.splitlines()
    (tmp_path / "trades.csv").write_text(f"{head},Market_Regime,POLICY\n{row},BULL,BALANCED\n")
    record = replay_records.read([tmp_path / "trades.csv"])
    assert [record.regime_names[code] for code in record.entries.regime.tolist()] == ["BULL"]
    assert record.entries.policy.tolist() == [1]


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
    one.write_text("time,exit,pnl,market_regime\n2025-01-01,2025-01-02,1,BULL\n")
    other.write_text("time,exit,pnl,market_regime\n2025-01-03,2025-01-04,2,BEAR\n")
    for key in ("other.csv", str(other)):
        record = replay_records.read([one, other], parse_map([f"{key}:time=Exit,strategy=market_regime"]))
        assert record.entries.time_ms.tolist() == [ms("2025-01-01T00:00"), ms("2025-01-04T00:00")]
        assert record.strategy_names == ("BEAR",)
    with pytest.raises(ReplayError, match=r"no file is called 'othr\.csv'; is it 'other\.csv'\?"):
        replay_records.read([one, other], parse_map(["othr.csv:time=exit"]))
    with pytest.raises(ReplayError, match=r"time=exi: other\.csv has not a column 'exi'; is it 'exit'\?"):
        replay_records.read([one, other], parse_map(["other.csv:time=exi"]))


def test_a_name_of_a_column_may_hold_a_comma(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text('"Entry_SMA(C,10)",time,pnl\n7,2025-01-01,1\n')
    record = replay_records.read([tmp_path / "record.csv"], parse_map(["confidence=Entry_SMA(C,10),strategy=pnl"]))
    assert record.entries.confidence.tolist() == [7.0]


def test_a_column_that_comes_twice_is_chosen_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl,pnl\n2025-01-01,1,2\n")
    with pytest.raises(ReplayError, match=r"names pnl more than once.*--map 'pnl=pnl \(1\)' or 'pnl=pnl \(2\)'"):
        replay_records.read([tmp_path / "record.csv"])
    for number in (1, 2):
        record = replay_records.read([tmp_path / "record.csv"], parse_map([f"pnl=pnl ({number})"]))
        assert record.entries.pnl.tolist() == [float(number)]


def test_columns_that_could_each_be_the_result_are_refused(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("Close Time,Profit,Net Profit\n2025-01-01,1,2\n")
    with pytest.raises(ReplayError, match=r"has Net Profit and Profit; which one is the result\? --map realized_pnl="):
        replay_records.read([tmp_path / "record.csv"])
    record = replay_records.read([tmp_path / "record.csv"], {"realized_pnl": "Net Profit"})
    assert record.entries.pnl.tolist() == [2.0]


def test_the_formats_are_printed_as_a_table() -> None:
    done = CliRunner().invoke(replay, ["--formats"])
    assert done.exit_code == 0
    assert [known.name for known in FORMATS if known.name.split()[0] not in done.output] == []
    assert "known by" in done.output

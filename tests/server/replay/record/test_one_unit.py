"""Pnl of several units in one record is refused: money and fractions, and several currencies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import replay_records
from click.testing import CliRunner
from each_case import each_case

from strategic_memory_server.cli.replay import replay
from strategic_memory_server.importing.past import read_pasts
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import ColumnMap, parse_map
from strategic_memory_server.replay.formats.settling import settled_in
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record
from strategic_memory_server.replay.written.ways import Declared

AS_ONE = Declared(one_unit=True)

TABLES = {
    "dollars": "time,realized_pnl\n1,120.5 USD\n2,-80.25 USD\n",
    "euros": "time,Profit (EUR)\n1,99.5\n2,-81.25\n",
    "percent": "time,realized_pnl\n1,1.2%\n2,-0.5%\n",
    "fractions": "time,realized_pnl\n1,0.012\n2,-0.005\n",
    "sign": "time,realized_pnl\n1,$70\n2,-$71\n",
    "plain": "time,realized_pnl\n1,90.5\n2,-70\n",
    "observed": "time,regime,pnl\n1,BULL,0.012\n2,BEAR,-0.005\n",
    "freqtrade": "profit_ratio,close_date\n0.012,2024-01-05\n-0.005,2024-01-06\n",
    "pyfolio": "pnl,open_dt,close_dt,rt_returns\n120.5,2024-01-04,2024-01-05,0.1\n-80.25,2024-01-05,2024-01-06,-0.1\n",
}


def read(folder: Path, tables: list[str], known: Declared | None = None) -> Record:
    for name in tables:
        (folder / f"{name}.csv").write_text(TABLES[name])
    files = [folder / f"{name}.csv" for name in tables]
    return read_record(files, ColumnMap(), None, replay_records.silent, declared=known)


REFUSED = [
    (
        "dollars",
        "fractions",
        r"dollars.csv has pnl in USD \(120.5\) and .*fractions.csv has pnl without a unit \(0.012\)",
    ),
    ("dollars", "percent", r"in USD \(120.5\) and .*percent.csv has pnl in fractions \(0.012\)"),
    ("dollars", "euros", r"in USD \(120.5\) and .*euros.csv has pnl in EUR"),
    ("plain", "fractions", r"without a unit \(90.5\) and .*without a unit \(0.012\)"),
    ("freqtrade", "pyfolio", r"in fractions \(0.012\) and .* in money \(120.5\)"),
]


@each_case("tables", REFUSED)
def test_files_of_two_units_are_refused_unless_the_user_says_that_they_are_one(
    tables: tuple[str, str, str], tmp_path: Path
) -> None:
    one, other, why = tables
    with pytest.raises(ReplayError, match=why + r".*--one-unit"):
        read(tmp_path, [one, other])
    assert len(read(tmp_path, [one, other], AS_ONE)) == 4


def test_the_flag_says_it_to_a_replay(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(TRANSACTIONS)
    arguments = [str(tmp_path / "export.csv"), "--out", str(tmp_path / "report")]
    assert CliRunner().invoke(replay, arguments).exit_code == 1
    assert CliRunner().invoke(replay, [*arguments, "--one-unit"]).exit_code == 0


@each_case(
    "tables",
    [
        ("dollars", "plain"),
        ("pyfolio", "dollars"),
        ("percent", "freqtrade"),
        ("plain", "observed"),
        ("sign", "dollars"),
    ],
)
def test_files_that_can_be_of_one_unit_and_entries_of_other_kinds_are_read(
    tables: tuple[str, str], tmp_path: Path
) -> None:
    assert len(read(tmp_path, list(tables))) == 4


TRANSACTIONS = (
    "User_ID,UTC_Time,Type,Amount,Asset,Symbol,ID\n"
    "1,2024-01-05,REALIZED_PNL,12.5,USDT,X,1\n1,2024-01-06,REALIZED_PNL,-3,USDT,X,2\n"
    "1,2024-01-07,REALIZED_PNL,0.01,BTC,X,3\n1,2024-01-07,COMMISSION,0.01,BNB,X,4\n"
)
CLOSED_PNL = (
    "Contracts,Entry Price,Exit Price,Closed P&L,Exit Type,Trade Time(UTC+0)\n"
    "BTCUSDT,1,2,5,Trade,2024-01-05\nETHUSDT,1,2,5,Trade,2024-01-06\nBTCUSD,1,2,0.1,Trade,2024-01-07\n"
    "ETHPERP,1,2,0,Trade,2024-01-07\n"
)


@each_case("table", [TRANSACTIONS, CLOSED_PNL])
def test_results_in_several_assets_are_counted_and_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(table)
    files = [tmp_path / "export.csv"]
    with pytest.raises(ReplayError, match=r"several currencies, 2 in USDT, 1 in BTC, .* --strategy <value>"):
        replay_records.read(files)
    with pytest.raises(ReplayError, match="2 in USDT, 1 in BTC"):
        read_pasts(files, ColumnMap(), None, replay_records.silent)
    column = "Asset" if "Asset" in table else "Contracts"
    value = "USDT" if "Asset" in table else "BTCUSDT"
    one = replay_records.read(files, parse_map([f"strategy={column}"]), strategy=value)
    assert [table.unit for table in one.tables] == ["USDT"]
    assert len(read_record(files, ColumnMap(), None, replay_records.silent, declared=AS_ONE)) >= 3


@each_case("name", ["ccy", "Quote", "quote_asset", "PnL ccy", "Currency"])
def test_a_column_of_currencies_is_known_by_common_names(name: str, tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(f"time,realized_pnl,{name}\n1,2,USD\n2,3,EUR\n")
    with pytest.raises(ReplayError, match="several currencies, 1 in USD, 1 in EUR"):
        replay_records.read([tmp_path / "trades.csv"])


@each_case("said", [("$", "€"), ("Dollar", "yen"), ("USDT", "TRUMP")])
def test_whatever_a_column_of_currencies_says_is_one(said: tuple[str, str], tmp_path: Path) -> None:
    one, other = said
    (tmp_path / "trades.csv").write_text(f"time,realized_pnl,currency\n1,2,{one}\n2,3,{other}\n")
    with pytest.raises(ReplayError, match=f"several currencies, 1 in {re.escape(one.upper())}, 1 in {other.upper()}"):
        replay_records.read([tmp_path / "trades.csv"])


@each_case("said", [("USD", "n/a"), ("1.0845", "1.2"), ("GBP/JPY", "AUDNZD"), ("CAD.JPY", "NZD-CHF")])
def test_prices_and_pairs_are_no_currencies(said: tuple[str, str], tmp_path: Path) -> None:
    one, other = said
    (tmp_path / "trades.csv").write_text(f"time,realized_pnl,quote\n1,2,{one}\n2,3,{other}\n")
    assert len(replay_records.read([tmp_path / "trades.csv"])) == 2


def test_columns_of_one_table_and_their_names_say_one_unit(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text("time,realized_pnl,pnl_balanced\n1,12.5 USD,1.2%\n")
    with pytest.raises(ReplayError, match="'realized_pnl' is in USD, and column 'pnl_balanced' is in fractions"):
        replay_records.read([tmp_path / "trades.csv"])
    (tmp_path / "trades.csv").write_text("time,Profit (USD)\n1,12.5 EUR\n")
    with pytest.raises(ReplayError, match=r"column 'Profit \(USD\)' is in EUR, and its name says USD"):
        replay_records.read([tmp_path / "trades.csv"])


def test_markets_pay_in_their_currency() -> None:
    paid = {
        "BTCUSDT": "USDT", "BTC/USDT:USDT": "USDT", "ETHUSDC": "USDC", "ETHPERP": "USDC", "BTCUSD_PERP": "BTC",
        "SOLUSDH25": "SOL", "ETHBTC": "BTC", "usd": "USD", "Apple": "",
    }  # fmt: skip
    assert {market: settled_in(market) for market in paid} == paid

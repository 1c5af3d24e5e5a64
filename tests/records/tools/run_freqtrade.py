"""Writes a backtest export of freqtrade, the database of a bot, the trades of both, and what the tool says of them.

run_freqtrade.py PRICES FOLDER

freqtrade asks its exchange for markets before anything else. Here no exchange is asked: a made-up market stands in for
the answer. All else is freqtrade's own, from the command to the storage. No bot can trade without an exchange, so the
trades of the backtest are written into the database with the classes that a bot writes with.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import chdir, closing, suppress
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import pandas as pd
from freqtrade.data.btanalysis import load_backtest_data, load_backtest_stats
from freqtrade.data.history import get_datahandler
from freqtrade.enums import CandleType
from freqtrade.exchange import Exchange
from freqtrade.main import main
from freqtrade.persistence import Trade, enable_database_use, init_db

PAIR = "BTC/USDT"
MARKET = {
    "id": "BTCUSDT", "symbol": PAIR, "base": "BTC", "quote": "USDT", "active": True, "spot": True, "type": "spot",
    "precision": {"price": 0.01, "amount": 0.00001, "cost": 0.01},
    "limits": {"amount": {"min": 0.00001, "max": 9000.0}, "price": {"min": 0.01, "max": 1e6}, "cost": {"min": 5.0}},
}  # fmt: skip
STRATEGY = '''
import talib.abstract as ta
from freqtrade.strategy import IStrategy


class Crossing(IStrategy):
    """Long above the slow mean."""

    timeframe = "1h"
    startup_candle_count = 48
    minimal_roi = {}
    stoploss = -0.99

    def populate_indicators(self, dataframe, metadata):
        dataframe["up"] = ta.SMA(dataframe, 12) > ta.SMA(dataframe, 48)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        began = dataframe["up"] & ~dataframe["up"].shift(1, fill_value=False)
        dataframe.loc[began, ["enter_long", "enter_tag"]] = (1, "up")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe.loc[~dataframe["up"], "exit_long"] = 1
        return dataframe
'''
CONFIG = {
    "dry_run": True, "stake_currency": "USDT", "stake_amount": 5000, "max_open_trades": 1, "dry_run_wallet": 10000,
    "exchange": {"name": "binance", "key": "", "secret": "", "pair_whitelist": [PAIR], "pair_blacklist": []},
    "pairlists": [{"method": "StaticPairList"}], "entry_pricing": {"price_side": "other"},
    "exit_pricing": {"price_side": "other"},
}  # fmt: skip

prices, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()


def backtest() -> Path:
    """Run the command in the present folder; return the export."""
    for name in ("user/data/binance", "user/strategies"):
        Path(name).mkdir(parents=True)
    candles = pd.read_csv(prices).rename(columns={"time": "date"})
    candles["date"] = pd.to_datetime(candles["date"], utc=True)
    get_datahandler(Path("user/data/binance"), "feather").ohlcv_store(PAIR, "1h", candles, CandleType.SPOT)
    Path("user/strategies/crossing.py").write_text(STRATEGY)
    Path("config.json").write_text(json.dumps(CONFIG))
    with (
        patch.object(Exchange, "_load_async_markets", lambda self, **_: self._api_async.set_markets([MARKET])),
        suppress(SystemExit),
    ):
        # The export holds the balance of every candle: a part of them keeps it small.
        main([
            "backtesting", "--userdir", "user", "--config", "config.json", "--strategy", "Crossing",
            "--fee", "0.001", "--timerange", "-20250220", "--cache", "none",
        ])  # fmt: skip
    return next(Path("user/backtest_results").glob("*.zip"))


def bot_of(trades: list[dict[str, object]]) -> dict[str, object]:
    """Write trades as a bot has them, the last one still open: its database, and what `show-trades` prints of it.

    Return what freqtrade says of those that are closed.
    """
    path = folder / "freqtrade.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as empty:
        # Pages of the usual size would make a large file of some trades.
        empty.executescript("PRAGMA page_size = 512; VACUUM;")
    enable_database_use()
    init_db(f"sqlite:///{path}")
    *closed, last = trades
    still_open = {name: None for name in last if name.startswith(("close_", "profit_", "exit_"))} | {"is_open": True}
    for trade in [*closed, {**last, **still_open, "orders": []}]:
        written = Trade.from_json(json.dumps({**trade, "exchange": "binance", "strategy": "Crossing"}))
        written.recalc_open_trade_value()
        Trade.session.add(written)
    Trade.commit()
    done = Trade.get_trades_proxy(is_open=False)
    said = {
        "kind": "trade",
        "results": len(done),
        "open": Trade.get_open_trade_count(),
        "pnl": sum(trade.close_profit for trade in done),
        "first_opened": str(min(trade.open_date_utc for trade in done)),
        "last_closed": str(max(trade.close_date_utc for trade in done)),
    }
    shown = [trade.to_json() for trade in Trade.get_trades_proxy()]
    (folder / "freqtrade_show_trades.json").write_text(json.dumps(shown, indent=4, default=str))
    engine = Trade.session.get_bind()
    Trade.session.remove()
    # What was written is in a file beside the database until it is closed.
    engine.dispose()
    return said


with tempfile.TemporaryDirectory() as scratch, chdir(scratch):
    export = backtest()
    shutil.copy(export, folder / "freqtrade.zip")
    stats = load_backtest_stats(export)["strategy"]["Crossing"]
    trades = load_backtest_data(export)
trades.to_csv(folder / "freqtrade_trades.csv")
of_backtest = {
    "kind": "trade",
    "results": stats["total_trades"],
    "pnl": stats["profit_mean"] * stats["total_trades"],
    "first_opened": str(trades["open_date"].min()),
    "last_closed": str(trades["close_date"].max()),
}
of_bot = bot_of(stats["trades"])
said = {
    "freqtrade.zip": of_backtest,
    "freqtrade_trades.csv": of_backtest,
    "freqtrade.sqlite": of_bot,
    "freqtrade_show_trades.json": of_bot,
}
whole = {"tool": "freqtrade", "version": version("freqtrade"), "exports": said}
(folder / "freqtrade.expected.json").write_text(json.dumps(whole, indent=1) + "\n")

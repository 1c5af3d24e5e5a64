"""Writes `backtesting.csv`, the `_trades` of a run of backtesting.py, and what the tool says of them.

run_backtesting.py PRICES FOLDER
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import SMA

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])


class Crossing(Strategy):
    """Long above the slow mean, short below it."""

    def init(self) -> None:
        """Work out the means."""
        self.fast, self.slow = self.I(SMA, self.data.Close, 12), self.I(SMA, self.data.Close, 48)

    def next(self) -> None:
        """Turn the position where the means cross."""
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy(size=0.5, tag="up")
        elif crossover(self.slow, self.fast):
            self.position.close()
            self.sell(size=0.5, tag="down")


candles = pd.read_csv(prices, index_col="time", parse_dates=True).rename(columns=str.capitalize)
test = Backtest(candles, Crossing, cash=10_000, commission=0.001, finalize_trades=True)
result = test.run()
trades = result["_trades"]
trades.to_csv(folder / "backtesting.csv")
said = {
    "tool": "backtesting",
    "version": version("backtesting"),
    "exports": {
        "backtesting.csv": {
            "kind": "trade",
            "results": int(result["# Trades"]),
            "pnl": float(trades["PnL"].sum()),
            "first_opened": str(trades["EntryTime"].min()),
            "last_closed": str(trades["ExitTime"].max()),
        }
    },
}
(folder / "backtesting.expected.json").write_text(json.dumps(said, indent=1) + "\n")

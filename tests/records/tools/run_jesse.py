"""Writes the closed trades of a jesse backtest as CSV and as JSON, and what the tool says of them.

run_jesse.py PRICES FOLDER
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from contextlib import chdir
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from jesse import indicators as ta
from jesse import research
from jesse.strategies import Strategy

EXCHANGE, SYMBOL = "Binance Perpetual Futures", "BTC-USDT"
MINUTES = 60

prices, folder = Path(sys.argv[1]), Path(sys.argv[2]).resolve()


class Crossing(Strategy):
    """Long above the slow mean, short below it."""

    def rises(self) -> bool:
        """Whether the fast mean is above the slow one."""
        return bool(ta.sma(self.candles, 12) > ta.sma(self.candles, 48))

    def should_long(self) -> bool:
        """Whether to buy."""
        return self.index >= 48 and self.rises()

    def should_short(self) -> bool:
        """Whether to sell."""
        return self.index >= 48 and not self.rises()

    def go_long(self) -> None:
        """Buy."""
        self.buy = 50, self.price

    def go_short(self) -> None:
        """Sell."""
        self.sell = 50, self.price

    def update_position(self) -> None:
        """Close the position where the means have crossed."""
        if self.is_long != self.rises():
            self.liquidate()


def minutes() -> np.ndarray:
    """Return the hours as minutes, on a straight way from open to close: jesse takes no longer candles."""
    rows = []
    with prices.open(newline="") as file:
        for hour in csv.DictReader(file):
            began = datetime.fromisoformat(hour["time"]).replace(tzinfo=UTC).timestamp() * 1000
            way = np.linspace(float(hour["open"]), float(hour["close"]), MINUTES + 1)
            for minute in range(MINUTES):
                first, last = way[minute], way[minute + 1]
                rows.append((began + minute * 60_000, first, last, max(first, last), min(first, last), 1.0))
    return np.array(rows)


with tempfile.TemporaryDirectory() as scratch:
    candles = minutes()
    with chdir(scratch):
        result = research.backtest(
            {
                "starting_balance": 10_000, "fee": 0.001, "type": "futures", "futures_leverage": 2,
                "futures_leverage_mode": "cross", "exchange": EXCHANGE, "warm_up_candles": 0,
            },
            [{"exchange": EXCHANGE, "strategy": Crossing, "symbol": SYMBOL, "timeframe": "1h"}],
            [],
            {f"{EXCHANGE}-{SYMBOL}": {"exchange": EXCHANGE, "symbol": SYMBOL, "candles": candles}},
            generate_csv=True,
            generate_json=True,
        )  # fmt: skip
        for ending in ("csv", "json"):
            shutil.copy(result[ending], folder / f"jesse.{ending}")
        trades = json.loads(Path(result["json"]).read_text())["trades"]
said = {
    "kind": "trade",
    "results": result["metrics"]["total"],
    "pnl": result["metrics"]["net_profit"],
    "first_opened": str(datetime.fromtimestamp(min(trade["opened_at"] for trade in trades) / 1000, UTC)),
    "last_closed": str(datetime.fromtimestamp(max(trade["closed_at"] for trade in trades) / 1000, UTC)),
}
whole = {"tool": "jesse", "version": version("jesse"), "exports": {"jesse.csv": said, "jesse.json": said}}
(folder / "jesse.expected.json").write_text(json.dumps(whole, indent=1) + "\n")

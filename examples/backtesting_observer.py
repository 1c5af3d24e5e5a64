"""Records the trades of a backtest by backtesting.py, each with the regime that it was opened in.

    pip install 'strategic-memory[producer]' backtesting
    python examples/backtesting_observer.py prices.csv --redis redis://127.0.0.1:6379/0

The trades go into the memory as if they had ended now, so they bring their regime along: a Series of regimes over time,
as `strategic-memory-server regimes` writes them. To write trades of the past under their own times, before anything
live, use `strategic-memory-server import` on the CSV of `_trades`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import SMA

from strategic_memory_producer import Entry, TraceWriter, trade_result


def trades_of(stats: pd.Series, run: str, regimes: pd.Series, policy: str | None = None) -> list[Entry]:
    """Return the closed trades of a run.

    Args:
        stats: what `Backtest.run()` returned.
        run: a name for this run: its trades count once, however often they are recorded.
        regimes: regimes by the time from which they were known.
        policy: the policy that the strategy stood for, CONSERVATIVE, BALANCED or AGGRESSIVE.
    """
    entries = []
    for number, trade in enumerate(stats["_trades"].itertuples()):
        known = {"regime": regimes.asof(trade.EntryTime), "policy": policy, "trade_id": f"{run}-{number}"}
        times = {"opened_at": trade.EntryTime.tz_localize("UTC"), "timestamp": trade.ExitTime.tz_localize("UTC")}
        entries.append(trade_result(trade.PnL, {**known, **times}))
    return entries


class Crossing(Strategy):
    """Long above the slow mean, short below it."""

    def init(self) -> None:
        """Work out the means."""
        self.fast, self.slow = self.I(SMA, self.data.Close, 12), self.I(SMA, self.data.Close, 48)

    def next(self) -> None:
        """Turn the position where the means cross."""
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy(size=0.5)
        elif crossover(self.slow, self.fast):
            self.position.close()
            self.sell(size=0.5)


def main() -> None:
    """Read the command line, run the backtest, and record its trades."""
    parser = argparse.ArgumentParser(description="Record the trades of a backtest.")
    parser.add_argument("prices", help="CSV with time, open, high, low, close and volume")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="URL of the service's Redis")
    chosen = parser.parse_args()
    candles = pd.read_csv(chosen.prices, index_col="time", parse_dates=True).rename(columns=str.capitalize)
    # A candle's regime is known once it has closed: when the next one opens.
    rises = (candles["Close"] > candles["Close"].rolling(200).mean()).shift(1, fill_value=False)
    stats = Backtest(candles, Crossing, cash=10_000, commission=0.001, finalize_trades=True).run()
    with TraceWriter(chosen.redis) as writer:
        # By its prices too: the trades of another market are others.
        run = f"crossing-12-48-{Path(chosen.prices).stem}-{candles.index[0]:%Y%m%d%H%M}-{candles.index[-1]:%Y%m%d%H%M}"
        written = writer.write(trades_of(stats, run, rises.map({True: "BULL", False: "BEAR"})))
    print(f"{len(written)} trades that earned {stats['_trades']['PnL'].sum():+.2f} were recorded.")


if __name__ == "__main__":
    main()

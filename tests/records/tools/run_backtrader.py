"""Writes `backtrader.csv`, the closed trades of a run of backtrader by the recipe of docs/formats.md, and what it says.

run_backtrader.py PRICES FOLDER
"""

from __future__ import annotations

import csv
import json
import sys
from importlib.metadata import version
from pathlib import Path

import backtrader as bt

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])


class ClosedTrades(bt.Analyzer):
    """Collects each trade once it is closed: the recipe."""

    def start(self) -> None:
        """Begin with none."""
        self.rows: list[dict[str, object]] = []

    def notify_trade(self, trade: bt.Trade) -> None:
        """Take a trade that is closed."""
        if trade.isclosed:
            self.rows.append({
                "ref": trade.ref,
                "dtopen": bt.num2date(trade.dtopen),
                "dtclose": bt.num2date(trade.dtclose),
                "pnl": trade.pnl,
                "pnlcomm": trade.pnlcomm,
            })  # fmt: skip


class Crossing(bt.Strategy):
    """Long above the slow mean, short below it."""

    def __init__(self) -> None:
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=12), bt.ind.SMA(period=48))

    def next(self) -> None:
        """Turn the position where the means cross."""
        if self.cross[0]:
            self.order_target_size(target=50 * int(self.cross[0]))


cerebro = bt.Cerebro(stdstats=False)
cerebro.adddata(
    bt.feeds.GenericCSVData(
        dataname=str(prices),
        dtformat="%Y-%m-%d %H:%M:%S",
        timeframe=bt.TimeFrame.Minutes,
        compression=60,
        openinterest=-1,
    )
)
cerebro.addstrategy(Crossing)
cerebro.addanalyzer(ClosedTrades, _name="closed")
cerebro.addanalyzer(bt.analyzers.TradeAnalyzer, _name="totals")
cerebro.broker.setcash(10_000)
cerebro.broker.setcommission(commission=0.001)
run = cerebro.run()[0]
rows = run.analyzers.closed.rows
with (folder / "backtrader.csv").open("w", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
totals = run.analyzers.totals.get_analysis()
said = {
    "tool": "backtrader",
    "version": version("backtrader"),
    "exports": {
        "backtrader.csv": {
            "kind": "trade",
            "results": totals.total.closed,
            "open": totals.total.open,
            "pnl": totals.pnl.net.total,
            "first_opened": str(min(row["dtopen"] for row in rows)),
            "last_closed": str(max(row["dtclose"] for row in rows)),
        }
    },
}
(folder / "backtrader.expected.json").write_text(json.dumps(said, indent=1) + "\n")

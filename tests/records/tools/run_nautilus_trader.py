"""Writes the positions report of a nautilus_trader backtest as CSV, Parquet and JSON, and what the tool says of it.

run_nautilus_trader.py PRICES FOLDER
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])
perpetual = TestInstrumentProvider.btcusdt_perp_binance()
hourly = BarType.from_str(f"{perpetual.id}-1-HOUR-LAST-EXTERNAL")


class Crossing(Strategy):
    """Long above the slow mean, short below it."""

    def on_start(self) -> None:
        """Ask for the bars."""
        self.fast, self.slow, self.side = SimpleMovingAverage(12), SimpleMovingAverage(48), 0
        self.register_indicator_for_bars(hourly, self.fast)
        self.register_indicator_for_bars(hourly, self.slow)
        self.subscribe_bars(hourly)

    def on_bar(self, bar: Bar) -> None:
        """Turn the position where the means cross."""
        if not self.slow.initialized:
            return
        side = 1 if self.fast.value > self.slow.value else -1
        if self.side and side != self.side:
            order_side = OrderSide.BUY if side > 0 else OrderSide.SELL
            self.close_all_positions(perpetual.id)
            self.submit_order(self.order_factory.market(perpetual.id, order_side, perpetual.make_qty(Decimal(50))))
        self.side = side


engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
engine.add_venue(
    venue=Venue("BINANCE"),
    oms_type=OmsType.NETTING,
    account_type=AccountType.MARGIN,
    base_currency=None,
    starting_balances=[Money(10_000, USDT)],
)
engine.add_instrument(perpetual)
candles = pd.read_csv(prices, index_col="time", parse_dates=True)
engine.add_data(BarDataWrangler(hourly, perpetual).process(candles, ts_init_delta=3_600_000_000_000))
engine.add_strategy(Crossing())
engine.run()
report = engine.trader.generate_positions_report()
report.to_csv(folder / "nautilus_trader.csv")
report.to_parquet(folder / "nautilus_trader.parquet")
report.to_json(folder / "nautilus_trader.json", orient="records")
positions = [*engine.cache.positions_closed(), *engine.cache.position_snapshots()]
said = {
    "kind": "trade",
    "results": len(positions),
    "open": engine.cache.positions_open_count(),
    "pnl": float(sum(position.realized_pnl.as_decimal() for position in positions)),
    "first_opened": str(pd.Timestamp(min(position.ts_opened for position in positions), tz="UTC")),
    "last_closed": str(pd.Timestamp(max(position.ts_closed for position in positions), tz="UTC")),
}
whole = {
    "tool": "nautilus_trader",
    "version": version("nautilus_trader"),
    "exports": {f"nautilus_trader.{ending}": said for ending in ("csv", "parquet", "json")},
}
(folder / "nautilus_trader.expected.json").write_text(json.dumps(whole, indent=1) + "\n")

#!/usr/bin/env bash
# nautilus_trader 1.221.0: two trades that both lost by their commissions have a Sharpe ratio of 393 and no losing return.
#
# Guessed: the statistics of returns and those of the pnl that the analyzer prints are of the same results.
# Seen: the pnl of a position is after commissions, its `realized_return` is of the prices alone. Bought at 102 and sold at 105,
# bought at 108 and sold at 111, at 2 % an order: -25.20 USD and a win rate of 0 among the pnls, an average win of 2.9 %
# and no loss among the returns. Sharpe, Sortino, volatility and the profit factor are of these returns.
# What follows: read `realized_pnl` of the positions report, never `realized_return`. 1.221.0 is the newest that installs on
# CPython 3.11; by its source, 1.231.0 takes the balances of an account of one currency, and the same returns for any other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nautilus_trader==1.221.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

DAY_NS = 86_400 * 10**9
ORDERS = {3: OrderSide.BUY, 6: OrderSide.SELL, 9: OrderSide.BUY, 12: OrderSide.SELL}
share = Equity.to_dict(TestInstrumentProvider.equity(symbol="AAPL", venue="XNAS"))
share = Equity.from_dict(share | {"maker_fee": "0.02", "taker_fee": "0.02"})
daily = BarType.from_str("AAPL.XNAS-1-DAY-LAST-EXTERNAL")


class Twice(Strategy):
    def on_start(self):
        self.day = 0
        self.subscribe_bars(daily)

    def on_bar(self, bar):
        self.day += 1
        if self.day in ORDERS:
            self.submit_order(self.order_factory.market(share.id, ORDERS[self.day], Quantity.from_int(10)))


def bar_of(day):
    prices = [Price(100 + day + above, 2) for above in (0.0, 0.5, -0.5, 0.0)]
    at = 1_704_229_200 * 10**9 + day * DAY_NS
    return Bar(daily, *prices, Quantity.from_int(1_000), at, at)


engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
engine.add_venue(
    Venue("XNAS"), OmsType.NETTING, AccountType.CASH, base_currency=USD, starting_balances=[Money(10_000, USD)]
)
engine.add_instrument(share)
engine.add_data([bar_of(day) for day in range(15)])
engine.add_strategy(Twice())
engine.run()
positions = engine.trader.generate_positions_report()
analyzer = engine.portfolio.analyzer
pnls, returns = analyzer.get_performance_stats_pnls(), analyzer.get_performance_stats_returns()
print(positions[["avg_px_open", "avg_px_close", "commissions", "realized_return", "realized_pnl"]].to_string(index=False))
for name, figures in (("pnls", pnls), ("returns", returns)):
    print(f"nautilus_trader {nautilus_trader.__version__}: of {name}: {figures}")
assert list(positions["realized_pnl"]) == ["-11.40 USD", "-13.80 USD"]
assert pnls["Win Rate"] == 0.0 and round(pnls["PnL (total)"], 2) == -25.2
assert min(positions["realized_return"]) > 0.027, "returns are after commissions now"
assert returns["Sharpe Ratio (252 days)"] > 390 and returns["Average Win (Return)"] > 0.028
assert returns["Average Loss (Return)"] != returns["Average Loss (Return)"], "there is a losing return now"
engine.dispose()
PYTHON

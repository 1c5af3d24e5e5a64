#!/usr/bin/env bash
# lib-pybroker 2.0.2: two trades that lost by their fees are a win rate of 100 % and a return of +0.5 %, of an account at -1 %.
#
# Guessed: `trades.pnl` and the metrics of a backtest are after the fees that `fee_mode` and `fee_amount` charge.
# Seen: 10 bought and sold in halves at a fee of 50 an order: 150 of fees, 10,000 become 9,900. The two rows of `trades` earn 20 and
# 30, `total_pnl` is 50, `total_return_pct` 0.5, `win_rate` 100, and no losing trade is found; the Sharpe ratio, the drawdown and the
# profit factor beside them (0.26) are of the account, after fees. No column of `trades` holds a fee; `orders` has them.
# What follows: what is learned from `trades` is learned without costs; the service's summary of a replay says so of such a table.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lib-pybroker==2.0.2 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import pandas
from pybroker import FeeMode, Strategy, StrategyConfig

days = pandas.bdate_range("2024-01-02", periods=12)
close = pandas.Series(range(100, 112), dtype=float)
prices = pandas.DataFrame(
    {"symbol": "AAA", "date": days, "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 1_000}
)


def half_and_half(context):
    if context.bars == 2:
        context.buy_shares = 10
    elif context.bars == 6:
        context.sell_shares = 5
    elif context.bars == 8:
        context.sell_all_shares()


strategy = Strategy(
    prices, days[0], days[-1], StrategyConfig(initial_cash=10_000, fee_mode=FeeMode.PER_ORDER, fee_amount=50)
)
strategy.add_execution(half_and_half, "AAA")
result = strategy.backtest()
metrics = result.metrics_df.set_index("name")["value"]
names = ("total_fees", "end_market_value", "total_pnl", "total_return_pct", "win_rate", "losing_trades", "profit_factor")
seen = {name: round(float(metrics[name]), 2) for name in names}
print(f"lib-pybroker {version('lib-pybroker')}: trades.pnl {result.trades['pnl'].tolist()}, fees {result.orders['fees'].tolist()}")
print(seen)
assert result.trades["pnl"].tolist() == [20.0, 30.0] and not [name for name in result.trades.columns if "fee" in name]
assert result.orders["fees"].tolist() == [50.0, 50.0, 50.0]
assert list(seen.values()) == [150.0, 9_900.0, 50.0, 0.5, 100.0, 0.0, 0.26]
PYTHON

#!/usr/bin/env bash
# backtesting 0.6.6: with a fixed fee an order, `_trades` of a position closed in parts charges its entry once a part.
#
# Guessed: the profits of `_trades` add up to the change of the equity, as they do with a proportional commission.
# Seen: 10 bought and sold in two halves at a fee of 5 are three orders and 15 of fees: the equity pays 15, the two rows of
# `_trades` 20. With every further part the sum of the trades falls short by one fee more, and `# Trades`, the win rate
# and the profit factor are taken from those rows.
# What follows: the profit by policy that is summed from `_trades` is too low where positions are closed in parts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check backtesting==0.6.6 pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import pandas
from backtesting import Backtest, Strategy

hours = pandas.date_range("2024-01-02 09:00", periods=12, freq="h")
close = pandas.Series(range(100, 112), hours, dtype=float)
prices = pandas.DataFrame({"Open": close, "High": close + 1, "Low": close - 1, "Close": close, "Volume": 1})


class HalfAndHalf(Strategy):
    def init(self):
        pass

    def next(self):
        bar = len(self.data)
        if bar == 3:
            self.buy(size=10)
        if bar == 5:
            self.position.close(portion=0.5)
        if bar == 7:
            self.position.close()


gaps = {}
for name, commission in (("1 % of the value", 0.01), ("5 an order", (5, 0.0))):
    result = Backtest(prices, HalfAndHalf, cash=10_000, commission=commission).run()
    earned = result["Equity Final [$]"] - 10_000
    rows = result["_trades"]
    gaps[name] = round(float(earned - rows["PnL"].sum()), 6)
    print(
        f"backtesting {version('backtesting')}: commission of {name}: equity changes by {earned:g}, "
        f"the PnL of {len(rows)} trades adds up to {rows['PnL'].sum():g}, their commission to {rows['Commission'].sum():g}"
    )
assert gaps == {"1 % of the value": 0.0, "5 an order": 5.0}
PYTHON

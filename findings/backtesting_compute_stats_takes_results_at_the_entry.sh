#!/usr/bin/env bash
# backtesting 0.6.6: compute_stats of a run's own trades turns a drawdown of 50 % into one of 29 %.
#
# Guessed: given all trades of a run, `lib.compute_stats` says what the run said; given some of them, what they did to the account.
# Seen: the equity is worked out anew, with the whole result of each trade in the row where it was entered, and nothing after it: 10 bought
# at 100, half lost on the way and 28.75 % lost at the end are a step of 28.75 % on the first day. A gain of 20 % that was a loss of
# 50 % before it has no drawdown at all. Sharpe and volatility are of the same equity; return and win rate are right.
# What follows: long trades beside short ones, or one regime's beside another's, which is what it is for, look safer than they were: the longer
# held, the more. Compare drawdowns of runs that trade them alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check backtesting==0.6.6 pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import numpy
import pandas
from backtesting import Backtest, Strategy
from backtesting.lib import compute_stats


class Held(Strategy):
    """Buys 10 in the fourth row and sells them in the fourteenth."""

    def init(self):
        pass

    def next(self):
        if len(self.data) == 3:
            self.buy(size=10)
        if len(self.data) == 13:
            self.position.close()


def compared(last):
    """Return and drawdown of the run, and of compute_stats with the run's trades, when the price falls by half and goes to `last`."""
    close = numpy.r_[[100.0] * 3, numpy.linspace(100, 50, 8), numpy.linspace(60, last, 3), [last] * 6]
    days = pandas.date_range("2024-01-01", periods=len(close))
    prices = pandas.DataFrame({"Open": close, "High": close, "Low": close, "Close": close, "Volume": 1.0}, days)
    run = Backtest(prices, Held, cash=1_000).run()
    again = compute_stats(stats=run, data=prices, trades=run._trades)
    return [(round(said["Return [%]"], 2), round(said["Max. Drawdown [%]"], 2) + 0.0) for said in (run, again)]


seen = {last: compared(last) for last in (71.25, 120)}
for last, (run, again) in seen.items():
    name = f"backtesting {version('backtesting')}: 100, 50, {last}"
    print(f"{name}: the run: return {run[0]} %, drawdown {run[1]} %; its trades: {again[0]} %, {again[1]} %")
assert seen[71.25] == [(-28.75, -50.0), (-28.75, -28.75)], "results are taken where a trade is closed now"
assert seen[120] == [(20.0, -50.0), (20.0, 0.0)], "results are taken where a trade is closed now"
PYTHON

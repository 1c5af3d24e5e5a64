#!/usr/bin/env bash
# backtrader 1.9.78.123: TradeAnalyzer counts a trade that earned nothing as won, and ends a losing run with it.
#
# Guessed: a trade that is closed at its opening price is neither won nor lost.
# Seen: of three trades that earned 0, one that lost and one that won, four are won: a win rate of 80 %, where one of two that had a
# result is 50 %. `won.pnl.average` is a quarter of the only gain, and the longest run of wins is three trades of nothing.
# What follows: trades that are closed at break-even, by a stop that was moved there, make a policy look better; count
# `pnlcomm > 0` oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check backtrader==1.9.78.123 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import backtrader
import pandas

closes = [100.0] * 40
closes[25:] = [98.0] * 15
closes[35:] = [102.0] * 5
days = pandas.bdate_range("2024-01-01", periods=40)
prices = pandas.DataFrame({name: closes for name in ("open", "high", "low", "close")} | {"volume": 1}, days)
OPENS, CLOSES = (2, 8, 14, 22, 30), (5, 11, 17, 27, 37)


class FiveTrades(backtrader.Strategy):
    def __init__(self):
        self.earned = []

    def next(self):
        if len(self) in OPENS:
            self.buy(size=10)
        elif len(self) in CLOSES:
            self.close()

    def notify_trade(self, trade):
        if trade.isclosed:
            self.earned.append(trade.pnlcomm)


cerebro = backtrader.Cerebro()
cerebro.adddata(backtrader.feeds.PandasData(dataname=prices))
cerebro.addstrategy(FiveTrades)
cerebro.addanalyzer(backtrader.analyzers.TradeAnalyzer, _name="trades")
strategy = cerebro.run()[0]
said = strategy.analyzers.trades.get_analysis()
print(f"backtrader {version('backtrader')}: earned {strategy.earned}")
print(f"won {said.won.total}, on average {said.won.pnl.average}, longest run {said.streak.won.longest}; lost {said.lost.total}")
assert strategy.earned == [0.0, 0.0, 0.0, -20.0, 40.0]
assert (said.won.total, said.lost.total, said.won.pnl.average, said.streak.won.longest) == (4, 1, 10.0, 3)
PYTHON

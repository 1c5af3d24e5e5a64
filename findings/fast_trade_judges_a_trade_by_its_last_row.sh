#!/usr/bin/env bash
# fast-trade 3.0.0: a trade that earned 18 % is a losing one if its last row fell, and an account that doubles has a return of 50 %.
#
# Guessed: `return_perc` is what was earned as a share of what was there before; a trade is won where it is sold above its purchase.
# Seen: the return is a share of the money at the end: 1,000 that become 2,000 are +50 %, 250 are -300 %. What a trade earned is the change of
# the account from the row before its sale to the sale: bought at 100, at 120 the day before and sold at 118 it lost 1.7 %, and bought at 100,
# at 80 and sold at 85 it won 6.25 %. Win rate, best trade and profit factor are of these; the first row of all counts as a trade that earned nothing.
# `max_drawdown` is the lowest balance in money; `drawdown_metrics` has the drawdown in percent.
# What follows: take `adj_account_value` of the table and count oneself, before policies are compared by its summary.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fast-trade==3.0.0 polars==2.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from datetime import datetime, timedelta
from importlib.metadata import version

import polars
from fast_trade import run_backtest

rules = {"enter": [["volume", ">", 150]], "exit": [["volume", "<", 50]], "datapoints": [], "start": "", "stop": ""}


def told(*close):
    """What is said of all the money being bought in on the second day, and sold on the one before the last."""
    days = [datetime(2024, 1, 1) + timedelta(days=day) for day in range(len(close))]
    volume = [100.0, 200.0] + [100.0] * (len(close) - 4) + [10.0, 100.0]
    rows = polars.DataFrame({"date": days, **dict.fromkeys(("open", "high", "low", "close"), [float(each) for each in close]), "volume": volume})
    said = run_backtest({"base_balance": 1_000, "freq": "1D", "comission": 0.0, **rules}, rows)["summary"]
    figures = ("equity_final", "return_perc", "best_trade_perc", "total_num_winning_trades", "num_trades", "max_drawdown")
    return [said[figure] for figure in figures]


markets = ((100, 100, 200, 200), (100, 100, 25, 25), (100, 100, 110, 120, 118, 118), (100, 100, 90, 80, 85, 85))
seen = {close: told(*close) for close in markets}
for close, (ended, earned, best, won, trades, drawdown) in seen.items():
    name = f"fast-trade {version('fast-trade')}: {close}"
    print(f"{name}: ends with {ended}, return {earned} %; trades {trades}, won {won}, best {best:.2%}; drawdown {drawdown}")
assert list(seen.values()) == [
    [2000.0, 50.0, 1.0, 1.0, 2, 1000.0],
    [250.0, -300.0, -0.75, 0.0, 2, 250.0],
    [1180.0, 15.254, -0.0167, 0.0, 2, 1000.0],
    [850.0, -17.647, 0.0625, 1.0, 2, 800.0],
], "returns or trades are counted otherwise now"
PYTHON

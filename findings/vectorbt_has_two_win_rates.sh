#!/usr/bin/env bash
# vectorbt 1.2.0: the win rate of a portfolio's trades is 50 % by `trades.win_rate()` and 0 % by `stats()`.
#
# Guessed: both are one figure, read in two places.
# Seen: `trades.win_rate()` and `trades.records_readable` count a position that is still open, with the profit it has on
# paper at the last price and without the fee of its exit; `stats()` leaves it out, though its `Total Trades` counts it.
# What follows: rows whose Status is Open are no results; an export of all rows teaches a profit that nobody has made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check vectorbt==1.2.0 pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import pandas
import vectorbt

hours = pandas.date_range("2024-01-02 09:00", periods=8, freq="h")
close = pandas.Series(range(100, 108), hours, dtype=float)
entries = pandas.Series([False, True, False, False, True, False, False, False], hours)
exits = pandas.Series([False, False, False, True, False, False, False, False], hours)
portfolio = vectorbt.Portfolio.from_signals(close, entries, exits, fees=0.01, init_cash=1_000, freq="1h")
rows = portfolio.trades.records_readable[["Status", "Exit Timestamp", "Exit Fees", "PnL"]]
stats = portfolio.stats()
print(rows.to_string())
print(
    f"vectorbt {vectorbt.__version__}: trades.win_rate() {portfolio.trades.win_rate():.0%}, "
    f"stats() {stats['Win Rate [%]']:.0f} % of {stats['Total Trades']} trades"
)
assert list(rows["Status"]) == ["Closed", "Open"] and rows["Exit Fees"].iloc[1] == 0.0
assert rows["PnL"].iloc[0] < 0 < rows["PnL"].iloc[1]
assert portfolio.trades.win_rate() == 0.5
assert stats["Win Rate [%]"] == 0.0 and stats["Total Trades"] == 2
PYTHON

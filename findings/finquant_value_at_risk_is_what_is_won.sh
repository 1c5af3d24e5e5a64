#!/usr/bin/env bash
# FinQuant 0.7.0: the value at risk of 1,000 that earn 30 % a year is 464, of 1,000 that lose 30 % it is -136, and a market that never fell has a downside risk.
#
# Guessed: `value_at_risk` is what is lost in the worst 5 %, (1.645 sigma - mu) times what is invested; downside risk is 0 without a loss, and
# in the unit of the return that `sortino_ratio` divides by it.
# Seen: it is (mu + 1.645 sigma) times the investment: the gain that the best 5 % pass. More return is more risk, and with a deviation of 0 what is
# earned is at risk. `downside_risk` takes the rate that is free of risk, 0.5 % a year by default, from each day's return: +0.1 % each day has 0.4 %, all
# of it from that, and with a rate of 5 % a year 4.9 %. Portfolio.sortino divides the yearly return by this daily figure.
# What follows: a limit by its VaR stops the winners and passes the losers, and a ranking by its Sortino is one by the rate.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# What its figures need; its downloads of prices need more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.2.6 pandas==2.3.3 scipy==1.15.3
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps FinQuant==0.7.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version
from statistics import NormalDist

import pandas
from finquant.quants import downside_risk, value_at_risk

name = f"FinQuant {version('FinQuant')}"
seen = {}
for mean, deviation in ((0.3, 0.1), (0.0, 0.1), (-0.3, 0.1), (0.1, 0.0)):
    told = float(value_at_risk(1_000, mean, deviation))
    lost = 1_000 * (-NormalDist(mean, deviation).inv_cdf(0.05) if deviation else -mean)
    seen[mean, deviation] = (round(told), round(lost))
    print(f"{name}: 1,000 with mean {mean:+.0%}, deviation {deviation:.0%}: VaR {told:.0f}, what the worst 5 % lose {lost:.0f}")
days = pandas.bdate_range("2024-01-01", periods=253)
rising = pandas.DataFrame({"a": [100 * 1.001**day for day in range(253)]}, days).astype("float64")
weights = pandas.Series([1.0], ["a"])
risks = [round(float(downside_risk(rising, weights, rate)), 4) for rate in (0.0, 0.005, 0.05)]
print(f"{name}: +0.1 % each day: downside risk {risks[1]:.1%}; with a yearly rate of 0 {risks[0]:.1%}, of 5 % {risks[2]:.1%}")
assert seen == {(0.3, 0.1): (464, -136), (0.0, 0.1): (164, 164), (-0.3, 0.1): (-136, 464), (0.1, 0.0): (100, -100)}, "VaR is a loss now"
assert risks == [0.0, 0.004, 0.049]
PYTHON

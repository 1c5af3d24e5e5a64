#!/usr/bin/env bash
# PyPortfolioOpt 1.6.0: DiscreteAllocation of 30 % long and 10 % short buys for 100 %; without the short it buys for the 30 %.
#
# Guessed: each weight is a share of `total_portfolio_value`, long or short, and what no weight takes stays in cash.
# Seen: as soon as one weight is negative, the long ones are scaled up until all of the money is spent, and the short ones stay as they are: half
# long, half short is bought as 100 % long and 50 % short, which is no longer neutral but net long by half. 130 % long and 30 % short becomes 100 %
# and 30 %, unless `reinvest=True`. Long alone, 30 % leaves 70 % in cash. Both ways to allocate do it, and neither warns.
# What follows: a small hedge, added to lower the risk, triples the position; multiply the shares by price and compare with the weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# packaging is imported by what it depends on, and not among what that depends on.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check PyPortfolioOpt==1.6.0 packaging==26.0 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON' | grep "^PyPortfolioOpt"
from importlib.metadata import version

import pandas
from pypfopt import DiscreteAllocation

prices = pandas.Series({"long": 100.0, "short": 50.0})
seen = {}
for weights in ({"long": 0.3}, {"long": 0.3, "short": -0.1}, {"long": 0.5, "short": -0.5}, {"long": 1.3, "short": -0.3}):
    bought = []
    for allocate in (DiscreteAllocation.greedy_portfolio, DiscreteAllocation.lp_portfolio):
        if len(weights) > 1 or allocate is DiscreteAllocation.greedy_portfolio:
            shares, _ = allocate(DiscreteAllocation(weights, prices[list(weights)], total_portfolio_value=10_000))
            bought.append({name: round(float(count * prices[name] / 10_000), 3) for name, count in shares.items()})
    assert all(each == bought[0] for each in bought)
    seen[tuple(weights.values())] = tuple(bought[0].values())
    print(f"PyPortfolioOpt {version('PyPortfolioOpt')}: weights {weights}: bought {bought[0]}")
assert seen == {(0.3,): (0.3,), (0.3, -0.1): (1.0, -0.1), (0.5, -0.5): (1.0, -0.5), (1.3, -0.3): (1.0, -0.3)}, "weights are shares of all now"
PYTHON

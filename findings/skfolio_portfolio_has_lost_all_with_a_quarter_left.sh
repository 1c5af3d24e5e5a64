#!/usr/bin/env bash
# skfolio 1.12.2: a portfolio that is halved twice has a drawdown of 100 %, and one that is bought once pays for it each day.
#
# Guessed: 100 that becomes 50 and 25 has a drawdown of 75 %; a cost of 1 % of what is traded, at one purchase, costs 1 %.
# Seen: returns are added up unless `compounded=True`: halved three times, it has lost 150 %. One that rises by 60 % between two falls of
# 45 % has a smaller drawdown (45 %) than one that falls by 50 % once (compounded, 51.6 %). `transaction_costs` times the distance to
# `previous_weights` is taken from every row: 1 % for one purchase is 10 % of the capital after ten days, and 250 % after a year. Both are
# said in its documentation, and nothing in the figures tells.
# What follows: `compounded=True`, and costs divided by the rows until the weights change again, before figures are compared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check skfolio==1.12.2 pandas==2.3.3 numpy==2.2.6 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from skfolio import Portfolio


def portfolio(returns, **settings):
    days = pandas.bdate_range("2024-01-01", periods=len(returns))
    return Portfolio(X=pandas.DataFrame({"A": returns}, days), weights=[1.0], **settings)


seen = {}
for returns in ([-0.5, -0.5], [-0.5, -0.5, -0.5], [-0.45, 0.6, -0.45], [-0.5]):
    added, compounded = (round(float(portfolio(returns, compounded=each).max_drawdown), 3) for each in (False, True))
    assert added == round(float(portfolio(returns).max_drawdown), 3)
    seen[tuple(returns)] = (added, compounded)
    print(f"skfolio {version('skfolio')}: {returns}: drawdown {added}, with compounded=True {compounded}")
bought = portfolio([0.0] * 10, previous_weights=[0.0], transaction_costs=0.01)
print(f"skfolio {version('skfolio')}: bought once at 1 %, ten days of no change: {bought.returns.sum():.2f}, each day {set(bought.returns.tolist())}")
assert seen == {
    (-0.5, -0.5): (1.0, 0.75),
    (-0.5, -0.5, -0.5): (1.5, 0.875),
    (-0.45, 0.6, -0.45): (0.45, 0.516),
    (-0.5,): (0.5, 0.5),
}
assert set(bought.returns.tolist()) == {-0.01}
PYTHON

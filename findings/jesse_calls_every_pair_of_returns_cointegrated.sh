#!/usr/bin/env bash
# jesse 3.5.3: `utils.are_cointegrated(price_returns_1, price_returns_2)`, given returns as it asks, is true of 100 of 100 pairs that share nothing.
#
# Guessed: given the returns of two prices, which `utils.prices_to_returns` makes, it adds them up to prices again and says of two random walks
# that share nothing that they hold together in some 5 of 100 cases, its `cutoff`.
# Seen: what comes is handed to the test of statsmodels as it is. Returns have no unit root, so their residuals have none either, and "no
# cointegration" is refused for any two of them. Given prices, against its names, 7 of the same 100 pairs are, as by statsmodels itself.
# What follows: a strategy that looks for pairs trades all that it is given; the spread of two that share nothing runs away, and nothing told it.
# Give it the prices (their logarithms).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==1.26.4 pandas==2.2.3 scipy==1.15.3 \
    statsmodels==0.14.5 arrow==1.2.3 click==8.0.4
# What its functions for strategies need; the framework needs more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps jesse==3.5.3 jesse-rust==1.3.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
from jesse import utils
from statsmodels.tsa.stattools import coint

random = numpy.random.default_rng(1)
told, of_prices, by_statsmodels, apart = 0, 0, 0, []
for _ in range(100):
    # Two prices of 300 days that know nothing of each other, 1 % a day.
    prices = [100.0 * numpy.exp(random.normal(0.0, 0.01, 300).cumsum()) for _ in range(2)]
    # Its first return is no number.
    returns = [utils.prices_to_returns(price)[1:] for price in prices]
    told += bool(utils.are_cointegrated(*returns))
    of_prices += bool(utils.are_cointegrated(*prices))
    by_statsmodels += bool(coint(*prices)[1] < 0.05)
    apart.append(abs(prices[0][-1] / prices[1][-1] - 1.0))
name = f"jesse {version('jesse')}"
print(f"{name}: of 100 pairs that share nothing are cointegrated: by their returns {told}, by their prices {of_prices}")
print(f"statsmodels {version('statsmodels')}: by their prices {by_statsmodels}; after 300 days half of them are {numpy.median(apart):.0%} apart")
assert told == 100, "returns are added up to prices now, or refused"
assert of_prices == by_statsmodels == 7
PYTHON

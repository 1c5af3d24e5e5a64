#!/usr/bin/env bash
# quantstats 0.0.86: an account that has lost 97 % of its money has a risk of ruin of 0, and the more days it loses on the less.
#
# Guessed: `risk_of_ruin` rises with how much is lost, or at least is not small where the account is nearly gone.
# Seen: it is ((1 - w) / (1 + w)) to the power of the number of returns, with w the share of winning days; how large a gain and a loss are does not
# enter. Days of +1 % and of -2 %, of which 55 in 100 win, lose 1.4 % a week: it is 2e-11 after 20 days, 2e-54 after 100 and 0 after 1,000,
# when 3 % are left. One day that lost and one that won have 11 %; the full report of metrics prints it in percent.
# What follows: it says how many rows there are; neither a cap nor a size can rest on it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check quantstats==0.0.86 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
import quantstats

turn = [0.01] * 11 + [-0.02] * 9
seen = {}
for times in (1, 5, 50):
    returns = pandas.Series(turn * times, pandas.bdate_range("2020-01-01", periods=20 * times))
    left = float((1 + returns).prod())
    seen[20 * times] = (round(left, 2), float(quantstats.stats.risk_of_ruin(returns)))
    print(f"quantstats {version('quantstats')}: {20 * times} days, {left:.0%} left: risk of ruin {seen[20 * times][1]:.0e}")
two = float(quantstats.stats.risk_of_ruin(pandas.Series([-0.5, 0.01], pandas.bdate_range("2020-01-01", periods=2))))
print(f"quantstats {version('quantstats')}: -50 % and +1 %: {two:.0%}")
risks = [risk for _, risk in seen.values()]
assert [left for left, _ in seen.values()] == [0.93, 0.7, 0.03]
assert risks[0] < 1e-10 and risks[1] < 1e-50 and risks[2] == 0.0, "what is lost counts now"
assert round(two, 3) == 0.111
PYTHON

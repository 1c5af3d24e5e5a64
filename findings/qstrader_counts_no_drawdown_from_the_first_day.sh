#!/usr/bin/env bash
# qstrader 0.3.0: an account that loses half of its money on the second day has a drawdown of 0, and one that is halved twice of 50 %.
#
# Guessed: the drawdown is counted from the highest equity until then, with what the account began with as well: 50 % and 75 %.
# Seen: the highest value begins at 0 and takes in the rows from the second one on, so a fall from where the account began is none, and
# what comes after it is counted from the lower level. An account that was never above its beginning has too small a drawdown, and
# too short a one; after one gain both are right. Its statistics in JSON and its tear sheet have the figure from there.
# What follows: the worse a policy begins, the better it looks beside others; begin the equity with two equal rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qstrader==0.3.0 pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from qstrader.statistics.performance import create_drawdowns

seen = {}
for equity in (
    (100, 50, 50, 50, 50, 50),
    (100, 50, 25, 25, 25, 25),
    (100, 90, 95, 81, 90, 95),
    (100, 101, 50.5, 25.25, 25.25, 25.25),
    (100, 100, 50, 25, 25, 25),
):
    days = pandas.bdate_range("2024-01-01", periods=len(equity))
    _, deepest, rows = create_drawdowns(pandas.Series(equity, days) / equity[0])
    values = pandas.Series(equity)
    true = float((1 - values / values.cummax()).max())
    seen[equity] = (round(float(deepest), 3), int(rows), round(true, 3))
    print(f"qstrader {version('qstrader')}: {equity}: drawdown {deepest:.1%} of {rows} rows; from the beginning {true:.1%}")
assert list(seen.values()) == [(0.0, 0, 0.5), (0.5, 4, 0.75), (0.147, 2, 0.19), (0.75, 4, 0.75), (0.75, 4, 0.75)]
PYTHON

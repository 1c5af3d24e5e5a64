#!/usr/bin/env bash
# empyrical-reloaded 0.7.1: who holds an index twice captures 13 times its rises and 1.08 times its falls, a ratio of 12; by hand 2, 2 and 1.
#
# Guessed: up capture is what a book makes on the days on which the index rises, as a share of what the index makes on them, so the same index held
# twice has 2 up, 2 down and an up-down ratio of 1, and held half 0.5, 0.5 and 1.
# Seen: the days on which the index rose are put one after the other and taken for a year of 252 of them, and so are those on which it fell; the
# yearly returns are divided. Days of +1 % are +1,127 % a year, twice that is +14,600 %; days of -1 % are -92 %, twice that is -99.4 %. Half the index
# has 0.22 up and 0.78 down, a ratio of 0.29. Its docs say no more than "for periods when the benchmark return is positive".
# What follows: a ranking by it is one by leverage, the more the better, and a book that hedges by half looks as if it took the falls and left
# the rises; divide the mean returns of the days, or give `period="yearly"`, which is 2 here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# What its figures need; its store of prices needs more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 bottleneck==1.6.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps empyrical-reloaded==0.7.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import empyrical
import numpy
import pandas

days = pandas.bdate_range("2024-01-01", periods=252)
index = pandas.Series(numpy.where(numpy.arange(252) % 2, 0.01, -0.01), days)
seen = {}
for share in (0.5, 1.0, 2.0):
    book = share * index
    told = [float(of(book, index)) for of in (empyrical.up_capture, empyrical.down_capture, empyrical.up_down_capture)]
    up, down = (float(book[days].mean() / index[days].mean()) for days in (index > 0, index < 0))
    seen[share] = [round(value, 2) for value in (*told, up, down, up / down)]
    seen[share].append(round(float(empyrical.up_capture(book, index, period="yearly")), 2))
    print(
        f"empyrical-reloaded {version('empyrical-reloaded')}: {share} of the index: up {told[0]:.2f}, down {told[1]:.2f}, ratio {told[2]:.2f};"
        f" by hand {up:.2f}, {down:.2f}, {up / down:.2f}; up with period yearly {seen[share][-1]:.2f}"
    )
assert seen == {
    0.5: [0.22, 0.78, 0.29, 0.5, 0.5, 1.0, 0.5],
    1.0: [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    2.0: [12.95, 1.08, 11.99, 2.0, 2.0, 1.0, 2.0],
}, "captures grow with the leverage otherwise now"
PYTHON

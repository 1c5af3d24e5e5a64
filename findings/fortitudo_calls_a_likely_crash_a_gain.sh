#!/usr/bin/env bash
# fortitudo.tech 1.2.5: a crash of 40 % to which a view gives 10 % has a CVaR of -760 %; where it has 1 %, 8.8 %. A book that always loses 5 % has a VaR of 0.
#
# Guessed: `portfolio_cvar` is the mean loss of the worst 5 %, so where one scenario has 10 % it is what is lost in it, 40 %; and VaR is of the
# P&L as it is given.
# Seen: where the worst scenario has more than 5 % of the probability, as one of fewer than 20 has, or one that a view or a stress has
# made likely, the CVaR is minus nineteen times its loss. At 1 % and at 4 % it is right, 8.8 and 32.2 %. Both figures subtract the mean P&L first where
# `demean=False` is not given (documented): -5 % in each of 100 scenarios has 0 and 0, and a book from -7 to -2.5 % the VaR of one from 2.5 to 7 %.
# What follows: the more likely a crash is made the better the book looks, down to a gain; a limit by it passes. Check the greatest probability,
# and give `demean=False`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: fortitudo-tech==1.2.5 numpy==2.4.6 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import fortitudo.tech as fortitudo
import numpy

name = f"fortitudo.tech {version('fortitudo-tech')}"
one = numpy.array([[1.0]])
# One crash and 99 scenarios that lose 1 %.
pnl = numpy.r_[-0.4, numpy.full(99, -0.01)][:, None]
seen = {}
for crash in (0.01, 0.04, 0.06, 0.1):
    chances = numpy.r_[crash, numpy.full(99, (1 - crash) / 99)][:, None]
    told = float(fortitudo.portfolio_cvar(one, pnl, chances, demean=False))
    worst = min(crash, 0.05)
    seen[crash] = (round(told, 3), round((worst * 0.4 + (0.05 - worst) * 0.01) / 0.05, 3))
    print(f"{name}: crash of 40 % with {crash:.0%}: CVaR {told:.1%}, by hand {seen[crash][1]:.1%}")
books = {
    "-5 % each": numpy.full((100, 1), -0.05),
    "-7.0 to -2.5 %": numpy.linspace(-0.07, -0.025, 100)[:, None],
    "2.5 to 7.0 %": numpy.linspace(0.025, 0.07, 100)[:, None],
}
risks = {}
for book, rows in books.items():
    as_it_comes, as_given = (float(fortitudo.portfolio_var(one, rows, **options)) for options in ({}, {"demean": False}))
    risks[book] = (round(as_it_comes, 3) + 0.0, round(as_given, 3))
    print(f"{name}: book of {book}: VaR {risks[book][0]:.1%}, with demean=False {risks[book][1]:.1%}")
assert seen[0.01] == (0.088, 0.088) and seen[0.04] == (0.322, 0.322)
assert seen[0.06] == (-7.6, 0.4) and seen[0.1] == (-7.6, 0.4), "a likely scenario counts as it should now"
assert risks == {"-5 % each": (0.0, 0.05), "-7.0 to -2.5 %": (0.02, 0.068), "2.5 to 7.0 %": (0.02, -0.027)}
PYTHON

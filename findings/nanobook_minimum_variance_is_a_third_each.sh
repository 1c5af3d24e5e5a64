#!/usr/bin/env bash
# nanobook 0.19.2: the minimum variance portfolio of daily returns is a third of each market, although one is four times as wild as another.
#
# Guessed: of markets that do not move together each has a weight by one over its variance, whether returns are fractions or percent.
# Seen: with deviations of 1 %, 0.5 % and 2 % the weights of fractions are 33, 34 and 33 %; of the same returns in percent 17, 78 and 5, where
# one over the variance is 19, 76 and 5; in hundredths of a percent exactly a third each. A portfolio of thirds has 1.7 times the deviation of the
# best one, and nothing tells that the search did not get there. `optimize_risk_parity` beside it does not depend on the unit.
# What follows: who takes it to lower the risk of daily returns holds an equal split; give it percent, and compare the deviation with another split's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: nanobook==0.19.2
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import random
from importlib.metadata import version
from statistics import stdev

import nanobook

source = random.Random(1)
deviations = (0.01, 0.005, 0.02)
rows = [[source.gauss(0, deviation) for deviation in deviations] for _ in range(500)]


def weighed(weights):
    return stdev(sum(weight * value for weight, value in zip(weights, row)) for row in rows)


inverse = [1 / deviation**2 for deviation in deviations]
known = [each / sum(inverse) for each in inverse]
seen = {}
for unit, times in (("fractions", 1), ("percent", 100), ("hundredths of a percent", 10_000)):
    matrix = [[times * value for value in row] for row in rows]
    weights = nanobook.optimize_min_variance(matrix, ["a", "b", "c"])
    seen[unit] = [weights[name] for name in ("a", "b", "c")]
    parity = nanobook.optimize_risk_parity(matrix, ["a", "b", "c"])
    told = ", ".join(f"{weight:.1%}" for weight in seen[unit])
    times_best = weighed(seen[unit]) / weighed(known)
    print(f"nanobook {version('nanobook')}: {unit}: {told}: {times_best:.2f} times the best deviation; risk parity has {parity['b']:.1%} of b")
print("one over the variance: " + ", ".join(f"{weight:.1%}" for weight in known))
assert all(abs(weight - 1 / 3) < 0.01 for weight in seen["fractions"]), "weights of fractions are other ones now"
assert weighed(seen["fractions"]) > 1.5 * weighed(known)
assert weighed(seen["percent"]) < 1.02 * weighed(known)
assert all(abs(weight - 1 / 3) < 1e-6 for weight in seen["hundredths of a percent"])
PYTHON

#!/usr/bin/env bash
# statsmodels 0.15.0: on returns of pure chance, predict() of a MarkovRegression correlates by 0.9 with what it predicts.
#
# Guessed: predict() and `fittedvalues` at a row rest on the rows before it, as those of its other models of time series do.
# Seen: the regimes' means are weighed by smoothed probabilities, which know the row itself and all after it: on 400 normal numbers
# the correlation is 0.91, and with the same parameters five rows change with what comes after them. Forecasting is told of as the
# other use of predict(), and raises NotImplementedError. `probabilities="predicted"` correlates by 0.12, and no row of it changes.
# What follows: a label or a signal made from predict() or `fittedvalues` has seen the return that it is tested on; name the
# probabilities, and fit on earlier rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
from statsmodels.tsa.api import MarkovRegression

chance = numpy.random.default_rng(1).normal(size=400)
fitted = MarkovRegression(chance, k_regimes=2).fit(disp=False)
later = numpy.where(numpy.arange(400) < 200, chance, chance + 3)
seen = {}
for name, settings in {"predict()": {}, 'probabilities="predicted"': {"probabilities": "predicted"}}.items():
    predicted, other = (MarkovRegression(each, k_regimes=2).predict(fitted.params, **settings) for each in (chance, later))
    changed = int((~numpy.isclose(predicted[:200], other[:200], atol=1e-6)).sum())
    seen[name] = (round(float(numpy.corrcoef(predicted, chance)[0, 1]), 2), changed)
    print(f"statsmodels {version('statsmodels')}, {name}: correlation {seen[name][0]}, rows that know what comes later {changed}")
assert numpy.allclose(fitted.fittedvalues, fitted.predict())
assert seen["predict()"][0] > 0.7 and seen["predict()"][1] > 0
assert abs(seen['probabilities="predicted"'][0]) < 0.2 and seen['probabilities="predicted"'][1] == 0
PYTHON

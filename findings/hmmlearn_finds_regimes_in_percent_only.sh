#!/usr/bin/env bash
# hmmlearn 0.3.3: GaussianHMM finds a calm and a wild regime in hourly returns in percent, and none in the same as fractions.
#
# Guessed: maximum likelihood does not depend on the unit: variances of returns divided by 100 are divided by 10,000.
# Seen: 1,000 returns whose deviation is 0.1 % and 0.4 % by turns of 250. In percent the states are of 0.101 % and 0.384 %, and
# change three times, near where the returns do. As fractions one state takes every return, its deviation of 0.42 % is above
# that of the wild one, the other state's is over 1000 %, and the fit says that it has converged. Two defaults are variances:
# `covars_prior`, 0.01, and `min_covar`, 0.001, those of returns of 10 % and 3 %. With both far smaller the regimes are found.
# What follows: divide returns by their deviation, or give them in percent, before a fit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hmmlearn==0.3.3 scikit-learn==1.9.1 numpy==2.2.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
from hmmlearn.hmm import GaussianHMM

is_wild = numpy.repeat([False, True, False, True], 250)
returns = numpy.random.default_rng(1).normal(0, 1, 1_000) * numpy.where(is_wild, 0.004, 0.001)
seen = {}
for name, scale, settings in (
    ("percent", 100.0, {}),
    ("fractions", 1.0, {}),
    ("fractions, smaller defaults", 1.0, {"covars_prior": 1e-6, "min_covar": 1e-9}),
):
    column = (returns * scale)[:, None]
    model = GaussianHMM(2, n_iter=500, random_state=0, **settings).fit(column)
    states = model.predict(column)
    right = max((states == is_wild).mean(), (states != is_wild).mean())
    percent = sorted(float(deviation) for deviation in numpy.sqrt(model.covars_.ravel()) / scale * 100)
    changes = int((numpy.diff(states) != 0).sum())
    seen[name] = (changes, round(float(right), 2), percent, model.monitor_.converged)
    print(
        f"hmmlearn {version('hmmlearn')}: {name}: deviations {percent[0]:.3f} % and {percent[1]:.4g} %, {changes} changes, "
        f"{right:.1%} of the hours right, converged: {model.monitor_.converged}"
    )
for name in ("percent", "fractions, smaller defaults"):
    assert seen[name][0] == 3 and seen[name][1] > 0.98
changes, right, percent, converged = seen["fractions"]
assert changes == 0 and right == 0.5, "regimes are found in fractions now"
assert percent[0] > 0.4 and percent[1] > 100 and converged
PYTHON

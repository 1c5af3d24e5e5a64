#!/usr/bin/env bash
# contextualbandits 0.3.30: the more rounds LinTS has seen, the further apart it draws, and the less it prefers the best arm.
#
# Guessed: Thompson sampling draws coefficients from a posterior that narrows, so after 30,000 rounds the arm that always earns
# 1 is chosen beside two that earn nothing, as LinUCB chooses it.
# Seen: the draws spread by 10 after 100 rounds an arm and by 100 after 10,000, so each arm is chosen in a third of the rounds:
# as wide as if the matrix that grows with the data were taken for its inverse. `sample_from="ci"`, which is not the default,
# narrows, and its choice is right.
# What follows: a policy learner beats LinTS as it stands by being no worse than chance; compare with `sample_from="ci"`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check contextualbandits==0.3.30 numpy==2.4.6 \
    pandas==3.0.3 scipy==1.17.1 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
from contextualbandits.online import LinTS, LinUCB

seen = {}
for rounds in (300, 30_000):
    source = numpy.random.default_rng(0)
    context = source.normal(size=(rounds, 3))
    arms = source.integers(0, 3, rounds)
    for name, learner in {
        "LinTS": LinTS(3, random_state=1),
        'LinTS, sample_from="ci"': LinTS(3, random_state=1, sample_from="ci"),
        "LinUCB": LinUCB(3, random_state=1),
    }.items():
        learner.fit(context, arms, (arms == 2).astype(float))
        right = float((learner.predict(context[:300]) == 2).mean())
        spread = float(learner.decision_function(context[:300]).std(axis=0).mean())
        seen[name, rounds] = (right, spread)
        print(
            f"contextualbandits {version('contextualbandits')}: {name} after {rounds} rounds: "
            f"the best arm is chosen in {right:.0%}, scores of an arm spread by {spread:.3g}"
        )
assert seen["LinTS", 300][0] < 0.5 and seen["LinTS", 30_000][0] < 0.5, "LinTS prefers the best arm now"
assert seen["LinTS", 30_000][1] > 5 * seen["LinTS", 300][1] > 50, "what LinTS draws narrows now"
for name in ('LinTS, sample_from="ci"', "LinUCB"):
    assert min(seen[name, 300][0], seen[name, 30_000][0]) > 0.99
    assert seen[name, 30_000][1] < seen[name, 300][1]
PYTHON

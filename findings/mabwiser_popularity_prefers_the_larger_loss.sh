#!/usr/bin/env bash
# mabwiser 2.7.4: with losses as rewards, LearningPolicy.Popularity() picks the arm that loses more.
#
# Guessed: an arm with a higher mean reward is picked more often, or negative rewards are refused.
# Seen: means are divided by their sum, so that two negative ones turn positive and change their order: an arm with a
# mean of -3 is picked in three rounds of four, one with -1 in the fourth. With 3 and 1 it is the right way round.
# What follows: a policy learner that is compared on pnl must be given rewards that are not negative.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mabwiser==2.7.4 numpy==2.2.6 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from collections import Counter

from mabwiser.mab import MAB, LearningPolicy


def picks(small, large):
    bandit = MAB(["smaller", "larger"], LearningPolicy.Popularity(), seed=1)
    bandit.fit(["smaller"] * 10 + ["larger"] * 10, [small] * 10 + [large] * 10)
    return Counter(bandit.predict() for _ in range(1_000))


gains, losses = picks(1.0, 3.0), picks(-1.0, -3.0)
print(f"mabwiser 2.7.4: gains of 1 and 3: the larger gain is picked {gains['larger']} times in 1000")
print(f"mabwiser 2.7.4: losses of 1 and 3: the larger loss is picked {losses['larger']} times in 1000")
assert gains["larger"] > 500
assert losses["larger"] > 500, "the smaller loss is preferred now"
PYTHON

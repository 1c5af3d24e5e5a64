#!/usr/bin/env bash
# mabwiser 2.7.4: UCB1 never tries an arm of which it has seen nothing, while another one earns.
#
# Guessed: as UCB1 is defined, each arm is tried before any is judged (its bound is infinite until then).
# Seen: the untried arm stands at 0, so it is not tried in 1,000 rounds beside arms that earn 0.1 or 0.2, although it
# would earn 1. A reward for an arm that was never named is taken without a word, too.
# What follows: to compare with it, feed one reward an arm first; otherwise the comparison is won too easily.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mabwiser==2.7.4 numpy==2.2.6 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from mabwiser.mab import MAB, LearningPolicy

pays = {"CONSERVATIVE": 0.1, "BALANCED": 0.2, "AGGRESSIVE": 1.0}
bandit = MAB(list(pays), LearningPolicy.UCB1(alpha=1.0), seed=1)
bandit.fit(["CONSERVATIVE", "BALANCED"], [0.1, 0.2])
tried = []
for _ in range(1_000):
    arm = bandit.predict()
    tried.append(arm)
    bandit.partial_fit([arm], [pays[arm]])
print(f"mabwiser 2.7.4: in 1000 rounds the best arm was tried {tried.count('AGGRESSIVE')} times")
print(f"mabwiser 2.7.4: its expectation: {bandit.predict_expectations()['AGGRESSIVE']}")
bandit.partial_fit(["REVERSED"], [5.0])
print(f"mabwiser 2.7.4: after a reward for an arm that does not exist: {sorted(bandit.predict_expectations())}")
assert tried.count("AGGRESSIVE") == 0, "an untried arm is tried now"
assert "REVERSED" not in bandit.predict_expectations()
PYTHON

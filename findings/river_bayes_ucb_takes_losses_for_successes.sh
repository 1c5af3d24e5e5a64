#!/usr/bin/env bash
# river 0.26.1: BayesUCB stays for good with the first arm that it draws, although that arm loses and another one earns.
#
# Guessed: an arm that always loses 1 is left for one that always earns 1, or rewards that are neither 0 nor 1 are refused.
# Seen: its posterior counts each reward that is not 0 as a success, a loss like a gain: all 3,000 rounds go to the losing arm, and
# to the least one of three that earn 1, 2 and 3. With rewards of 0 and 1 it finds the better arm. `reward_obj` changes nothing.
# What follows: give it 1 for a trade that won and 0 for any other; a comparison on pnl is otherwise one with a constant arm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import random
from importlib.metadata import version

from river import bandit, stats


def rounds(earned, **settings):
    """How many of 3,000 rounds each arm is pulled, the one that is drawn first before the others."""
    policy = bandit.BayesUCB(seed=1, **settings)
    arms = list(range(len(earned)))
    pulled, source = [], random.Random(3)
    for _ in range(3_000):
        arm = policy.pull(arms)
        if not pulled:
            first = arm
        pulled.append(arm)
        # The one that is drawn first is the worst of them.
        policy.update(arm, earned[(arm - first) % len(arms)](source))
    return [pulled.count((first + place) % len(arms)) for place in arms]


seen = {
    "loses 1, earns 1": rounds([lambda _: -1.0, lambda _: 1.0]),
    "loses 1, earns 1, by their mean": rounds([lambda _: -1.0, lambda _: 1.0], reward_obj=stats.Mean()),
    "earns 1, 2, 3": rounds([lambda _: 1.0, lambda _: 2.0, lambda _: 3.0]),
    "wins 30 %, 70 %": rounds([lambda source: source.random() < 0.3, lambda source: source.random() < 0.7]),
}
for name, pulls in seen.items():
    print(f"river {version('river')}, {name}: {pulls}")
assert seen["loses 1, earns 1"] == seen["loses 1, earns 1, by their mean"] == [3_000, 0]
assert seen["earns 1, 2, 3"] == [3_000, 0, 0] and seen["wins 30 %, 70 %"][1] > 2_500
PYTHON

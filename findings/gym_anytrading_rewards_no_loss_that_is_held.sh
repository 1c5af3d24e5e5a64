#!/usr/bin/env bash
# gym-anytrading 2.0.0: a loss that is never closed is rewarded with 0, so of five best agents one keeps 99 % and one 69 %.
#
# Guessed: rewards of an episode add up to what was earned, or at least order agents as `total_profit` does.
# Seen: a position is rewarded when it is closed, by the change of its price, without its fee; one that is open at the end is
# rewarded with nothing, while `total_profit` counts both. Of all 128 ways to act on ten closes, the last of which fall
# from 101 to 70, five have the highest reward; they end with 0.99 to 0.69 of the money. To buy and hold until 0.68 is
# left has the reward of not trading at all, which ends richest.
# What follows: an agent that is trained there learns to hold its losses; compare agents by profit, or take the change of
# equity as reward.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gym-anytrading==2.0.0 gymnasium==1.3.0 \
    pandas==3.0.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import itertools
from importlib.metadata import version

import pandas
from gym_anytrading.envs import StocksEnv

prices = pandas.DataFrame({"Close": [100.0, 100.0, 100.0, 101.0, 100.0, 101.0, 100.0, 90.0, 80.0, 70.0]})


def ended(actions):
    environment = StocksEnv(df=prices, window_size=2, frame_bound=(2, 10))
    environment.reset()
    rewards = []
    for action in actions:
        _, reward, _, is_over, told = environment.step(action)
        rewards.append(float(reward))
    assert is_over
    return round(sum(rewards), 6), round(float(told["total_profit"]), 4)


seen = {actions: ended(actions) for actions in itertools.product((0, 1), repeat=7)}
highest = max(reward for reward, _ in seen.values())
best = sorted(profit for reward, profit in seen.values() if reward == highest)
never, held = seen[(0,) * 7], seen[(1,) * 7]
name = f"gym-anytrading {version('gym-anytrading')}"
print(f"{name}: the highest reward, {highest:g}, is had by {len(best)} ways; they end with {best[0]} to {best[-1]} of the money")
print(f"{name}: no trade: reward {never[0]:g}, {never[1]} of the money; buy and hold: reward {held[0]:g}, {held[1]}")
assert highest == 1.0 and len(best) == 5 and best[0] < 0.69 and best[-1] > 0.99, "losses that are held are rewarded as losses now"
assert never == (0.0, 1.0) and held[0] == 0.0 and held[1] < 0.69
assert max(profit for _, profit in seen.values()) == 1.0
PYTHON

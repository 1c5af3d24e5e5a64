#!/usr/bin/env bash
# gym-trading-env 0.3.5: observations that a program keeps are rewritten by the next episode, and a seed does not choose the episode.
#
# Guessed: an observation is the program's once it was returned; `reset(seed=1)` begins at the same row each time.
# Seen: an observation is a view of the environment's own table, into which the next episode writes the positions it takes: of six
# observations that were kept while no position was held, five say "long" once an agent has been long in the next episode. Five
# resets with one seed begin at five rows, for the rows are drawn from numpy's global source.
# What follows: copy what is kept (a replay buffer that copies is safe, a list of observations is not), and seed numpy's global
# source.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gym-trading-env==0.3.5 gymnasium==1.4.0 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy
import pandas
from gym_trading_env.environments import TradingEnv

prices = pandas.DataFrame(
    {name: numpy.linspace(100, 110, 500) for name in ("open", "high", "low", "close")},
    pandas.date_range("2024-01-01", periods=500, freq="h"),
)
prices["volume"] = 1.0
prices["feature_steady"] = 0.5
FLAT, LONG = 0, 1


def played(environment, action):
    observation, _ = environment.reset(seed=1)
    return [observation, *(environment.step(action)[0] for _ in range(5))]


environment = TradingEnv(df=prices, positions=[0, 1], initial_position=0, verbose=0)
kept = played(environment, FLAT)
as_returned = [observation.copy() for observation in kept]
played(environment, LONG)
rewritten = [int((before != after).any()) for before, after in zip(as_returned, kept)]
drawn = TradingEnv(df=prices, positions=[0, 1], max_episode_duration=50, verbose=0)
numpy.random.seed(5)
starts = [int(drawn.reset(seed=1)[1]["idx"]) for _ in range(5)]
print(f"gym-trading-env {version('gym-trading-env')}: rewritten {rewritten}: {as_returned[2].tolist()} is {kept[2].tolist()}")
print(f"five resets with one seed begin at rows {starts}")
assert rewritten == [0, 1, 1, 1, 1, 1] and as_returned[2].tolist() == [0.5, 0.0, 0.0] and kept[2].tolist() == [0.5, 1.0, 1.0]
assert len(set(starts)) == 5
PYTHON

#!/usr/bin/env bash
# gymnasium 1.4.0: without autoreset, RecordEpisodeStatistics of a vector forgets the episodes that are not reset.
#
# Guessed: `reset(options={"reset_mask": done})` begins the statistics of those environments anew and lets the others go on.
# Seen: two environments with episodes of 3 and of 5 steps, each reset when it is done, are recorded as episodes of 1, 2 and 3 steps,
# and none of 5. The vector takes `reset_mask` out of the caller's dict before the wrapper looks for it, which then begins all anew; a
# dict that is used twice would reset every environment the second time. With SAME_STEP the same episodes are recorded right.
# What follows: under DISABLED, put `RecordEpisodeStatistics` around each environment, and make the options anew for each reset.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gymnasium==1.4.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import gymnasium
import numpy
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics


class Lasting(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 5, (1,), numpy.float64)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, steps):
        self.steps = steps

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.step_number = 0
        return numpy.zeros(1), {}

    def step(self, action):
        self.step_number += 1
        return numpy.full(1, float(self.step_number)), 1.0, self.step_number == self.steps, False, {}


seen = {}
for mode in (AutoresetMode.DISABLED, AutoresetMode.SAME_STEP):
    vector = SyncVectorEnv([lambda: Lasting(3), lambda: Lasting(5)], autoreset_mode=mode)
    recorded = RecordEpisodeStatistics(vector)
    recorded.reset(seed=0)
    for _ in range(30):
        _, _, terminated, _, _ = recorded.step(numpy.zeros(2, int))
        if mode is AutoresetMode.DISABLED and terminated.any():
            options = {"reset_mask": terminated}
            recorded.reset(options=options)
    seen[mode.name] = sorted({int(length) for length in recorded.length_queue})
    print(f"gymnasium {gymnasium.__version__}, {mode.name}: episodes of {seen[mode.name]} steps")
assert options == {}, "the vector leaves the caller's options as they were"
assert seen == {"DISABLED": [1, 2, 3], "SAME_STEP": [3, 5]}
PYTHON

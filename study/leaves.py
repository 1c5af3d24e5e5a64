"""How often CONSERVATIVE is left where nothing is to be gained, by each estimator.

Worlds: all means are 0 and all spreads 1; 4,000 observations, regimes follow a Markov chain that stays with probability
0.98, policies are drawn at random; with a crash policy, AGGRESSIVE is that of `noise.py`. Every tenth observation (when
short, every fortieth) each estimator is asked about the current regime at the default threshold; the figure is the
share of these queries in which another policy than CONSERVATIVE is recommended. A tenth of the worlds is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.learners import KNOWN_LIMITS, LEARNERS, follows
from study.noise import crashing, normal
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES, REGIMES, regime_paths, share

OBSERVATIONS = 4_000
_EVERY, _EVERY_WHEN_SHORT = 10, 40
_CASES: Mapping[str, tuple[Callable[[np.random.Generator, int, int], Floats], float]] = {
    "noise": (normal, 0.01),
    "noise with a crash policy": (crashing, 0.02),
}


def rows(options: Options) -> list[Row]:
    """Measure noise, and noise with a crash policy."""
    return [row for name in _CASES for row in _rows(options, name)]


def _rows(options: Options, name: str) -> list[Row]:
    noise, bound = _CASES[name]
    generator, worlds = options.generator(f"leaves {name}"), options.share_of_worlds(10)
    regimes = regime_paths(generator, worlds, OBSERVATIONS)
    policies = generator.integers(0, POLICIES, regimes.shape)
    pnl = np.take_along_axis(noise(generator, worlds, OBSERVATIONS), policies[..., None], axis=-1)[..., 0]
    every, settings, found = (_EVERY_WHEN_SHORT if options.short else _EVERY), EvidenceSettings(), []
    for learner, make in LEARNERS.items():
        memory, leaves = make(worlds, REGIMES, settings), []
        for step in range(OBSERVATIONS):
            memory.observe(regimes[:, step], policies[:, step], pnl[:, step])
            if step % every == every - 1:
                leaves.append(follows(memory, regimes[:, step], settings) != 0)
        measured, error = share(np.stack(leaves, axis=1))
        found.append(
            Row(
                f"leaves CONSERVATIVE, {name}",
                measured,
                at_most(bound),
                error,
                limit=KNOWN_LIMITS[learner],
                learner=learner,
            )
        )
    return found

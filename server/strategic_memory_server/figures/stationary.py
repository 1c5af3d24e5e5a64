"""Share of the observations that each regime has in the long run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.figures.transitions import Transitions


def stationary_distribution(found: Transitions) -> tuple[float, ...] | None:
    """Distribution p with p P = p for the smoothed probabilities P, in the order of the regimes; it adds up to 1.

    None where the transitions that were seen do not lead from every regime to every other one (the chain is reducible):
    smoothing would connect them, but how often it does would be the prior's word alone. By the elimination of W. K.
    Grassmann, M. I. Taksar and D. P. Heyman (1985), "Regenerative analysis and steady state distributions for Markov
    chains", Operations Research 33, which subtracts nothing and so loses no digits.
    """
    seen = np.array(found.counts, dtype=np.int64) > 0
    if not found.regimes or not (_reaches_all(seen) and _reaches_all(seen.T)):
        return None
    matrix = np.array(found.probabilities, dtype=np.float64)
    for last in range(len(matrix) - 1, 0, -1):
        matrix[:last, last] /= matrix[last, :last].sum()
        matrix[:last, :last] += np.outer(matrix[:last, last], matrix[last, :last])
    weights = np.ones(len(matrix))
    for place in range(1, len(matrix)):
        weights[place] = (weights[:place] * matrix[:place, place]).sum()
    return tuple((weights / weights.sum()).tolist())


def _reaches_all(seen: NDArray[np.bool_]) -> bool:
    """Whether steps that were seen lead from the first regime to all."""
    reached = np.zeros(len(seen), dtype=np.bool_)
    newest = reached.copy()
    newest[0] = True
    while newest.any():
        reached |= newest
        newest = seen[newest].any(axis=0) & ~reached
    return bool(reached.all())

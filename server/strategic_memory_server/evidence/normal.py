"""The standard normal distribution."""

from __future__ import annotations

import math

import numpy as np

from strategic_memory_server.evidence.cells import Floats

_erfc = np.frompyfunc(math.erfc, 1, 1)
_ROOT_HALF = math.sqrt(0.5)


def cumulative(values: Floats) -> Floats:
    """Probability of a standard normal value below each; erfc(-x / sqrt 2) / 2, exact in both tails."""
    doubled: Floats = np.asarray(_erfc(values * -_ROOT_HALF), dtype=np.float64)
    return 0.5 * doubled
